/* How often a password may be guessed: the waits, the addresses, memory that is bounded; and at
 * random against what was promised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "accounts/throttle.h"
#include "accounts/whence.h"
#include <arpa/inet.h>

static struct throttle_try from(const char *name, const char *network, uint64_t now_ms)
{
    return (struct throttle_try){.name_key = name, .network = network, .now_ms = now_ms};
}

/* A guess that is wrong, where it is let through. Returns the wait. */
static uint32_t guess(struct throttle *throttle, const struct throttle_try *attempt)
{
    uint32_t wait_ms = throttle_address(throttle, attempt), account_ms;

    if (wait_ms)
        return wait_ms;
    account_ms = throttle_account(throttle, attempt);
    throttle_judged(throttle, attempt, account_ms == 0,
                    account_ms ? THROTTLE_UNJUDGED : THROTTLE_WRONG);
    return account_ms;
}

static uint32_t guess_at(struct throttle *throttle, const char *name, const char *network,
                         uint64_t now_ms)
{
    struct throttle_try attempt = from(name, network, now_ms);

    return guess(throttle, &attempt);
}

static void test_account(void **state)
{
    static const uint32_t waits_s[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300};
    struct throttle *throttle = throttle_new(100);
    struct throttle_try owner;
    uint64_t now_ms = 1000;
    char network[32];
    unsigned n = 0;

    (void)state;
    for (; n < THROTTLE_FREE; n++) { /* a new address each time */
        snprintf(network, sizeof(network), "198.51.100.%u", n);
        assert_int_equal(guess_at(throttle, "alice", network, now_ms), 0);
    }
    for (unsigned i = 0; i < sizeof(waits_s) / sizeof(waits_s[0]); i++) {
        snprintf(network, sizeof(network), "198.51.100.%u", n++);
        assert_int_equal(guess_at(throttle, "alice", network, now_ms), waits_s[i] * 1000);
        assert_int_equal(guess_at(throttle, "bob", NULL, now_ms + i * 3600001), 0); /* others */
        now_ms += waits_s[i] * 1000;
        assert_int_equal(guess_at(throttle, "alice", network, now_ms), 0);
    }
    owner = from("alice", "203.0.113.9", now_ms + 300000);
    assert_int_equal(throttle_address(throttle, &owner), 0);
    assert_int_equal(throttle_account(throttle, &owner), 0);
    throttle_judged(throttle, &owner, true, THROTTLE_RIGHT);
    for (unsigned i = 0; i < THROTTLE_FREE; i++) /* it begins anew */
        assert_int_equal(guess_at(throttle, "alice", NULL, now_ms), 0);
    assert_int_equal(guess_at(throttle, "alice", NULL, now_ms), 1000);
    throttle_free(throttle);
}

/* Anybody can make an account wait; not where its owner is at home. */
static void test_owner_is_not_locked_out(void **state)
{
    struct throttle *throttle = throttle_new(1000);
    struct throttle_try owner = from("alice", "203.0.113.9", 0);
    uint64_t now_ms = 1000;
    char network[32];

    (void)state;
    owner.known = owner.network;
    for (unsigned i = 0; i < 500; i++, now_ms += 100) {
        snprintf(network, sizeof(network), "198.51.%u.%u", i / 250, i % 250);
        guess_at(throttle, "alice", network, now_ms);
        owner.now_ms = now_ms;
        assert_int_equal(throttle_address(throttle, &owner), 0);
        assert_int_equal(throttle_account(throttle, &owner), 0);
        throttle_judged(throttle, &owner, true, THROTTLE_RIGHT);
    }
    /* and that he came in gives those who guess nothing back */
    assert_true(guess_at(throttle, "alice", "192.0.2.1", now_ms) > 0);
    /* from home guesses are counted as well */
    for (unsigned i = 0; i < THROTTLE_FREE; i++)
        assert_int_equal(guess(throttle, &owner), 0);
    assert_int_equal(guess(throttle, &owner), 1000);
    throttle_free(throttle);
}

static void test_address(void **state)
{
    struct throttle *throttle = throttle_new(100);
    struct throttle_try good = from(NULL, "2001:db8::/64", 1000);

    (void)state;
    for (unsigned i = 0; i < 50; i++) { /* many behind one address who know their passwords */
        assert_int_equal(throttle_address(throttle, &good), 0);
        throttle_judged(throttle, &good, true, THROTTLE_RIGHT);
    }
    for (unsigned i = 0; i < THROTTLE_ADDRESS; i++)
        assert_int_equal(guess_at(throttle, NULL, "2001:db8::/64", 1000 + i), 0);
    assert_int_equal(guess_at(throttle, NULL, "2001:db8::/64", 2000), 119000);
    assert_int_equal(guess_at(throttle, NULL, "2001:db8:0:1::/64", 2000), 0);
    assert_int_equal(guess_at(throttle, NULL, "2001:db8::/64", 121000), 0); /* the first is past */
    assert_int_equal(guess_at(throttle, NULL, "2001:db8::/64", 121000), 1); /* the second not yet */
    assert_int_equal(guess_at(throttle, NULL, NULL, 2000), 0);              /* exempt */
    throttle_free(throttle);
}

/* A thousand at once are ten: the others wait for these. */
static void test_at_once(void **state)
{
    struct throttle *throttle = throttle_new(100);
    struct throttle_try attempt = from(NULL, "192.0.2.1", 1000);
    unsigned through = 0, wrong = 0;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t wait_ms = throttle_address(throttle, &attempt);

        through += wait_ms == 0;
        assert_true(wait_ms == 0 || wait_ms == THROTTLE_LATER);
    }
    assert_int_equal(through, THROTTLE_ADDRESS);
    for (; through > 0; through--, wrong++) {
        throttle_judged(throttle, &attempt, true, THROTTLE_WRONG);
        assert_true(throttle_address(throttle, &attempt) > 0); /* its place is not another's */
    }
    assert_int_equal(wrong, THROTTLE_ADDRESS);
    assert_int_equal(throttle_address(throttle, &attempt), THROTTLE_WINDOW_S * 1000);
    throttle_free(throttle);
}

static void test_never_judged(void **state)
{
    struct throttle *throttle = throttle_new(8);
    struct throttle_try attempt = from("alice", "192.0.2.1", 1000);

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(throttle_address(throttle, &attempt), 0);
        assert_int_equal(throttle_account(throttle, &attempt), 0);
        throttle_judged(throttle, &attempt, true, THROTTLE_UNJUDGED);
    }
    throttle_free(throttle);
}

static void test_bounded(void **state)
{
    struct throttle *throttle = throttle_new(8);
    char network[32];

    (void)state;
    for (unsigned i = 0; i < THROTTLE_ADDRESS; i++)
        assert_int_equal(guess_at(throttle, NULL, "192.0.2.1", 1000), 0);
    for (unsigned i = 0; i < 7; i++) { /* seven others: it is still known */
        snprintf(network, sizeof(network), "198.51.100.%u", i);
        guess_at(throttle, NULL, network, 1000);
    }
    assert_true(guess_at(throttle, NULL, "192.0.2.1", 1000) > 0);
    for (unsigned i = 0; i < 8; i++) { /* eight take its room */
        snprintf(network, sizeof(network), "198.51.101.%u", i);
        guess_at(throttle, NULL, network, 1000);
    }
    assert_int_equal(guess_at(throttle, NULL, "192.0.2.1", 1000), 0);
    throttle_free(throttle);
}

/* -- at random ------------------------------------------------------------------------------------
 */

#define NAMES    3
#define NETWORKS 6
#define GUESSES  40000
#define JUDGED   100000

struct judged {
    unsigned name, network;
    bool known;
    uint64_t at_ms;
};

struct open {
    unsigned name, network;
    bool known, charged;
};

static const char *const NAME[NAMES] = {"alice", "bob", "carol"};
static const char *const NETWORK[NETWORKS] = {
    "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "2001:db8:0:1::/64", "2001:db8:0:2::/64"};

/* The owner of a name is at home in the network of its number. */
static struct throttle_try try_of(const struct open *open, uint64_t now_ms)
{
    struct throttle_try attempt = from(NAME[open->name], NETWORK[open->network], now_ms);

    attempt.known = open->known ? attempt.network : NULL;
    return attempt;
}

static unsigned most_within(const struct judged *judged, unsigned n, uint64_t window_ms,
                            bool (*counts)(const struct judged *, unsigned), unsigned which)
{
    unsigned most = 0, inside = 0, first = 0;

    for (unsigned last = 0; last < n; last++) {
        inside += counts(&judged[last], which);
        for (; judged[first].at_ms + window_ms <= judged[last].at_ms; first++)
            inside -= counts(&judged[first], which);
        most = inside > most ? inside : most;
    }
    return most;
}

static bool of_stranger(const struct judged *judged, unsigned name)
{
    return judged->name == name && !judged->known;
}

static bool of_network(const struct judged *judged, unsigned network)
{
    return judged->network == network;
}

static void test_at_random(void **state)
{
    struct throttle *throttle = throttle_new(1000);
    struct judged *judged = calloc(JUDGED, sizeof(*judged));
    struct open open[64];
    unsigned open_n = 0, judged_n = 0;
    uint64_t now_ms = 1000;

    (void)state;
    srand(10);
    for (unsigned i = 0; i < GUESSES; i++) {
        now_ms += (uint64_t)rand() % (rand() % 50 == 0 ? 40000 : 300);
        if (open_n < 64 && rand() % 2) {
            struct open now = {.name = (unsigned)rand() % NAMES,
                               .network = (unsigned)rand() % NETWORKS};
            struct throttle_try attempt;

            now.known = now.name == now.network;
            attempt = try_of(&now, now_ms);
            if (throttle_address(throttle, &attempt) == 0) {
                now.charged = throttle_account(throttle, &attempt) == 0;
                if (now.charged)
                    open[open_n++] = now;
                else
                    throttle_judged(throttle, &attempt, false, THROTTLE_UNJUDGED);
            }
        } else if (open_n > 0) {
            unsigned which = (unsigned)rand() % open_n;
            struct throttle_try attempt = try_of(&open[which], now_ms);
            bool wrong = rand() % 20 != 0;

            throttle_judged(throttle, &attempt, true, wrong ? THROTTLE_WRONG : THROTTLE_UNJUDGED);
            if (wrong)
                judged[judged_n++] = (struct judged){open[which].name, open[which].network,
                                                     open[which].known, now_ms};
            open[which] = open[--open_n];
        }
    }
    assert_true(judged_n > 200);
    for (unsigned network = 0; network < NETWORKS; network++)
        assert_in_range(
            most_within(judged, judged_n, THROTTLE_WINDOW_S * 1000, of_network, network), 1,
            THROTTLE_ADDRESS);
    for (unsigned name = 0; name < NAMES;
         name++) /* judged late: what was open at the edge is on top */
        assert_in_range(most_within(judged, judged_n, 60000, of_stranger, name), 1, 15);
    free(judged);
    throttle_free(throttle);
}

/* A thousand guesses at one account in a minute, each from another address: ten reach the hash. */
static void test_thousand_in_a_minute(void **state)
{
    struct throttle *throttle = throttle_new(16384);
    unsigned reached = 0;
    char network[32];

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(network, sizeof(network), "10.%u.%u.1", i / 200, i % 200);
        reached += guess_at(throttle, "alice", network, 1000 + i * 60) == 0;
    }
    assert_int_equal(reached, 10);
    reached = 0;
    for (unsigned i = 0; i < 1000; i++) { /* one address, each another name */
        snprintf(network, sizeof(network), "name%u", i);
        reached += guess_at(throttle, network, "192.0.2.1", 1000 + i * 60) == 0;
    }
    assert_int_equal(reached, 10);
    throttle_free(throttle);
}

static void check_whence(const char *address, const char *expected)
{
    struct sockaddr_storage there = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&there;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&there;
    char text[WHENCE_MAX];

    if (strchr(address, ':')) {
        v6->sin6_family = AF_INET6;
        assert_int_equal(inet_pton(AF_INET6, address, &v6->sin6_addr), 1);
    } else if (address[0]) {
        v4->sin_family = AF_INET;
        assert_int_equal(inet_pton(AF_INET, address, &v4->sin_addr), 1);
    }
    whence_text(&there, text);
    assert_string_equal(text, expected);
}

static void test_whence(void **state)
{
    (void)state;
    check_whence("192.0.2.7", "192.0.2.7");
    check_whence("::ffff:192.0.2.7", "192.0.2.7");
    check_whence("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64");
    check_whence("2001:db8:1111:2222:3333:4444:5555:6666", "2001:db8:1111:2222::/64");
    check_whence("::1", "::/64");
    check_whence("", "");
}

/* -- looking at locks, and taking them off ------------------------------------------------------
 */

struct seen {
    unsigned n, most;
    struct throttle_lock last;
    char network[WHENCE_MAX], username[32];
};

static bool see(void *context, const struct throttle_lock *lock)
{
    struct seen *seen = context;

    seen->last = *lock;
    strcpy(seen->network, lock->network ? lock->network : "");
    strcpy(seen->username, lock->username ? lock->username : "");
    return ++seen->n < seen->most;
}

static struct seen look(struct throttle *throttle, uint64_t now_ms)
{
    struct seen seen = {.most = 1000};

    throttle_locks(throttle, now_ms, see, &seen);
    return seen;
}

static void test_locks(void **state)
{
    struct throttle *throttle = throttle_new(100);
    struct throttle_try alice = from("alice", NULL, 5000), nobody = from("nobody", NULL, 5000);
    struct seen seen;

    (void)state;
    alice.player = 17;
    alice.username = "Alice";
    for (unsigned i = 0; i < THROTTLE_ADDRESS; i++) {
        assert_int_equal(look(throttle, 1000 + i).n, 0);
        assert_int_equal(guess_at(throttle, NULL, "192.0.2.7", 1000 + i), 0);
    }
    seen = look(throttle, 2000);
    assert_int_equal(seen.n, 1);
    assert_string_equal(seen.network, "192.0.2.7");
    assert_int_equal(seen.last.failures, THROTTLE_ADDRESS);
    assert_int_equal(seen.last.until_ms, 1000 + THROTTLE_WINDOW_S * 1000);
    assert_int_equal(throttle_locked_until(throttle, "192.0.2.7", 2000), seen.last.until_ms);
    assert_int_equal(throttle_locked_until(throttle, "192.0.2.8", 2000), 0);
    for (unsigned i = 0; i < THROTTLE_FREE; i++)
        guess(throttle, &alice);
    seen = look(throttle, 5000); /* the newest comes first, so it is not the last */
    assert_int_equal(seen.n, 2);
    seen.n = 0, seen.most = 1;
    throttle_locks(throttle, 5000, see, &seen);
    assert_int_equal(seen.n, 1); /* no further than it is wanted */
    assert_string_equal(seen.username, "Alice");
    assert_int_equal(seen.last.player, 17);
    assert_int_equal(seen.last.failures, THROTTLE_FREE);
    assert_int_equal(seen.last.until_ms, 6000);
    assert_true(guess(throttle, &alice) > 0);
    /* taken off: each by what it is about */
    assert_false(throttle_unlock_account(throttle, 18, 5000));
    for (unsigned i = 0; i < THROTTLE_FREE; i++)
        guess(throttle, &nobody);
    assert_int_equal(look(throttle, 5000).n, 3);
    assert_false(throttle_unlock_account(throttle, 0, 5000)); /* a name that is nobody's */
    assert_int_equal(look(throttle, 5000).n, 3);
    assert_true(throttle_unlock_account(throttle, 17, 5000));
    assert_false(throttle_unlock_account(throttle, 17, 5000));
    assert_int_equal(guess(throttle, &alice), 0);
    assert_true(guess_at(throttle, NULL, "192.0.2.7", 5000) > 0);
    assert_true(throttle_unlock_address(throttle, "192.0.2.7", 5000));
    assert_false(throttle_unlock_address(throttle, "192.0.2.7", 5000));
    assert_int_equal(guess_at(throttle, NULL, "192.0.2.7", 5000), 0);
    assert_int_equal(look(throttle, 5000).n, 1); /* nobody's */
    throttle_free(throttle);
}

/* Locks end by themselves, and rows that give way take theirs along. */
static void test_locks_are_bounded(void **state)
{
    struct throttle *throttle = throttle_new(50);
    char network[32];

    (void)state;
    for (unsigned n = 0; n < 1000; n++) {
        snprintf(network, sizeof(network), "198.51.%u.%u", n / 256, n % 256);
        for (unsigned i = 0; i < THROTTLE_ADDRESS; i++)
            assert_int_equal(guess_at(throttle, NULL, network, 1000 + n), 0);
    }
    assert_int_equal(look(throttle, 3000).n, 50);
    assert_int_equal(look(throttle, 1000 + 999 + THROTTLE_WINDOW_S * 1000 - 1).n, 1);
    assert_int_equal(look(throttle, 1000 + 999 + THROTTLE_WINDOW_S * 1000).n, 0);
    throttle_free(throttle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_account),      cmocka_unit_test(test_owner_is_not_locked_out),
        cmocka_unit_test(test_address),      cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_never_judged), cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_at_random),    cmocka_unit_test(test_thousand_in_a_minute),
        cmocka_unit_test(test_locks),        cmocka_unit_test(test_locks_are_bounded),
        cmocka_unit_test(test_whence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
