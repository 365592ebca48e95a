/* alerts.c -- see alerts.h. Readings, the table of rules, and the one function that raises and
 * clears. */
#include "ops/alerts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "common/log.h"

#define DAY_S 86400.0

/* -- readings ---------------------------------------------------------------------------------- */

static double rate(uint64_t later, uint64_t earlier, const struct alerts_facts *now,
                   const struct alerts_facts *then)
{
    if (now->now_ms <= then->now_ms)
        return NAN;
    return (double)(later - earlier) * 1000 / (double)(now->now_ms - then->now_ms);
}

/* 99 of 100 were not longer, in milliseconds: the upper bound of a bucket. */
static double p99_ms(const struct metrics_histogram *later, const struct metrics_histogram *earlier)
{
    uint64_t us = metrics_quantile(later, earlier, 0.99);

    return (double)(us > later->max_us ? later->max_us : us) / 1000;
}

static double percent(int64_t permille)
{
    return permille < 0 ? NAN : (double)permille / 10;
}

static double ticks(const struct alerts_facts *now, const struct alerts_facts *then)
{
    return rate(now->ticks, then->ticks, now, then);
}

static double ticks_missed(const struct alerts_facts *now, const struct alerts_facts *then)
{
    return rate(now->ticks_missed, then->ticks_missed, now, then);
}

static double tick_p99(const struct alerts_facts *now, const struct alerts_facts *then)
{
    return p99_ms(&now->tick_us, &then->tick_us);
}

static double tempo(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return percent(now->tempo_permille);
}

static double door_shut(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return now->door_shut;
}

static double waiting(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return now->waiting;
}

static double io_stuck(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return now->io_stuck;
}

static double sweep_p99(const struct alerts_facts *now, const struct alerts_facts *then)
{
    return p99_ms(&now->sweep_us, &then->sweep_us);
}

static double store_away(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return now->store_away;
}

static double store_queue(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return now->store_queue;
}

static double store_wait_p99(const struct alerts_facts *now, const struct alerts_facts *then)
{
    return p99_ms(&now->store_wait_us, &then->store_wait_us);
}

static double store_p99(const struct alerts_facts *now, const struct alerts_facts *then)
{
    return p99_ms(&now->store_us, &then->store_us);
}

/* A watermark that moves at every third flush does what it was told to. */
static double saves_old(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return now->behind_ms > 3 * (uint64_t)now->flush_ms ? (double)now->behind_ms / 1000 : 0;
}

/* Failures are only somebody who guesses where they are most of what comes. */
static double logins_guessed(const struct alerts_facts *now, const struct alerts_facts *then)
{
    double failed = rate(now->logins_failed, then->logins_failed, now, then);

    return failed > 3 * rate(now->logins_ok, then->logins_ok, now, then) ? failed : 0;
}

static double hashes_waiting(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return now->hashes_max > 0 ? 100.0 * now->hashes_waiting / now->hashes_max : NAN;
}

static double handshakes_failed(const struct alerts_facts *now, const struct alerts_facts *then)
{
    return rate(now->handshakes_failed, then->handshakes_failed, now, then);
}

static double refused(const struct alerts_facts *now, const struct alerts_facts *then)
{
    return rate(now->refused, then->refused, now, then);
}

static double http_failed(const struct alerts_facts *now, const struct alerts_facts *then)
{
    return rate(now->http_failed, then->http_failed, now, then);
}

static double files(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return percent(now->files_permille);
}

static double growth(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return now->growth_bytes < 0 ? NAN : (double)now->growth_bytes / (1 << 20);
}

static double memory_free(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return percent(now->memory_free_permille);
}

static double disk_free(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return percent(now->disk_free_permille);
}

static double certificate(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return now->certificate_s == INT64_MAX ? NAN : (double)now->certificate_s / DAY_S;
}

static double journal_stopped(const struct alerts_facts *now, const struct alerts_facts *then)
{
    (void)then;
    return now->journal_stopped;
}

static double records_lost(const struct alerts_facts *now, const struct alerts_facts *then)
{
    return (double)(now->records_lost - then->records_lost);
}

/* -- the rules --------------------------------------------------------------------------------- */

#define NAME(name) name, "alert=\"" name "\""

/* Times of ticks and questions are known as bounds of buckets: 33, 66 ms; 262, 524, 1049 ms. */
/* clang-format off */
static const struct alerts_rule RULES[] = {
/*   name,                       severity,    unit,                below, raise,  s,   clear,  s, window, reading, */
    {NAME("TickStalled"),        ALERTS_PAGE, ALERTS_RATE,         true,  2,     10,   2,     10, 10, ticks,
     "the world ticks {} times a second; 20 are due", "look at server.worst and at the machine's load; systemd's watchdog restarts what stands still"},
    {NAME("TicksLate"),          ALERTS_WARN, ALERTS_RATE,         false, 0.2,   30,   0.05,  60, 60, ticks_missed,
     "{} ticks a second are passed over", "server.worst says why"},
    {NAME("TickSlow"),           ALERTS_WARN, ALERTS_MILLISECONDS, false, 40,    30,   33,    60, 60, tick_p99,
     "one tick in 100 takes up to {} of its 50 ms", "server.worst says why; fewer players: net.players_max, at the next restart"},
    {NAME("WorldSlowed"),        ALERTS_PAGE, ALERTS_PERCENT,      true,  100,   30,   100,   30, 0,  tempo,
     "the world runs at {} of real time", "server.worst says why; fewer players: net.players_max, at the next restart"},
    {NAME("DoorShut"),           ALERTS_WARN, ALERTS_TRUTH,        false, 0,     30,   0,     30, 0,  door_shut,
     "newcomers wait for the load to be less", "server.ladder says which rung is at its top"},
    {NAME("PlayersWait"),        ALERTS_INFO, ALERTS_COUNT,        false, 0,     60,   0,     60, 0,  waiting,
     "{} players wait for a place", "where the machine bears it, a higher net.players_max at the next restart"},
    {NAME("IoStuck"),            ALERTS_PAGE, ALERTS_COUNT,        false, 0,     5,    0,     5,  0,  io_stuck,
     "{} io threads stand still: their players wait", "event=io_stuck in the log; a restart helps if they stay so"},
    {NAME("SweepsLong"),         ALERTS_WARN, ALERTS_MILLISECONDS, false, 40,    30,   33,    60, 60, sweep_p99,
     "one sweep of an io thread in 100 takes up to {}", "more net.io_threads where there are cores, at the next restart"},
    {NAME("StoreAway"),          ALERTS_PAGE, ALERTS_TRUTH,        false, 0,     5,    0,     5,  0,  store_away,
     "the database does not answer: saves wait, logins are told to try again", "server.status says its error; bring it back, nothing else is to be done here"},
    {NAME("StoreQueue"),         ALERTS_WARN, ALERTS_COUNT,        false, 100,   10,   20,    30, 0,  store_queue,
     "{} questions wait for the database", "look at what slows it: StatementsSlow, its own log, store.pool_max"},
    {NAME("StoreWaits"),         ALERTS_WARN, ALERTS_MILLISECONDS, false, 500,   10,   263,   30, 60, store_wait_p99,
     "one question in 100 waits up to {} for a connection to the database", "raise store.pool_max, or find what keeps its connections busy"},
    {NAME("StatementsSlow"),     ALERTS_WARN, ALERTS_MILLISECONDS, false, 500,   60,   263,   60, 60, store_p99,
     "one question in 100 takes the database up to {}", "event=statement_slow in the log names them; doc/database.md has their SQL"},
    {NAME("SavesOld"),           ALERTS_PAGE, ALERTS_SECONDS,      false, 60,    0,    30,    10, 0,  saves_old,
     "positions are {} old in the database: a crash now takes players back by that", "bring the database back; do not restart before it answers"},
    {NAME("LoginsGuessed"),      ALERTS_WARN, ALERTS_RATE,         false, 1,     60,   0.5,  120, 60, logins_guessed,
     "{} logins a second fail, more than three times as many as succeed", "somebody guesses passwords: ban his network"},
    {NAME("LoginsBusy"),         ALERTS_WARN, ALERTS_PERCENT,      false, 80,    5,    50,    15, 0,  hashes_waiting,
     "the queue for passwords is full to {}: who logs in is told to come later", "it passes with the rush; more accounts.workers at the next restart"},
    {NAME("HandshakesFail"),     ALERTS_WARN, ALERTS_RATE,         false, 20,    30,   5,     60, 60, handshakes_failed,
     "{} TLS handshakes a second fail", "a flood, or clients that do not know the certificate"},
    {NAME("ConnectionsRefused"), ALERTS_INFO, ALERTS_RATE,         false, 20,    10,   5,     60, 10, refused,
     "{} connections and requests a second are refused by a limit", "a flood: players are not hurt by it; ban the networks that it comes from"},
    {NAME("HttpFails"),          ALERTS_WARN, ALERTS_RATE,         false, 0.5,   30,   0.1,   60, 60, http_failed,
     "{} HTTP requests a second fail", "the log says why: lines at level error, StoreAway"},
    {NAME("FilesShort"),         ALERTS_WARN, ALERTS_PERCENT,      false, 90,    30,   85,    30, 0,  files,
     "{} of the file descriptors are used", "raise LimitNOFILE, or lower net.connections_max and http.connections_max"},
    {NAME("MemoryGrowing"),      ALERTS_WARN, ALERTS_MIB,          false, 64,    0,    32,    0,  0,  growth,
     "memory grew by {} in the last hour, and no more players came", "tell the developers, with metrics.get; a restart in a quiet hour frees it"},
    {NAME("MemoryShort"),        ALERTS_PAGE, ALERTS_PERCENT,      true,  5,     30,   10,    30, 0,  memory_free,
     "{} of the memory that it may have is free", "find what uses it; fewer players: net.players_max, at the next restart"},
    {NAME("DiskShort"),          ALERTS_PAGE, ALERTS_PERCENT,      true,  5,     10,   8,     10, 0,  disk_free,
     "{} of the state directory's disk is free", "make room before nothing can be saved"},
    {NAME("CertificateExpiring"), ALERTS_WARN, ALERTS_DAYS,        true,  14,    0,    14,    0,  0,  certificate,
     "a TLS certificate expires in {}", "renew it, then server.reload"},
    {NAME("JournalStopped"),     ALERTS_WARN, ALERTS_TRUTH,        false, 0,     0,    0,     0,  0,  journal_stopped,
     "the tick journal has given up", "the log says why; it begins again with the next start"},
    {NAME("RecordsLost"),        ALERTS_WARN, ALERTS_COUNT,        false, 0,     0,    0,     840, 60, records_lost,
     "{} records were lost in the last minute: what operators did, what was said, or log lines", "audit_lost, chat_log_lost and log_lost in metrics.get say which"},
};
/* clang-format on */
_Static_assert(ARRAY_N(RULES) <= ALERTS_MAX, "states have room for all rules");

const struct alerts_rule *alerts_rule(unsigned rule)
{
    return rule < ARRAY_N(RULES) ? &RULES[rule] : NULL;
}

/* -- words ------------------------------------------------------------------------------------- */

const char *alerts_severity_name(enum alerts_severity severity)
{
    static const char *const NAMES[] = {
        [ALERTS_INFO] = "info", [ALERTS_WARN] = "warn", [ALERTS_PAGE] = "page"};

    return NAMES[severity];
}

const char *alerts_unit_name(enum alerts_unit unit)
{
    static const char *const NAMES[] = {
        [ALERTS_TRUTH] = "",    [ALERTS_COUNT] = "",          [ALERTS_RATE] = "/s",
        [ALERTS_SECONDS] = "s", [ALERTS_MILLISECONDS] = "ms", [ALERTS_PERCENT] = "%",
        [ALERTS_MIB] = "MiB",   [ALERTS_DAYS] = "days"};

    return NAMES[unit];
}

static void value_text(enum alerts_unit unit, double value, char *room, size_t room_bytes)
{
    const char *name = unit == ALERTS_RATE ? "" : alerts_unit_name(unit); /* its words say it */
    int digits = fabs(value) < 10 && value != floor(value) ? 1 : 0;
    char number[32] = "?"; /* an alert goes on while its value is not known */

    if (isfinite(value))
        snprintf(number, sizeof(number), "%.*f", digits, value);
    snprintf(room, room_bytes, "%s%s%s", number, name[0] != '\0' ? " " : "", name);
}

const char *alerts_words(const struct alerts_rule *rule, double value, char words[ALERTS_WORDS])
{
    const char *mark = strstr(rule->says, "{}");
    char text[48];

    value_text(rule->unit, value, text, sizeof(text));
    if (mark == NULL)
        snprintf(words, ALERTS_WORDS, "%s", rule->says);
    else
        snprintf(words, ALERTS_WORDS, "%.*s%s%s", (int)(mark - rule->says), rule->says, text,
                 mark + 2);
    return words;
}

/* -- raising and clearing ---------------------------------------------------------------------- */

static const struct alerts_facts *held(const struct alerts *alerts, unsigned back)
{
    uint64_t n = alerts->looks < ALERTS_HELD ? alerts->looks : ALERTS_HELD;

    if (back > n - 1)
        back = (unsigned)(n - 1);
    return &alerts->held[(alerts->looks - 1 - back) % ALERTS_HELD];
}

static bool is_beyond(const struct alerts_rule *rule, double value)
{
    return rule->below ? value < rule->raise : value > rule->raise; /* of NAN: neither */
}

static bool is_back(const struct alerts_rule *rule, double value)
{
    return rule->below ? value >= rule->clear : value <= rule->clear;
}

/* So it has been since *since_ms, for that long? */
static bool lasts(uint64_t *since_ms, bool so, unsigned seconds, uint64_t now_ms)
{
    if (!so)
        *since_ms = 0;
    else if (*since_ms == 0)
        *since_ms = now_ms;
    return so && now_ms - *since_ms >= (uint64_t)seconds * 1000;
}

static void raise_alert(struct alerts *alerts, unsigned number, const struct alerts_facts *now)
{
    const struct alerts_rule *rule = &RULES[number];
    struct alerts_state *state = &alerts->states[number];
    char words[ALERTS_WORDS];

    state->active = true;
    state->since_ms = now->wall_ms;
    state->peak = state->value;
    alerts->changes++;
    log_event(rule->severity == ALERTS_INFO ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "alert_raised",
              alerts_words(rule, state->value, words), LOG_TEXT("alert", rule->name),
              LOG_TEXT("severity", alerts_severity_name(rule->severity)),
              LOG_F64("value", state->value), LOG_F64("threshold", rule->raise),
              LOG_TEXT("advice", rule->advice));
}

static void clear_alert(struct alerts *alerts, unsigned number, const struct alerts_facts *now)
{
    struct alerts_state *state = &alerts->states[number];
    struct alerts_episode *episode = &alerts->recent[alerts->episodes++ % ALERTS_RECENT];

    *episode = (struct alerts_episode){.rule = number,
                                       .raised_ms = state->since_ms,
                                       .cleared_ms = now->wall_ms,
                                       .peak = state->peak};
    state->active = false;
    state->since_ms = now->wall_ms;
    alerts->changes++;
    log_event(LOG_LEVEL_INFO, "alert_cleared", "an alert is over",
              LOG_TEXT("alert", RULES[number].name), LOG_F64("value", state->value),
              LOG_F64("peak", state->peak),
              LOG_U64("lasted_s", episode->cleared_ms > episode->raised_ms
                                      ? (episode->cleared_ms - episode->raised_ms) / 1000
                                      : 0));
}

static void judge(struct alerts *alerts, unsigned number)
{
    const struct alerts_rule *rule = &RULES[number];
    struct alerts_state *state = &alerts->states[number];
    const struct alerts_facts *now = held(alerts, 0);
    bool was_active = state->active;

    state->value = rule->reading(now, held(alerts, rule->window_s));
    if (was_active && (rule->below ? state->value < state->peak : state->value > state->peak))
        state->peak = state->value;
    /* Both are kept going, so that each hold counts from when it began. */
    if (lasts(&state->beyond_ms, is_beyond(rule, state->value), rule->raise_s, now->now_ms) &&
        !was_active)
        raise_alert(alerts, number, now);
    if (lasts(&state->rest_ms, is_back(rule, state->value), rule->clear_s, now->now_ms) &&
        was_active)
        clear_alert(alerts, number, now);
}

/* How old the positions that wait may be. Who waits since a moment ago did not move before, however
 * old the watermark is. */
static uint64_t behind(struct alerts *alerts, const struct alerts_facts *facts)
{
    uint64_t age_ms, pending_ms;

    if (facts->saves_pending == 0) {
        alerts->pending_since_ms = 0;
        return 0;
    }
    if (alerts->pending_since_ms == 0)
        alerts->pending_since_ms = facts->now_ms;
    pending_ms = facts->now_ms - alerts->pending_since_ms;
    age_ms = facts->wall_ms > facts->durable_ms ? facts->wall_ms - facts->durable_ms : 0;
    return age_ms < pending_ms ? age_ms : pending_ms;
}

void alerts_look(struct alerts *alerts, const struct alerts_facts *facts)
{
    struct alerts_facts *now = &alerts->held[alerts->looks++ % ALERTS_HELD];

    *now = *facts;
    now->behind_ms = behind(alerts, facts);
    for (unsigned i = 0; i < ARRAY_N(RULES); i++) {
        judge(alerts, i);
        metrics_member(METRIC_GROUP_ALERTS, i, RULES[i].labels);
        metrics_member_set(METRIC_GROUP_ALERTS, i, alerts->states[i].active);
    }
}

unsigned alerts_active_n(const struct alerts *alerts, enum alerts_severity severity)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ARRAY_N(RULES); i++)
        n += alerts->states[i].active && RULES[i].severity >= severity;
    return n;
}

const struct alerts_episode *alerts_recent(const struct alerts *alerts, unsigned i)
{
    uint64_t n = alerts->episodes < ALERTS_RECENT ? alerts->episodes : ALERTS_RECENT;

    return i < n ? &alerts->recent[(alerts->episodes - 1 - i) % ALERTS_RECENT] : NULL;
}
