/* presence_inside.h -- what the files of presence share, and nobody else includes.
 *
 *   entrance.c        who comes: login, bans, guests, whose session goes on
 *   presence.c        the way of each into the world and out of it, and the line
 *   presence_asked.c  what operators ask and do
 *
 * Control thread only. */
#ifndef OPENMMO_PLAY_PRESENCE_INSIDE_H
#define OPENMMO_PLAY_PRESENCE_INSIDE_H

#include "play/admission.h"
#include "play/guests.h"
#include "play/people.h"
#include "play/presence.h"
#include "play/returning.h"
#include "play/saving.h"

#define PRESENCE_AWAY_RETRY_MS 5000

struct presence {
    struct presence_config config;
    struct sessions *sessions;
    struct people people;
    struct saving saving;
    struct admission *admission;
    struct guests guests;
    struct returning returning;
    uint64_t began_ms;      /* monotonic */
    bool closed;            /* newcomers wait, whatever room there is */
    uint32_t lines_n;       /* that the server said */
    uint64_t barred;        /* an account that nobody may come by; 0: none */
    presence_word_fn *word; /* NULL: newcomers are told nothing */
    void *word_context;
    struct snapshot *snapshot;
    struct event *flush;
    struct event *line; /* the line moves on; armed while anybody stands in it */
};

/* There may be a place, or somebody new or another first in the line. */
void presence_line_soon(struct presence *presence);
/* An account that is known asks to be let on; ends in a state that waits for somebody, or refused.
 */
void presence_go_on(struct presence *presence, struct person *person);
/* Answer its login so, and forget it. */
void presence_refuse(struct presence *presence, struct person *person, enum protocol_reason reason,
                     uint32_t retry_after_ms);
/* Free it; who waits behind it comes next. */
void presence_forget(struct presence *presence, struct person *person);
/* One who is away is waited for no longer. context: the presence. */
void presence_give_up(void *context, struct person *person);
/* The server was started so lately that those who resume come back from the one before. */
bool presence_just_began(const struct presence *presence);

#endif
