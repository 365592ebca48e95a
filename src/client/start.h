/* start.h -- from the command line to a login: server, name, and the secrets from their files. */
#ifndef OPENMMO_CLIENT_START_H
#define OPENMMO_CLIENT_START_H

#include <stdbool.h>

#include "arguments.h"
#include "common/compiler.h"
#include "common/error.h"
#include "net/session.h"
#include "settings.h"

/* Fill in what the command line says. *complete: enough to log in without asking (server, name, and
 * a password or a token; a token kept from last time counts). 0, or -1 + error (a file that cannot
 * be read, a bad address). */
int start_login(const struct arguments *arguments, struct session_login *login, bool *complete,
                struct error *error) MUST_CHECK;

#endif
