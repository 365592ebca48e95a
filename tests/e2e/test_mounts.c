/* test_mounts.c -- the daemon on disks that are really full, and beside a journald that hangs. All
 * in a mount namespace of this program's own, where each test has its own small tmpfs; only root
 * can make one. Each ends in one clear line, leaves those playing who play, and goes back to normal
 * when there is room again. */
#define _GNU_SOURCE
#include "stage_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define INI      "[store]\nflush = 500ms\n"
#define WALKERS  40
#define PHASE_MS 10000
#define NOISE_US 100 /* of the mean tick, on a machine that does other things */

static bool apart;           /* we are in a mount namespace of our own */
static char mounted[3][100]; /* by the test that runs */
static unsigned mounted_n;
static char directory[80], ballast[100]; /* of the test's small disk, and what fills it */
static int fillers_n;                    /* who were told that they have an account */
static struct player *walkers[WALKERS];
static struct space_pos places[WALKERS]; /* where they stood in the end */

static int set_apart(void **state)
{
    (void)state;
    apart = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
            mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    return 0;
}

static void need_apart(void)
{
    if (apart)
        return;
    print_message("skipped: no mount namespace of our own\n");
    skip();
}

/* A disk of that size at that place, which is made. */
static void mount_disk(const char *path, const char *size)
{
    char options[60];

    assert_true(mounted_n < 3);
    mkdir(path, 0700);
    snprintf(options, sizeof(options), "size=%s,mode=0700", size);
    assert_int_equal(mount("tmpfs", path, "tmpfs", 0, options), 0);
    snprintf(mounted[mounted_n++], sizeof(mounted[0]), "%s", path);
}

static int clear(void **state)
{
    party_free(party);
    party = NULL;
    if (daemon_running(&server))
        daemon_kill(&server);
    while (mounted_n > 0)
        umount2(mounted[--mounted_n], MNT_DETACH);
    return stage_clear(state);
}

/* Take all the room that the disk has: the file that is in the way. */
static void fill_disk(void)
{
    static const char bytes[4096];
    int fd = open(ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    while (write(fd, bytes, sizeof(bytes)) > 0)
        continue;
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

/* Give some of it back. */
static void leave_room(off_t kib)
{
    struct stat st;

    assert_int_equal(stat(ballast, &st), 0);
    assert_true(st.st_size > kib * 1024);
    assert_int_equal(truncate(ballast, st.st_size - kib * 1024), 0);
}

/* A disk of its own for the test, in the daemon's directory. */
static void small_disk(const char *name, const char *size)
{
    need_apart();
    snprintf(directory, sizeof(directory), "%s/%s", server.dir, name);
    snprintf(ballast, sizeof(ballast), "%s/ballast", directory);
    mount_disk(directory, size);
}

static unsigned said_n(const char *text)
{
    const char *log = daemon_log(&server);
    unsigned n = 0;

    for (; (log = strstr(log, text)) != NULL; log += strlen(text))
        n++;
    return n;
}

/* New accounts until the store takes no more; the one who was told so. */
static struct player *register_until_refused(void)
{
    char name[20];

    for (int i = 0; i < 2000; i++) {
        struct player *player = player_connect(party, &server);

        UNTIL(party, DEADLINE_MS, player->greeted);
        snprintf(name, sizeof(name), "filler%d", i);
        player_register(player, name, PASSWORD);
        UNTIL(party, DEADLINE_MS, player->welcomed || player->notices_n > 0 || player->gone);
        assert_false(player->gone);
        fillers_n = i;
        if (!player->welcomed)
            return player;
        player_leave(player);
    }
    fail_msg("the disk never got full");
    return NULL;
}

/* Whoever was told that he has an account has one. */
static void check_fillers(void)
{
    char text[150];

    snprintf(text, sizeof(text),
             "SELECT count(*) FROM players WHERE username_key LIKE 'filler%%'"
             " AND CAST(substr(username_key, 7) AS INTEGER) < %d",
             fillers_n);
    print_message("%d accounts were acknowledged until the disk was full\n", fillers_n);
    assert_int_equal(sql(text), fillers_n);
}

/* The walker's saved place is where he stood. */
static void check_place(unsigned i)
{
    char text[250];

    snprintf(text, sizeof(text),
             "SELECT count(*) FROM player_positions JOIN players ON players.id = player_id WHERE"
             " username_key = 'walker%u' AND abs(x - %.4f) + abs(z - %.4f) < 0.01",
             i, (double)places[i].x / 4096, (double)places[i].z / 4096);
    assert_int_equal(sql(text), 1);
}

static void walkers_come(void)
{
    char name[16];

    for (unsigned i = 0; i < WALKERS; i++) {
        snprintf(name, sizeof(name), "walker%u", i);
        walkers[i] = player_new_account(party, &server, name);
        player_walk(walkers[i], (uint16_t)(i * 1600), MOVEMENT_WALK);
    }
}

/* The mean tick of a phase that begins now. */
static long long tick_us(void)
{
    uint64_t until_ms = now_ms() + PHASE_MS;
    json_t *status;
    long long us;

    while (now_ms() < until_ms)
        party_pump(party, 10);
    status = result_of("server.status", "{}");
    us = json_integer_value(
        json_object_get(json_object_get(json_object_get(status, "tick"), "over_10s"), "mean_us"));
    json_decref(status);
    return us;
}

static void test_store_on_a_full_disk(void **state)
{
    struct player *alice, *other;
    struct space_pos place;
    unsigned away_n = 0;

    (void)state;
    small_disk("state", "4m");
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    fill_disk();
    other = register_until_refused();
    assert_int_equal(other->notice, PROTOCOL_REASON_STORE_AWAY);
    stage_expect_walking(alice, DEADLINE_MS);
    UNTIL(party, DEADLINE_MS,
          daemon_said(&server, "level=error event=store_away msg=\"the disk is full: cannot write "
                               "database file"));
    for (unsigned i = 0; i < 3 && away_n != said_n("event=store_away"); i++) {
        away_n = said_n("event=store_away"); /* a smaller change may have found room, once */
        stage_expect_walking(alice, DEADLINE_MS);
    }
    stage_expect_walking(alice, DEADLINE_MS);
    assert_int_equal(said_n("event=store_away"), away_n); /* not at each try */
    assert_int_equal(said_n("event=store_back"), away_n - 1);
    assert_int_equal(unlink(ballast), 0);
    UNTIL(party, DEADLINE_MS, said_n("event=store_back") == away_n); /* by itself */
    player_register(other, "other", PASSWORD);
    UNTIL(party, DEADLINE_MS, other->welcomed);
    place = alice->self.pos;
    assert_int_equal(daemon_terminate(&server), 0);
    UNTIL(party, DEADLINE_MS, alice->gone && other->gone);
    daemon_start(&server, NULL);
    alice = player_returns(party, &server, "alice");
    assert_true(distance_m(alice->self.pos, place) < 0.01);
    player_returns(party, &server, "other");
}

/* A crowd walks while the disk takes nothing more: the tick does not notice, nobody is lost, and
 * all that was acknowledged is there afterwards, and where all of them stood. */
static void test_crowd_on_a_full_disk(void **state)
{
    long long quiet_us, full_us;
    struct player *other;

    (void)state;
    small_disk("state", "4m");
    daemon_start(&server, NULL);
    walkers_come();
    quiet_us = tick_us();
    fill_disk();
    leave_room(400); /* some come in yet */
    UNTIL(party, DEADLINE_MS, said_n("event=store_back") == said_n("event=store_away"));
    other = register_until_refused();
    assert_int_equal(other->notice, PROTOCOL_REASON_STORE_AWAY);
    assert_true(fillers_n > 0);
    full_us = tick_us();
    print_message("tick mean: %lld us, with the disk full %lld us\n", quiet_us, full_us);
    assert_in_range(full_us, 0, 2 * quiet_us + NOISE_US);
    assert_true(said_n("event=store_away") > 0);
    for (unsigned i = 0; i < WALKERS; i++) {
        assert_false(walkers[i]->gone);
        player_stand(walkers[i]);
    }
    assert_int_equal(unlink(ballast), 0);
    UNTIL(party, DEADLINE_MS, said_n("event=store_back") == said_n("event=store_away"));
    for (unsigned i = 0; i < WALKERS; i++) {
        UNTIL(party, DEADLINE_MS, player_is_still(walkers[i]));
        places[i] = walkers[i]->self.pos;
    }
    assert_int_equal(daemon_terminate(&server), 0);
    check_fillers();
    for (unsigned i = 0; i < WALKERS; i++)
        check_place(i);
}

/* A stop while the disk is full cannot save: it says what is lost, and its status too. */
static void test_stop_on_a_full_disk(void **state)
{
    struct player *alice;

    (void)state;
    small_disk("state", "4m");
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    fill_disk();
    register_until_refused();
    stage_expect_walking(alice, DEADLINE_MS);
    assert_int_equal(daemon_terminate(&server), 1);
    assert_true(daemon_said(&server, "event=positions_lost"));
    assert_true(daemon_said(&server, "cause=\"the disk is full: cannot write database file"));
    party_free(party);
    party = party_new();
    unlink(ballast);
    daemon_start(&server, NULL); /* what was acknowledged is whole */
    check_fillers();
    player_returns(party, &server, "alice");
}

static void test_journal_on_a_full_disk(void **state)
{
    char journal[100];
    const char *const with_journal[] = {"--journal", journal, NULL}, *out;
    const char *const replay[] = {"--replay", journal, NULL};
    struct player *alice;

    (void)state;
    small_disk("disk", "256k");
    snprintf(journal, sizeof(journal), "%s/world.journal", directory);
    daemon_start(&server, with_journal);
    alice = player_new_account(party, &server, "alice");
    fill_disk();
    player_walk(alice, 0x1000, MOVEMENT_WALK);
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "level=error event=journal_stopped"));
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "reason=\"No space left on device\""));
    stage_expect_walking(alice, DEADLINE_MS);
    assert_int_equal(unlink(ballast), 0);
    stage_expect_walking(alice, DEADLINE_MS);
    assert_int_equal(said_n("event=journal_stopped"), 1);
    assert_int_equal(daemon_terminate(&server), 0);
    if (openmmod_run(replay, &out) != 0)
        fail_msg("what was written does not replay: %s", out);
}

/* The log itself lies on the full disk: nobody waits, and the gap is told when there is room. */
static void test_log_on_a_full_disk(void **state)
{
    struct player *alice;

    (void)state;
    small_disk("disk", "64k");
    snprintf(server.log_path, sizeof(server.log_path), "%s/log", directory);
    daemon_start(&server, NULL);
    UNTIL(NULL, DEADLINE_MS, daemon_said(&server, "event=ready"));
    fill_disk();
    alice = player_new_account(party, &server, "alice");
    for (unsigned i = 0; i < 40; i++) { /* the rest of the log's last page is soon written */
        player_leave(alice);
        alice = player_returns(party, &server, "alice");
    }
    stage_expect_walking(alice, DEADLINE_MS);
    assert_int_equal(unlink(ballast), 0);
    player_leave(alice);
    alice = player_returns(party, &server, "alice");
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "level=warn event=log_lost lost="));
    assert_int_equal(daemon_terminate(&server), 0);
    assert_true(daemon_said(&server, "event=stopped lost=0"));
}

/* ---- a journald that hangs ---- */

/* Listen where journald does, and say that the daemon's stderr is its. */
static int pretend_journald(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), log;
    char stream[64];
    struct stat st;

    mount_disk("/run", "1m");
    mkdir("/run/systemd", 0755);
    mkdir("/run/systemd/journal", 0755);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    log = open(server.log_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(log >= 0);
    assert_int_equal(fstat(log, &st), 0);
    close(log);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    return fd;
}

/* Send until whoever sends to it has to wait. */
static void fill_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket"};
    bool room = true;

    while (room) { /* a sender may have as much under way as its own buffer allows: several */
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
        for (room = false; send(fd, "FILL=1\n", 7, 0) == 7; room = true)
            continue;
        close(fd);
    }
}

/* Take what lies there. True if the text was in one of it. */
static bool socket_said(int fd, const char *text)
{
    static char datagram[1 << 16];
    bool said = false;
    ssize_t n;

    while ((n = recv(fd, datagram, sizeof(datagram), 0)) > 0)
        said = said || memmem(datagram, (size_t)n, text, strlen(text)) != NULL;
    return said;
}

static void test_journald_that_hangs(void **state)
{
    struct player *alice;
    bool joined = false;
    int fd;

    (void)state;
    need_apart();
    fd = pretend_journald();
    fill_socket();
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    stage_expect_walking(alice, DEADLINE_MS);
    assert_string_equal(daemon_log(&server), ""); /* it is the journal that is written to */
    /* journald is back: all that was said meanwhile waited for it, as fields */
    UNTIL(party, DEADLINE_MS,
          (joined = joined || socket_said(fd, "OPENMMO_EVENT=player_joined\nPLAYER=alice\n")));
    fill_socket();
    stage_expect_walking(alice, DEADLINE_MS);
    assert_int_equal(daemon_terminate(&server), 0); /* and the end does not wait for it for long */
    unsetenv("JOURNAL_STREAM");
    close(fd);
}

int main(void)
{
#define APART(test) cmocka_unit_test_prestate_setup_teardown(test, stage_set, clear, (void *)INI)
    const struct CMUnitTest tests[] = {
        APART(test_store_on_a_full_disk), APART(test_crowd_on_a_full_disk),
        APART(test_stop_on_a_full_disk),  APART(test_journal_on_a_full_disk),
        APART(test_log_on_a_full_disk),   APART(test_journald_that_hangs),
    };

    return cmocka_run_group_tests(tests, set_apart, NULL);
}
