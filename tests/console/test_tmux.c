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
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

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

static void the_screens_are_seen_and_q_leaves(void **state)
{
    tmux_need(state);
    tmux_console("");
    tmux_see("Players 60 of 2000");
    tmux_see("p99");
    tmux_see("(admin)");
    tmux_type("2");
    tmux_see("anna");
    tmux_type("Escape End"); /* a key close behind Esc is a key of its own */
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
    tmux_need(state);
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

    tmux_need(state);
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
    tmux_need(state);
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
    tmux_need(state);
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
    tmux_need(state);
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

/* The console, a job of a shell that controls jobs. */
static void begin_job(char *pid, size_t room_bytes)
{
    tmux_type("'set -m; clear' Enter");
    tmux_console("");
    tmux_see("Players 60 of 2000");
    console_pid_is(pid, room_bytes);
    assert_true(atoi(pid) > 1);
}

/* kill %1: it ends when it is told to, and leaves the shell's terminal alone. */
static void it_ends_while_suspended(void **state)
{
    uint64_t end_ms = tmux_now_ms() + DEADLINE_MS;
    char pid[32];

    tmux_need(state);
    begin_job(pid, sizeof(pid));
    tmux_type("C-z");
    tmux_see_no_more("1Over");
    tmux_type("'kill %1; kill -CONT %1' Enter");
    while (kill(atoi(pid), 0) == 0 && tmux_now_ms() < end_ms) {
        poll(NULL, 0, 100);
        tmux_type("Enter"); /* some shells see to their children only then */
    }
    assert_int_equal(kill(atoi(pid), 0), -1);
    tmux_type("'echo still $((40 + 2))' Enter");
    tmux_see("still 42");
}

static void every_signal_leaves_the_terminal_sane(void **state)
{
    static const struct {
        const char *name;
        int number;
    } SIGNALS[] = {{"SEGV", SIGSEGV}, {"ABRT", SIGABRT}, {"TERM", SIGTERM}, {"HUP", SIGHUP},
                   {"INT", SIGINT},   {"BUS", SIGBUS},   {"QUIT", SIGQUIT}};

    tmux_need(state);
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

/* A stop that no program can catch: the shell has its line, and writes over the picture; when the
 * console goes on, the screen is its own again. */
static void it_comes_back_after_a_stop_it_did_not_see(void **state)
{
    char pid[32];

    tmux_need(state);
    begin_job(pid, sizeof(pid));
    tmux_run("kill -STOP %s", pid);
    tmux_type("C-j 'echo still $((40 + 2))' C-j"); /* the line is as the console had it */
    tmux_see("still 42");
    tmux_type("fg C-j");
    tmux_see_no_more("still 42");
    tmux_see("Players 60 of 2000");
    tmux_type("2");
    tmux_see("anna");
    tmux_type("q");
    tmux_see_no_more("1Over");
    tmux_see("ready:");
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

    tmux_need(state);
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
    tmux_see_no_more("F1 Help");
    tmux_type("'clear; stty -g >/dev/null' Enter");
    tmux_console("--ascii");
    tmux_see("Traffic");
    console_pid_is(pid, sizeof(pid));
    tmux_run("kill -TERM %s", pid);
    tmux_see("left:143");
    tmux_see("Traffic");
    tmux_see_no_more("F1 Help");
}

static void a_pipe_gets_a_sentence_and_no_escapes(void **state)
{
    const char *said;

    tmux_need(state);
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

/* --- A terminal of our own. --- */

struct pty {
    int master, slave; /* slave: so that the line's settings can be read when the console is gone */
    pid_t pid;
    struct termios before;
    char heard[1 << 20]; /* what it sent, since it was emptied; NUL-terminated */
    size_t heard_n;
};

/* What is heard within so many ms: how much. */
static size_t bytes_sent(struct pty *pty, uint64_t for_ms)
{
    uint64_t end_ms = tmux_now_ms() + for_ms, now_ms;
    size_t sent = 0;

    while ((now_ms = tmux_now_ms()) < end_ms) {
        struct pollfd fd = {.fd = pty->master, .events = POLLIN};
        ssize_t n;

        if (poll(&fd, 1, (int)(end_ms - now_ms) + 1) <= 0)
            continue;
        if (pty->heard_n > sizeof(pty->heard) - 65536)
            pty->heard_n = 0;
        n = read(pty->master, pty->heard + pty->heard_n, 65535);
        assert_true(n > 0);
        sent += (size_t)n;
        pty->heard_n += (size_t)n;
        pty->heard[pty->heard_n] = '\0';
    }
    return sent;
}

static void forget(struct pty *pty)
{
    pty->heard_n = 0;
    pty->heard[0] = '\0';
}

/* False: it was not heard in that time. */
static bool hears(struct pty *pty, const char *text, uint64_t for_ms)
{
    uint64_t end_ms = tmux_now_ms() + for_ms;

    while (strstr(pty->heard, text) == NULL) {
        if (tmux_now_ms() > end_ms)
            return false;
        (void)bytes_sent(pty, 5);
    }
    return true;
}

static void resize(struct pty *pty, int columns, int rows)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};

    assert_int_equal(ioctl(pty->master, TIOCSWINSZ, &size), 0);
}

static void press(struct pty *pty, const char *keys)
{
    assert_int_equal(write(pty->master, keys, strlen(keys)), strlen(keys));
}

static struct pty *pty_open(int columns, int rows)
{
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    struct pty *pty = calloc(1, sizeof(*pty));
    char path[128];

    assert_non_null(pty);
    assert_int_equal(openpty(&pty->master, &pty->slave, NULL, NULL, &size), 0);
    assert_int_equal(tcgetattr(pty->slave, &pty->before), 0);
    snprintf(path, sizeof(path), "%s/run/admin.sock", tmux_directory);
    pty->pid = fork();
    assert_true(pty->pid >= 0);
    if (pty->pid == 0) {
        const struct rlimit none = {0, 0};

        setrlimit(RLIMIT_CORE, &none);
        for (int i = 1; i <= SIGRTMAX; i++) /* some runners ignore SIGPIPE */
            signal(i, SIG_DFL);
        close(pty->master);
        if (login_tty(pty->slave) != 0)
            _exit(126);
        setenv("TERM", "xterm-256color", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        unsetenv("NO_COLOR");
        unsetenv("COLORTERM");
        execl(tmux_console_path, tmux_console_path, "--socket", path, (char *)NULL);
        _exit(127);
    }
    return pty;
}

/* The line's settings are those from before it. */
static void is_as_before(const struct pty *pty)
{
    struct termios now;

    assert_int_equal(tcgetattr(pty->slave, &now), 0);
    assert_int_equal(now.c_iflag, pty->before.c_iflag);
    assert_int_equal(now.c_oflag, pty->before.c_oflag);
    assert_int_equal(now.c_cflag, pty->before.c_cflag);
    assert_int_equal(now.c_lflag, pty->before.c_lflag);
    assert_memory_equal(now.c_cc, pty->before.c_cc, sizeof(now.c_cc));
}

/* Frees; the console has ended. */
static void pty_close(struct pty *pty)
{
    close(pty->master);
    close(pty->slave);
    free(pty);
}

/* Until it ended: how, as wait says it. */
static int its_end(struct pty *pty)
{
    uint64_t end_ms = tmux_now_ms() + DEADLINE_MS;
    int status = 0;

    while (waitpid(pty->pid, &status, WNOHANG) == 0) {
        if (tmux_now_ms() > end_ms) {
            kill(pty->pid, SIGKILL);
            fail_msg("the console did not end");
        }
        (void)bytes_sent(pty, 5);
    }
    (void)bytes_sent(pty, 20);
    return status;
}

/* Whatever signal ends a process, and is not KILL, leaves the terminal as it was: all that there
 * are, not only those that one thinks of. */
static void no_signal_leaves_the_terminal_raw(void **state)
{
    unsigned ended = 0;

    tmux_need(state);
    for (int i = 1; i <= SIGRTMAX; i++) {
        static const int OTHERS[] = {SIGKILL, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU,
                                     SIGCHLD, SIGCONT, SIGURG,  SIGWINCH};
        bool other = i > SIGSYS && i < SIGRTMIN; /* the C library's */
        struct termios now;
        struct pty *pty;
        int status;

        for (size_t j = 0; j < ARRAY_N(OTHERS); j++)
            other |= OTHERS[j] == i;
        if (other)
            continue;
        pty = pty_open(80, 24);
        assert_true(hears(pty, "1Over", DEADLINE_MS));
        assert_int_equal(tcgetattr(pty->slave, &now), 0);
        assert_true((now.c_lflag & (ICANON | ECHO)) == 0);
        forget(pty);
        assert_int_equal(kill(pty->pid, i), 0);
        status = its_end(pty);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != i)
            fail_msg("signal %d: it ended with status %x", i, (unsigned)status);
        if (strstr(pty->heard, "\033[?1049l") == NULL || strstr(pty->heard, "\033[?1000l") == NULL)
            fail_msg("signal %d leaves the screen or the mouse", i);
        is_as_before(pty);
        pty_close(pty);
        ended++;
    }
    assert_true(ended > 40);
}

/* Hundreds of sizes, as fast as a window can be dragged, while somebody types: nothing that was
 * typed is lost, and the last size is drawn. */
static void a_storm_of_sizes_loses_no_key(void **state)
{
    static const char TYPED[] = "walker0007";
    unsigned seed = 1;
    struct pty *pty;

    tmux_need(state);
    pty = pty_open(80, 24);
    assert_true(hears(pty, "Players 60 of 2000", DEADLINE_MS));
    press(pty, "2/");
    for (int i = 0; i < 400; i++) {
        char key[2] = {TYPED[i / 40], '\0'};

        seed = seed * 1103515245 + 12345;
        resize(pty, 1 + (int)(seed >> 16) % 300, 1 + (int)(seed >> 8) % 100);
        if (i % 40 == 20)
            press(pty, key);
        (void)bytes_sent(pty, 1);
    }
    resize(pty, 132, 43);
    (void)bytes_sent(pty, 200);
    forget(pty);
    press(pty, "\f"); /* all of it anew */
    assert_true(hears(pty, "(1 match)", DEADLINE_MS));
    assert_true(hears(pty, TYPED, 1000));
    assert_true(hears(pty, "2 Players", 1000)); /* from 120 columns on tabs have whole names */
    assert_true(hears(pty, "F1", 1000));        /* the bottom line */
    press(pty, "\r");
    press(pty, "q");
    assert_int_equal(its_end(pty), 0);
    is_as_before(pty);
    pty_close(pty);
}

static int64_t of_the_second_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_nsec / 1000000;
}

/* The terminal takes no more: what the console writes now waits. */
static void fill(struct pty *pty)
{
    int held = -1, before;

    do {
        before = held;
        press(pty, "\f");
        poll(NULL, 0, 30);
        assert_int_equal(ioctl(pty->master, FIONREAD, &held), 0);
    } while (held > before);
}

/* A size that comes while the console is busy drawing is seen as soon as it has drawn, and not
 * with the next second. The daemon stands still, so that nothing else wakes the console. */
static void a_size_is_not_slept_through(void **state)
{
    struct pty *pty;
    int rounds = 0, late = 0;

    tmux_need(state);
    pty = pty_open(300, 100);
    assert_true(hears(pty, "Players 60 of 2000", DEADLINE_MS));
    press(pty, "2");
    assert_true(hears(pty, "walker0003", DEADLINE_MS));
    kill(daemon_pid, SIGSTOP);
    assert_true(hears(pty, "[SILENT", DEADLINE_MS));
    for (int tries = 0; rounds < 3 && tries < 30; tries++) {
        while (of_the_second_ms() > 50)
            (void)bytes_sent(pty, 5);
        fill(pty);
        if (of_the_second_ms() < 500) { /* else there is no time to tell */
            forget(pty);
            resize(pty, 30, 6);
            while (of_the_second_ms() < 950 && !hears(pty, "needs 36x8", 10))
                continue;
            late += strstr(pty->heard, "needs 36x8") == NULL;
            rounds++;
            assert_true(hears(pty, "needs 36x8", DEADLINE_MS));
            resize(pty, 300, 100);
        }
        (void)bytes_sent(pty, 300);
    }
    kill(daemon_pid, SIGCONT);
    assert_int_equal(rounds, 3);
    assert_true(late < rounds); /* another program may have had the processor */
    press(pty, "q");
    assert_int_equal(its_end(pty), 0);
    pty_close(pty);
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
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define REPAINT_MS 500
#else
#define REPAINT_MS 100
#endif

/* The least time in which that screen is drawn, of some tries: another program may have had the
 * processor in one of them, not in all. */
static uint64_t repaint_ms(struct pty *pty, char key)
{
    const char to[] = {key, '\0'}, *from = key == '5' ? "1" : "5";
    uint64_t least_ms = DEADLINE_MS;

    for (int i = 0; i < 3; i++) {
        uint64_t asked_ms, took_ms;
        size_t drawn = 0;

        press(pty, from);
        (void)bytes_sent(pty, 200);
        asked_ms = tmux_now_ms();
        press(pty, to);
        while (drawn < 200 && tmux_now_ms() - asked_ms < 1000)
            drawn += bytes_sent(pty, 2);
        took_ms = tmux_now_ms() - asked_ms;
        if (drawn < 200)
            fail_msg("screen %c is not drawn", key);
        least_ms = took_ms < least_ms ? took_ms : least_ms;
    }
    return least_ms;
}

/* All that the screen asked for has come and is drawn: the map's ground takes its time, on a busy
 * machine more than a second from one drawing to the next. So nearly nothing must come for as long
 * as is measured then. */
static void settles(struct pty *pty)
{
    uint64_t until_ms = tmux_now_ms() + 2 * DEADLINE_MS;

    while (bytes_sent(pty, IDLE_MS) > IDLE_MS / 1000 * 1024)
        if (tmux_now_ms() > until_ms)
            fail_msg("it never stops drawing");
}

/* Only what changed is drawn: with 2,000 players, once all is there at most 2 KB a second on any
 * screen; a key is answered by a picture within 100 ms (sanitizers: 500); next to no processor time
 * (aim 1 %; this asserts what sanitizers and a busy machine leave of it). */
static void idling_costs_little(void **state)
{
    static const char SCREENS[] = "1234567890";
    struct pty *pty;

    tmux_need(state);
    stop_daemon();
    start_daemon_with(2000);
    pty = pty_open(80, 24);
    assert_true(hears(pty, "Players 2000 of 2000", DEADLINE_MS));
    for (int i = 0; SCREENS[i] != '\0'; i++) {
        uint64_t took_ms = repaint_ms(pty, SCREENS[i]);
        double before;
        size_t idle;

        settles(pty);
        before = cpu_seconds(pty->pid);
        idle = bytes_sent(pty, IDLE_MS);
        before = 100 * (cpu_seconds(pty->pid) - before) / (IDLE_MS / 1000.0);
        print_message("screen %c: drawn after %llu ms; %zu bytes in %d ms, %.1f %% of a core\n",
                      SCREENS[i], (unsigned long long)took_ms, idle, IDLE_MS, before);
        assert_true(took_ms <= REPAINT_MS);
        assert_true(idle <= IDLE_MS / 1000 * 2048);
        assert_true(before < 10);
    }
    press(pty, "q");
    assert_int_equal(its_end(pty), 0);
    is_as_before(pty);
    pty_close(pty);
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
        IN_TMUX(it_ends_while_suspended),
        IN_TMUX(it_comes_back_after_a_stop_it_did_not_see),
        IN_TMUX(every_signal_leaves_the_terminal_sane),
        IN_TMUX(no_signal_leaves_the_terminal_raw),
        IN_TMUX(a_storm_of_sizes_loses_no_key),
        IN_TMUX(a_size_is_not_slept_through),
        IN_TMUX(colours_and_ascii_are_as_asked),
        IN_TMUX(idling_costs_little),
        IN_TMUX(a_pipe_gets_a_sentence_and_no_escapes),
    };

    if (argc == 4 && strcmp(argv[1], "--serve") == 0)
        fake_host_serve(argv[2], (unsigned)atoi(argv[3]));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
