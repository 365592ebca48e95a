/* Refresh tokens over both databases: each is good for one use, a second one ends its family, and
 * what is kept is no token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>
#include <sodium.h>

#include "accounts/refresh.h"
#include "ops/metrics.h"
#include "pg_cluster.h"
#include "scratch.h"
#include "sql_once.h"
#include "store/statements.h"
#include "store/timestamp.h"
#include "store_of.h"

#define DEADLINE_STEPS 1000 /* of 10 ms */

struct world {
    struct scratch scratch;
    char connection[PG_CLUSTER_CONNECTION_BYTES];
    struct event_base *base;
    struct store *store;
    struct keys *keys;
    struct access *access;
    struct refresh *refresh;
    struct refresh_answer answer; /* the newest */
    uint64_t player;
    int answers_n, done_n;
};

static void start(struct world *world, uint32_t lifetime_s)
{
    const uint8_t seed[JWS_SEED_BYTES] = {9};
    struct store_config store = store_of(world->base, world->scratch.path, world->connection);
    struct error error = {""};

    world->store = store_open(&store, &error);
    if (!world->store)
        fail_msg("%s", error.text);
    world->keys = keys_new(seed);
    world->access = access_new(world->keys, NULL);
    world->refresh = refresh_new(&(struct refresh_config){.base = world->base,
                                                          .store = world->store,
                                                          .keys = world->keys,
                                                          .access = world->access,
                                                          .lifetime_s = lifetime_s},
                                 &error);
    assert_non_null(world->refresh);
}

static void stop(struct world *world)
{
    store_close(world->store);
    refresh_free(world->refresh);
    access_free(world->access);
    keys_free(world->keys);
}

static void turn(struct world *world)
{
    struct timeval step = {0, 10000};

    event_base_loopexit(world->base, &step);
    event_base_dispatch(world->base);
}

#define UNTIL(world, condition)                                                                    \
    do {                                                                                           \
        for (unsigned i_ = 0; i_ < DEADLINE_STEPS && !(condition); i_++)                           \
            turn(world);                                                                           \
        assert_true(condition);                                                                    \
    } while (0)

static void added(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct world *world = context;

    (void)tag;
    assert_int_equal(answer->status, STORE_OK);
    world->player = answer->out.player_id;
}

static uint64_t add_player(struct world *world, const char *name)
{
    struct store_question question = {
        .statement = STORE_PLAYER_ADD, .answer = added, .context = world};

    snprintf(question.in.player.username, sizeof(question.in.player.username), "%s", name);
    snprintf(question.in.player.key, sizeof(question.in.player.key), "%s", name);
    strcpy(question.in.player.hash, "$hash$");
    question.in.player.created_ms = 1;
    world->player = 0;
    assert_int_equal(store_ask(world->store, &question), 0);
    UNTIL(world, world->player != 0);
    return world->player;
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    scratch_make(&world->scratch);
    if (*state != NULL)
        assert_int_equal(pg_cluster_database(&cluster, world->connection), 0);
    world->base = event_base_new();
    start(world, 3600);
    add_player(world, "alice");
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    stop(world);
    event_base_free(world->base);
    scratch_remove(&world->scratch);
    free(world);
    return 0;
}

static void done(void *context, uint64_t tag, const struct refresh_answer *answer)
{
    struct world *world = context;

    assert_int_equal(tag, 4711);
    world->answer = *answer;
    world->answers_n++;
    world->done_n += answer->outcome == REFRESH_DONE;
}

static struct refresh_asker asker(struct world *world)
{
    return (struct refresh_asker){done, world, 4711};
}

static enum refresh_outcome waited(struct world *world, int before)
{
    UNTIL(world, world->answers_n > before);
    assert_int_equal(world->answers_n, before + 1);
    return world->answer.outcome;
}

static enum refresh_outcome issue(struct world *world, uint64_t player)
{
    struct refresh_asker me = asker(world);
    int before = world->answers_n;

    refresh_issue(world->refresh, player, "alice", PROTOCOL_ROLE_PLAYER, &me);
    return waited(world, before);
}

static enum refresh_outcome use(struct world *world, const char *token)
{
    struct refresh_asker me = asker(world);
    int before = world->answers_n;

    refresh_use(world->refresh, token, &me);
    return waited(world, before);
}

static int64_t sql(struct world *world, const char *text)
{
    return sql_once(world->connection, world->scratch.path, text);
}

static int64_t used_n(struct world *world)
{
    return sql(world, "SELECT count(*) FROM refresh_tokens WHERE used_at IS NOT NULL");
}

static void test_rotation(void **state)
{
    struct world *world = *state;
    char first[REFRESH_TOKEN_BYTES], query[256];
    struct token_claims claims;
    struct error error;
    uint64_t now_s = timestamp_now_ms() / 1000;

    assert_int_equal(issue(world, world->player), REFRESH_DONE);
    strcpy(first, world->answer.token);
    assert_int_equal(strlen(first), REFRESH_TOKEN_BYTES - 1);
    assert_in_range(world->answer.expires_s, now_s + 3600, now_s + 3610);
    assert_int_equal(
        token_read(world->keys, TOKEN_ACCESS, world->answer.access, now_s, &claims, &error), 0);
    assert_int_equal(claims.player, world->player);
    assert_string_equal(claims.name, "alice");
    assert_string_equal(claims.role, "player");
    assert_int_equal(claims.expires_s, world->answer.access_expires_s);
    assert_in_range(claims.expires_s, now_s + TOKEN_ACCESS_S, now_s + TOKEN_ACCESS_S + 10);
    /* What is kept opens nothing. */
    snprintf(query, sizeof(query), "SELECT count(*) FROM refresh_tokens WHERE token_hash = '%s'",
             first);
    assert_int_equal(sql(world, query), 0);
    assert_int_equal(
        sql(world, "SELECT count(*) FROM refresh_tokens WHERE length(token_hash) = 64"), 1);
    /* Whose role is another by now gets the new one. */
    sql(world, "UPDATE players SET role = 'moderator' WHERE username = 'alice'");
    for (unsigned i = 0; i < 3; i++) {
        char token[REFRESH_TOKEN_BYTES];

        strcpy(token, world->answer.token);
        assert_int_equal(use(world, token), REFRESH_DONE);
        assert_string_not_equal(world->answer.token, token);
        assert_int_equal(world->answer.role, PROTOCOL_ROLE_MODERATOR);
        assert_int_equal(world->answer.player, world->player);
    }
    assert_int_equal(sql(world, "SELECT count(DISTINCT family) FROM refresh_tokens"), 1);
    assert_int_equal(sql(world, "SELECT count(*) FROM refresh_tokens WHERE used_at IS NULL"), 1);
}

static void test_reuse_ends_the_family(void **state)
{
    struct world *world = *state;
    char other[REFRESH_TOKEN_BYTES], first[REFRESH_TOKEN_BYTES], second[REFRESH_TOKEN_BYTES];
    int64_t reused = metrics_value(METRIC_REFRESH_REUSED);

    assert_int_equal(issue(world, world->player), REFRESH_DONE); /* another login of his */
    strcpy(other, world->answer.token);
    assert_int_equal(issue(world, world->player), REFRESH_DONE);
    strcpy(first, world->answer.token);
    assert_int_equal(use(world, first), REFRESH_DONE);
    strcpy(second, world->answer.token);
    assert_int_equal(use(world, first), REFRESH_REFUSED);
    assert_string_equal(world->answer.token, "");
    assert_string_equal(world->answer.access, "");
    assert_int_equal(metrics_value(METRIC_REFRESH_REUSED), reused + 1);
    assert_int_equal(use(world, second), REFRESH_REFUSED); /* the thief's, or the owner's */
    assert_int_equal(use(world, other), REFRESH_DONE);
}

/* Two at once: one gets the next, and then nobody has a good one. */
static void test_two_at_once(void **state)
{
    struct world *world = *state;
    struct refresh_asker me = asker(world);
    char token[REFRESH_TOKEN_BYTES];
    int before, done_before;

    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(issue(world, world->player), REFRESH_DONE);
        strcpy(token, world->answer.token);
        before = world->answers_n;
        done_before = world->done_n;
        refresh_use(world->refresh, token, &me);
        refresh_use(world->refresh, token, &me);
        UNTIL(world, world->answers_n == before + 2);
        assert_int_equal(world->done_n, done_before + 1);
        assert_int_equal(sql(world, "SELECT count(*) FROM refresh_tokens WHERE revoked_at IS NULL"),
                         0);
    }
}

/* The account changes after the database was asked for it, and who changed it is told first: what
 * is handed out is of the account as it is now, or nothing. */
static void test_overtaken(void **state)
{
    static const struct {
        const char *change;
        enum refresh_outcome outcome;
    } cases[] = {{"UPDATE players SET role = 'admin'", REFRESH_DONE},
                 {"UPDATE players SET tokens_from = '2100-01-01T00:00:00.000Z'", REFRESH_REFUSED}};
    const struct sockaddr_storage nowhere = {.ss_family = AF_INET};
    struct world *world = *state;
    struct refresh_asker me = asker(world);
    struct token_claims claims;
    struct error error;

    for (unsigned i = 0; i < 2; i++) {
        int before;

        assert_int_equal(issue(world, world->player), REFRESH_DONE);
        before = world->answers_n;
        refresh_use(world->refresh, world->answer.token, &me);
        for (unsigned step = 0; step < DEADLINE_STEPS && used_n(world) == (int64_t)i; step++)
            usleep(10000);
        assert_int_equal(used_n(world), i + 1); /* the token is used, its answer not heard yet */
        sql(world, cases[i].change);
        access_end(world->access, world->player, timestamp_now_ms());
        assert_int_equal(waited(world, before), cases[i].outcome);
        if (cases[i].outcome != REFRESH_DONE)
            continue;
        assert_int_equal(world->answer.role, PROTOCOL_ROLE_ADMIN);
        assert_int_equal(access_check(world->access, world->answer.access, &nowhere,
                                      timestamp_now_ms(), &claims, &error),
                         ACCESS_GOOD);
        assert_string_equal(claims.role, "admin");
    }
}

/* PostgreSQL: a ban that is not committed yet, and a login at the same moment. */
static void test_login_and_ban(void **state)
{
    struct world *world = *state;
    struct refresh_asker me = asker(world);
    PGconn *other = PQconnectdb(world->connection);
    int before = world->answers_n;

    assert_int_equal(PQstatus(other), CONNECTION_OK);
    PQclear(PQexec(other, "BEGIN"));
    PQclear(PQexec(other, "SELECT 1 FROM players FOR UPDATE")); /* as ban_add does */
    refresh_issue(world->refresh, world->player, "alice", PROTOCOL_ROLE_PLAYER, &me);
    UNTIL(world, sql(world, "SELECT count(*) FROM pg_locks WHERE NOT granted") > 0);
    PQclear(PQexec(other, "INSERT INTO bans (player_id, reason, created_at, created_by)"
                          " SELECT id, '', now(), '' FROM players"));
    PQclear(PQexec(other, "COMMIT"));
    PQfinish(other);
    assert_int_equal(waited(world, before), REFRESH_REFUSED);
    assert_int_equal(sql(world, "SELECT count(*) FROM refresh_tokens"), 0);
}

/* A use of a token as the store does it, over another connection, up to its commit. */
static void begin_use(PGconn *other, const char *token)
{
    const struct statement *row = statement_of(STORE_REFRESH_USE);
    const Oid types[] = {25, 25, 1184, 1184};
    uint8_t bytes[crypto_hash_sha256_BYTES];
    char hash[STORE_TOKEN_HASH_BYTES];
    const char *const values[] = {hash, "next", "now", "tomorrow"};

    crypto_hash_sha256(bytes, (const uint8_t *)token, strlen(token));
    sodium_bin2hex(hash, sizeof(hash), bytes, sizeof(bytes));
    PQclear(PQexec(other, "BEGIN"));
    for (size_t i = 0; i < statement_steps_n(row); i++) {
        PGresult *result =
            PQexecParams(other, statement_postgresql(row, i), 4, types, values, NULL, NULL, 0);

        if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
            fail_msg("%s", PQerrorMessage(other));
        PQclear(result);
    }
}

static void counted(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct world *world = context;

    (void)tag;
    assert_int_equal(answer->status, STORE_OK);
    world->answers_n++;
}

static void ask_password(struct world *world, enum store_statement statement)
{
    struct store_question question = {.statement = statement, .answer = counted, .context = world};
    struct store_password *password = &question.in.password;

    password->player_id = world->player;
    password->now_ms = timestamp_now_ms();
    strcpy(password->was, "$hash$");
    strcpy(password->hash, "$hash$");
    strcpy(password->code_hash, "code");
    assert_int_equal(store_ask(world->store, &question), 0);
}

/* Each way in which logins end; old: the token before the one that is being used. */
static void ask_end(struct world *world, unsigned way, const char *token, const char *old)
{
    struct refresh_asker me = asker(world);

    switch (way) {
    case 0:
        refresh_end(world->refresh, token, &me);
        break;
    case 1:
        refresh_end_all(world->refresh, world->player, &me);
        break;
    case 2:
        refresh_use(world->refresh, old, &me); /* it was stolen */
        break;
    case 3:
        ask_password(world, STORE_PASSWORD_CHANGE);
        break;
    case 4:
        sql(world, "INSERT INTO reset_codes SELECT id, 'code', 'infinity', 'root' FROM players");
        ask_password(world, STORE_PASSWORD_BY_CODE);
        break;
    }
}

/* PostgreSQL: logins end while a token of theirs is just being changed for the next: that one ends
 * too. */
static void test_use_and_end(void **state)
{
    struct world *world = *state;
    PGconn *other = PQconnectdb(world->connection);

    assert_int_equal(PQstatus(other), CONNECTION_OK);
    for (unsigned way = 0; way < 5; way++) {
        char old[REFRESH_TOKEN_BYTES], token[REFRESH_TOKEN_BYTES];
        int before;

        assert_int_equal(issue(world, world->player), REFRESH_DONE);
        strcpy(old, world->answer.token);
        assert_int_equal(use(world, old), REFRESH_DONE);
        strcpy(token, world->answer.token);
        before = world->answers_n;
        begin_use(other, token);
        ask_end(world, way, token, old);
        UNTIL(world, sql(world, "SELECT count(*) FROM pg_locks WHERE NOT granted") > 0);
        PQclear(PQexec(other, "COMMIT"));
        UNTIL(world, world->answers_n > before);
        if (sql(world, "SELECT count(*) FROM refresh_tokens WHERE revoked_at IS NULL") != 0)
            fail_msg("way %u: a token lives on", way);
        assert_int_equal(sql(world, "SELECT count(*) FROM refresh_tokens"), 3);
        sql(world, "DELETE FROM refresh_tokens");
    }
    PQfinish(other);
}

static void test_ends(void **state)
{
    struct world *world = *state;
    struct refresh_asker me = asker(world);
    char a[REFRESH_TOKEN_BYTES], b[REFRESH_TOKEN_BYTES];
    int before;

    assert_int_equal(issue(world, world->player), REFRESH_DONE);
    strcpy(a, world->answer.token);
    assert_int_equal(issue(world, world->player), REFRESH_DONE);
    strcpy(b, world->answer.token);
    before = world->answers_n;
    refresh_end(world->refresh, a, &me);
    assert_int_equal(waited(world, before), REFRESH_DONE);
    assert_int_equal(use(world, a), REFRESH_REFUSED);
    assert_int_equal(use(world, b), REFRESH_DONE);
    strcpy(b, world->answer.token);
    before = world->answers_n;
    refresh_end_all(world->refresh, world->player, &me);
    assert_int_equal(waited(world, before), REFRESH_DONE);
    assert_int_equal(use(world, b), REFRESH_REFUSED);
    /* An account that is gone takes its tokens along. */
    assert_int_equal(issue(world, world->player), REFRESH_DONE);
    strcpy(a, world->answer.token);
    sql(world, world->connection[0] ? "DELETE FROM players WHERE username = 'alice'"
                                    : "DELETE FROM refresh_tokens");
    assert_int_equal(use(world, a), REFRESH_REFUSED);
}

static void test_expiry_and_pruning(void **state)
{
    struct world *world = *state;
    char token[REFRESH_TOKEN_BYTES];

    assert_int_equal(issue(world, world->player), REFRESH_DONE);
    strcpy(token, world->answer.token);
    sql(world, world->connection[0]
                   ? "UPDATE refresh_tokens SET expires_at = now() - interval '1 second'"
                   : "UPDATE refresh_tokens SET expires_at = '2020-01-01T00:00:00.000Z'");
    assert_int_equal(use(world, token), REFRESH_REFUSED);
    assert_int_equal(sql(world, "SELECT count(*) FROM refresh_tokens"), 1);
    assert_int_equal(issue(world, world->player), REFRESH_DONE);
    stop(world);
    start(world, 3600); /* which prunes */
    UNTIL(world, sql(world, "SELECT count(*) FROM refresh_tokens") == 1);
}

/* However many were used since: what expired does not pile up. */
static void test_pruning_keeps_up(void **state)
{
    struct world *world = *state;

    sql(world, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
               " INSERT INTO refresh_tokens (family, player_id, token_hash, issued_at, expires_at)"
               " SELECT 'f', (SELECT min(id) FROM players), 'hash' || i,"
               " '2020-01-01T00:00:00.000Z', '2020-02-01T00:00:00.000Z' FROM n");
    assert_int_equal(issue(world, world->player), REFRESH_DONE);
    stop(world);
    start(world, 3600); /* which prunes */
    UNTIL(world, sql(world, "SELECT count(*) FROM refresh_tokens") == 1);
}

static void test_what_is_no_token(void **state)
{
    static const char *const texts[] = {
        "",
        "a",
        "' OR 1=1 --",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* of the right form, and nobody's */
    };
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(use(world, texts[i]), REFRESH_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_rotation, setup, teardown),
        ON_BOTH(test_reuse_ends_the_family, setup, teardown),
        ON_BOTH(test_two_at_once, setup, teardown),
        ON_SQLITE(test_overtaken, setup, teardown), /* whose thread asks while the loop stands */
        ON_POSTGRESQL(test_login_and_ban, setup, teardown),
        ON_POSTGRESQL(test_use_and_end, setup, teardown),
        ON_BOTH(test_ends, setup, teardown),
        ON_BOTH(test_expiry_and_pruning, setup, teardown),
        ON_BOTH(test_pruning_keeps_up, setup, teardown),
        ON_BOTH(test_what_is_no_token, setup, teardown),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
