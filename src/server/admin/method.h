/* method.h -- the methods of the operator's socket: one const row each, one file per family.
 *
 * A row says everything: name, parameters with types and ranges, the role it takes, whether it
 * changes something (then it is audited), what it does. Parameters are checked against the row
 * before the handler runs; rpc.discover, the manual and the console's completion are made from the
 * rows.
 * Control thread only. */
#ifndef OPENMMO_ADMIN_METHOD_H
#define OPENMMO_ADMIN_METHOD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "admin/admin.h"
#include "admin/audittail.h"
#include "admin/jsonrpc.h"
#include "admin/logtail.h"
#include "admin/role.h"
#include "admin/samples.h"
#include "common/compiler.h"
#include "common/error.h"
#include "common/hash.h"
#include "common/text.h"
#include "store/questions.h"

enum method_type {
    METHOD_TEXT,    /* min..max bytes of UTF-8, no NUL */
    METHOD_SECRET,  /* the same, and never written down */
    METHOD_INTEGER, /* min..max */
    METHOD_BOOLEAN,
    METHOD_WORD,   /* one of words */
    METHOD_OBJECT, /* whatever it holds: the handler checks */
    METHOD_ID, /* 0..2^64-1: an integer or, since JSON's numbers end early, its decimal digits */
};

struct method_param {
    const char *name;
    enum method_type type;
    bool required;
    int64_t min, max;
    const char *const *words; /* WORD: ends with NULL */
    const char *help;
};

struct method_call;
typedef void
method_fn(struct method_call *call); /* ends in method_done or method_fail, now or later */

struct method {
    const char *name; /* noun.verb */
    enum role role;   /* the lowest that may */
    bool changes;     /* audited */
    method_fn *run;
    const struct method_param *params; /* ends with a NULL name; NULL: takes none */
    const char *help;                  /* whole sentences */
};

/* What handlers may look at. */
struct method_desk {
    const struct admin_config *config;
    struct samples *samples;
    struct logtail *logtail;
    struct audittail *audittail;
    bool *saving;                /* a save that an operator asked for is under way */
    struct erasure *erasure;     /* cmd_privacy.h */
    struct method_call **parked; /* calls that wait for the store, by tag */
    struct atlas *atlas;         /* atlas.h */
    struct relief *relief;       /* relief.h */
    struct roster *roster;       /* roster.h */
    struct lately *lately;       /* lately.h */
};

struct client; /* client.h */

/* On the control thread: OK, NONE or TAKEN. */
typedef void method_answer_fn(struct method_call *call, const struct store_answer *answer);

struct method_call {
    const struct method *method;
    const struct method_desk *desk;
    struct client *client; /* the one who asked; valid until run returns, not later */
    struct role_peer peer; /* who that is */
    json_t *params;        /* an object, checked against the row; never NULL */
    struct jsonrpc_call *rpc;
    /* What the audit says besides; see method_about. */
    uint64_t player;
    char player_name[TEXT_NAME_MAX_BYTES + 1], target[STORE_TARGET_MAX];
    bool secret;            /* the result is not written down */
    method_answer_fn *next; /* who.h: what follows */
    void *work;             /* the handler's own, free()d with the call; may be NULL */
    /* method.c's. */
    uint64_t tag; /* key in parked */
    method_answer_fn *then;
    bool ended;
    int code;       /* how it ended: 0, or a jsonrpc_code */
    json_t *result; /* owned */
    json_t *row;    /* of the audit, while it is written; owned */
    char sentence[ERROR_TEXT_MAX];
    UT_hash_handle hh;
};

/* Begin a request: find the method, check role and parameters, run it. Takes rpc. */
void method_begin(const struct method_desk *desk, struct client *client,
                  const struct role_peer *peer, struct jsonrpc_call *rpc);

/* The audit's target: an account (its name goes into the detail), or a text such as a network. */
void method_about(struct method_call *call, uint64_t player, const char *name);
/* See method_about. */
void method_target(struct method_call *call, const char *target);
/* Ask the store for a call that goes on in `then`. Where the database is away the call fails, and
 * says so. question: statement and in are filled. call->client is not valid afterwards. */
void method_ask(struct method_call *call, struct store_question *question, method_answer_fn *then);
/* The same for another room that answers later, by a tag: park (0: out of memory, the call has
 * failed), and unpark when the answer is there (NULL: the call was given up meanwhile).
 * call->client is not valid afterwards. */
uint64_t method_park(struct method_call *call);
/* See method_park. */
struct method_call *method_unpark(const struct method_desk *desk, uint64_t tag);
/* The server stops: calls that wait are answered, what they waited for comes to nobody.
 */
void method_give_up(const struct method_desk *desk);

/* The end of a call, for handlers. A change is audited here, in the log and in the database: the
 * answer is given once that row is durable or, where it cannot be had, says that it is not there.
 * result is taken. */
void method_done(struct method_call *call, json_t *result);
/* The same where it did not succeed: the sentence that the operator reads. */
void method_fail(struct method_call *call, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same where the parameters were wrong in a way that their rows do not tell. */
void method_misused(struct method_call *call, const char *format, ...) PRINTF_LIKE(2, 3);

/* The same where the role does not reach for what was asked, though it does for the method. */
void method_deny(struct method_call *call, const char *format, ...) PRINTF_LIKE(2, 3);

/* A parameter's value; what stands in `otherwise` where it was not given. */
const char *method_text(const struct method_call *call, const char *name, const char *otherwise);
/* Within its row's range. */
int64_t method_integer(const struct method_call *call, const char *name, int64_t otherwise);
/* True or false. */
bool method_boolean(const struct method_call *call, const char *name, bool otherwise);
/* 0..2^64-1. */
uint64_t method_id(const struct method_call *call, const char *name, uint64_t otherwise);
int method_word(const struct method_call *call, const char *name, int otherwise); /* its index */
bool method_given(const struct method_call *call, const char *name);
/* True: its value stands in no sentence either, for those are written down. */
bool method_secret(const struct method_call *call, const char *name);

/* Check an object against rows; also for what a subscription's topic takes. Returns 0, or -1 +
 * error that names the parameter. */
int method_check(const struct method_param *rows, const json_t *params,
                 struct error *error) MUST_CHECK;

/* The i-th of all methods, NULL after the last; and one by name. */
const struct method *method_at(unsigned i);
/* NULL: there is none of that name. */
const struct method *method_find(const char *name);

/* A u64 as JSON: decimal digits in a string, exact for every reader. */
json_t *method_id_json(uint64_t id);
json_t *method_time_json(uint64_t ms); /* Unix time; null where it is 0: never */

/* The families: each ends with a NULL name. */
extern const struct method CMD_RPC[], CMD_SERVER[], CMD_PLAYERS[], CMD_LOG[], CMD_METRICS[],
    CMD_CONFIG[], CMD_LOAD[], CMD_AUTH[], CMD_AUDIT[], CMD_BANS[], CMD_PRIVACY[], CMD_ACCOUNTS[],
    CMD_STORE[], CMD_OPERATING[], CMD_ALLOWLIST[], CMD_SESSIONS[];
extern const struct method CMD_CHAT[];
extern const struct method CMD_ALERTS[];
extern const struct method CMD_WORLD[];
extern const struct method CMD_REPORTS[];
extern const struct method CMD_NETWORK[];

/* What topics and methods share; new references. */
json_t *cmd_server_status(const struct method_desk *desk);
/* Of server.status: ending, maintenance, drain. */
json_t *cmd_operating_json(const struct method_desk *desk);
json_t *cmd_load_ladder(const struct method_desk *desk); /* what server.ladder answers */
/* What alerts.list answers, with so many that are over. */
json_t *cmd_alerts_list(const struct method_desk *desk, unsigned recent);
/* params: an object that CMD_PLAYERS_LIST_PARAMS took. */
json_t *cmd_players_list(const struct method_desk *desk, const json_t *params);
/* A row as methods answer it. */
json_t *cmd_bans_json(const struct store_ban *ban);
/* The same. */
json_t *cmd_allowlist_json(const struct store_listed *listed);
/* A row as audit.list answers it; a new reference. */
json_t *cmd_audit_json(const struct store_audit *audit);
json_t *cmd_log_line(const struct logtail_line *line); /* line is borrowed */
extern const struct method_param CMD_PLAYERS_LIST_PARAMS[];
/* A row as reports.list answers it; a new reference. */
json_t *cmd_reports_json(const struct store_report *report);
json_t *cmd_reports_state(const struct method_desk *desk); /* how many are open, the newest */
struct transcript_line;                                    /* play/transcript.h */
json_t *cmd_chat_line(const struct method_desk *desk, const struct transcript_line *line);
const char *cmd_chat_channel(uint32_t channel); /* its word; "": there is none */
/* Which channels CMD_CHAT_PARAMS name, as bits (play/transcript.h). */
unsigned cmd_chat_channels(const json_t *params);
extern const struct method_param CMD_CHAT_PARAMS[];

#endif
