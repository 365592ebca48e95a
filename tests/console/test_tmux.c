/* test_tmux.c -- the real console in a real terminal (tmux, a server of its own), against a
 * daemon's socket with a make-believe server behind it: what is seen, what keys do, and how it
 * leaves the terminal, by q and by every signal that can be caught.
 *
 *   test_tmux --serve PATH PLAYERS   is such a daemon, to look at the console by hand */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../server/fake_host.h"
#include "common/compiler.h"
#include "common/log.h"
#include "tmux.h"

#define DEADLINE_MS 15000

static pid_t daemon_pid;

static void start_daemon_with(unsigned players)
{
    char path[108];

    snprintf(path, sizeof(path), "%s/run/admin.sock", tmux_directory);
    daemon_pid = fork();
    assert_true(daemon_pid >= 0);
    if (daemon_pid == 0) {
        int null = open("/dev/null", O_WRONLY);

        dup2(null, STDERR_FILENO);
        fake_host_serve(path, players);
    }
}

static void start_daemon(void)
{
    start_daemon_with(60);
}

static void stop_daemon(void)
{
    if (daemon_pid > 0) {
        kill(daemon_pid, SIGKILL);
        waitpid(daemon_pid, NULL, 0);
    }
    daemon_pid = 0;
}

/* A shell in a new terminal. */
static int setup(void **state)
{
    char path[108];

    *state = (void *)tmux_missing();
    if (*state != NULL)
        return 0;
    strcpy(tmux_directory, "/tmp/openmmo-tmux-XXXXXX");
    assert_non_null(mkdtemp(tmux_directory));
    start_daemon();
    snprintf(path, sizeof(path), "%s/run/admin.sock", tmux_directory);
    tmux_shell(path);
    return 0;
}

static int teardown(void **state)
{
    if (*state != NULL)
        return 0;
    tmux_run(TMUX "kill-server 2>&1", tmux_directory);
    stop_daemon();
    tmux_run("rm -rf %s", tmux_directory);
    return 0;
}

/* False: nothing to test with. */
static void need_tmux(void **state)
{
    if (*state != NULL) {
        print_message("skipped: %s\n", (const char *)*state);
        skip();
    }
}

static void the_screens_are_seen_and_q_leaves(void **state)
{
    need_tmux(state);
    tmux_console("");
    tmux_see("Players 60 of 2000");
    tmux_see("p99");
    tmux_see("(admin)");
    tmux_type("2");
    tmux_see("anna");
    tmux_type("G");
    tmux_see("\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99"); /* wide, and the last by name */
    tmux_type("Tab");
    tmux_see("players in view");
    tmux_type("5");
    tmux_see("following");
    tmux_see("somebody walks about");
    tmux_type("?");
    tmux_see("Keys: Log");
    tmux_type("Escape");
    tmux_see_no_more("Keys: Log");
    tmux_type("1");
    tmux_see("Traffic");
    tmux_type("q");
    tmux_is_sane("left:0");
}

static void a_player_is_found_and_kicked(void **state)
{
    need_tmux(state);
    tmux_console("");
    tmux_type("2");
    tmux_see("anna");
    tmux_type("/");
    tmux_type("-l BJOR");
    tmux_see_no_more("anna");
    tmux_see("(1 match)");
    tmux_type("Enter");
    tmux_type("K");
    tmux_see("Kick Bjorn?");
    tmux_see("[ No ]");
    tmux_type("Enter"); /* the default is No */
    tmux_see_no_more("Kick Bjorn?");
    tmux_see("60 of 2000");
    tmux_type("K");
    tmux_see("Kick Bjorn?");
    tmux_type("r");
    tmux_type("-l 'too-loud'");
    tmux_see("too-loud");
    tmux_type("Tab Tab");
    tmux_see("[ Yes, kick ]");
    tmux_type("Enter");
    tmux_see("kicked Bjorn");
    tmux_see("Nobody matches the filter");
    tmux_type("Escape");
    tmux_see("anna");
    tmux_type("5");
    tmux_see("method=players.kick");
    tmux_see("too-loud");
    tmux_type("q");
    tmux_is_sane("left:0");
}

static void it_follows_the_terminals_size(void **state)
{
    static const struct {
        int columns, rows;
        const char *seen;
    } SIZES[] = {{132, 43, "somebody walks about"},
                 {60, 15, "players 60 of 2000"},
                 {30, 5, "needs 36x8"},
                 {300, 100, "Traffic"},
                 {80, 24, "Players 60 of 2000"}};

    need_tmux(state);
    tmux_console("");
    for (size_t i = 0; i < ARRAY_N(SIZES); i++) {
        tmux_run(TMUX "resize-window -t t -x %d -y %d", tmux_directory, SIZES[i].columns,
                 SIZES[i].rows);
        tmux_see(SIZES[i].seen);
    }
    for (int i = 0; i < 30; i++)
        tmux_run(TMUX "resize-window -t t -x %d -y %d", tmux_directory, 20 + i * 7 % 150,
                 4 + i * 5 % 50);
    tmux_run(TMUX "resize-window -t t -x 80 -y 24", tmux_directory);
    tmux_see("Players 60 of 2000");
    tmux_type("q");
    tmux_is_sane("left:0");
}

static void a_lost_daemon_is_said_and_found_again(void **state)
{
    need_tmux(state);
    tmux_console("");
    tmux_see("Players 60 of 2000");
    kill(daemon_pid, SIGSTOP); /* there, but it stands still */
    tmux_see("[SILENT");
    kill(daemon_pid, SIGCONT);
    tmux_see("[OK]");
    stop_daemon();
    tmux_see("[LOST");
    tmux_see("Players 60 of 2000"); /* the last picture stays */
    start_daemon();
    tmux_see("[OK]");
    tmux_type("q");
    tmux_is_sane("left:0");
}

/* What xterm sends, in its SGR way: button, column and row from one. */
static void mouse(int button, int column, int row)
{
    char keys[64];

    snprintf(keys, sizeof(keys), "-l '\033[<%d;%d;%dM\033[<%d;%d;%dm'", button, column, row, button,
             column, row);
    tmux_type(keys);
}

static const char *mouse_flag(void)
{
    return tmux_run(TMUX "display -p -t t '#{mouse_any_flag}'", tmux_directory);
}

static void the_mouse_is_taken_and_given_back(void **state)
{
    need_tmux(state);
    tmux_type("'export TERM=xterm-256color; clear' Enter");
    tmux_console("");
    assert_string_equal(mouse_flag(), "1\n");
    mouse(0, 10, 2); /* the tab of Players */
    tmux_see("anna");
    mouse(0, 5, 8);
    mouse(65, 5, 8); /* the wheel */
    mouse(0, 2, 24); /* Help in the bottom line */
    tmux_see("Keys: Players");
    tmux_type("Escape");
    tmux_type("-l '\033[?64;1;2c\033[12;40Rj'"); /* reports that nobody asked for are no keys */
    tmux_see_no_more("Keys: Players");
    tmux_type("q");
    tmux_is_sane("left:0");
    tmux_type("clear Enter");
    tmux_console("--no-mouse");
    assert_string_equal(mouse_flag(), "0\n");
    tmux_type("q");
    tmux_is_sane("left:0");
}

static void it_can_be_suspended(void **state)
{
    need_tmux(state);
    tmux_type("'set -m; clear' Enter");
    tmux_console("");
    tmux_see("Players 60 of 2000");
    tmux_type("C-z");
    tmux_see_no_more("1Over");
    tmux_type("'echo still $((40 + 2))' Enter");
    tmux_see("still 42");
    tmux_type("'fg' Enter");
    tmux_see("Players 60 of 2000");
    tmux_type("2");
    tmux_see("anna");
    tmux_type("q");
    tmux_see_no_more("1Over");
    tmux_see("ready:");
}

static void console_pid_is(char *out, size_t room_bytes)
{
    snprintf(out, room_bytes, "%s",
             tmux_run("pgrep -P $(" TMUX "display -p -t t '#{pane_pid}')", tmux_directory));
    out[strcspn(out, "\n")] = '\0';
}

static void every_signal_leaves_the_terminal_sane(void **state)
{
    static const struct {
        const char *name;
        int number;
    } SIGNALS[] = {{"SEGV", SIGSEGV}, {"ABRT", SIGABRT}, {"TERM", SIGTERM}, {"HUP", SIGHUP},
                   {"INT", SIGINT},   {"BUS", SIGBUS},   {"QUIT", SIGQUIT}};

    need_tmux(state);
    tmux_type("'ulimit -c 0' Enter");
    for (size_t i = 0; i < ARRAY_N(SIGNALS); i++) {
        char pid[32], left[32];

        tmux_run("rm -f %s/after", tmux_directory);
        tmux_type("clear Enter");
        tmux_console("");
        console_pid_is(pid, sizeof(pid));
        assert_true(atoi(pid) > 1);
        tmux_run("kill -%s %s", SIGNALS[i].name, pid);
        snprintf(left, sizeof(left), "left:%d", 128 + SIGNALS[i].number);
        /* A shell that a child was interrupted under gives up its line: ask it anew. */
        if (SIGNALS[i].number == SIGINT || SIGNALS[i].number == SIGQUIT) {
            char keys[256];

            snprintf(keys, sizeof(keys), "'echo left:%d; stty -g >%s/after' Enter",
                     128 + SIGNALS[i].number, tmux_directory);
            tmux_see_no_more("1Over");
            tmux_type(keys);
        }
        tmux_is_sane(left);
    }
}

/* Which of the 16 or 256 colours are on the screen: "3x", "4x", "9x", "10x" in its escapes. */
static bool coloured(void)
{
    const char *at = tmux_screen("-e");

    for (; (at = strstr(at, "\033[")) != NULL; at += 2) {
        for (const char *next = at + 2; *next != '\0' && strchr("0123456789;", *next) != NULL;) {
            int number = atoi(next);

            if ((number >= 30 && number <= 38) || (number >= 40 && number <= 48) || number >= 90)
                return true;
            next += strcspn(next, ";m");
            if (*next == ';')
                next++;
        }
    }
    return false;
}

static bool only_ascii(void)
{
    for (const char *at = tmux_screen(""); *at != '\0'; at++) {
        if ((*at & 0x80) != 0)
            return false;
    }
    return true;
}

static void colours_and_ascii_are_as_asked(void **state)
{
    static const struct {
        const char *flags;
        bool colour, ascii;
    } CASES[] = {
        {"", true, false}, {"--color=never", false, false}, {"--color=always --ascii", true, true}};
    char pid[32];

    need_tmux(state);
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        tmux_type("clear Enter");
        tmux_console(CASES[i].flags);
        tmux_see("Traffic");
        assert_int_equal(coloured(), CASES[i].colour);
        tmux_type("2");
        tmux_see("walker0003");
        assert_int_equal(only_ascii(), CASES[i].ascii);
        tmux_type("q");
        tmux_is_sane("left:0");
    }
    tmux_type("clear Enter");
    tmux_type("'export NO_COLOR=1' Enter");
    tmux_console("");
    tmux_see("Traffic");
    assert_false(coloured());
    tmux_type("q");
    tmux_is_sane("left:0");
    tmux_type("clear Enter");
    tmux_type("'export TERM=vt100' Enter");
    tmux_console("--ascii"); /* a terminal without a second screen to leave */
    tmux_see("Traffic");
    tmux_type("q");
    tmux_see("left:0");
    tmux_see("Traffic"); /* the last picture stays, but for the line in which the shell goes on */
    tmux_see_no_more("? Help");
    tmux_type("'clear; stty -g >/dev/null' Enter");
    tmux_console("--ascii");
    tmux_see("Traffic");
    console_pid_is(pid, sizeof(pid));
    tmux_run("kill -TERM %s", pid);
    tmux_see("left:143");
    tmux_see("Traffic");
    tmux_see_no_more("? Help");
}

static void a_pipe_gets_a_sentence_and_no_escapes(void **state)
{
    const char *said;

    need_tmux(state);
    said = tmux_run("OPENMMO_ADMIN_SOCKET=%s/run/admin.sock %s </dev/null 2>&1; echo $?",
                    tmux_directory, tmux_console_path);
    assert_non_null(strstr(said, "this is not a terminal"));
    assert_non_null(strstr(said, "\n1\n"));
    assert_null(strchr(said, '\033'));
    tmux_type("clear Enter");
    {
        char keys[600];

        snprintf(keys, sizeof(keys), "'TERM=dumb %s; echo left:$?' Enter", tmux_console_path);
        tmux_type(keys);
    }
    tmux_see("cannot move its cursor");
    tmux_see("left:1");
}

/* Bytes the console sends to a terminal of its own within so many ms. */
static size_t bytes_sent(int master, uint64_t for_ms)
{
    uint64_t end_ms = tmux_now_ms() + for_ms;
    char room[65536];
    size_t sent = 0;

    while (tmux_now_ms() < end_ms) {
        struct pollfd fd = {.fd = master, .events = POLLIN};

        if (poll(&fd, 1, (int)(end_ms - tmux_now_ms()) + 1) > 0) {
            ssize_t n = read(master, room, sizeof(room));

            assert_true(n > 0);
            sent += (size_t)n;
        }
    }
    return sent;
}

/* User and system time of a process so far. */
static double cpu_seconds(pid_t pid)
{
    unsigned long user = 0, system_ = 0;
    char path[64], line[1024] = "";
    const char *at;
    FILE *in;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    in = fopen(path, "r");
    assert_non_null(in);
    assert_non_null(fgets(line, sizeof(line), in));
    fclose(in);
    at = strrchr(line, ')'); /* the name may hold anything */
    assert_non_null(at);
    assert_int_equal(
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system_), 2);
    return (double)(user + system_) / (double)sysconf(_SC_CLK_TCK);
}

#define IDLE_MS 3000

/* Only what changed is drawn: with 2,000 players, after the first picture at most 2 KB a second on
 * any screen; a key is answered by a picture within 100 ms; next to no processor time (aim 1 %;
 * this asserts what sanitizers and a busy machine leave of it). */
static void idling_costs_little(void **state)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    static const char SCREENS[] = "1234567890";
    char path[128];
    int master;
    pid_t pid;

    need_tmux(state);
    stop_daemon();
    start_daemon_with(2000);
    snprintf(path, sizeof(path), "%s/run/admin.sock", tmux_directory);
    pid = forkpty(&master, NULL, NULL, &size);
    assert_true(pid >= 0);
    if (pid == 0) {
        setenv("TERM", "xterm-256color", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        unsetenv("NO_COLOR");
        execl(tmux_console_path, tmux_console_path, "--socket", path, (char *)NULL);
        _exit(127);
    }
    assert_true(bytes_sent(master, 1500) > 1000);
    for (int i = 0; SCREENS[i] != '\0'; i++) {
        uint64_t asked_ms = tmux_now_ms();
        size_t drawn = 0, idle;
        double before;

        assert_int_equal(write(master, &SCREENS[i], 1), 1);
        while (drawn < 200 && tmux_now_ms() - asked_ms < 1000)
            drawn += bytes_sent(master, 10);
        if (drawn < 200 && i > 0) /* no screen has that number yet */
            continue;
        print_message("screen %c: drawn after %llu ms\n", SCREENS[i],
                      (unsigned long long)(tmux_now_ms() - asked_ms));
        (void)bytes_sent(master, 900);
        before = cpu_seconds(pid);
        idle = bytes_sent(master, IDLE_MS);
        before = 100 * (cpu_seconds(pid) - before) / (IDLE_MS / 1000.0);
        print_message("screen %c: %zu bytes in %d ms, %.1f %% of a core\n", SCREENS[i], idle,
                      IDLE_MS, before);
        assert_true(idle <= IDLE_MS / 1000 * 2048);
        assert_true(before < 10);
    }
    assert_int_equal(write(master, "q", 1), 1);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(master);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define IN_TMUX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        IN_TMUX(the_screens_are_seen_and_q_leaves),
        IN_TMUX(a_player_is_found_and_kicked),
        IN_TMUX(it_follows_the_terminals_size),
        IN_TMUX(a_lost_daemon_is_said_and_found_again),
        IN_TMUX(the_mouse_is_taken_and_given_back),
        IN_TMUX(it_can_be_suspended),
        IN_TMUX(every_signal_leaves_the_terminal_sane),
        IN_TMUX(colours_and_ascii_are_as_asked),
        IN_TMUX(idling_costs_little),
        IN_TMUX(a_pipe_gets_a_sentence_and_no_escapes),
    };

    if (argc == 4 && strcmp(argv[1], "--serve") == 0)
        fake_host_serve(argv[2], (unsigned)atoi(argv[3]));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
