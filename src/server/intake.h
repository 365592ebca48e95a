/* intake.h -- what a tick is told: all that the producers pushed, in the one order that does not
 * depend on how many there are or who was faster (command.h). Owner: the sim thread. */
#ifndef OPENMMO_INTAKE_H
#define OPENMMO_INTAKE_H

#include <stddef.h>
#include <stdint.h>

#include "common/queue.h"
#include "sim/script.h"

struct intake;

/* queues: of struct command, borrowed; the caller is their one consumer. script: copied. NULL: out
 * of memory. */
struct intake *intake_new(struct queue *const *queues, unsigned queues_n,
                          const struct script *script);
/* Gives up what is still queued. NULL is fine. */
void intake_free(struct intake *intake);

/* Commands of one tick at most. */
size_t intake_room(const struct intake *intake);
/* The commands of a tick, sorted: those queued by now, the script's, and first, if credit_substeps
 * is not 0, a CREDIT of so many. *n: how many. Valid until the next call; what they own is
 * sim_step's. */
struct command *intake_take(struct intake *intake, uint32_t tick, uint32_t credit_substeps,
                            size_t *n);

#endif
