/* test_contract.c -- doc/contract.md row by row: what REST clients of before sent and what they
 * got, asked of the real daemon, on SQLite and on PostgreSQL. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/compiler.h"
#include "stage_store.h"
#include "web.h"

#define TOKEN_MAX 1100

struct login {
    long long id;
    char access[TOKEN_MAX], refresh[TOKEN_MAX];
};

/* -- shapes -- */

/* "2026-11-22T12:04:31.123Z" */
static bool is_time(const json_t *value)
{
    static const char like[] = "0000-00-00T00:00:00.000Z";
    const char *text = json_string_value(value);

    if (text == NULL || strlen(text) != sizeof(like) - 1)
        return false;
    for (size_t i = 0; i < sizeof(like) - 1; i++)
        if (like[i] == '0' ? !isdigit((unsigned char)text[i]) : text[i] != like[i])
            return false;
    return true;
}

static bool is_of(const json_t *value, char type)
{
    switch (type) {
    case 'i':
        return json_is_integer(value);
    case 'n':
        return json_is_number(value);
    case 's':
        return json_is_string(value);
    case 'b':
        return json_is_boolean(value);
    case 'o':
        return json_is_object(value);
    case 'T':
        return is_time(value);
    case '?': /* never yet */
        return json_is_null(value) || is_time(value);
    }
    return false;
}

/* Exactly these members: "id:i username:s". */
static void check_shape(const json_t *object, const char *shape)
{
    unsigned n = 0;

    for (const char *at = shape; *at != '\0'; n++) {
        char name[32];
        size_t length = strcspn(at, ":");

        snprintf(name, sizeof(name), "%.*s", (int)length, at);
        if (!is_of(json_object_get(object, name), at[length + 1]))
            fail_msg("%s is not as it should be: %s", name, web.body);
        at += length + 2;
        at += *at == ' ';
    }
    if (json_object_size(object) != n)
        fail_msg("not these members: %s: %s", shape, web.body);
}

#define PLAYER   "id:i username:s created_at:T last_login:?"
#define POSITION "x:n y:n z:n updated_at:T"
#define TOKENS   "player:o access_token:s token_type:s expires_in:i refresh_token:s"

/* The last answer: a success in JSON. */
static void check_answer(int status, const char *shape)
{
    if (web.status != status)
        fail_msg("%d, not %d: %s", web.status, status, web.body);
    assert_non_null(web_header("Content-Type"));
    assert_non_null(strstr(web_header("Content-Type"), "application/json"));
    check_shape(web.json, shape);
}

/* The last answer: a problem, with the old member; error: NULL: any sentence; field: NULL: none. */
static void check_problem(int status, const char *error, const char *field)
{
    const json_t *first = json_array_get(json_object_get(web.json, "errors"), 0);
    const char *type = web_header("Content-Type");

    if (web.status != status)
        fail_msg("%d, not %d: %s", web.status, status, web.body);
    assert_true(type != NULL && strstr(type, "application/problem+json") != NULL);
    assert_true(strlen(web_text("type")) > 0 && strlen(web_text("title")) > 0);
    assert_int_equal(json_integer_value(json_object_get(web.json, "status")), status);
    assert_string_equal(web_text("detail"), web_text("error"));
    assert_true(strlen(web_text("error")) > 0);
    if (error != NULL)
        assert_string_equal(web_text("error"), error);
    if (field != NULL) {
        assert_non_null(first);
        assert_string_equal(json_string_value(json_object_get(first, "field")), field);
        assert_true(json_is_string(json_object_get(first, "reason")));
    }
}

/* -- accounts -- */

static void take_login(struct login *login)
{
    login->id = json_integer_value(json_object_get(json_object_get(web.json, "player"), "id"));
    snprintf(login->access, sizeof(login->access), "%s", web_text("access_token"));
    snprintf(login->refresh, sizeof(login->refresh), "%s", web_text("refresh_token"));
}

static int post_names(const char *path, const char *name, const char *email, const char *password)
{
    json_t *body = json_pack("{s:s, s:s}", "username", name, "password", password);
    char *text;

    if (email != NULL)
        json_object_set_new(body, "email", json_string(email));
    text = json_dumps(body, JSON_COMPACT);
    web_post(path, text);
    free(text);
    json_decref(body);
    return web.status;
}

static struct login registered(const char *name)
{
    struct login login;
    char email[64];

    snprintf(email, sizeof(email), "%s@example.org", name);
    if (post_names("/api/auth/register", name, email, PASSWORD) != 201)
        fail_msg("%d %s", web.status, web.body);
    take_login(&login);
    return login;
}

static int log_in(const char *name, struct login *login)
{
    if (post_names("/api/auth/login", name, NULL, PASSWORD) == 200)
        take_login(login);
    return web.status;
}

/* "/api/players/7" and what follows. */
static int get(long long id, const char *rest, const char *token)
{
    char path[128];

    snprintf(path, sizeof(path), "/api/players/%lld%s", id, rest);
    return web_ask("GET", path, token, NULL);
}

static int put(long long id, const char *token, const char *body)
{
    char path[64];

    snprintf(path, sizeof(path), "/api/players/%lld/position", id);
    return web_ask("POST", path, token, body);
}

static double number(const char *member)
{
    return json_number_value(json_object_get(web.json, member));
}

/* -- the rows -- */

static void test_health(void **state)
{
    (void)state;
    daemon_start(&server, NULL);
    web_get("/health");
    check_answer(200, "status:s timestamp:T");
    assert_string_equal(web_text("status"), "OK");
    web_get("/api/health");
    check_answer(200, "status:s timestamp:T uptime:n");
    assert_string_equal(web_text("status"), "OK");
    assert_true(number("uptime") >= 0 && number("uptime") < 60);
}

/* By id, from cursor to cursor; nobody twice, nobody left out. */
static void walk_pages(unsigned limit, unsigned expected_n)
{
    char path[256], *end;
    long long last = 0;
    unsigned n = 0;

    snprintf(path, sizeof(path), "/api/players?limit=%u", limit);
    for (;;) {
        const char *link;
        json_t *row;
        size_t i;

        assert_int_equal(web_get(path), 200);
        assert_true(json_array_size(web.json) <= limit);
        json_array_foreach(web.json, i, row)
        {
            check_shape(row, PLAYER);
            assert_true(json_integer_value(json_object_get(row, "id")) > last);
            last = json_integer_value(json_object_get(row, "id"));
            n++;
        }
        link = web_header("Link");
        if (link == NULL)
            break;
        assert_int_equal(json_array_size(web.json), limit);
        assert_int_equal(link[0], '<');
        assert_non_null(strstr(link, ">; rel=\"next\""));
        snprintf(path, sizeof(path), "%s", link + 1);
        end = strchr(path, '>');
        *end = '\0';
    }
    assert_int_equal(n, expected_n);
}

static void test_players(void **state)
{
    static const char *const malformed[] = {
        "limit=0",   "limit=1001", "limit=-1",   "limit=abc",
        "limit=1e3", "limit=",     "limit=01",   "cursor=0",
        "cursor=x",  "cursor=-1",  "cursor=%27", "limit=99999999999999999999"};
    struct login anna;
    char path[128];

    (void)state;
    daemon_start(&server, NULL);
    assert_int_equal(web_get("/api/players"), 200);
    assert_true(json_is_array(web.json) && json_array_size(web.json) == 0);
    assert_null(web_header("Link"));
    anna = registered("anna");
    for (unsigned i = 0; i < 6; i++) {
        char name[16];

        snprintf(name, sizeof(name), "player%u", i);
        registered(name);
    }
    for (unsigned limit = 1; limit <= 8; limit++)
        walk_pages(limit, 7);
    web_get("/api/players");
    assert_null(strstr(web.body, "example.org"));
    for (size_t i = 0; i < ARRAY_N(malformed); i++) {
        snprintf(path, sizeof(path), "/api/players?%s", malformed[i]);
        web_get(path);
        check_problem(400, NULL, malformed[i][0] == 'l' ? "limit" : "cursor");
    }
    get(anna.id, "", NULL);
    check_answer(200, PLAYER);
    assert_string_equal(web_text("username"), "anna");
    assert_true(is_time(json_object_get(web.json, "last_login")));
    assert_null(strstr(web.body, "example.org"));
    get(4711, "", NULL);
    check_problem(404, "Player not found", NULL);
    web_get("/api/players/anna");
    check_problem(404, "Player not found", NULL);
    web_get("/api/players/1%27%20OR%201=1");
    check_problem(404, "Player not found", NULL);
    web_get("/api/players/99999999999999999999");
    check_problem(404, "Player not found", NULL);
}

/* What no JSON can be made of fails in the words of every problem, and for nobody else. */
static void test_broken_row(void **state)
{
    struct login anna, bob;

    (void)state;
    daemon_start(&server, NULL);
    anna = registered("anna");
    bob = registered("bob");
    sql("UPDATE players SET username = CAST(x'ff' AS TEXT) WHERE username = 'anna'");
    get(anna.id, "", NULL);
    check_problem(500, "The server failed", NULL);
    get(bob.id, "", NULL);
    check_answer(200, PLAYER);
    assert_int_equal(web_get("/api/players"), 200);
    assert_int_equal(json_array_size(web.json), 1);
}

/* More than a page holds where nothing is said. */
static void test_long_list(void **state)
{
    (void)state;
    daemon_start(&server, NULL);
    for (unsigned i = 0; i < 3; i++)
        registered(i == 0 ? "anna" : i == 1 ? "bob" : "carol");
    sql(connection[0]
            ? "INSERT INTO players (username, username_key, password_hash, created_at)"
              " SELECT 'p' || i, 'p' || i, '!', now() FROM generate_series(1, 1200) AS i"
            : "INSERT INTO players (username, username_key, password_hash, created_at)"
              " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)"
              " SELECT 'p' || i, 'p' || i, '!', '2026-01-01T00:00:00.000Z' FROM n");
    web_get("/api/players");
    assert_int_equal(json_array_size(web.json), 100);
    assert_non_null(web_header("Link"));
    web_get("/api/players?limit=1000");
    assert_int_equal(json_array_size(web.json), 1000);
    walk_pages(1000, 1203);
}

static void test_position_of_the_absent(void **state)
{
    struct login anna;

    (void)state;
    daemon_start(&server, NULL);
    anna = registered("anna");
    get(anna.id, "/position", NULL);
    check_problem(404, "Player position not found", NULL);
    get(4711, "/position", NULL);
    check_problem(404, "Player position not found", NULL);
    put(anna.id, anna.access, "{\"x\":1.5,\"y\":0,\"z\":-3}");
    check_answer(200, "success:b");
    assert_true(json_is_true(json_object_get(web.json, "success")));
    get(anna.id, "/position", NULL);
    check_answer(200, POSITION);
    assert_true(number("x") == 1.5 && number("y") == 0 && number("z") == -3);
    assert_non_null(strstr(web.body, "\"y\":0,")); /* as JavaScript writes it */
    /* It is durable, and there she begins. */
    UNTIL(NULL, DEADLINE_MS, sql("SELECT count(*) FROM player_positions WHERE x = 1.5") == 1);
    get(anna.id, "/position", NULL);
    assert_true(number("x") == 1.5 && number("z") == -3);
    daemon_kill(&server);
    daemon_start(&server, NULL);
    get(anna.id, "/position", NULL);
    check_answer(200, POSITION);
    assert_true(number("x") == 1.5 && number("z") == -3);
}

static void test_position_of_the_present(void **state)
{
    struct login login;
    struct player *anna;
    double x;

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    assert_int_equal(log_in("anna", &login), 200);
    get(login.id, "/position", NULL);
    check_answer(200, POSITION);
    x = number("x");
    put(login.id, login.access, "{\"x\":20.5,\"y\":900,\"z\":-7.25}");
    check_answer(200, "success:b");
    UNTIL(party, DEADLINE_MS,
          get(login.id, "/position", NULL) == 200 && number("x") == 20.5 && number("z") == -7.25);
    assert_true(x != 20.5 && number("y") != 900); /* on the ground */
    UNTIL(party, DEADLINE_MS, anna->self.pos.x == (int32_t)(20.5 * SPACE_UNITS_PER_M));
    /* She walks, and what is told follows her. */
    player_walk(anna, 0, MOVEMENT_WALK);
    UNTIL(party, DEADLINE_MS, get(login.id, "/position", NULL) == 200 && number("z") != -7.25);
    player_stand(anna);
    UNTIL(party, DEADLINE_MS, player_is_still(anna));
    player_leave(anna);
    UNTIL(party, DEADLINE_MS,
          sql("SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL") == 0);
    UNTIL(party, DEADLINE_MS, put(login.id, login.access, "{\"x\":3,\"y\":1,\"z\":4}") == 200);
    anna = player_returns(party, &server, "anna");
    assert_int_equal(anna->self.pos.x, 3 * SPACE_UNITS_PER_M);
    assert_int_equal(anna->self.pos.z, 4 * SPACE_UNITS_PER_M);
}

static const char *const no_positions[] = {"{}",
                                           "[]",
                                           "{\"x\":1,\"y\":2}",
                                           "{\"x\":\"1\",\"y\":2,\"z\":3}",
                                           "{\"x\":null,\"y\":2,\"z\":3}",
                                           "{\"x\":1e999,\"y\":2,\"z\":3}",
                                           "{\"x\":NaN,\"y\":2,\"z\":3}",
                                           "{\"x\":Infinity,\"y\":2,\"z\":3}",
                                           "{\"x\":1,\"y\":2,\"z\":1e300}",
                                           "{\"x\":true,\"y\":2,\"z\":3}",
                                           "{\"x\":[1],\"y\":2,\"z\":3}",
                                           "{\"x\":1,\"x\":2,\"y\":2,\"z\":3}",
                                           "{\"x\":999999999,\"y\":2,\"z\":3}",
                                           "null",
                                           "1",
                                           "",
                                           "{",
                                           "{\"x\":1,\"y\":2,\"z\":3}}",
                                           "{'x':1,'y':2,'z':3}",
                                           "\"; DROP TABLE players; --"};

static void test_put_position(void **state)
{
    struct login anna, bob, admin;

    (void)state;
    daemon_start(&server, NULL);
    anna = registered("anna");
    bob = registered("bob");
    for (size_t i = 0; i < ARRAY_N(no_positions); i++) {
        put(anna.id, anna.access, no_positions[i]);
        if (web.status != 400)
            fail_msg("%s: %d %s", no_positions[i], web.status, web.body);
        check_problem(400, NULL, NULL);
    }
    put(anna.id, anna.access, "{\"x\":1,\"y\":2}");
    check_problem(400, "Invalid position data", NULL);
    put(anna.id, anna.access, "{\"x\":999999999,\"y\":2,\"z\":3}");
    check_problem(400, "Invalid position data", NULL);
    assert_int_equal(sql("SELECT count(*) FROM player_positions"), 0);
    put(anna.id, NULL, "{\"x\":1,\"y\":2,\"z\":3}");
    check_problem(401, NULL, NULL);
    assert_non_null(web_header("WWW-Authenticate"));
    put(anna.id, "not.a.token", "{\"x\":1,\"y\":2,\"z\":3}");
    check_problem(401, NULL, NULL);
    put(anna.id, NULL, "{"); /* who asks is asked before what */
    check_problem(401, NULL, NULL);
    put(anna.id, "not.a.token", "{\"x\":1}");
    check_problem(401, NULL, NULL);
    put(anna.id, bob.access, "{\"x\":1,\"y\":2,\"z\":3}");
    check_problem(403, NULL, NULL);
    /* Administrators may, and it is written down. */
    good("accounts.set-role", "{\"player\":\"bob\",\"role\":\"admin\"}");
    put(anna.id, bob.access, "{\"x\":1,\"y\":2,\"z\":3}");
    check_problem(401, NULL, NULL); /* who became another logs in anew */
    assert_int_equal(log_in("bob", &admin), 200);
    put(anna.id, admin.access, "{\"x\":1,\"y\":2,\"z\":3}");
    check_answer(200, "success:b");
    assert_int_equal(sql("SELECT count(*) FROM audit WHERE method LIKE 'POST %' AND actor = '#2'"
                         " AND target = '#1' AND outcome = 'ok'"),
                     1);
    put(4711, admin.access, "{\"x\":1,\"y\":2,\"z\":3}");
    check_problem(404, "Player not found", NULL);
    good("accounts.set-role", "{\"player\":\"bob\",\"role\":\"player\"}");
    put(anna.id, admin.access, "{\"x\":1,\"y\":2,\"z\":3}");
    check_problem(401, NULL, NULL);
    assert_int_equal(sql("SELECT count(*) FROM audit WHERE method LIKE 'POST %'"), 1);
}

static void test_no_own_positions(void **state)
{
    struct login anna;

    (void)state;
    daemon_start(&server, NULL);
    anna = registered("anna");
    put(anna.id, anna.access, "{\"x\":1,\"y\":2,\"z\":3}");
    check_problem(403, NULL, NULL);
    good("accounts.set-role", "{\"player\":\"anna\",\"role\":\"admin\"}");
    assert_int_equal(log_in("anna", &anna), 200);
    put(anna.id, anna.access, "{\"x\":1,\"y\":2,\"z\":3}");
    check_answer(200, "success:b");
}

static bool stats_are(long long players, long long sessions)
{
    web_get("/api/stats");
    check_answer(200, "totalPlayers:i activeSessions:i");
    return number("totalPlayers") == (double)players &&
           number("activeSessions") == (double)sessions;
}

static void test_stats(void **state)
{
    struct player *anna;

    (void)state;
    daemon_start(&server, NULL);
    assert_true(stats_are(0, 0));
    registered("bob");
    anna = player_new_account(party, &server, "anna");
    UNTIL(party, DEADLINE_MS, stats_are(2, 1));
    player_leave(anna);
    UNTIL(party, DEADLINE_MS, stats_are(2, 0));
}

static void test_register(void **state)
{
    static const struct {
        const char *name, *email, *password, *field;
    } refused[] = {
        {"an", "", PASSWORD, "username"},
        {"", "", PASSWORD, "username"},
        {"anna\x01", "", PASSWORD, "username"},
        {"carol", "nobody", PASSWORD, "email"},
        {"carol", "a b@example.org", PASSWORD, "email"},
        {"carol", "", "short", "password"},
        {"carol", "", "", "password"},
    };
    json_t *player;

    (void)state;
    daemon_start(&server, NULL);
    post_names("/api/auth/register", "anna", "anna@example.org", PASSWORD);
    check_answer(201, TOKENS);
    player = json_object_get(web.json, "player");
    check_shape(player, "id:i username:s");
    assert_string_equal(json_string_value(json_object_get(player, "username")), "anna");
    assert_string_equal(web_text("token_type"), "Bearer");
    assert_true(number("expires_in") > 890 && number("expires_in") <= 900);
    assert_string_equal(web_header("Cache-Control"), "no-store");
    assert_null(strstr(web.body, "example.org"));
    post_names("/api/auth/register", "ANNA", "other@example.org", PASSWORD);
    check_problem(409, NULL, "username");
    post_names("/api/auth/register", "bob", "ANNA@example.org", PASSWORD);
    check_problem(409, NULL, "email");
    for (size_t i = 0; i < ARRAY_N(refused); i++) {
        post_names("/api/auth/register", refused[i].name, refused[i].email, refused[i].password);
        check_problem(422, NULL, refused[i].field);
    }
    assert_int_equal(sql("SELECT count(*) FROM players"), 1);
}

static void test_closed(void **state)
{
    (void)state;
    daemon_start(&server, NULL);
    post_names("/api/auth/register", "anna", "anna@example.org", PASSWORD);
    check_problem(403, NULL, NULL);
}

static void test_invited(void **state)
{
    json_t *invite;
    char body[300];

    (void)state;
    daemon_start(&server, NULL);
    post_names("/api/auth/register", "anna", "anna@example.org", PASSWORD);
    check_problem(422, NULL, "code");
    invite = result_of("invites.create", "{}");
    snprintf(body, sizeof(body), "{\"username\":\"anna\",\"password\":\"%s\",\"code\":\"%s\"}",
             PASSWORD, json_string_value(json_object_get(invite, "code")));
    json_decref(invite);
    web_post("/api/auth/register", body);
    check_answer(201, TOKENS);
}

static void test_login(void **state)
{
    char unknown[1024];
    struct login anna;

    (void)state;
    daemon_start(&server, NULL);
    registered("anna");
    assert_int_equal(log_in("Anna", &anna), 200);
    check_answer(200, TOKENS);
    assert_int_equal(get(anna.id, "", anna.access), 200);
    post_names("/api/auth/login", "nobody", NULL, PASSWORD);
    check_problem(401, NULL, NULL);
    snprintf(unknown, sizeof(unknown), "%s", web.body);
    post_names("/api/auth/login", "anna", NULL, "wrong");
    check_problem(401, NULL, NULL);
    assert_string_equal(web.body, unknown);
    for (unsigned i = 0; i < 20 && web.status == 401; i++)
        post_names("/api/auth/login", "anna", NULL, "wrong");
    check_problem(429, NULL, NULL);
    assert_true(atoi(web_header("Retry-After")) >= 1);
}

static int refresh(const char *token)
{
    char body[TOKEN_MAX + 64];

    snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", token);
    return web_post("/api/auth/refresh", body);
}

static void test_refresh(void **state)
{
    struct login first, second, third;

    (void)state;
    daemon_start(&server, NULL);
    first = registered("anna");
    refresh(first.refresh);
    check_answer(200, TOKENS);
    take_login(&second);
    assert_int_equal(second.id, first.id);
    assert_string_not_equal(second.refresh, first.refresh);
    assert_int_equal(put(first.id, second.access, "{\"x\":1,\"y\":2,\"z\":3}"), 200);
    /* One that comes a second time was stolen: all of that login ends. */
    refresh(first.refresh);
    check_problem(401, NULL, NULL);
    refresh(second.refresh);
    check_problem(401, NULL, NULL);
    assert_int_equal(log_in("anna", &third), 200);
    daemon_kill(&server);
    daemon_start(&server, NULL);
    refresh(third.refresh);
    check_answer(200, TOKENS);
    refresh("nonsense");
    check_problem(401, NULL, NULL);
    assert_int_equal(put(first.id, third.access, "{\"x\":1,\"y\":2,\"z\":3}"), 200);
}

static void test_logout(void **state)
{
    struct login one, other, third;
    char body[TOKEN_MAX + 64];

    (void)state;
    daemon_start(&server, NULL);
    one = registered("anna");
    assert_int_equal(log_in("anna", &other), 200);
    assert_int_equal(log_in("anna", &third), 200);
    snprintf(body, sizeof(body), "{\"refresh_token\":\"%s\"}", one.refresh);
    assert_int_equal(web_post("/api/auth/logout", body), 204);
    assert_int_equal(web.body_n, 0);
    assert_int_equal(web_ask("GET", "/api/sessions", one.access, NULL), 401);
    assert_int_equal(web_post("/api/auth/logout", body), 204); /* again */
    refresh(one.refresh);
    check_problem(401, NULL, NULL);
    refresh(other.refresh); /* another login of hers goes on */
    check_answer(200, TOKENS);
    take_login(&other);
    /* By the access token alone: that login and its tokens, over a crash too; no other one's. */
    assert_int_equal(web_ask("POST", "/api/auth/logout", other.access, NULL), 204);
    refresh(other.refresh);
    check_problem(401, NULL, NULL);
    for (unsigned i = 0; i < 2; i++) {
        web_ask("GET", "/api/sessions", one.access, NULL);
        check_problem(401, NULL, NULL);
        web_ask("GET", "/api/sessions", other.access, NULL);
        check_problem(401, NULL, NULL);
        assert_int_equal(web_ask("GET", "/api/sessions", third.access, NULL), 200);
        if (i == 0) {
            daemon_kill(&server);
            daemon_start(&server, NULL);
        }
    }
    refresh(third.refresh);
    check_answer(200, TOKENS);
    web_post("/api/auth/logout", NULL);
    check_problem(401, NULL, NULL);
}

/* -- the description -- */

static char directory[] = "/tmp/openmmo-contract-XXXXXX", document[64], answers[64];

static int group_begin(void **state)
{
    assert_non_null(mkdtemp(directory));
    snprintf(document, sizeof(document), "%s/openapi.json", directory);
    snprintf(answers, sizeof(answers), "%s/answers", directory);
    web_record(answers);
    return pg_cluster_begin(state);
}

static int group_end(void **state)
{
    web_forget();
    unlink(document);
    unlink(answers);
    rmdir(directory);
    return pg_cluster_end(state);
}

/* Sessions and chat, which the contract has no row for. */
static void test_own(void **state)
{
    struct login anna, bob;
    struct player *player;
    json_t *row;

    (void)state;
    daemon_start(&server, NULL);
    player = player_new_account(party, &server, "anna");
    bob = registered("bob");
    assert_int_equal(log_in("anna", &anna), 200);
    UNTIL(party, DEADLINE_MS,
          web_ask("GET", "/api/sessions", anna.access, NULL) == 200 &&
              json_array_size(web.json) == 1);
    row = json_array_get(web.json, 0);
    check_shape(row, "id:i session_id:s connected_at:T disconnected_at:?");
    assert_true(json_is_null(json_object_get(row, "disconnected_at")));
    player_leave(player);
    UNTIL(party, DEADLINE_MS,
          web_ask("GET", "/api/sessions", anna.access, NULL) == 200 &&
              is_time(json_object_get(json_array_get(web.json, 0), "disconnected_at")));
    player = player_returns(party, &server, "anna");
    UNTIL(party, DEADLINE_MS,
          web_ask("GET", "/api/sessions?limit=1", anna.access, NULL) == 200 &&
              web_header("Link") != NULL);
    assert_int_equal(json_array_size(web.json), 1);
    web_ask("GET", "/api/sessions?limit=201", anna.access, NULL);
    check_problem(400, NULL, "limit");
    assert_int_equal(web_ask("GET", "/api/sessions", bob.access, NULL), 200);
    assert_int_equal(json_array_size(web.json), 0); /* nobody else's */
    web_get("/api/sessions");
    check_problem(401, NULL, NULL);

    assert_int_equal(web_ask("GET", "/api/chat/recent", bob.access, NULL), 200);
    assert_int_equal(json_array_size(web.json), 0);
    player_chat(player, PROTOCOL_CHANNEL_NEARBY, "between us");
    player_chat(player, PROTOCOL_CHANNEL_GLOBAL, "hello \"world\" \xe2\x82\xac");
    player_chat(player, PROTOCOL_CHANNEL_GLOBAL, "again");
    UNTIL(party, DEADLINE_MS,
          web_ask("GET", "/api/chat/recent", bob.access, NULL) == 200 &&
              json_array_size(web.json) == 2);
    row = json_array_get(web.json, 0);
    check_shape(row, "id:s player_id:i username:s message:s timestamp:T");
    assert_string_equal(json_string_value(json_object_get(row, "message")),
                        "hello \"world\" \xe2\x82\xac");
    assert_string_equal(json_string_value(json_object_get(row, "username")), "anna");
    assert_int_equal(json_integer_value(json_object_get(row, "player_id")), anna.id);
    assert_int_equal(web_ask("GET", "/api/chat/recent?limit=1", bob.access, NULL), 200);
    assert_int_equal(json_array_size(web.json), 1);
    assert_non_null(web_header("Link"));
    web_get("/api/chat/recent");
    check_problem(401, NULL, NULL);
}

/* What one player tells the moderators of another. */
static void test_reports(void **state)
{
    struct login anna, bob;

    (void)state;
    daemon_start(&server, NULL);
    anna = registered("anna");
    bob = registered("bob");
    web_ask("POST", "/api/reports", bob.access, "{\"username\":\"ANNA\",\"message\":\"rude\"}");
    assert_int_equal(web.status, 201);
    check_shape(web.json, "success:b message:s");
    assert_int_equal(sql("SELECT count(*) FROM reports WHERE about_id = reporter_id - 1"), 1);
    web_ask("POST", "/api/reports", bob.access, "{\"username\":\"nobody\",\"message\":\"x\"}");
    check_problem(404, NULL, NULL);
    web_ask("POST", "/api/reports", bob.access, "{\"username\":\"bob\",\"message\":\"me\"}");
    check_problem(404, NULL, NULL);
    web_ask("POST", "/api/reports", bob.access,
            "{\"username\":\"anna\",\"message\":\"\\u001b[2J\"}");
    check_problem(422, NULL, "message");
    web_ask("POST", "/api/reports", bob.access, "{\"username\":\"anna\"}");
    check_problem(422, NULL, "message");
    web_post("/api/reports", "{\"username\":\"anna\",\"message\":\"rude\"}");
    check_problem(401, NULL, NULL);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(web_ask("POST", "/api/reports", bob.access,
                                 "{\"username\":\"anna\",\"message\":\"again\"}"),
                         201);
    web_ask("POST", "/api/reports", bob.access,
            "{\"username\":\"anna\",\"message\":\"and again\"}");
    check_problem(429, NULL, NULL);
    assert_non_null(web_header("Retry-After"));
    assert_int_equal(web_ask("POST", "/api/reports", anna.access,
                             "{\"username\":\"bob\",\"message\":\"he tells tales\"}"),
                     201);
}

/* What the server says of itself is valid, and true of all that was answered here. Last. */
static void test_description(void **state)
{
    char command[2048];
    FILE *stream;

    (void)state;
    daemon_start(&server, NULL);
    web_get("/livez");
    web_get("/readyz");
    assert_int_equal(web_get("/api/openapi.json"), 200);
    stream = fopen(document, "we");
    assert_non_null(stream);
    assert_int_equal(fwrite(web.body, 1, web.body_n, stream), web.body_n);
    fclose(stream);
    web_record(NULL);
    snprintf(command, sizeof(command), "python3 %s/validate.py %s/schema.json %s %s", OPENAPI_DIR,
             OPENAPI_DIR, document, answers);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_health, NULL),
        STAGED_BOTH(test_players, NULL),
        STAGED_BOTH(test_long_list, NULL),
        STAGED(test_broken_row, NULL),
        STAGED_BOTH(test_position_of_the_absent, NULL),
        STAGED_BOTH(test_position_of_the_present, NULL),
        STAGED_BOTH(test_put_position, NULL),
        STAGED(test_no_own_positions, "[http]\nown_positions = no\n"),
        STAGED_BOTH(test_stats, NULL),
        STAGED_BOTH(test_register, NULL),
        STAGED(test_closed, "[accounts]\nregistration = closed\n"),
        STAGED_BOTH(test_invited, "[accounts]\nregistration = invite\n"),
        STAGED_BOTH(test_login, NULL),
        STAGED_BOTH(test_refresh, NULL),
        STAGED_BOTH(test_logout, NULL),
        STAGED_BOTH(test_own, NULL),
        STAGED_BOTH(test_reports, NULL),
        STAGED(test_description, NULL),
    };

    return cmocka_run_group_tests(tests, group_begin, group_end);
}
