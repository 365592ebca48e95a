/* accounts.h -- the names that bots play under, kept between runs.
 *
 * A text file of mode 0600, one account a line: name, password, resume token ("-": none), separated
 * by tabs. Written whole to a new file that then takes the old one's name. One thread. */
#ifndef OPENMMO_BOTS_ACCOUNTS_H
#define OPENMMO_BOTS_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/protocol.h"
#include "common/text.h"

struct account {
    char name[TEXT_NAME_MAX_BYTES + 1];
    char password[TEXT_PASSWORD_MAX_BYTES + 1];
    char token[PROTOCOL_TOKEN_MAX + 1]; /* empty: none */
    char invite[PROTOCOL_CODE_MAX + 1]; /* what it registers with; empty: none */
    bool registered;                    /* the server knows it: log in instead of registering */
};

struct accounts;

/* Read the file, if path is not NULL and it exists, and invent what lacks to players: new accounts
 * are called PREFIX-XXXX-N. NULL + error (which names the line). */
struct accounts *accounts_load(const char *path, const char *prefix, size_t players,
                               struct error *error);
void accounts_free(struct accounts *accounts); /* wipes the secrets; NULL is fine */

/* Move them into memory that processes forked from now on share: each may change those that it
 * plays while another saves (a line that is saved half changed costs a login by password). 0, or -1
 * + error. */
int accounts_share(struct accounts *accounts, struct error *error) MUST_CHECK;

/* The i-th, 0 <= i < players. The pointer holds until accounts_free. */
struct account *accounts_at(struct accounts *accounts, size_t i);
/* All register with that invitation. */
void accounts_invite(struct accounts *accounts, const char *code);
/* Another name and password, for one whose name is another's. */
void accounts_rename(struct accounts *accounts, struct account *account);

/* Write those that are registered. Nothing to do without a path. 0, or -1 + error: the old file is
 * as it was. */
int accounts_save(const struct accounts *accounts, struct error *error) MUST_CHECK;

#endif
