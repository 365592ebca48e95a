/* test_vitals.c -- what the alerts are judged by: each fact comes from its own metric, a disk that
 * hangs holds nobody up, and memory is what the machine and the control groups leave. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/compiler.h"
#include "net/tls.h"
#include "ops/memory.h"
#include "ops/process.h"
#include "server/vitals.h"

#define DEADLINE_MS 10000
#define DAY_MS      UINT64_C(86400000)
#define STATE       "/nonexistent/state"

/* -- what is not ours -------------------------------------------------------------------------- */

static const char *trouble = "";
static sem_t disk_answers;
static atomic_bool disk_hangs;

const char *__wrap_store_trouble(const struct store *store);
uint64_t __wrap_tls_expiry_ms(const char *certificate);
int __wrap_statvfs(const char *path, struct statvfs *disk);

const char *__wrap_store_trouble(const struct store *store)
{
    (void)store;
    return trouble;
}

uint64_t __wrap_tls_expiry_ms(const char *certificate)
{
    return clock_wall_ms() + (strcmp(certificate, "web.pem") == 0 ? 3 : 9) * DAY_MS;
}

/* 3.1 % of a disk of 10 GB. */
int __wrap_statvfs(const char *path, struct statvfs *disk)
{
    if (disk_hangs)
        sem_wait(&disk_answers);
    if (strcmp(path, STATE) != 0)
        return -1;
    *disk = (struct statvfs){.f_frsize = 1000, .f_blocks = 10000000, .f_bavail = 310000};
    return 0;
}

/* -- the server -------------------------------------------------------------------------------- */

static struct config config = {.state = (char *)STATE,
                               .flush_ms = 4321,
                               .worker_queue = 77,
                               .certificate = (char *)"game.pem",
                               .https_listen.items_n = 1,
                               .https_certificate = (char *)"web.pem"};

static const struct alerts_facts *newest(const struct vitals *vitals)
{
    const struct alerts *alerts = vitals_alerts(vitals);

    assert_true(alerts->looks > 0);
    return &alerts->held[(alerts->looks - 1) % ALERTS_HELD];
}

static struct vitals *begin(struct event_base *base)
{
    struct error error;
    struct vitals *vitals = vitals_new(base, NULL, &error);

    assert_non_null(vitals);
    vitals_set(vitals, &config);
    return vitals;
}

/* Each has a number of its own, so that none can stand for another. */
static void each_fact_is_of_its_metric(void **state)
{
    struct event_base *base = event_base_new();
    const struct alerts_facts *facts;
    struct vitals *vitals;

    (void)state;
    metrics_add(METRIC_TICKS, 1001);
    metrics_add(METRIC_TICKS_MISSED, 1002);
    metrics_add(METRIC_LOGINS_OK, 1003);
    metrics_add(METRIC_LOGINS_FAILED, 1004);
    metrics_add(METRIC_TLS_FAILED, 1005);
    metrics_add(METRIC_REFUSED_ADDRESS, 1000);
    metrics_add(METRIC_HTTP_LIMITED, 6);
    metrics_add(METRIC_AUDIT_LOST, 7);
    metrics_add(METRIC_CHAT_LOG_LOST, 1000);
    metrics_member(METRIC_GROUP_HTTP_REQUESTS, 0, "class=\"read\",status=\"5xx\"");
    metrics_member(METRIC_GROUP_HTTP_REQUESTS, 1, "class=\"read\",status=\"4xx\"");
    metrics_member(METRIC_GROUP_HTTP_REQUESTS, 2, "class=\"login\",status=\"5xx\"");
    metrics_member_add(METRIC_GROUP_HTTP_REQUESTS, 0, 1000);
    metrics_member_add(METRIC_GROUP_HTTP_REQUESTS, 1, 50000);
    metrics_member_add(METRIC_GROUP_HTTP_REQUESTS, 2, 8);
    metrics_set(METRIC_TEMPO, 901);
    metrics_set(METRIC_WAITING, 902);
    metrics_set(METRIC_IO_STUCK, 903);
    metrics_set(METRIC_STORE_QUEUE, 904);
    metrics_set(METRIC_SAVES_PENDING, 905);
    metrics_set(METRIC_WORKER_QUEUE, 906);
    metrics_set(METRIC_DURABLE_MS, 907);
    metrics_observe(METRIC_TICK_US, 100);
    metrics_observe(METRIC_SWEEP_US, 200);
    metrics_observe(METRIC_STORE_US, 300);
    metrics_observe(METRIC_STORE_WAIT_US, 400);
    vitals = begin(base);
    facts = newest(vitals);
    assert_int_equal(facts->ticks, 1001);
    assert_int_equal(facts->ticks_missed, 1002);
    assert_int_equal(facts->logins_ok, 1003);
    assert_int_equal(facts->logins_failed, 1004);
    assert_int_equal(facts->handshakes_failed, 1005);
    assert_int_equal(facts->refused, 1006);
    assert_int_equal(facts->records_lost, 1007);
    assert_int_equal(facts->http_failed, 1008);
    assert_int_equal(facts->tempo_permille, 901);
    assert_int_equal(facts->waiting, 902);
    assert_int_equal(facts->io_stuck, 903);
    assert_int_equal(facts->store_queue, 904);
    assert_int_equal(facts->saves_pending, 905);
    assert_int_equal(facts->hashes_waiting, 906);
    assert_int_equal(facts->durable_ms, 907);
    assert_int_equal(facts->hashes_max, 77);
    assert_int_equal(facts->flush_ms, 4321);
    assert_int_equal(facts->tick_us.sum_us, 100);
    assert_int_equal(facts->sweep_us.sum_us, 200);
    assert_int_equal(facts->store_us.sum_us, 300);
    assert_int_equal(facts->store_wait_us.sum_us, 400);
    assert_false(facts->door_shut || facts->journal_stopped || facts->store_away);
    assert_in_range(facts->certificate_s, 3 * 86400 - 60, 3 * 86400); /* the first to expire */
    assert_in_range(facts->memory_free_permille, 1, 1000);
    assert_in_range(facts->files_permille, 0, 1000);
    assert_in_range(facts->wall_ms, clock_wall_ms() - DEADLINE_MS, clock_wall_ms());
    vitals_free(vitals);
    event_base_free(base);
}

/* The truths, one after the other: no two are one. */
static void each_truth_is_its_own(void **state)
{
    struct event_base *base = event_base_new();

    (void)state;
    for (int one = 0; one < 3; one++) {
        struct vitals *vitals;

        metrics_set(METRIC_DOOR_SHUT, one == 0);
        metrics_set(METRIC_JOURNAL_STOPPED, one == 1);
        trouble = one == 2 ? "no connection" : "";
        vitals = begin(base);
        assert_int_equal(newest(vitals)->door_shut, one == 0);
        assert_int_equal(newest(vitals)->journal_stopped, one == 1);
        assert_int_equal(newest(vitals)->store_away, one == 2);
        vitals_free(vitals);
    }
    trouble = "";
    event_base_free(base);
}

/* The loop turns and looks each second, though the disk does not answer; what it says then counts.
 */
static void a_disk_that_hangs_holds_nobody_up(void **state)
{
    struct event_base *base = event_base_new();
    uint64_t end_ms = clock_steady_ms() + DEADLINE_MS;
    struct vitals *vitals;

    (void)state;
    assert_int_equal(sem_init(&disk_answers, 0, 0), 0);
    disk_hangs = true;
    vitals = begin(base);
    while (vitals_alerts(vitals)->looks < 3) {
        assert_true(clock_steady_ms() < end_ms);
        event_base_loop(base, EVLOOP_ONCE);
    }
    assert_int_equal(newest(vitals)->disk_free_permille, -1);
    disk_hangs = false;
    sem_post(&disk_answers);
    while (newest(vitals)->disk_free_permille == -1) {
        assert_true(clock_steady_ms() < end_ms);
        event_base_loop(base, EVLOOP_ONCE);
    }
    assert_int_equal(newest(vitals)->disk_free_permille, 31);
    vitals_free(vitals);
    event_base_free(base);
    sem_destroy(&disk_answers);
}

/* -- memory ------------------------------------------------------------------------------------ */

static char root[] = "/tmp/openmmo-vitals-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[200];
    FILE *out;

    snprintf(path, sizeof(path), "%s/%s", root, name);
    if (text == NULL) {
        unlink(path);
        return;
    }
    out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

/* In KiB: 1000 of 4000 are free, and what else a meminfo says. */
#define MEMINFO                                                                                    \
    "MemTotal:        4000 kB\nMemFree:          100 kB\nMemAvailable:    1000 kB\n"               \
    "Buffers: 7 kB\n"
#define NODE(n)                                                                                    \
    "Node " n " MemTotal:  2000 kB\nNode " n " MemFree:  100 kB\nNode " n " Active:  999 kB\n"     \
    "Node " n " Active(file): 50 kB\nNode " n " Inactive(file): 40 kB\nNode " n " SReclaimable: "  \
    "10 kB\n"
#define STAT "anon 500\nfile 400\nactive_file 100\ninactive_file 60\nslab_reclaimable 40\n"

static void memory_is_the_least_that_is_left(void **state)
{
    /* clang-format off */
    static const struct { const char *meminfo, *group, *max_b, *high_b, *used_b, *stat_b, *max_a, *used_a; int64_t free; } CASES[] = {
        {MEMINFO, NULL,                      NULL, NULL, NULL, NULL, NULL, NULL, 250},
        {NULL,    NULL,                      NULL, NULL, NULL, NULL, NULL, NULL, 100}, /* by node */
        {MEMINFO, "0::/a/b\n",               "max\n", "max\n", "900\n", NULL, NULL, NULL, 250},
        {MEMINFO, "0::/a/b\n",               "1000\n", "max\n", "900\n", NULL, NULL, NULL, 100},
        {NULL,    "0::/a/b\n",               "1000\n", NULL, "970\n", NULL, NULL, NULL, 30},
        {MEMINFO, "0::/a/b\n",               "1000\n", "max\n", "900\n", STAT, NULL, NULL, 250}, /* 300 */
        {MEMINFO, "0::/a/b\n",               "1000\n", "max\n", "990\n", STAT, NULL, NULL, 210},
        {MEMINFO, "0::/a/b\n",               "max\n", "1000\n", "1100\n", NULL, NULL, NULL, 0},
        {MEMINFO, "0::/a/b\n",               "9000\n", "1000\n", "940\n", NULL, "max\n", "9\n", 60},
        {MEMINFO, "0::/a/b\n",               "max\n", "max\n", "900\n", NULL, "1000\n", "980\n", 20}, /* above us */
        {MEMINFO, "12:memory:/x\n0::/a/b\n", "1000\n", NULL, "950\n", NULL, NULL, NULL, 50},
        {MEMINFO, "12:memory:/a/b\n",        "1000\n", NULL, "950\n", NULL, NULL, NULL, 250}, /* none of these */
        {MEMINFO, "0::/a/c\n",               "1000\n", NULL, "950\n", NULL, NULL, NULL, 250}, /* a group that is gone */
        {MEMINFO, "0::/../a/b\n",            "1000\n", NULL, "950\n", NULL, NULL, NULL, 250}, /* the root is ours */
        {MEMINFO, "0::/\n",                  "1000\n", NULL, "950\n", NULL, NULL, NULL, 250},
        {MEMINFO, "0::/a/b\n",               "1000\n", NULL, NULL, NULL, NULL, NULL, 250},
        {MEMINFO, "0::/a/b\n",               "much\n", "\n", "950\n", "x", NULL, NULL, 250},
        {"MemTotal: 4000 kB\n", NULL,        NULL, NULL, NULL, NULL, NULL, NULL, -1},
        {"MemTotal: 4000 kB\nMemAvailable: 0 kB\n", NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0},
        {"", "",                             NULL, NULL, NULL, NULL, NULL, NULL, 100},
    };
    static const char *const FOLDERS[] = {"nodes", "nodes/node0", "nodes/node1", "groups", "groups/a", "groups/a/b"};
    /* clang-format on */
    char meminfo[64], nodes[64], groups[64], group[64], command[80];
    const struct memory_places places = {meminfo, nodes, groups, group};

    (void)state;
    assert_non_null(mkdtemp(root));
    for (size_t i = 0; i < ARRAY_N(FOLDERS); i++) {
        snprintf(command, sizeof(command), "%s/%s", root, FOLDERS[i]);
        assert_int_equal(mkdir(command, 0700), 0);
    }
    snprintf(meminfo, sizeof(meminfo), "%s/meminfo", root);
    snprintf(nodes, sizeof(nodes), "%s/nodes", root);
    snprintf(groups, sizeof(groups), "%s/groups", root);
    snprintf(group, sizeof(group), "%s/group", root);
    put("nodes/node0/meminfo", NODE("0"));
    put("nodes/node1/meminfo", NODE("1"));
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        int64_t free_permille;

        put("meminfo", CASES[i].meminfo);
        put("group", CASES[i].group);
        put("groups/a/b/memory.max", CASES[i].max_b);
        put("groups/a/b/memory.high", CASES[i].high_b);
        put("groups/a/b/memory.current", CASES[i].used_b);
        put("groups/a/b/memory.stat", CASES[i].stat_b);
        put("groups/a/memory.max", CASES[i].max_a);
        put("groups/a/memory.current", CASES[i].used_a);
        free_permille = memory_free_permille(&places);
        if (free_permille != CASES[i].free)
            fail_msg("case %zu: %d", i, (int)free_permille);
    }
    /* In a container the root has a limit of its own. */
    put("meminfo", MEMINFO);
    put("group", "0::/\n");
    put("groups/memory.max", "1000\n");
    put("groups/memory.current", "940\n");
    assert_int_equal(memory_free_permille(&places), 60);
    put("nodes/node0/meminfo", NULL);
    put("nodes/node1/meminfo", NULL);
    put("meminfo", NULL);
    put("group", NULL);
    assert_int_equal(memory_free_permille(&places), -1);
    snprintf(command, sizeof(command), "rm -rf %s", root);
    assert_int_equal(system(command), 0);
}

/* A kernel before 6.2 has the files counted one by one, as fdinfo still has: when none is left to
 * do that with, that is what an alert is for. */
static void when_no_file_is_left_all_are_used(void **state)
{
    struct rlimit before, few;
    int64_t some, all;
    int fds[64], n = 0;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    some = process_files("/proc/self/fdinfo");
    while (n < 64 && (fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        n++;
    all = process_files("/proc/self/fdinfo");
    while (n > 0)
        close(fds[--n]);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_in_range(some, 3, 60);
    assert_int_equal(all, 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fact_is_of_its_metric),
        cmocka_unit_test(each_truth_is_its_own),
        cmocka_unit_test(a_disk_that_hangs_holds_nobody_up),
        cmocka_unit_test(memory_is_the_least_that_is_left),
        cmocka_unit_test(when_no_file_is_left_all_are_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
