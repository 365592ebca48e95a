/* wslay_oracle.c -- see wslay_oracle.h. */
#include "wslay_oracle.h"

#include <string.h>
#include <wslay/wslay.h>

static ssize_t give(wslay_event_context_ptr context, uint8_t *bytes, size_t n, int flags,
                    void *data)
{
    struct wslay_oracle *oracle = data;

    (void)flags;
    if (oracle->input_n == 0) {
        wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    if (n > oracle->input_n)
        n = oracle->input_n;
    memcpy(bytes, oracle->input, n);
    oracle->input += n;
    oracle->input_n -= n;
    return (ssize_t)n;
}

/* What it answers: pongs and the close frame. */
static ssize_t take(wslay_event_context_ptr context, const uint8_t *bytes, size_t n, int flags,
                    void *data)
{
    struct wslay_oracle *oracle = data;

    (void)context;
    (void)flags;
    if (n > sizeof(oracle->sent) - oracle->sent_n)
        n = sizeof(oracle->sent) - oracle->sent_n;
    memcpy(oracle->sent + oracle->sent_n, bytes, n);
    oracle->sent_n += n;
    return (ssize_t)n;
}

static void find_close(struct wslay_oracle *oracle)
{
    for (size_t i = 0; i + 4 <= oracle->sent_n; i += 2u + (oracle->sent[i + 1] & 0x7f))
        if (oracle->sent[i] == 0x88 && oracle->sent[i + 1] >= 2)
            oracle->code = (uint16_t)(oracle->sent[i + 2] << 8 | oracle->sent[i + 3]);
}

static void message(wslay_event_context_ptr context,
                    const struct wslay_event_on_msg_recv_arg *argument, void *data)
{
    struct wslay_oracle *oracle = data;
    struct wslay_oracle_message *m = &oracle->messages[oracle->messages_n];

    (void)context;
    if (oracle->messages_n == WSLAY_ORACLE_MESSAGES ||
        argument->msg_length > WSLAY_ORACLE_BYTES - oracle->bytes_n) {
        oracle->bytes_n = WSLAY_ORACLE_BYTES + 1;
        return;
    }
    oracle->messages_n++;
    m->opcode = argument->opcode;
    m->at = oracle->bytes_n;
    m->n = argument->msg_length;
    if (m->n > 0)
        memcpy(oracle->bytes + m->at, argument->msg, m->n);
    oracle->bytes_n += m->n;
}

bool wslay_oracle_read(struct wslay_oracle *oracle, const uint8_t *input, size_t n,
                       uint64_t most_bytes)
{
    struct wslay_event_callbacks callbacks = {
        .recv_callback = give,
        .send_callback = take,
        .on_msg_recv_callback = message,
    };
    wslay_event_context_ptr context;

    oracle->messages_n = 0;
    oracle->bytes_n = 0;
    oracle->code = 0;
    oracle->sent_n = 0;
    oracle->input = input;
    oracle->input_n = n;
    if (wslay_event_context_server_init(&context, &callbacks, oracle) != 0)
        return false;
    wslay_event_config_set_max_recv_msg_length(context, most_bytes);
    oracle->open = wslay_event_recv(context) == 0 && wslay_event_get_read_enabled(context);
    while (wslay_event_want_write(context) && wslay_event_send(context) == 0)
        ;
    find_close(oracle);
    wslay_event_context_free(context);
    return oracle->bytes_n <= WSLAY_ORACLE_BYTES;
}
