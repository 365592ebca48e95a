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

/* Run the console with these arguments (as a shell reads them). */
static void console(const char *arguments)
{
    char command[2048];
    int status;

    snprintf(command, sizeof(command), "exec timeout 20 %s %s >%s/out 2>%s/err </dev/null",
             CONSOLE_PROGRAM, arguments, directory, directory);
    status = system(command);
    memset(&said, 0, sizeof(said));
    said.status = WEXITSTATUS(status);
    slurp("out", said.out, sizeof(said.out));
    slurp("err", said.err, sizeof(said.err));
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
        {"exec subscribe topic=weather",              2, "no such topic"},
        {"--socket $(printf '/%0150d' 0) exec x",     3, "longer than a Unix socket's can be"},
        {"exec players.list sort=shoes",              2, "sort must be one of"},
        {"exec players.list limit=x",                 2, "limit: this is not such a value"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_codes_are_stable),
        cmocka_unit_test(every_method_minds_its_parameters),
        cmocka_unit_test(who_has_no_role_is_denied),
        cmocka_unit_test(a_list_is_a_table),
        cmocka_unit_test(json_is_one_line_of_ascii),
        cmocka_unit_test(what_is_asked_is_done),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
