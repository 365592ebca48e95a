/* frames_text.h -- ready frames as a test reads them: packets with ';' behind each. */
#ifndef OPENMMO_TEST_FRAMES_TEXT_H
#define OPENMMO_TEST_FRAMES_TEXT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/eio_packet.h"
#include "http/eio_queue.h"

#define FRAMES_TEXT_BYTES 8192

/* What is no run of whole frames fails the test. Valid until the next call. */
static inline const char *frames_text(uint8_t *frames, size_t len_bytes)
{
    static char text[FRAMES_TEXT_BYTES];
    struct iovec part = {frames, len_bytes};
    struct eio_queue queue = {0};
    size_t n = 0;
    char *payload;

    assert_int_equal(eio_queue_add_frames(&queue, &part, 1, 3 * len_bytes), 0);
    payload = eio_queue_take_payload(&queue, &n);
    assert_true(n < sizeof(text) - 1);
    memcpy(text, payload, n);
    text[n] = '\0';
    for (char *at = text; (at = strchr(at, EIO_SEPARATOR)) != NULL;)
        *at = ';';
    if (n > 0)
        strcat(text, ";");
    free(payload);
    return text;
}

#endif
