/* Registering and logging in on a real store with real workers: who gets in, who is told what, and
 * how often a password may be guessed. */
#include <arpa/inet.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>
#include <sqlite3.h>

#include "accounts/accounts.h"
#include "accounts/email.h"
#include "accounts/throttle.h"
#include "accounts/token.h"
#include "ops/metrics.h"
#include "scratch.h"
#include "store/timestamp.h"

#define DEADLINE_STEPS 1000 /* of 10 ms */
/* of "correct horse" */
#define BCRYPT "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2"

struct world {
    struct scratch scratch;
    struct event_base *base;
    struct store *store;
    struct workers *workers;
    struct keys *keys;
    struct access *access;
    struct accounts_config config;
    struct accounts *accounts;
    bool exempt;
    struct accounts_answer answer; /* the newest */
    int answers_n;
};

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    uint8_t seed[JWS_SEED_BYTES] = {7};
    struct error error = {""};

    scratch_make(&world->scratch);
    world->base = event_base_new();
    world->store = store_open(&(struct store_config){.base = world->base,
                                                     .path = world->scratch.path,
                                                     .queue_max = 64,
                                                     .busy_ms = 50,
                                                     .migrate = true},
                              &error);
    assert_non_null(world->store);
    world->workers = workers_new(world->base, 1, 4, &error);
    world->keys = keys_new(seed);
    world->access = access_new(world->keys, NULL);
    world->config = (struct accounts_config){.base = world->base,
                                             .store = world->store,
                                             .workers = world->workers,
                                             .keys = world->keys,
                                             .access = world->access,
                                             .cost = {1, 8192},
                                             .token_lifetime_s = 3600,
                                             .registration = ACCOUNTS_OPEN,
                                             .email = ACCOUNTS_EMAIL_OPTIONAL};
    world->accounts = accounts_new(&world->config, &error);
    assert_non_null(world->accounts);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    accounts_stop(world->accounts);
    workers_free(world->workers);
    store_close(world->store);
    accounts_free(world->accounts);
    access_free(world->access);
    keys_free(world->keys);
    event_base_free(world->base);
    scratch_remove(&world->scratch);
    free(world);
    return 0;
}

static void answered(void *context, uint64_t tag, const struct accounts_answer *answer)
{
    struct world *world = context;

    assert_int_equal(tag, 99);
    world->answer = *answer;
    world->answers_n++;
}

static struct sockaddr_storage from(const char *text)
{
    struct sockaddr_storage address = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;

    if (strchr(text, ':')) {
        v6->sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
    } else {
        v4->sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, text, &v4->sin_addr), 1);
    }
    return address;
}

static void wait_for(struct world *world, int answers_n)
{
    struct timeval step = {0, 10000};

    for (unsigned i = 0; i < DEADLINE_STEPS && world->answers_n < answers_n; i++) {
        event_base_loopexit(world->base, &step);
        event_base_dispatch(world->base);
    }
    assert_int_equal(world->answers_n, answers_n);
}

static void begin(struct world *world, struct accounts_request request, const char *address)
{
    struct sockaddr_storage there = from(address);

    request.tag = 99;
    request.exempt = world->exempt;
    request.address = &there;
    accounts_login(world->accounts, &request, answered, world);
}

static enum protocol_reason ask(struct world *world, struct accounts_request request)
{
    int before = world->answers_n;

    begin(world, request, "192.0.2.1");
    wait_for(world, before + 1);
    return world->answer.reason;
}

static enum protocol_reason registering(struct world *world, const char *name, const char *email,
                                        const char *password)
{
    return ask(world, (struct accounts_request){.kind = ACCOUNTS_REGISTER,
                                                .username = name,
                                                .email = email,
                                                .password = password});
}

static enum protocol_reason with_password(struct world *world, const char *name,
                                          const char *password)
{
    return ask(world, (struct accounts_request){
                          .kind = ACCOUNTS_PASSWORD, .username = name, .password = password});
}

static enum protocol_reason with_token(struct world *world, const char *token)
{
    return ask(world, (struct accounts_request){.kind = ACCOUNTS_TOKEN, .token = token});
}

static void test_register_and_come_back(void **state)
{
    struct world *world = *state;
    char token[PROTOCOL_TOKEN_MAX + 1];
    uint64_t alice;

    assert_int_equal(registering(world, "Alice", "a@example.org", "correct horse"),
                     PROTOCOL_REASON_NONE);
    alice = world->answer.player;
    assert_true(alice > 0);
    assert_string_equal(world->answer.username, "Alice");
    strcpy(token, world->answer.token);
    assert_int_equal(registering(world, "aLICE", "", "correct horse"), PROTOCOL_REASON_NAME_TAKEN);
    assert_int_equal(with_password(world, "ALICE", "correct horse"), PROTOCOL_REASON_NONE);
    assert_int_equal(world->answer.player, alice);
    assert_string_equal(world->answer.username, "Alice"); /* as registered */
    assert_int_equal(with_token(world, token), PROTOCOL_REASON_NONE);
    assert_int_equal(world->answer.player, alice);
    assert_string_not_equal(world->answer.token, token);
    assert_int_equal(with_token(world, world->answer.token), PROTOCOL_REASON_NONE);
}

static void test_forms_are_checked(void **state)
{
    struct world *world = *state;
    char endless[TEXT_PASSWORD_MAX_BYTES + 10];

    assert_int_equal(registering(world, "al", "", "correct horse"), PROTOCOL_REASON_BAD_NAME);
    assert_true(world->answer.text[0]);
    assert_int_equal(registering(world, "al\xc3\x28ice", "", "correct horse"),
                     PROTOCOL_REASON_BAD_NAME);
    assert_int_equal(registering(world, "alice", "", "short"), PROTOCOL_REASON_BAD_PASSWORD);
    assert_int_equal(registering(world, "alice", "nobody", "correct horse"),
                     PROTOCOL_REASON_BAD_EMAIL);
    memset(endless, 'x', sizeof(endless));
    endless[sizeof(endless) - 1] = '\0';
    assert_int_equal(registering(world, "alice", "", endless), PROTOCOL_REASON_MALFORMED);
    world->config.registration = ACCOUNTS_CLOSED;
    assert_int_equal(accounts_reconfigure(world->accounts, &world->config, NULL), 0);
    assert_int_equal(registering(world, "alice", "", "correct horse"),
                     PROTOCOL_REASON_REGISTRATION_CLOSED);
}

static void test_email_forms(void **state)
{
    static const char *const good[] = {"", "a@b", "first.last+tag@mail.example.org",
                                       "zo\xc3\xab@b.de"};
    static const char *const wrong[] = {"a",      "@b",   "a@",      "a b@c",    "a@b@c",  "a@.b",
                                        "a@b..c", "a@b.", "a\n@b.c", "\xff@b.c", "a\x7f@b"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(email_check(good[i], NULL), 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(email_check(wrong[i], NULL), -1);
}

static void test_strangers_cost_the_same(void **state)
{
    struct world *world = *state;
    struct accounts_answer known;
    int64_t hashes, spent;

    assert_int_equal(registering(world, "alice", "", "correct horse"), PROTOCOL_REASON_NONE);
    hashes = metrics_value(METRIC_HASHES);
    assert_int_equal(with_password(world, "alice", "wrong horse"), PROTOCOL_REASON_LOGIN_FAILED);
    known = world->answer;
    spent = metrics_value(METRIC_HASHES) - hashes;
    assert_int_equal(spent, 1);
    hashes = metrics_value(METRIC_HASHES);
    assert_int_equal(with_password(world, "nobody", "wrong horse"), PROTOCOL_REASON_LOGIN_FAILED);
    assert_int_equal(metrics_value(METRIC_HASHES) - hashes, spent);
    assert_memory_equal(&known, &world->answer, sizeof(known));
    hashes = metrics_value(METRIC_HASHES);
    assert_int_equal(with_password(world, "\xff", "wrong horse"), PROTOCOL_REASON_LOGIN_FAILED);
    assert_int_equal(metrics_value(METRIC_HASHES) - hashes, spent);
    assert_memory_equal(&known, &world->answer, sizeof(known));
}

static void test_tokens_that_are_refused(void **state)
{
    struct world *world = *state;
    struct token_claims claims = {.player = 12345, .name = "ghost"};
    char token[PROTOCOL_TOKEN_MAX + 1];

    claims.issued_s = timestamp_now_ms() / 1000;
    claims.expires_s = claims.issued_s + 60;
    assert_int_equal(token_make(world->keys, TOKEN_RESUME, &claims, token, NULL), 0);
    assert_int_equal(with_token(world, token), PROTOCOL_REASON_TOKEN_REFUSED); /* no such account */
    assert_int_equal(with_token(world, "garbage"), PROTOCOL_REASON_TOKEN_REFUSED);
    assert_int_equal(with_token(world, ""), PROTOCOL_REASON_TOKEN_REFUSED);
}

static void test_database_away(void **state)
{
    struct world *world = *state;
    char token[PROTOCOL_TOKEN_MAX + 1];
    sqlite3 *db = NULL;

    assert_int_equal(registering(world, "alice", "", "correct horse"), PROTOCOL_REASON_NONE);
    strcpy(token, world->answer.token);
    assert_int_equal(sqlite3_open(world->scratch.path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000); /* the login is written down behind its answer */
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(registering(world, "bob", "", "correct horse"), PROTOCOL_REASON_STORE_AWAY);
    assert_true(world->answer.retry_after_ms > 0);
    sqlite3_close(db);
    assert_int_equal(registering(world, "bob", "", "correct horse"), PROTOCOL_REASON_NONE);
    assert_int_equal(with_token(world, token), PROTOCOL_REASON_NONE);
    assert_false(world->answer.store_away);
}

static void test_busy_workers(void **state)
{
    struct world *world = *state;
    struct accounts_request request = {
        .kind = ACCOUNTS_PASSWORD, .username = "nobody", .password = "wrong horse"};
    int64_t limited = metrics_value(METRIC_LOGINS_LIMITED);
    char name[16];

    world->config.cost = (struct password_cost){3, 16 << 20};
    assert_int_equal(accounts_reconfigure(world->accounts, &world->config, NULL), 0);
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof(name), "name%d", i);
        request.username = name;
        begin(world, request, "192.0.2.2");
    }
    wait_for(world, 9); /* four wait, one is hashed: some of the nine are told to come again */
    assert_true(metrics_value(METRIC_LOGINS_LIMITED) > limited);
}

/* Asks n times, and stops before anything is answered. */
static void stop_with(struct world *world, struct accounts_request request, int n)
{
    int before = world->answers_n;

    for (int i = 0; i < n; i++)
        begin(world, request, "192.0.2.3");
    accounts_stop(world->accounts);
    workers_free(world->workers);
    store_close(world->store);
    world->workers = NULL;
    world->store = NULL;
    assert_int_equal(world->answers_n, before + n);
}

static void test_stop_answers_all(void **state)
{
    struct world *world = *state;

    stop_with(world,
              (struct accounts_request){
                  .kind = ACCOUNTS_REGISTER, .username = "carol", .password = "correct horse"},
              3);
    assert_int_equal(world->answer.reason, PROTOCOL_REASON_SHUTTING_DOWN);
}

/* A good token too: nobody is welcomed into a world that ends. */
static void test_stop_answers_a_token(void **state)
{
    struct world *world = *state;
    char token[PROTOCOL_TOKEN_MAX + 1];

    assert_int_equal(registering(world, "alice", "", "correct horse"), PROTOCOL_REASON_NONE);
    strcpy(token, world->answer.token);
    stop_with(world, (struct accounts_request){.kind = ACCOUNTS_TOKEN, .token = token}, 1);
    assert_int_equal(world->answer.reason, PROTOCOL_REASON_SHUTTING_DOWN);
}

/* A thousand guesses at once, each at another name, are ten hashes. */
static void test_a_thousand_at_once(void **state)
{
    struct world *world = *state;
    int64_t hashes = metrics_value(METRIC_HASHES), refused = metrics_value(METRIC_LOGINS_LIMITED);
    char name[16];

    for (unsigned i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "name%u", i);
        begin(world,
              (struct accounts_request){
                  .kind = ACCOUNTS_PASSWORD, .username = name, .password = "wrong horse"},
              "192.0.2.1");
    }
    wait_for(world, 1000);
    assert_in_range(metrics_value(METRIC_HASHES) - hashes, 1, THROTTLE_ADDRESS);
    assert_true(metrics_value(METRIC_LOGINS_LIMITED) - refused >= 990);
}

/* Who waits for others from his address is answered too. */
static void test_stop_answers_those_who_wait(void **state)
{
    stop_with(*state,
              (struct accounts_request){
                  .kind = ACCOUNTS_PASSWORD, .username = "carol", .password = "correct horse"},
              60);
}

/* An account whose name breaks today's rule, as an adoption leaves it. */
static void test_names_that_exist_stay_usable(void **state)
{
    static const char *const names[] = {"a!", "p\xd0\xb0ypal", "Old Name  With  Spaces "};
    struct world *world = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct store_question question = {.statement = STORE_PLAYER_ADD};
        struct store_player *player = &question.in.player;
        char typed[64];

        snprintf(player->username, sizeof(player->username), "%s", names[i]);
        assert_true(text_fold(names[i], strlen(names[i]), player->key, sizeof(player->key)) > 0);
        strcpy(player->hash, BCRYPT);
        player->created_ms = 1;
        assert_int_equal(store_ask(world->store, &question), 0);
        snprintf(typed, sizeof(typed), "%s", names[i]);
        typed[0] = (char)(typed[0] == 'a' ? 'A' : typed[0] == 'O' ? 'o' : 'P');
        assert_int_equal(with_password(world, typed, "correct horse"), PROTOCOL_REASON_NONE);
        assert_string_equal(world->answer.username, names[i]);
        assert_int_equal(registering(world, names[i], "", "correct horse"),
                         PROTOCOL_REASON_BAD_NAME);
    }
}

static void test_an_address_is_slowed(void **state)
{
    struct world *world = *state;
    char name[16], token[PROTOCOL_TOKEN_MAX + 1];

    assert_int_equal(registering(world, "alice", "", "correct horse"), PROTOCOL_REASON_NONE);
    strcpy(token, world->answer.token);
    for (unsigned i = 0; i < 2 * THROTTLE_ADDRESS; i++) /* an old key's tokens harm nobody */
        assert_int_equal(with_token(world, "garbage"), PROTOCOL_REASON_TOKEN_REFUSED);
    for (unsigned i = 0; i < THROTTLE_ADDRESS; i++) {
        snprintf(name, sizeof(name), "name%u", i);
        assert_int_equal(with_password(world, name, "wrong horse"), PROTOCOL_REASON_LOGIN_FAILED);
    }
    assert_int_equal(with_password(world, "alice", "correct horse"), PROTOCOL_REASON_RATE_LIMITED);
    assert_in_range(world->answer.retry_after_ms, 100000, 120000);
    assert_int_equal(registering(world, "bob", "", "correct horse"), PROTOCOL_REASON_RATE_LIMITED);
    assert_int_equal(with_token(world, token), PROTOCOL_REASON_NONE);
    world->exempt = true;
    assert_int_equal(with_password(world, "alice", "correct horse"), PROTOCOL_REASON_NONE);
}

static void test_guessing_is_slowed(void **state)
{
    struct world *world = *state;

    assert_int_equal(registering(world, "alice", "", "correct horse"), PROTOCOL_REASON_NONE);
    for (unsigned i = 0; i < THROTTLE_FREE; i++)
        assert_int_equal(with_password(world, "alice", "wrong horse"),
                         PROTOCOL_REASON_LOGIN_FAILED);
    assert_int_equal(with_password(world, "alice", "correct horse"), PROTOCOL_REASON_RATE_LIMITED);
    assert_in_range(world->answer.retry_after_ms, 1, 1000);
}

/* As the program before us, or an older configuration of ours, left it. */
static void stored_hash(struct world *world, const char *name, const char *hash)
{
    char sql[512];
    sqlite3 *db = NULL;

    snprintf(sql, sizeof(sql), "UPDATE players SET password_hash = '%s' WHERE username = '%s'",
             hash, name);
    assert_int_equal(sqlite3_open(world->scratch.path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static bool stored_begins(struct world *world, const char *with)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    bool so;

    assert_int_equal(sqlite3_open(world->scratch.path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT password_hash FROM players", -1, &statement, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    so = strncmp((const char *)sqlite3_column_text(statement, 0), with, strlen(with)) == 0;
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return so;
}

static void test_old_hashes_give_way(void **state)
{
    struct world *world = *state;

    assert_int_equal(registering(world, "alice", "", "whatever it is"), PROTOCOL_REASON_NONE);
    stored_hash(world, "alice", BCRYPT);
    assert_int_equal(with_password(world, "alice", "wrong horse"), PROTOCOL_REASON_LOGIN_FAILED);
    assert_true(stored_begins(world, BCRYPT));
    assert_int_equal(with_password(world, "alice", "correct horse"), PROTOCOL_REASON_NONE);
    assert_int_equal(with_password(world, "alice", "correct horse"), PROTOCOL_REASON_NONE);
    assert_true(stored_begins(world, "$argon2id$v=19$m=8,t=1,"));
    world->config.cost = (struct password_cost){2, 16384};
    assert_int_equal(accounts_reconfigure(world->accounts, &world->config, NULL), 0);
    assert_int_equal(with_password(world, "alice", "correct horse"), PROTOCOL_REASON_NONE);
    assert_int_equal(with_password(world, "alice", "correct horse"), PROTOCOL_REASON_NONE);
    assert_true(stored_begins(world, "$argon2id$v=19$m=16,t=2,"));
    stored_hash(world, "alice", "!"); /* an account without a password: none fits */
    assert_int_equal(with_password(world, "alice", "!"), PROTOCOL_REASON_LOGIN_FAILED);
    assert_int_equal(with_password(world, "alice", ""), PROTOCOL_REASON_LOGIN_FAILED);
}

/* The time says neither whether there is such a name nor what its password is compared with. */
static void test_failures_take_the_same_time(void **state)
{
    static const char *const names[] = {"alice", "nobody", "\xff", "bob"};
    struct world *world = *state;
    struct timespec begun, ended;

    assert_int_equal(registering(world, "alice", "", "whatever it is"), PROTOCOL_REASON_NONE);
    assert_int_equal(registering(world, "bob", "", "whatever it is"), PROTOCOL_REASON_NONE);
    stored_hash(world, "alice", BCRYPT);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int64_t ms;

        clock_gettime(CLOCK_MONOTONIC, &begun);
        assert_int_equal(with_password(world, names[i], "wrong horse"),
                         PROTOCOL_REASON_LOGIN_FAILED);
        clock_gettime(CLOCK_MONOTONIC, &ended);
        ms = (ended.tv_sec - begun.tv_sec) * 1000 + (ended.tv_nsec - begun.tv_nsec) / 1000000;
        assert_true(ms >= 245); /* the loop counts in whole ms */
    }
}

static enum protocol_reason with_password_from(struct world *world, const char *address,
                                               const char *password)
{
    int before = world->answers_n;

    begin(world,
          (struct accounts_request){
              .kind = ACCOUNTS_PASSWORD, .username = "alice", .password = password},
          address);
    wait_for(world, before + 1);
    return world->answer.reason;
}

/* Who guesses from elsewhere makes the account wait, but not where its owner was before. */
static void test_owner_comes_in(void **state)
{
    struct world *world = *state;
    char address[32];

    assert_int_equal(registering(world, "alice", "", "correct horse"), PROTOCOL_REASON_NONE);
    for (unsigned i = 0; i <= THROTTLE_FREE; i++) {
        snprintf(address, sizeof(address), "198.51.100.%u", i);
        with_password_from(world, address, "wrong horse");
    }
    assert_int_equal(world->answer.reason, PROTOCOL_REASON_RATE_LIMITED);
    assert_int_equal(with_password_from(world, "198.51.100.99", "correct horse"),
                     PROTOCOL_REASON_RATE_LIMITED);
    assert_int_equal(with_password_from(world, "192.0.2.1", "correct horse"), PROTOCOL_REASON_NONE);
}

/* A crowd that knows its passwords comes in whole from one address, ten at a time. */
static void test_crowd_behind_one_address(void **state)
{
    struct world *world = *state;
    int64_t ok = metrics_value(METRIC_LOGINS_OK);
    int before;

    assert_int_equal(registering(world, "alice", "", "correct horse"), PROTOCOL_REASON_NONE);
    workers_free(world->workers);
    world->workers = workers_new(world->base, 1, 64, NULL);
    world->config.workers = world->workers;
    accounts_stop(world->accounts);
    accounts_free(world->accounts);
    world->accounts = accounts_new(&world->config, NULL);
    before = world->answers_n;
    for (unsigned i = 0; i < 40; i++)
        begin(world,
              (struct accounts_request){
                  .kind = ACCOUNTS_REGISTER, .username = i % 2 ? "bob" : "al", .password = "x"},
              "192.0.2.1"); /* forms that are refused at once */
    for (unsigned i = 0; i < 4; i++)
        begin(world,
              (struct accounts_request){
                  .kind = ACCOUNTS_PASSWORD, .username = "alice", .password = "correct horse"},
              "192.0.2.1");
    for (unsigned i = 0; i < 30; i++) {
        char name[16];

        snprintf(name, sizeof(name), "crowd%u", i);
        begin(world,
              (struct accounts_request){
                  .kind = ACCOUNTS_REGISTER, .username = name, .password = "correct horse"},
              "192.0.2.1");
    }
    wait_for(world, before + 74);
    assert_int_equal(metrics_value(METRIC_LOGINS_OK) - ok, 1 + 34);
}

/* -- an account that changes while a password is hashed ---------------------------------------- */

/* The only worker has this before the password. */
struct held {
    struct workers_job job; /* first */
    struct world *world;
    uint64_t player;
    sem_t go;
};

static void hold(struct workers_job *job)
{
    while (sem_wait(&((struct held *)(void *)job)->go) != 0)
        continue;
}

static void let_go(struct workers_job *job)
{
    (void)job;
}

/* As whoever changed it does when it is on record; only then the password is looked at. */
static void changed(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct held *held = context;

    (void)tag;
    assert_int_equal(answer->status, STORE_OK);
    access_end(held->world->access, held->player, timestamp_now_ms());
    sem_post(&held->go);
}

/* How a login with the right password ends, of which the account was read before that change. */
static enum protocol_reason while_changed(struct world *world, uint64_t player,
                                          struct store_question *change)
{
    struct held held = {.job = {.run = hold, .done = let_go}, .world = world, .player = player};
    int before = world->answers_n;

    sem_init(&held.go, 0, 0);
    assert_int_equal(workers_submit(world->workers, &held.job), 0);
    begin(world,
          (struct accounts_request){
              .kind = ACCOUNTS_PASSWORD, .username = "alice", .password = "correct horse"},
          "192.0.2.1");
    change->answer = changed;
    change->context = &held;
    assert_int_equal(store_ask(world->store, change), 0);
    wait_for(world, before + 1);
    sem_destroy(&held.go);
    return world->answer.reason;
}

static void test_what_it_became_while_it_was_hashed(void **state)
{
    struct store_question question = {.statement = STORE_ACCOUNT_SET_ROLE};
    struct world *world = *state;
    uint64_t alice;

    assert_int_equal(registering(world, "alice", "", "correct horse"), PROTOCOL_REASON_NONE);
    alice = world->answer.player;
    question.in.account.player_id = alice;
    question.in.account.role = PROTOCOL_ROLE_MODERATOR;
    assert_int_equal(while_changed(world, alice, &question), PROTOCOL_REASON_NONE);
    assert_int_equal(world->answer.role, PROTOCOL_ROLE_MODERATOR);
    question.in.account.role = PROTOCOL_ROLE_PLAYER;
    assert_int_equal(while_changed(world, alice, &question), PROTOCOL_REASON_NONE);
    assert_int_equal(world->answer.role, PROTOCOL_ROLE_PLAYER);
}

/* The older password is nobody's by then, and a token that it opened would be dated after. */
static void test_password_set_while_one_is_hashed(void **state)
{
    struct store_question question = {.statement = STORE_PASSWORD_CHANGE};
    struct store_password *password = &question.in.password;
    struct world *world = *state;

    assert_int_equal(registering(world, "alice", "", "whatever it is"), PROTOCOL_REASON_NONE);
    stored_hash(world, "alice", BCRYPT);
    password->player_id = world->answer.player;
    password->now_ms = timestamp_now_ms();
    strcpy(password->was, BCRYPT);
    strcpy(password->hash, "of another password");
    assert_int_equal(while_changed(world, world->answer.player, &question),
                     PROTOCOL_REASON_LOGIN_FAILED);
    assert_int_equal(world->answer.token[0], '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_register_and_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forms_are_checked, setup, teardown),
        cmocka_unit_test(test_email_forms),
        cmocka_unit_test_setup_teardown(test_strangers_cost_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tokens_that_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_database_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_busy_workers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_answers_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_answers_a_token, setup, teardown),
        cmocka_unit_test_setup_teardown(test_old_hashes_give_way, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failures_take_the_same_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_it_became_while_it_was_hashed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_password_set_while_one_is_hashed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_owner_comes_in, setup, teardown),
        cmocka_unit_test_setup_teardown(test_crowd_behind_one_address, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_thousand_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_answers_those_who_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_that_exist_stay_usable, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guessing_is_slowed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_address_is_slowed, setup, teardown),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
