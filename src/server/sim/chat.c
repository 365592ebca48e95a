/* chat.c -- see chat.h. */
#include "sim/chat.h"

#include <stdlib.h>
#include <string.h>

#include "sim/cell.h"

void chat_add(struct chat *chat, const struct snapshot_chat_line *line, struct graveyard *graveyard,
              uint32_t tick)
{
    struct snapshot_chat_line *place;

    chat->sequence++;
    place = &chat->lines[chat->sequence % SNAPSHOT_CHAT_LINES];
    graveyard_put(graveyard, place->name, tick);
    graveyard_put(graveyard, place->text, tick);
    *place = *line;
    place->sequence = chat->sequence;
}

void chat_fini(struct chat *chat)
{
    for (unsigned i = 0; i < SNAPSHOT_CHAT_LINES; i++) {
        blob_unref(chat->lines[i].name);
        blob_unref(chat->lines[i].text);
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
