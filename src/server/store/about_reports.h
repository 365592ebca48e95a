/* about_reports.h -- what the store keeps of players' reports about each other. Plain data; the
 * questions about it are in questions.h, their SQL in statements_reports.c. */
#ifndef OPENMMO_STORE_ABOUT_REPORTS_H
#define OPENMMO_STORE_ABOUT_REPORTS_H

#include <stdint.h>

#include "common/text.h"
#include "store/about_moderation.h"
#include "store/about_records.h"

struct store_report {
    uint64_t id, at_ms;
    uint64_t reporter_id; /* 0: that account was erased */
    uint64_t about_id;    /* 0: a guest */
    uint64_t closed_ms;   /* 0: it is open */
    uint32_t earlier;     /* reports about the same account before it; only answered */
    char reporter[TEXT_NAME_MAX_BYTES + 1], about[TEXT_NAME_MAX_BYTES + 1]; /* as they were */
    char words[TEXT_CHAT_MAX_BYTES + 1];
    char closed_by[STORE_ACTOR_MAX], verdict[STORE_REASON_MAX];
};

/* A new report. */
struct store_reporting {
    struct store_report report; /* all but id, closed and earlier */
    uint64_t since_ms;          /* at most `most` of this reporter since then, Unix time, */
    uint32_t most;              /* 1 or more */
    uint32_t open_most;         /* and at most so many open ones in all; 1 or more */
};

/* A line of the chat around a report. */
struct store_report_line {
    uint64_t id, report_id, at_ms;
    uint64_t player_id; /* 0: a guest, or the server */
    uint32_t channel;   /* enum protocol_channel */
    char name[TEXT_NAME_MAX_BYTES + 1], text[TEXT_CHAT_MAX_BYTES + 1];
};

#endif
