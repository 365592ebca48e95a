/* test_deeds.c -- the console without terminal and daemon: what it asks before it does something to
 * players and options, what it sends then, and what a role does not ask for; who is followed on the
 * map. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "console/screens/map.h"
#include "fixture.h"

/* --- What is done to players. --- */

static void deeds_ask_first_and_the_default_is_no(void **state)
{
    /* clang-format off */
    static const struct { const char *keys, *method, *params; } CASES[] = {
        {"2K\n",               NULL, NULL},
        {"2K\033",             NULL, NULL},
        {"2Kn",                NULL, NULL},
        {"2Kq",                NULL, NULL},
        {"2K\t\n",             "players.kick", "{\"session\": \"12884901888\"}"},
        {"2jK\t\n",            "players.kick", "{\"session\": \"12884901889\"}"},
        {"2Ky",                "players.kick", "{\"session\": \"12884901888\"}"},
        {"2Kryes\n",           NULL, NULL}, /* letters are the reason's; Enter goes to No */
        {"2Kryes\n\n",         NULL, NULL},
        {"2Krbye now\n\t\n",   "players.kick", "{\"reason\": \"bye now\", \"session\": \"12884901888\"}"},
        {"2Krab\177c\n\t\n",   "players.kick", "{\"reason\": \"ac\", \"session\": \"12884901888\"}"},
        {"2Kra b\027c\n\t\n",  "players.kick", "{\"reason\": \"a c\", \"session\": \"12884901888\"}"},
        {"2B\n",               NULL, NULL},
        {"2M\033",             NULL, NULL},
        {"2By",                "bans.add", "{\"duration\": \"1d\", \"id\": \"1000\", \"reason\": \"no reason was given\"}"},
        {"2Brspam\n\n\t\n",      "bans.add", "{\"duration\": \"1d\", \"id\": \"1000\", \"reason\": \"spam\"}"},
        {"2Mrloud\n\n\t\n",      "players.mute", "{\"duration\": \"1h\", \"id\": \"1000\", \"reason\": \"loud\"}"},
        {"2U",                 "players.unmute", "{\"id\": \"1000\"}"},
        {"2Wmind the gap\n\t\n", "players.message", "{\"session\": \"12884901888\", \"text\": \"mind the gap\"}"},
        {"2W\n\t\n",           NULL, NULL}, /* nothing to say: it goes back to the text */
        {"2jTy",               NULL, NULL}, /* letters are the field's */
        {"2jT\n\n\t\n",        "players.teleport", "{\"session\": \"12884901889\", \"x\": -88, \"z\": -4}"},
        {"2T\02512\n\025-7\n\t\n", "players.teleport", "{\"session\": \"12884901888\", \"x\": 12, \"z\": -7}"},
        {"2T\025abc\n\025\n\t\n", "players.teleport", "{\"session\": \"12884901888\", \"x\": \"abc\", \"z\": 0}"},
        {"2SCass\n\t\n",        "players.summon", "{\"session\": \"12884901888\", \"to\": \"Cass\"}"},
        {"2LBorin\n\t\n",       "bans.lift", "{\"player\": \"Borin\"}"},
        {"2LBorin\n\n",         NULL, NULL},
        {"2\nKy",              "players.kick", "{\"session\": \"12884901888\"}"}, /* the same on his page */
        {"2j\nBrspam\n\n\t\n",  "bans.add", "{\"duration\": \"1d\", \"id\": \"1001\", \"reason\": \"spam\"}"},
        {"2j\nLy",             "bans.lift", "{\"id\": \"1001\"}"},
        {"2j\nU",              "players.unmute", "{\"id\": \"1001\"}"},
        /* who said the line under the cursor */
        {"4kkkkM\n",           NULL, NULL},
        {"4kkkkMy",            "players.mute", "{\"duration\": \"1h\", \"id\": \"4711\", \"reason\": \"no reason was given\"}"},
        {"4My",                "players.mute", "{\"duration\": \"1h\", \"player\": \"guest-17\", \"reason\": \"no reason was given\"}"},
        {"4B",                 NULL, NULL}, /* a guest */
        {"4kkkkKrspam\n\t\n",  "players.kick", "{\"reason\": \"spam\", \"session\": \"12884901891\"}"},
        {"4/gold\nkBy",        "bans.add", "{\"duration\": \"1d\", \"id\": \"4711\", \"reason\": \"no reason was given\"}"},
        {"4kkkkWenough\n\t\n", "players.message", "{\"session\": \"12884901891\", \"text\": \"enough\"}"},
        {"4kkkkU",             "players.unmute", "{\"id\": \"4711\"}"},
        {"4cccM",              NULL, NULL}, /* the server's */
        {"4Sbe kind\n\t\n",   "chat.say", "{\"text\": \"be kind\"}"},
        {"4Atea\n\t\n",       "announce", "{\"text\": \"tea\"}"},
        {"4S\n\t\n",          NULL, NULL},
        /* whom a report is about */
        {"8My",                "players.mute", "{\"duration\": \"1h\", \"id\": \"4711\", \"reason\": \"no reason was given\"}"},
        {"8By",                "bans.add", "{\"duration\": \"1d\", \"id\": \"4711\", \"reason\": \"no reason was given\"}"},
        {"8jjjB",              NULL, NULL}, /* a guest */
        {"8jU",                "players.unmute", "{\"id\": \"4712\"}"},
        {"8C\n\t\n",          NULL, NULL}, /* no verdict */
        {"8Cspam, banned\n\n", NULL, NULL},
        {"8Cspam, banned\n\t\n", "reports.close", "{\"report\": \"23\", \"verdict\": \"spam, banned\"}"},
        {"8j  Cno\n\t\n",     "reports.close", "{\"report\": \"19\", \"verdict\": \"no\"}"}, /* the last of the tagged */
        {"8\nCwarned\n\t\n",  "reports.close", "{\"report\": \"23\", \"verdict\": \"warned\"}"},
        {"8\nKy",              "players.kick", "{\"session\": \"12884901891\"}"},
        {"8\nWbe nice\n\t\n", "players.message", "{\"session\": \"12884901891\", \"text\": \"be nice\"}"},
    };
    /* clang-format on */
    static const char *const DEEDS[] = {"players.kick",   "bans.add",        "players.mute",
                                        "players.unmute", "players.message", "players.teleport",
                                        "players.summon", "bans.lift",       "chat.say",
                                        "announce",       "reports.close"};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture;

        fixture_init(&fixture, 24, 80, false);
        press(&fixture, CASES[i].keys);
        for (size_t deed = 0; deed < ARRAY_N(DEEDS); deed++)
            assert_string_equal(params_of(&fixture, DEEDS[deed]),
                                CASES[i].method != NULL && strcmp(CASES[i].method, DEEDS[deed]) == 0
                                    ? CASES[i].params
                                    : "");
        assert_false(fixture.ui.quit);
        fixture_fini(&fixture);
    }
}

/* How often a method was asked for, with that in its parameters. */
static unsigned asked_with(const struct fixture *fixture, const char *method, const char *what)
{
    unsigned n = 0;

    for (int i = 0; i < fixture->asks && i < FIXTURE_ASKS; i++)
        n += strcmp(fixture->asked[i].method, method) == 0 &&
             strstr(fixture->asked[i].params, what) != NULL;
    return n;
}

/* Those who were tagged, wherever they stand now; who is gone is tagged no more. */
static void deeds_are_done_to_all_who_are_tagged(void **state)
{
    json_t *nobody =
        json_pack("{s:i, s:i, s:i, s:[]}", "here", 0, "matched", 0, "offset", 0, "players");
    json_t *line = json_pack("{s:s, s:O}", "answer", "players.list", "data", nobody);
    json_t *done = json_pack("{s:s}", "kicked", "Aria");
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2 j jj ");
    assert_true(shows(&fixture, "3 tagged"));
    json_object_set(fixture.replies, "players.list", nobody);
    ui_recorded(&fixture.ui, line); /* none of them is in view any more */
    press(&fixture, "K");
    assert_true(shows(&fixture, "Kick 3 players?"));
    assert_true(shows(&fixture, "Aria, Cass"));
    press(&fixture, "y");
    assert_int_equal(asked_with(&fixture, "players.kick", "12884901888"), 1);
    assert_int_equal(asked_with(&fixture, "players.kick", "12884901890"), 1);
    assert_int_equal(asked_with(&fixture, "players.kick", "session"), 3);
    answer(&fixture, "players.kick", done, 0, "");
    draw(&fixture);
    assert_true(shows(&fixture, "2 tagged"));
    press(&fixture, "\033");
    assert_false(shows(&fixture, "tagged"));
    press(&fixture, "K");
    assert_null(fixture.ui.dialog.kind);
    json_decref(done);
    json_decref(line);
    json_decref(nobody);
    fixture_fini(&fixture);
}

/* Of more than ten the number is typed. */
static void many_are_confirmed_by_their_number(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2           "); /* eleven */
    press(&fixture, "Mrflood\n\n");
    assert_true(shows(&fixture, "Mute 11 players?"));
    assert_true(shows(&fixture, "and 4 more"));
    press(&fixture, "12\n\t\n"); /* not their number */
    assert_non_null(fixture.ui.dialog.kind);
    assert_int_equal(asked_with(&fixture, "players.mute", "flood"), 0);
    press(&fixture, "\02511\n\t\n");
    assert_null(fixture.ui.dialog.kind);
    for (int i = 0; i < 11; i++) { /* eight at a time are on their way */
        json_t *done = json_pack("{s:s}", "player", "x");

        answer(&fixture, "players.mute", done, 0, "");
        json_decref(done);
    }
    assert_int_equal(asked_with(&fixture, "players.mute", "flood"), 11);
    fixture_fini(&fixture);
}

/* His page: what is known of him goes on being shown when he has left, and it is said. */
static void a_page_is_about_one(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2j\n");
    assert_string_equal(params_of(&fixture, "players.show"), "{\"session\": \"12884901889\"}");
    assert_string_equal(params_of(&fixture, "players.history"),
                        "{\"id\": \"1001\", \"limit\": 50}");
    assert_true(shows(&fixture, "account 1001"));
    assert_true(shows(&fixture, "by kim: loud")); /* his mute */
    press(&fixture, "f");
    assert_true(shows(&fixture, "speed hack"));
    assert_false(shows(&fixture, "lag?"));
    ui_time(&fixture.ui, fixture.ui.now_ms + 2000, WALL_MS);
    answer(&fixture, "players.show", NULL, -32000, "there is no session 12884901889");
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_true(shows(&fixture, "has left"));
    assert_true(shows(&fixture, "account 1001"));
    press(&fixture, "\033");
    assert_true(shows(&fixture, "812 of 2000 players"));
    fixture_fini(&fixture);
}

/* The answer about another, who was looked at before, comes late. */
static void a_page_minds_its_own_answers(void **state)
{
    struct fixture fixture;
    int late;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    json_object_del(fixture.replies, "players.show");
    json_object_del(fixture.replies, "players.history");
    press(&fixture, "2j\n");
    late = fixture.asks;
    press(&fixture, "\033j\n");
    assert_null(strstr(params_of(&fixture, "players.show"), "12884901889"));
    for (int i = 0; i < late; i++) {
        if (strncmp(fixture.asked[i].method, "players.", 8) == 0)
            ui_answer(&fixture.ui, fixture.asked[i].token, NULL, -32000, "there is none");
    }
    draw(&fixture);
    assert_false(shows(&fixture, "has left"));
    assert_false(shows(&fixture, "moderators' to read"));
    fixture_fini(&fixture);
}

/* The record is not for all roles. */
static void a_viewer_sees_no_record(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    json_object_del(fixture.replies, "players.history");
    press(&fixture, "2jj\n");
    answer(&fixture, "players.history", NULL, -32001, "players.history takes the role moderator");
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_true(shows(&fixture, "moderators' to read"));
    fixture_fini(&fixture);
}

/* A database that is away is no role that is too low, and a daemon that is slow no player who left.
 */
static void what_could_not_be_told_is_asked_again(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    json_object_del(fixture.replies, "players.history");
    json_object_del(fixture.replies, "players.show");
    press(&fixture, "2j\n");
    answer(&fixture, "players.history", NULL, -32000, "the database is away: locked");
    answer(&fixture, "players.show", NULL, -2, "the daemon did not answer in time");
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_false(shows(&fixture, "moderators' to read"));
    assert_false(shows(&fixture, "has left"));
    memset(fixture.asked, 0, sizeof(fixture.asked));
    ui_time(&fixture.ui, fixture.ui.now_ms + 6000, WALL_MS);
    assert_string_equal(params_of(&fixture, "players.show"), "{\"session\": \"12884901889\"}");
    assert_string_equal(params_of(&fixture, "players.history"),
                        "{\"id\": \"1001\", \"limit\": 50}");
    fixture_fini(&fixture);
}

static void a_guest_has_no_account_to_ban(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2");
    strcpy(fixture.ui.model.players.rows[0].account, "0");
    press(&fixture, "B");
    draw(&fixture);
    assert_null(fixture.ui.dialog.kind);
    assert_true(shows(&fixture, "is a guest"));
    press(&fixture, "K");
    assert_non_null(fixture.ui.dialog.kind);
    fixture_fini(&fixture);
}

static void a_guest_is_muted_by_name(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2");
    strcpy(fixture.ui.model.players.rows[0].account, "0");
    strcpy(fixture.ui.model.players.rows[0].name, "Aria");
    press(&fixture, "Mrloud\n\n\t\n");
    assert_string_equal(params_of(&fixture, "players.mute"),
                        "{\"duration\": \"1h\", \"player\": \"Aria\", \"reason\": \"loud\"}");
    fixture_fini(&fixture);
}

static void what_became_of_a_kick_is_said(void **state)
{
    json_t *result = json_pack("{s:s}", "kicked", "Aria");
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2Ky");
    answer(&fixture, "players.kick", result, 0, "");
    draw(&fixture);
    assert_true(shows(&fixture, "kicked Aria"));
    press(&fixture, "2Ky");
    answer(&fixture, "players.kick", NULL, -32001, "players.kick takes the role moderator");
    draw(&fixture);
    assert_true(shows(&fixture, "not kicked: players.kick takes the role moderator (Aria)"));
    assert_true(shows(&fixture, "takes the role moderator"));
    ui_time(&fixture.ui, fixture.ui.now_ms + 60000, WALL_MS);
    draw(&fixture);
    assert_false(shows(&fixture, "takes the role moderator"));
    press(&fixture, "2ByjKy"); /* the ban takes longer than the kick of another */
    answer(&fixture, "bans.add", NULL, -32000, "the database is away");
    draw(&fixture);
    assert_true(shows(&fixture, "not banned: the database is away (Aria)"));
    json_decref(result);
    fixture_fini(&fixture);
}

/* --- Roles. --- */

static int subscriptions_to(const struct fixture *fixture, const char *topic)
{
    char mark[40];
    int n = 0;

    snprintf(mark, sizeof(mark), "\"topic\": \"%s\"", topic);
    for (int i = 0; i < fixture->asks && i < FIXTURE_ASKS; i++)
        n += strstr(fixture->asked[i].params, mark) != NULL;
    return n;
}

/* Each role asks for what it may have, once it knows which one it is; a viewer is denied nothing.
 */
static void nobody_asks_for_what_he_may_not_have(void **state)
{
    static const struct {
        const char *role;
        int chat, audit;
    } CASES[] = {{"viewer", 0, 0}, {"moderator", 1, 0}, {"admin", 1, 1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture;
        json_t *who = json_pack("{s:{s:s, s:s}}", "you", "name", "kim", "role", CASES[i].role);

        fixture_init(&fixture, 24, 80, false);
        ui_lost(&fixture.ui, false, "gone");
        fixture.asks = 0;
        ui_opened(&fixture.ui);
        assert_int_equal(subscriptions_to(&fixture, "metrics"), 1);
        assert_int_equal(subscriptions_to(&fixture, "chat"), 0);
        answer(&fixture, "rpc.discover", who, 0, "");
        assert_int_equal(subscriptions_to(&fixture, "metrics"), 1);
        assert_int_equal(subscriptions_to(&fixture, "chat"), CASES[i].chat);
        assert_int_equal(subscriptions_to(&fixture, "audit"), CASES[i].audit);
        ui_key(&fixture.ui, 'Z'); /* held, and going on: the same again */
        ui_key(&fixture.ui, 'Z');
        assert_int_equal(params_of(&fixture, "chat.recent")[0] != '\0', CASES[i].chat);
        json_decref(who);
        fixture_fini(&fixture);
    }
}

/* --- From a player to the map. --- */

/* The map needs not have been seen before: it is close to him then, too. */
static void a_player_is_followed_on_the_map(void **state)
{
    /* clang-format off */
    static const struct { const char *keys, *params; } CASES[] = {
        {"2jo",       "{\"session\": \"12884901889\"}"},
        {"2j\no",     "{\"session\": \"12884901889\"}"},
        {"4kkkko",    "{\"session\": \"12884901891\"}"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture;

        fixture_init(&fixture, 24, 80, false);
        press(&fixture, CASES[i].keys);
        assert_true(ui_shows(&fixture.ui, &SCREEN_MAP));
        draw(&fixture);
        assert_string_equal(params_of(&fixture, "world.player"), CASES[i].params);
        assert_true(shows(&fixture, "\u2524 20 m")); /* the scale */
        fixture_fini(&fixture);
    }
}

/* That the one before has left says nothing of this one. */
static void another_may_be_followed(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    json_object_del(fixture.replies, "world.player");
    press(&fixture, "2jo");
    draw(&fixture);
    assert_string_equal(params_of(&fixture, "world.player"), "{\"session\": \"12884901889\"}");
    press(&fixture, "2jo");
    answer(&fixture, "world.player", NULL, -32000, "there is no session 12884901889");
    ui_time(&fixture.ui, fixture.ui.now_ms + 300, WALL_MS);
    draw(&fixture);
    assert_string_equal(params_of(&fixture, "world.player"), "{\"session\": \"12884901890\"}");
    assert_false(shows(&fixture, "has left"));
    fixture_fini(&fixture);
}

/* A key can be faster than the first answer. */
static void who_has_not_come_yet_is_not_called_nobody(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    fixture.ui.model.players.known = false;
    fixture.ui.model.players.n = 0;
    json_object_del(fixture.replies, "players.list");
    press(&fixture, "2K");
    assert_null(fixture.ui.dialog.kind);
    assert_true(shows(&fixture, "the list has not come yet"));
    fixture_fini(&fixture);
}

/* --- The configuration. --- */

static void options_are_set_after_a_question(void **state)
{
    struct fixture fixture;
    int asks;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "0/chats_per\n");
    assert_true(shows(&fixture, "1 option "));
    press(&fixture, "S");
    assert_true(shows(&fixture, "Set limits.chats_per_10s?"));
    assert_true(shows(&fixture, "until the next reload or restart"));
    press(&fixture, "\x15"
                    "12 a\n");
    assert_string_equal(params_of(&fixture, "config.set"), "");
    press(&fixture, "y");
    assert_string_equal(params_of(&fixture, "config.set"),
                        "{\"name\": \"limits.chats_per_10s\", \"value\": \"12 a\"}");
    answer(&fixture, "config.set", NULL, -32000, "\"12 a\" is no whole number");
    draw(&fixture);
    assert_true(shows(&fixture, "not set: \"12 a\" is no whole number"));
    press(&fixture, "Uy");
    assert_string_equal(params_of(&fixture, "config.reset"),
                        "{\"name\": \"limits.chats_per_10s\"}");
    press(&fixture, "Ry");
    assert_string_equal(params_of(&fixture, "server.reload"), "{}");
    press(&fixture, "/\x15net.listen\nS");
    assert_true(shows(&fixture, "net.listen is told by the file only, and changes by restart"));
    press(&fixture, "U");
    assert_true(shows(&fixture, "net.listen was not set by an operator"));
    assert_null(fixture.ui.dialog.kind);
    json_object_del(fixture.replies, "config.list");
    ui_time(&fixture.ui, fixture.ui.now_ms + 5001, WALL_MS);
    answer(&fixture, "config.list", NULL, -32001, "config.list takes the role admin");
    asks = fixture.asks;
    ui_time(&fixture.ui, fixture.ui.now_ms + 60000, WALL_MS);
    assert_int_equal(fixture.asks, asks);
    draw(&fixture);
    assert_true(shows(&fixture, "your role may not read it"));
    fixture_fini(&fixture);
}

static void a_reload_says_what_waits(void **state)
{
    json_t *result = json_pack("{s:s}", "outcome",
                               "loaded anew: 0 options changed; waiting for a "
                               "restart: net.listen");
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "0Ry");
    answer(&fixture, "server.reload", result, 0, "");
    draw(&fixture);
    assert_true(shows(&fixture, "waiting for a restart: net.listen"));
    json_decref(result);
    fixture_fini(&fixture);
}

/* What has no room in the dialog's line is not set to its beginning. */
static void an_option_longer_than_the_line_is_left_alone(void **state)
{
    struct fixture fixture;
    char value[LINE_MAX_BYTES + 2];
    json_t *data, *row;
    size_t i;

    (void)state;
    memset(value, '9', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    fixture_init(&fixture, 24, 80, false);
    data = json_deep_copy(json_object_get(fixture.replies, "config.list"));
    json_array_foreach(json_object_get(data, "options"), i, row)
        json_object_set_new(row, "value", json_string(value));
    json_object_set_new(fixture.replies, "config.list", data);
    press(&fixture, "0");
    press(&fixture, "/chats_per\nS");
    assert_null(fixture.ui.dialog.kind);
    assert_true(shows(&fixture, "limits.chats_per_10s is too long for this line"));
    value[LINE_MAX_BYTES] = '\0';
    json_array_foreach(json_object_get(data, "options"), i, row)
        json_object_set_new(row, "value", json_string(value));
    ui_time(&fixture.ui, fixture.ui.now_ms + 6000, WALL_MS);
    draw(&fixture);
    press(&fixture, "S");
    assert_non_null(fixture.ui.dialog.kind);
    assert_string_equal(fixture.ui.dialog.fields[0].text, value);
    fixture_fini(&fixture);
}

/* What is given at its default is not changed, but what an operator set is shown. */
static void changed_options_are_those_not_at_their_default(void **state)
{
    struct fixture fixture;
    json_t *data, *row;
    size_t i;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    data = json_deep_copy(json_object_get(fixture.replies, "config.list"));
    press(&fixture, "0c");
    assert_true(shows(&fixture, "8 changed options"));
    json_array_foreach(json_object_get(data, "options"), i, row)
        json_object_set_new(row, "changed", json_false());
    json_object_set(fixture.replies, "config.list", data);
    model_answer(&fixture.ui.model, "config.list", NULL, data);
    draw(&fixture);
    json_decref(data);
    assert_true(shows(&fixture, "1 changed option "));
    assert_true(shows(&fixture, "limits.chats_per_10s"));
    fixture_fini(&fixture);
}

/* Bold is what the configuration changes, not what it says. */
static void an_option_given_at_its_default_is_not_bold(void **state)
{
    struct fixture fixture;
    const struct canvas_cell *value;
    json_t *data;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    data = json_deep_copy(json_object_get(fixture.replies, "config.list"));
    json_object_set_new(fixture.replies, "config.list", data);
    press(&fixture, "0jj");                     /* so that the cursor is on another row */
    value = &fixture.canvas.cells[4 * 80 + 33]; /* of server.name, which the file gives */
    assert_string_equal(value->text, "e");
    assert_int_equal(value->style, STYLE_BOLD);
    json_object_set_new(json_array_get(json_object_get(data, "options"), 0), "changed",
                        json_false());
    model_answer(&fixture.ui.model, "config.list", NULL, data);
    draw(&fixture);
    assert_string_equal(value->text, "e");
    assert_int_equal(value->style, STYLE_DIM);
    fixture_fini(&fixture);
}

/* In the box below the list; where that is too low, its end is what is cut. */
static void the_help_of_an_option_is_read_from_its_beginning(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "0/http.assets\n");
    assert_true(shows(&fixture, "Folder of files to serve"));
    assert_true(shows(&fixture, "\u2026"));
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deeds_ask_first_and_the_default_is_no),
        cmocka_unit_test(deeds_are_done_to_all_who_are_tagged),
        cmocka_unit_test(many_are_confirmed_by_their_number),
        cmocka_unit_test(a_page_is_about_one),
        cmocka_unit_test(a_page_minds_its_own_answers),
        cmocka_unit_test(a_viewer_sees_no_record),
        cmocka_unit_test(what_could_not_be_told_is_asked_again),
        cmocka_unit_test(a_guest_has_no_account_to_ban),
        cmocka_unit_test(a_guest_is_muted_by_name),
        cmocka_unit_test(what_became_of_a_kick_is_said),
        cmocka_unit_test(options_are_set_after_a_question),
        cmocka_unit_test(a_reload_says_what_waits),
        cmocka_unit_test(an_option_longer_than_the_line_is_left_alone),
        cmocka_unit_test(nobody_asks_for_what_he_may_not_have),
        cmocka_unit_test(a_player_is_followed_on_the_map),
        cmocka_unit_test(another_may_be_followed),
        cmocka_unit_test(who_has_not_come_yet_is_not_called_nobody),
        cmocka_unit_test(an_option_given_at_its_default_is_not_bold),
        cmocka_unit_test(the_help_of_an_option_is_read_from_its_beginning),
        cmocka_unit_test(changed_options_are_those_not_at_their_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
