/* settings.h -- what the client remembers between runs: the last server and name, and the tokens to
 * come back with.
 *
 * Never a password. Tokens lie in the state folder, mode 0600, one line for each server and name.
 * One thread. */
#ifndef OPENMMO_CLIENT_SETTINGS_H
#define OPENMMO_CLIENT_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/protocol.h"
#include "common/text.h"

#define SETTINGS_HOST_MAX   255
#define SETTINGS_SERVER_MAX (SETTINGS_HOST_MAX + 10) /* "[host]:65535" */

struct settings {
    char server[SETTINGS_SERVER_MAX +
                1]; /* as typed: "host", "host:port", "[v6]:port"; may be empty */
    char user[TEXT_NAME_MAX_BYTES + 1]; /* may be empty */
};

/* Read the file; what is missing or unreadable is left empty (a first run has none). */
void settings_load(struct settings *settings);
/* 0, or -1 + error. */
int settings_save(const struct settings *settings, struct error *error) MUST_CHECK;

/* The token kept for that server (as "host:port") and name. 0, or -1 when there is none. */
int settings_token_load(const char *server, const char *user,
                        char token[PROTOCOL_TOKEN_MAX + 1]) MUST_CHECK;
/* Keep it; an empty token forgets the old one. At most SETTINGS_TOKENS_MAX are kept, the newest
 * first. */
#define SETTINGS_TOKENS_MAX 64
/* 0, or -1 + error (also where one of the three holds a tab or a line end). */
int settings_token_save(const char *server, const char *user, const char *token,
                        struct error *error) MUST_CHECK;

/* Split "host", "host:port" or "[v6]:port" (a bare v6 address has no port). host: SETTINGS_HOST_MAX
 * + 1 bytes. port: PROTOCOL_DEFAULT_PORT if none is named. 0, or -1 + error. */
int settings_split_server(const char *server, char *host, uint16_t *port,
                          struct error *error) MUST_CHECK;

/* The other way: "host:port", "[v6]:port". */
void settings_join_server(const char *host, uint16_t port, char server[SETTINGS_SERVER_MAX + 1]);

#endif
