/* answer.c -- see answer.h. */
#include "answer.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/text.h"

#define TABLE_COLUMNS 32
#define CELL_BYTES    600

/* What a method takes: the names of its parameters, those that may be left out in brackets. False:
 * the value is no list of parameters. */
static bool parameters_of(const json_t *list, char *out, size_t room_bytes)
{
    const json_t *row;
    size_t i, n = 0;

    if (json_array_size(list) == 0 || json_object_get(json_array_get(list, 0), "required") == NULL)
        return false;
    out[0] = '\0';
    json_array_foreach((json_t *)list, i, row)
    {
        bool required = json_is_true(json_object_get(row, "required"));
        const char *name = json_string_value(json_object_get(row, "name"));

        if (n < room_bytes)
            n += (size_t)snprintf(out + n, room_bytes - n, "%s%s%s%s", i > 0 ? " " : "",
                                  required ? "" : "[", name != NULL ? name : "?",
                                  required ? "" : "]");
    }
    return true;
}

/* A value as one cell, fit to be shown. */
static void cell_of(const json_t *value, char out[CELL_BYTES])
{
    const char *text = json_string_value(value);
    char room[CELL_BYTES], *dumped;

    if (text != NULL) {
        text_sanitise(text, json_string_length(value), out, CELL_BYTES);
    } else if (json_is_real(value)) {
        snprintf(out, CELL_BYTES, "%.2f", json_real_value(value));
    } else if (parameters_of(value, room, sizeof(room))) {
        text_sanitise(room, strlen(room), out, CELL_BYTES);
    } else {
        dumped = value != NULL ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
        text_sanitise(dumped != NULL ? dumped : "", dumped != NULL ? strlen(dumped) : 0, out,
                      CELL_BYTES);
        free(dumped);
    }
}

static void print_cell(FILE *out, const char *text, size_t columns, bool right, bool last)
{
    size_t used = text_columns(text);
    int gap = columns > used ? (int)(columns - used) : 0;

    if (right)
        fprintf(out, "%*s%s%s", gap, "", text, last ? "\n" : "  ");
    else if (last)
        fprintf(out, "%s\n", text);
    else
        fprintf(out, "%s%*s  ", text, gap, "");
}

struct head {
    const char *key;
    size_t width;
    bool number;
};

/* Every key that a row has, in the order in which they are met: one row of bans names a player, the
 * next a network. Returns how many. */
static size_t heads_of(const json_t *list, struct head heads[TABLE_COLUMNS])
{
    size_t n = 0, i, j;
    json_t *row, *value;
    const char *key;

    json_array_foreach((json_t *)list, i, row)
    {
        json_object_foreach(row, key, value)
        {
            for (j = 0; j < n && strcmp(heads[j].key, key) != 0; j++)
                continue;
            if (j == TABLE_COLUMNS || j < n)
                continue;
            if (strcmp(key, "help") == 0) /* whole sentences make no column; --json has them */
                continue;
            heads[n++] = (struct head){key, text_columns(key), json_is_number(value)};
        }
    }
    return n;
}

/* Objects of one kind: their keys as heads, one line each. */
static void print_table(FILE *out, const json_t *list)
{
    struct head heads[TABLE_COLUMNS];
    size_t n = heads_of(list, heads), i, j;
    json_t *row;
    char cell[CELL_BYTES];

    json_array_foreach((json_t *)list, i, row)
    {
        for (j = 0; j < n; j++) {
            cell_of(json_object_get(row, heads[j].key), cell);
            if (text_columns(cell) > heads[j].width)
                heads[j].width = text_columns(cell);
        }
    }
    for (j = 0; j < n; j++)
        print_cell(out, heads[j].key, heads[j].width, heads[j].number, j + 1 == n);
    json_array_foreach((json_t *)list, i, row)
    {
        for (j = 0; j < n; j++) {
            cell_of(json_object_get(row, heads[j].key), cell);
            print_cell(out, cell, heads[j].width, heads[j].number, j + 1 == n);
        }
    }
}

/* An object as "key  value" lines, inner objects as "outer.inner"; lists of objects as tables
 * behind the rest. Returns true if anything was printed. */
static bool print_object(FILE *out, const json_t *object, const char *prefix)
{
    char name[256], clean[96], cell[CELL_BYTES];
    bool printed = false;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)object, key, value)
    {
        text_sanitise(key, strlen(key), clean, sizeof(clean));
        snprintf(name, sizeof(name), "%.150s%s%s", prefix, prefix[0] != '\0' ? "." : "", clean);
        if (json_is_object(value)) {
            printed |= print_object(out, value, name);
        } else if (!json_is_object(json_array_get(value, 0))) {
            cell_of(value, cell);
            fprintf(out, "%-26s %s\n", name, cell);
            printed = true;
        }
    }
    json_object_foreach((json_t *)object, key, value)
    {
        if (json_is_object(json_array_get(value, 0))) {
            if (printed)
                fprintf(out, "\n");
            print_table(out, value);
            printed = true;
        }
    }
    return printed;
}

/* As one line of ASCII that shows itself: jansson leaves DEL as it is. */
static void print_json(FILE *out, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);

    for (const char *at = text; at != NULL && *at != '\0'; at++) {
        if (*at == 0x7f)
            fputs("\\u007f", out);
        else
            fputc(*at, out);
    }
    free(text);
}

void answer_print(FILE *out, const json_t *answer, bool json)
{
    if (json)
        print_json(out, answer);
    else if (json_is_object(answer))
        print_object(out, answer, "");
    else if (json_is_null(answer))
        fputs("ok", out);
    else
        print_json(out, answer);
    if (json || !json_is_object(answer))
        fputc('\n', out);
}

static int complain(void)
{
    fprintf(stderr, "openmmo-console: cannot write: %s\n", strerror(errno));
    return -1;
}

int answer_flush(FILE *out)
{
    return fflush(out) == 0 && !ferror(out) ? 0 : complain();
}

/* As much as a pipe takes without waiting, once it takes anything. */
int answer_hand_over(const char *text, size_t len_bytes, int stop_fd)
{
    while (len_bytes > 0) {
        struct pollfd fds[2] = {{.fd = STDOUT_FILENO, .events = POLLOUT},
                                {.fd = stop_fd, .events = POLLIN}};
        ssize_t n;

        if (poll(fds, 2, -1) < 0)
            continue; /* a signal: the other one says whether it is to end */
        if (fds[0].revents == 0)
            return -1;
        n = write(STDOUT_FILENO, text, len_bytes < PIPE_BUF ? len_bytes : PIPE_BUF);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return complain();
        if (n > 0)
            text += n, len_bytes -= (size_t)n;
    }
    return 0;
}
