/* scrollback.h -- the last chat lines over a restart: kept in a file as they are said, so that a
 * crash loses none of them, and read at the next start, so that who comes back hears what he
 * missed. A thread of its own waits for the disk. Control thread. */
#ifndef OPENMMO_PLAY_SCROLLBACK_H
#define OPENMMO_PLAY_SCROLLBACK_H

#include <event2/event.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "sim/sim.h"

struct scrollback; /* opaque */

/* The file is written anew with the first lines that are taken. NULL + error. */
struct scrollback *scrollback_new(struct event_base *base, const char *path, struct error *error);
/* Write down what is new in it; what could not be written yet comes with a later one. now_ms: Unix
 * time of its tick. Never blocks. */
void scrollback_take(struct scrollback *scrollback, const struct snapshot *snapshot,
                     uint64_t now_ms);
/* An account is erased: what it said so far is left out from now on, and the file written anew as
 * soon as it can be. name: of today, for lines of an earlier run, which are known by it alone.
 * scrollback may be NULL. */
void scrollback_forget(struct scrollback *scrollback, uint64_t player, const char *name);
/* All is written, and nothing more will be. NULL is fine. */
void scrollback_close(struct scrollback *scrollback);
void scrollback_free(struct scrollback *scrollback); /* closes it first; NULL is fine */

/* Write the lines that a world holds (0600), in place of what was there. now_ms: Unix time of its
 * tick. except: a closed one, whose forgotten lines are left out; or NULL. While no sim thread
 * runs. -1 + error. */
int scrollback_save(const char *path, struct sim *sim, uint64_t now_ms,
                    const struct scrollback *except, struct error *error) MUST_CHECK;
/* Take the lines that were written, none from before oldest_ms, into a fresh world. A last
 * line that was cut short is passed over. Returns how many; -1 + error: it is no such file, and
 * nothing was taken. No file: 0. While no sim thread runs. */
int scrollback_load(const char *path, struct sim *sim, uint64_t oldest_ms,
                    struct error *error) MUST_CHECK;

/* The same from bytes; they are left alone. -1: malformed, or out of memory. */
int scrollback_parse(const uint8_t *bytes, size_t len_bytes, struct sim *sim,
                     uint64_t oldest_ms) MUST_CHECK;

#endif
