/* chat.h -- what was said, at the lower left, and the line to answer on.
 * Owns the last lines and the history; draws lines by ui_text (any script) and the input by
 * imgui_shim. One thread. */
#ifndef OPENMMO_CLIENT_CHAT_H
#define OPENMMO_CLIENT_CHAT_H

#include <stdbool.h>

#include "common/compiler.h"
#include "common/protocol.h"
#include "common/text.h"
#include "ui/list.h"
#include "ui/text.h"

#define CHAT_LINES_MAX   100
#define CHAT_HISTORY_MAX 32

struct chat;

/* What the player sent off. */
struct chat_said {
    enum protocol_channel channel; /* NEARBY or GLOBAL */
    char text[TEXT_CHAT_MAX_BYTES + 1];
    char about[TEXT_NAME_MAX_BYTES + 1]; /* not empty: text is a report of that player */
};

struct chat *chat_new(void); /* NULL when out of memory */
void chat_free(struct chat *chat);

/* A line that came in; name and text of any bytes (sanitised here). name empty: the server or the
 * client itself speaks. */
void chat_add(struct chat *chat, enum protocol_channel channel, struct wire_text name,
              struct wire_text text, double now_s);

/* The line to type on: open it (it takes the keyboard), close it (what was typed goes), ask. */
void chat_open(struct chat *chat);
void chat_close(struct chat *chat);         /* what was typed goes */
bool chat_is_open(const struct chat *chat); /* it has the keyboard */
/* Nearby or global, while open. */
void chat_switch_channel(struct chat *chat);

/* What a typed line means: "/g text" and "/n text" choose the channel for it, alone for good;
 * "/report NAME text", a name with spaces in quotes, reports a player; other slashes are refused
 * with *refused (constant). True: said is to be sent. Public for tests. */
bool chat_read_line(struct chat *chat, const char *line, struct chat_said *said,
                    const char **refused) MUST_CHECK;

struct chat_place {
    float width, height, scale; /* of the framebuffer */
    double now_s;
};
/* Where the last chat_draw wrote; empty where it wrote nothing. */
struct ui_rect chat_area(const struct chat *chat);
/* Draw within an imgui frame. True: said is to be sent. */
bool chat_draw(struct chat *chat, struct ui_text *text, struct ui_list *list,
               const struct chat_place *place, struct chat_said *said);

#endif
