/* app.h -- the client in a window: what a person does, what the server says, one frame after the
 * other. Main thread. */
#ifndef OPENMMO_CLIENT_APP_H
#define OPENMMO_CLIENT_APP_H

#include "arguments.h"
#include "common/error.h"

/* Runs until the window is closed. The program's exit status: 0; 1 + error; 3 when the validation
 * layers spoke. */
int app_run(const struct arguments *arguments, struct error *error);

#endif
