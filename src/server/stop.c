/* stop.c -- see stop.h. */
#include "server/stop.h"

#include "common/log.h"
#include "ops/notify.h"

#define RETRY_AFTER_MS   5000 /* players told to come back */
#define RESTART_AFTER_MS 3000 /* a restart takes no longer */
#define SPREAD_MS        2    /* a player: a core does more than 500 handshakes a second */
#define SPREAD_MAX_MS    30000
#define LINGER_MS        2000 /* for the last words to be taken */

static void saved(void *context, uint32_t lost)
{
    struct stop *stop = context;
    const char *trouble = presence_save_trouble(stop->presence);

    stop->lost = lost;
    if (lost)
        log_event(LOG_LEVEL_ERROR, "positions_lost",
                  "not all positions could be saved: they are as of the last save",
                  LOG_U64("lost", lost),
                  LOG_TEXT("cause", trouble[0] ? trouble : "the database did not answer in time"));
    event_base_loopbreak(stop->base);
}

static void save(struct stop *stop)
{
    if (stop->saving)
        return;
    stop->saving = true;
    presence_save_all(stop->presence, saved, stop);
}

/* Of the two, sessions and HTTP, the later one. */
static void drained(void *context)
{
    struct stop *stop = context;

    if (++stop->drained_n == 2)
        save(stop);
}

static void begin(struct stop *stop, const char *cause, const char *reason, bool restart)
{
    uint32_t players_n = presence_n(stop->presence);
    struct sessions_goodbye goodbye = {.reason = PROTOCOL_REASON_SHUTTING_DOWN,
                                       .retry_after_ms = RETRY_AFTER_MS,
                                       .spread_ms = players_n * SPREAD_MS,
                                       .linger_ms = LINGER_MS};

    if (restart) {
        goodbye.reason = PROTOCOL_REASON_RESTARTING;
        goodbye.retry_after_ms = RESTART_AFTER_MS;
    }
    if (goodbye.spread_ms > SPREAD_MAX_MS)
        goodbye.spread_ms = SPREAD_MAX_MS;
    log_event(LOG_LEVEL_INFO, "stopping", "the server stops: players are told and saved",
              LOG_TEXT("cause", cause), LOG_U64("restart", restart), LOG_U64("players", players_n));
    notify_stopping();
    if (reason[0])
        sessions_announce(stop->sessions, reason);
    http_drain(stop->http, drained, stop);
    presence_stop(stop->presence);
    sessions_drain(stop->sessions, &goodbye, drained, stop);
}

void stop_ask(struct stop *stop, const char *cause, const char *reason, bool restart)
{
    stop->restart = restart;
    if (++stop->asked_n == 1)
        begin(stop, cause, reason, restart);
    else if (stop->asked_n == 2)
        log_event(LOG_LEVEL_WARN, "hurrying", "asked again: not waiting for the players",
                  LOG_TEXT("cause", cause));
    else
        log_event(LOG_LEVEL_WARN, "hurrying", "asked again: positions are still being saved",
                  LOG_TEXT("cause", cause));
    if (stop->asked_n > 1)
        save(stop);
}
