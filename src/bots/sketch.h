/* sketch.h -- what a decoding bot has of the world, in few bytes: who is where, and whose name it
 * lacks.
 *
 * It keeps the rules of common/replica (owners of entities, left and entered across cells, full
 * blocks, orphans) and is held to the same model by its test, but it needs 16 bytes for a figure in
 * place of two or three cache lines: a process plays hundreds of receivers, each with thousands of
 * figures in view. Blocks come as the book has decoded them; keys, parts and figures are the book's
 * numbers. Whether a block may be applied at all (the have rule) the receiver has judged before.
 * One thread. */
#ifndef OPENMMO_BOTS_SKETCH_H
#define OPENMMO_BOTS_SKETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "bots/book.h"
#include "common/protocol.h"

#define SKETCH_FIGURES_MAX 65536 /* at once; more is BAD */

struct sketch;

/* A figure was told of with a place: it came (its mark is 0, or what it was when it was seen last),
 * or it moved. *mark is the owner's of the sketch; 0 at first. */
typedef void sketch_seen_fn(void *context, uint32_t figure, uint64_t place, uint32_t *mark);
typedef void sketch_visit_fn(void *context, uint32_t figure, uint64_t place, uint32_t mark);

/* book: borrowed. NULL when out of memory. */
struct sketch *sketch_new(struct book *book, sketch_seen_fn *seen, void *context);
void sketch_free(struct sketch *sketch); /* NULL is fine */

/* Apply a block that is neither old news nor behind a gap, of a key in view. OK or BAD: out of
 * memory, or over the bound; the sketch is then only good for sketch_free. */
enum protocol_result sketch_block(struct sketch *sketch, const struct book_block *block) MUST_CHECK;
/* All blocks of a message are applied: whom a full one did not name, and no other has, is gone. */
void sketch_settle(struct sketch *sketch);
/* A key comes into view, by its number. 0, or -1: out of memory. */
int sketch_gain(struct sketch *sketch, uint32_t key) MUST_CHECK;
void sketch_lose(struct sketch *sketch, uint32_t key); /* what it owns goes */
/* The name of an entity came, as of that version; passed over where it is gone meanwhile. */
void sketch_named(struct sketch *sketch, uint64_t id, uint8_t version);
/* Let go of who left for another cell and was not heard of there. */
void sketch_expire(struct sketch *sketch);
/* Ids whose name is missing or outdated, each at most once a second. Returns how many. */
unsigned sketch_wanted(struct sketch *sketch, struct protocol_who *who);

/* Each figure, orphans too, in no order. */
void sketch_each(const struct sketch *sketch, sketch_visit_fn *visit, void *context);
uint32_t sketch_figures_n(const struct sketch *sketch); /* orphans too */

/* Tests only: where the figure is (*place), and whether a cell owns it. False: it is not known. */
bool sketch_find(const struct sketch *sketch, uint64_t id, uint64_t *place, bool *owned,
                 uint32_t *key, uint8_t *version);

#endif
