/* test_operating.c -- the daemon under the hands of an operator: stops at bad moments, signals that
 * come twice, one loop or several, a log that nobody reads, a log that strangers write into. Each
 * test has a daemon of its own. */
#include "stage.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#define IDLE_PERCENT 4

static unsigned count(const char *text, const char *word)
{
    unsigned n = 0;

    for (; (text = strstr(text, word)) != NULL; text += strlen(word))
        n++;
    return n;
}

/* Two who walk, talk and see each other; whoever arrives anew takes the older's place. */
static void live(unsigned io_threads)
{
    char option[40];
    const char *const extra[] = {option, NULL};
    struct player *alice, *bob, *again;

    snprintf(option, sizeof(option), "--net.io_threads=%u", io_threads);
    daemon_start(&server, extra);
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    player_walk(alice, 0x2000, MOVEMENT_WALK);
    UNTIL(party, DEADLINE_MS, player_sees(bob, alice) != NULL);
    player_chat(alice, PROTOCOL_CHANNEL_GLOBAL, "hello");
    UNTIL(party, DEADLINE_MS, player_heard(bob, "hello"));
    player_stand(alice);
    UNTIL(party, DEADLINE_MS, player_is_still(alice) && player_sees_truly(bob, alice));
    again = player_returns(party, &server, "alice");
    UNTIL(party, DEADLINE_MS, alice->gone && player_sees_truly(bob, again));
    assert_int_equal(alice->farewell, PROTOCOL_REASON_REPLACED);
    assert_int_equal(daemon_terminate(&server), 0);
    UNTIL(party, DEADLINE_MS, bob->gone && again->gone);
    assert_int_equal(bob->farewell, PROTOCOL_REASON_SHUTTING_DOWN);
}

static void test_one_loop(void **state)
{
    (void)state;
    live(0);
}

static void test_two_io_threads(void **state)
{
    (void)state;
    live(2);
}

/* CPU time of all its threads. */
static double daemon_cpu_ms(void)
{
    char path[64];
    struct dirent *entry;
    double sum_ns = 0;
    DIR *tasks;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)server.pid);
    tasks = opendir(path);
    assert_non_null(tasks);
    while ((entry = readdir(tasks)) != NULL) {
        char file_path[400];
        unsigned long long ns = 0;
        FILE *file;

        snprintf(file_path, sizeof(file_path), "%s/%s/schedstat", path, entry->d_name);
        file = fopen(file_path, "r");
        if (file == NULL)
            continue;
        if (fscanf(file, "%llu", &ns) == 1)
            sum_ns += (double)ns;
        fclose(file);
    }
    closedir(tasks);
    assert_true(sum_ns > 0); /* else the kernel counts nothing */
    return sum_ns / 1e6;
}

/* What it takes of a core in two seconds, in percent. */
static double idle_percent(void)
{
    double before_ms = daemon_cpu_ms();
    uint64_t from_ms = now_ms();

    while (now_ms() < from_ms + 2000)
        party_pump(party, 50);
    return (daemon_cpu_ms() - before_ms) * 100 / (double)(now_ms() - from_ms);
}

/* An empty world costs nothing, before anybody has come and after they have gone. (0.3 % by
 * bench/run; a sanitizer's share is in the bound.) */
static void test_empty(void **state)
{
    struct player *alice;

    (void)state;
    daemon_start(&server, NULL);
    UNTIL(party, DEADLINE_MS, idle_percent() < IDLE_PERCENT);
    alice = player_new_account(party, &server, "alice");
    player_walk(alice, 0x2000, MOVEMENT_WALK);
    UNTIL(party, DEADLINE_MS, alice->selves_n > 20);
    player_leave(alice);
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_players") == 0);
    UNTIL(party, DEADLINE_MS, idle_percent() < IDLE_PERCENT);
}

/* Some logins are with the workers, some with the store, some with the world. */
static void test_stop_amid_logins(void **state)
{
    const char *const slow[] = {"--accounts.argon2_memory=8MiB", NULL};
    struct player *players[12];
    char name[20];

    (void)state;
    daemon_start(&server, slow);
    for (unsigned i = 0; i < 12; i++)
        players[i] = player_connect(party, &server);
    for (unsigned i = 0; i < 12; i++)
        UNTIL(party, DEADLINE_MS, players[i]->greeted);
    for (unsigned i = 0; i < 12; i++) {
        snprintf(name, sizeof(name), "late%u", i);
        player_register(players[i], name, PASSWORD);
    }
    UNTIL(party, DEADLINE_MS, players[1]->welcomed);
    daemon_signal(&server, SIGTERM);
    for (unsigned i = 0; i < 12; i++) {
        UNTIL(party, DEADLINE_MS, players[i]->gone);
        assert_int_equal(players[i]->farewell, PROTOCOL_REASON_SHUTTING_DOWN);
    }
    assert_int_equal(daemon_wait_exit(&server), 0);
    party_free(party);
    party = party_new();
    daemon_start(&server, NULL); /* who was welcomed was remembered */
    player_returns(party, &server, "late1");
}

/* Stop with somebody there who does not take the last word; SIGTERM comes so often. Returns how
 * long it took. */
static uint64_t stop_with_deaf(unsigned signals_n)
{
    uint64_t begun_ms;

    player_new_account(party, &server, "deaf")->deaf = true;
    begun_ms = now_ms();
    daemon_signal(&server, SIGTERM);
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "event=stopping"));
    for (unsigned i = 1; i < signals_n; i++)
        daemon_signal(&server, SIGTERM);
    assert_int_equal(daemon_wait_exit(&server), 0);
    assert_true(daemon_said(&server, "event=stopped lost=0"));
    assert_int_equal(daemon_said(&server, "event=hurrying"), signals_n > 1);
    return now_ms() - begun_ms;
}

static void test_stop_asked_twice(void **state)
{
    uint64_t patient_ms, hurried_ms;

    (void)state;
    daemon_start(&server, NULL);
    patient_ms = stop_with_deaf(1);
    party_free(party);
    party = party_new();
    unlink(server.log_path);
    unlink(server.store_path);
    daemon_start(&server, NULL);
    hurried_ms = stop_with_deaf(2);
    assert_true(patient_ms >= 1900); /* it waits two seconds for the deaf one */
    assert_true(hurried_ms < patient_ms);
}

/* However often it is asked, it saves: here the database is locked by another for a while. */
static void test_stop_never_skips_the_save(void **state)
{
    struct player *alice;
    struct space_pos place;
    sqlite3 *db = NULL;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    assert_int_equal(sqlite3_open(server.store_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, DEADLINE_MS);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    player_walk(alice, 0x3000, MOVEMENT_WALK);
    UNTIL(party, DEADLINE_MS, alice->self.seq > 20);
    player_stand(alice);
    UNTIL(party, DEADLINE_MS, player_is_still(alice));
    place = alice->self.pos;
    daemon_signal(&server, SIGTERM);
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "event=stopping"));
    for (unsigned i = 1; i <= 4; i++) {
        daemon_signal(&server, i % 2 ? SIGINT : SIGTERM);
        UNTIL(party, DEADLINE_MS, count(daemon_log(&server), "event=hurrying") == i);
    }
    assert_true(daemon_running(&server));
    sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    sqlite3_close(db);
    assert_int_equal(daemon_wait_exit(&server), 0);
    assert_true(daemon_said(&server, "event=stopped lost=0"));
    party_free(party);
    party = party_new();
    daemon_start(&server, NULL);
    alice = player_returns(party, &server, "alice");
    assert_true(distance_m(alice->self.pos, place) < 0.01);
}

/* What strangers type reaches the log without a newline, a control or a bidirectional character,
 * and no password or token does, whatever the level. */
static void test_log_under_abuse(void **state)
{
    const char *const debug[] = {"--log.level=debug", NULL};
    struct player *player;
    const char *log;
    char token[PROTOCOL_TOKEN_MAX + 1];

    (void)state;
    daemon_start(&server, debug);
    player = player_new_account(party, &server, "alice");
    snprintf(token, sizeof(token), "%s", player->token);
    player_chat(player, PROTOCOL_CHANNEL_GLOBAL, "a private word");
    UNTIL(party, DEADLINE_MS, player_heard(player, "a private word"));
    player_leave(player);
    player = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, player->greeted);
    player_login(player, "eve\nlevel=error event=forged \x1b]0;x\x07\xe2\x80\xae\xff",
                 "secret one");
    UNTIL(party, DEADLINE_MS, player->notices_n == 1);
    player_login(player, "alice", "secret two");
    UNTIL(party, DEADLINE_MS, player->notices_n == 2);
    player_register(player, "eve\x1b[31m", "secret three");
    UNTIL(party, DEADLINE_MS, player->notices_n == 3);
    token[strlen(token) - 2] ^= 1;
    player_by_token(player, token);
    UNTIL(party, DEADLINE_MS, player->notices_n == 4);
    player_by_token(player, "secret four");
    UNTIL(party, DEADLINE_MS, player->notices_n == 5);
    player_login(player, "secret five", "in the wrong field");
    UNTIL(party, DEADLINE_MS, player->notices_n == 6);
    assert_int_equal(daemon_terminate(&server), 0);
    log = daemon_log(&server);
    assert_true(count(log, "event=login_refused") >= 3);
    assert_non_null(strstr(log, "event=login_refused player=alice"));
    assert_null(strstr(log, "\nlevel=error"));
    assert_null(strstr(log, "\xe2\x80\xae"));
    assert_null(strchr(log, '\xff'));
    for (const char *c = log; *c != '\0'; c++)
        assert_true((unsigned char)*c >= ' ' || *c == '\n');
    assert_null(strstr(log, "secret"));
    assert_null(strstr(log, PASSWORD));
    assert_null(strstr(log, "private word"));
    token[60] = '\0'; /* header and the beginning of the claims */
    assert_null(strstr(log, token));
}

/* Read on; true once the text has come. For one pipe of a test. */
static bool pipe_said(int fd, const char *text)
{
    static char all[1 << 18];
    static size_t n;
    ssize_t got;

    while ((got = read(fd, all + n, sizeof(all) - 1 - n)) > 0)
        n += (size_t)got;
    return strstr(all, text) != NULL;
}

/* stderr is a pipe that nobody empties: the world goes on, and a stop is heard. Who reads late
 * misses nothing, for it waited. */
static void test_log_that_nobody_reads(void **state)
{
    struct player *alice, *other;
    uint32_t selves_n;
    char fill[4096];
    int fd;

    (void)state;
    assert_int_equal(mkfifo(server.log_path, 0600), 0);
    fd = open(server.log_path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    assert_true(fd >= 0);
    memset(fill, 'x', sizeof(fill));
    daemon_start(&server, NULL);
    while (write(fd, fill, sizeof(fill)) > 0) /* no need to wait until it has logged so much */
        continue;
    alice = player_new_account(party, &server, "alice");
    other = player_new_account(party, &server, "other");
    selves_n = alice->selves_n;
    player_walk(alice, 0, MOVEMENT_WALK);
    UNTIL(party, DEADLINE_MS, alice->selves_n > selves_n + 10);
    player_leave(other);
    UNTIL(party, DEADLINE_MS, pipe_said(fd, "event=player_joined player=alice"));
    while (write(fd, fill, sizeof(fill)) > 0)
        continue;
    assert_int_equal(daemon_terminate(&server), 0);
    close(fd);
    unlink(server.log_path);
}

/* A machine that is too slow is late every tick: that is said, but not every time. */
static void test_stalls_do_not_flood_the_log(void **state)
{
    unsigned stops_n = 20, said_n;

    (void)state;
    daemon_start(&server, NULL);
    for (unsigned i = 0; i < stops_n; i++) {
        daemon_signal(&server, SIGSTOP);
        party_pump(NULL, 120);
        daemon_signal(&server, SIGCONT);
        party_pump(NULL, 20);
    }
    assert_int_equal(daemon_terminate(&server), 0);
    said_n = count(daemon_log(&server), "event=stalled");
    assert_true(said_n >= 1 && said_n <= 12);
}

static bool is_at(const struct player *player, double x_m, double z_m)
{
    const struct space_pos at = {(int32_t)(x_m * SPACE_UNITS_PER_M), 0,
                                 (int32_t)(z_m * SPACE_UNITS_PER_M)};

    return distance_m(player->self.pos, at) < 0.01;
}

/* One is put far away, in the middle of his walk; another is brought to him; then all together. It
 * is the truth for everyone, it is kept, and it stands in the audit. */
static void test_players_are_put_elsewhere(void **state)
{
    struct player *alice, *bob;
    const char *answer;
    char params[96];

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    UNTIL(party, DEADLINE_MS, player_sees(bob, alice) != NULL);
    snprintf(params, sizeof(params), "{\"name\":\"ALICE\",\"x\":-700,\"z\":300}");
    answer = daemon_ask(&server, "players.teleport", params);
    assert_non_null(strstr(answer, "\"teleported\":\"alice\""));
    UNTIL(party, DEADLINE_MS, alice->self.teleports == 1);
    assert_true(is_at(alice, -700, 300));
    assert_int_equal(alice->self.pos.y,
                     heightfield_at(alice->field, alice->self.pos.x, alice->self.pos.z));
    UNTIL(party, DEADLINE_MS, player_sees(bob, alice) == NULL);
    answer = daemon_ask(&server, "players.summon", "{\"name\":\"bob\",\"to\":\"alice\"}");
    assert_non_null(strstr(answer, "\"teleported\":\"bob\""));
    UNTIL(party, DEADLINE_MS, bob->self.teleports == 1 && is_at(bob, -700, 300));
    UNTIL(party, DEADLINE_MS, player_sees_truly(bob, alice) && player_sees_truly(alice, bob));
    answer = daemon_ask(&server, "players.teleport",
                        "{\"everyone\":true,\"x\":-40,\"z\":50,\"spread\":8}");
    assert_non_null(strstr(answer, "\"teleported\":2"));
    UNTIL(party, DEADLINE_MS, alice->self.teleports == 2 && bob->self.teleports == 2);
    assert_true(fabs(distance_m(alice->self.pos, bob->self.pos) - 16) < 0.01);
    UNTIL(party, DEADLINE_MS, player_sees_truly(bob, alice) && player_sees_truly(alice, bob));
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "method=players.summon"));
    assert_int_equal(daemon_terminate(&server), 0);
    party_free(party);
    party = party_new();
    daemon_start(&server, NULL);
    bob = player_returns(party, &server, "bob");
    assert_true(fabs(bob->self.pos.x / 4096.0 + 40) < 8.01 &&
                fabs(bob->self.pos.z / 4096.0 - 50) < 8.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_one_loop, NULL),
        STAGED(test_two_io_threads, NULL),
        STAGED(test_empty, NULL),
        STAGED(test_players_are_put_elsewhere, NULL),
        STAGED(test_stop_amid_logins, NULL),
        STAGED(test_stop_asked_twice, NULL),
        STAGED(test_stop_never_skips_the_save, NULL),
        STAGED(test_log_under_abuse, NULL),
        STAGED(test_log_that_nobody_reads, NULL),
        STAGED(test_stalls_do_not_flood_the_log, NULL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
