/* sio_packet.h -- Socket.IO v5 packets, as they lie in Engine.IO's messages.
 *
 *   type [attachments '-'] ['/' namespace ','] [ack id] [JSON]      2["chat:send",{"message":"hi"}]
 *
 * Reading is as strict as Socket.IO's own: what it would close a connection for is malformed. Pure.
 */
#ifndef OPENMMO_HTTP_SIO_PACKET_H
#define OPENMMO_HTTP_SIO_PACKET_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

#define SIO_ATTACHMENTS_MAX 10
#define SIO_NO_ACK          UINT32_MAX
#define SIO_SPACE_MAX       128 /* bytes of a namespace's name */

enum sio_type {
    SIO_CONNECT,
    SIO_DISCONNECT,
    SIO_EVENT,
    SIO_ACK,
    SIO_CONNECT_ERROR,
    SIO_BINARY_EVENT,
    SIO_BINARY_ACK,
};

struct sio_packet {
    enum sio_type type;
    unsigned attachments; /* binary messages that follow it */
    const char *space;    /* the namespace, not NUL-terminated: "/" where none is named */
    size_t space_bytes;
    uint32_t ack; /* the id under which it wants to be acknowledged, or SIO_NO_ACK */
    json_t *data; /* NULL: none. Its kind is its type's: an object, an array that begins with a
                     name, nothing. All numbers are reals, strings may hold NULs; half a surrogate
                     pair is U+FFFD. Released by sio_packet_clear */
};

/* All of the text. 0; -1: malformed (nothing to clear). */
int sio_packet_read(const char *text, size_t len_bytes, struct sio_packet *packet) MUST_CHECK;
/* Twice is fine. */
void sio_packet_clear(struct sio_packet *packet);
/* True if it is of this namespace. */
bool sio_packet_is_of(const struct sio_packet *packet, const char *space);

/* Packets of ours, without Engine.IO's digit, NUL-terminated. Each returns its length; 0: no room.
 */
size_t sio_packet_connect(char *out, size_t out_bytes, const char *sid);
/* Of the namespace that was asked for; text any UTF-8. */
size_t sio_packet_connect_error(char *out, size_t out_bytes, const char *space, size_t space_bytes,
                                const char *text);
/* error NULL: [{"ok":true}], else [{"ok":false,"error":error}]. */
size_t sio_packet_ack(char *out, size_t out_bytes, uint32_t ack, const char *error);
/* An event with one member: ["name",{"member":text}]. */
size_t sio_packet_event(char *out, size_t out_bytes, const char *name, const char *member,
                        const char *text);

#endif
