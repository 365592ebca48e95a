/* about_records.h -- what the store keeps as a record: what operators did, what was said. Plain
 * data; the questions about it are in questions.h, their SQL in statements_records.c. */
#ifndef OPENMMO_STORE_ABOUT_RECORDS_H
#define OPENMMO_STORE_ABOUT_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/text.h"

#define STORE_ACTOR_MAX   64  /* an operator's name, with its NUL */
#define STORE_METHOD_MAX  64  /* with its NUL */
#define STORE_TARGET_MAX  128 /* with its NUL */
#define STORE_OUTCOME_MAX 240 /* with its NUL */
#define STORE_DETAIL_MAX  4096

struct store_audit {
    uint64_t id, at_ms;
    bool has_uid;
    uint32_t uid;
    char actor[STORE_ACTOR_MAX], method[STORE_METHOD_MAX];
    char target[STORE_TARGET_MAX];   /* "#17": that account; a network; "" */
    char detail[STORE_DETAIL_MAX];   /* JSON, an object */
    char outcome[STORE_OUTCOME_MAX]; /* "ok", "denied: ...", "failed: ..." */
};

/* A page of a list. */
struct store_page {
    uint64_t
        from; /* only ids beyond it: above it in lists that rise, below it in those that fall */
    uint64_t about;  /* an account; 0 */
    uint64_t now_ms; /* Unix time */
    uint32_t limit;
    char text[STORE_TARGET_MAX];
};

#endif
