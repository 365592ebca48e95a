/* exec.c -- see exec.h.
 *
 * The daemon is asked first what it understands (rpc.discover), so that name=value becomes what the
 * method's row wants: a number, a truth, a text. */
#include "exec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "call.h"
#include "request.h"
#include "ui/form.h"

#define DEADLINE_MS 30000

struct exec {
    const struct exec_options *options;
    struct call call;
    json_t *methods; /* owned; NULL where the daemon did not say */
};

/* Only a person at a terminal is asked: a script has said what it wants. */
static bool is_wanted(const struct exec *exec, const char *method)
{
    char line[16] = "";
    const json_t *row = request_row(exec->methods, method);

    if (exec->options->yes || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) || row == NULL ||
        !form_hurts(exec->methods, method))
        return true;
    fprintf(stderr, "%s: %s\nDo it? [y/N] ", method,
            json_string_value(json_object_get(row, "help")));
    return fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

static enum console_exit one(struct exec *exec, char *const *words, int n)
{
    struct error error = {""};
    json_t *params = request_params(exec->methods, words[0], words + 1, n - 1, &error);

    if (params == NULL) {
        fprintf(stderr, "openmmo-console: %s\n", error.text);
        return CONSOLE_USAGE;
    }
    if (!is_wanted(exec, words[0])) {
        fprintf(stderr, "openmmo-console: %s was not done\n", words[0]);
        json_decref(params);
        return CONSOLE_FAILED;
    }
    exec->call.deadline_ms = request_patience_ms(words[0], DEADLINE_MS);
    if (call_ask(&exec->call, words[0], params) != 0) {
        call_complain(&exec->call);
        return call_status(&exec->call);
    }
    answer_print(stdout, exec->call.result, exec->options->json);
    return answer_flush(stdout) == 0 ? CONSOLE_OK : CONSOLE_FAILED;
}

static enum console_exit line(struct exec *exec, char *text)
{
    char *words[REQUEST_WORDS];
    struct error error = {""};
    int n;

    text[strcspn(text, "\n")] = '\0';
    if (text[strspn(text, " \t")] == '#')
        return CONSOLE_OK;
    n = request_split(text, words, &error);
    if (n < 0) {
        fprintf(stderr, "openmmo-console: %s\n", error.text);
        return CONSOLE_USAGE;
    }
    return n > 0 ? one(exec, words, n) : CONSOLE_OK;
}

/* What cannot be reached any more ends it; what failed otherwise does not. */
static enum console_exit batch(struct exec *exec)
{
    enum console_exit status = CONSOLE_OK;
    char *text = NULL;
    size_t room = 0;

    while (getline(&text, &room, stdin) > 0) {
        enum console_exit now = line(exec, text);

        if (status == CONSOLE_OK)
            status = now;
        if (now == CONSOLE_NO_CONNECTION)
            break;
    }
    free(text);
    return status;
}

enum console_exit exec_run(const struct exec_options *options, char *const *arguments,
                           int arguments_n)
{
    struct exec exec = {.options = options};
    enum console_exit status;

    if (call_init(&exec.call, options->path, DEADLINE_MS) != 0)
        return CONSOLE_FAILED;
    if (call_ask(&exec.call, "rpc.discover", NULL) != 0) {
        call_complain(&exec.call);
        status = call_status(&exec.call);
    } else {
        exec.methods = json_incref(json_object_get(exec.call.result, "methods"));
        if (arguments_n == 1 && strcmp(arguments[0], "-") == 0)
            status = batch(&exec);
        else
            status = one(&exec, arguments, arguments_n);
    }
    json_decref(exec.methods);
    call_fini(&exec.call);
    return status;
}
