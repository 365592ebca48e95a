/* entry.h -- the way in: what a bot says and hears from HELLO to WELCOME.
 *
 * Registers, or comes back by token or by password, as its account can. Judges refusals. Knows no
 * socket's events and no world. One thread. */
#ifndef OPENMMO_BOTS_ENTRY_H
#define OPENMMO_BOTS_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "bots/accounts.h"
#include "common/link.h"
#include "common/protocol.h"

/* Send one message, or nothing where the link has no room for so many bytes. */
#define ENTRY_SEND(link, word, message, need)                                                      \
    do {                                                                                           \
        struct wire_writer writer_;                                                                \
        if (link_send_begin((link), (need), &writer_) == 0) {                                      \
            protocol_encode_##word(&writer_, (message));                                           \
            link_send_commit((link), &writer_);                                                    \
        }                                                                                          \
    } while (0)

enum entry_verdict {
    ENTRY_WAIT,   /* something else was sent: the answer is to come */
    ENTRY_QUEUED, /* in the queue for a place: for as long as it takes */
    ENTRY_AGAIN,  /* not now: a new connection later */
    ENTRY_BARRED  /* never */
};

/* Over a link whose TLS is up. */
void entry_hello(struct link *link);
/* REGISTER or AUTH. */
void entry_log_in(struct link *link, const struct account *account);
/* RESUME, after an account's connection ended; chat_sequence: of the last line heard, 0: none. */
void entry_resume(struct link *link, const struct account *account, uint64_t chat_sequence);
/* LEAVE, at once: for the end of a run. Nothing where the link takes nothing. */
void entry_leave(struct link *link);
/* The server refused for that reason: repair the account and ask once more, or not. */
enum entry_verdict entry_refused(struct link *link, struct accounts *accounts,
                                 struct account *account, unsigned reason);
/* WELCOME: keep its token. Returns true if the account is new. */
bool entry_welcome(struct account *account, const struct protocol_welcome *welcome);

#endif
