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

#define DEADLINE_MS 15000

static char directory[64], console_path[512];
static pid_t daemon_pid;

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void rest(void)
{
    nanosleep(&(struct timespec){0, 20000000}, NULL);
}

/* Run a command, return what it printed (static). */
static const char *run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *run(const char *format, ...)
{
    static char said[65536];
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

#define TMUX "tmux -f /dev/null -S %s/tmux "

static void type(const char *keys)
{
    run(TMUX "send-keys -t t %s", directory, keys);
}

static const char *screen(const char *flags)
{
    return run(TMUX "capture-pane -p %s -t t", directory, flags);
}

/* Poll until the screen holds (or no longer holds) a text. */
static void wait_for(const char *text, bool there)
{
    uint64_t end_ms = now_ms() + DEADLINE_MS;

    while ((strstr(screen(""), text) != NULL) != there) {
        if (now_ms() > end_ms)
            fail_msg("\"%s\" %s on the screen:\n%s", text, there ? "is not" : "is still",
                     screen(""));
        rest();
    }
}

static void see(const char *text)
{
    wait_for(text, true);
}

static void see_no_more(const char *text)
{
    wait_for(text, false);
}

static void start_daemon(void)
{
    char path[108];

    snprintf(path, sizeof(path), "%s/run/admin.sock", directory);
    daemon_pid = fork();
    assert_true(daemon_pid >= 0);
    if (daemon_pid == 0) {
        int null = open("/dev/null", O_WRONLY);

        dup2(null, STDERR_FILENO);
        fake_host_serve(path, 60);
    }
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
    strcpy(directory, "/tmp/openmmo-tmux-XXXXXX");
    if (system("command -v tmux >/dev/null") != 0) {
        *state = (void *)"tmux is not here";
        return 0;
    }
    assert_non_null(mkdtemp(directory));
    start_daemon();
    run("env -u TMUX LC_ALL=C.UTF-8 TERM=xterm-256color " TMUX
        "new-session -d -s t -x 80 -y 24 'env PS1=ready: NO_COLOR= "
        "OPENMMO_ADMIN_SOCKET=%s/run/admin.sock sh'",
        directory, directory);
    see("ready:");
    return 0;
}

static int teardown(void **state)
{
    if (*state != NULL)
        return 0;
    run(TMUX "kill-server 2>&1", directory);
    stop_daemon();
    run("rm -rf %s", directory);
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

static void start_console(const char *flags)
{
    char keys[1024];

    snprintf(keys, sizeof(keys),
             "'stty -g >%s/before; %s %s; echo left:$?; stty -g >%s/after' Enter", directory,
             console_path, flags, directory);
    type(keys);
    see("[OK]");
}

/* The shell is back, the alternate screen is gone, the line discipline is as it was. */
static void terminal_is_sane(const char *left)
{
    uint64_t end_ms = now_ms() + DEADLINE_MS;

    see(left);
    while (strlen(run("cat %s/after 2>/dev/null", directory)) == 0) {
        assert_true(now_ms() < end_ms);
        rest();
    }
    assert_string_equal(run("cmp %s/before %s/after 2>&1", directory, directory), "");
    see_no_more("Overview");
    assert_string_equal(
        run(TMUX "display -p -t t '#{alternate_on} #{cursor_flag} #{mouse_any_flag}'", directory),
        "0 1 0\n");
}

static void the_screens_are_seen_and_q_leaves(void **state)
{
    need_tmux(state);
    start_console("");
    see("Players 60 of 2000");
    see("p99");
    see("(admin)");
    type("2");
    see("anna");
    type("G");
    see("\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99"); /* wide, and the last by name */
    type("Tab");
    see("following");
    see("somebody walks about");
    type("?");
    see("Keys: Log");
    type("Escape");
    see_no_more("Keys: Log");
    type("1");
    see("Traffic");
    type("q");
    terminal_is_sane("left:0");
}

static void a_player_is_found_and_kicked(void **state)
{
    need_tmux(state);
    start_console("");
    type("2");
    see("anna");
    type("/");
    type("-l BJOR");
    see_no_more("anna");
    see("(1 match)");
    type("Enter");
    type("k");
    see("Kick Bjorn?");
    see("[ No ]");
    type("Enter"); /* the default is No */
    see_no_more("Kick Bjorn?");
    see("60 of 2000");
    type("k");
    see("Kick Bjorn?");
    type("r");
    type("-l 'too-loud'");
    see("too-loud");
    type("Tab Tab");
    see("[ Yes, kick ]");
    type("Enter");
    see("Bjorn was kicked");
    see("Nobody matches the filter");
    type("Escape");
    see("anna");
    type("3");
    see("method=players.kick");
    see("too-loud");
    type("q");
    terminal_is_sane("left:0");
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
    start_console("");
    for (size_t i = 0; i < ARRAY_N(SIZES); i++) {
        run(TMUX "resize-window -t t -x %d -y %d", directory, SIZES[i].columns, SIZES[i].rows);
        see(SIZES[i].seen);
    }
    for (int i = 0; i < 30; i++)
        run(TMUX "resize-window -t t -x %d -y %d", directory, 20 + i * 7 % 150, 4 + i * 5 % 50);
    run(TMUX "resize-window -t t -x 80 -y 24", directory);
    see("Players 60 of 2000");
    type("q");
    terminal_is_sane("left:0");
}

static void a_lost_daemon_is_said_and_found_again(void **state)
{
    need_tmux(state);
    start_console("");
    see("Players 60 of 2000");
    stop_daemon();
    see("[LOST");
    see("Players 60 of 2000"); /* the last picture stays */
    start_daemon();
    see("[OK]");
    type("q");
    terminal_is_sane("left:0");
}

static void console_pid_is(char *out, size_t room_bytes)
{
    snprintf(out, room_bytes, "%s",
             run("pgrep -P $(" TMUX "display -p -t t '#{pane_pid}')", directory));
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
    type("'ulimit -c 0' Enter");
    for (size_t i = 0; i < ARRAY_N(SIGNALS); i++) {
        char pid[32], left[32];

        run("rm -f %s/after", directory);
        type("clear Enter");
        start_console("");
        console_pid_is(pid, sizeof(pid));
        assert_true(atoi(pid) > 1);
        run("kill -%s %s", SIGNALS[i].name, pid);
        snprintf(left, sizeof(left), "left:%d", 128 + SIGNALS[i].number);
        /* A shell that a child was interrupted under gives up its line: ask it anew. */
        if (SIGNALS[i].number == SIGINT || SIGNALS[i].number == SIGQUIT) {
            char keys[256];

            snprintf(keys, sizeof(keys), "'echo left:%d; stty -g >%s/after' Enter",
                     128 + SIGNALS[i].number, directory);
            see_no_more("Overview");
            type(keys);
        }
        terminal_is_sane(left);
    }
}

/* Which of the 16 or 256 colours are on the screen: "3x", "4x", "9x", "10x" in its escapes. */
static bool coloured(void)
{
    const char *at = screen("-e");

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
    for (const char *at = screen(""); *at != '\0'; at++) {
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

    need_tmux(state);
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        type("clear Enter");
        start_console(CASES[i].flags);
        see("Traffic");
        assert_int_equal(coloured(), CASES[i].colour);
        type("2");
        see("walker0003");
        assert_int_equal(only_ascii(), CASES[i].ascii);
        type("q");
        terminal_is_sane("left:0");
    }
    type("clear Enter");
    type("'export NO_COLOR=1' Enter");
    start_console("");
    see("Traffic");
    assert_false(coloured());
    type("q");
    terminal_is_sane("left:0");
    type("clear Enter");
    type("'export TERM=vt100' Enter");
    start_console("--ascii"); /* a terminal without a second screen to leave */
    see("Traffic");
    type("q");
    see("left:0");
}

static void a_pipe_gets_a_sentence_and_no_escapes(void **state)
{
    const char *said;

    need_tmux(state);
    said = run("OPENMMO_ADMIN_SOCKET=%s/run/admin.sock %s </dev/null 2>&1; echo $?", directory,
               console_path);
    assert_non_null(strstr(said, "this is not a terminal"));
    assert_non_null(strstr(said, "\n1\n"));
    assert_null(strchr(said, '\033'));
    type("clear Enter");
    {
        char keys[600];

        snprintf(keys, sizeof(keys), "'TERM=dumb %s; echo left:$?' Enter", console_path);
        type(keys);
    }
    see("cannot move its cursor");
    see("left:1");
}

/* Bytes the console sends to a terminal of its own within so many ms. */
static size_t bytes_sent(int master, uint64_t for_ms)
{
    uint64_t end_ms = now_ms() + for_ms;
    char room[65536];
    size_t sent = 0;

    while (now_ms() < end_ms) {
        struct pollfd fd = {.fd = master, .events = POLLIN};

        if (poll(&fd, 1, (int)(end_ms - now_ms()) + 1) > 0) {
            ssize_t n = read(master, room, sizeof(room));

            assert_true(n > 0);
            sent += (size_t)n;
        }
    }
    return sent;
}

/* Only what changed is drawn: after the first picture at most 2 KB a second on any screen, and a
 * key is answered by a picture within 100 ms. */
static void idling_costs_little(void **state)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    char path[128];
    int master, screen_number;
    pid_t pid;

    need_tmux(state);
    snprintf(path, sizeof(path), "%s/run/admin.sock", directory);
    pid = forkpty(&master, NULL, NULL, &size);
    assert_true(pid >= 0);
    if (pid == 0) {
        setenv("TERM", "xterm-256color", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        unsetenv("NO_COLOR");
        execl(console_path, console_path, "--socket", path, (char *)NULL);
        _exit(127);
    }
    assert_true(bytes_sent(master, 1500) > 1000);
    for (screen_number = 1; screen_number <= 3; screen_number++) {
        char key = (char)('0' + screen_number);
        size_t idle;

        assert_int_equal(write(master, &key, 1), 1);
        assert_true(screen_number == 1 || bytes_sent(master, 100) > 500);
        (void)bytes_sent(master, 400);
        idle = bytes_sent(master, 3000);
        print_message("screen %d: %zu bytes in 3 s\n", screen_number, idle);
        assert_true(idle <= 3 * 2048);
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
        IN_TMUX(every_signal_leaves_the_terminal_sane),
        IN_TMUX(colours_and_ascii_are_as_asked),
        IN_TMUX(idling_costs_little),
        IN_TMUX(a_pipe_gets_a_sentence_and_no_escapes),
    };

    if (argc == 4 && strcmp(argv[1], "--serve") == 0)
        fake_host_serve(argv[2], (unsigned)atoi(argv[3]));
    assert_non_null(realpath(CONSOLE_PROGRAM, console_path));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
