/* Every row of the table is asked of both databases side by side, and both must say the same, byte
 * by byte. A row that is not asked here fails the test: whoever adds one adds its case. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>
#include <sodium.h>

#include "common/protocol.h"
#include "ops/metrics.h"
#include "pg_cluster.h"
#include "scratch.h"
#include "sql_once.h"
#include "store/migrate.h"
#include "store/statements.h"
#include "store/store.h"
#include "store_of.h"

#define DEADLINE_STEPS 1000 /* of 10 ms */
#define NOW            UINT64_C(1700000000123)
#define ALL            UINT64_C(9000000000000000000)

struct reply {
    bool came;
    struct store_answer answer;
    char *rows;
};

struct world {
    struct scratch scratch;
    char connection[PG_CLUSTER_CONNECTION_BYTES];
    struct event_base *base;
    struct store *stores[2]; /* SQLite, PostgreSQL */
    struct reply replies[2];
    bool asked[STORE_STATEMENTS_N];
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct error error = {""};

    scratch_make(&world->scratch);
    assert_int_equal(pg_cluster_database(&cluster, world->connection), 0);
    world->base = event_base_new();
    for (unsigned i = 0; i < 2; i++) {
        struct store_config config =
            store_of(world->base, world->scratch.path, i ? world->connection : "");

        world->stores[i] = store_open(&config, &error);
        if (!world->stores[i])
            fail_msg("%s", error.text);
    }
    *state = world;
    return 0;
}

static void forget(struct reply *reply)
{
    free(reply->rows);
    memset(reply, 0, sizeof(*reply));
}

static int teardown(void **state)
{
    struct world *world = *state;

    for (unsigned i = 0; i < 2; i++) {
        store_close(world->stores[i]);
        forget(&world->replies[i]);
    }
    event_base_free(world->base);
    scratch_remove(&world->scratch);
    free(world);
    return 0;
}

static void answered(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct world *world = context;
    struct reply *reply = &world->replies[tag & 1];
    const struct statement *row = statement_of((enum store_statement)(tag >> 1));
    size_t bytes = row->flags & STATEMENT_MANY_OUT ? answer->rows_n * row->out_bytes : 0;

    reply->came = true;
    reply->answer = *answer;
    reply->rows = malloc(bytes + 1);
    if (bytes)
        memcpy(reply->rows, answer->rows, bytes);
}

/* Both answer, and alike. The answer's rows are in replies[0].rows. */
static enum store_status both(struct world *world, struct store_question question)
{
    const struct statement *row = statement_of(question.statement);
    struct reply *one = &world->replies[0], *other = &world->replies[1];
    struct timeval step = {0, 10000};

    world->asked[question.statement] = true;
    question.answer = answered;
    question.context = world;
    for (unsigned i = 0; i < 2; i++) {
        forget(&world->replies[i]);
        question.tag = (uint64_t)question.statement << 1 | i;
        assert_int_equal(store_ask(world->stores[i], &question), 0);
    }
    for (unsigned i = 0; i < DEADLINE_STEPS && !(one->came && other->came); i++) {
        event_base_loopexit(world->base, &step);
        event_base_dispatch(world->base);
    }
    assert_true(one->came && other->came);
    if (one->answer.status != other->answer.status)
        fail_msg("%s: SQLite says %d %s, PostgreSQL %d %s", row->name, one->answer.status,
                 one->answer.error.text, other->answer.status, other->answer.error.text);
    if (one->answer.status == STORE_AWAY)
        fail_msg("%s: %s; %s", row->name, one->answer.error.text, other->answer.error.text);
    if (one->answer.status != STORE_OK)
        return one->answer.status;
    if (memcmp(&one->answer.out, &other->answer.out, sizeof(one->answer.out)) != 0)
        fail_msg("%s: the answers differ", row->name);
    if (one->answer.rows_n != other->answer.rows_n)
        fail_msg("%s: %zu rows, and %zu", row->name, one->answer.rows_n, other->answer.rows_n);
    if (row->flags & STATEMENT_MANY_OUT &&
        memcmp(one->rows, other->rows, one->answer.rows_n * row->out_bytes) != 0)
        fail_msg("%s: the rows differ", row->name);
    return STORE_OK;
}

static struct store_question of(enum store_statement statement)
{
    return (struct store_question){.statement = statement};
}

static struct store_question by_id(enum store_statement statement, uint64_t id)
{
    struct store_question question = of(statement);

    question.in.id.player_id = id;
    question.in.id.now_ms = NOW;
    return question;
}

/* All of one thing, a page. */
static struct store_question page(enum store_statement statement, uint64_t from, uint64_t about,
                                  const char *text)
{
    struct store_question question = of(statement);

    question.in.page =
        (struct store_page){.from = from, .about = about, .now_ms = NOW, .limit = 50};
    snprintf(question.in.page.text, sizeof(question.in.page.text), "%s", text);
    return question;
}

static size_t rows_of(struct world *world, struct store_question question)
{
    assert_int_equal(both(world, question), STORE_OK);
    return world->replies[0].answer.rows_n;
}

static struct store_player somebody(const char *name)
{
    struct store_player player = {.created_ms = NOW, .role = PROTOCOL_ROLE_PLAYER};

    snprintf(player.username, sizeof(player.username), "%s", name);
    snprintf(player.key, sizeof(player.key), "%s", name);
    snprintf(player.email, sizeof(player.email), "%s@Example.org", name);
    snprintf(player.email_key, sizeof(player.email_key), "%s@example.org", name);
    strcpy(player.hash, "$hash$");
    return player;
}

static uint64_t add(struct world *world, const char *name)
{
    struct store_question question = of(STORE_PLAYER_ADD);

    question.in.player = somebody(name);
    assert_int_equal(both(world, question), STORE_OK);
    return world->replies[0].answer.out.player_id;
}

static void set_password(struct store_question *question, uint64_t player, const char *was,
                         const char *hash)
{
    question->in.password.player_id = player;
    question->in.password.now_ms = NOW + 5;
    snprintf(question->in.password.was, STORE_HASH_MAX, "%s", was);
    snprintf(question->in.password.hash, STORE_HASH_MAX, "%s", hash);
    strcpy(question->in.password.code_hash, "code");
}

static void check_login(struct world *world, const char *name, const char *hash)
{
    struct store_question question = of(STORE_LOGIN_BY_NAME);

    snprintf(question.in.login.key, sizeof(question.in.login.key), "%s", name);
    strcpy(question.in.login.network, "192.0.2.0/24");
    assert_int_equal(both(world, question), hash ? STORE_OK : STORE_NONE);
    if (hash)
        assert_string_equal(world->replies[0].answer.out.login.player.hash, hash);
}

static void test_players(void **state)
{
    struct world *world = *state;
    uint64_t alice = add(world, "alice"), bob = add(world, "bob");
    struct store_question question = of(STORE_PLAYER_BY_NAME);
    const struct store_player_row *listed;
    struct store_position rows[] = {
        {.player_id = bob,
         .x_m = -1.0 / 3,
         .y_m = 1e-9,
         .z_m = 4096,
         .yaw = 65535,
         .epoch = 3,
         .tick = UINT32_MAX,
         .saved_ms = NOW},
        {.player_id = 99, .epoch = 3, .tick = 1, .saved_ms = NOW},
        {.player_id = alice, .x_m = 1, .epoch = UINT32_MAX, .saved_ms = NOW + 1},
    };

    strcpy(question.in.key, "alice");
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(world->replies[1].answer.out.player.created_ms, NOW);
    strcpy(question.in.key, "alice' OR ''='");
    assert_int_equal(both(world, question), STORE_NONE);
    assert_int_equal(both(world, by_id(STORE_PLAYER_LOGGED_IN, alice)), STORE_OK);
    assert_int_equal(both(world, by_id(STORE_PLAYER_BY_ID, alice)), STORE_OK);
    assert_int_equal(world->replies[1].answer.out.player.last_login_ms, NOW);
    assert_int_equal(both(world, by_id(STORE_POSITION_BY_PLAYER, bob)), STORE_NONE);
    question = of(STORE_POSITIONS_SAVE);
    question.in.positions.rows = rows;
    question.in.positions.n = 3;
    assert_int_equal(both(world, question), STORE_OK);
    rows[0].tick--; /* older: it stays as it is */
    rows[0].x_m = 7;
    assert_int_equal(both(world, question), STORE_OK);
    question.in.positions.n = 0;
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(both(world, by_id(STORE_POSITION_BY_PLAYER, bob)), STORE_OK);
    assert_true(world->replies[1].answer.out.position.x_m == -1.0 / 3);
    assert_int_equal(both(world, by_id(STORE_POSITION_BY_PLAYER, alice)), STORE_OK);
    assert_int_equal(both(world, by_id(STORE_POSITION_BY_PLAYER, 99)), STORE_NONE);
    assert_int_equal(both(world, of(STORE_PLAYERS_COUNT)), STORE_OK);
    assert_int_equal(world->replies[1].answer.out.id, 2);
    assert_int_equal(rows_of(world, page(STORE_PLAYERS_LIST, 0, 0, "")), 2);
    assert_int_equal(rows_of(world, page(STORE_PLAYERS_LIST, bob, 0, "")), 0);
    question = page(STORE_PLAYERS_LIST, 0, 0, "");
    question.in.page.limit = 1;
    assert_int_equal(rows_of(world, question), 1);
    listed = (const void *)world->replies[1].rows;
    assert_string_equal(listed->username, "alice");
    assert_int_equal(listed->last_login_ms, NOW);
    question = of(STORE_PLAYER_ADD);
    question.in.player = somebody("alice");
    assert_int_equal(both(world, question), STORE_TAKEN);
    strcpy(question.in.player.key, "other"); /* the e-mail is taken as well */
    assert_int_equal(both(world, question), STORE_TAKEN);
}

/* A token's login is good until it is logged out, whether its session was written down or not. */
static void check_log_out(struct world *world, uint64_t alice)
{
    static const char *const logins[] = {"s0", "never-seen'; DROP TABLE players"};
    struct store_question question = of(STORE_PLAYER_BY_TOKEN);

    question.in.session.player_id = alice;
    question.in.session.now_ms = NOW;
    for (unsigned i = 0; i < 2; i++) {
        strcpy(question.in.session.session_id, logins[i]);
        question.statement = STORE_PLAYER_BY_TOKEN;
        assert_int_equal(both(world, question), STORE_OK);
        assert_string_equal(world->replies[1].answer.out.player.username, "alice");
        question.statement = STORE_SESSION_LOG_OUT;
        assert_int_equal(both(world, question), STORE_OK);
        assert_int_equal(both(world, question), STORE_OK);
        question.statement = STORE_PLAYER_BY_TOKEN;
        assert_int_equal(both(world, question), STORE_NONE);
    }
    question.in.session.player_id = 999;
    assert_int_equal(both(world, question), STORE_NONE);
    question.statement = STORE_SESSION_LOG_OUT; /* nobody's: nothing is written */
    strcpy(question.in.session.session_id, "nobody");
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(rows_of(world, page(STORE_SESSIONS_OF, ALL, alice, "")), 4);
}

/* All of them, whoever's they are, and those that go on. */
static void check_visits(struct world *world, uint64_t alice)
{
    struct store_question question = of(STORE_SESSION_OPEN);
    size_t n = rows_of(world, page(STORE_SESSIONS_LIST, ALL, 0, ""));
    size_t open_n = rows_of(world, page(STORE_SESSIONS_OPEN, ALL, 0, ""));
    const struct store_visit *visits;

    assert_true(open_n >= 2 && open_n < n);
    strcpy(question.in.session.session_id, "guest's");
    question.in.session.now_ms = NOW + 10;
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(rows_of(world, page(STORE_SESSIONS_LIST, ALL, 0, "")), n + 1);
    visits = (const void *)world->replies[0].rows; /* the newest first */
    assert_string_equal(visits[0].session_id, "guest's");
    assert_int_equal(visits[0].player_id, 0);
    assert_string_equal(visits[0].username, "");
    assert_int_equal(visits[n].player_id, alice);
    assert_string_equal(visits[n].username, "alice");
    assert_int_equal(visits[n].connected_ms, NOW);
    assert_int_equal(rows_of(world, page(STORE_SESSIONS_LIST, visits[0].id, 0, "")), n);
    assert_int_equal(rows_of(world, page(STORE_SESSIONS_OPEN, ALL, 0, "")), open_n + 1);
    visits = (const void *)world->replies[0].rows;
    for (size_t i = 0; i < open_n + 1; i++)
        assert_int_equal(visits[i].disconnected_ms, 0);
    question.statement = STORE_SESSION_CLOSE;
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(rows_of(world, page(STORE_SESSIONS_OPEN, ALL, 0, "")), open_n);
}

/* The program before had names of its own: whoever asks what is kept is told them whole. */
static void check_adopted_visit(struct world *world, uint64_t alice)
{
    const struct store_visit *visits;
    const struct store_stay *stays;
    char id[201], text[400];

    memset(id, 'x', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    snprintf(text, sizeof(text),
             "INSERT INTO game_sessions (id, session_id, player_id, connected_at)"
             " VALUES (1000, '%s', %llu, '2023-01-01T00:00:00.000Z')",
             id, (unsigned long long)alice);
    sql_once("", world->scratch.path, text);
    sql_once(world->connection, "", text);
    rows_of(world, page(STORE_SESSIONS_LIST, ALL, 0, ""));
    visits = (const void *)world->replies[0].rows;
    assert_string_equal(visits[0].session_id, id);
    rows_of(world, page(STORE_SESSIONS_OF, ALL, alice, ""));
    stays = (const void *)world->replies[0].rows;
    assert_string_equal(stays[0].session_id, id);
}

/* Each database was made by its own steps, of the same names; when they ran and what their text
 * sums up to is its own affair: so many. */
static void check_migrations(struct world *world)
{
    struct store_question question = page(STORE_MIGRATIONS, 0, 0, "");
    struct timeval step = {0, 10000};

    world->asked[STORE_MIGRATIONS] = true;
    question.answer = answered;
    question.context = world;
    for (unsigned i = 0; i < 2; i++) {
        const struct store_migration *rows;
        const size_t n = i ? migrate_postgresql_steps_n : migrate_sqlite_steps_n;

        forget(&world->replies[i]);
        question.tag = (uint64_t)STORE_MIGRATIONS << 1 | i;
        assert_int_equal(store_ask(world->stores[i], &question), 0);
        for (unsigned k = 0; k < DEADLINE_STEPS && !world->replies[i].came; k++) {
            event_base_loopexit(world->base, &step);
            event_base_dispatch(world->base);
        }
        assert_true(world->replies[i].came);
        assert_int_equal(world->replies[i].answer.rows_n, n);
        rows = (const void *)world->replies[i].rows;
        assert_string_equal(rows[0].name, "players");
        assert_int_equal(strlen(rows[0].checksum), 64);
        assert_int_equal(rows[n - 1].version, n);
        assert_true(rows[0].applied_ms > NOW);
    }
}

static void test_server(void **state)
{
    struct world *world = *state;
    struct store_question question = of(STORE_SESSION_OPEN);
    const struct store_stay *stays;
    uint64_t alice = add(world, "alice");

    assert_int_equal(store_epoch(world->stores[0]), store_epoch(world->stores[1]));
    check_migrations(world);
    assert_int_equal(both(world, by_id(STORE_SERVER_ALIVE, 0)), STORE_OK);
    for (unsigned i = 0; i < 4; i++) { /* the last is a guest's */
        snprintf(question.in.session.session_id, STORE_SESSION_ID_MAX, "s%u", i);
        snprintf(question.in.session.socket_id, STORE_SESSION_ID_MAX, "%u-%u", i % 2 + 1, i);
        question.in.session.player_id = i < 3 ? alice : 0;
        question.in.session.now_ms = NOW + i;
        assert_int_equal(both(world, question), STORE_OK);
    }
    question.statement = STORE_SESSION_CLOSE;
    strcpy(question.in.session.session_id, "s0");
    assert_int_equal(both(world, question), STORE_OK);
    question = by_id(STORE_SERVER_ALIVE, 0);
    question.in.id.now_ms = NOW + 5;
    assert_int_equal(both(world, question), STORE_OK);
    question = of(STORE_SESSIONS_END);
    strcpy(question.in.session.socket_id, "2-");
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(rows_of(world, page(STORE_SESSIONS_OF, ALL, alice, "")), 3);
    stays = (const void *)world->replies[0].rows; /* the newest first */
    assert_int_equal(stays[0].disconnected_ms, NOW + 5);
    assert_int_equal(stays[1].disconnected_ms, 0);
    assert_int_equal(stays[2].disconnected_ms, NOW + 3); /* by itself */
    question = of(STORE_SESSION_OPEN);
    strcpy(question.in.session.session_id, "s0");
    question.in.session.player_id = alice;
    question.in.session.now_ms = NOW + 9;
    assert_int_equal(both(world, question), STORE_OK); /* one that was closed goes on */
    assert_int_equal(rows_of(world, page(STORE_SESSIONS_OF, ALL, alice, "")), 3);
    check_visits(world, alice);
    check_log_out(world, alice);
    question.in.session.player_id = 999;
    strcpy(question.in.session.session_id, "s9");
    assert_int_equal(both(world, question), STORE_NONE);
    check_adopted_visit(world, alice);
    question = by_id(STORE_SERVER_START, 0);
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(world->replies[1].answer.out.epoch, 2);
}

static void test_passwords(void **state)
{
    struct world *world = *state;
    uint64_t alice = add(world, "alice");
    struct store_question question = of(STORE_PASSWORD_REHASH);

    set_password(&question, alice, "other", "$new$");
    assert_int_equal(both(world, question), STORE_OK);
    check_login(world, "alice", "$hash$");
    set_password(&question, alice, "$hash$", "$new$");
    assert_int_equal(both(world, question), STORE_OK);
    check_login(world, "alice", "$new$");
    question.statement = STORE_PASSWORD_CHANGE;
    assert_int_equal(both(world, question), STORE_NONE);
    set_password(&question, alice, "$new$", "$newer$");
    assert_int_equal(both(world, question), STORE_OK);
    check_login(world, "alice", "$newer$");
    question.statement = STORE_PASSWORD_BY_CODE;
    assert_int_equal(both(world, question), STORE_NONE);
    question = of(STORE_RESET_CODE_SET);
    question.in.account.player_id = alice;
    strcpy(question.in.account.code_hash, "code");
    strcpy(question.in.account.by, "op");
    question.in.account.expires_ms = NOW + 1000;
    assert_int_equal(both(world, question), STORE_OK);
    question.in.account.player_id = 999;
    assert_int_equal(both(world, question), STORE_NONE);
    check_login(world, "alice", "$newer$");
    question = of(STORE_PASSWORD_BY_CODE);
    set_password(&question, alice, "", "$newest$");
    question.in.password.now_ms = NOW + 1000; /* over */
    assert_int_equal(both(world, question), STORE_NONE);
    question.in.password.now_ms = NOW + 999;
    assert_int_equal(both(world, question), STORE_OK);
    check_login(world, "alice", "$newest$");
    assert_int_equal(both(world, question), STORE_NONE); /* good once */
    check_login(world, "nobody", NULL);
}

static void enrol(struct store_question *question, const char *name, const char *code)
{
    question->in.enrolment.player = somebody(name);
    snprintf(question->in.enrolment.code_hash, STORE_CODE_HASH_MAX, "%s", code);
    question->in.enrolment.expires_ms = NOW + 1000;
    strcpy(question->in.enrolment.by, "op");
}

static void test_accounts(void **state)
{
    struct world *world = *state;
    uint64_t alice = add(world, "alice");
    struct store_question question = of(STORE_ADDRESS_SEEN);
    const struct store_seen_account *seen;

    for (unsigned i = 0; i < 10; i++) {
        question.in.seen.player_id = alice;
        question.in.seen.now_ms = NOW + i;
        snprintf(question.in.seen.network, STORE_NETWORK_MAX, "192.0.%u.0/24", i / 2 * 2);
        assert_int_equal(both(world, question), STORE_OK);
    }
    for (unsigned i = 0; i < 10; i++) {
        question.in.seen.now_ms = NOW + 20 + i;
        snprintf(question.in.seen.network, STORE_NETWORK_MAX, "198.51.%u.0/24", i);
        assert_int_equal(both(world, question), STORE_OK);
    }
    assert_int_equal(rows_of(world, page(STORE_ADDRESSES_OF, 0, alice, "")), 8);
    question.in.seen.player_id = add(world, "zoe");
    question.in.seen.now_ms = NOW + 40;
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(rows_of(world, page(STORE_ACCOUNTS_SEEN, 0, 0, "198.51.9.0/24")), 2);
    seen = (const void *)world->replies[0].rows; /* who was there last comes first */
    assert_string_equal(seen[0].username, "zoe");
    assert_int_equal(seen[1].player_id, alice);
    assert_int_equal(seen[1].seen_ms, NOW + 29);
    assert_int_equal(rows_of(world, page(STORE_ACCOUNTS_SEEN, 0, 0, "192.0.2.0/24")), 0);
    question = of(STORE_ACCOUNT_CREATE);
    enrol(&question, "carol", "first");
    assert_int_equal(both(world, question), STORE_OK);
    check_login(world, "carol", "$hash$");
    assert_string_equal(world->replies[1].answer.out.login.code_hash, "first");
    question = of(STORE_ACCOUNT_SET_ROLE);
    question.in.account.player_id = alice;
    question.in.account.role = PROTOCOL_ROLE_MODERATOR;
    assert_int_equal(both(world, question), STORE_OK);
    check_login(world, "alice", "$hash$");
    question.in.account.player_id = 999;
    assert_int_equal(both(world, question), STORE_NONE);
    question.statement = STORE_ACCOUNT_RENAME;
    strcpy(question.in.account.username, "Alina");
    strcpy(question.in.account.key, "alina");
    assert_int_equal(both(world, question), STORE_NONE);
    question.in.account.player_id = alice;
    assert_int_equal(both(world, question), STORE_OK);
    check_login(world, "alina", "$hash$");
    strcpy(question.in.account.key, "carol");
    assert_int_equal(both(world, question), STORE_TAKEN);
}

static void test_invites(void **state)
{
    struct world *world = *state;
    struct store_question invite = of(STORE_INVITE_ADD), question = of(STORE_PLAYER_ADD_INVITED);
    uint64_t id;

    strcpy(invite.in.invite.code_hash, "code");
    strcpy(invite.in.invite.by, "op");
    invite.in.invite.created_ms = NOW;
    invite.in.invite.expires_ms = NOW + 10;
    invite.in.invite.uses_left = 2;
    assert_int_equal(both(world, invite), STORE_OK);
    strcpy(invite.in.invite.code_hash, "forever");
    invite.in.invite.expires_ms = 0;
    assert_int_equal(both(world, invite), STORE_OK);
    id = world->replies[0].answer.out.player_id;
    assert_int_equal(rows_of(world, of(STORE_INVITES_LIST)), 2);
    assert_int_equal(both(world, by_id(STORE_INVITE_REVOKE, id)), STORE_OK);
    assert_int_equal(both(world, by_id(STORE_INVITE_REVOKE, id)), STORE_NONE);
    enrol(&question, "alice", "code");
    assert_int_equal(both(world, question), STORE_OK);
    enrol(&question, "bob", "wrong");
    assert_int_equal(both(world, question), STORE_NONE);
    enrol(&question, "bob", "code");
    question.in.enrolment.player.created_ms = NOW + 10; /* over */
    assert_int_equal(both(world, question), STORE_NONE);
    enrol(&question, "alice", "code");
    assert_int_equal(both(world, question), STORE_TAKEN); /* and the use is given back */
    assert_int_equal(rows_of(world, of(STORE_INVITES_LIST)), 1);
    check_login(world, "bob", NULL);
}

/* Of bans, or of mutes. */
static void moderate(struct world *world, uint64_t player, bool mutes)
{
    struct store_question question = of(mutes ? STORE_MUTE_ADD : STORE_BAN_ADD);
    struct store_ban *ban = &question.in.ban;
    enum store_statement in_force = mutes ? STORE_MUTES_IN_FORCE : STORE_BANS_IN_FORCE;
    enum store_statement about = mutes ? STORE_MUTES_ABOUT : STORE_BANS_ABOUT;
    uint64_t id;

    ban->player_id = player;
    ban->created_ms = NOW - 10;
    strcpy(ban->reason, "'; DROP TABLE bans; -- \xf0\x9f\x92\xa9");
    strcpy(ban->created_by, "op");
    assert_int_equal(both(world, question), STORE_OK);
    ban->expires_ms = NOW + 10;
    ban->created_ms = NOW;
    assert_int_equal(both(world, question), STORE_OK); /* in its place */
    id = world->replies[0].answer.out.id;
    assert_int_equal(rows_of(world, page(in_force, 0, 0, "")), 1);
    assert_int_equal(rows_of(world, page(about, ALL, player, "")), 2);
    if (!mutes) {
        ban->player_id = 0;
        strcpy(ban->network, "2001:db8::/32");
        assert_int_equal(both(world, question), STORE_OK);
        assert_int_equal(rows_of(world, page(in_force, 0, 0, "")), 2);
        assert_int_equal(rows_of(world, page(about, ALL, 0, "2001:db8::/32")), 1);
        ban->network[0] = '\0';
    }
    question = of(mutes ? STORE_MUTE_LIFT : STORE_BAN_LIFT);
    question.in.ban.id = id;
    question.in.ban.lifted_ms = NOW + 1;
    strcpy(question.in.ban.lifted_by, "other");
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(both(world, question), STORE_NONE);
    assert_int_equal(rows_of(world, page(in_force, 0, 0, "")), mutes ? 0 : 1);
    assert_int_equal(rows_of(world, page(about, ALL, player, "")), 2);
    question = of(mutes ? STORE_MUTE_ADD : STORE_BAN_ADD);
    question.in.ban = (struct store_ban){.player_id = 999, .created_ms = NOW};
    assert_int_equal(both(world, question), STORE_NONE);
}

static void list_account(struct world *world, uint64_t player)
{
    struct store_question question = of(STORE_ALLOWLIST_ADD);

    question.in.listed = (struct store_listed){.player_id = player, .added_ms = NOW};
    strcpy(question.in.listed.added_by, "op");
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(world->replies[0].answer.out.id, player);
    strcpy(question.in.listed.added_by, "other");
    assert_int_equal(both(world, question), STORE_OK); /* which changes nothing */
    assert_int_equal(rows_of(world, page(STORE_ALLOWLIST_LIST, player - 1, 0, "")), 1);
    assert_string_equal(((const struct store_listed *)(void *)world->replies[1].rows)->added_by,
                        "op");
    assert_int_equal(rows_of(world, page(STORE_ALLOWLIST_LIST, player, 0, "")), 0);
    assert_int_equal(rows_of(world, page(STORE_ALLOWLIST_OF, ALL, player, "")), 1);
    question.in.listed.player_id = 999;
    assert_int_equal(both(world, question), STORE_NONE);
    question = of(STORE_ALLOWLIST_REMOVE);
    question.in.listed.player_id = player;
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(both(world, question), STORE_NONE);
    assert_int_equal(rows_of(world, page(STORE_ALLOWLIST_OF, ALL, player, "")), 0);
}

static void test_moderation(void **state)
{
    struct world *world = *state;
    uint64_t alice = add(world, "alice");

    list_account(world, alice);

    moderate(world, alice, false);
    moderate(world, alice, true);
}

static void say(struct world *world, uint64_t alice)
{
    static struct store_chat lines[3];
    struct store_question question = of(STORE_CHAT_ADD);

    for (unsigned i = 0; i < 3; i++) {
        lines[i] = (struct store_chat){.at_ms = NOW + i, .channel = i};
        lines[i].player_id = i == 0 ? alice : i == 1 ? 0 : 999; /* a guest's; of one who is gone */
        strcpy(lines[i].name, i == 1 ? "alice" : "a \"b\" \\ {c}, NULL");
        strcpy(lines[i].text, i ? "NULL" : "{\"x\",'y'} \\ \xe2\x82\xac, \xf0\x9f\x92\xa9");
    }
    question.in.many.rows = lines;
    question.in.many.n = 3;
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(rows_of(world, page(STORE_CHAT_OF, ALL, alice, "")), 1);
    assert_string_equal(((const struct store_chat *)(void *)world->replies[1].rows)->text,
                        lines[0].text);
    assert_int_equal(both(world, page(STORE_CHAT_PRUNE, 0, 0, "")), STORE_NONE);
}

/* Five rows, at NOW - 2 and so on, about #0 to #4: each filter, all together, and page by page. */
static void check_search(struct world *world)
{
    static const struct {
        struct store_audit_search search;
        size_t n;
    } CASES[] = {
        {{.limit = 9}, 5},
        {{.limit = 2}, 2},
        {{.limit = 9, .actor = "op"}, 5},
        {{.limit = 9, .actor = "o"}, 0},
        {{.limit = 9, .method = "players."}, 5},
        {{.limit = 9, .method = "players.kick.x"}, 0},
        {{.limit = 9, .method = "%"}, 0},
        {{.limit = 9, .target = "#3"}, 1},
        {{.limit = 9, .target = "#3", .actor = "op", .method = "players."}, 1},
        {{.limit = 9, .target = "#3", .actor = "o"}, 0},
        {{.limit = 9, .since_ms = NOW}, 3},
        {{.limit = 9, .until_ms = NOW}, 2},
        {{.limit = 9, .since_ms = NOW - 1, .until_ms = NOW + 1, .actor = "op", .method = "p"}, 2},
        {{.limit = 9, .target = "' OR '1' = '1"}, 0},
    };
    struct store_question question = of(STORE_AUDIT_SEARCH);

    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        question = of(CASES[i].search.target[0]  ? STORE_AUDIT_SEARCH_ABOUT
                      : CASES[i].search.actor[0] ? STORE_AUDIT_SEARCH_BY
                                                 : STORE_AUDIT_SEARCH);
        question.in.audit_search = CASES[i].search;
        question.in.audit_search.before = ALL;
        if (rows_of(world, question) != CASES[i].n)
            fail_msg("case %zu", i);
    }
    question = of(STORE_AUDIT_SEARCH);
    question.in.audit_search = (struct store_audit_search){.before = ALL, .limit = 1};
    for (uint64_t i = 5; i > 0; i--) {
        const struct store_audit *row;

        assert_int_equal(rows_of(world, question), 1);
        row = (const struct store_audit *)(void *)world->replies[0].rows;
        assert_int_equal(row->at_ms, NOW - 3 + i);
        question.in.audit_search.before = row->id;
    }
    assert_int_equal(rows_of(world, question), 0);
}

static void test_records(void **state)
{
    struct world *world = *state;
    uint64_t alice = add(world, "alice");
    struct store_question question = of(STORE_AUDIT_ADD);
    struct store_audit *audit = &question.in.audit;

    for (unsigned i = 0; i < 5; i++) {
        *audit =
            (struct store_audit){.at_ms = NOW - 2 + i, .has_uid = i > 0, .uid = UINT32_MAX - i};
        strcpy(audit->actor, "op");
        strcpy(audit->method, "players.kick");
        snprintf(audit->target, sizeof(audit->target), "#%u", i);
        strcpy(audit->detail, i == 3 ? "{\"name\": \"ALICE\"}" : "{\"name\": \"x\"}");
        strcpy(audit->outcome, i == 3 ? "denied: alice" : "ok");
        assert_int_equal(both(world, question), STORE_OK);
    }
    assert_int_equal(rows_of(world, page(STORE_AUDIT_LIST, ALL, 0, "")), 5);
    assert_int_equal(rows_of(world, page(STORE_AUDIT_ABOUT, ALL, 0, "#4")), 1);
    check_search(world);
    question = page(STORE_AUDIT_PRUNE, 0, 0, "");
    question.in.page.limit = 1;
    assert_int_equal(both(world, question), STORE_OK);   /* one of two, there is more */
    assert_int_equal(both(world, question), STORE_NONE); /* the last */
    assert_int_equal(rows_of(world, page(STORE_AUDIT_LIST, ALL, 0, "")), 3);
    say(world, alice);
    assert_int_equal(rows_of(world, page(STORE_TOKENS_OF, ALL, alice, "")), 0);
    assert_int_equal(rows_of(world, page(STORE_ADOPTED_OF, ALL, alice, "")), 0);
    question = of(STORE_PLAYER_ERASE);
    question.in.erase.player_id = alice;
    strcpy(question.in.erase.target, "#4");
    strcpy(question.in.erase.quoted, "\"alice\"");
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(both(world, question), STORE_NONE);
    assert_int_equal(rows_of(world, page(STORE_AUDIT_LIST, ALL, 0, "")), 3);
    assert_int_equal(rows_of(world, page(STORE_CHAT_OF, ALL, alice, "")), 0);
}

/* One report of `by` about `about` (0: a guest); at most 3 since `since_ms`, and 4 open ones. */
static enum store_status report(struct world *world, uint64_t by, uint64_t about, uint64_t since_ms)
{
    struct store_question question = of(STORE_REPORT_ADD);
    struct store_reporting *reporting = &question.in.reporting;

    *reporting = (struct store_reporting){.since_ms = since_ms, .most = 3, .open_most = 4};
    reporting->report.at_ms = NOW;
    reporting->report.reporter_id = by;
    reporting->report.about_id = about;
    strcpy(reporting->report.reporter, "alice");
    strcpy(reporting->report.about, "bob '\"\\");
    strcpy(reporting->report.words, "'); DROP TABLE reports; -- \xf0\x9f\x92\xa9");
    return both(world, question);
}

static const struct store_report *first_report(const struct world *world)
{
    return (const struct store_report *)(void *)world->replies[0].rows;
}

static enum store_status close_report(struct world *world, uint64_t id)
{
    struct store_question question = of(STORE_REPORT_CLOSE);

    question.in.report.id = id;
    question.in.report.closed_ms = NOW + 5;
    strcpy(question.in.report.closed_by, "op");
    strcpy(question.in.report.verdict, "warned");
    return both(world, question);
}

static void add_report_lines(struct world *world, uint64_t report_id, uint64_t bob)
{
    static struct store_report_line lines[4];
    struct store_question question = of(STORE_REPORT_LINES_ADD);

    for (unsigned i = 0; i < 4; i++) {
        lines[i] = (struct store_report_line){
            .report_id = i == 3 ? 999 : report_id, .at_ms = NOW + i, .channel = i % 3};
        lines[i].player_id = i == 0 ? bob : i == 1 ? 0 : i == 2 ? 999 : bob;
        strcpy(lines[i].name, i == 1 ? "alice" : "a \"b\" \\ {c}, NULL");
        strcpy(lines[i].text, i ? "NULL" : "{\"x\",'y'} \\ \xe2\x82\xac");
    }
    question.in.many.rows = lines;
    question.in.many.n = 4;
    assert_int_equal(both(world, question), STORE_OK);
}

static void test_reports(void **state)
{
    struct world *world = *state;
    uint64_t alice = add(world, "alice"), bob = add(world, "bob"), carol = add(world, "carol");
    struct store_question question = of(STORE_PLAYER_ERASE);
    uint64_t first;

    assert_int_equal(report(world, alice, bob, NOW - 1), STORE_OK);
    first = world->replies[0].answer.out.id;
    assert_int_equal(report(world, alice, 0, NOW - 1), STORE_OK);
    assert_int_equal(report(world, alice, bob, NOW - 1), STORE_OK);
    assert_int_equal(report(world, alice, bob, NOW - 1), STORE_NONE); /* three are enough, */
    assert_int_equal(report(world, carol, bob, NOW - 1), STORE_OK);   /* of one */
    assert_int_equal(report(world, carol, bob, NOW), STORE_NONE);     /* and four in all */
    assert_int_equal(both(world, of(STORE_REPORTS_COUNT)), STORE_OK);
    assert_int_equal(world->replies[0].answer.out.id, 4);
    assert_int_equal(rows_of(world, page(STORE_REPORTS_OPEN, ALL, 0, "")), 4);
    assert_int_equal(first_report(world)->earlier, 2);
    assert_int_equal(first_report(world)->reporter_id, carol);
    assert_string_equal(first_report(world)->about, "bob '\"\\");
    assert_int_equal(rows_of(world, page(STORE_REPORTS_CLOSED, ALL, 0, "")), 0);
    assert_int_equal(rows_of(world, page(STORE_REPORTS_ABOUT, ALL, bob, "")), 3);
    assert_int_equal(rows_of(world, page(STORE_REPORTS_BY, ALL, alice, "")), 3);
    add_report_lines(world, first, bob);
    assert_int_equal(rows_of(world, page(STORE_REPORT_LINES, 0, first, "")), 2);
    assert_int_equal(rows_of(world, page(STORE_CHAT_KEPT_OF, ALL, bob, "")), 1);
    assert_int_equal(rows_of(world, page(STORE_CHAT_KEPT_OF, ALL, alice, "")), 0);

    assert_int_equal(close_report(world, first), STORE_OK);
    assert_int_equal(world->replies[0].answer.out.player.id, bob);
    assert_int_equal(close_report(world, first), STORE_NONE);
    assert_int_equal(close_report(world, 999), STORE_NONE);
    assert_int_equal(rows_of(world, page(STORE_REPORTS_CLOSED, ALL, 0, "")), 1);
    assert_int_equal(rows_of(world, page(STORE_REPORTS_ALL, ALL, 0, "")), 4);
    assert_int_equal(rows_of(world, page(STORE_REPORT_SHOW, ALL, first, "")), 1);
    assert_string_equal(first_report(world)->verdict, "warned");
    assert_int_equal(first_report(world)->closed_ms, NOW + 5);

    assert_int_equal(report(world, carol, 999, NOW - 1), STORE_NONE); /* nobody is that */
    /* What one who is erased reported stays, but not as his; what was reported of him goes. */
    question.in.erase.player_id = alice;
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(rows_of(world, page(STORE_REPORT_SHOW, ALL, first, "")), 1);
    assert_int_equal(first_report(world)->reporter_id, 0);
    assert_string_equal(first_report(world)->reporter, "");
    assert_string_equal(first_report(world)->words, "");
    assert_string_equal(first_report(world)->verdict, "");
    /* nor what he said before a restart, which is known by his name alone */
    assert_int_equal(rows_of(world, page(STORE_REPORT_LINES, 0, first, "")), 1);
    question.in.erase.player_id = bob;
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(rows_of(world, page(STORE_REPORTS_ALL, ALL, 0, "")), 1); /* of the guest */
    assert_int_equal(rows_of(world, page(STORE_REPORT_LINES, 0, first, "")), 0);
    assert_int_equal(rows_of(world, page(STORE_REPORTS_ALL, ALL, 0, "")), 1);
    first = first_report(world)->id;
    question = page(STORE_REPORTS_PRUNE, 0, 0, "");
    question.in.page.now_ms = NOW + 1;
    assert_int_equal(both(world, question), STORE_NONE);
    assert_int_equal(rows_of(world, page(STORE_REPORTS_OPEN, ALL, 0, "")), 1); /* nobody saw it */
    assert_int_equal(close_report(world, first), STORE_OK);
    assert_int_equal(both(world, question), STORE_NONE); /* no more of them */
    assert_int_equal(rows_of(world, page(STORE_REPORTS_ALL, ALL, 0, "")), 0);
}

/* A token of the family "f" and this account. */
static enum store_status add_token(struct world *world, uint64_t player, const char *hash)
{
    struct store_question question = of(STORE_REFRESH_ADD);
    struct store_refresh *refresh = &question.in.refresh;

    *refresh = (struct store_refresh){.player_id = player, .now_ms = NOW, .expires_ms = NOW + 1000};
    strcpy(refresh->family, "f");
    snprintf(refresh->hash, sizeof(refresh->hash), "%s", hash);
    return both(world, question);
}

/* The fate of a token whose place the next one is to take. */
static uint32_t use_token(struct world *world, const char *hash, const char *next, uint64_t now_ms)
{
    struct store_question question = of(STORE_REFRESH_USE);
    struct store_refresh *refresh = &question.in.refresh;

    *refresh = (struct store_refresh){.now_ms = now_ms, .expires_ms = now_ms + 1000};
    snprintf(refresh->hash, sizeof(refresh->hash), "%s", hash);
    snprintf(refresh->next_hash, sizeof(refresh->next_hash), "%s", next);
    if (both(world, question) != STORE_OK)
        return 0;
    assert_string_equal(world->replies[0].answer.out.refresh.username, "alice");
    return world->replies[0].answer.out.refresh.fate;
}

/* One family was revoked, at NOW + 999; and what operators do to accounts counts too. */
static void check_ends(struct world *world)
{
    static const char *const methods[] = {"accounts.set-role", "accounts.rename", "accounts.show"};
    const struct store_access_end *rows;
    struct store_question question;

    for (unsigned i = 0; i < 3; i++) {
        question = of(STORE_AUDIT_ADD);
        question.in.audit = (struct store_audit){.at_ms = NOW + i, .actor = "root"};
        snprintf(question.in.audit.target, sizeof(question.in.audit.target), "#%u", 7 + i);
        strcpy(question.in.audit.method, methods[i]);
        assert_int_equal(both(world, question), STORE_OK);
    }
    question = of(STORE_ACCESS_ENDS);
    question.in.page = (struct store_page){.now_ms = NOW - 1, .limit = 10};
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(world->replies[0].answer.rows_n, 3);
    rows = (const void *)world->replies[0].rows;
    assert_string_equal(rows[0].family, "f");
    assert_int_equal(rows[0].at_ms, NOW + 999);
    assert_string_equal(rows[1].target, "#8");
    assert_string_equal(rows[2].target, "#7");
    assert_int_equal(rows[2].at_ms, NOW);
    question.in.page.now_ms = NOW + 1;
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(world->replies[0].answer.rows_n, 1);
}

static void test_tokens(void **state)
{
    struct world *world = *state;
    uint64_t alice = add(world, "alice");
    struct store_question question = of(STORE_REFRESH_REVOKE);

    assert_int_equal(add_token(world, 999, "nobody's"), STORE_NONE);
    assert_int_equal(add_token(world, alice, "one"), STORE_OK);
    assert_int_equal(use_token(world, "unknown", "x", NOW + 1), 0);
    assert_int_equal(use_token(world, "one", "two", NOW + 1), STORE_REFRESH_ROTATED);
    assert_int_equal(use_token(world, "one", "two", NOW + 1), STORE_REFRESH_ROTATED); /* again */
    assert_int_equal(use_token(world, "one", "other", NOW + 2), STORE_REFRESH_REUSED);
    assert_int_equal(use_token(world, "two", "three", NOW + 3), STORE_REFRESH_OVER);
    assert_int_equal(add_token(world, alice, "four"), STORE_OK);
    assert_int_equal(use_token(world, "four", "five", NOW + 1000), STORE_REFRESH_OVER);
    assert_int_equal(use_token(world, "four", "five", NOW + 999), STORE_REFRESH_ROTATED);
    strcpy(question.in.refresh.hash, "five");
    question.in.refresh.now_ms = NOW + 999;
    both(world, question);
    assert_string_equal(world->replies[0].answer.out.refresh.family, "f");
    assert_int_equal(use_token(world, "five", "six", NOW + 999), STORE_REFRESH_OVER);
    assert_string_equal(world->replies[0].answer.out.refresh.family, "f");
    assert_int_equal(add_token(world, alice, "six"), STORE_OK);
    question = of(STORE_REFRESH_REVOKE);
    question.in.refresh.now_ms = NOW + 999;
    strcpy(question.in.refresh.family, "g");
    assert_int_equal(both(world, question), STORE_NONE);
    strcpy(question.in.refresh.family, "f");
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(use_token(world, "six", "seven", NOW + 999), STORE_REFRESH_OVER);
    check_ends(world);
    assert_int_equal(add_token(world, alice, "seven"), STORE_OK);
    both(world, by_id(STORE_REFRESH_REVOKE_PLAYER, alice));
    assert_int_equal(use_token(world, "seven", "eight", NOW + 1), STORE_REFRESH_OVER);
    assert_int_equal(add_token(world, alice, "nine"), STORE_OK);
    question = of(STORE_BAN_ADD); /* logs him out */
    question.in.ban = (struct store_ban){.player_id = alice, .created_ms = NOW};
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(use_token(world, "nine", "ten", NOW + 1), STORE_REFRESH_OVER);
    assert_int_equal(add_token(world, alice, "eleven"), STORE_NONE); /* nor does he begin another */
    question.in.ban.expires_ms = NOW; /* which takes the place of the one for ever */
    assert_int_equal(both(world, question), STORE_OK);
    assert_int_equal(add_token(world, alice, "twelve"), STORE_OK);
    question = by_id(STORE_REFRESH_PRUNE, 0);
    question.in.id.now_ms = NOW + 5000;
    assert_int_equal(both(world, question), STORE_NONE); /* none is left */
    assert_int_equal(rows_of(world, page(STORE_TOKENS_OF, ALL, alice, "")), 0);
}

static bool asked[STORE_STATEMENTS_N];

static int note_and_teardown(void **state)
{
    const struct world *world = *state;

    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++)
        asked[i] = asked[i] || world->asked[i];
    return teardown(state);
}

static void test_all_were_asked(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++)
        if (!asked[i])
            fail_msg("statement %s is asked by no test of both databases",
                     statement_of((enum store_statement)i)->name);
}

static void test_all_were_timed(void **state)
{
    char label[80];

    (void)state;
    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++) {
        const char *labels = metrics_member_labels(METRIC_GROUP_STATEMENT_US, i);

        snprintf(label, sizeof(label), "statement=\"%s\"",
                 statement_of((enum store_statement)i)->name);
        if (labels == NULL)
            fail_msg("%s was not timed", label);
        assert_string_equal(labels, label);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_players, setup, note_and_teardown),
        cmocka_unit_test_setup_teardown(test_server, setup, note_and_teardown),
        cmocka_unit_test_setup_teardown(test_passwords, setup, note_and_teardown),
        cmocka_unit_test_setup_teardown(test_accounts, setup, note_and_teardown),
        cmocka_unit_test_setup_teardown(test_invites, setup, note_and_teardown),
        cmocka_unit_test_setup_teardown(test_moderation, setup, note_and_teardown),
        cmocka_unit_test_setup_teardown(test_reports, setup, note_and_teardown),
        cmocka_unit_test_setup_teardown(test_records, setup, note_and_teardown),
        cmocka_unit_test_setup_teardown(test_tokens, setup, note_and_teardown),
        cmocka_unit_test(test_all_were_asked),
        cmocka_unit_test(test_all_were_timed),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
