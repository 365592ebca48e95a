/* presence_asked.c -- what operators ask and do: who is here, kicks, bans, mutes. */
#include "accounts/bans.h"
#include "play/presence_inside.h"
#include "play/roll.h"

/* -- asking ------------------------------------------------------------------------------------ */

void presence_each(struct presence *presence, presence_visit_fn *visit, void *context)
{
    roll_each(&presence->people, presence->snapshot, presence->sessions, visit, context);
}

uint32_t presence_n(const struct presence *presence)
{
    return presence->people.present_n;
}

uint32_t presence_guests_n(const struct presence *presence)
{
    return guests_n(&presence->guests);
}

bool presence_has(const struct presence *presence, uint64_t player)
{
    return people_holder(&presence->people, player) != NULL;
}

struct writeback_watermark presence_watermark(const struct presence *presence)
{
    return writeback_watermark(presence->saving.writeback);
}

int presence_kick(struct presence *presence, const char *name, uint64_t session, const char *reason)
{
    struct person *person =
        name ? people_present(&presence->people, name) : people_find(&presence->people, session);

    if (!person || (person->state != PERSON_PRESENT && person->state != PERSON_AWAY))
        return -1;
    person->dismissed = true;
    if (person->state == PERSON_AWAY)
        presence_give_up(presence, person);
    else
        sessions_disconnect(presence->sessions, person->session, PROTOCOL_REASON_KICKED, 0, reason);
    return 0;
}

/* Not from the room that is kept for lifecycle: an operator may move thousands at once. */
int presence_teleport(struct presence *presence, uint64_t session, int32_t x, int32_t z)
{
    struct person *person = people_find(&presence->people, session);

    if (!person || person->state != PERSON_PRESENT)
        return -1;
    const struct command command = {.session = session,
                                    .sequence = ++person->sequence,
                                    .producer = COMMAND_FROM_CONTROL,
                                    .kind = COMMAND_TELEPORT,
                                    .as.teleport = {x, z}};
    return queue_push(presence->config.commands, &command);
}

/* -- bans ------------------------------------------------------------------------------------- */

unsigned presence_end(struct presence *presence, uint64_t player, enum protocol_reason reason,
                      const char *text)
{
    struct person *person, *next;
    unsigned n = 0;

    HASH_ITER(hh, presence->people.persons, person, next)
    {
        if (person->player != player || player == 0 || person->state == PERSON_LEAVING)
            continue;
        n++;
        person->dismissed = true;
        if (person->state == PERSON_AWAY)
            presence_give_up(presence, person);
        else
            sessions_disconnect(presence->sessions, person->session, reason, 0, text);
    }
    return n;
}

void presence_bar(struct presence *presence, uint64_t player)
{
    presence->barred = player;
}

bool presence_gone(const struct presence *presence, uint64_t player)
{
    struct store_position place;

    return people_holder(&presence->people, player) == NULL &&
           !writeback_find(presence->saving.writeback, player, &place);
}

static void on_banned(void *context, const struct ban *ban, const char *text)
{
    struct presence *presence = context;

    if (!presence->sessions)
        return;
    if (ban->target.player != 0)
        presence_end(presence, ban->target.player, PROTOCOL_REASON_BANNED, text);
    else
        sessions_disconnect_from(presence->sessions, &ban->target.network, PROTOCOL_REASON_BANNED,
                                 text);
}

/* One who is on his way in is told with his welcome. */
static void on_muted(void *context, uint64_t player, uint64_t until_ms, const char *text)
{
    struct presence *presence = context;
    struct person *person = people_holder(&presence->people, player);

    if (presence->sessions && person && person->state == PERSON_PRESENT)
        sessions_mute(presence->sessions, person->session, until_ms, text);
}

struct bans_handlers presence_bans_handlers(struct presence *presence)
{
    return (struct bans_handlers){.banned = on_banned, .muted = on_muted, .context = presence};
}
