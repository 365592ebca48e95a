/* eio_packet.c -- see eio_packet.h. */
#include "http/eio_packet.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int eio_packet_read(const char *text, size_t len_bytes, struct eio_packet *packet)
{
    char type = len_bytes > 0 ? text[0] : '\0';

    if ((type < EIO_OPEN || type > EIO_NOOP) && type != EIO_BINARY)
        return -1;
    packet->type = (enum eio_type)type;
    packet->data = text + 1;
    packet->data_bytes = len_bytes - 1;
    return 0;
}

bool eio_packet_says(const struct eio_packet *packet, const char *text)
{
    return packet->data_bytes == strlen(text) &&
           memcmp(packet->data, text, packet->data_bytes) == 0;
}

void eio_payload_init(struct eio_payload *payload, const char *text, size_t len_bytes)
{
    payload->at = text;
    payload->end = text + len_bytes;
}

enum eio_next eio_payload_next(struct eio_payload *payload, struct eio_packet *packet)
{
    const char *from = payload->at, *separator;
    size_t n;

    if (from == NULL)
        return EIO_OVER;
    n = (size_t)(payload->end - from);
    separator = n > 0 ? memchr(from, EIO_SEPARATOR, n) : NULL;
    if (separator != NULL)
        n = (size_t)(separator - from);
    payload->at = separator != NULL ? separator + 1 : NULL;
    if (eio_packet_read(from, n, packet) == 0)
        return EIO_NEXT;
    payload->at = NULL;
    return EIO_BAD;
}

size_t eio_packet_open(const struct eio_handshake *handshake, char out[EIO_OPEN_BYTES])
{
    int n = snprintf(out, EIO_OPEN_BYTES,
                     "0{\"sid\":\"%.64s\",\"upgrades\":[%s],\"pingInterval\":%" PRIu32
                     ",\"pingTimeout\":%" PRIu32 ",\"maxPayload\":%" PRIu32 "}",
                     handshake->sid, handshake->upgrades ? "\"websocket\"" : "",
                     handshake->ping_interval_ms, handshake->ping_timeout_ms,
                     handshake->payload_bytes_max);

    return n > 0 ? (size_t)n : 0;
}

const char *eio_error_body(enum eio_error error)
{
    switch (error) {
    case EIO_TRANSPORT_UNKNOWN:
        return "{\"code\":0,\"message\":\"Transport unknown\"}";
    case EIO_SID_UNKNOWN:
        return "{\"code\":1,\"message\":\"Session ID unknown\"}";
    case EIO_METHOD_BAD:
        return "{\"code\":2,\"message\":\"Bad handshake method\"}";
    case EIO_REQUEST_BAD:
        return "{\"code\":3,\"message\":\"Bad request\"}";
    case EIO_FORBIDDEN:
        return "{\"code\":4,\"message\":\"Forbidden\"}";
    case EIO_VERSION_UNSUPPORTED:
        return "{\"code\":5,\"message\":\"Unsupported protocol version\"}";
    }
    return "";
}

int eio_error_status(enum eio_error error)
{
    return error == EIO_FORBIDDEN ? 403 : 400;
}
