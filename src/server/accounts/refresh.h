/* refresh.h -- staying logged in over HTTP: refresh tokens, each good for one use, and the access
 * tokens that they are changed into.
 *
 *   login --refresh_issue--> refresh + access --refresh_use--> the next refresh + access ...
 *
 * A refresh token is 256 random bits, kept only as a hash. One login begins a family; a use takes
 * the next of the family in the same transaction. One that comes a second time was stolen from
 * somebody: the whole family is revoked, and it is logged. An access token (access.h) lives for
 * TOKEN_ACCESS_S. Whether the player is banned is the caller's question.
 *
 * Answers come on the control thread, perhaps before the call returns. Control thread only. */
#ifndef OPENMMO_ACCOUNTS_REFRESH_H
#define OPENMMO_ACCOUNTS_REFRESH_H

#include <event2/event.h>
#include <stdint.h>

#include "accounts/access.h"
#include "accounts/token.h"
#include "common/compiler.h"
#include "common/error.h"
#include "store/store.h"

#define REFRESH_TOKEN_BYTES 44 /* base64url of 32 bytes, with its NUL */

struct refresh; /* opaque */

struct refresh_config {
    struct event_base *base;
    struct store *store;     /* borrowed; closed before refresh_free */
    const struct keys *keys; /* borrowed */
    struct access *access;   /* borrowed; NULL: nobody's access tokens end early */
    uint32_t lifetime_s;     /* of a refresh token; each use begins it anew */
};

/* Prunes all expired rows, now and once an hour. NULL + error. */
struct refresh *refresh_new(const struct refresh_config *config, struct error *error);
void refresh_free(struct refresh *refresh); /* who waits is not answered; NULL is fine */
/* Of tokens that are made from now on. */
void refresh_set_lifetime(struct refresh *refresh, uint32_t lifetime_s);

enum refresh_outcome {
    REFRESH_DONE,
    REFRESH_REFUSED, /* none of ours, used, expired, revoked: log in again */
    REFRESH_AWAY,    /* the database is away or busy: try again */
};

struct refresh_answer {
    enum refresh_outcome outcome;
    /* DONE, of issue and use: */
    uint64_t player;
    char username[TEXT_NAME_MAX_BYTES + 1];
    enum protocol_role role;
    char token[REFRESH_TOKEN_BYTES]; /* the only copy */
    uint64_t expires_s;              /* of it; Unix time */
    char access[PROTOCOL_TOKEN_MAX + 1];
    uint64_t access_expires_s;
};
/* Valid during the call, then wiped. tag: as asked. */
typedef void refresh_done_fn(void *context, uint64_t tag, const struct refresh_answer *answer);

/* Whom to answer. */
struct refresh_asker {
    refresh_done_fn *done; /* NULL: nobody waits */
    void *context;
    uint64_t tag;
};

/* A login has succeeded: begin a family. username: NUL-terminated, copied. */
void refresh_issue(struct refresh *refresh, uint64_t player, const char *username,
                   enum protocol_role role, const struct refresh_asker *asker);
/* Change a token (any text) into the next and an access token. */
void refresh_use(struct refresh *refresh, const char *token, const struct refresh_asker *asker);
/* Log out: the token's family is revoked, and its access tokens end. DONE also where there was
 * none.
 */
void refresh_end(struct refresh *refresh, const char *token, const struct refresh_asker *asker);
/* The same, by the family. */
void refresh_end_family(struct refresh *refresh, const char *family,
                        const struct refresh_asker *asker);
/* Log a player out everywhere, as after a change of password. */
void refresh_end_all(struct refresh *refresh, uint64_t player, const struct refresh_asker *asker);

#endif
