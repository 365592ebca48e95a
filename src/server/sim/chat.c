/* chat.c -- see chat.h. */
#include "sim/chat.h"

#include <stdlib.h>
#include <string.h>

#include "sim/cell.h"

void chat_add(struct chat *chat, const struct snapshot_chat_line *line, struct graveyard *graveyard,
              uint32_t tick)
{
    struct chat_ring *ring = &chat->rings[line->channel];
    struct snapshot_chat_line *place = &ring->lines[ring->said++ % SNAPSHOT_CHAT_LINES];

    graveyard_put(graveyard, place->name, tick);
    graveyard_put(graveyard, place->text, tick);
    *place = *line;
    place->sequence = ++chat->sequence;
}

void chat_restore(struct chat *chat, const struct snapshot_chat_line *line)
{
    struct chat_ring *ring = &chat->rings[line->channel];
    struct snapshot_chat_line *place = &ring->lines[ring->said++ % SNAPSHOT_CHAT_LINES];

    blob_unref(place->name); /* no snapshot shows it yet */
    blob_unref(place->text);
    *place = *line;
    chat->sequence = line->sequence;
}

/* How many lines of a ring are newer: the last ones, for it is in order. */
static size_t newer_n(const struct chat_ring *ring, uint64_t after)
{
    size_t n = 0, held = ring->said < SNAPSHOT_CHAT_LINES ? ring->said : SNAPSHOT_CHAT_LINES;

    while (n < held && ring->lines[(ring->said - 1 - n) % SNAPSHOT_CHAT_LINES].sequence > after)
        n++;
    return n;
}

size_t chat_find(const struct chat_ring rings[PROTOCOL_CHANNELS_N], uint64_t after,
                 const struct snapshot_chat_line **lines, size_t max)
{
    size_t left[PROTOCOL_CHANNELS_N], n = 0;

    for (unsigned i = 0; i < PROTOCOL_CHANNELS_N; i++)
        left[i] = newer_n(&rings[i], after);
    while (n < max) {
        const struct snapshot_chat_line *next = NULL;
        unsigned from = 0;

        for (unsigned i = 0; i < PROTOCOL_CHANNELS_N; i++) {
            const struct snapshot_chat_line *line =
                &rings[i].lines[(rings[i].said - left[i]) % SNAPSHOT_CHAT_LINES];

            if (left[i] > 0 && (next == NULL || line->sequence < next->sequence)) {
                next = line;
                from = i;
            }
        }
        if (next == NULL)
            break;
        left[from]--;
        lines[n++] = next;
    }
    return n;
}

void chat_fini(struct chat *chat)
{
    for (unsigned i = 0; i < PROTOCOL_CHANNELS_N; i++)
        for (unsigned at = 0; at < SNAPSHOT_CHAT_LINES; at++) {
            blob_unref(chat->rings[i].lines[at].name);
            blob_unref(chat->rings[i].lines[at].text);
        }
}

void graveyard_put(struct graveyard *graveyard, struct blob *blob, uint32_t tick)
{
    if (blob == NULL)
        return;
    if (cell_grow((void **)&graveyard->graves, &graveyard->room, graveyard->n + 1,
                  sizeof(*graveyard->graves)) != 0)
        return;
    graveyard->graves[graveyard->n++] = (struct grave){blob, tick};
}

void graveyard_collect(struct graveyard *graveyard, uint32_t oldest)
{
    uint32_t n = 0;

    while (n < graveyard->n && graveyard->graves[n].tick <= oldest)
        blob_unref(graveyard->graves[n++].blob);
    graveyard->n -= n;
    if (n > 0)
        memmove(graveyard->graves, graveyard->graves + n,
                graveyard->n * sizeof(*graveyard->graves));
}

void graveyard_fini(struct graveyard *graveyard)
{
    graveyard_collect(graveyard, UINT32_MAX);
    free(graveyard->graves);
}
