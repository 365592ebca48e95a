/* test_log.c -- lines as they reach stderr and the tap. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"

static char captured[1 << 20];
static int saved_stderr = -1, capture_fd = -1;

static void capture_begin(void)
{
    char path[] = "/tmp/openmmo-log-XXXXXX";

    capture_fd = mkstemp(path);
    assert_true(capture_fd >= 0);
    unlink(path);
    saved_stderr = dup(STDERR_FILENO);
    dup2(capture_fd, STDERR_FILENO);
}

static const char *capture_end(void)
{
    ssize_t n;

    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    n = pread(capture_fd, captured, sizeof(captured) - 1, 0);
    close(capture_fd);
    assert_true(n >= 0);
    captured[n] = '\0';
    return captured;
}

static void test_line(void **state)
{
    const char *text;

    (void)state;
    capture_begin();
    log_event(LOG_LEVEL_INFO, "player_joined", "alice joined", LOG_TEXT("player", "alice"),
              LOG_U64("id", UINT64_MAX), LOG_I64("delta", -3), LOG_F64("ms", 1.5),
              LOG_TEXT("nothing", NULL), LOG_TEXT("empty", ""));
    text = capture_end();
    assert_memory_equal(text, "time=20", 7);
    assert_int_equal(text[strlen("time=2026-11-22T12:04:31.123")], 'Z');
    assert_non_null(strstr(
        text,
        "Z level=info event=player_joined player=alice id=18446744073709551615 delta=-3 ms=1.5 "
        "nothing=- empty=\"\" msg=\"alice joined\"\n"));
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void test_hostile_values(void **state)
{
    const char *text;

    (void)state;
    capture_begin();
    log_event(LOG_LEVEL_WARN, "said", "a\nlevel=error event=forged",
              LOG_TEXT("text", "x\ny=\"z\" \\ \x1b[31m\xE2\x80\xAE\xFF"));
    text = capture_end();
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_null(strchr(text, '\x1b'));
    assert_non_null(strstr(
        text, "text=\"x\\\\u{000A}y=\\\"z\\\" \\\\ \\\\u{001B}[31m\\\\u{202E}\xEF\xBF\xBD\""));
    assert_non_null(strstr(text, "msg=\"a\\\\u{000A}level=error event=forged\""));
}

static void test_long_values(void **state)
{
    static char big[100000];
    const char *text;

    (void)state;
    memset(big, '"', sizeof(big) - 1);
    capture_begin();
    log_event(LOG_LEVEL_INFO, "big", "short", LOG_TEXT("a", big), LOG_TEXT("b", big),
              LOG_TEXT("c", big), LOG_TEXT("d", "kept"));
    log_event(LOG_LEVEL_INFO, "big", big, LOG_NONE);
    text = capture_end();
    assert_non_null(strstr(text, "d=kept msg=short\n"));
    assert_true(strlen(text) < 10000);
}

static void test_level(void **state)
{
    enum log_level level;
    const char *text;

    (void)state;
    assert_int_equal(log_level_parse("debug", &level), 0);
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_int_equal(log_level_parse("loud", &level), -1);
    assert_string_equal(log_level_name(LOG_LEVEL_WARN), "warn");
    capture_begin();
    log_event(LOG_LEVEL_DEBUG, "one", "not written", LOG_NONE);
    log_set_level(LOG_LEVEL_DEBUG);
    log_event(LOG_LEVEL_DEBUG, "two", "written", LOG_NONE);
    log_set_level(LOG_LEVEL_ERROR);
    log_event(LOG_LEVEL_WARN, "three", "not written", LOG_NONE);
    log_event(LOG_LEVEL_ERROR, "four", "written", LOG_NONE);
    log_set_level(LOG_LEVEL_INFO);
    text = capture_end();
    assert_null(strstr(text, "event=one"));
    assert_non_null(strstr(text, "level=debug event=two"));
    assert_null(strstr(text, "event=three"));
    assert_non_null(strstr(text, "level=error event=four"));
}

static struct {
    unsigned n;
    enum log_level level;
    int64_t time_ms;
    char event[64], line[512];
} tapped;

static void tap(void *context, int64_t time_ms, enum log_level level, const char *event,
                const char *line)
{
    assert_ptr_equal(context, &tapped);
    tapped.n++;
    tapped.level = level;
    tapped.time_ms = time_ms;
    snprintf(tapped.event, sizeof(tapped.event), "%s", event);
    snprintf(tapped.line, sizeof(tapped.line), "%s", line);
}

static void test_tap(void **state)
{
    (void)state;
    capture_begin();
    log_set_tap(tap, &tapped);
    log_event(LOG_LEVEL_WARN, "seen", "one thing", LOG_U64("n", 7));
    log_event(LOG_LEVEL_DEBUG, "unseen", "below the level", LOG_NONE);
    log_set_tap(NULL, NULL);
    log_event(LOG_LEVEL_WARN, "after", "the tap is gone", LOG_NONE);
    capture_end();
    assert_int_equal(tapped.n, 1);
    assert_int_equal(tapped.level, LOG_LEVEL_WARN);
    assert_true(tapped.time_ms > INT64_C(1600000000000));
    assert_string_equal(tapped.event, "seen");
    assert_string_equal(tapped.line, "event=seen n=7 msg=\"one thing\"");
}

static void test_limit(void **state)
{
    static struct log_limit limit;
    uint64_t swallowed = 99;
    int passed = 0;

    (void)state;
    for (int i = 0; i < 100; i++)
        passed += log_limit_pass(&limit, 5, &swallowed);
    assert_in_range(passed, 5, 7); /* a second may pass meanwhile */
    assert_int_equal(swallowed, passed == 5 ? 0 : swallowed);
    limit.second_and_count -= UINT64_C(2) << 32; /* as if two seconds had passed */
    assert_int_equal(log_limit_pass(&limit, 5, &swallowed), 1);
    assert_in_range(swallowed, 90, 95);
    assert_int_equal(log_limit_pass(&limit, 5, &swallowed), 1);
    assert_int_equal(swallowed, 0);
}

static void *shout(void *argument)
{
    (void)argument;
    for (int i = 0; i < 500; i++)
        log_event(LOG_LEVEL_INFO, "shout", "a line that must stay whole", LOG_I64("i", i));
    return NULL;
}

static void test_threads_do_not_mix(void **state)
{
    pthread_t threads[4];
    unsigned lines_n = 0;

    (void)state;
    capture_begin();
    for (unsigned i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, shout, NULL);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    capture_end();
    for (char *line = strtok(captured, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        const char *end = "msg=\"a line that must stay whole\"";
        assert_memory_equal(line, "time=", 5);
        assert_string_equal(line + strlen(line) - strlen(end), end);
        lines_n++;
    }
    assert_int_equal(lines_n, 2000);
}

/* Nobody empties the pipe: whoever logs goes on, and what was lost is said later. */
static void test_pipe_that_nobody_reads(void **state)
{
    char bytes[8192];
    ssize_t n;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    saved_stderr = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    alarm(20); /* ends the program that waits */
    for (int i = 0; i < 2000; i++)
        log_event(LOG_LEVEL_INFO, "said", "to nobody, again and again", LOG_U64("i", i));
    alarm(0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    while ((n = read(ends[0], bytes, sizeof(bytes))) > 0)
        assert_int_equal(bytes[n - 1] == '\n' || n == sizeof(bytes), 1);
    log_event(LOG_LEVEL_INFO, "said", "to somebody", LOG_NONE);
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    n = read(ends[0], bytes, sizeof(bytes) - 1);
    assert_true(n > 0);
    bytes[n] = '\0';
    assert_non_null(strstr(bytes, "level=warn event=log_lost lost="));
    assert_non_null(strstr(bytes, "level=info event=said msg=\"to somebody\"\n"));
    close(ends[0]);
    close(ends[1]);
}

/* ---- the log's own thread: in a process of its own, for it is started once ---- */

#define FLOOD 20000 /* lines: more than the queue and a pipe hold */

struct child {
    pid_t pid;
    int err;  /* reading end of its stderr */
    int said; /* it tells here how far it is */
};

/* Run body in a child whose stderr is a pipe of so many bytes. It ends after 20 s in any case. */
static struct child child_start(void (*body)(int say), int pipe_bytes)
{
    struct child child;
    int err[2], said[2];

    assert_int_equal(pipe(err), 0);
    assert_int_equal(pipe(said), 0);
    assert_true(fcntl(err[1], F_SETPIPE_SZ, pipe_bytes) > 0);
    child.pid = fork();
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        struct error error;

        alarm(20);
        dup2(err[1], STDERR_FILENO);
        close(err[0]);
        close(err[1]);
        if (log_start(&error) == 0)
            body(said[1]);
        _exit(0);
    }
    close(err[1]);
    close(said[1]);
    child.err = err[0];
    child.said = said[0];
    return child;
}

/* Wait for its end; its status as of waitpid. */
static int child_end(struct child *child)
{
    int status = -1;

    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    close(child->err);
    close(child->said);
    return status;
}

/* All it writes to stderr until its end. */
static const char *child_read(struct child *child)
{
    size_t n = 0;
    ssize_t got;

    while ((got = read(child->err, captured + n, sizeof(captured) - 1 - n)) > 0)
        n += (size_t)got;
    captured[n] = '\0';
    return captured;
}

static void flood(void)
{
    for (int i = 0; i < FLOOD; i++)
        log_event(LOG_LEVEL_INFO, "flood", "again and again", LOG_I64("i", i));
}

static void flood_and_stop(int say)
{
    flood();
    if (write(say, "x", 1) == 1)
        log_stop();
}

/* Nobody reads: whoever logs goes on at once. Then somebody does: in order, each line came or was
 * counted. */
static void test_queue_tells_its_gaps(void **state)
{
    struct child child = child_start(flood_and_stop, 4096);
    int told = 0, came = 0;
    char byte;

    (void)state;
    assert_int_equal(read(child.said, &byte, 1), 1); /* it did not wait for us */
    child_read(&child);
    assert_int_equal(child_end(&child), 0);
    for (char *line = strtok(captured, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        const char *i = strstr(line, " event=flood i="),
                   *lost = strstr(line, "event=log_lost lost=");

        assert_memory_equal(line, "time=", 5);
        assert_true((i != NULL) != (lost != NULL));
        if (lost != NULL) {
            told += atoi(lost + strlen("event=log_lost lost="));
        } else {
            int at = atoi(i + strlen(" event=flood i="));
            assert_int_equal(at, came + told); /* right where the gap was */
            came++;
        }
    }
    assert_true(told > 0);
    assert_int_equal(came + told, FLOOD);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void stop_in_vain(int say)
{
    (void)say;
    flood();
    log_stop();
    flood(); /* at once, too */
}

/* Nobody reads, ever: the end is not held up for long. */
static void test_stop_has_a_bound(void **state)
{
    struct child child = child_start(stop_in_vain, 4096);
    uint64_t begun_ms = now_ms();

    (void)state;
    assert_int_equal(child_end(&child), 0);
    assert_in_range(now_ms() - begun_ms, 900, 10000);
}

static void die(int say)
{
    for (int i = 0; i < 500; i++)
        log_event(LOG_LEVEL_INFO, "last", "words", LOG_I64("i", i));
    if (write(say, "x", 1) == 1)
        abort();
}

/* A crash waits until what was said before it is out, and is the same crash then. */
static void test_crash_flushes(void **state)
{
    struct child child = child_start(die, 4096); /* room for a tenth of it */
    char byte;
    int status;

    (void)state;
    assert_int_equal(read(child.said, &byte, 1), 1);
    assert_non_null(strstr(child_read(&child), " event=last i=499 msg=words\n"));
    status = child_end(&child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    child = child_start(die, 4096); /* and where nobody reads, it does not wait for ever */
    status = child_end(&child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

/* systemd says that stderr is the journal, but nobody listens there: the line must not be lost.
 * Runs first, since the journal is looked for once. */
static void test_journal_away(void **state)
{
    char stream[64];
    struct stat st;
    const char *text;

    (void)state;
    capture_begin();
    assert_int_equal(fstat(STDERR_FILENO, &st), 0);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_event(LOG_LEVEL_INFO, "kept", "said to nobody", LOG_TEXT("player", "alice"));
    text = capture_end();
    if (access("/run/systemd/journal/socket", F_OK) != 0)
        assert_non_null(strstr(text, "event=kept player=alice msg=\"said to nobody\"\n"));
    unsetenv("JOURNAL_STREAM");
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest journal[] = {cmocka_unit_test(test_journal_away)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_hostile_values),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_level),
        cmocka_unit_test(test_tap),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_threads_do_not_mix),
        cmocka_unit_test(test_pipe_that_nobody_reads),
        cmocka_unit_test(test_queue_tells_its_gaps),
        cmocka_unit_test(test_stop_has_a_bound),
        cmocka_unit_test(test_crash_flushes),
    };

    if (argc > 1 && strcmp(argv[1], "journal") == 0)
        return cmocka_run_group_tests(journal, NULL, NULL);
    if (system("exec /proc/$PPID/exe journal") !=
        0) /* a process of its own, for the choice is made once */
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
