/* command.c -- see command.h. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "console/answer.h"
#include "console/request.h"

#include "form.h"
#include "result.h"
#include "ui.h"

#define NAMES_MAX 50 /* that the daemon is asked for */

int command_init(struct command *command, const char *path)
{
    memset(command, 0, sizeof(*command));
    return history_init(&command->history, path);
}

void command_fini(struct command *command)
{
    history_fini(&command->history);
    json_decref(command->params);
    free(command->answer);
}

void command_open(struct ui *ui, const char *text)
{
    struct command *command = &ui->command;

    command->open = true;
    command->back = -1;
    command->finding = false;
    command->choices[0] = '\0';
    line_set(&command->line, text);
}

/* --- Running it. --- */

static size_t lines_of(const char *text)
{
    size_t n = 0;

    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

/* "gone   yes" -> "gone yes" */
static void squeeze(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '\n' && (*from != ' ' || (to > text && to[-1] != ' ')))
            *to++ = *from;
    }
    *to = '\0';
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    struct command *command = &ui->command;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out;

    if (reply->code != 0) {
        ui_say(ui, true, "%s: %s", reply->method, reply->sentence);
        return;
    }
    out = open_memstream(&text, &bytes);
    if (out == NULL)
        return;
    answer_print(out, reply->data, false);
    fclose(out);
    if (lines_of(text) <= 1) {
        squeeze(text);
        ui_say(ui, false, "%s: %s", reply->method, text);
        free(text);
        return;
    }
    free(command->answer);
    command->answer = text;
    result_show(ui);
}

static void run_pending(struct ui *ui)
{
    struct command *command = &ui->command;
    json_t *params = command->params;

    command->params = NULL;
    ui_ask_then(ui, command->method, params, answered);
}

/* Names the command as it was understood, and what the daemon says that it does. */
static void ask_first(struct ui *ui)
{
    static const struct dialog_kind RUN = {
        .verb = "Do it", .what = "This goes to the audit log.", .then = run_pending};
    const struct command *command = &ui->command;
    const json_t *row = request_row(ui->model.rpc.methods, command->method);
    const char *help = json_string_value(json_object_get(row, "help"));
    bool secret = request_is_secret(ui->model.rpc.methods, command->method, command->params);
    char *params = json_dumps(command->params, JSON_COMPACT);

    dialog_open(ui, &RUN);
    dialog_explain(ui, "%s %s: %s This goes to the audit log.", command->method,
                   params != NULL && !secret ? params : "(with a secret)",
                   help != NULL ? help : "the daemon does not say what this does");
    free(params);
}

static void run(struct ui *ui)
{
    struct command *command = &ui->command;
    const json_t *methods = ui->model.rpc.methods;
    char text[LINE_BYTES], *words[REQUEST_WORDS];
    struct error error = {""};
    const struct form *form;
    int n;

    memcpy(text, command->line.text, sizeof(text));
    n = request_split(text, words, &error);
    if (n == 0)
        return;
    if (n == 1 && (strcmp(words[0], "q") == 0 || strcmp(words[0], "quit") == 0)) {
        ui->quit = true;
        return;
    }
    json_decref(command->params);
    command->params = NULL;
    form = n > 0 ? form_find(words[0]) : NULL;
    if (n > 0) {
        snprintf(command->method, sizeof(command->method), "%s",
                 form != NULL ? form->method : words[0]);
        command->params = form != NULL
                              ? form_request(form, methods, words + 1, n - 1, &error)
                              : request_params(methods, command->method, words + 1, n - 1, &error);
    }
    history_add(&command->history, command->line.text,
                command->params != NULL &&
                    !request_is_secret(methods, command->method, command->params));
    if (command->params == NULL) {
        ui_say(ui, true, "%s", error.text);
        return;
    }
    snprintf(command->answer_of, sizeof(command->answer_of), "%s", command->line.text);
    if (methods != NULL && request_row(methods, command->method) == NULL)
        ui_say(ui, true, "%s: there is no such method; Tab completes", command->method);
    else if (form_hurts(methods, command->method))
        ask_first(ui);
    else
        run_pending(ui);
}

/* --- Completing it. --- */

/* Where the word before the cursor begins: behind the last blank that no quote holds. */
static size_t word_at(const char *text, size_t at)
{
    size_t from = 0;
    char quote = '\0';

    for (size_t i = 0; i < at; i++) {
        if (quote == '\0' && (text[i] == '\'' || text[i] == '"'))
            quote = text[i];
        else if (text[i] == quote)
            quote = '\0';
        else if (text[i] == ' ' && quote == '\0')
            from = i + 1;
    }
    return from;
}

/* The words before it, and how the word begins. False: nothing to complete in such a line. */
static bool take_apart(const struct line *line, char text[LINE_BYTES], char *words[REQUEST_WORDS],
                       int *before_n, const char **begun)
{
    size_t from = word_at(line->text, line->at);
    struct error error;

    snprintf(text, LINE_BYTES, "%.*s", (int)line->at, line->text);
    *before_n = request_split(text, words, &error);
    if (*before_n < 0)
        return false;
    *begun = "";
    if (from<line->at && * before_n> 0)
        *begun = words[--*before_n];
    return true;
}

static void put_word(struct line *line, const char *word, bool whole)
{
    size_t from = word_at(line->text, line->at);
    char text[LINE_BYTES * 2];
    bool blank = whole && word[strlen(word) - 1] != '=' && line->text[line->at] != ' ';
    int n = snprintf(text, sizeof(text), "%.*s%s%s", (int)from, line->text, word, blank ? " " : "");

    snprintf(text + n, sizeof(text) - (size_t)n, "%s", line->text + line->at);
    line_set(line, text);
    line->at = (size_t)n < strlen(line->text) ? (size_t)n : strlen(line->text);
}

static void list_choices(struct command *command, const struct complete *complete)
{
    size_t n = 0;

    command->choices[0] = '\0';
    for (size_t i = 0; i < complete->n && n < sizeof(command->choices); i++)
        n += (size_t)snprintf(command->choices + n, sizeof(command->choices) - n, "%s%s",
                              i > 0 ? "  " : "", complete->words[i]);
}

static void offer(struct command *command, const struct complete *complete)
{
    char common[COMPLETE_BYTES];

    command->choices[0] = '\0';
    if (complete->n == 0)
        return;
    if (complete_common(complete, common, sizeof(common)) > 0)
        put_word(&command->line, common, complete->n == 1);
    if (complete->n > 1)
        list_choices(command, complete);
}

/* The daemon's players whose names contain what was typed. Who has typed on has lost interest. */
static void names_answered(struct ui *ui, const struct screen_reply *reply)
{
    struct command *command = &ui->command;
    char text[LINE_BYTES], *words[REQUEST_WORDS];
    struct complete complete;
    const json_t *row;
    const char *begun;
    int before_n;
    size_t i;

    if (!command->open || strcmp(command->meant, command->line.text) != 0 || reply->code != 0 ||
        !take_apart(&command->line, text, words, &before_n, &begun))
        return;
    complete_words(&complete, ui->model.rpc.methods, true, words, before_n, begun);
    json_array_foreach(json_object_get(reply->data, "players"), i, row)
        complete_name(&complete, json_string_value(json_object_get(row, "name")));
    offer(command, &complete);
}

static void complete_it(struct ui *ui)
{
    struct command *command = &ui->command;
    char text[LINE_BYTES], *words[REQUEST_WORDS];
    struct complete complete;
    const char *begun;
    int before_n;

    if (!take_apart(&command->line, text, words, &before_n, &begun))
        return;
    complete_words(&complete, ui->model.rpc.methods, true, words, before_n, begun);
    if (complete.names && ui->link == UI_LIVE) {
        memcpy(command->meant, command->line.text, sizeof(command->meant));
        ui_ask_then(ui, "players.list",
                    json_pack("{s:s, s:i}", "filter", complete.begun, "limit", NAMES_MAX),
                    names_answered);
    } else {
        offer(command, &complete);
    }
}

/* --- Typing it. --- */

static void walk(struct command *command, int way)
{
    const char *line;

    if (command->back < 0)
        memcpy(command->typed, command->line.text, sizeof(command->typed));
    if (command->back + way < -1)
        return;
    line = command->back + way < 0 ? command->typed
                                   : history_line(&command->history, (size_t)(command->back + way));
    if (line == NULL)
        return;
    command->back += way;
    line_set(&command->line, line);
}

/* The newest line with what was typed in it, then the next older one. */
static void find(struct command *command)
{
    long found;

    if (!command->finding) {
        memcpy(command->typed, command->line.text, sizeof(command->typed));
        command->back = -1;
        command->finding = true;
    }
    found = history_find(&command->history, command->typed, (size_t)(command->back + 1));
    if (found < 0)
        return;
    command->back = found;
    line_set(&command->line, history_line(&command->history, (size_t)found));
}

void command_key(struct ui *ui, int key)
{
    struct command *command = &ui->command;

    command->choices[0] = '\0';
    if (key != KEYS_CTRL('R'))
        command->finding = false;
    if (key == KEYS_ENTER) {
        command->open = false;
        run(ui);
    } else if (key == KEYS_ESCAPE || (key == KEYS_BACKSPACE && command->line.text[0] == '\0')) {
        command->open = false;
    } else if (key == KEYS_TAB) {
        complete_it(ui);
    } else if (key == KEYS_UP || key == KEYS_CTRL('P')) {
        walk(command, 1);
    } else if (key == KEYS_DOWN || key == KEYS_CTRL('N')) {
        walk(command, -1);
    } else if (key == KEYS_CTRL('R')) {
        find(command);
    } else if (line_key(&command->line, key)) {
        command->back = -1;
    }
}

void command_draw(const struct command *command, struct canvas *canvas, int row)
{
    if (command->choices[0] != '\0') {
        canvas_fill(canvas, row - 1, 0, canvas->columns, STYLE_TITLE);
        canvas_cut(canvas, row - 1, 1, canvas->columns - 2, STYLE_TITLE, command->choices);
    }
    canvas_fill(canvas, row, 0, canvas->columns, STYLE_PLAIN);
    canvas_text(canvas, row, 0, 1, STYLE_BOLD, ":");
    line_draw(&command->line, canvas, row, 1, canvas->columns - 1, true);
}
