/* seat.c -- see seat.h. */
#include "play/seat.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "net/address.h"
#include "net/tally.h"
#include "ops/metrics.h"
#include "ops/traffic.h"

void seat_init(struct seat *seat, const struct seat_kind *kind, struct host *host)
{
    uint64_t now_ms = io_now_ms(host->io);

    seat->kind = kind;
    seat->host = host;
    for (unsigned i = 0; i < HOST_LIMITS_N; i++) {
        bucket_init(&seat->allow[i], &host->settings->allow[i], now_ms);
        bucket_init(&seat->flood[i], &host->settings->flood[i], now_ms);
    }
}

static void add(struct host_list *list, struct seat *seat)
{
    seat->previous = list->last;
    seat->next = NULL;
    *(list->last != NULL ? &list->last->next : &list->first) = seat;
    list->last = seat;
}

static void take_out(struct host_list *list, struct seat *seat)
{
    *(seat->previous != NULL ? &seat->previous->next : &list->first) = seat->next;
    *(seat->next != NULL ? &seat->next->previous : &list->last) = seat->previous;
    seat->previous = seat->next = NULL;
}

int seat_ask(struct seat *seat, const struct sockaddr_storage *address, const char *token)
{
    const struct host_config *config = &seat->host->config;
    struct seat_ask *ask;

    if (token != NULL && strlen(token) > PROTOCOL_TOKEN_MAX)
        return -1;
    ask = calloc(1, sizeof(*ask));
    if (ask == NULL)
        return -1;
    ask->seat = seat;
    ask->address = *address;
    ask->has_token = token != NULL;
    if (token != NULL)
        memcpy(ask->token, token, strlen(token) + 1);
    add(&seat->host->asking, seat);
    config->ask(config->context, ask);
    return 0;
}

void seat_ask_no_more(struct seat *seat)
{
    take_out(&seat->host->asking, seat);
}

void seat_answered(struct postbox_item *item)
{
    struct seat_ask *ask = (struct seat_ask *)(void *)item;
    struct seat *seat = ask->seat;

    take_out(&seat->host->asking, seat);
    if (ask->id != 0)
        seat_list(seat, ask->id, ask->counters);
    seat->kind->seated(seat, ask);
    explicit_bzero(ask->token, sizeof(ask->token));
    free(ask);
}

void seat_list(struct seat *seat, uint64_t id, struct host_counters *counters)
{
    seat->id = id;
    seat->counters = counters;
    seat->host->by_slot[SESSION_SLOT(id)] = seat;
    seat->host->seats_n++;
}

void seat_unlist(struct seat *seat)
{
    struct host *host = seat->host;

    host->by_slot[SESSION_SLOT(seat->id)] = NULL;
    host->seats_n--;
    seat->counters = NULL; /* control's slot is free from here on */
    host->config.closed(host->config.context, seat->id, seat->reason);
}

void seat_play(struct seat *seat)
{
    seat->phase = seat->host->phases++ & 15;
    add(&seat->host->playing, seat);
}

void seat_play_no_more(struct seat *seat)
{
    if (seat->host->cursor == seat)
        seat->host->cursor = seat->next;
    take_out(&seat->host->playing, seat);
}

int seat_command(struct seat *seat, struct command *command)
{
    command->session = seat->id;
    command->producer = COMMAND_FROM_IO;
    command->sequence = seat->sequence + 1;
    if (queue_push(seat->host->config.commands, command) != 0)
        return -1;
    seat->sequence++;
    seat->host->pushed++;
    return 0;
}

static void tally_limited(const struct seat *seat, int limit, uint32_t wait_ms)
{
    struct tally *tally = seat->host->config.tally;
    const struct sockaddr *address = (const struct sockaddr *)&seat->address;
    uint64_t now_ms = clock_steady_ms();

    if (limit == HOST_LIMIT_LOGIN) {
        tally_add(tally, address, TALLY_LOGIN_LIMITED, 1, now_ms);
        return;
    }
    traffic_count(seat->id & SESSION_WEB_BIT ? TRAFFIC_WEBSOCKET : TRAFFIC_GAME, TRAFFIC_LIMITED);
    tally_add(tally, address, TALLY_LIMITED, 1, now_ms);
    tally_block(tally, address, TALLY_ASKING, now_ms + wait_ms, now_ms);
}

enum seat_limit seat_take(struct seat *seat, int limit, uint32_t *wait_ms)
{
    const struct host_settings *settings = seat->host->settings;
    uint64_t now_ms = io_now_ms(seat->host->io);
    const struct bucket_rate *rate =
        seat->guest ? &settings->guest[limit] : &settings->allow[limit];

    *wait_ms = 0;
    if (bucket_take(&seat->allow[limit], rate, now_ms))
        return SEAT_WITHIN;
    metrics_add(limit == HOST_LIMIT_LOGIN ? METRIC_LOGINS_LIMITED : METRIC_RATE_LIMITED, 1);
    *wait_ms = bucket_wait_ms(&seat->allow[limit], rate, now_ms);
    tally_limited(seat, limit, *wait_ms);
    return bucket_take(&seat->flood[limit], &settings->flood[limit], now_ms) ? SEAT_OVER
                                                                             : SEAT_FLOODS;
}

void seat_log_flood(const struct seat *seat, const char *message)
{
    static struct log_limit limit;
    uint64_t swallowed;
    char text[ADDRESS_TEXT_MAX];

    if (!log_limit_pass(&limit, 20, &swallowed))
        return;
    address_text((const struct sockaddr *)&seat->address, text);
    log_event(LOG_LEVEL_INFO, "connection_flooded", "a client sent far too much and was let go",
              LOG_TEXT("address", text), LOG_U64("session", seat->id), LOG_TEXT("message", message),
              LOG_U64("swallowed", swallowed));
}
