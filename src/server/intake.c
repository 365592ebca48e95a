/* intake.c -- see intake.h. */
#include "intake.h"

#include <stdlib.h>
#include <string.h>

struct intake {
    struct queue *const *queues;
    unsigned queues_n;
    struct script script;
    uint32_t credits; /* sequence of CREDIT commands */
    size_t room;
    struct command *commands, *spare; /* that many each: the sort moves between them */
};

struct intake *intake_new(struct queue *const *queues, unsigned queues_n,
                          const struct script *script)
{
    struct intake *intake = calloc(1, sizeof(*intake));

    if (intake == NULL)
        return NULL;
    intake->queues = queues;
    intake->queues_n = queues_n;
    intake->script = *script;
    intake->room = 1 /* the credit */ + script_room(script);
    for (unsigned i = 0; i < queues_n; i++)
        intake->room += queue_capacity(queues[i]);
    intake->commands = calloc(intake->room, sizeof(*intake->commands));
    intake->spare = calloc(intake->room, sizeof(*intake->spare));
    if (intake->commands == NULL || intake->spare == NULL) {
        intake->queues_n = 0; /* what is queued stays */
        intake_free(intake);
        return NULL;
    }
    return intake;
}

static size_t drain(struct intake *intake, size_t n)
{
    for (unsigned i = 0; i < intake->queues_n; i++) {
        size_t most = queue_capacity(intake->queues[i]);

        /* A producer that goes on pushing while we pop waits for the next tick. */
        while (most-- > 0 && queue_pop(intake->queues[i], &intake->commands[n]))
            n++;
    }
    return n;
}

void intake_free(struct intake *intake)
{
    if (intake == NULL)
        return;
    for (size_t n = drain(intake, 0); n > 0; n--)
        command_drop(&intake->commands[n - 1]);
    free(intake->commands);
    free(intake->spare);
    free(intake);
}

size_t intake_room(const struct intake *intake)
{
    return intake->room;
}

/* Merge sort from commands into spare and back (qsort would allocate). Leaves the sorted ones in
 * commands. */
static void sort(struct intake *intake, size_t n)
{
    for (size_t width = 1; width < n; width *= 2) {
        struct command *from = intake->commands;
        struct command *to = intake->spare;

        for (size_t start = 0; start < n; start += 2 * width) {
            size_t middle = start + width < n ? start + width : n;
            size_t end = start + 2 * width < n ? start + 2 * width : n;
            size_t a = start;
            size_t b = middle;

            for (size_t i = start; i < end; i++) {
                bool left = a < middle && (b == end || command_compare(&from[a], &from[b]) <= 0);

                to[i] = from[left ? a++ : b++];
            }
        }
        intake->commands = to;
        intake->spare = from;
    }
}

struct command *intake_take(struct intake *intake, uint32_t tick, uint32_t credit_substeps,
                            size_t *n)
{
    *n = 0;
    if (credit_substeps > 0) {
        struct command *credit = &intake->commands[(*n)++];

        memset(credit, 0, sizeof(*credit));
        credit->kind = COMMAND_CREDIT;
        credit->sequence = ++intake->credits;
        credit->as.credit.substeps = credit_substeps;
    }
    *n = drain(intake, *n);
    sort(intake, *n);
    /* Their sessions come after all others. */
    *n += script_commands(&intake->script, tick, intake->commands + *n);
    return intake->commands;
}
