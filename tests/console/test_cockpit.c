/* test_cockpit.c -- the whole of it: the console in a real terminal, the real daemon, real bots. An
 * operator sees them, finds one, ends its session, speaks to all and stops the server; another
 * finds one among two hundred, warns, bans and pardons him. */
#include "config.h"

#include <string.h>

#include "live.h"
#include "tmux.h"

/* What the console's exec prints. */
static const char *exec_says(const char *arguments)
{
    return tmux_run("%s --socket %s exec %s 2>&1", tmux_console_path, openmmod.admin_path,
                    arguments);
}

static void an_operator_runs_the_server(void **state)
{
    char name[64], keys[128];
    const char *said;

    tmux_need(state);
    snprintf(keys, sizeof(keys), "--record %s/recording", openmmod.dir);
    tmux_console(keys);
    tmux_see("Players 6 of");
    tmux_see("sqlite");
    /* One of them, by the name that exec says, is found, kicked and gone. */
    said = strstr(exec_says("players.list limit=1"), "\nwalker");
    assert_non_null(said);
    assert_int_equal(sscanf(said, "%63s", name), 1);
    tmux_type("2");
    tmux_see(name);
    snprintf(keys, sizeof(keys), "-l '/%s'", name);
    tmux_type(keys);
    tmux_see("(1 match)");
    tmux_type("Enter K");
    tmux_see("[ No ]");
    tmux_type("r");
    tmux_type("-l bye");
    tmux_type("Tab Tab");
    tmux_see("[ Yes, kick ]");
    tmux_type("Enter");
    tmux_see("kicked walker");
    tmux_see("Nobody matches");
    UNTIL(NULL, DEADLINE_MS,
          daemon_said(&openmmod, "reason=KICKED") && daemon_said(&openmmod, "method=players.kick"));
    assert_non_null(strstr(exec_says("announce 'text=tea at five'"), "players"));
    assert_non_null(strstr(exec_says("server.save"), "saved"));
    assert_non_null(strstr(exec_says("server.reload"), "outcome"));
    tmux_type("5");
    tmux_see("method=announce");
    assert_non_null(strstr(exec_says("server.shutdown reason=tea"), "stops"));
    assert_int_equal(daemon_wait_exit(&openmmod), 0);
    tmux_see("[LOST");
    /* It comes again, and so does the picture. */
    daemon_start(&openmmod, NULL);
    tmux_see("[OK]");
    tmux_type("q");
    tmux_is_sane("left:0");
    assert_int_equal(daemon_terminate(&openmmod), 0);
    /* Without any daemon: what was heard, from its beginning. */
    snprintf(keys, sizeof(keys), "--replay %s/recording", openmmod.dir);
    tmux_begin(keys);
    tmux_see("[REPLAY");
    tmux_see("Players 6 of");
    tmux_type("2");
    tmux_see(name);
    tmux_type("q");
    tmux_is_sane("left:0");
}

/* What stands in the dialog's first field goes as it is. */
static void send_typed(const char *text, const char *yes)
{
    char keys[128];

    snprintf(keys, sizeof(keys), "-l '%s'", text);
    tmux_type(keys);
    tmux_type("Enter");
    tmux_see("[ No ]");
    tmux_type("Tab");
    tmux_see(yes);
    tmux_type("Enter");
}

static bool came_in(struct party *party, const char *name)
{
    struct player *player = player_connect(party, &openmmod);
    bool in;

    UNTIL(party, DEADLINE_MS, player->greeted);
    player_login(player, name, PASSWORD);
    UNTIL(party, DEADLINE_MS, player->welcomed || player->notice == PROTOCOL_REASON_BANNED);
    in = player->welcomed;
    if (!in)
        player_leave(player);
    return in;
}

static void an_operator_moderates_a_crowd(void **state)
{
    double before[2], now[2];
    struct party *party;
    struct player *mallory;

    tmux_need(state);
    party = party_new();
    mallory = player_new_account(party, &openmmod, "mallory");
    UNTIL(party, 3 * DEADLINE_MS,
          strstr(exec_says("players.list limit=1"), "here: 201") != NULL ||
              strstr(exec_says("players.list limit=1"), "201") != NULL);
    tmux_console("");
    tmux_see("Players 201 of");
    /* He is found, looked at and warned. */
    tmux_type("2");
    tmux_type("-l '/mallo kind=native'");
    tmux_see("(1 match)");
    tmux_type("Enter Enter");
    tmux_see("RECORD: all");
    tmux_see("goes on"); /* his session */
    tmux_type("W");
    tmux_see("Write to mallory?");
    send_typed("leave them alone", "[ Yes, write to ]");
    tmux_see("told mallory");
    UNTIL(party, DEADLINE_MS, strcmp(mallory->notice_text, "leave them alone") == 0);
    tmux_type("Escape");
    /* He is banned, and gone; he does not come in again. */
    tmux_see("(1 match)");
    tmux_type("B");
    tmux_see("Ban mallory?");
    tmux_see("127.0.0.1");
    tmux_type("r");
    tmux_type("-l grief");
    tmux_type("Tab Tab Tab");
    tmux_see("[ Yes, ban ]");
    tmux_type("Enter");
    tmux_see("banned mallory");
    tmux_see("Nobody matches");
    UNTIL(party, DEADLINE_MS, mallory->gone);
    assert_int_equal(mallory->farewell, PROTOCOL_REASON_BANNED);
    assert_non_null(strstr(mallory->farewell_text, "grief"));
    assert_false(came_in(party, "mallory"));
    /* He is pardoned, by the name that the console remembers, and seen again. */
    tmux_type("L");
    tmux_see("whose (the account's name): mallory");
    tmux_type("Enter Tab");
    tmux_see("[ Yes, lift a ban ]");
    tmux_type("Enter");
    tmux_see("lifted the ban");
    assert_true(came_in(party, "mallory"));
    tmux_see_no_more("Nobody matches");
    tmux_type("Enter");
    tmux_see("lifted by");
    tmux_type("Escape");
    /* On the map he is seen among all, is followed, and goes. */
    tmux_type("3");
    tmux_see("201 of 201");
    tmux_type("2");
    tmux_see("(1 match)");
    tmux_type("o");
    tmux_see("Following");
    UNTIL(party, DEADLINE_MS, live_followed(before));
    player_walk(party->players, 0, MOVEMENT_WALK);
    UNTIL(party, DEADLINE_MS, live_followed(now) && (now[0] != before[0] || now[1] != before[1]));
    player_stand(party->players);
    tmux_type("2");
    tmux_see("(1 match)");
    /* Three of the crowd are muted at once. */
    tmux_type("Escape");
    tmux_see("walker");
    tmux_type("Home Down Space Space Space");
    tmux_see("3 tagged");
    tmux_type("M");
    tmux_see("Mute 3 players?");
    tmux_type("y");
    tmux_see("muted 3, the last walker");
    assert_non_null(strstr(exec_says("mutes.list --json"), "\"mutes\":3"));
    /* All are told. */
    tmux_type("1");
    tmux_see("Players 201 of");
    tmux_type("A");
    tmux_see("Announce?");
    send_typed("tea at five", "[ Yes, announce ]");
    tmux_see("announced");
    UNTIL(party, DEADLINE_MS, strcmp(party->players->notice_text, "tea at five") == 0);
    tmux_type("q");
    tmux_is_sane("left:0");
    party_free(party);
    assert_int_equal(daemon_terminate(&openmmod), 0);
}

int main(void)
{
    static char few[] = "6", many[] = "200";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(an_operator_runs_the_server, live_setup,
                                                 live_teardown, few),
        cmocka_unit_test_prestate_setup_teardown(an_operator_moderates_a_crowd, live_setup,
                                                 live_teardown, many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
