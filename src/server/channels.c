/* channels.c -- see channels.h. */
#include "server/channels.h"

#include <stdbool.h>
#include <stdlib.h>

#include "sim/command.h"
#include "sim/sim.h"

#define COMMANDS_PER_PLAYER 4 /* a tick of the intents that the sim takes: more wait unread */
#define QUEUE_SPARE         256

/* What control says of who comes and goes always finds room, however long the simulation takes
 * none of it: of an account that is REST, JOIN by the one who comes back and his LEAVE, and who
 * wants it then waits for an answer. As much again is for operators' teleports. */
int channels_init(struct channels *channels, uint32_t players_max, unsigned io_threads,
                  struct error *error)
{
    size_t lifecycle = 3 * (size_t)players_max + QUEUE_SPARE;
    size_t intents = (size_t)players_max * COMMANDS_PER_PLAYER + QUEUE_SPARE;
    bool whole;

    channels->readers_n = 1 + io_threads;
    channels->commands = calloc(channels->readers_n, sizeof(struct queue *));
    channels->mailboxes = calloc(channels->readers_n, sizeof(*channels->mailboxes));
    channels->events = queue_new(sizeof(struct sim_event), 2 * lifecycle, 0);
    whole = channels->commands && channels->mailboxes && channels->events;
    for (unsigned i = 0; whole && i < channels->readers_n; i++) {
        channels->commands[i] =
            i == 0 ? queue_new(sizeof(struct command), 2 * lifecycle, lifecycle)
                   : queue_new(sizeof(struct command), intents / io_threads + QUEUE_SPARE, 0);
        whole = channels->commands[i] != NULL;
    }
    return whole ? 0 : error_set(error, "out of memory");
}

void channels_fini(struct channels *channels)
{
    struct command command;

    for (unsigned i = 0; i < channels->readers_n; i++) {
        while (channels->commands && channels->commands[i] &&
               queue_pop(channels->commands[i], &command))
            command_drop(&command);
        if (channels->commands)
            queue_free(channels->commands[i]);
        if (channels->mailboxes)
            mailbox_fini(&channels->mailboxes[i]);
    }
    queue_free(channels->events);
    free(channels->commands);
    free(channels->mailboxes);
}
