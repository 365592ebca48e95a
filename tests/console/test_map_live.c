/* test_map_live.c -- the map in a real terminal, before the real daemon, with bots that walk. */
#include "config.h"

#include <string.h>

#include "live.h"
#include "tmux.h"

/* The numbers behind a word on the screen: "at   -60, -19". False: it is not there. */
static bool numbers_behind(const char *screen, const char *word, double numbers[2])
{
    const char *line = strstr(screen, word);

    return line != NULL && sscanf(line + strlen(word), " %lf, %lf", &numbers[0], &numbers[1]) == 2;
}

/* The map shows all; one is followed, walks on, and stays in the picture's middle. */
static void an_operator_watches_the_map(void **state)
{
    double before[2], now[2];
    uint64_t end_ms;

    if (*state != NULL) {
        print_message("skipped: %s\n", (const char *)*state);
        skip();
    }
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
    end_ms = tmux_now_ms() + DEADLINE_MS;
    while (!numbers_behind(strstr(tmux_screen(""), "Following"), "at ", before))
        assert_true(tmux_now_ms() < end_ms);
    do { /* he is seen to move */
        const char *panel;

        assert_true(tmux_now_ms() < end_ms);
        tmux_rest();
        panel = strstr(tmux_screen(""), "Following");
        assert_non_null(panel);
        if (!numbers_behind(panel, "at ", now))
            memcpy(now, before, sizeof(now));
    } while (now[0] == before[0] && now[1] == before[1]);
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
