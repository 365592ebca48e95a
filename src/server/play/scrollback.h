/* scrollback.h -- the last chat lines over a restart: written at the stop, read at the next start,
 * so that who comes back hears what he missed. Control thread, while no sim thread runs. */
#ifndef OPENMMO_PLAY_SCROLLBACK_H
#define OPENMMO_PLAY_SCROLLBACK_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "sim/sim.h"

/* Write the lines that a world holds (0600), in place of what was there. now_ms: Unix time of its
 * tick. -1 + error. */
int scrollback_save(const char *path, struct sim *sim, uint64_t now_ms,
                    struct error *error) MUST_CHECK;
/* Take the lines that were written, none from before oldest_ms, into a fresh world, and remove the
 * file: it holds what people said. Returns how many; -1 + error: there is no whole file, and
 * nothing was taken. No file: 0. */
int scrollback_load(const char *path, struct sim *sim, uint64_t oldest_ms,
                    struct error *error) MUST_CHECK;

/* The same from bytes; they are left alone. -1: malformed, or out of memory. */
int scrollback_parse(const uint8_t *bytes, size_t len_bytes, struct sim *sim,
                     uint64_t oldest_ms) MUST_CHECK;

#endif
