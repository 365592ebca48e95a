/* picture.h -- the run without a display: log in (or not), wait for the world, draw, write the
 * picture. */
#ifndef OPENMMO_CLIENT_PICTURE_H
#define OPENMMO_CLIENT_PICTURE_H

#include "arguments.h"
#include "common/error.h"

/* The program's exit status: 0; 1 + error; 3 when the validation layers spoke. */
int picture_run(const struct arguments *arguments, struct error *error);

#endif
