/* test_moderation.c -- what moderation asks of the store, on a real file: records of operators'
 * acts; what is written comes back byte by byte, whatever it looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <sqlite3.h>

#include "accounts/bans.h"
#include "common/compiler.h"
#include "net/address.h"
#include "pg_cluster.h"
#include "scratch.h"
#include "store/store.h"
#include "store_of.h"

#define DEADLINE_STEPS 1000 /* of 10 ms */
#define NOW            1700000000123u

struct world {
    char connection[PG_CLUSTER_CONNECTION_BYTES];
    struct scratch scratch;
    struct event_base *base;
    struct store *store;
    enum store_status status;
    uint64_t id; /* the newest answer's */
    struct store_audit audits[8];
    struct store_ban rows[8];
    struct store_chat lines[8];
    struct bans *bans;
    uint64_t done_id;
    enum store_status done_status;
    int done_n, told_n;
    uint64_t told_id, muted_player, muted_until;
    size_t rows_n;
    int answers_n;
};

/* Texts that try to be something else. */
static const char *const HOSTILE[] = {
    "'; DROP TABLE audit; --",
    "\" OR 1=1 --",
    "$1",
    "?1",
    "%s%n",
    "\\'; --",
    "NULL",
    "x', 'y'); DELETE FROM players; --",
    "\xf0\x9f\x92\xa9 \xe2\x80\xae",
};

static struct store *open_store(struct world *world, struct error *error)
{
    struct store_config config = store_of(world->base, world->scratch.path, world->connection);

    config.busy_ms = 200;
    return store_open(&config, error);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct error error = {""};

    assert_non_null(world);
    if (*state != NULL)
        assert_int_equal(pg_cluster_database(&cluster, world->connection), 0);
    scratch_make(&world->scratch);
    world->base = event_base_new();
    world->store = open_store(world, &error);
    if (world->store == NULL)
        fail_msg("%s", error.text);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    store_close(world->store);
    bans_free(world->bans);
    event_base_free(world->base);
    scratch_remove(&world->scratch);
    free(world);
    return 0;
}

static void answered(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct world *world = context;

    world->status = answer->status;
    world->rows_n = answer->rows_n;
    assert_true(tag == 0 || answer->rows_n <= ARRAY_N(world->audits));
    if (tag == 1 && answer->rows_n > 0) {
        memcpy(world->audits, answer->rows, answer->rows_n * sizeof(world->audits[0]));
    } else if (tag == 2 && answer->rows_n > 0) {
        memcpy(world->rows, answer->rows, answer->rows_n * sizeof(world->rows[0]));
    } else if (tag == 3 && answer->rows_n > 0) {
        memcpy(world->lines, answer->rows, answer->rows_n * sizeof(world->lines[0]));
    } else if (answer->status == STORE_OK) {
        world->id = answer->out.id;
    } else if (answer->status == STORE_AWAY) {
        print_error("%s\n", answer->error.text);
    }
    world->answers_n++;
}

static void turn(struct world *world)
{
    struct timeval step = {0, 10000};

    event_base_loopexit(world->base, &step);
    event_base_dispatch(world->base);
}

static enum store_status ask(struct world *world, struct store_question *question)
{
    int before = world->answers_n;

    question->answer = answered;
    question->context = world;
    assert_int_equal(store_ask(world->store, question), 0);
    for (unsigned i = 0; i < DEADLINE_STEPS && world->answers_n == before; i++)
        turn(world);
    assert_int_equal(world->answers_n, before + 1);
    return world->status;
}

static enum store_status audit(struct world *world, uint64_t at_ms, const char *target,
                               const char *text)
{
    struct store_question question = {.statement = STORE_AUDIT_ADD};

    question.in.audit = (struct store_audit){.at_ms = at_ms, .has_uid = true, .uid = 4000000000u};
    snprintf(question.in.audit.actor, sizeof(question.in.audit.actor), "%s", text);
    snprintf(question.in.audit.method, sizeof(question.in.audit.method), "%s", text);
    snprintf(question.in.audit.target, sizeof(question.in.audit.target), "%s", target);
    snprintf(question.in.audit.detail, sizeof(question.in.audit.detail), "%s", text);
    snprintf(question.in.audit.outcome, sizeof(question.in.audit.outcome), "%s", text);
    return ask(world, &question);
}

static enum store_status list(struct world *world, uint64_t before, const char *target,
                              uint32_t limit)
{
    struct store_question question = {.statement = target ? STORE_AUDIT_ABOUT : STORE_AUDIT_LIST,
                                      .tag = 1};

    question.in.page.from = before;
    question.in.page.limit = limit;
    if (target)
        snprintf(question.in.page.text, sizeof(question.in.page.text), "%s", target);
    return ask(world, &question);
}

static enum store_status prune(struct world *world, uint64_t before_ms, uint32_t limit)
{
    struct store_question question = {.statement = STORE_AUDIT_PRUNE};

    question.in.page.now_ms = before_ms;
    question.in.page.limit = limit;
    return ask(world, &question);
}

static void test_audit(void **state)
{
    struct world *world = *state;

    assert_int_equal(list(world, INT64_MAX, NULL, 8), STORE_OK);
    assert_int_equal(world->rows_n, 0);
    for (size_t i = 0; i < ARRAY_N(HOSTILE); i++) {
        assert_int_equal(audit(world, NOW + i, HOSTILE[i], HOSTILE[i]), STORE_OK);
        assert_int_equal(list(world, INT64_MAX, NULL, 1), STORE_OK);
        assert_int_equal(world->rows_n, 1);
        assert_int_equal(world->audits[0].at_ms, NOW + i);
        assert_true(world->audits[0].has_uid);
        assert_true(world->audits[0].uid == 4000000000u);
        assert_string_equal(world->audits[0].actor, HOSTILE[i]);
        assert_string_equal(world->audits[0].method, HOSTILE[i]);
        assert_string_equal(world->audits[0].target, HOSTILE[i]);
        assert_string_equal(world->audits[0].detail, HOSTILE[i]);
        assert_string_equal(world->audits[0].outcome, HOSTILE[i]);
        assert_int_equal(list(world, INT64_MAX, HOSTILE[i], 8), STORE_OK);
        assert_int_equal(world->rows_n, 1); /* only that one */
    }
    /* by page, newest first */
    assert_int_equal(list(world, INT64_MAX, NULL, 2), STORE_OK);
    assert_int_equal(world->rows_n, 2);
    assert_int_equal(world->audits[0].at_ms, NOW + ARRAY_N(HOSTILE) - 1);
    assert_int_equal(list(world, world->audits[1].id, NULL, 1), STORE_OK);
    assert_int_equal(world->audits[0].at_ms, NOW + ARRAY_N(HOSTILE) - 3);
    /* pruned in pieces: the oldest first, until none is older */
    assert_int_equal(prune(world, NOW + 4, 3), STORE_OK);
    assert_int_equal(prune(world, NOW + 4, 3), STORE_NONE);
    assert_int_equal(list(world, INT64_MAX, NULL, 8), STORE_OK);
    assert_int_equal(world->rows_n, ARRAY_N(HOSTILE) - 4);
    assert_int_equal(world->audits[world->rows_n - 1].at_ms, NOW + 4);
    assert_int_equal(prune(world, NOW + 4, 3), STORE_NONE);
}

/* ---- bans ---- */

static uint64_t add_player(struct world *world, const char *name)
{
    struct store_question question = {.statement = STORE_PLAYER_ADD};

    snprintf(question.in.player.username, sizeof(question.in.player.username), "%s", name);
    snprintf(question.in.player.key, sizeof(question.in.player.key), "%s", name);
    strcpy(question.in.player.hash, "$hash$");
    question.in.player.created_ms = NOW;
    assert_int_equal(ask(world, &question), STORE_OK);
    return world->id;
}

static enum store_status ban(struct world *world, enum store_statement statement, uint64_t player,
                             const char *network, const char *text, uint64_t at_ms,
                             uint64_t expires_ms)
{
    struct store_question question = {.statement = statement};

    question.in.ban =
        (struct store_ban){.player_id = player, .created_ms = at_ms, .expires_ms = expires_ms};
    snprintf(question.in.ban.network, sizeof(question.in.ban.network), "%s", network);
    snprintf(question.in.ban.reason, sizeof(question.in.ban.reason), "%s", text);
    snprintf(question.in.ban.created_by, sizeof(question.in.ban.created_by), "%s", text);
    return ask(world, &question);
}

static size_t bans_listed(struct world *world, enum store_statement statement, uint64_t about,
                          const char *network, uint64_t now_ms)
{
    bool history = statement == STORE_BANS_ABOUT || statement == STORE_MUTES_ABOUT;
    struct store_question question = {.statement = statement, .tag = 2};

    question.in.page.from = history ? INT64_MAX : 0;
    question.in.page.now_ms = now_ms;
    question.in.page.about = about;
    question.in.page.limit = 8;
    snprintf(question.in.page.text, sizeof(question.in.page.text), "%s", network);
    assert_int_equal(ask(world, &question), STORE_OK);
    return world->rows_n;
}

static void test_rows_of_bans(void **state)
{
    struct world *world = *state;
    uint64_t anna = add_player(world, "anna"), bob = add_player(world, "bob"), first;
    struct store_question lift = {.statement = STORE_BAN_LIFT};

    assert_int_equal(ban(world, STORE_BAN_ADD, 4711, "", "x", NOW, 0), STORE_NONE);
    assert_int_equal(ban(world, STORE_MUTE_ADD, 4711, "", "x", NOW, 0), STORE_NONE);
    for (size_t i = 0; i < ARRAY_N(HOSTILE); i++) {
        assert_int_equal(ban(world, STORE_BAN_ADD, anna, "", HOSTILE[i], NOW + i, 0), STORE_OK);
        assert_int_equal(ban(world, STORE_MUTE_ADD, anna, "", HOSTILE[i], NOW + i, 0), STORE_OK);
        /* one a target is in force: the newest */
        assert_int_equal(bans_listed(world, STORE_BANS_IN_FORCE, 0, "", NOW + i), 1);
        assert_string_equal(world->rows[0].reason, HOSTILE[i]);
        assert_string_equal(world->rows[0].created_by, HOSTILE[i]);
        assert_string_equal(world->rows[0].player, "anna");
        assert_int_equal(world->rows[0].player_id, anna);
        assert_int_equal(bans_listed(world, STORE_MUTES_IN_FORCE, 0, "", NOW + i), 1);
        assert_string_equal(world->rows[0].reason, HOSTILE[i]);
        assert_int_equal(bans_listed(world, STORE_BANS_ABOUT, 0, HOSTILE[i], 0), 0);
    }
    assert_int_equal(bans_listed(world, STORE_BANS_ABOUT, anna, "", 0), 8);
    assert_int_equal(world->rows[0].lifted_ms, 0);
    assert_int_equal(world->rows[1].lifted_ms, NOW + ARRAY_N(HOSTILE) - 1);
    assert_string_equal(world->rows[1].lifted_by, HOSTILE[ARRAY_N(HOSTILE) - 1]);
    /* lifted once; what is over is not lifted, and a new one does not say so of it */
    lift.in.ban.id = world->rows[0].id;
    lift.in.ban.lifted_ms = NOW + 100;
    strcpy(lift.in.ban.lifted_by, "kim");
    assert_int_equal(ask(world, &lift), STORE_OK);
    assert_int_equal(ask(world, &lift), STORE_NONE);
    assert_int_equal(ban(world, STORE_BAN_ADD, bob, "", "x", NOW, NOW + 50), STORE_OK);
    first = world->id;
    assert_int_equal(bans_listed(world, STORE_BANS_IN_FORCE, 0, "", NOW + 49), 1);
    assert_int_equal(bans_listed(world, STORE_BANS_IN_FORCE, 0, "", NOW + 50), 0);
    lift.in.ban.id = first;
    assert_int_equal(ask(world, &lift), STORE_NONE);
    assert_int_equal(ban(world, STORE_BAN_ADD, bob, "", "y", NOW + 60, 0), STORE_OK);
    assert_int_equal(bans_listed(world, STORE_BANS_ABOUT, bob, "", 0), 2);
    assert_int_equal(world->rows[1].lifted_ms, 0);
    /* networks stand apart from players */
    assert_int_equal(ban(world, STORE_BAN_ADD, 0, "192.0.2.0/24", "z", NOW, 0), STORE_OK);
    assert_int_equal(bans_listed(world, STORE_BANS_IN_FORCE, 0, "", NOW + 200), 2);
    assert_int_equal(bans_listed(world, STORE_BANS_ABOUT, 0, "192.0.2.0/24", 0), 1);
    assert_int_equal(world->rows[0].player_id, 0);
    assert_string_equal(world->rows[0].network, "192.0.2.0/24");
}

static void on_done(void *context, uint64_t tag, enum store_status status, uint64_t id,
                    const struct error *error)
{
    struct world *world = context;

    (void)error;
    assert_int_equal(tag, 5);
    world->done_status = status;
    world->done_id = id;
    world->done_n++;
}

static void on_banned(void *context, const struct ban *ban, const char *text)
{
    struct world *world = context;

    assert_true(text[0] != '\0');
    world->told_id = ban->id;
    world->told_n++;
}

static void on_muted(void *context, uint64_t player, uint64_t until_ms, const char *text)
{
    struct world *world = context;

    assert_true(text[0] != '\0');
    world->muted_player = player;
    world->muted_until = until_ms;
}

static void open_bans(struct world *world)
{
    struct error error = {""};

    world->bans = bans_new(world->base, world->store, &error);
    if (world->bans == NULL)
        fail_msg("%s", error.text);
    bans_set_handlers(world->bans, &(struct bans_handlers){on_banned, on_muted, world});
}

static void wait_done(struct world *world, int before)
{
    for (unsigned i = 0; i < DEADLINE_STEPS && world->done_n == before; i++)
        turn(world);
    assert_int_equal(world->done_n, before + 1);
}

static enum store_status order(struct world *world, enum bans_kind kind, uint64_t player,
                               const char *network)
{
    struct bans_order order = {.kind = kind, .reason = "x", .by = "kim", .target.player = player};
    int before = world->done_n;

    if (network != NULL)
        assert_int_equal(network_parse(network, &order.target.network, NULL), 0);
    bans_add(world->bans, &order, on_done, world, 5);
    wait_done(world, before);
    return world->done_status;
}

static uint64_t judged(const struct world *world, const char *address)
{
    struct sockaddr_storage at;
    socklen_t bytes;
    const struct ban *ban;

    assert_int_equal(address_parse(address, &at, &bytes, NULL), 0);
    ban = bans_address(world->bans, &at, NOW);
    return ban != NULL ? ban->id : 0;
}

/* What holds in memory is what is in the database, after each answer and after a start. */
static void test_written_through(void **state)
{
    struct world *world = *state;
    uint64_t anna = add_player(world, "anna");
    struct error error = {""};

    open_bans(world);
    assert_int_equal(order(world, BANS_BAN, anna, NULL), STORE_OK);
    assert_int_equal(world->told_n, 1);
    assert_int_equal(bans_account(world->bans, anna, NOW)->id, world->done_id);
    assert_int_equal(order(world, BANS_BAN, 4711, NULL), STORE_NONE);
    assert_null(bans_account(world->bans, 4711, NOW));
    assert_int_equal(order(world, BANS_BAN, 0, "2001:db8::/32"), STORE_OK);
    assert_int_equal(judged(world, "[2001:db8::7]:1"), world->done_id);
    assert_int_equal(order(world, BANS_MUTE, anna, NULL), STORE_OK);
    assert_true(world->muted_player == anna && world->muted_until == UINT64_MAX);
    assert_true(bans_muted_until(world->bans, anna, NOW) == UINT64_MAX);
    bans_lift(world->bans, BANS_MUTE, world->done_id, "kim", on_done, world, 5);
    wait_done(world, world->done_n);
    assert_true(world->muted_player == anna && world->muted_until == 0);
    /* the same after a start; a row that nobody can read judges nobody and stops nothing */
    assert_int_equal(ban(world, STORE_BAN_ADD, 0, "not a network", "x", NOW, 0), STORE_OK);
    store_close(world->store);
    bans_free(world->bans);
    world->store = open_store(world, &error);
    assert_non_null(world->store);
    open_bans(world);
    assert_int_equal(bans_n(world->bans), 2);
    assert_int_equal(bans_mutes_n(world->bans), 0);
    assert_non_null(bans_account(world->bans, anna, NOW));
    assert_true(judged(world, "[2001:db8::7]:1") != 0);
    assert_int_equal(judged(world, "[2001:db9::7]:1"), 0);
    bans_forget(world->bans, anna);
    assert_null(bans_account(world->bans, anna, NOW));
}

/* Where it is not known whether a change was made, all is read again: what is in the database
 * holds, and who is here hears of it. */
static void test_doubt(void **state)
{
    struct world *world = *state;
    uint64_t anna = add_player(world, "anna");
    sqlite3 *db;

    open_bans(world);
    assert_int_equal(order(world, BANS_MUTE, anna, NULL), STORE_OK);
    assert_int_equal(sqlite3_open(world->scratch.path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    /* as if a commit's answer had been lost, of a ban and of the end of a mute */
    assert_int_equal(
        sqlite3_exec(db,
                     "INSERT INTO bans (id, player_id, reason, created_at, created_by) VALUES"
                     " (77, 1, 'x', '2026-01-01T00:00:00.000Z', 'kim');"
                     "UPDATE mutes SET lifted_at = '2026-01-01T00:00:00.000Z', lifted_by = 'kim';"
                     "BEGIN IMMEDIATE",
                     NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(order(world, BANS_BAN, 0, "192.0.2.1"), STORE_AWAY);
    assert_int_equal(judged(world, "192.0.2.1:1"), 0); /* nothing holds half */
    assert_null(bans_account(world->bans, anna, NOW));
    assert_int_equal(world->told_n, 0);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    for (unsigned i = 0; i < DEADLINE_STEPS && world->told_n == 0; i++)
        turn(world);
    assert_int_equal(world->told_n, 1);
    assert_int_equal(world->told_id, 77);
    assert_non_null(bans_account(world->bans, anna, NOW));
    assert_int_equal(bans_muted_until(world->bans, anna, NOW), 0);
    assert_true(world->muted_player == anna && world->muted_until == 0);
}

/* More than a page. */
static void test_many_are_read(void **state)
{
    struct world *world = *state;
    char network[32];

    for (unsigned i = 0; i < 1203; i++) {
        struct store_question question = {
            .statement = STORE_BAN_ADD, .answer = answered, .context = world};

        question.in.ban.created_ms = NOW;
        snprintf(question.in.ban.network, sizeof(question.in.ban.network), "10.%u.%u.0/24", i / 256,
                 i % 256);
        while (store_ask(world->store, &question) != 0) /* no room for more yet */
            turn(world);
    }
    for (unsigned i = 0; i < DEADLINE_STEPS && world->answers_n < 1203; i++)
        turn(world);
    assert_int_equal(world->answers_n, 1203);
    snprintf(network, sizeof(network), "10.%u.%u.9:1", 1202 / 256, 1202 % 256);
    open_bans(world);
    assert_int_equal(bans_n(world->bans), 1203);
    assert_true(judged(world, network) != 0);
    assert_true(judged(world, "10.0.0.1:1") != 0);
    assert_int_equal(judged(world, "10.4.179.1:1"), 0);
}

/* ---- chat and the end of an account ---- */

static void say(struct world *world, uint64_t player, const char *name, const char *text,
                uint64_t at_ms)
{
    struct store_chat lines[2] = {{.at_ms = at_ms, .player_id = player, .channel = 1},
                                  {.at_ms = at_ms, .player_id = 4711, .channel = 1}};
    struct store_question question = {.statement = STORE_CHAT_ADD};

    for (unsigned i = 0; i < 2; i++) {
        snprintf(lines[i].name, sizeof(lines[i].name), "%s", name);
        snprintf(lines[i].text, sizeof(lines[i].text), "%s", text);
    }
    question.in.many.rows = lines;
    question.in.many.n = 2;
    assert_int_equal(ask(world, &question), STORE_OK);
}

static size_t lines_of(struct world *world, uint64_t player)
{
    struct store_question question = {.statement = STORE_CHAT_OF, .tag = 3};

    question.in.page.from = INT64_MAX;
    question.in.page.about = player;
    question.in.page.limit = 8;
    assert_int_equal(ask(world, &question), STORE_OK);
    return world->rows_n;
}

static enum store_status erase(struct world *world, uint64_t player, const char *quoted)
{
    struct store_question question = {.statement = STORE_PLAYER_ERASE};

    question.in.erase.player_id = player;
    snprintf(question.in.erase.target, sizeof(question.in.erase.target), "#%u", (unsigned)player);
    snprintf(question.in.erase.quoted, sizeof(question.in.erase.quoted), "%s", quoted);
    return ask(world, &question);
}

static void test_chat_and_erasure(void **state)
{
    struct world *world = *state;
    uint64_t anna = add_player(world, "anna"), bob = add_player(world, "bob");
    static const enum store_statement OF[] = {STORE_SESSIONS_OF, STORE_ADDRESSES_OF,
                                              STORE_TOKENS_OF, STORE_ADOPTED_OF};

    for (size_t i = 0; i < 4; i++)
        say(world, anna, HOSTILE[i], HOSTILE[i], NOW + i);
    say(world, 0, "guest", "hello", NOW + 9); /* and never one of an account that is gone */
    say(world, bob, "bob", "to anna", NOW + 10);
    assert_int_equal(lines_of(world, 4711), 0);
    assert_int_equal(lines_of(world, anna), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(world->lines[i].text, HOSTILE[3 - i]);
        assert_string_equal(world->lines[i].name, HOSTILE[3 - i]);
        assert_int_equal(world->lines[i].at_ms, NOW + 3 - i);
    }
    for (size_t i = 0; i < ARRAY_N(OF); i++) {
        struct store_question question = {.statement = OF[i], .tag = 4};

        question.in.page = (struct store_page){.from = INT64_MAX, .about = anna, .limit = 8};
        assert_int_equal(ask(world, &question), STORE_OK);
        assert_int_equal(world->rows_n, 0);
    }
    assert_int_equal(audit(world, NOW, "#1", "{\"player\":\"Anna\"}"), STORE_OK);
    assert_int_equal(audit(world, NOW, "", "{\"name\":\"ANNA\"}"), STORE_OK);
    assert_int_equal(audit(world, NOW, "", "{\"name\":\"annabel\"}"), STORE_OK);
    assert_int_equal(ban(world, STORE_MUTE_ADD, anna, "", "x", NOW, 0), STORE_OK);
    assert_int_equal(erase(world, anna, "\"anna\""), STORE_OK);
    assert_int_equal(erase(world, anna, "\"anna\""), STORE_NONE);
    assert_int_equal(lines_of(world, anna), 0);
    assert_int_equal(lines_of(world, bob), 1);
    assert_int_equal(bans_listed(world, STORE_MUTES_ABOUT, anna, "", 0), 0);
    assert_int_equal(list(world, INT64_MAX, NULL, 8), STORE_OK);
    assert_int_equal(world->rows_n, 3);
    assert_string_equal(world->audits[2].detail, "{}");
    assert_string_equal(world->audits[2].outcome, "failed");
    assert_string_equal(world->audits[1].detail, "{}");
    assert_string_equal(world->audits[0].detail, "{\"name\":\"annabel\"}");
    /* hostile names */
    for (size_t i = 0; i < ARRAY_N(HOSTILE); i++)
        assert_int_equal(erase(world, 4711, HOSTILE[i]), STORE_NONE);
    assert_int_equal(lines_of(world, bob), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_audit, setup, teardown),
        ON_BOTH(test_rows_of_bans, setup, teardown),
        ON_BOTH(test_written_through, setup, teardown),
        ON_BOTH(test_many_are_read, setup, teardown),
        cmocka_unit_test_setup_teardown(test_doubt, setup, teardown),
        ON_BOTH(test_chat_and_erasure, setup, teardown),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
