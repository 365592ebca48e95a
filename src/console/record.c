/* record.c -- see record.h. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT     "openmmo-console/1"
#define LINE_BYTES (4 * 1024 * 1024)

struct record {
    FILE *out; /* NULL: it ended */
    uint64_t began_ms;
};

/* A file that was there may have been everybody's; what is no file is left as it is. */
static void close_to_others(int fd)
{
    struct stat status;

    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        (void)!fchmod(fd, 0600);
}

static int put(struct record *record, const json_t *line, struct error *error)
{
    if (json_dumpf(line, record->out, JSON_COMPACT) == 0 && fputc('\n', record->out) != EOF &&
        fflush(record->out) == 0)
        return 0;
    error_set(error, "the recording cannot be written: %s", strerror(errno));
    fclose(record->out);
    record->out = NULL;
    return -1;
}

struct record *record_new(const char *path, uint64_t now_ms, int64_t wall_ms, struct error *error)
{
    struct record *record = calloc(1, sizeof(*record));
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    json_t *head;
    int failed;

    if (fd >= 0)
        close_to_others(fd);
    if (record != NULL && fd >= 0)
        record->out = fdopen(fd, "w");
    if (record == NULL || record->out == NULL) {
        error_set(error, "cannot write %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        free(record);
        return NULL;
    }
    record->began_ms = now_ms;
    head = json_pack("{s:s, s:I}", "record", FORMAT, "wall_ms", (json_int_t)wall_ms);
    failed = put(record, head, error);
    json_decref(head);
    if (!failed)
        return record;
    record_free(record);
    return NULL;
}

void record_free(struct record *record)
{
    if (record != NULL && record->out != NULL)
        fclose(record->out);
    free(record);
}

int record_write(struct record *record, uint64_t now_ms, json_t *line, struct error *error)
{
    if (record->out == NULL)
        return 0;
    json_object_set_new(line, "at_ms", json_integer((json_int_t)(now_ms - record->began_ms)));
    return put(record, line, error);
}

json_t *record_next(FILE *in, struct error *error)
{
    char *text = NULL;
    size_t room = 0;
    ssize_t n = getline(&text, &room, in);
    json_t *line = NULL;
    json_error_t why;

    error->text[0] = '\0';
    if (n > LINE_BYTES) {
        error_set(error, "a line is longer than %d bytes", LINE_BYTES);
    } else if (n > 0) {
        line = json_loadb(text, (size_t)n, 0, &why);
        if (line == NULL)
            error_set(error, "a line is no JSON: %s", why.text);
    }
    free(text);
    return line;
}

/* A line that was cut off (the console was killed) is the end. */
static void read_next(struct player *player)
{
    struct error error;

    json_decref(player->next);
    player->next = record_next(player->in, &error);
    player->next_ms = json_integer_value(json_object_get(player->next, "at_ms"));
}

int player_init(struct player *player, const char *path, uint64_t now_ms, struct error *error)
{
    const char *format;
    json_t *head;

    memset(player, 0, sizeof(*player));
    player->in = fopen(path, "re");
    if (player->in == NULL)
        return error_set(error, "cannot read %s: %s", path, strerror(errno));
    head = record_next(player->in, error);
    format = json_string_value(json_object_get(head, "record"));
    player->wall_ms = json_integer_value(json_object_get(head, "wall_ms"));
    if (format == NULL || strcmp(format, FORMAT) != 0) {
        json_decref(head);
        player_fini(player);
        return error_set(error, "%s is no recording of the console", path);
    }
    json_decref(head);
    player->known = json_object();
    player->speed = 1;
    player->real_ms = now_ms;
    read_next(player);
    return 0;
}

void player_fini(struct player *player)
{
    json_decref(player->next);
    json_decref(player->known);
    if (player->in != NULL)
        fclose(player->in);
    memset(player, 0, sizeof(*player));
}

void player_time(struct player *player, uint64_t now_ms)
{
    if (!player->held && player->next != NULL)
        player->now_ms += (double)(now_ms - player->real_ms) * player->speed;
    player->real_ms = now_ms;
}

json_t *player_known(const struct player *player, const char *method)
{
    return json_object_get(player->known, method);
}

json_t *player_take(struct player *player)
{
    json_t *line = player->next;
    const char *method = json_string_value(json_object_get(line, "answer"));

    if (line == NULL || (double)player->next_ms > player->now_ms)
        return NULL;
    if (method != NULL && json_object_get(line, "data") != NULL)
        json_object_set(player->known, method, json_object_get(line, "data"));
    json_incref(line);
    read_next(player);
    return line;
}

void player_step(struct player *player)
{
    if (player->next != NULL && (double)player->next_ms > player->now_ms)
        player->now_ms = (double)player->next_ms;
}

void player_faster(struct player *player, bool faster)
{
    if (faster && player->speed < PLAYER_FASTEST)
        player->speed *= 2;
    else if (!faster && player->speed > PLAYER_SLOWEST)
        player->speed /= 2;
}

void player_label(const struct player *player, char out[24])
{
    if (player->next == NULL)
        snprintf(out, 24, "REPLAY end");
    else if (player->held)
        snprintf(out, 24, "REPLAY held");
    else
        snprintf(out, 24, "REPLAY %gx", player->speed);
}
