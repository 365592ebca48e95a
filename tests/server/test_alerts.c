/* test_alerts.c -- the alerts against time series: each rule comes when it should, not before, is
 * said once while it flickers, and goes; what grows and what only serves more players. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "common/log.h"
#include "ops/alerts.h"
#include "ops/growth.h"

#define NOW_MS UINT64_C(1700000000000)
#define DAY_S  86400
#define PATH   "data/prometheus/openmmo-rules.yml"

/* A server that is well, second after second; what differs from it is changed in `facts`. */
struct room {
    struct alerts alerts;
    struct alerts_facts facts;
    double ticks_a_second, missed_a_second, failed_a_second, ok_a_second;
    double unshaken_a_second, refused_a_second, http_a_second;
    double ticks, missed, failed, ok, unshaken, refused, http; /* so far */
    uint64_t tick_us, sweep_us, store_us, store_wait_us;
    uint64_t lag_ms; /* the watermark keeps so far behind; 0: it stands */
};

static unsigned raised, cleared; /* lines of the log */

static void count_lines(void *context, int64_t time_ms, enum log_level level, const char *event,
                        const char *line)
{
    (void)context, (void)time_ms, (void)level, (void)line;
    raised += strcmp(event, "alert_raised") == 0;
    cleared += strcmp(event, "alert_cleared") == 0;
}

/* All is well, from now on: what was counted stays counted. */
static void recover(struct room *room)
{
    struct alerts_facts *facts = &room->facts;

    facts->tempo_permille = 1000;
    facts->hashes_max = 256;
    facts->hashes_waiting = facts->store_queue = facts->saves_pending = 0;
    facts->waiting = facts->io_stuck = 0;
    facts->door_shut = facts->store_away = facts->journal_stopped = false;
    facts->flush_ms = 5000;
    facts->growth_bytes = 0;
    facts->memory_free_permille = 600;
    facts->disk_free_permille = 400;
    facts->files_permille = 100;
    facts->certificate_s = 300 * DAY_S;
    room->ticks_a_second = 20;
    room->ok_a_second = 2;
    room->missed_a_second = room->failed_a_second = room->unshaken_a_second = 0;
    room->refused_a_second = room->http_a_second = 0;
    room->tick_us = 1500;
    room->sweep_us = 900;
    room->store_us = 700;
    room->store_wait_us = 20;
    room->lag_ms = 0;
}

static int setup(void **state)
{
    struct room *room = calloc(1, sizeof(*room));

    room->facts = (struct alerts_facts){.now_ms = 5000, .wall_ms = NOW_MS, .durable_ms = NOW_MS};
    recover(room);
    raised = cleared = 0;
    log_set_tap(count_lines, NULL);
    *state = room;
    return 0;
}

static int teardown(void **state)
{
    log_set_tap(NULL, NULL);
    free(*state);
    return 0;
}

static void observe(struct metrics_histogram *histogram, uint64_t us)
{
    unsigned bucket = 0;

    while (us > metrics_bucket_us(bucket))
        bucket++;
    histogram->buckets[bucket]++;
    histogram->count++;
    histogram->sum_us += us;
    if (us > histogram->max_us)
        histogram->max_us = us;
}

/* A second more of what happens so often. */
static uint64_t count(double *so_far, double a_second)
{
    *so_far += a_second;
    return (uint64_t)(*so_far + 1e-6);
}

static void pass(struct room *room, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        room->facts.now_ms += 1000;
        room->facts.wall_ms += 1000;
        room->facts.ticks = count(&room->ticks, room->ticks_a_second);
        room->facts.ticks_missed = count(&room->missed, room->missed_a_second);
        room->facts.logins_failed = count(&room->failed, room->failed_a_second);
        room->facts.logins_ok = count(&room->ok, room->ok_a_second);
        room->facts.handshakes_failed = count(&room->unshaken, room->unshaken_a_second);
        room->facts.refused = count(&room->refused, room->refused_a_second);
        room->facts.http_failed = count(&room->http, room->http_a_second);
        if (room->lag_ms > 0)
            room->facts.durable_ms = room->facts.wall_ms - room->lag_ms;
        for (unsigned tick = 0; tick < 20; tick++) {
            observe(&room->facts.tick_us, room->tick_us);
            observe(&room->facts.sweep_us, room->sweep_us);
        }
        observe(&room->facts.store_us, room->store_us);
        observe(&room->facts.store_wait_us, room->store_wait_us);
        alerts_look(&room->alerts, &room->facts);
    }
}

static const struct alerts_state *state_of(const struct room *room, const char *name)
{
    const struct alerts_rule *rule;

    for (unsigned i = 0; (rule = alerts_rule(i)) != NULL; i++) {
        if (strcmp(rule->name, name) == 0)
            return &room->alerts.states[i];
    }
    fail_msg("there is no rule %s", name);
    return NULL;
}

static bool active(const struct room *room, const char *name)
{
    return state_of(room, name)->active;
}

static void test_all_is_well(void **state)
{
    struct room *room = *state;

    pass(room, 7200);
    assert_int_equal(alerts_active_n(&room->alerts, ALERTS_INFO), 0);
    assert_int_equal(room->alerts.changes, 0);
    assert_int_equal(raised + cleared, 0);
    assert_null(alerts_recent(&room->alerts, 0));
}

/* The database is away: after its hold it is said once, with its metric; it flickers, and nothing
 * is said; it is back for its other hold, and that is said. */
static void test_hysteresis(void **state)
{
    struct room *room = *state;
    const struct alerts_state *away = state_of(room, "StoreAway");
    unsigned number = (unsigned)(away - room->alerts.states);

    pass(room, 60);
    room->facts.store_away = true;
    pass(room, 5);
    assert_false(away->active);
    pass(room, 1);
    assert_true(away->active);
    assert_int_equal(away->since_ms, room->facts.wall_ms);
    assert_int_equal(metrics_member_value(METRIC_GROUP_ALERTS, number), 1);
    assert_string_equal(metrics_member_labels(METRIC_GROUP_ALERTS, number), "alert=\"StoreAway\"");
    assert_int_equal(alerts_active_n(&room->alerts, ALERTS_PAGE), 1);
    for (unsigned i = 0; i < 20; i++) {
        room->facts.store_away = i % 2 == 1;
        pass(room, 3);
    }
    assert_true(away->active);
    assert_int_equal(raised, 1);
    assert_int_equal(cleared, 0);
    room->facts.store_away = false;
    pass(room, 5);
    assert_true(away->active);
    pass(room, 1);
    assert_false(away->active);
    assert_int_equal(cleared, 1);
    assert_int_equal(metrics_member_value(METRIC_GROUP_ALERTS, number), 0);
    assert_non_null(metrics_member_labels(METRIC_GROUP_ALERTS, number)); /* 0 is exported too */
    assert_int_equal(alerts_recent(&room->alerts, 0)->rule, number);
    assert_int_equal(alerts_recent(&room->alerts, 0)->cleared_ms, room->facts.wall_ms);
    assert_null(alerts_recent(&room->alerts, 1));
    assert_int_equal(room->alerts.changes, 2);
}

/* Facts that are so from one second on: which alert that is, after how long at least and at most,
 * and in which words. */
struct one {
    const char *name;
    void (*begin)(struct room *room);
    unsigned not_after_s, after_s;
    const char *words;
};

static void stall(struct room *room)
{
    room->ticks_a_second = 0;
}

static void miss(struct room *room)
{
    room->missed_a_second = 3;
}

static void slow(struct room *room)
{
    room->tick_us = 45000;
}

static void slow_down(struct room *room)
{
    room->facts.tempo_permille = 450;
}

static void shut(struct room *room)
{
    room->facts.door_shut = true;
}

static void wait_in_line(struct room *room)
{
    room->facts.waiting = 12;
}

static void stick(struct room *room)
{
    room->facts.io_stuck = 2;
}

static void sweep_long(struct room *room)
{
    room->sweep_us = 45000;
}

static void go_away(struct room *room)
{
    room->facts.store_away = true;
}

static void wait_for_store(struct room *room)
{
    room->store_wait_us = 900000;
}

static void shake(struct room *room)
{
    room->unshaken_a_second = 40;
}

static void refuse(struct room *room)
{
    room->refused_a_second = 40;
}

static void fail_requests(struct room *room)
{
    room->http_a_second = 2;
}

static void queue_up(struct room *room)
{
    room->facts.store_queue = 412;
}

static void slow_store(struct room *room)
{
    room->store_us = 900000;
}

static void leave_behind(struct room *room)
{
    room->facts.durable_ms = room->facts.wall_ms - 3600000; /* nobody moved for an hour */
    room->facts.saves_pending = 40;
}

static void guess(struct room *room)
{
    room->failed_a_second = 30;
}

static void crowd(struct room *room)
{
    room->facts.hashes_waiting = 250;
}

static void files(struct room *room)
{
    room->facts.files_permille = 950;
}

static void grow(struct room *room)
{
    room->facts.growth_bytes = 200 << 20;
}

static void fill_memory(struct room *room)
{
    room->facts.memory_free_permille = 34;
}

static void fill_disk(struct room *room)
{
    room->facts.disk_free_permille = 7;
}

static void expire(struct room *room)
{
    room->facts.certificate_s = 5 * DAY_S;
}

static void stop_journal(struct room *room)
{
    room->facts.journal_stopped = true;
}

static void lose(struct room *room)
{
    room->facts.records_lost += 7;
}

/* -- neither good nor bad: between what raises and what clears -- */

static void miss_few(struct room *room)
{
    room->missed_a_second = 0.1;
}

static void shake_few(struct room *room)
{
    room->unshaken_a_second = 10;
}

static void refuse_few(struct room *room)
{
    room->refused_a_second = 10;
}

static void fail_few(struct room *room)
{
    room->http_a_second = 0.25;
}

static void guess_few(struct room *room)
{
    room->ok_a_second = 0;
    room->failed_a_second = 0.75;
}

static void queue_some(struct room *room)
{
    room->facts.store_queue = 50;
}

static void lag(struct room *room)
{
    room->facts.saves_pending = 40;
    room->lag_ms = 45000;
}

static void crowd_less(struct room *room)
{
    room->facts.hashes_waiting = 160;
}

static void hold_files(struct room *room)
{
    room->facts.files_permille = 870;
}

static void grow_less(struct room *room)
{
    room->facts.growth_bytes = 48 << 20;
}

static void free_some_memory(struct room *room)
{
    room->facts.memory_free_permille = 75;
}

static void free_some_disk(struct room *room)
{
    room->facts.disk_free_permille = 65;
}

/* Those of the rules whose thresholds are two, but for times: what is known of them are the bounds
 * of buckets, of which none lies between. */
static const struct {
    const char *name;
    void (*between)(struct room *room);
} BETWEEN[] = {
    {"TicksLate", miss_few},
    {"HandshakesFail", shake_few},
    {"ConnectionsRefused", refuse_few},
    {"HttpFails", fail_few},
    {"LoginsGuessed", guess_few},
    {"StoreQueue", queue_some},
    {"SavesOld", lag},
    {"LoginsBusy", crowd_less},
    {"FilesShort", hold_files},
    {"MemoryGrowing", grow_less},
    {"MemoryShort", free_some_memory},
    {"DiskShort", free_some_disk},
};

static const struct one ONES[] = {
    {"TickStalled", stall, 10, 25, "the world ticks 0 times a second; 20 are due"},
    {"TicksLate", miss, 30, 40, "2 ticks a second are passed over"},
    {"TickSlow", slow, 30, 45, "one tick in 100 takes up to 45 ms of its 50 ms"},
    {"WorldSlowed", slow_down, 30, 32, "the world runs at 45 % of real time"},
    {"DoorShut", shut, 30, 32, "newcomers wait for the load to be less"},
    {"PlayersWait", wait_in_line, 60, 62, "12 players wait for a place"},
    {"IoStuck", stick, 5, 7, "2 io threads stand still: their players wait"},
    {"SweepsLong", sweep_long, 30, 45, "one sweep of an io thread in 100 takes up to 45 ms"},
    {"StoreAway", go_away, 5, 7,
     "the database does not answer: saves wait, logins are told to try again"},
    {"StoreWaits", wait_for_store, 10, 12,
     "one question in 100 waits up to 900 ms for a connection to the database"},
    {"HandshakesFail", shake, 60, 62, "40 TLS handshakes a second fail"},
    {"ConnectionsRefused", refuse, 15, 17,
     "40 connections and requests a second are refused by a limit"},
    {"HttpFails", fail_requests, 45, 47, "1.6 HTTP requests a second fail"},
    {"StoreQueue", queue_up, 10, 12, "412 questions wait for the database"},
    {"StatementsSlow", slow_store, 60, 65, "one question in 100 takes the database up to 900 ms"},
    {"SavesOld", leave_behind, 60, 63,
     "positions are 62 s old in the database: a crash now takes players back by that"},
    {"LoginsGuessed", guess, 60, 90,
     "30 logins a second fail, more than three times as many as succeed"},
    {"LoginsBusy", crowd, 5, 7,
     "the queue for passwords is full to 98 %: who logs in is told to come later"},
    {"FilesShort", files, 30, 32, "95 % of the file descriptors are used"},
    {"MemoryGrowing", grow, 0, 1,
     "memory grew by 200 MiB in the last hour, and no more players came"},
    {"MemoryShort", fill_memory, 30, 32, "3.4 % of the memory that it may have is free"},
    {"DiskShort", fill_disk, 10, 12, "0.7 % of the state directory's disk is free"},
    {"CertificateExpiring", expire, 0, 1, "a TLS certificate expires in 5 days"},
    {"JournalStopped", stop_journal, 0, 1, "the tick journal has given up"},
    {"RecordsLost", lose, 0, 1,
     "7 records were lost in the last minute: what operators did, what was said, or log lines"},
};

/* Each rule has its row. */
static void check_ones(void)
{
    const struct alerts_rule *rule;

    for (unsigned i = 0; (rule = alerts_rule(i)) != NULL; i++) {
        unsigned n = 0;

        for (size_t k = 0; k < ARRAY_N(ONES); k++)
            n += strcmp(ONES[k].name, rule->name) == 0;
        if (n != 1)
            fail_msg("%s has %u rows", rule->name, n);
    }
}

static void test_each(void **state)
{
    check_ones();
    for (size_t i = 0; i < ARRAY_N(ONES); i++) {
        char words[ALERTS_WORDS];
        struct room *room;
        unsigned number;

        teardown(state);
        setup(state);
        room = *state;
        number = (unsigned)(state_of(room, ONES[i].name) - room->alerts.states);
        pass(room, 120);
        ONES[i].begin(room);
        pass(room, ONES[i].not_after_s);
        if (active(room, ONES[i].name))
            fail_msg("%s comes too early", ONES[i].name);
        pass(room, ONES[i].after_s - ONES[i].not_after_s);
        if (!active(room, ONES[i].name) || alerts_active_n(&room->alerts, ALERTS_INFO) != 1)
            fail_msg("%s: %u alerts are there", ONES[i].name,
                     alerts_active_n(&room->alerts, ALERTS_INFO));
        alerts_words(alerts_rule(number), room->alerts.states[number].peak, words);
        assert_string_equal(words, ONES[i].words);
    }
}

/* Between the two thresholds an alert stays as it is, there or not. NULL: nothing lies there. */
static void stays_between(struct room *room, const struct alerts_rule *rule, bool so)
{
    for (size_t i = 0; i < ARRAY_N(BETWEEN); i++) {
        if (strcmp(BETWEEN[i].name, rule->name) != 0)
            continue;
        BETWEEN[i].between(room);
        pass(room, 400);
        if (active(room, rule->name) != so)
            fail_msg("%s is %s between its thresholds", rule->name, so ? "over" : "raised");
        return;
    }
    if (rule->raise != rule->clear && rule->unit != ALERTS_MILLISECONDS)
        fail_msg("%s has two thresholds and no row of what is between", rule->name);
}

/* Each goes when all is well again, for as long as its row says and not sooner; what lies between
 * its thresholds neither raises it nor ends it. */
static void test_each_ends(void **state)
{
    for (size_t i = 0; i < ARRAY_N(ONES); i++) {
        const struct alerts_rule *rule;
        struct room *room;

        teardown(state);
        setup(state);
        room = *state;
        rule = alerts_rule((unsigned)(state_of(room, ONES[i].name) - room->alerts.states));
        pass(room, 120);
        stays_between(room, rule, false);
        recover(room);
        pass(room, 120);
        ONES[i].begin(room);
        pass(room, ONES[i].after_s);
        assert_true(active(room, rule->name));
        stays_between(room, rule, true);
        assert_int_equal(raised, 1);
        recover(room);
        pass(room, rule->clear_s);
        if (!active(room, rule->name)) /* where it is 0 s no look was taken yet */
            fail_msg("%s is over too early", rule->name);
        pass(room, rule->window_s + 2);
        if (active(room, rule->name) || cleared != 1)
            fail_msg("%s does not end", rule->name);
    }
}

/* Who waits since a moment ago is not behind, however old the watermark is; and a watermark that
 * moves is none that stands. */
static void test_saves_old(void **state)
{
    struct room *room = *state;

    leave_behind(room);
    for (unsigned i = 0; i < 60; i++) {
        pass(room, 5);
        room->facts.durable_ms = room->facts.wall_ms - 4000;
    }
    assert_int_equal(room->alerts.changes, 0);
    room->facts.flush_ms = 600000; /* a rare flush is not late before its third time */
    pass(room, 1700);
    assert_false(active(room, "SavesOld"));
    pass(room, 200);
    assert_true(active(room, "SavesOld"));
    room->facts.saves_pending = 0;
    pass(room, 11);
    assert_false(active(room, "SavesOld"));
}

/* Nothing is lost any more: it stays said for a quarter of an hour. */
static void test_lost_stays(void **state)
{
    struct room *room = *state;

    pass(room, 120);
    lose(room);
    pass(room, 880);
    assert_true(active(room, "RecordsLost"));
    assert_true(state_of(room, "RecordsLost")->value == 0);
    assert_true(state_of(room, "RecordsLost")->peak == 7);
    pass(room, 30);
    assert_false(active(room, "RecordsLost"));
}

/* What cannot be known raises nothing, and ends nothing. */
static void test_unknown(void **state)
{
    struct room *room = *state;
    char words[ALERTS_WORDS];

    fill_disk(room);
    pass(room, 12);
    assert_true(active(room, "DiskShort"));
    room->facts.disk_free_permille = -1;
    room->facts.memory_free_permille = -1;
    room->facts.files_permille = -1;
    room->facts.growth_bytes = -1;
    room->facts.certificate_s = INT64_MAX;
    pass(room, 600);
    assert_int_equal(alerts_active_n(&room->alerts, ALERTS_INFO), 1);
    assert_true(isnan(state_of(room, "DiskShort")->value));
    assert_string_equal(
        alerts_words(alerts_rule((unsigned)(state_of(room, "DiskShort") - room->alerts.states)),
                     state_of(room, "DiskShort")->value, words),
        "? % of the state directory's disk is free");
}

/* The rings go round. */
static void test_many(void **state)
{
    struct room *room = *state;

    for (unsigned i = 0; i < 100; i++) {
        room->facts.journal_stopped = true;
        pass(room, 1);
        room->facts.journal_stopped = false;
        pass(room, 1);
    }
    assert_int_equal(room->alerts.changes, 200);
    assert_int_equal(alerts_recent(&room->alerts, 0)->cleared_ms, room->facts.wall_ms);
    assert_int_equal(alerts_recent(&room->alerts, 63)->cleared_ms,
                     room->facts.wall_ms - UINT64_C(63) * 2000);
    assert_null(alerts_recent(&room->alerts, 64));
}

/* Where the rule of Prometheus that passes it on begins; NULL: none does. */
static const char *passed_on(const char *rules, const char *name)
{
    static const char list[] = "openmmo_alert_active{alert=~\"";
    const char *at = rules;

    while ((at = strstr(at, list)) != NULL) {
        const char *found = strstr(at, name);

        at += sizeof(list) - 1;
        if (found != NULL && found < strchr(at, '"'))
            return at;
    }
    return NULL;
}

/* Rows are whole: thresholds do not cross, texts are there, names are Prometheus's where it has
 * them; others it passes on, and wakes whom they would wake. */
static void test_rows(void **state)
{
    static const char *const SHARED[] = {
        "TickStalled",    "TicksLate",     "TickSlow",       "WorldSlowed", "DoorShut",
        "PlayersWait",    "IoStuck",       "SweepsLong",     "StoreAway",   "SavesOld",
        "StatementsSlow", "LoginsGuessed", "HandshakesFail", "HttpFails",   "FilesShort",
        "JournalStopped", "RecordsLost"};
    static char rules[65536];
    const struct alerts_rule *rule;
    FILE *file = fopen(SOURCE_DIR "/" PATH, "r");
    unsigned shared = 0;

    (void)state;
    assert_non_null(file);
    rules[fread(rules, 1, sizeof(rules) - 1, file)] = '\0';
    fclose(file);
    for (unsigned i = 0; (rule = alerts_rule(i)) != NULL; i++) {
        char line[80], severity[40];
        const char *at;

        assert_true(rule->below ? rule->clear >= rule->raise : rule->clear <= rule->raise);
        assert_true(rule->window_s < ALERTS_HELD);
        assert_true(strlen(rule->says) > 10 && strlen(rule->advice) > 5);
        snprintf(line, sizeof(line), "- alert: Openmmo%s\n", rule->name);
        at = strstr(rules, line);
        shared += at != NULL;
        if (at == NULL)
            at = passed_on(rules, rule->name);
        if (at == NULL && rule->severity == ALERTS_INFO)
            continue;
        if (at == NULL)
            fail_msg("Prometheus never says %s", rule->name);
        snprintf(severity, sizeof(severity), "severity: %s}", alerts_severity_name(rule->severity));
        if (strstr(at, severity) == NULL || strstr(at, severity) > strstr(at, "annotations"))
            fail_msg("%s is no %s", rule->name, alerts_severity_name(rule->severity));
        for (size_t k = 0; k < ARRAY_N(SHARED); k++) {
            if (strcmp(SHARED[k], rule->name) == 0)
                shared += 1000;
        }
    }
    assert_int_equal(shared, 1001 * ARRAY_N(SHARED));
}

/* -- growth ------------------------------------------------------------------------------------ */

static int64_t hours(struct growth *growth, unsigned n, int64_t step_bytes, uint32_t more_players)
{
    static uint64_t now_ms;
    int64_t bytes = 100 << 20;
    uint32_t players = 200;

    for (unsigned i = 0; i < n * 360; i++) {
        now_ms += 10000;
        bytes += step_bytes;
        players += i % 60 == 59 ? more_players : 0;
        /* It goes up and down all the time: only the least of a span counts. */
        growth_note(growth, now_ms, bytes + (int64_t)(i % 7) * 1000000, players - i % 3);
    }
    return growth_bytes(growth);
}

static void test_growth(void **state)
{
    struct growth steady = {0}, leaking = {0}, filling = {0}, young = {0};

    (void)state;
    assert_int_equal(hours(&steady, 5, 0, 0), 0);
    assert_int_equal(hours(&filling, 5, 100000, 10), 0);
    assert_in_range(hours(&leaking, 5, 100000, 0), 35000000, 36000000); /* a step each 10 s */
    assert_int_equal(hours(&young, 1, 100000, 0), 0); /* an hour and its last span */
    growth_note(&young, 1, -1, 0);
    assert_int_equal(growth_bytes(&young), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_is_well, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hysteresis, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each, setup, teardown),
        cmocka_unit_test_setup_teardown(test_each_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_saves_old, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lost_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many, setup, teardown),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_growth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
