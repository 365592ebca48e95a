/* recent.c -- see recent.h. An array, oldest first: a line a second is much. */
#include "play/recent.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"

struct recent {
    uint64_t sequence; /* of the last line that was looked at */
    size_t n;
    struct recent_line lines[RECENT_LINES];
};

static void drop(struct recent *recent, size_t at)
{
    blob_unref(recent->lines[at].name);
    blob_unref(recent->lines[at].text);
    recent->n--;
    memmove(&recent->lines[at], &recent->lines[at + 1],
            (recent->n - at) * sizeof(recent->lines[0]));
}

static void put(struct recent *recent, const struct snapshot_chat_line *said, uint64_t now_ms)
{
    if (said->channel == PROTOCOL_CHANNEL_NEARBY)
        return;
    if (recent->n == RECENT_LINES)
        drop(recent, 0);
    recent->lines[recent->n++] =
        (struct recent_line){.sequence = said->sequence,
                             .said_ms = said->said_ms ? said->said_ms : now_ms,
                             .player = said->player <= INT64_MAX ? said->player : 0,
                             .channel = said->channel,
                             .name = blob_ref(said->name),
                             .text = blob_ref(said->text)};
}

void recent_take(struct recent *recent, const struct snapshot *snapshot, uint64_t now_ms)
{
    const struct snapshot_chat_line *lines[SNAPSHOT_CHAT_LINES * PROTOCOL_CHANNELS_N];
    uint64_t newest = snapshot_chat_sequence(snapshot);
    size_t n;

    if (newest == recent->sequence)
        return;
    n = snapshot_chat(snapshot, recent->sequence, lines, ARRAY_N(lines));
    recent->sequence = newest;
    for (size_t i = 0; i < n; i++)
        put(recent, lines[i], now_ms);
}

size_t recent_find(const struct recent *recent, uint64_t before, const struct recent_line **lines,
                   size_t max)
{
    size_t end = recent->n, n;

    while (before != 0 && end > 0 && recent->lines[end - 1].sequence >= before)
        end--;
    n = end < max ? end : max;
    for (size_t i = 0; i < n; i++)
        lines[i] = &recent->lines[end - n + i];
    return n;
}

static bool is_of(const struct recent_line *line, uint64_t player, const char *name)
{
    if (line->player != 0)
        return line->player == player;
    return line->name != NULL && strcmp(line->name->bytes, name) == 0;
}

void recent_forget(struct recent *recent, uint64_t player, const char *name)
{
    for (size_t i = recent ? recent->n : 0; i > 0 && player != 0; i--)
        if (is_of(&recent->lines[i - 1], player, name))
            drop(recent, i - 1);
}

struct recent *recent_new(void)
{
    return calloc(1, sizeof(struct recent));
}

void recent_free(struct recent *recent)
{
    while (recent && recent->n > 0)
        drop(recent, recent->n - 1);
    free(recent);
}
