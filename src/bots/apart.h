/* apart.h -- who plays on and is not measured from now on: by names that another program wrote down
 * while the players came in, as it saw how the server had placed them.
 *
 * A text file, one name a line. One thread; what it says is on the board, for all processes. */
#ifndef OPENMMO_BOTS_APART_H
#define OPENMMO_BOTS_APART_H

#include "bots/accounts.h"
#include "bots/board.h"
#include "common/compiler.h"
#include "common/error.h"

/* Set those of the board's players apart. 0, or -1 + error, which names the line that is nobody's:
 * then some may be apart. */
int apart_read(const char *path, struct accounts *accounts, struct board *board,
               struct error *error) MUST_CHECK;

#endif
