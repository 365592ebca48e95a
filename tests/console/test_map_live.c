/* test_map_live.c -- the map in a real terminal, before the real daemon, with bots that walk. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "live.h"
#include "tmux.h"

#define PANEL_AT 50 /* columns that are the map's, in a terminal of 80 */

/* Where a name stands on the map: its row and column. False: it does not. */
static bool place_of(const char *screen, const char *name, int place[2])
{
    const char *line = screen;

    for (place[0] = 0; line != NULL; place[0]++, line = strchr(line, '\n')) {
        const char *at;

        line += *line == '\n';
        at = strstr(line, name);
        if (at == NULL || at > line + strcspn(line, "\n"))
            continue;
        place[1] = 0;
        for (const char *c = line; c < at; c++)
            place[1] += ((unsigned char)*c & 0xc0) != 0x80;
        if (place[1] < PANEL_AT)
            return true;
    }
    return false;
}

/* Whom the panel names, in the line below its head. */
static void followed(const char *screen, char name[64])
{
    const char *line = strstr(screen, "Following");
    char row[512];

    assert_non_null(line);
    line = strchr(line, '\n');
    assert_non_null(line);
    snprintf(row, sizeof(row), "%.*s", (int)strcspn(line + 1, "\n"), line + 1);
    for (const char *at = row; (at = strstr(at, "walker")) != NULL; at++) /* the last of the line */
        assert_int_equal(sscanf(at, "%63s", name), 1);
    assert_true(name[0] != '\0');
}

/* The map shows all; one is followed, walks on, and stays in the picture's middle. */
static void an_operator_watches_the_map(void **state)
{
    double before[2], now[2];
    int was_at[2], is_at[2];
    uint64_t end_ms;
    char name[64] = "";

    tmux_need(state);
    tmux_console("");
    tmux_see("Players 6 of");
    tmux_type("3");
    tmux_see("6 of 6");
    tmux_see("\u2580\u2580\u2580\u2580"); /* the ground */
    tmux_type("v");
    tmux_see("CPU time");
    tmux_type("v");
    tmux_see("Bandwidth");
    tmux_type("v");
    tmux_type("f");
    tmux_see("Following");
    tmux_see("round trip");
    end_ms = tmux_now_ms() + 2 * DEADLINE_MS;
    followed(tmux_screen(""), name);
    while (!live_followed(before))
        assert_true(tmux_now_ms() < end_ms);
    while (!place_of(tmux_screen(""), name, was_at))
        assert_true(tmux_now_ms() < end_ms);
    do { /* he is seen to move, by four pixels, which are two rows */
        assert_true(tmux_now_ms() < end_ms);
        tmux_rest();
        if (!live_followed(now))
            memcpy(now, before, sizeof(now));
    } while (fmax(fabs(now[0] - before[0]), fabs(now[1] - before[1])) < 8);
    /* The map goes along: he is where he was on it, though not in the world. */
    assert_true(place_of(tmux_screen(""), name, is_at));
    assert_in_range(is_at[0], was_at[0] - 1, was_at[0] + 1);
    assert_in_range(is_at[1], was_at[1] - 1, was_at[1] + 1);
    tmux_type("Escape");
    tmux_see_no_more("Following");
    tmux_type("w");
    tmux_see("km");
    tmux_type("g");
    tmux_type("-l '0,0'");
    tmux_type("Enter");
    tmux_see("Cell 0, 0");
    tmux_type("q");
    tmux_is_sane("left:0");
}

int main(void)
{
    static char few[] = "6";
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(an_operator_watches_the_map, live_setup,
                                                 live_teardown, few),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
