/* test_lists.c -- the console without terminal and daemon: lists keep their cursor, are sorted,
 * filtered, turned by pages and jumped in, by keys and by the mouse: players, the log, chat,
 * reports and the audit. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "console/screens/chat.h"
#include "console/screens/player.h"
#include "console/screens/players.h"
#include "console/screens/report.h"
#include "console/ui/list.h"
#include "fixture.h"

/* --- Lists. --- */

/* How each screen with one list begins its state. */
struct list_of_players {
    struct list list;
};

static void the_cursor_stays_on_its_player(void **state)
{
    struct fixture fixture;
    json_t *rows = json_array(), *list, *line;
    const struct list *view;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2j"); /* on the second: session ...889 */
    json_array_append_new(rows, json_pack("{s:s, s:s}", "name", "x", "session", "7"));
    json_array_append_new(rows, json_pack("{s:s, s:s}", "name", "y", "session", "8"));
    json_array_append_new(rows, json_pack("{s:s, s:s}", "name", "B", "session", "12884901889"));
    list = json_pack("{s:i, s:i, s:i, s:o}", "here", 3, "matched", 3, "offset", 0, "players", rows);
    line = json_pack("{s:s, s:o}", "answer", "players.list", "data", list);
    view = &((const struct list_of_players *)ui_state(&fixture.ui, &SCREEN_PLAYERS))->list;
    ui_recorded(&fixture.ui, line);
    assert_int_equal(view->cursor, 2);
    /* He is gone: the cursor stays in the list. */
    json_array_remove(rows, 2);
    json_object_set_new(list, "matched", json_integer(2));
    ui_recorded(&fixture.ui, line);
    assert_int_equal(view->cursor, 1);
    json_array_clear(rows);
    json_object_set_new(list, "matched", json_integer(0));
    ui_recorded(&fixture.ui, line);
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_true(shows(&fixture, "Nobody is here."));
    press(&fixture, "K");
    assert_null(fixture.ui.dialog.kind);
    json_decref(line);
    fixture_fini(&fixture);
}

static void sorting_and_filtering_ask_the_daemon(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2");
    press(&fixture, ">>I");
    assert_non_null(strstr(params_of(&fixture, "players.list"), "\"sort\": \"rtt\""));
    assert_non_null(strstr(params_of(&fixture, "players.list"), "\"descending\": true"));
    press(&fixture, "/Bo");
    assert_non_null(strstr(params_of(&fixture, "players.list"), "\"filter\": \"Bo\""));
    press(&fixture, "\033"); /* takes back what was typed */
    assert_non_null(strstr(params_of(&fixture, "players.list"), "\"filter\": \"\""));
    assert_null(fixture.ui.prompt);
    fixture_fini(&fixture);
}

static void the_log_is_filtered_by_level_and_text(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 43, 132, false);
    press(&fixture, "5");
    assert_true(shows(&fixture, "swept"));
    press(&fixture, "ll"); /* debug -> info -> warn */
    assert_true(shows(&fixture, "level warn"));
    assert_false(shows(&fixture, "joined the world"));
    assert_true(shows(&fixture, "wrong password"));
    assert_true(shows(&fixture, "disk is full"));
    press(&fixture, "/DISK\n");
    assert_false(shows(&fixture, "wrong password"));
    assert_true(shows(&fixture, "disk is full"));
    press(&fixture, "/nowhere\n");
    assert_true(shows(&fixture, "No lines."));
    fixture_fini(&fixture);
}

/* A line that comes moves the picture while it is followed, and nothing while it stands still; what
 * is asked then is about the line that was seen. */
static void chat_is_followed_or_stands_still(void **state)
{
    static const char LINE[] =
        "{\"subscription\": 3, \"lost\": 0, \"data\": {\"lines\": [{\"sequence\":"
        " \"8589934999\", \"at_ms\": 1795349072000, \"channel\": \"global\","
        " \"name\": \"Late\", \"text\": \"too late\", \"player\": \"5\","
        " \"session\": \"6\"}]}}";
    json_t *params = json_loads(LINE, 0, NULL);

    (void)state;
    for (int standing = 0; standing < 2; standing++) {
        struct fixture fixture;

        fixture_init(&fixture, 24, 80, false);
        press(&fixture, standing ? "4f" : "4");
        ui_notify(&fixture.ui, "chat", params);
        ui_notify(&fixture.ui, "chat", params); /* the same again is not a second line */
        draw(&fixture);
        assert_true(shows(&fixture, "too late") == !standing);
        press(&fixture, "U");
        assert_string_equal(params_of(&fixture, "players.unmute"),
                            standing ? "{\"player\": \"guest-17\"}" : "{\"id\": \"5\"}");
        press(&fixture, "j");
        assert_true(shows(&fixture, "too late"));
        assert_int_equal(model_chat_n(&fixture.ui.model), 10);
        fixture_fini(&fixture);
    }
    json_decref(params);
}

/* From a line to who said it: his page, and what is on record of him. */
static void a_line_leads_to_its_speaker(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "4kkkk\n");
    assert_true(ui_shows(&fixture.ui, &SCREEN_PLAYER));
    assert_string_equal(params_of(&fixture, "players.history"),
                        "{\"id\": \"4711\", \"limit\": 50}");
    press(&fixture, "\033");
    assert_true(ui_shows(&fixture.ui, &SCREEN_CHAT));
    assert_true(shows(&fixture, "cheap gold"));
    fixture_fini(&fixture);
}

/* Which reports, and which page of them. */
static void reports_are_asked_for_by_state_and_page(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "8");
    assert_string_equal(params_of(&fixture, "reports.list"),
                        "{\"limit\": 100, \"state\": \"open\"}");
    press(&fixture, "s");
    assert_string_equal(params_of(&fixture, "reports.list"),
                        "{\"limit\": 100, \"state\": \"closed\"}");
    press(&fixture, "so");
    assert_string_equal(params_of(&fixture, "reports.list"),
                        "{\"before\": \"12\", \"limit\": 100, \"state\": \"all\"}");
    press(&fixture, "n");
    assert_string_equal(params_of(&fixture, "reports.list"),
                        "{\"limit\": 100, \"state\": \"all\"}");
    press(&fixture, "j\n");
    assert_true(ui_shows(&fixture.ui, &SCREEN_REPORT));
    assert_string_equal(params_of(&fixture, "reports.show"), "{\"report\": \"22\"}");
    assert_false(shows(&fixture, "goldseller")); /* another's answer is not this one's */
    press(&fixture, "\033k\n");
    press(&fixture, "\n");
    assert_true(ui_shows(&fixture.ui, &SCREEN_PLAYER));
    assert_string_equal(params_of(&fixture, "players.history"),
                        "{\"id\": \"4711\", \"limit\": 50}");
    fixture_fini(&fixture);
}

/* Only it is tagged no more: the others' closing may fail. */
static void a_report_that_is_closed_is_not_tagged(void **state)
{
    struct fixture fixture;
    json_t *closed = json_object();

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "8  ");
    assert_true(shows(&fixture, "2 tagged"));
    press(&fixture, "Cno\n\t\n");
    answer(&fixture, "reports.close", closed, 0, "");
    draw(&fixture);
    assert_true(shows(&fixture, "1 tagged"));
    json_decref(closed);
    fixture_fini(&fixture);
}

/* Below the list, where it has a few lines; all of it is a page of its own. */
static void what_is_longer_than_its_place_says_so(void **state)
{
    static const int COLUMNS[] = {80, 300};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(COLUMNS); i++) {
        bool fits = COLUMNS[i] > 80;
        struct fixture fixture;
        char words[512] = "";
        json_t *replies, *rows, *row;

        fixture_init(&fixture, 43, COLUMNS[i], false);
        replies = fixture.replies;
        fixture.replies = json_deep_copy(replies); /* what they hold is all tests' */
        json_decref(replies);
        rows = json_object_get(json_object_get(fixture.replies, "reports.list"), "rows");
        row = json_array_get(rows, 0);
        while (strlen(words) + 10 < sizeof(words))
            strcat(words, "and again ");
        json_object_set_new(row, "words", json_string(words));
        json_object_set_new(row, "closed_ms", json_integer(WALL_MS));
        json_object_set_new(row, "closed_by", json_string("kim"));
        json_object_set_new(row, "verdict", json_string("banned"));
        press(&fixture, "8");
        assert_true(shows(&fixture, "THE REPORT UNDER THE CURSOR"));
        assert_int_equal(shows(&fixture, "closed by kim"), fits);
        assert_int_equal(shows(&fixture, "its beginning (Enter: all of it)"), !fits);
        rows = json_object_get(json_object_get(fixture.replies, "audit.list"), "rows");
        row = json_object_get(json_array_get(rows, 0), "detail");
        json_object_set_new(row, "params", json_pack("{s:s}", "a", words));
        press(&fixture, "9");
        assert_true(shows(&fixture, "THE ROW UNDER THE CURSOR"));
        assert_int_equal(shows(&fixture, "its beginning (Enter: all of it)"), !fits);
        fixture_fini(&fixture);
    }
}

/* --- The log. --- */

/* The lines of the recording begin at 12:02:31. */
static void the_log_jumps_to_a_time(void **state)
{
    static const struct {
        const char *typed, *shown, *not_shown;
    } CASES[] = {
        {"12:03\n", " 12:03:01", " 12:02:5"},
        {"12:03:30\n", " 12:03:31", " 12:03:29"},
        {"1m\n", " 12:03:32", " 12:03:29"},
        {"1m ago\n", " 12:03:32", " 12:03:29"}, /* as the hint has it */
        {"3:00\n", " 12:02:31", " 12:04:2"},    /* before all that is here */
        {"12:0x\n", "12:0x is no time", NULL},
        {"25:00\n", "25:00 is no time", NULL},
        {"7y\n", "7y is no time", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture;

        fixture_init(&fixture, 24, 80, false);
        press(&fixture, "5t");
        press(&fixture, CASES[i].typed);
        if (!shows(&fixture, CASES[i].shown) ||
            (CASES[i].not_shown != NULL && shows(&fixture, CASES[i].not_shown)))
            fail_msg("%s leads elsewhere:\n%s", CASES[i].typed, printed(&fixture, false));
        assert_true(CASES[i].not_shown == NULL || shows(&fixture, "standing still"));
        assert_true((CASES[i].not_shown == NULL) == shows(&fixture, "is no time"));
        fixture_fini(&fixture);
    }
}

/* --- The audit. --- */

/* by=, method= and target= go to the daemon, other words stay here; a viewer is told that he may
 * not, once; what the topic says makes it ask at once. */
static void the_audit_is_searched(void **state)
{
    struct fixture fixture;
    json_t *news;
    int asks;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "9");
    assert_string_equal(params_of(&fixture, "audit.list"), "{\"limit\": 100}");
    assert_true(shows(&fixture, "67 rows"));
    press(&fixture, "/denied");
    assert_string_equal(params_of(&fixture, "audit.list"), "{\"limit\": 100}");
    assert_true(shows(&fixture, "1 row "));
    assert_true(shows(&fixture, "vera"));
    press(&fixture, "\x15"
                    "by=kim method=bans. target=#17 x");
    assert_string_equal(
        params_of(&fixture, "audit.list"),
        "{\"by\": \"kim\", \"limit\": 100, \"method\": \"bans.\", \"target\": \"#17\"}");
    ui_key(&fixture.ui, KEYS_ESCAPE);
    draw(&fixture);
    draw(&fixture);
    asks = fixture.asks;
    draw(&fixture);
    assert_int_equal(fixture.asks, asks);
    news = json_pack("{s:i, s:{s:[]}}", "lost", 0, "data", "rows");
    ui_notify(&fixture.ui, "audit", news);
    json_decref(news);
    draw(&fixture);
    assert_int_equal(fixture.asks, asks + 1);
    json_object_del(fixture.replies, "audit.list");
    ui_time(&fixture.ui, fixture.ui.now_ms + 5001, WALL_MS);
    answer(&fixture, "audit.list", NULL, -32001, "audit.list takes the role admin");
    asks = fixture.asks;
    ui_time(&fixture.ui, fixture.ui.now_ms + 60000, WALL_MS);
    assert_int_equal(fixture.asks, asks);
    draw(&fixture);
    assert_true(shows(&fixture, "your role may not read it"));
    fixture_fini(&fixture);
}

/* However far was scrolled, its end is as far as it goes. */
static void a_row_of_the_audit_ends_at_its_end(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "9\nG");
    assert_true(shows(&fixture, "outcome"));
    press(&fixture, "j");
    assert_true(shows(&fixture, "outcome"));
    fixture_fini(&fixture);
}

/* A page of audit rows with these ids, as it was asked for. */
static void audit_page(struct model *model, json_t *params, int newest, int n)
{
    json_t *rows = json_array(), *data;

    for (int id = newest; id > newest - n; id--)
        json_array_append_new(rows, json_pack("{s:o}", "id", json_sprintf("%d", id)));
    data = json_pack("{s:o}", "rows", rows);
    model_answer(model, "audit.list", params, data);
    json_decref(data);
    json_decref(params);
}

static const char *audit_id(const struct model *model, size_t i)
{
    return json_string_value(json_object_get(model->audit.rows[i], "id"));
}

static void pages_of_the_audit_are_put_together(void **state)
{
    struct model model;

    (void)state;
    assert_int_equal(model_init(&model), 0);
    audit_page(&model, json_pack("{s:i}", "limit", 3), 100, 3);
    assert_false(model.audit.all);
    audit_page(&model, json_pack("{s:i, s:s}", "limit", 3, "before", "98"), 97, 2);
    assert_int_equal(model.audit.n, 5);
    assert_true(model.audit.all);
    audit_page(&model, json_pack("{s:i}", "limit", 3), 102, 3); /* two new ones */
    assert_int_equal(model.audit.n, 7);
    assert_string_equal(audit_id(&model, 0), "102");
    assert_string_equal(audit_id(&model, 2), "100");
    assert_string_equal(audit_id(&model, 6), "96");
    audit_page(&model, json_pack("{s:i}", "limit", 3), 200, 3); /* a hole before it */
    assert_int_equal(model.audit.n, 3);
    assert_false(model.audit.all);
    audit_page(&model, json_pack("{s:i, s:s}", "limit", 3, "by", "kim"), 150, 1);
    assert_int_equal(model.audit.n, 1); /* another search */
    assert_true(model.audit.all);
    audit_page(&model, json_pack("{s:i, s:s}", "limit", 3, "before", "198"), 197, 3);
    assert_int_equal(model.audit.n, 1); /* late */
    for (int i = 1; i < 40; i++)
        audit_page(&model, json_pack("{s:i}", "limit", 100), 1000 + i * 50, 100);
    assert_int_equal(model.audit.n, MODEL_AUDIT_ROWS);
    assert_string_equal(audit_id(&model, 0), "2950");
    assert_string_equal(audit_id(&model, MODEL_AUDIT_ROWS - 1), "1951");
    model_fini(&model);
}

/* --- The mouse. --- */

static void mouse_at(struct fixture *fixture, enum mouse_what what, int row, int column)
{
    struct mouse mouse = {what, row, column};

    ui_mouse(&fixture->ui, &mouse);
    draw(fixture);
}

static const struct list *players_list(struct fixture *fixture)
{
    return &((const struct list_of_players *)ui_state(&fixture->ui, &SCREEN_PLAYERS))->list;
}

static void the_mouse_does_what_keys_do(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    mouse_at(&fixture, MOUSE_CLICK, 1, 9); /* the tab of Players */
    assert_true(ui_shows(&fixture.ui, &SCREEN_PLAYERS));
    mouse_at(&fixture, MOUSE_CLICK, 7, 20);
    assert_int_equal(players_list(&fixture)->cursor, 3);
    mouse_at(&fixture, MOUSE_WHEEL_DOWN, 7, 20);
    assert_int_equal(players_list(&fixture)->cursor, 6);
    mouse_at(&fixture, MOUSE_WHEEL_UP, 7, 20);
    mouse_at(&fixture, MOUSE_WHEEL_UP, 7, 20);
    assert_int_equal(players_list(&fixture)->cursor, 0);
    mouse_at(&fixture, MOUSE_CLICK, 3, 25); /* a column's name */
    assert_non_null(strstr(params_of(&fixture, "players.list"), "\"sort\": \"address\""));
    mouse_at(&fixture, MOUSE_CLICK, 3, 25);
    assert_non_null(strstr(params_of(&fixture, "players.list"), "\"descending\": true"));
    mouse_at(&fixture, MOUSE_CLICK, 23, 1); /* the bottom bar: help */
    assert_true(shows(&fixture, "Keys: Players"));
    press(&fixture, "x");
    mouse_at(&fixture, MOUSE_CLICK, 1, 2);
    mouse_at(&fixture, MOUSE_DOUBLE_CLICK, 8, 8);
    assert_true(shows(&fixture, "LADDER"));
    mouse_at(&fixture, MOUSE_CLICK, 1, 9);
    press(&fixture, "K");
    mouse_at(&fixture, MOUSE_CLICK, fixture.ui.dialog.buttons_row, fixture.ui.dialog.column + 2);
    assert_null(fixture.ui.dialog.kind);
    assert_string_equal(params_of(&fixture, "players.kick"), "");
    press(&fixture, "K");
    mouse_at(&fixture, MOUSE_CLICK, fixture.ui.dialog.buttons_row, fixture.ui.dialog.column + 12);
    assert_string_not_equal(params_of(&fixture, "players.kick"), "");
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cursor_stays_on_its_player),
        cmocka_unit_test(sorting_and_filtering_ask_the_daemon),
        cmocka_unit_test(the_log_is_filtered_by_level_and_text),
        cmocka_unit_test(chat_is_followed_or_stands_still),
        cmocka_unit_test(a_line_leads_to_its_speaker),
        cmocka_unit_test(reports_are_asked_for_by_state_and_page),
        cmocka_unit_test(a_report_that_is_closed_is_not_tagged),
        cmocka_unit_test(what_is_longer_than_its_place_says_so),
        cmocka_unit_test(the_log_jumps_to_a_time),
        cmocka_unit_test(the_audit_is_searched),
        cmocka_unit_test(pages_of_the_audit_are_put_together),
        cmocka_unit_test(a_row_of_the_audit_ends_at_its_end),
        cmocka_unit_test(the_mouse_does_what_keys_do),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
