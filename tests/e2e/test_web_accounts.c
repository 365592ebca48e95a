/* test_web_accounts.c -- what ends a web client's login: bans, a new password, another name, the
 * end of the account; and what it is told while the database is away or passwords are waited for.
 * On SQLite and on PostgreSQL. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/compiler.h"
#include "stage_store.h"
#include "web.h"

#define NEW_PASSWORD "battery staple"
#define TOKEN_MAX    1100

struct login {
    long long id;
    char access[TOKEN_MAX], refresh[TOKEN_MAX];
};

static int post_names(const char *path, const char *name, const char *password)
{
    char body[512];

    snprintf(body, sizeof(body), "{\"username\":\"%s\",\"password\":\"%s\"}", name, password);
    return web_post(path, body);
}

/* Of the last answer. */
static int take_login(struct login *login)
{
    if (web.status >= 300)
        return web.status;
    login->id = json_integer_value(json_object_get(json_object_get(web.json, "player"), "id"));
    snprintf(login->access, sizeof(login->access), "%s", web_text("access_token"));
    snprintf(login->refresh, sizeof(login->refresh), "%s", web_text("refresh_token"));
    return web.status;
}

static int come_in(const char *path, const char *name, const char *password, struct login *login)
{
    post_names(path, name, password);
    return take_login(login);
}

static struct login registered(const char *name)
{
    struct login login;

    if (come_in("/api/auth/register", name, PASSWORD, &login) != 201)
        fail_msg("%d %s", web.status, web.body);
    return login;
}

static int log_in(const char *name, const char *password, struct login *login)
{
    return come_in("/api/auth/login", name, password, login);
}

static int refresh(const struct login *login)
{
    char body[TOKEN_MAX + 64];

    snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", login->refresh);
    return web_post("/api/auth/refresh", body);
}

/* What an access token opens. */
static int show(const struct login *login)
{
    return web_ask("GET", "/api/sessions", login->access, NULL);
}

static void test_ban_of_an_account(void **state)
{
    struct login anna, later, bob;

    (void)state;
    daemon_start(&server, NULL);
    anna = registered("anna");
    bob = registered("bob");
    assert_int_equal(show(&anna), 200);
    good("bans.add", "{\"player\":\"anna\",\"reason\":\"be kind\"}");
    assert_int_equal(show(&anna), 403);
    assert_non_null(strstr(web_text("error"), "be kind"));
    assert_int_equal(log_in("anna", PASSWORD, &later), 403);
    assert_non_null(strstr(web_text("error"), "be kind"));
    assert_int_equal(log_in("anna", "wrong", &later), 401); /* only who is she is told */
    assert_int_equal(refresh(&anna), 401);
    assert_int_equal(show(&bob), 200);
    good("bans.lift", "{\"player\":\"anna\"}");
    assert_int_equal(refresh(&anna), 401); /* she was logged out everywhere */
    assert_int_equal(log_in("anna", PASSWORD, &later), 200);
    assert_int_equal(show(&later), 200);
}

/* Told so, or closed at once. */
static void test_ban_of_a_network(void **state)
{
    static const char request[] =
        "GET /api/stats HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    (void)state;
    daemon_start(&server, NULL);
    assert_int_equal(web_get("/api/stats"), 200);
    good("bans.add", "{\"network\":\"127.0.0.0/8\",\"reason\":\"all of you\"}");
    web_raw(request, strlen(request));
    assert_true(web.status == 0 || web.status == 403);
    good("bans.lift", "{\"network\":\"127.0.0.0/8\"}");
    assert_int_equal(web_get("/api/stats"), 200);
}

static void change_password(struct player *player, const char *was, const char *fresh,
                            enum protocol_reason answer)
{
    const struct protocol_password message = {wire_text_of(was), wire_text_of(fresh)};
    uint32_t before = player->notices_n;
    struct wire_writer writer;
    uint8_t room[512];

    wire_writer_init(&writer, room, sizeof(room));
    protocol_encode_password(&writer, &message);
    assert_false(writer.bad);
    player_raw(player, room, wire_written(&writer));
    UNTIL(party, DEADLINE_MS, player->notices_n > before);
    assert_int_equal(player->notice, answer);
}

static void test_new_password(void **state)
{
    struct player *player;
    struct login anna, bob;

    (void)state;
    daemon_start(&server, NULL);
    player = player_new_account(party, &server, "anna");
    bob = registered("bob");
    assert_int_equal(log_in("anna", PASSWORD, &anna), 200);
    assert_int_equal(show(&anna), 200);
    change_password(player, PASSWORD, NEW_PASSWORD, PROTOCOL_REASON_NONE);
    assert_int_equal(show(&anna), 401);
    assert_int_equal(refresh(&anna), 401);
    assert_int_equal(log_in("anna", PASSWORD, &anna), 401);
    assert_int_equal(log_in("anna", NEW_PASSWORD, &anna), 200); /* in the same second */
    assert_int_equal(show(&anna), 200);
    assert_int_equal(show(&bob), 200);
}

/* What ended early is not good again after a crash. */
static void test_ends_over_a_crash(void **state)
{
    struct login anna, bob, carol, dora;
    struct player *player;

    (void)state;
    daemon_start(&server, NULL);
    anna = registered("anna");
    bob = registered("bob");
    carol = registered("carol");
    player = player_new_account(party, &server, "dora");
    assert_int_equal(log_in("dora", PASSWORD, &dora), 200);
    good("accounts.set-role", "{\"player\":\"anna\",\"role\":\"moderator\"}");
    good("accounts.rename", "{\"player\":\"bob\",\"to\":\"robert\"}");
    change_password(player, PASSWORD, NEW_PASSWORD, PROTOCOL_REASON_NONE);
    daemon_kill(&server);
    daemon_start(&server, NULL);
    assert_int_equal(show(&anna), 401);
    assert_int_equal(show(&bob), 401);
    assert_int_equal(show(&dora), 401);
    assert_int_equal(show(&carol), 200);
    assert_int_equal(refresh(&anna), 200);
}

static void test_another_name(void **state)
{
    struct login anna;

    (void)state;
    daemon_start(&server, NULL);
    anna = registered("anna");
    good("accounts.rename", "{\"player\":\"anna\",\"to\":\"Alina\"}");
    assert_int_equal(show(&anna), 401);
    assert_int_equal(refresh(&anna), 200); /* she stays logged in, by her name of today */
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(web.json, "player"), "username")),
        "Alina");
}

static void test_erasure(void **state)
{
    struct player *player;
    struct login anna, bob;
    char path[64];

    (void)state;
    daemon_start(&server, NULL);
    player = player_new_account(party, &server, "anna");
    bob = registered("bob");
    assert_int_equal(log_in("anna", PASSWORD, &anna), 200);
    player_chat(player, PROTOCOL_CHANNEL_GLOBAL, "remember me");
    UNTIL(party, DEADLINE_MS,
          web_ask("GET", "/api/chat/recent", bob.access, NULL) == 200 &&
              json_array_size(web.json) == 1);
    player_leave(player);
    UNTIL(party, DEADLINE_MS,
          strstr(daemon_ask(&server, "players.erase", "{\"player\":\"anna\"}"), "result") != NULL);
    assert_int_equal(show(&anna), 401);
    assert_int_equal(refresh(&anna), 401);
    assert_int_equal(log_in("anna", PASSWORD, &anna), 401);
    snprintf(path, sizeof(path), "/api/players/%lld", anna.id);
    assert_int_equal(web_get(path), 404);
    assert_int_equal(web_ask("GET", "/api/chat/recent", bob.access, NULL), 200);
    assert_int_equal(json_array_size(web.json), 0);
    assert_int_equal(web_get("/api/players"), 200);
    assert_null(strstr(web.body, "anna"));
}

/* Maintenance and a drain shut the world, and a login goes on over them; the list ends it. */
static void test_policy(void **state)
{
    static const char *const shut[][2] = {
        {"server.maintenance", "{\"on\":true,\"text\":\"Back at noon\"}"},
        {"server.drain", "{\"on\":true}"}};
    struct login anna, later;

    (void)state;
    daemon_start(&server, NULL);
    anna = registered("anna");
    for (unsigned i = 0; i < ARRAY_N(shut); i++) {
        good(shut[i][0], shut[i][1]);
        assert_int_equal(log_in("anna", PASSWORD, &later), 503);
        assert_true(i > 0 || strstr(web_text("error"), "Back at noon") != NULL);
        refresh(&anna);
        assert_int_equal(take_login(&anna), 200);
        assert_int_equal(show(&anna), 200);
        good(shut[i][0], "{\"on\":false}");
    }
    good("config.set", "{\"name\":\"accounts.allowlist\",\"value\":\"yes\"}");
    good("allowlist.add", "{\"player\":\"anna\"}");
    assert_int_equal(log_in("anna", PASSWORD, &later), 200);
    refresh(&anna);
    assert_int_equal(take_login(&anna), 200);
    good("allowlist.remove", "{\"player\":\"anna\"}");
    good(shut[0][0], shut[0][1]); /* which passes: the list comes before it */
    assert_int_equal(show(&later), 200);
    assert_int_equal(refresh(&anna), 403);
    assert_non_null(strstr(web_text("error"), "list"));
    assert_int_equal(show(&later), 401);
    assert_int_equal(daemon_metric(&server, "openmmo_logins_total{outcome=\"closed\"}"), 3);
    good(shut[0][0], "{\"on\":false}");
    good("allowlist.add", "{\"player\":\"anna\"}");
    assert_int_equal(refresh(&anna), 401); /* she was logged out everywhere */
    assert_int_equal(refresh(&later), 401);
    assert_int_equal(log_in("anna", PASSWORD, &later), 200);
}

/* -- the database is away -- */

static void expect_away(void)
{
    assert_int_equal(web.status, 503);
    assert_true(atoi(web_header("Retry-After")) >= 1);
    assert_non_null(strstr(web_text("error"), "database"));
}

static void go_on_without(const struct login *anna)
{
    struct login login;

    assert_true(log_in("anna", PASSWORD, &login) == 503);
    expect_away();
    refresh(anna);
    expect_away();
    post_names("/api/auth/register", "carol", PASSWORD);
    expect_away();
    assert_int_equal(web_get("/health"), 200);
    assert_int_equal(web_ask("GET", "/api/chat/recent", anna->access, NULL), 200);
}

/* Waits for what is written down behind an answer. */
static sqlite3 *lock_file(void)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(server.store_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, DEADLINE_MS);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void test_locked_file(void **state)
{
    struct login anna;
    sqlite3 *db;

    (void)state;
    daemon_start(&server, NULL);
    anna = registered("anna");
    db = lock_file();
    go_on_without(&anna);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_int_equal(log_in("anna", PASSWORD, &anna), 200);
}

/* What the database did not say no to may be done: access tokens say nothing certain then. */
static void test_unknown_outcome(void **state)
{
    static const char *const methods[][2] = {
        {"accounts.set-role", "{\"player\":\"anna\",\"role\":\"moderator\"}"},
        {"accounts.rename", "{\"player\":\"anna\",\"to\":\"alina\"}"}};
    struct player *player;
    struct login anna, bob;
    sqlite3 *db;

    (void)state;
    daemon_start(&server, NULL);
    player = player_new_account(party, &server, "anna");
    bob = registered("bob");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(log_in("anna", PASSWORD, &anna), 200);
        assert_int_equal(show(&anna), 200);
        db = lock_file();
        if (i < 2)
            assert_non_null(strstr(daemon_ask(&server, methods[i][0], methods[i][1]), "away"));
        else
            change_password(player, PASSWORD, NEW_PASSWORD, PROTOCOL_REASON_STORE_AWAY);
        assert_int_equal(show(&anna), 401);
        assert_int_equal(show(&bob), 200);
        assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        assert_int_equal(refresh(&anna), 200); /* nothing was done, and she goes on */
    }
}

static void test_frozen_cluster(void **state)
{
    struct login anna;

    (void)state;
    daemon_start(&server, NULL);
    anna = registered("anna");
    assert_int_equal(web_get("/api/stats"), 200);
    pg_cluster_freeze(&cluster, true);
    go_on_without(&anna);
    assert_int_equal(web_get("/api/players"), 503);
    expect_away();
    pg_cluster_freeze(&cluster, false);
    UNTIL(NULL, DEADLINE_MS, log_in("anna", PASSWORD, &anna) == 200);
    UNTIL(NULL, DEADLINE_MS, web_get("/api/players") == 200);
}

/* -- hashes take long -- */

static bool answered(int fd)
{
    struct pollfd wait = {fd, POLLIN, 0};

    return poll(&wait, 1, 0) > 0;
}

/* Others are served while passwords are hashed; beyond the queue one is told to come again. */
static void test_slow_hashes(void **state)
{
    enum { LOGINS = 12 };
    static const char *const slow[] = {"--accounts.argon2_ops=3", "--accounts.argon2_memory=64MiB",
                                       "--accounts.worker_queue=4", NULL};
    int fds[LOGINS];
    unsigned waiting = 0, busy = 0;

    (void)state;
    daemon_start(&server, slow);
    registered("anna");
    for (unsigned i = 0; i < LOGINS; i++) {
        char body[128], request[512];

        snprintf(body, sizeof(body), "{\"username\":\"nobody%u\",\"password\":\"%s\"}", i,
                 PASSWORD);
        snprintf(request, sizeof(request),
                 "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                 strlen(body), body);
        fds[i] = web_connect();
        assert_int_equal(write(fds[i], request, strlen(request)), (ssize_t)strlen(request));
    }
    UNTIL(NULL, DEADLINE_MS, daemon_metric(&server, "openmmo_worker_queue") > 0);
    assert_int_equal(web_get("/api/players"), 200);
    for (unsigned i = 0; i < LOGINS; i++)
        waiting += !answered(fds[i]);
    assert_true(waiting > 0);
    for (unsigned i = 0; i < LOGINS; i++) {
        char head[64] = "";

        UNTIL(NULL, DEADLINE_MS, answered(fds[i]));
        assert_true(read(fds[i], head, sizeof(head) - 1) > 12);
        busy += strncmp(head, "HTTP/1.1 503", 12) == 0;
        if (strncmp(head, "HTTP/1.1 503", 12) != 0 && strncmp(head, "HTTP/1.1 401", 12) != 0)
            fail_msg("%s", head);
        close(fds[i]);
    }
    assert_true(busy > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED_BOTH(test_ban_of_an_account, NULL),
        STAGED(test_ban_of_a_network, NULL),
        STAGED_BOTH(test_new_password, NULL),
        STAGED_BOTH(test_another_name, NULL),
        STAGED_BOTH(test_ends_over_a_crash, NULL),
        STAGED_BOTH(test_erasure, NULL),
        STAGED_BOTH(test_policy, NULL),
        STAGED(test_locked_file, NULL),
        STAGED(test_unknown_outcome, NULL),
        STAGED_POSTGRESQL(test_frozen_cluster, NULL),
        STAGED(test_slow_hashes, NULL),
    };
    int failed = cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);

    web_forget();
    return failed;
}
