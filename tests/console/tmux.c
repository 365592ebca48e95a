/* tmux.c -- see tmux.h. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <time.h>

#include "tmux.h"

#define DEADLINE_MS 15000

char tmux_directory[64], tmux_console_path[512];

uint64_t tmux_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void tmux_rest(void)
{
    poll(NULL, 0, 20);
}

const char *tmux_run(const char *format, ...)
{
    static char said[2 << 20];
    char command[2048];
    va_list arguments;
    size_t n;
    FILE *out;

    va_start(arguments, format);
    vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    out = popen(command, "re");
    assert_non_null(out);
    n = fread(said, 1, sizeof(said) - 1, out);
    said[n] = '\0';
    pclose(out);
    return said;
}

void tmux_type(const char *keys)
{
    tmux_run(TMUX "send-keys -t t %s", tmux_directory, keys);
}

const char *tmux_screen(const char *flags)
{
    return tmux_run(TMUX "capture-pane -p %s -t t", tmux_directory, flags);
}

/* Poll until the screen holds (or no longer holds) a text. */
static void wait_for(const char *text, bool there)
{
    uint64_t end_ms = tmux_now_ms() + DEADLINE_MS;

    while ((strstr(tmux_screen(""), text) != NULL) != there) {
        if (tmux_now_ms() > end_ms)
            fail_msg("\"%s\" %s on the screen:\n%s", text, there ? "is not" : "is still",
                     tmux_screen(""));
        tmux_rest();
    }
}

void tmux_see(const char *text)
{
    wait_for(text, true);
}

void tmux_see_no_more(const char *text)
{
    wait_for(text, false);
}

const char *tmux_missing(void)
{
    return system("command -v tmux >/dev/null") == 0 ? NULL : "tmux is not here";
}

void tmux_need(void **state)
{
    if (*state != NULL) {
        print_message("skipped: %s\n", (const char *)*state);
        skip();
    }
}

void tmux_shell(const char *socket_path)
{
    assert_non_null(realpath(CONSOLE_PROGRAM, tmux_console_path));
    tmux_run("env -u TMUX LC_ALL=C.UTF-8 TERM=xterm-256color " TMUX
             "new-session -d -s t -x 80 -y 24 "
             "'env PS1=ready: NO_COLOR= OPENMMO_ADMIN_SOCKET=%s sh'",
             tmux_directory, socket_path);
    tmux_see("ready:");
}

void tmux_begin(const char *flags)
{
    char keys[1024];

    tmux_run("rm -f %s/after", tmux_directory); /* of a console before it; it comes whole */
    snprintf(keys, sizeof(keys),
             "'cd %s; stty -g >before; %s %s; echo left:$?; stty -g >new; mv new after' Enter",
             tmux_directory, tmux_console_path, flags);
    tmux_type(keys);
}

void tmux_console(const char *flags)
{
    tmux_begin(flags);
    tmux_see("[OK]");
}

void tmux_is_sane(const char *left)
{
    uint64_t end_ms = tmux_now_ms() + DEADLINE_MS;

    tmux_see(left);
    while (strlen(tmux_run("cat %s/after 2>/dev/null", tmux_directory)) == 0) {
        assert_true(tmux_now_ms() < end_ms);
        tmux_rest();
    }
    assert_string_equal(tmux_run("cmp %s/before %s/after 2>&1", tmux_directory, tmux_directory),
                        "");
    tmux_see_no_more("1Over");
    assert_string_equal(
        tmux_run(TMUX "display -p -t t '#{alternate_on} #{cursor_flag} #{mouse_any_flag}'",
                 tmux_directory),
        "0 1 0\n");
}

void tmux_end(void)
{
    tmux_run(TMUX "kill-server 2>&1", tmux_directory);
    tmux_run("rm -rf %s", tmux_directory);
}
