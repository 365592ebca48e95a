/* history.c -- see history.h. */
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t held(const struct history *history)
{
    return history->taken < HISTORY_LINES ? history->taken : HISTORY_LINES;
}

const char *history_line(const struct history *history, size_t back)
{
    if (back >= held(history))
        return NULL;
    return history->lines[(history->taken - 1 - back) % HISTORY_LINES];
}

long history_find(const struct history *history, const char *text, size_t back)
{
    for (; back < held(history); back++) {
        if (strstr(history_line(history, back), text) != NULL)
            return (long)back;
    }
    return -1;
}

static void take(struct history *history, const char *line)
{
    snprintf(history->lines[history->taken++ % HISTORY_LINES], HISTORY_BYTES, "%s", line);
}

/* Anew, by way of a file beside it: another console may add to it meanwhile. */
static void cut_file(const struct history *history)
{
    char beside[sizeof(history->path) + 8];
    int fd;
    FILE *out;

    snprintf(beside, sizeof(beside), "%s.new", history->path);
    fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (out == NULL)
        return;
    for (size_t back = held(history); back-- > 0;)
        fprintf(out, "%s\n", history_line(history, back));
    if (fclose(out) == 0)
        (void)rename(beside, history->path);
}

static void read_file(struct history *history)
{
    FILE *in = fopen(history->path, "re");
    char line[HISTORY_BYTES];

    if (in == NULL)
        return;
    while (fgets(line, sizeof(line), in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            take(history, line);
    }
    fclose(in);
    if (history->taken > 2 * HISTORY_LINES)
        cut_file(history);
}

int history_init(struct history *history, const char *path)
{
    memset(history, 0, sizeof(*history));
    history->lines = calloc(HISTORY_LINES, sizeof(history->lines[0]));
    if (history->lines == NULL)
        return -1;
    if (path != NULL) {
        snprintf(history->path, sizeof(history->path), "%s", path);
        read_file(history);
    }
    return 0;
}

void history_fini(struct history *history)
{
    free(history->lines);
    memset(history, 0, sizeof(*history));
}

/* The directories above a path that are not there yet. */
static void make_directories(const char *path)
{
    char above[4096];

    for (const char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(above, sizeof(above), "%.*s", (int)(slash - path), path);
        if (mkdir(above, 0700) != 0 && errno != EEXIST)
            return;
    }
}

static void write_line(const struct history *history, const char *line)
{
    char text[HISTORY_BYTES + 1];
    int n = snprintf(text, sizeof(text), "%s\n", line), fd;

    make_directories(history->path);
    fd = open(history->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    (void)!write(fd, text, (size_t)n);
    close(fd);
}

void history_add(struct history *history, const char *line, int keep)
{
    const char *newest = history_line(history, 0);

    if (newest != NULL && strcmp(newest, line) == 0)
        return;
    take(history, line);
    if (keep && history->path[0] != '\0')
        write_line(history, line);
}

void history_default_path(char *path, size_t room_bytes)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (state != NULL && state[0] == '/')
        snprintf(path, room_bytes, "%s/openmmo/console-history", state);
    else if (home != NULL && home[0] == '/')
        snprintf(path, room_bytes, "%s/.local/state/openmmo/console-history", home);
    else
        path[0] = '\0';
}
