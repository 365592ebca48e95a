/* crowd.c -- see crowd.h: the daemon, the bots and the witnesses. */
#include "config.h"

#include "crowd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "../server/standstill.h"

#define TRAIL       128 /* moves that are remembered, at 20 a second */
#define TURN        577 /* of a full circle of 65536, each pump: no place is met again within 5 s */
#define GRACE_MS    1500
#define SAVE_UP_MS  500
#define SAMPLES_MAX (1 << 17)

struct daemon server;
struct party *party;
struct player *crowd_witness[CROWD_WITNESSES];

/* Where a witness's moves led, the newest in front of `n`. */
struct trail {
    uint32_t seq; /* of the last one written down */
    unsigned n;
    struct {
        uint64_t ms;
        int32_t x, z;
    } at[TRAIL];
};

static struct trail trails[CROWD_WITNESSES];
static unsigned shown[CROWD_WITNESSES]
                     [CROWD_WITNESSES]; /* [viewer][other]: of the trail, so many */
static uint32_t samples_ms[SAMPLES_MAX];
static unsigned samples_n;
static unsigned from_n[CROWD_WITNESSES]; /* moves from here on are measured */
static pid_t bots, held;                 /* held: a thread of the daemon, 0: none */
static char report_path[128], words_path[128];

/* ---- the witnesses ---- */

/* Write down the move that was just made, and turn a little. */
static void note_move(unsigned i)
{
    struct player *p = crowd_witness[i];
    struct trail *trail = &trails[i];
    unsigned at = trail->n % TRAIL;

    if (p->seq == trail->seq)
        return;
    trail->seq = p->seq;
    trail->at[at].ms = now_ms();
    trail->at[at].x = space_wire(p->predicted.pos.x);
    trail->at[at].z = space_wire(p->predicted.pos.z);
    trail->n++;
    p->intent.heading = p->intent.yaw = (uint16_t)(p->intent.heading + TURN);
}

/* What the viewer is shown of the other: all moves up to there have come. */
static void look(unsigned viewer, unsigned other)
{
    const struct replica_entity *seen = player_sees(crowd_witness[viewer], crowd_witness[other]);
    struct trail *trail = &trails[other];
    unsigned *known = &shown[viewer][other], oldest = trail->n > TRAIL ? trail->n - TRAIL : 0;
    unsigned at = trail->n;

    if (seen == NULL)
        return;
    if (*known < oldest)
        *known = oldest;
    for (; at > *known; at--) {
        if (trail->at[(at - 1) % TRAIL].x == space_wire(seen->pos.x) &&
            trail->at[(at - 1) % TRAIL].z == space_wire(seen->pos.z))
            break;
    }
    for (; *known < at; (*known)++) {
        if (*known >= from_n[other] && samples_n < SAMPLES_MAX)
            samples_ms[samples_n++] = (uint32_t)(now_ms() - trail->at[*known % TRAIL].ms);
    }
}

static void turn(void (*each)(void))
{
    party_pump(party, 5);
    for (unsigned i = 0; i < CROWD_WITNESSES; i++)
        note_move(i);
    for (unsigned i = 0; i < CROWD_WITNESSES * CROWD_WITNESSES; i++) {
        if (i / CROWD_WITNESSES != i % CROWD_WITNESSES)
            look(i / CROWD_WITNESSES, i % CROWD_WITNESSES);
    }
    if (each != NULL)
        each();
}

void crowd_live(unsigned ms, void (*each)(void))
{
    for (uint64_t until_ms = now_ms() + ms; now_ms() < until_ms;)
        turn(each);
}

static int compare(const void *a, const void *b)
{
    return (*(const uint32_t *)a > *(const uint32_t *)b) -
           (*(const uint32_t *)a < *(const uint32_t *)b);
}

/* Moves before to_n that somebody who watches has not been shown. */
static unsigned missing(unsigned witnesses, const unsigned *to_n)
{
    unsigned n = 0;

    for (unsigned i = 0; i < CROWD_WITNESSES * CROWD_WITNESSES; i++) {
        unsigned viewer = i / CROWD_WITNESSES, other = i % CROWD_WITNESSES;

        if (viewer != other && (witnesses >> viewer & witnesses >> other & 1) != 0 &&
            shown[viewer][other] < to_n[other])
            n += to_n[other] - shown[viewer][other];
    }
    return n;
}

struct crowd_phase crowd_watch(unsigned ms, unsigned witnesses, void (*each)(void))
{
    struct crowd_phase phase = {0};
    unsigned to_n[CROWD_WITNESSES];

    samples_n = 0;
    for (unsigned i = 0; i < CROWD_WITNESSES; i++)
        from_n[i] = (witnesses >> i & 1) != 0 ? trails[i].n : UINT32_MAX;
    crowd_live(ms, each);
    for (unsigned i = 0; i < CROWD_WITNESSES; i++)
        to_n[i] = trails[i].n;
    for (uint64_t until_ms = now_ms() + GRACE_MS; now_ms() < until_ms && missing(witnesses, to_n);)
        turn(each);
    phase.lost_n = missing(witnesses, to_n);
    phase.seen_n = samples_n;
    qsort(samples_ms, samples_n, sizeof(samples_ms[0]), compare);
    if (samples_n > 0) {
        phase.p50_ms = samples_ms[samples_n / 2];
        phase.p99_ms = samples_ms[(size_t)samples_n * 99 / 100];
        phase.max_ms = samples_ms[samples_n - 1];
    }
    return phase;
}

struct crowd_phase crowd_watch_as(const char *name, unsigned ms, void (*each)(void))
{
    long long sent = crowd_metric("sent_bytes_total"),
              full = crowd_metric("blocks_full_sent_total");
    struct crowd_phase phase = crowd_watch(ms, CROWD_ALL, each);

    phase.sent_bytes = crowd_metric("sent_bytes_total") - sent;
    phase.full_n = crowd_metric("blocks_full_sent_total") - full;
    print_message("%-10s %6u seen, %u lost; p50 %llu, p99 %llu, max %llu ms; %lld KB sent, %lld "
                  "full blocks; %ld KiB\n",
                  name, phase.seen_n, phase.lost_n, (unsigned long long)phase.p50_ms,
                  (unsigned long long)phase.p99_ms, (unsigned long long)phase.max_ms,
                  phase.sent_bytes / 1000, phase.full_n, crowd_rss_kib());
    return phase;
}

void crowd_believe(unsigned witness)
{
    struct player *p = crowd_witness[witness];

    player_stand(p);
    UNTIL(party, DEADLINE_MS, player_is_still(p));
    p->predicted = (struct movement_state){.pos = p->self.pos,
                                           .velocity_y = p->self.velocity_y,
                                           .yaw = p->self.yaw,
                                           .airborne = p->self.airborne};
    p->dropped = 0;
    for (uint64_t until_ms = now_ms() + SAVE_UP_MS; now_ms() < until_ms;)
        party_pump(party, 10);
    player_walk(p, p->intent.heading, MOVEMENT_WALK);
}

/* ---- the bots ---- */

static void start_bots(unsigned n)
{
    char port[8], players[12];
    const char *const arguments[] = {
        "openmmo-bots", "--port", port, "--players", players,      "--rate", "200", "--at-once",
        "40",           "--talk", "1",  "--json",    "--scenario", "crowd",  NULL};

    snprintf(port, sizeof port, "%u", server.port);
    snprintf(players, sizeof players, "%u", n);
    snprintf(report_path, sizeof report_path, "%s/report", server.dir);
    snprintf(words_path, sizeof words_path, "%s/words", server.dir);
    fflush(NULL);
    bots = fork();
    assert_true(bots >= 0);
    if (bots > 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(open(report_path, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
    dup2(open(words_path, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    execv("./openmmo-bots", (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static bool bots_said(const char *text)
{
    char words[4096] = "";
    FILE *file = fopen(words_path, "r");

    if (file != NULL) {
        words[fread(words, 1, sizeof words - 1, file)] = '\0';
        fclose(file);
    }
    return strstr(words, text) != NULL;
}

static bool bots_ended(int *status)
{
    if (bots > 0 && waitpid(bots, status, WNOHANG) == bots)
        bots = 0;
    return bots == 0;
}

void crowd_verdict(void)
{
    int status = 0;
    json_error_t wrong;
    json_t *report;
    char *text;

    assert_false(bots_ended(&status));
    kill(bots, SIGTERM);
    UNTIL(party, 3 * DEADLINE_MS, bots_ended(&status));
    report = json_load_file(report_path, 0, &wrong);
    if (report == NULL)
        fail_msg("the bots say nothing: %s", wrong.text);
    text = json_dumps(report, JSON_COMPACT);
    print_message("the crowd: %s\n", text);
    if (!json_is_true(json_object_get(report, "good")) || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0)
        fail_msg("the crowd was not left in peace: %s", text);
    free(text);
    json_decref(report);
}

/* ---- a thread that stands still ---- */

bool crowd_hold(const char *thread)
{
    pid_t id = standstill_thread(server.pid, thread);

    if (!standstill_begin(id))
        return false;
    held = id;
    return true;
}

void crowd_let_go(void)
{
    if (held > 0)
        standstill_end(held);
    held = 0;
}

/* ---- the whole ---- */

void crowd_begin(const char *more_ini, unsigned bots_n)
{
    daemon_make(&server, more_ini);
    daemon_start(&server, NULL);
    party = party_new();
    memset(trails, 0, sizeof trails);
    memset(shown, 0, sizeof shown);
    start_bots(bots_n);
    for (unsigned i = 0; i < CROWD_WITNESSES; i++) {
        char name[16];

        snprintf(name, sizeof name, "witness%u", i);
        crowd_witness[i] = player_new_account(party, &server, name);
    }
    for (uint64_t until_ms = now_ms() + SAVE_UP_MS; now_ms() < until_ms;)
        party_pump(party, 10); /* as who looks around first: then a late packet costs nothing */
    for (unsigned i = 0; i < CROWD_WITNESSES; i++)
        player_walk(crowd_witness[i], (uint16_t)(i << 13), MOVEMENT_WALK);
    for (uint64_t until_ms = now_ms() + 3 * DEADLINE_MS; !bots_said("it is measured");) {
        if (now_ms() > until_ms)
            fail_msg("the crowd does not come together");
        crowd_live(50, NULL);
    }
}

void crowd_clear(void)
{
    crowd_let_go();
    if (bots > 0) {
        kill(bots, SIGKILL);
        waitpid(bots, NULL, 0);
        bots = 0;
    }
    party_free(party);
    party = NULL;
    daemon_remove(&server);
}

long long crowd_metric(const char *name)
{
    char whole[100];

    snprintf(whole, sizeof whole, "openmmo_%s", name);
    return daemon_metric(&server, whole);
}

long crowd_rss_kib(void)
{
    char path[40];
    long total = 0, resident = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)server.pid);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &total, &resident), 2);
    fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}
