/* report.h -- what the bots saw, counted, and printed as text or JSON.
 *
 * Each process fills one; they are added up for the end. All of it is of the measured players,
 * unless it says otherwise. Plain memory: it may lie in a shared mapping. One writer. */
#ifndef OPENMMO_BOTS_REPORT_H
#define OPENMMO_BOTS_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bots/histogram.h"
#include "common/error.h"

#define REPORT_CLASSES   5  /* of distance */
#define REPORT_PROCESSES 64 /* at most */

/* Upper ends of the classes but the last, in metres. */
extern const unsigned report_class_m[REPORT_CLASSES - 1];

/* What receivers check in what they are sent. Any fault ends the connection. */
struct report_checks {
    uint64_t blocks;    /* compared or decoded, by everybody */
    uint64_t distinct;  /* of them decoded whole: each distinct one once a process, at least */
    uint64_t malformed; /* frames and blocks that do not parse */
    uint64_t differing; /* blocks whose bytes are not those that others got under the same header */
    uint64_t gaps;      /* blocks that begin after what the receiver has */
    uint64_t strangers; /* blocks of cells that are not in the receiver's view */
    uint64_t refused;   /* what a replica refuses */
    struct error first; /* the first of these faults */
};

struct report {
    struct error trouble; /* why the process could not play */
    /* The way in, over the whole run. */
    uint32_t players, joined, registered, retries;
    uint32_t restarts, resumed; /* told that the server restarts, and back in the world after it */
    uint32_t failed;            /* never came in */
    uint32_t lost;              /* were in, and were ended by the server or the network */
    uint32_t decoders;          /* who decode everything themselves */
    uint32_t disconnects[256], notices[256]; /* by reason; before and after the login */
    uint32_t broken;                         /* connections that ended without a DISCONNECT */
    struct error broken_text;                /* how the first of them ended */
    struct report_checks checks;
    struct histogram entering; /* how long a login took, from connect to WELCOME */
    /* Those who are not measured, whose end is no fault. */
    uint32_t odd;                  /* how many misbehave */
    uint32_t odd_ended;            /* how often one of them was ended or could not come in */
    uint32_t odd_disconnects[256]; /* by reason */
    uint64_t flooded, vanished;    /* messages of floods; connections that were left at once */
    uint32_t storm_players, storm_joined;
    struct histogram storm; /* their logins, from when each was meant to come */
    uint32_t apart;         /* players none of whose deliveries is timed; else they count below */

    /* From when all were in (or given up) to the end: report_begin. */
    uint64_t begin_us; /* monotonic: moves due before do not count */
    double seconds;
    double cpu_seconds, cpu_most; /* of all processes together; of the one that had most */
    uint64_t bytes_in, bytes_out, wire_bytes_in, records, blocks, blocks_full;
    uint64_t moves, corrections, dropped, said, heard;
    uint64_t teleports; /* players were put elsewhere by an operator */
    uint64_t left_out;  /* moves that were not made: the bots themselves were held up for long */
    /* Moves that were not due because the server slowed its world; by how many thousandths at most.
     */
    uint64_t slowed;
    uint32_t slowed_by;
    /* Of each SELF: how many moves were sent and not walked yet (not microseconds). */
    struct histogram unwalked;
    struct histogram lag; /* how long after it was due a move was sent */
    /* Of each move of another player, at each decoding receiver that had him in view: how long
     * after it was due that place, or a later one, was shown. */
    struct histogram delivery;
    uint64_t exact, replaced; /* that very place; a later one */
    uint64_t undelivered;     /* due over a second before the end, and not shown by then */
    uint64_t unmatched;       /* places that are on no trail */
    struct histogram stale[REPORT_CLASSES]; /* how old is what is shown, by distance; sampled */
    uint64_t samples, neighbours;           /* how often a receiver looked, and at how many */
};

/* Zero what is measured, not the way in. */
void report_begin(struct report *report, uint64_t now_us);
/* Add what another process saw. */
void report_merge(struct report *into, const struct report *from);
/* All are in and none was lost; the server kept the protocol. */
bool report_good(const struct report *report);
/* The bots were too slow themselves: the latencies say nothing about the server. */
bool report_load_bound(const struct report *report);

/* All figures for a person, several lines. */
void report_print(const struct report *report, FILE *out);
/* One JSON object and a newline. */
void report_print_json(const struct report *report, FILE *out);

#endif
