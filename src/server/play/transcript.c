/* transcript.c -- see transcript.h. A line that was forgotten keeps its place in its ring, without
 * a text, so that readers' places stay true. */
#include "play/transcript.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"

struct ring {
    uint64_t said; /* lines ever; the n-th lies at n % TRANSCRIPT_LINES */
    struct transcript_line lines[TRANSCRIPT_LINES];
};

struct transcript {
    uint64_t sequence; /* of the last line that was looked at; 0: none yet */
    uint64_t missed;   /* pushed out of the world before we looked */
    struct ring rings[PROTOCOL_CHANNELS_N];
};

static uint64_t oldest(const struct ring *ring)
{
    return ring->said > TRANSCRIPT_LINES ? ring->said - TRANSCRIPT_LINES : 0;
}

static void empty(struct transcript_line *line)
{
    blob_unref(line->name);
    blob_unref(line->text);
    line->name = line->text = NULL;
}

static void put(struct transcript *transcript, const struct snapshot *snapshot,
                const struct snapshot_chat_line *said, uint64_t now_ms)
{
    struct ring *ring = &transcript->rings[said->channel];
    struct transcript_line *line = &ring->lines[ring->said++ % TRANSCRIPT_LINES];
    const struct snapshot_entity *speaker =
        said->session != 0 ? snapshot_entity(snapshot, said->entity) : NULL;

    empty(line);
    *line = (struct transcript_line){.sequence = said->sequence,
                                     .said_ms = said->said_ms ? said->said_ms : now_ms,
                                     .session = said->session,
                                     .player = said->player <= INT64_MAX ? said->player : 0,
                                     .pos = said->pos,
                                     .channel = said->channel,
                                     .layer = speaker != NULL ? speaker->layer : 0,
                                     .name = blob_ref(said->name),
                                     .text = blob_ref(said->text)};
}

void transcript_take(struct transcript *transcript, const struct snapshot *snapshot,
                     uint64_t now_ms)
{
    const struct snapshot_chat_line *lines[SNAPSHOT_CHAT_LINES * PROTOCOL_CHANNELS_N];
    uint64_t newest = snapshot_chat_sequence(snapshot);
    size_t n;

    if (newest == transcript->sequence)
        return;
    n = snapshot_chat(snapshot, transcript->sequence, lines, ARRAY_N(lines));
    if (transcript->sequence != 0)
        transcript->missed += newest - transcript->sequence - n;
    transcript->sequence = newest;
    for (size_t i = 0; i < n; i++)
        put(transcript, snapshot, lines[i], now_ms);
}

struct transcript_place transcript_end(const struct transcript *transcript)
{
    struct transcript_place place = {.missed = transcript->missed};

    for (unsigned i = 0; i < PROTOCOL_CHANNELS_N; i++)
        place.said[i] = transcript->rings[i].said;
    return place;
}

/* The next line of a channel at a place, which moves over those that are empty. NULL: none. */
static const struct transcript_line *next_of(const struct ring *ring, uint64_t *said)
{
    while (*said < ring->said && ring->lines[*said % TRANSCRIPT_LINES].text == NULL)
        (*said)++;
    return *said < ring->said ? &ring->lines[*said % TRANSCRIPT_LINES] : NULL;
}

/* The oldest of those channels at a place, which moves behind it. NULL: there is none. */
static const struct transcript_line *next(const struct transcript *transcript,
                                          struct transcript_place *place, unsigned channels)
{
    const struct transcript_line *first = NULL, *line;

    for (unsigned i = 0; i < PROTOCOL_CHANNELS_N; i++) {
        if ((channels & 1u << i) == 0)
            continue;
        line = next_of(&transcript->rings[i], &place->said[i]);
        if (line != NULL && (first == NULL || line->sequence < first->sequence))
            first = line;
    }
    if (first != NULL)
        place->said[first->channel]++;
    return first;
}

size_t transcript_read(const struct transcript *transcript, struct transcript_place *place,
                       unsigned channels, const struct transcript_line **lines, size_t max,
                       uint64_t *lost)
{
    size_t n = 0;

    for (unsigned i = 0; i < PROTOCOL_CHANNELS_N; i++) {
        const struct ring *ring = &transcript->rings[i];

        if ((channels & 1u << i) == 0) {
            place->said[i] = ring->said;
        } else if (place->said[i] < oldest(ring)) {
            *lost += oldest(ring) - place->said[i];
            place->said[i] = oldest(ring);
        }
    }
    *lost += transcript->missed - place->missed;
    place->missed = transcript->missed;
    while (n < max && (lines[n] = next(transcript, place, channels)) != NULL)
        n++;
    return n;
}

/* The line before a channel's place, which moves back over those that are empty. NULL: none. */
static const struct transcript_line *previous_of(const struct ring *ring, uint64_t *said)
{
    while (*said > oldest(ring) && ring->lines[(*said - 1) % TRANSCRIPT_LINES].text == NULL)
        (*said)--;
    return *said > oldest(ring) ? &ring->lines[(*said - 1) % TRANSCRIPT_LINES] : NULL;
}

size_t transcript_newest(const struct transcript *transcript, unsigned channels,
                         const struct transcript_line **lines, size_t n)
{
    struct transcript_place place = transcript_end(transcript);
    const struct transcript_line *last, *line, *swap;
    size_t found = 0;

    for (; found < n; found++) {
        last = NULL;
        for (unsigned i = 0; i < PROTOCOL_CHANNELS_N; i++) {
            line = (channels & 1u << i) != 0 ? previous_of(&transcript->rings[i], &place.said[i])
                                             : NULL;
            if (line != NULL && (last == NULL || line->sequence > last->sequence))
                last = line;
        }
        if (last == NULL)
            break;
        place.said[last->channel]--;
        lines[found] = last;
    }
    for (size_t i = 0; i < found / 2; i++) {
        swap = lines[i];
        lines[i] = lines[found - 1 - i];
        lines[found - 1 - i] = swap;
    }
    return found;
}

static bool is_of(const struct transcript_line *line, uint64_t player, const char *name)
{
    if (line->session != 0)
        return line->player == player;
    return line->name != NULL && strcmp(line->name->bytes, name) == 0;
}

void transcript_forget(struct transcript *transcript, uint64_t player, const char *name)
{
    for (unsigned i = 0; transcript != NULL && player != 0 && i < PROTOCOL_CHANNELS_N; i++)
        for (unsigned at = 0; at < TRANSCRIPT_LINES; at++)
            if (is_of(&transcript->rings[i].lines[at], player, name))
                empty(&transcript->rings[i].lines[at]);
}

struct transcript *transcript_new(void)
{
    return calloc(1, sizeof(struct transcript));
}

void transcript_free(struct transcript *transcript)
{
    for (unsigned i = 0; transcript != NULL && i < PROTOCOL_CHANNELS_N; i++)
        for (unsigned at = 0; at < TRANSCRIPT_LINES; at++)
            empty(&transcript->rings[i].lines[at]);
    free(transcript);
}
