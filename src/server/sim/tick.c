/* tick.c -- one step of the world: commands in their order, then the time of each figure. */
#include <string.h>

#include "sim/snapshot_build.h"
#include "sim/world.h"

struct step {
    struct sim *sim;
    struct sim_event *events;
    size_t events_n;
    struct sim_step_counts *counts;
};

static void add_event(struct step *step, enum sim_event_kind kind, uint64_t session,
                      const struct snapshot_entity *entity)
{
    struct sim_event *event = &step->events[step->events_n++];

    memset(event, 0, sizeof(*event));
    event->kind = (uint8_t)kind;
    event->session = session;
    event->tick = step->sim->tick;
    if (entity == NULL)
        return;
    event->player = entity->player;
    event->entity = entity->id;
    event->pos = entity->state.pos;
    event->yaw = entity->state.yaw;
}

static void apply_join(struct step *step, struct command *join)
{
    struct sim *sim = step->sim;
    uint32_t slot = idmap_get(&sim->by_player, join->as.join.player);

    /* A session has one figure, and every player a name and a number. */
    if (join->session == 0 || join->as.join.player == 0 || join->as.join.name == NULL ||
        join->as.join.name->len_bytes == 0 ||
        idmap_get(&sim->by_session, join->session) != IDMAP_NONE) {
        add_event(step, SIM_REFUSED, join->session, NULL);
        step->events[step->events_n - 1].player = join->as.join.player;
        return;
    }
    if (slot != IDMAP_NONE) {
        add_event(step, SIM_LEFT, sim->entities[slot].session, &sim->entities[slot]);
        step->events[step->events_n - 1].replaced = join->session;
        world_hand_over(sim, slot, join);
    } else {
        slot = world_add(sim, join);
    }
    if (slot == IDMAP_NONE) {
        add_event(step, SIM_REFUSED, join->session, NULL);
        step->events[step->events_n - 1].player = join->as.join.player;
        return;
    }
    join->as.join.name = NULL; /* the world's now */
    add_event(step, SIM_JOINED, join->session, &sim->entities[slot]);
}

static void apply_leave(struct step *step, const struct command *leave)
{
    uint32_t slot = idmap_get(&step->sim->by_session, leave->session);

    if (slot == IDMAP_NONE)
        return;
    add_event(step, SIM_LEFT, leave->session, &step->sim->entities[slot]);
    world_remove(step->sim, slot);
}

static void count_dropped(struct step *step, struct snapshot_entity *entity, unsigned substeps)
{
    entity->dropped += substeps;
    step->counts->substeps_dropped += substeps;
}

/* An intent that is given up counts as done when what waits before it is done: the player shall not
 * wait for it for ever. */
static void give_up(struct step *step, uint32_t slot, uint32_t seq, uint8_t substeps)
{
    struct snapshot_entity *entity = &step->sim->entities[slot];
    struct world_mover *mover = &step->sim->movers[slot];

    count_dropped(step, entity, substeps);
    step->counts->intents_refused++;
    if (mover->waiting_n > 0)
        mover->waiting[mover->waiting_n - 1].ack = seq;
    else
        entity->seq = seq;
}

static unsigned waiting_time(const struct world_mover *mover)
{
    unsigned substeps = 0;

    for (unsigned i = 0; i < mover->waiting_n; i++)
        substeps += mover->waiting[i].substeps;
    return substeps;
}

/* Whether a player may go on claiming time: what waits fits the time he has and a little more. */
static bool has_time(const struct world_mover *mover, unsigned more)
{
    return waiting_time(mover) + more <=
           (unsigned)mover->allowance + mover->credit + WORLD_WAITING_TIME;
}

static void apply_intent(struct step *step, const struct command *command)
{
    uint32_t slot = idmap_get(&step->sim->by_session, command->session);
    uint8_t substeps = command->as.intent.substeps;
    struct world_mover *mover;

    if (slot == IDMAP_NONE)
        return;
    mover = &step->sim->movers[slot];
    if (mover->resting)
        return; /* it came late */
    step->counts->intents++;
    if (substeps > PROTOCOL_SUBSTEPS_MAX)
        substeps = PROTOCOL_SUBSTEPS_MAX;
    if (mover->waiting_n == WORLD_WAITING || !has_time(mover, substeps)) {
        give_up(step, slot, command->as.intent.seq, substeps);
        return;
    }
    mover->waiting[mover->waiting_n++] =
        (struct world_waiting){command->as.intent.seq, command->as.intent.intent, substeps};
}

static void apply_credit(struct step *step, uint32_t substeps)
{
    struct sim *sim = step->sim;

    for (uint32_t slot = world_next(sim, 0); slot != IDMAP_NONE; slot = world_next(sim, slot + 1)) {
        struct world_mover *mover = &sim->movers[slot];
        uint32_t room = (uint32_t)(WORLD_CREDIT_MAX - mover->credit);

        mover->credit = (uint8_t)(mover->credit + (substeps < room ? substeps : room));
    }
}

static void apply_chat(struct step *step, struct command *command)
{
    struct sim *sim = step->sim;
    struct snapshot_chat_line line = {.tick = sim->tick, .channel = command->as.chat.channel};

    if (command->as.chat.text == NULL || command->as.chat.text->len_bytes == 0 ||
        command->as.chat.channel >= PROTOCOL_CHANNELS_N)
        return;
    if (command->session != 0) {
        uint32_t slot = idmap_get(&sim->by_session, command->session);

        if (slot == IDMAP_NONE)
            return;
        line.entity = sim->entities[slot].id;
        line.session = command->session;
        line.player = sim->entities[slot].player;
        line.pos = sim->entities[slot].state.pos;
        line.name = blob_ref(sim->entities[slot].name);
    }
    line.text = command->as.chat.text;
    command->as.chat.text = NULL; /* the line's now */
    chat_add(&sim->chat, &line, &sim->graveyard, sim->tick);
    step->counts->chat_lines++;
}

static void apply_layer(struct step *step, const struct command *command)
{
    uint32_t slot = idmap_get(&step->sim->by_session, command->session);

    if (slot != IDMAP_NONE)
        world_change_layer(step->sim, slot, command->as.layer.layer);
}

/* The newest counts. */
static void apply_wish(struct step *step, const struct command *command)
{
    uint32_t slot = idmap_get(&step->sim->by_session, command->session);
    struct world_mover *mover;

    if (slot == IDMAP_NONE)
        return;
    mover = &step->sim->movers[slot];
    if (mover->resting)
        return; /* it came late */
    step->counts->intents++;
    mover->wishing = WORLD_WISH_TICKS;
    mover->wish_x = command->as.wish.x;
    mover->wish_z = command->as.wish.z;
}

/* What waits is walked from there. */
static void apply_teleport(struct step *step, const struct command *command)
{
    struct sim *sim = step->sim;
    uint32_t slot = idmap_get(&sim->by_session, command->session);
    struct movement_state state;

    if (slot == IDMAP_NONE)
        return;
    movement_place(&state, command->as.teleport.x, command->as.teleport.z,
                   sim->entities[slot].state.yaw, sim->config.field);
    sim->entities[slot].teleports++;
    sim->movers[slot].wishing = 0;
    world_move(sim, slot, &state);
}

static void apply_rename(struct step *step, struct command *command)
{
    uint32_t slot = idmap_get(&step->sim->by_session, command->session);
    struct blob *name = command->as.rename.name;

    if (slot == IDMAP_NONE || name == NULL || name->len_bytes == 0)
        return;
    command->as.rename.name = NULL; /* the world's now */
    world_rename(step->sim, slot, name);
}

/* Nobody moves it any more: it stands, on the ground, until another session has it. */
static void apply_rest(struct step *step, const struct command *command)
{
    struct sim *sim = step->sim;
    uint32_t slot = idmap_get(&sim->by_session, command->session);
    struct movement_state state;

    if (slot == IDMAP_NONE)
        return;
    state = sim->entities[slot].state;
    movement_place(&state, state.pos.x, state.pos.z, state.yaw, sim->config.field);
    sim->movers[slot].waiting_n = 0;
    sim->movers[slot].wishing = 0;
    sim->movers[slot].resting = true;
    if (memcmp(&state, &sim->entities[slot].state, sizeof(state)) != 0)
        world_move(sim, slot, &state);
}

static void apply(struct step *step, struct command *command)
{
    step->counts->commands++;
    switch ((enum command_kind)command->kind) {
    case COMMAND_CREDIT:
        apply_credit(step, command->as.credit.substeps);
        break;
    case COMMAND_JOIN:
        apply_join(step, command);
        break;
    case COMMAND_LEAVE:
        apply_leave(step, command);
        break;
    case COMMAND_INTENT:
        apply_intent(step, command);
        break;
    case COMMAND_CHAT:
        apply_chat(step, command);
        break;
    case COMMAND_LAYER:
        apply_layer(step, command);
        break;
    case COMMAND_TELEPORT:
        apply_teleport(step, command);
        break;
    case COMMAND_REST:
        apply_rest(step, command);
        break;
    case COMMAND_WISH:
        apply_wish(step, command);
        break;
    case COMMAND_RENAME:
        apply_rename(step, command);
        break;
    }
    command_drop(command);
}

static void pop_waiting(struct world_mover *mover)
{
    mover->waiting_n--;
    memmove(&mover->waiting[0], &mover->waiting[1], mover->waiting_n * sizeof(mover->waiting[0]));
}

/* What a stall gave goes first: it melts, and what the player had saved up is to be his afterwards
 * too, or he who walks on would wait a tick longer for ever. */
static bool spend(struct world_mover *mover)
{
    if (mover->credit > 0) {
        mover->credit--;
    } else if (mover->allowance > 0) {
        mover->allowance--;
    } else {
        return false;
    }
    return true;
}

/* Give up the oldest substeps that wait. The position does without them, but they count as walked,
 * so that the player does not replay them. */
static void drop_oldest(struct step *step, uint32_t slot, unsigned substeps)
{
    struct snapshot_entity *entity = &step->sim->entities[slot];
    struct world_mover *mover = &step->sim->movers[slot];

    count_dropped(step, entity, substeps);
    while (substeps > 0) {
        struct world_waiting *oldest = &mover->waiting[0];
        unsigned n = substeps < oldest->substeps ? substeps : oldest->substeps;

        oldest->substeps = (uint8_t)(oldest->substeps - n);
        entity->ahead = (uint8_t)(entity->ahead + n);
        substeps -= n;
        if (oldest->substeps > 0)
            break;
        entity->seq = oldest->ack;
        entity->ahead = 0;
        pop_waiting(mover);
    }
}

/* A player's connection stood still for longer than the allowance saves up, and all he did came at
 * once: from then on he claims the time that passes and no less, and the surplus would wait for as
 * long as he walks, all that he does seen so much later. What waited through a whole second goes.
 */
static void drop_lag(struct step *step, uint32_t slot)
{
    struct world_mover *mover = &step->sim->movers[slot];
    unsigned waiting = waiting_time(mover);

    if (waiting == 0 || mover->allowance > 0 || mover->credit > 0) {
        mover->lag_ticks = 0;
        return;
    }
    if (mover->lag_ticks == 0 || waiting < mover->lag_least)
        mover->lag_least = (uint8_t)(waiting < UINT8_MAX ? waiting : UINT8_MAX);
    if (++mover->lag_ticks < WORLD_LAG_TICKS)
        return;
    mover->lag_ticks = 0;
    if (mover->lag_least > WORLD_LAG_TIME)
        drop_oldest(step, slot, mover->lag_least);
}

/* Who has nothing saved up is walked late whenever a packet brings more than a tick's time, and as
 * he claims all the time that passes, nothing would ever be saved up again: of what comes late one
 * substep in a while is given up, and its time kept, until what he sends fits in the tick in which
 * it comes. Nobody gets time for this that did not pass. */
static void drop_late(struct step *step, uint32_t slot)
{
    struct world_mover *mover = &step->sim->movers[slot];

    if (SESSION_SCRIPTED(step->sim->entities[slot].session))
        return; /* its strides are of several ticks, and wait by design */
    if (mover->allowance >= MOVEMENT_SUBSTEPS_PER_TICK || mover->credit > 0)
        mover->late_ticks = 0;
    if (mover->allowance > 0 || mover->credit > 0 || waiting_time(mover) == 0 ||
        ++mover->late_ticks < WORLD_LATE_TICKS)
        return;
    mover->late_ticks = 0;
    drop_oldest(step, slot, 1);
}

/* Let one figure use its time on what waits. */
static void walk(struct step *step, uint32_t slot)
{
    struct sim *sim = step->sim;
    struct snapshot_entity *entity = &sim->entities[slot];
    struct world_mover *mover = &sim->movers[slot];
    struct movement_state state = entity->state;
    uint32_t spent = 0;

    for (unsigned taken = 0; taken < SIM_INTENTS_TICK && mover->waiting_n > 0; taken++) {
        struct world_waiting *now = &mover->waiting[0];

        while (now->substeps > 0 && spend(mover)) {
            movement_step(&state, &now->intent, sim->config.field);
            now->substeps--;
            entity->ahead++;
            spent++;
        }
        if (now->substeps > 0)
            break;
        entity->seq = now->ack;
        entity->ahead = 0;
        pop_waiting(mover);
    }
    mover->catching_up = spent > MOVEMENT_SUBSTEPS_PER_TICK;
    step->counts->substeps += spent;
    if (spent > 0 && memcmp(&state, &entity->state, sizeof(state)) != 0)
        world_move(sim, slot, &state);
}

/* The way to where a figure wishes to be, as far as its time goes. Where nothing takes it nearer
 * the way ends; a little later it is seen to stand. */
static void walk_to_wish(struct step *step, uint32_t slot)
{
    struct sim *sim = step->sim;
    const struct snapshot_entity *entity = &sim->entities[slot];
    struct world_mover *mover = &sim->movers[slot];
    struct movement_state state = entity->state;
    uint16_t heading;
    uint32_t spent = 0;

    if (mover->wishing < WORLD_WISH_TICKS) {
        if (--mover->wishing == 0)
            state.pose = MOVEMENT_STANDING;
    } else {
        heading = movement_heading((int64_t)mover->wish_x - state.pos.x,
                                   (int64_t)mover->wish_z - state.pos.z);
        while (mover->wishing == WORLD_WISH_TICKS && spend(mover)) {
            if (!movement_step_to(&state, mover->wish_x, mover->wish_z, heading, sim->config.field))
                mover->wishing--;
            spent++;
        }
        if (mover->wishing < WORLD_WISH_TICKS && spent <= WORLD_WISH_WALK && !state.airborne)
            state.pose = MOVEMENT_WALKING;
    }
    mover->catching_up = spent > MOVEMENT_SUBSTEPS_PER_TICK;
    step->counts->substeps += spent;
    if (memcmp(&state, &entity->state, sizeof(state)) != 0)
        world_move(sim, slot, &state);
}

/* At most so much is saved up; but a tick's time is not lost to who still works a backlog off. */
static void keep_time(struct world_mover *mover)
{
    unsigned over;

    if (mover->allowance <= WORLD_ALLOWANCE_MAX)
        return;
    over = (unsigned)(mover->allowance - WORLD_ALLOWANCE_MAX);
    mover->allowance = WORLD_ALLOWANCE_MAX;
    if (mover->credit > 0 && mover->credit + over <= WORLD_CREDIT_MAX &&
        (mover->waiting_n > 0 || mover->catching_up))
        mover->credit = (uint8_t)(mover->credit + over);
}

static void begin_tick(struct sim *sim)
{
    for (uint32_t slot = world_next(sim, 0); slot != IDMAP_NONE; slot = world_next(sim, slot + 1)) {
        struct world_mover *mover = &sim->movers[slot];

        mover->allowance = (uint8_t)(mover->allowance + MOVEMENT_SUBSTEPS_PER_TICK);
        /* Credit that nothing needs melts, into what is saved up where that has room: it is for the
         * backlog of a stall, some of which may not have come this far yet, not for later. */
        if (mover->credit > 0 && mover->waiting_n == 0 && !mover->catching_up) {
            mover->credit--;
            mover->allowance++;
        }
        keep_time(mover);
        mover->catching_up = false;
    }
}

/* The oldest tick that a live snapshot shows. */
static uint32_t oldest_shown(const struct sim *sim)
{
    uint32_t oldest = UINT32_MAX;

    for (unsigned i = 0; i < sim->pool_n; i++) {
        /* acquire: the last reader's reads are over */
        if (atomic_load_explicit(&sim->pool[i]->references, memory_order_acquire) != 0 &&
            sim->pool[i]->tick < oldest)
            oldest = sim->pool[i]->tick;
    }
    return oldest;
}

size_t sim_step(struct sim *sim, struct command *commands, size_t commands_n,
                struct sim_event *events, struct sim_step_counts *counts)
{
    struct step step = {sim, events, 0, counts};

    memset(counts, 0, sizeof(*counts));
    graveyard_collect(&sim->graveyard, oldest_shown(sim));
    sim->tick++;
    cells_expire(&sim->cells, sim->tick);
    begin_tick(sim);
    for (size_t i = 0; i < commands_n; i++)
        apply(&step, &commands[i]);
    for (uint32_t slot = world_next(sim, 0); slot != IDMAP_NONE; slot = world_next(sim, slot + 1)) {
        if (sim->movers[slot].waiting_n > 0) {
            walk(&step, slot);
            drop_lag(&step, slot);
            drop_late(&step, slot);
        } else if (sim->movers[slot].wishing > 0) {
            walk_to_wish(&step, slot);
        }
    }
    world_divide(sim);
    counts->entities = sim->entities_n;
    counts->cells = sim->cells.used;
    return step.events_n;
}
