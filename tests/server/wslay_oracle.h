/* wslay_oracle.h -- what wslay makes of the frames that a client sends. */
#ifndef OPENMMO_TESTS_WSLAY_ORACLE_H
#define OPENMMO_TESTS_WSLAY_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WSLAY_ORACLE_MESSAGES 256
#define WSLAY_ORACLE_BYTES    (1 << 16)

struct wslay_oracle_message {
    uint8_t opcode;
    size_t at, n; /* in bytes; of a close frame with its code */
};

struct wslay_oracle {
    struct wslay_oracle_message messages[WSLAY_ORACLE_MESSAGES];
    unsigned messages_n;
    uint8_t bytes[WSLAY_ORACLE_BYTES];
    size_t bytes_n;
    bool open;     /* it takes more */
    uint16_t code; /* of the close frame that it sends; 0: none */
    /* Of one reading. */
    const uint8_t *input;
    size_t input_n, sent_n;
    uint8_t sent[4096];
};

/* All of input, as one connection's. most_bytes: of a message. False: the oracle has no room. */
bool wslay_oracle_read(struct wslay_oracle *oracle, const uint8_t *input, size_t n,
                       uint64_t most_bytes);

#endif
