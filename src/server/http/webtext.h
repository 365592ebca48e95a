/* webtext.h -- what web clients are told, as bytes: Socket.IO events in ready WebSocket text
 * frames, unmasked, as servers send them. Pure; any thread.
 *
 * Each function writes at `to`, where the caller has made room (the *_MAX), and returns the end. */
#ifndef OPENMMO_HTTP_WEBTEXT_H
#define OPENMMO_HTTP_WEBTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "common/protocol.h"
#include "common/space.h"
#include "common/text.h"

#define WEBTEXT_HEAD_MAX          4 /* of a frame below 64 KiB */
#define WEBTEXT_HEAD_LONG         10
#define WEBTEXT_ID_MAX            13
#define WEBTEXT_NUMBER            11
#define WEBTEXT_PLACE_MAX         (27 + 3 * WEBTEXT_NUMBER)
#define WEBTEXT_MOVED_MAX         (WEBTEXT_HEAD_MAX + 48 + WEBTEXT_ID_MAX + WEBTEXT_PLACE_MAX)
#define WEBTEXT_LEFT_MAX          (WEBTEXT_HEAD_MAX + 48 + WEBTEXT_ID_MAX)
#define WEBTEXT_ROW_BYTES(name_n) (48 + WEBTEXT_ID_MAX + 6 * (name_n) + WEBTEXT_PLACE_MAX)
#define WEBTEXT_ROW_MAX           WEBTEXT_ROW_BYTES(TEXT_NAME_MAX_BYTES)
#define WEBTEXT_JOINED_MAX        (WEBTEXT_HEAD_MAX + 24 + WEBTEXT_ROW_MAX)
#define WEBTEXT_CHAT_MAX                                                                           \
    (WEBTEXT_HEAD_MAX + 128 + WEBTEXT_ID_MAX + 6 * (TEXT_NAME_MAX_BYTES + PROTOCOL_TEXT_MAX))

/* Who a figure is to web clients: a web client's session, or its entity's id. */
#define WEBTEXT_KEY(session, entity) (SESSION_WEB(session) ? (session) : (entity))
/* Its id: "w..." or "n...", a few letters, digits, '-', '_'; no NUL. 0 is the server's. */
char *webtext_id(char *to, uint64_t key);

/* Units as metres, to a thousandth at least as near, without needless digits. */
char *webtext_number(char *to, int32_t units);
/* A JSON string's inside. */
char *webtext_escaped(char *to, const char *bytes, size_t n);

/* The events of that name, each a whole frame. */
char *webtext_moved(char *to, uint64_t key, struct space_pos pos);
/* As above. */
char *webtext_left(char *to, uint64_t key);
char *webtext_corrected(char *to, struct space_pos pos); /* WEBTEXT_MOVED_MAX */
/* {"id", "username", "position"}: what joined and state are made of; n <= TEXT_NAME_MAX_BYTES. */
char *webtext_row(char *to, uint64_t key, const char *name, size_t n, struct space_pos pos);
char *webtext_joined(char *to, const char *row, size_t row_n); /* of such a row */
/* game:state's beginning, for so many bytes of rows with a comma between; WEBTEXT_HEAD_LONG + 32.
 */
char *webtext_state(char *to, size_t rows_n);
#define WEBTEXT_STATE_END "]}]"
/* key 0: the server says it. Both texts UTF-8; name at most TEXT_NAME_MAX_BYTES, text at most
 * PROTOCOL_TEXT_MAX bytes. */
struct webtext_line {
    uint64_t key;
    const char *name, *text;
    size_t name_n, text_n;
    uint64_t wall_ms; /* Unix time */
};
/* chat:message. */
char *webtext_chat(char *to, const struct webtext_line *line);

#endif
