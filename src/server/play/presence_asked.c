/* presence_asked.c -- what operators ask and do: who is here, kicks, bans, mutes. */
#include <stdio.h>
#include <string.h>
#include <utlist.h>

#include "accounts/bans.h"
#include "accounts/policy.h"
#include "common/blob.h"
#include "common/clock.h"
#include "play/presence_inside.h"
#include "play/roll.h"
#include "store/timestamp.h"

/* -- asking ------------------------------------------------------------------------------------ */

void presence_each(struct presence *presence, presence_visit_fn *visit, void *context)
{
    roll_each(&presence->people, presence->snapshot, presence->sessions, visit, context);
}

int presence_row(const struct presence *presence, uint64_t session, struct presence_row *row)
{
    return roll_one(&presence->people, presence->snapshot, presence->sessions, session, row);
}

struct snapshot *presence_world(const struct presence *presence)
{
    return presence->snapshot;
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
static int teleport(struct presence *presence, struct person *person, int32_t x, int32_t z)
{
    const struct command command = {.session = person->session,
                                    .sequence = ++person->sequence,
                                    .producer = COMMAND_FROM_CONTROL,
                                    .kind = COMMAND_TELEPORT,
                                    .as.teleport = {x, z}};

    return queue_push(presence->config.commands, &command);
}

int presence_teleport(struct presence *presence, uint64_t session, int32_t x, int32_t z)
{
    struct person *person = people_find(&presence->people, session);

    if (!person || person->state != PERSON_PRESENT)
        return -1;
    return teleport(presence, person, x, z);
}

/* -- places ------------------------------------------------------------------------------------ */

static bool stands(const struct person *person)
{
    return person && (person->state == PERSON_PRESENT || person->state == PERSON_AWAY);
}

bool presence_stands(const struct presence *presence, uint64_t player)
{
    return stands(people_holder(&presence->people, player));
}

enum presence_place presence_place(const struct presence *presence, uint64_t player,
                                   struct store_position *place)
{
    const struct person *person = people_holder(&presence->people, player);
    const struct snapshot_entity *entity = stands(person) && presence->snapshot
                                               ? snapshot_entity(presence->snapshot, person->entity)
                                               : NULL;

    if (!entity)
        return writeback_find(presence->saving.writeback, player, place) ? PRESENCE_SAVING
                                                                         : PRESENCE_UNKNOWN;
    *place = (struct store_position){.player_id = player,
                                     .x_m = saving_metres(entity->state.pos.x),
                                     .y_m = saving_metres(entity->state.pos.y),
                                     .z_m = saving_metres(entity->state.pos.z),
                                     .yaw = entity->state.yaw,
                                     .epoch = presence->config.epoch,
                                     .tick = snapshot_tick(presence->snapshot),
                                     .saved_ms = timestamp_now_ms()};
    return PRESENCE_LIVE;
}

/* Of somebody who is not here: newer than what was saved of him, older than what will be. */
static enum presence_put put_down(struct presence *presence, const struct store_position *where)
{
    struct store_position row = *where, pending;

    row.epoch = presence->config.epoch;
    row.tick = presence->snapshot ? snapshot_tick(presence->snapshot) : 0;
    row.saved_ms = timestamp_now_ms();
    if (writeback_find(presence->saving.writeback, row.player_id, &pending)) {
        row.yaw = pending.yaw;
        if (pending.epoch == row.epoch && pending.tick > row.tick) /* he left in this very tick */
            row.tick = pending.tick;
    }
    if (writeback_put(presence->saving.writeback, &row) < 0)
        return PRESENCE_PUT_LATER;
    saving_commit(&presence->saving);
    return PRESENCE_PUT_DONE;
}

static bool in_world(const struct presence *presence, double value_m, int32_t *units)
{
    double half_m = presence->config.size_m / 2.0;

    return saving_units(value_m, units) &&
           (half_m <= 0 || (value_m >= -half_m && value_m <= half_m));
}

enum presence_put presence_put(struct presence *presence, uint64_t player, double x_m, double y_m,
                               double z_m)
{
    struct store_position where = {.player_id = player, .x_m = x_m, .y_m = y_m, .z_m = z_m};
    struct person *person = people_holder(&presence->people, player);
    int32_t x, y, z;

    if (!in_world(presence, x_m, &x) || !saving_units(y_m, &y) || !in_world(presence, z_m, &z))
        return PRESENCE_PUT_NOWHERE;
    if (player == presence->barred)
        return PRESENCE_PUT_LATER;
    if (!person)
        return put_down(presence, &where);
    if (!stands(person) || teleport(presence, person, x, z) < 0)
        return PRESENCE_PUT_LATER;
    return PRESENCE_PUT_DONE;
}

/* -- accounts ---------------------------------------------------------------------------------- */

static void tell(struct presence *presence, const struct person *person, const char *text)
{
    if (presence->sessions && person->state == PERSON_PRESENT)
        sessions_notice(presence->sessions, person->session, text);
}

void presence_role(struct presence *presence, uint64_t player, enum protocol_role role)
{
    char text[64];

    snprintf(text, sizeof(text), "Your role is now: %s.", protocol_role_name(role));
    /* Who holds the account, and who waits behind him. */
    for (struct person *person = people_holder(&presence->people, player); person;
         person = person->waiting) {
        person->role = role;
        if (person->welcome)
            person->welcome->role = role; /* it was not given yet */
        if (person->state == PERSON_IN_LINE && role != PROTOCOL_ROLE_PLAYER) {
            admission_promote(presence->admission, person->session);
            presence_line_soon(presence);
        }
        tell(presence, person, text);
    }
}

static void take_name(struct person *person, const char *name)
{
    snprintf(person->name, sizeof(person->name), "%s", name);
    if (person->welcome)
        memcpy(person->welcome->username, person->name, sizeof(person->name));
}

void presence_renamed(struct presence *presence, uint64_t player, const char *name)
{
    struct person *person = people_holder(&presence->people, player);
    struct command rename = {.kind = COMMAND_RENAME, .producer = COMMAND_FROM_CONTROL};
    char text[ERROR_TEXT_MAX];
    uint64_t guest;

    if (!person || !presence->sessions)
        return;
    rename.session = person->session;
    guest = guests_session(&presence->guests, name);
    if (guest != 0)
        sessions_disconnect(presence->sessions, guest, PROTOCOL_REASON_NAME_TAKEN, 0, NULL);
    take_name(person, name);
    if (person->waiting)
        take_name(person->waiting, name);
    if (person->state != PERSON_JOINING && !stands(person))
        return; /* it joins under the new name */
    rename.as.rename.name = blob_new(name, strlen(name));
    rename.sequence = ++person->sequence;
    if (rename.as.rename.name == NULL || queue_push(presence->config.commands, &rename) < 0) {
        command_drop(&rename);
        return; /* he is seen under the old one until he comes again */
    }
    snprintf(text, sizeof(text), "Your name is now: %s.", name);
    tell(presence, person, text);
}

/* -- chat -------------------------------------------------------------------------------------- */

int presence_say(struct presence *presence, enum protocol_channel channel, const char *text)
{
    struct command command = {.sequence = ++presence->lines_n,
                              .producer = COMMAND_FROM_CONTROL,
                              .kind = COMMAND_CHAT,
                              .as.chat.channel = (uint8_t)channel};

    command.as.chat.text = blob_new(text, strlen(text));
    if (!command.as.chat.text)
        return -1;
    if (queue_push(presence->config.commands, &command) == 0)
        return 0;
    command_drop(&command);
    return -1;
}

uint64_t presence_session(const struct presence *presence, uint64_t player)
{
    const struct person *person = people_holder(&presence->people, player);

    return person && person->state == PERSON_PRESENT ? person->session : 0;
}

int presence_role_of(const struct presence *presence, uint64_t session, enum protocol_role *role)
{
    const struct person *person = people_find(&presence->people, session);

    if (!stands(person))
        return -1;
    *role = person->role;
    return 0;
}

/* -- guests ------------------------------------------------------------------------------------ */

uint64_t presence_guest(const struct presence *presence, const char *name)
{
    return guests_session(&presence->guests, name);
}

void presence_mute_guest(struct presence *presence, uint64_t session, uint64_t until_ms,
                         const char *text)
{
    if (presence->sessions)
        sessions_mute(presence->sessions, session, until_ms, text);
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

static bool is_here(const struct person *person)
{
    return stands(person) || (person->state == PERSON_JOINING && person->takes_over);
}

bool presence_returns(const struct presence *presence, uint64_t player)
{
    return presence_has(presence, player) || /* he has not quite left */
           admission_returns(presence->admission, player, clock_steady_ms());
}

/* Who is on his way in was let in a moment ago, and is not here: he is judged anew, but not as
 * newcomers are by a drain. Whose account is not known yet will be judged, who leaves need not be.
 */
static bool turns_out(const struct presence *presence, const struct person *person, bool everyone,
                      struct policy_refusal *refusal)
{
    struct policy_guest guest = {.player = person->guest ? 0 : person->player,
                                 .staff = person->role != PROTOCOL_ROLE_PLAYER,
                                 .returns = true};

    if (person->state == PERSON_LOGIN || person->state == PERSON_LEAVING ||
        (is_here(person) && !everyone))
        return false;
    if (person->state == PERSON_IN_LINE)
        guest.returns = admission_returns(presence->admission, person->player, clock_steady_ms());
    return !policy_admits(presence->config.policy, &guest, refusal);
}

unsigned presence_turn_out(struct presence *presence, bool everyone)
{
    struct person *person, *next;
    struct policy_refusal refusal;
    unsigned n = 0;

    HASH_ITER(hh, presence->people.persons, person, next)
    {
        if (!turns_out(presence, person, everyone, &refusal))
            continue;
        n++;
        person->dismissed = true;
        if (person->state == PERSON_AWAY)
            presence_give_up(presence, person);
        else
            sessions_disconnect(presence->sessions, person->session, refusal.reason,
                                refusal.retry_after_ms, refusal.text);
    }
    return n;
}

bool presence_gone(const struct presence *presence, uint64_t player)
{
    struct store_position place;

    return people_holder(&presence->people, player) == NULL &&
           !writeback_find(presence->saving.writeback, player, &place);
}

/* Who is connected from there, and whose figure waits for him there. */
static void end_network(struct presence *presence, const struct network *network, const char *text)
{
    struct person *person, *next;

    sessions_disconnect_from(presence->sessions, network, PROTOCOL_REASON_BANNED, text);
    DL_FOREACH_SAFE(presence->people.away, person, next)
    {
        if (!network_holds(network, person->address))
            continue;
        person->dismissed = true;
        presence_give_up(presence, person);
    }
}

static void on_banned(void *context, const struct ban *ban, const char *text)
{
    struct presence *presence = context;

    if (!presence->sessions)
        return;
    if (ban->target.player != 0)
        presence_end(presence, ban->target.player, PROTOCOL_REASON_BANNED, text);
    else
        end_network(presence, &ban->target.network, text);
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
