/* test_network.c -- the screens Database and Network without a daemon: what they ask, what they do,
 * what they show of both databases. Their golden screens are test_screens.c's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"

/* A recording's line as if it came now. */
static void heard(struct fixture *fixture, const char *line)
{
    json_t *value = json_loads(line, 0, NULL);
    const char *method = json_string_value(json_object_get(value, "answer"));

    assert_non_null(method);
    json_object_set(fixture->replies, method, json_object_get(value, "data"));
    ui_recorded(&fixture->ui, value);
    json_decref(value);
    ui_draw(&fixture->ui, &fixture->canvas);
}

static void both_databases_read_well(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "6");
    assert_true(shows(&fixture, "postgresql db.example.org:5432/openmmo"));
    assert_true(shows(&fixture, "3 busy 5 idle 1 starting 1 down"));
    assert_string_equal(params_of(&fixture, "store.statements"),
                        "{\"descending\": true, \"sort\": \"total\"}");
    press(&fixture, ">I");
    assert_string_equal(params_of(&fixture, "store.statements"),
                        "{\"descending\": false, \"sort\": \"count\"}");
    heard(&fixture,
          "{\"answer\":\"store.show\",\"data\":{\"driver\":\"sqlite\",\"place\":\"/var/lib/o.db\","
          "\"ok\":false,\"error\":\"disk I/O error\",\"connections\":[{\"lane\":\"file\",\"state\":"
          "\"busy\",\"statement\":\"chat_add\",\"questions\":64,\"busy_us\":1500000}],\"queues\":[{"
          "\"lane\":\"asked\",\"unanswered\":90,\"max\":100},{\"lane\":\"saves\",\"unanswered\":0,"
          "\"max\":100}]}}");
    assert_true(shows(&fixture, "sqlite /var/lib/o.db  [AWAY]"));
    assert_true(shows(&fixture, "disk I/O error"));
    assert_true(shows(&fixture, "1 busy  chat_add for 1.5s, 64 on it"));
    assert_true(shows(&fixture, "90 of 100"));
    assert_false(shows(&fixture, "pool"));
    press(&fixture, "\n"); /* what was slow, and the schema, which is asked for once */
    assert_string_equal(params_of(&fixture, "store.migrations"), "null");
    assert_true(shows(&fixture, "tried again, NO"));
    assert_true(shows(&fixture, "002 community"));
    fixture_fini(&fixture);
}

static void addresses_are_sorted_and_filtered_by_the_daemon(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "7");
    assert_string_equal(params_of(&fixture, "network.addresses"),
                        "{\"descending\": true, \"limit\": 200, \"sort\": \"trouble\"}");
    press(&fixture, "<"); /* over STATE and UNTIL, by which nothing is sorted */
    assert_non_null(strstr(params_of(&fixture, "network.addresses"), "\"sort\": \"failures\""));
    press(&fixture, "/2001");
    assert_non_null(strstr(params_of(&fixture, "network.addresses"), "\"filter\": \"2001\""));
    press(&fixture, "\033");
    assert_null(strstr(params_of(&fixture, "network.addresses"), "filter"));
    press(&fixture, "o");
    assert_string_equal(params_of(&fixture, "network.blocked"), "{\"limit\": 200}");
    assert_true(shows(&fixture, "8 held back now, 15 bans in force"));
    assert_true(shows(&fixture, "account Aria"));
    fixture_fini(&fixture);
}

static void an_address_is_banned_lifted_and_unlocked(void **state)
{
    struct fixture fixture;
    json_t *banned = json_object();

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "7Brguesses\n");
    assert_int_equal(strlen(params_of(&fixture, "bans.add")), 0); /* not before Yes */
    press(&fixture, "\ty");
    assert_string_equal(
        params_of(&fixture, "bans.add"),
        "{\"duration\": \"1d\", \"network\": \"203.0.113.9\", \"reason\": \"guesses\"}");
    answer(&fixture, "bans.add", banned, 0, "");
    json_decref(banned);
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_true(shows(&fixture, "banned 203.0.113.9"));
    press(&fixture, "jjjjLy"); /* another, who is banned */
    assert_string_equal(params_of(&fixture, "bans.lift"), "{\"ban\": \"4699\"}");
    press(&fixture, "gL");
    assert_true(shows(&fixture, "no ban stands against 203.0.113.9"));
    press(&fixture, "U");
    assert_string_equal(params_of(&fixture, "network.unlock"), "{\"network\": \"203.0.113.9\"}");
    press(&fixture, "o");
    press(&fixture, "GkU"); /* an account, by its number */
    assert_string_equal(params_of(&fixture, "network.unlock"), "{\"id\": \"1000\"}");
    press(&fixture, "B");
    assert_true(shows(&fixture, "this is an account"));
    fixture_fini(&fixture);
}

/* A key can be faster than the other list. */
static void nothing_is_done_to_a_list_that_is_not_shown(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "7 ");
    json_object_del(fixture.replies, "network.blocked");
    press(&fixture, "oU");
    assert_string_equal(params_of(&fixture, "network.unlock"), "");
    assert_true(shows(&fixture, "no address is under the cursor"));
    press(&fixture, "B");
    assert_null(fixture.ui.dialog.kind);
    press(&fixture, "\n");
    assert_string_equal(params_of(&fixture, "network.show"), "");
    fixture_fini(&fixture);
}

static void an_address_is_looked_at_closely(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    json_object_del(fixture.replies, "network.accounts");
    press(&fixture, "7\n");
    assert_string_equal(params_of(&fixture, "network.show"), "{\"network\": \"203.0.113.9\"}");
    assert_true(shows(&fixture, "too many wrong logins, until 12:06:09"));
    assert_true(shows(&fixture, "(not logged in)"));
    answer(&fixture, "network.accounts", NULL, -32001, "network.accounts takes the role moderator");
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_true(shows(&fixture, "moderators may see them"));
    press(&fixture, "By"); /* the same deeds as in the list */
    assert_non_null(strstr(params_of(&fixture, "bans.add"), "203.0.113.9"));
    press(&fixture, "\033");
    assert_true(shows(&fixture, "1290 addresses"));
    fixture_fini(&fixture);
}

/* A database that is away is no role that is too low. */
static void accounts_that_cannot_be_told_are_asked_for_again(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    json_object_del(fixture.replies, "network.accounts");
    press(&fixture, "7\n");
    answer(&fixture, "network.accounts", NULL, -32000, "the database is away: locked");
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_false(shows(&fixture, "moderators may see them"));
    memset(fixture.asked, 0, sizeof(fixture.asked));
    ui_time(&fixture.ui, fixture.ui.now_ms + 6000, WALL_MS);
    assert_string_equal(params_of(&fixture, "network.accounts"), "{\"network\": \"203.0.113.9\"}");
    fixture_fini(&fixture);
}

/* The end of a ban of some days is no time of today. */
static void a_late_end_has_its_date(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "7\n");
    assert_true(shows(&fixture, "until 12:06:09"));
    press(&fixture, "\033jjjjj\n");
    assert_true(shows(&fixture, "spam, until 2026-11-23 12:0"));
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_databases_read_well),
        cmocka_unit_test(addresses_are_sorted_and_filtered_by_the_daemon),
        cmocka_unit_test(an_address_is_banned_lifted_and_unlocked),
        cmocka_unit_test(nothing_is_done_to_a_list_that_is_not_shown),
        cmocka_unit_test(an_address_is_looked_at_closely),
        cmocka_unit_test(accounts_that_cannot_be_told_are_asked_for_again),
        cmocka_unit_test(a_late_end_has_its_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
