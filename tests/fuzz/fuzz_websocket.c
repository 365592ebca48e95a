/* fuzz_websocket.c -- frames that a client sends: the same messages and the same fault however they
 * are cut, and nothing taken that wslay does not take with the same messages. */
#include <string.h>

#include "fuzz.h"
#include "http/websocket.h"
#include "wslay_oracle.h"

#define MOST 4096

/* What came: per message its kind and its bytes. */
struct heard {
    uint8_t bytes[1 << 16];
    size_t n;
    unsigned messages_n;
    enum websocket_kind last;
    uint16_t code;
};

static void hear(struct heard *heard, const struct websocket_event *event)
{
    heard->last = event->kind;
    heard->code = event->code;
    if (event->kind == WEBSOCKET_BAD)
        return;
    MUST(event->len_bytes <= MOST && heard->n + event->len_bytes + 1 <= sizeof(heard->bytes));
    heard->messages_n++;
    heard->bytes[heard->n++] = (uint8_t)event->kind;
    if (event->len_bytes > 0)
        memcpy(heard->bytes + heard->n, event->bytes, event->len_bytes);
    heard->n += event->len_bytes;
}

static void read_all(const uint8_t *wire, size_t n, size_t piece, struct heard *heard)
{
    struct websocket websocket;

    heard->n = heard->messages_n = heard->code = 0;
    heard->last = WEBSOCKET_MORE;
    websocket_init(&websocket, MOST);
    for (size_t at = 0; at < n; at += piece) {
        size_t now = n - at < piece ? n - at : piece, done = 0, used;
        uint8_t *exact = malloc(now);
        struct websocket_event event;
        memcpy(exact, wire + at, now);
        while (event = websocket_read(&websocket, exact + done, now - done, &used),
               event.kind != WEBSOCKET_MORE) {
            done += used;
            MUST(done <= now);
            hear(heard, &event);
        }
        free(exact);
    }
    websocket_fini(&websocket);
}

static void check_oracle(const struct wslay_oracle *oracle, const struct heard *heard)
{
    size_t at = 0;

    MUST(oracle->messages_n == heard->messages_n);
    for (unsigned i = 0; i < oracle->messages_n; i++) {
        const struct wslay_oracle_message *m = &oracle->messages[i];
        size_t skip = m->opcode == WEBSOCKET_OP_CLOSE && m->n >= 2 ? 2 : 0;
        at++; /* its kind */
        MUST(at + m->n - skip <= heard->n);
        MUST(memcmp(heard->bytes + at, oracle->bytes + m->at + skip, m->n - skip) == 0);
        at += m->n - skip;
    }
    MUST(at == heard->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static struct heard whole, part;
    static struct wslay_oracle oracle;

    if (len_bytes > 8192)
        return 0;
    read_all(bytes, len_bytes, len_bytes ? len_bytes : 1, &whole);
    for (size_t piece = 1; piece < 8; piece++) {
        read_all(bytes, len_bytes, piece, &part);
        MUST(part.n == whole.n && memcmp(part.bytes, whole.bytes, whole.n) == 0);
        MUST(part.last == whole.last && part.code == whole.code);
    }
    if (whole.last == WEBSOCKET_BAD || whole.messages_n > WSLAY_ORACLE_MESSAGES)
        return 0;
    if (whole.last == WEBSOCKET_CLOSE && whole.code >= 1012 && whole.code <= 1014)
        return 0; /* wslay's list of codes ends before */
    MUST(wslay_oracle_read(&oracle, bytes, len_bytes, MOST));
    check_oracle(&oracle, &whole);
    return 0;
}
