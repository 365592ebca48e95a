/* policy.h -- who may log in just now, of those who could: maintenance, and a drain.
 *
 * - allowlist: only staff and those who are listed, where it is configured so. Before the others,
 *   for it does not pass.
 * - maintenance: the same; who is here stays. It outlasts a restart: it is in force where there is
 *   its file, which holds the text that others are told (an empty one: the usual). So it can be
 *   begun and ended while the daemon is down.
 * - drain: nobody new, whoever it is but staff; those who come back may. Not over a restart.
 *
 * Knows accounts by what the caller says of them. Owner: control; control thread only. */
#ifndef OPENMMO_ACCOUNTS_POLICY_H
#define OPENMMO_ACCOUNTS_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/protocol.h"

#define POLICY_BY_MAX 64

struct policy; /* opaque */
struct allowlist;

/* A mode, as it is shown. */
struct policy_mode {
    bool on;
    uint64_t since_ms;                /* Unix time */
    char by[POLICY_BY_MAX];           /* the operator's name; empty: by its file, at the start */
    char text[PROTOCOL_TEXT_MAX + 1]; /* of maintenance: what others are told */
    uint32_t retry_after_s;           /* of a drain: what they are told */
};

/* Who asks to be let in. */
struct policy_guest {
    uint64_t player; /* 0: a guest, or one who has no account yet */
    bool staff;      /* by his account's role */
    bool here;       /* his figure stands in the world */
    bool returns;    /* it did a minute ago, or before a restart */
};

struct policy_refusal {
    enum protocol_reason reason;
    uint32_t retry_after_ms; /* 0: nobody knows when */
    char text[PROTOCOL_TEXT_MAX + 1];
};

/* file: of maintenance; copied. NULL: out of memory. */
struct policy *policy_new(const char *file);
void policy_free(struct policy *policy); /* NULL is fine */

/* Who is listed may log in under maintenance; NULL: nobody is. Borrowed. */
void policy_set_allowlist(struct policy *policy, const struct allowlist *allowlist);
/* Whether nobody else may log in, ever. */
void policy_set_listed_only(struct policy *policy, bool listed_only);
/* As policy_set_listed_only left it. */
bool policy_listed_only(const struct policy *policy);

/* False: he is refused, so. policy NULL: everybody may. */
bool policy_admits(const struct policy *policy, const struct policy_guest *guest,
                   struct policy_refusal *refusal);
/* The same, and a refusal is counted. */
bool policy_lets_in(const struct policy *policy, const struct policy_guest *guest,
                    struct policy_refusal *refusal);

/* Begin maintenance, or change its text. text: 1..PROTOCOL_TEXT_MAX bytes that text_chat_check
 * took. It holds in any case; -1 + error: it could not be written down, and ends with this run. */
int policy_begin_maintenance(struct policy *policy, const char *text, const char *by,
                             struct error *error) MUST_CHECK;
/* It is over in any case; -1 + error: its file is still there, and the next start finds it. */
int policy_end_maintenance(struct policy *policy, struct error *error) MUST_CHECK;
/* retry_after_s: 0: the drain is over. */
void policy_drain(struct policy *policy, uint32_t retry_after_s, const char *by);

/* Valid until they are changed. */
const struct policy_mode *policy_maintenance(const struct policy *policy);
/* The same of a drain. */
const struct policy_mode *policy_draining(const struct policy *policy);

#endif
