/* test_no_memory.c -- tables that find no memory refuse the one who came, and nothing else suffers:
 * each allocation of each way in fails once. malloc and calloc are wrapped by the linker in this
 * program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts.h"
#include "accounts/throttle.h"
#include "play/admission.h"
#include "play/people.h"
#include "play/stays.h"
#include "store/writeback.h"

#define MANY  3000 /* tables would have grown several times */
#define TRIES 16   /* more allocations than any way in makes */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t each);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t each);

static unsigned fails_at;   /* that one of those to come, 1 is the next; 0: none */
static bool tables_starve;  /* what uthash takes for them, by its size, is not there */
static unsigned failures_n; /* by fails_at */

/* A table, or its buckets, whose number is doubled when it grows: no element has such a size. */
static bool of_a_table(size_t n_bytes)
{
    size_t buckets = n_bytes / sizeof(UT_hash_bucket);

    return n_bytes == sizeof(UT_hash_table) ||
           (n_bytes % sizeof(UT_hash_bucket) == 0 && buckets >= HASH_INITIAL_NUM_BUCKETS &&
            (buckets & (buckets - 1)) == 0);
}

/* The compiler makes calloc of malloc and memset, so they are not told apart by that. */
static bool fails(size_t n_bytes)
{
    if (tables_starve && of_a_table(n_bytes))
        return true;
    if (fails_at == 0 || --fails_at > 0)
        return false;
    failures_n++;
    return true;
}

void *__wrap_malloc(size_t n)
{
    return fails(n) ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t each)
{
    return fails(n * each) ? NULL : __real_calloc(n, each);
}

static int enough(void **state)
{
    (void)state;
    fails_at = failures_n = 0;
    tables_starve = false;
    return 0;
}

/* Let the n-th allocation fail for n = 1, 2, ..., until there are fewer. */
#define EACH_FAILURE(n)                                                                            \
    for (unsigned n = 1, failed_ = 1; failed_ > 0; failed_ = failures_n, n++)                      \
        if (assert_in_range(n, 1, TRIES), failures_n = 0, true)

/* ---- people ---- */

static void test_people(void **state)
{
    struct people people = {NULL};
    struct person *person, *newer;
    bool refused;

    (void)state;
    EACH_FAILURE(n)
    {
        fails_at = n;
        person = people_add(&people, 1);
        fails_at = 0;
        assert_int_equal(person == NULL, failures_n);
        assert_ptr_equal(people_find(&people, 1), person);
        if (person != NULL)
            people_remove(&people, person);
    }
    EACH_FAILURE(n)
    {
        person = people_add(&people, 1);
        person->player = 7;
        fails_at = n;
        refused = people_hold(&people, person) != 0;
        fails_at = 0;
        assert_int_equal(refused, failures_n);
        assert_ptr_equal(people_holder(&people, 7), failures_n > 0 ? NULL : person);
        people_remove(&people, person);
        assert_null(people_holder(&people, 7));
    }
    person = people_add(&people, 1);
    newer = people_add(&people, 2);
    person->player = newer->player = 7;
    assert_int_equal(people_hold(&people, person), 0);
    tables_starve = true;
    people_hold_after(&people, newer, person);
    assert_int_equal(people_hold(&people, newer), 0);
    assert_ptr_equal(people_holder(&people, 7), newer);
    assert_int_equal(people_inside(&people), 1);
    people_remove(&people, person);
    assert_ptr_equal(people_holder(&people, 7), newer);
    people_fini(&people);
}

/* Tables that cannot grow take more in their old size, and grow when they can. */
static void test_people_many(void **state)
{
    struct people people = {NULL};

    (void)state;
    people_add(&people, 1);
    tables_starve = true;
    for (uint64_t i = 2; i <= MANY; i++)
        assert_non_null(people_add(&people, i));
    assert_int_equal(people.persons->hh.tbl->num_buckets, 32);
    tables_starve = false;
    for (uint64_t i = MANY + 1; i <= 2 * MANY; i++)
        assert_non_null(people_add(&people, i));
    assert_true(people.persons->hh.tbl->num_buckets > 256);
    for (uint64_t i = 1; i <= 2 * MANY; i++)
        assert_int_equal(people_find(&people, i)->session, i);
    people_fini(&people);
}

/* ---- the line ---- */

static void told(void *context, uint64_t session, uint32_t place, uint32_t of)
{
    uint64_t *sessions = context;

    (void)of;
    sessions[place] = session;
}

static void test_admission(void **state)
{
    struct error error;
    struct admission *admission = admission_new(MANY, 2, &error);
    uint64_t places[4] = {0};
    bool refused;

    (void)state;
    EACH_FAILURE(n)
    {
        fails_at = n;
        refused = admission_wait(admission, 1, 10, false, 1000) != 0;
        fails_at = 0;
        assert_int_equal(refused, failures_n);
        assert_int_equal(admission_n(admission), failures_n > 0 ? 0 : 1);
        admission_leave(admission, 1);
    }
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(admission_wait(admission, i, 10 * i, false, 1000), 0);
    EACH_FAILURE(n)
    {
        fails_at = n;
        refused = admission_replace(admission, 2, 9) != 0;
        fails_at = 0;
        assert_int_equal(refused, failures_n);
        memset(places, 0, sizeof(places));
        admission_tell(admission, 100000 * n, told, places);
        assert_int_equal(places[1], 1);
        assert_int_equal(places[2], failures_n > 0 ? 2 : 9);
        assert_int_equal(places[3], 3);
    }
    /* the only one in the line: its table must not go before the next is in it */
    admission_leave(admission, 1);
    admission_leave(admission, 3);
    tables_starve = true;
    assert_int_equal(admission_replace(admission, 9, 8), 0);
    assert_int_equal(admission_next(admission, false), 8);
    admission_free(admission);
}

static void test_admission_remembers(void **state)
{
    struct error error;
    struct admission *admission = admission_new(MANY, 2, &error);

    (void)state;
    tables_starve = true;
    admission_remember(admission, 7, 1000);
    assert_false(admission_returns(admission, 7, 1001));
    tables_starve = false;
    for (uint64_t player = 8; player < 12; player++)
        admission_remember(admission, player, 1000);
    assert_false(admission_returns(admission, 9, 1001));
    assert_true(admission_returns(admission, 10, 1001));
    assert_true(admission_returns(admission, 11, 1001));
    admission_free(admission);
}

/* ---- guesses ---- */

/* What cannot be counted is not let through. */
static void test_throttle(void **state)
{
    struct throttle *throttle = throttle_new(MANY);
    struct throttle_try attempt = {.name_key = "alice", .network = "192.0.2.1", .now_ms = 1000};

    (void)state;
    EACH_FAILURE(n)
    {
        bool by_address, by_account = false;

        fails_at = n;
        by_address = throttle_address(throttle, &attempt) != 0;
        if (!by_address)
            by_account = throttle_account(throttle, &attempt) != 0;
        fails_at = 0;
        assert_int_equal(by_address || by_account, failures_n);
        if (!by_address)
            throttle_judged(throttle, &attempt, !by_account,
                            by_account ? THROTTLE_UNJUDGED : THROTTLE_RIGHT);
    }
    EACH_FAILURE(n)
    {
        assert_int_equal(throttle_address(throttle, &attempt), 0);
        fails_at = n;
        throttle_judged(throttle, &attempt, false, THROTTLE_WRONG);
        fails_at = 0;
    }
    throttle_free(throttle);
}

/* ---- saving ---- */

static void test_writeback(void **state)
{
    struct event_base *base = event_base_new();
    struct store_position row = {.player_id = 5, .epoch = 1}, found;
    struct error error;

    (void)state;
    EACH_FAILURE(n)
    {
        struct writeback *writeback = writeback_new(base, NULL, &error);
        bool refused;

        fails_at = n;
        refused = writeback_put(writeback, &row) != 0;
        fails_at = 0;
        assert_int_equal(refused, failures_n);
        assert_int_equal(writeback_find(writeback, 5, &found), failures_n == 0);
        assert_int_equal(writeback_pending_n(writeback), failures_n > 0 ? 0 : 1);
        writeback_free(writeback);
    }
    event_base_free(base);
}

/* A stay that cannot be asked for is owed; there is no store here to ask. */
static void test_stays(void **state)
{
    struct event_base *base = event_base_new();
    struct person person = {.session = 3, .player = 7, .row_id = "row"};
    struct stays stays;
    struct error error;

    (void)state;
    assert_int_equal(stays_init(&stays, base, NULL, 1, &error), 0);
    tables_starve = true;
    stays_opened(&stays, &person);
    assert_int_equal(stays.asked_n, 0);
    assert_int_equal(stays.owed_n, 1);
    stays_flush(&stays);
    assert_int_equal(stays.owed_n, 1);
    stays_fini(&stays);
    event_base_free(base);
}

/* ---- logins ---- */

static void answered(void *context, uint64_t tag, const struct accounts_answer *answer)
{
    enum protocol_reason *reason = context;

    assert_int_equal(tag, 3);
    *reason = answer->reason;
}

/* A login that ends before anything is asked: with a bad name. */
static void test_accounts(void **state)
{
    struct accounts_config config = {.cost = {1, 8192}, .email = ACCOUNTS_EMAIL_OPTIONAL};
    struct sockaddr_storage address = {.ss_family = AF_INET};
    struct accounts_request request = {
        .kind = ACCOUNTS_REGISTER, .tag = 3, .address = &address, .username = "?"};
    struct error error;
    struct accounts *accounts = accounts_new(&config, &error);

    (void)state;
    assert_non_null(accounts);
    EACH_FAILURE(n)
    {
        enum protocol_reason reason = PROTOCOL_REASON_NONE;

        fails_at = n;
        accounts_login(accounts, &request, answered, &reason);
        fails_at = 0;
        assert_int_equal(reason, failures_n > 0 ? PROTOCOL_REASON_BUSY : PROTOCOL_REASON_BAD_NAME);
    }
    accounts_stop(accounts);
    accounts_free(accounts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_people, enough),
        cmocka_unit_test_setup(test_people_many, enough),
        cmocka_unit_test_setup(test_admission, enough),
        cmocka_unit_test_setup(test_admission_remembers, enough),
        cmocka_unit_test_setup(test_throttle, enough),
        cmocka_unit_test_setup(test_writeback, enough),
        cmocka_unit_test_setup(test_stays, enough),
        cmocka_unit_test_setup(test_accounts, enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
