/* alerts.h -- what an operator should look at: one row a rule, judged once a second, with
 * hysteresis.
 *
 *   value beyond `raise` for raise_s  -> active, logged (alert_raised), openmmo_alert_active 1
 *   value back at `clear` for clear_s -> at rest, logged (alert_cleared), openmmo_alert_active 0
 *
 * Between the two thresholds nothing changes: what flickers is said once. Names are those of the
 * rules for Prometheus (data/prometheus) without "Openmmo", where they mean the same; here they
 * come sooner, for somebody looks. Pure but for log and metrics: what is measured is given.
 * Control thread. */
#ifndef OPENMMO_OPS_ALERTS_H
#define OPENMMO_OPS_ALERTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ops/metrics.h"

#define ALERTS_HELD   61 /* facts: of now, and of each of the 60 s before */
#define ALERTS_MAX    32 /* rules */
#define ALERTS_RECENT 64 /* that are over and remembered */
#define ALERTS_WORDS  200

/* What is measured. Times in milliseconds, memory in bytes. */
struct alerts_facts {
    uint64_t now_ms, wall_ms; /* monotonic; Unix time */
    /* Counted since the start. */
    uint64_t ticks, ticks_missed, logins_ok, logins_failed, handshakes_failed, refused;
    uint64_t http_failed, records_lost;
    struct metrics_histogram tick_us, sweep_us, store_us, store_wait_us;
    /* As it is now. */
    uint32_t tempo_permille, waiting, io_stuck, store_queue, saves_pending;
    uint32_t hashes_waiting, hashes_max;
    bool door_shut, store_away, journal_stopped;
    uint64_t durable_ms; /* the watermark, Unix time; 0: nothing was saved yet */
    uint32_t flush_ms;   /* how often positions are saved */
    uint64_t behind_ms;  /* alerts_look fills it in: how old waiting positions may be */
    /* What cannot be known is negative. */
    int64_t growth_bytes; /* growth.h */
    int64_t memory_free_permille, disk_free_permille, files_permille;
    int64_t certificate_s; /* until the first one expires; below 0 too; INT64_MAX: none is looked at
                            */
};

enum alerts_severity { ALERTS_INFO, ALERTS_WARN, ALERTS_PAGE };
enum alerts_unit {
    ALERTS_TRUTH, /* 1: so it is */
    ALERTS_COUNT,
    ALERTS_RATE, /* a second */
    ALERTS_SECONDS,
    ALERTS_MILLISECONDS,
    ALERTS_PERCENT,
    ALERTS_MIB,
    ALERTS_DAYS,
};

struct alerts_rule {
    const char *name;   /* "StoreAway" */
    const char *labels; /* of its metric: "alert=\"StoreAway\"" */
    enum alerts_severity severity;
    enum alerts_unit unit;
    bool below; /* small values are the bad ones */
    double raise;
    unsigned raise_s;
    double clear;
    unsigned clear_s;
    unsigned window_s; /* what reading is given as `then`: so old; 0: the same as now */
    /* NAN: it is not known, and nothing changes. */
    double (*reading)(const struct alerts_facts *now, const struct alerts_facts *then);
    const char *says;   /* what is so; {} stands for the value */
    const char *advice; /* what to do, a clause */
};

struct alerts_state {
    bool active;
    uint64_t since_ms;           /* Unix time of the last change; 0: never */
    double value, peak;          /* now; the worst since it is active */
    uint64_t beyond_ms, rest_ms; /* monotonic: so long it is beyond raise, back at clear; 0: not */
};

struct alerts_episode {
    unsigned rule;
    uint64_t raised_ms, cleared_ms; /* Unix time */
    double peak;
};

/* A zeroed one is at rest. */
struct alerts {
    struct alerts_state states[ALERTS_MAX];
    struct alerts_facts held[ALERTS_HELD];
    uint64_t looks;            /* how many; the newest facts are held[(looks - 1) % ALERTS_HELD] */
    uint64_t pending_since_ms; /* positions wait since then, monotonic; 0: none does */
    struct alerts_episode recent[ALERTS_RECENT];
    uint64_t episodes; /* how many are over; the newest is recent[(episodes - 1) % ALERTS_RECENT] */
    uint64_t changes;  /* rises with each that is raised or cleared */
};

/* Look at the facts, once a second. */
void alerts_look(struct alerts *alerts, const struct alerts_facts *facts);

const struct alerts_rule *alerts_rule(unsigned rule); /* constant; NULL: there are no more */
/* How many are active, at least that grave. */
unsigned alerts_active_n(const struct alerts *alerts, enum alerts_severity severity);
/* The i-th that is over, the newest first; NULL: there are no more. Valid until the next look. */
const struct alerts_episode *alerts_recent(const struct alerts *alerts, unsigned i);
const char *alerts_severity_name(enum alerts_severity severity); /* "page", constant */
/* "s", "ms", "/s", "%", "MiB", "days", or "" */
const char *alerts_unit_name(enum alerts_unit unit);
/* What is so, with that value: "positions are 95 s old in the database". Returns words. */
const char *alerts_words(const struct alerts_rule *rule, double value, char words[ALERTS_WORDS]);

#endif
