/* test_exec.c -- openmmo-console exec against a daemon's socket with a make-believe server behind
 * it: tables, JSON, exit codes, nothing raw. */
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
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../server/fake_host.h"
#include "common/compiler.h"

static char directory[64];
static pid_t daemon_pid;

struct said {
    char out[262144], err[4096];
    int status;
};
static struct said said;

static void slurp(const char *name, char *room, size_t room_bytes)
{
    char path[128];
    FILE *in;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    in = fopen(path, "r");
    assert_non_null(in);
    room[fread(room, 1, room_bytes - 1, in)] = '\0';
    fclose(in);
}

/* Run the console with these arguments (as a shell reads them), a file as its stdin. */
static void console_reads(const char *arguments, const char *path)
{
    char command[2048];
    int status;

    snprintf(command, sizeof(command), "exec timeout 20 %s %s <%s >%s/out 2>%s/err",
             CONSOLE_PROGRAM, arguments, path, directory, directory);
    status = system(command);
    memset(&said, 0, sizeof(said));
    said.status = WEXITSTATUS(status);
    slurp("out", said.out, sizeof(said.out));
    slurp("err", said.err, sizeof(said.err));
}

static void console(const char *arguments)
{
    console_reads(arguments, "/dev/null");
}

static int setup(void **state)
{
    char path[108];

    (void)state;
    strcpy(directory, "/tmp/openmmo-exec-XXXXXX");
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/run/admin.sock", directory);
    setenv("OPENMMO_ADMIN_SOCKET", path, 1);
    daemon_pid = fork();
    assert_true(daemon_pid >= 0);
    if (daemon_pid == 0) {
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        fake_host_serve(path, 5);
    }
    for (int i = 0; i < 1000 && access(path, F_OK) != 0; i++)
        poll(NULL, 0, 10); /* 10 s at most */
    return access(path, F_OK);
}

static int teardown(void **state)
{
    char command[128];

    (void)state;
    kill(daemon_pid, SIGKILL);
    waitpid(daemon_pid, NULL, 0);
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

static void exit_codes_are_stable(void **state)
{
    /* clang-format off */
    static const struct { const char *arguments; int status; const char *says; } CASES[] = {
        {"exec server.status",                        0, ""},
        {"exec players.list sort=in descending=yes",  0, ""},
        {"exec players.list limit=2 descending=true", 0, ""},
        {"--json exec metrics.get",                   0, ""},
        {"exec players.kick name=nobody",             1, "nobody by the name of nobody"},
        {"exec players.kick",                         2, "by name or by session"},
        {"exec players.show name=anna session=1",     2, "by name or by session"},
        {"exec announce text=$(printf '\\001')",      2, "text: a line holds no control"},
        {"exec announce text=$(printf 'a\\377')",     2, "text must be text in UTF-8\n"},
        {"exec subscribe topic=weather",              2, "no such topic"},
        {"--socket $(printf '/%0150d' 0) exec x",     3, "longer than a Unix socket's can be"},
        {"exec players.list sort=shoes",              2, "sort must be one of"},
        {"exec players.list limit=x",                 2, "limit must be a whole number from 1 to 1000\n"},
        {"exec players.list limit=0",                 2, "limit must be a whole number from 1 to 1000\n"},
        {"exec players.list descending=x",            2, "descending must be yes or no\n"},
        {"exec subscribe topic=log params=x",         2, "params must be an object of JSON\n"},
        {"exec players.list limit",                   2, "is not name=value"},
        {"exec players.list limit=1 limit=2",         2, "given twice"},
        {"exec players.list =1",                      2, "is not name=value"},
        {"exec players.lisst",                        2, "did you mean players.list?"},
        {"exec",                                      2, "exec NOUN.VERB"},
        {"frobnicate x",                              2, "exec NOUN.VERB"},
        {"--frobnicate",                              2, "--help"},
        {"--color=mauve",                             2, "auto, always, never or 256"},
        {"--json",                                    2, "exec NOUN.VERB"},
        {"--socket /nonexistent/x exec server.status", 3, "cannot connect to /nonexistent/x"},
        {"watch",                                     2, "exec NOUN.VERB"},
        {"watch players.kick name=anna",              2, "changes something"},
        {"watch players.lisst --count=1",             2, "did you mean players.list?"},
        {"watch metrics --interval=5",                2, "--interval is a number from 100 to 60000"},
        {"watch metrics --count=0",                   2, "--count is a number from 1"},
        {"watch log level=loud --count=1",            2, "level"},
        {"--socket /nonexistent/x watch metrics",     3, "cannot connect to /nonexistent/x"},
        {"--record /nonexistent/x exec server.status", 2, "--record and --replay are for the screens"},
        {"--replay /nonexistent/x watch metrics",     2, "--record and --replay are for the screens"},
        {"--replay /nonexistent/x",        1, "cannot read /nonexistent/x"},
        {"watch server.status --count=1",             0, ""},
        {"watch metrics --interval=100 --count=2",    0, ""},
        {"--yes exec announce text=x",                 0, ""},
        {"complete -- e",                             0, ""},
        {"--help",                                    0, ""},
        {"--version",                                 0, ""},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        console(CASES[i].arguments);
        if (said.status != CASES[i].status || strstr(said.err, CASES[i].says) == NULL)
            fail_msg("%s: status %d, %s", CASES[i].arguments, said.status, said.err);
        assert_int_equal(said.err[0] != '\0', said.status != 0);
        assert_int_equal(said.out[0] != '\0', said.status == 0);
    }
}

static void is_wrong_usage(const char *method, const char *arguments)
{
    char command[256];

    snprintf(command, sizeof(command), "exec %s %s", method, arguments);
    console(command);
    if (said.status != 2 || said.out[0] != '\0' || said.err[0] == '\0')
        fail_msg("%s: status %d, %s", command, said.status, said.err);
}

/* Whatever there is to call, now and later: parameters that do not exist, that are missing or that
 * are not such a value are wrong usage, and nothing is done. */
static void every_method_minds_its_parameters(void **state)
{
    json_t *discovery, *method, *param;
    size_t i, j;

    (void)state;
    console("exec rpc.discover --json");
    discovery = json_loads(said.out, 0, NULL);
    assert_true(json_array_size(json_object_get(discovery, "methods")) >= 15);
    json_array_foreach(json_object_get(discovery, "methods"), i, method)
    {
        const char *name = json_string_value(json_object_get(method, "name"));

        is_wrong_usage(name, "nonsense=1");
        is_wrong_usage(name, "nonsense");
        json_array_foreach(json_object_get(method, "params"), j, param)
        {
            const char *type = json_string_value(json_object_get(param, "type"));
            char arguments[128];

            if (json_is_true(json_object_get(param, "required")))
                is_wrong_usage(name, "");
            if (strcmp(type, "text") == 0 || strcmp(type, "secret") == 0)
                continue;
            snprintf(arguments, sizeof(arguments), "%s=n0thing",
                     json_string_value(json_object_get(param, "name")));
            is_wrong_usage(name, arguments);
        }
    }
    json_decref(discovery);
    console("exec players.list --json");
    assert_non_null(strstr(said.out, "\"here\":5")); /* and nobody was kicked */
}

static void who_has_no_role_is_denied(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can be somebody else\n");
        skip();
    }
    /* A copy where anybody may read it: the tree may lie in a closed home. */
    {
        char command[1200];

        snprintf(command, sizeof(command),
                 "chmod 755 %s && install -m 755 %s %s/console && cd / && setpriv --reuid=65534 "
                 "--regid=65534 --clear-groups %s/console exec server.status 2>%s/err",
                 directory, CONSOLE_PROGRAM, directory, directory, directory);
        said.status = WEXITSTATUS(system(command));
    }
    slurp("err", said.err, sizeof(said.err));
    assert_int_equal(said.status, 4);
    assert_non_null(strstr(said.err, "has no role here"));
}

/* A daemon that has no place says so and hangs up: why it cannot be reached is no secret. */
static void why_it_hangs_up_is_said(void **state)
{
    static const char WORD[] =
        "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32002,\"message\":\"too many "
        "operators\"},\"id\":null}\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), status = -1;
    char arguments[256];
    pid_t child;

    (void)state;
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/full.sock", directory);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int fd;

        alarm(30);
        fd = accept(listener, NULL, NULL);
        _exit(send(fd, WORD, strlen(WORD), MSG_NOSIGNAL) == (ssize_t)strlen(WORD) ? 0 : 1);
    }
    close(listener);
    snprintf(arguments, sizeof(arguments), "--socket %s exec server.status", address.sun_path);
    console(arguments);
    assert_int_equal(said.status, 3);
    assert_string_equal(said.err, "openmmo-console: too many operators\n");
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void a_list_is_a_table(void **state)
{
    (void)state;
    console("exec players.list");
    assert_non_null(strstr(said.out, "\nname"));
    assert_non_null(strstr(said.out, "\nanna "));
    assert_non_null(strstr(said.out, "matched                    5\n"));
    console("exec server.status");
    assert_non_null(strstr(said.out, "tick.budget_us             50000\n"));
    console("exec config.list"); /* nothing but a table: no blank line above it */
    assert_memory_equal(said.out, "name ", 5);
    console("exec metrics.get"); /* the first is a counter: what histograms have more counts too */
    assert_non_null(strstr(said.out, "p99_us"));
    console("exec rpc.discover"); /* what may be left out is in brackets */
    assert_non_null(strstr(said.out, " topic [interval_ms] [params]\n"));
}

static void json_is_one_line_of_ascii(void **state)
{
    json_t *value;

    (void)state;
    console("exec players.list --json");
    value = json_loads(said.out, 0, NULL);
    assert_non_null(value);
    assert_int_equal(json_array_size(json_object_get(value, "players")), 5);
    json_decref(value);
    assert_ptr_equal(strchr(said.out, '\n'), said.out + strlen(said.out) - 1);
    for (const char *at = said.out; *at != '\0'; at++)
        assert_true((*at & 0x80) == 0);
}

static void what_is_asked_is_done(void **state)
{
    (void)state;
    console("exec players.kick name=bjorn 'reason=too loud = out'");
    assert_int_equal(said.status, 0);
    assert_non_null(strstr(said.out, "Bjorn"));
    console("exec players.show name=Bjorn");
    assert_int_equal(said.status, 1);
    console("exec players.show session=4294967297");
    assert_non_null(strstr(said.out, "anna"));
    console("exec announce 'text=tea at five' --json");
    assert_string_equal(said.out, "{\"players\":4}\n");
    console("exec log.tail lines=5 level=info");
    assert_non_null(strstr(said.out, "tea at five"));
}

/* Lines of a file on stdin, one after the other, also behind one that failed. */
static void many_are_done_in_one_go(void **state)
{
    char path[128];
    FILE *lines;

    (void)state;
    snprintf(path, sizeof(path), "%s/lines", directory);
    lines = fopen(path, "w");
    assert_non_null(lines);
    fputs("# a remark\n\t# another\n\nannounce text='first of all'\nplayers.kick name=nobody\n"
          "\tannounce\t'text=last of all'\nannounce text=\"x\n",
          lines);
    fclose(lines);
    console_reads("--json exec -", path);
    assert_int_equal(said.status, 1);
    assert_string_equal(said.out, "{\"players\":4}\n{\"players\":4}\n");
    assert_non_null(strstr(said.err, "nobody by the name of nobody"));
    assert_non_null(strstr(said.err, "a quote is not closed"));
    console("exec log.tail lines=20 level=info");
    assert_non_null(strstr(said.out, "last of all"));
}

static size_t lines_of(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void watching_says_it_again_and_again(void **state)
{
    (void)state;
    console("watch metrics --interval=100 --count=3 --json");
    assert_int_equal(said.status, 0);
    assert_int_equal(lines_of(said.out), 3);
    assert_memory_equal(said.out, "{\"name\":\"Fake\"", 14);
    console("watch players.list limit=1 --interval=100 --count=2 --json");
    assert_int_equal(lines_of(said.out), 2);
    console("watch players limit=1 --interval=100 --count=2");
    assert_non_null(strstr(said.out, "anna"));
    assert_non_null(strstr(said.out, "Z\n"));
    /* Whoever stops it has seen what there was. */
    {
        char command[600];

        snprintf(command, sizeof(command),
                 "timeout -s INT 1 %s watch metrics --interval=100 --json >%s/out 2>%s/err; "
                 "echo $? >%s/code",
                 CONSOLE_PROGRAM, directory, directory, directory);
        assert_int_equal(system(command), 0);
    }
    slurp("out", said.out, sizeof(said.out));
    assert_true(lines_of(said.out) >= 2);
    slurp("err", said.err, sizeof(said.err));
    assert_string_equal(said.err, "");
}

/* Watches, its stdout *out, a pipe of so many bytes. Returns its pid as soon as it minds signals.
 */
static pid_t watch_begin(const char *what, int pipe_bytes, int *out)
{
    char path[64], line[128] = "";
    unsigned long long caught = 0;
    int ends[2];
    pid_t pid;

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, pipe_bytes), pipe_bytes);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(CONSOLE_PROGRAM, CONSOLE_PROGRAM, "watch", what, "--json", "--interval=60000", NULL);
        _exit(127);
    }
    close(ends[1]);
    *out = ends[0];
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    for (int i = 0; i < 1000 && (caught & (1 << (SIGINT - 1))) == 0; i++) {
        FILE *status = fopen(path, "r");

        assert_non_null(status);
        while (fgets(line, sizeof(line), status) != NULL)
            sscanf(line, "SigCgt: %llx", &caught);
        fclose(status);
        poll(NULL, 0, 10);
    }
    assert_true((caught & (1 << (SIGINT - 1))) != 0);
    return pid;
}

/* It is told to end, and does so at once. Returns its exit status. */
static int watch_ends(pid_t pid, int out)
{
    int status = -1;

    assert_int_equal(kill(pid, SIGINT), 0);
    for (int i = 0; i < 500; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            close(out);
            assert_true(WIFEXITED(status));
            return WEXITSTATUS(status);
        }
        poll(NULL, 0, 10);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    fail_msg("it goes on for 5 s");
    return -1;
}

/* A sample comes when it is there, into a pipe too, and Ctrl-C ends it whatever it waits for: the
 * next sample, the daemon, or who reads what it prints. */
static void watching_ends_at_once(void **state)
{
    struct pollfd printed;
    int out, waiting = 0;
    char begun;
    pid_t pid;

    (void)state;
    pid = watch_begin("server.status", 65536, &out);
    printed = (struct pollfd){.fd = out, .events = POLLIN};
    assert_int_equal(poll(&printed, 1, 20000), 1);
    assert_int_equal(read(out, &begun, 1), 1);
    assert_int_equal(begun, '{');
    assert_int_equal(watch_ends(pid, out), 0);

    kill(daemon_pid, SIGSTOP);
    pid = watch_begin("server.status", 65536, &out);
    assert_int_equal(watch_ends(pid, out), 0);
    pid = watch_begin("metrics", 65536, &out);
    assert_int_equal(watch_ends(pid, out), 0);
    kill(daemon_pid, SIGCONT);

    pid = watch_begin("rpc.discover", 4096, &out); /* less than it says */
    for (int i = 0; i < 2000 && waiting < 4096; i++) {
        assert_int_equal(ioctl(out, FIONREAD, &waiting), 0);
        poll(NULL, 0, 10);
    }
    assert_int_equal(waiting, 4096);
    assert_int_equal(watch_ends(pid, out), 1); /* not all of it was said */
}

/* A disk that is full is no success. */
static void what_cannot_be_written_fails(void **state)
{
    static const char *const COMMANDS[] = {"exec server.status", "exec rpc.discover --json",
                                           "watch metrics --interval=100",
                                           "watch server.status --interval=100"};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(COMMANDS); i++) {
        char command[1200];

        snprintf(command, sizeof(command), "exec timeout 20 %s %s >/dev/full 2>%s/err",
                 CONSOLE_PROGRAM, COMMANDS[i], directory);
        said.status = WEXITSTATUS(system(command));
        slurp("err", said.err, sizeof(said.err));
        assert_string_equal(said.err, "openmmo-console: cannot write: No space left on device\n");
        assert_int_equal(said.status, 1);
    }
}

/* Does the shell's completion offer that word behind those? */
static void completes(const char *before, const char *begun, const char *word)
{
    char command[512], line[256];

    snprintf(command, sizeof(command), "complete -- %s '%s'", before, begun);
    console(command);
    snprintf(line, sizeof(line), "\n%s\n", word);
    memmove(said.out + 1, said.out, strlen(said.out) + 1);
    said.out[0] = '\n';
    if (said.status != 0 || strstr(said.out, line) == NULL)
        fail_msg("%s: %s is not in: %s", command, word, said.out);
}

/* All methods, all topics, all parameters, all words, and all options that --help names. */
static void everything_completes(void **state)
{
    json_t *discovery, *row, *param, *word;
    char help[sizeof(said.out)];
    size_t i, j, k;

    (void)state;
    console("exec rpc.discover --json");
    discovery = json_loads(said.out, 0, NULL);
    json_array_foreach(json_object_get(discovery, "methods"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        char before[128], begun[128], value[256];

        snprintf(begun, sizeof(begun), "%.3s", name);
        completes("exec", begun, name);
        snprintf(before, sizeof(before), "exec %s", name);
        json_array_foreach(json_object_get(row, "params"), j, param)
        {
            snprintf(value, sizeof(value),
                     "%s=", json_string_value(json_object_get(param, "name")));
            completes(before, "", value);
            json_array_foreach(json_object_get(param, "words"), k, word)
            {
                snprintf(begun, sizeof(begun),
                         "%s=", json_string_value(json_object_get(param, "name")));
                snprintf(value, sizeof(value), "%s%s", begun, json_string_value(word));
                completes(before, begun, value);
            }
        }
    }
    json_array_foreach(json_object_get(discovery, "topics"), i, row)
        completes("watch", "", json_string_value(json_object_get(row, "name")));
    json_decref(discovery);
    console("--help");
    strcpy(help, said.out);
    for (char *at = strstr(help, "\n  -"); at != NULL; at = strstr(at + 1, "\n  -")) {
        char *option = strstr(at, "--");

        option[strcspn(option, " \n")] = '\0';
        completes("", "--", option);
        option[strlen(option)] = ' ';
    }
    completes("", "", "exec");
    completes("", "w", "watch");
    completes("--color", "n", "never");
    completes("exec players.kick", "name=wal", "name=walker0003");
    completes("exec players.show", "name=ANN", "name=anna");
    completes("exec allowlist.add", "player=ann", "player=anna");
    completes("exec network.unlock", "player=ann", "player=anna");
    completes("exec world.player", "name=ann", "name=anna");
    /* The daemon that was named is asked, no other. */
    console("complete -- --socket=/nonexistent/x exec server.sa");
    assert_string_equal(said.out, "");
    console("complete -- --socket /nonexistent/x exec server.sa");
    assert_string_equal(said.out, "");
}

/* And bash makes of it what it should, with its own idea of where words end. */
static void bash_completes(void **state)
{
    /* clang-format off */
    static const struct { const char *line, *says; } CASES[] = {
        {"openmmo-console wat", "watch"},
        {"openmmo-console exec server.sa", "server.save"},
        {"openmmo-console exec players.show name=ann", "anna"},
        {"openmmo-console --json exec players.list sort=rt", "rtt"},
        {"openmmo-console --as", "--ascii"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        char command[2048];

        snprintf(command, sizeof(command),
                 "PATH=$(dirname %s):$PATH bash --norc -c 'source %s; COMP_LINE=\"%s\"; "
                 "COMP_POINT=${#COMP_LINE}; compopt() { :; }; _openmmo_console; "
                 "printf \"%%s\\n\" \"${COMPREPLY[@]}\"' >%s/out 2>%s/err",
                 CONSOLE_PROGRAM, COMPLETION, CASES[i].line, directory, directory);
        assert_int_equal(system(command), 0);
        slurp("out", said.out, sizeof(said.out));
        said.out[strcspn(said.out, "\n")] = '\0';
        assert_string_equal(said.out, CASES[i].says);
    }
}

/* --- The manual. --- */

#define LIST_BEGINS                                                                                \
    ".\\\" The methods, as rpc.discover lists them; OPENMMO_GOLDEN_UPDATE=1 test_exec writes "     \
    "it.\n"
#define LIST_ENDS ".\\\" The end of the methods.\n"

/* name=type, in brackets where it may be left out. */
static void write_param(FILE *out, const json_t *param)
{
    bool required = json_is_true(json_object_get(param, "required"));
    const char *name = json_string_value(json_object_get(param, "name"));
    const char *type = json_string_value(json_object_get(param, "type"));

    fprintf(out, " %sCm %s Ns = Ns Ar %s%s", required ? "" : "Oo ", name, type,
            required ? "" : " Oc");
}

static void write_words(FILE *out, const json_t *param)
{
    const json_t *word;
    size_t i;

    if (json_array_size(json_object_get(param, "words")) == 0)
        return;
    fprintf(out, ".Cm %s\nis", json_string_value(json_object_get(param, "name")));
    json_array_foreach(json_object_get(param, "words"), i, word)
        fprintf(out, "%s\n.Cm %s", i > 0 ? " ,\nor" : "", json_string_value(word));
    fputs(" .\n", out);
}

static void write_method(FILE *out, const json_t *method)
{
    const char *help = json_string_value(json_object_get(method, "help"));
    json_t *param;
    size_t i;

    fprintf(out, ".It Cm %s", json_string_value(json_object_get(method, "name")));
    json_array_foreach(json_object_get(method, "params"), i, param) write_param(out, param);
    fputc('\n', out);
    for (const char *at = help; *at != '\0' && strcmp(at, ".") != 0; at++) {
        if (*at == '\\')
            fputs("\\e", out);
        else if (*at == ' ' && at > help && at[-1] == '.')
            fputc('\n', out); /* mdoc wants each sentence on a line of its own */
        else
            fputc(*at, out);
    }
    fprintf(out, " (%s).\n", json_string_value(json_object_get(method, "role")));
    json_array_foreach(json_object_get(method, "params"), i, param) write_words(out, param);
}

/* The manual's list is the daemon's. */
static void the_manual_lists_every_method(void **state)
{
    char *page = NULL, *list = NULL, *begin, *end;
    size_t room = 0, bytes = 0, i;
    json_t *discovery, *method;
    FILE *file = fopen(MANUAL, "r"), *out;

    (void)state;
    assert_non_null(file);
    assert_true(getdelim(&page, &room, '\0', file) > 0);
    fclose(file);
    begin = strstr(page, LIST_BEGINS);
    end = strstr(page, LIST_ENDS);
    assert_true(begin != NULL && end != NULL && begin < end);
    begin += strlen(LIST_BEGINS);
    console("exec rpc.discover --json");
    discovery = json_loads(said.out, 0, NULL);
    out = open_memstream(&list, &bytes);
    json_array_foreach(json_object_get(discovery, "methods"), i, method) write_method(out, method);
    fclose(out);
    if (getenv("OPENMMO_GOLDEN_UPDATE") != NULL) {
        file = fopen(MANUAL, "w");
        assert_non_null(file);
        fprintf(file, "%.*s%s%s", (int)(begin - page), page, list, end);
        fclose(file);
    } else if (strlen(list) != (size_t)(end - begin) || memcmp(list, begin, strlen(list)) != 0) {
        fail_msg("the manual's list of methods is not the daemon's: run test_exec with "
                 "OPENMMO_GOLDEN_UPDATE=1");
    }
    json_decref(discovery);
    free(list);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes_are_stable),
        cmocka_unit_test(every_method_minds_its_parameters),
        cmocka_unit_test(who_has_no_role_is_denied),
        cmocka_unit_test(why_it_hangs_up_is_said),
        cmocka_unit_test(a_list_is_a_table),
        cmocka_unit_test(json_is_one_line_of_ascii),
        cmocka_unit_test(what_is_asked_is_done),
        cmocka_unit_test(many_are_done_in_one_go),
        cmocka_unit_test(watching_says_it_again_and_again),
        cmocka_unit_test(watching_ends_at_once),
        cmocka_unit_test(what_cannot_be_written_fails),
        cmocka_unit_test(everything_completes),
        cmocka_unit_test(bash_completes),
        cmocka_unit_test(the_manual_lists_every_method),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
