/* report.h -- what the bots saw, counted, and printed as text or JSON. One thread. */
#ifndef OPENMMO_BOTS_REPORT_H
#define OPENMMO_BOTS_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/error.h"

#define REPORT_LATENCY_MAX_MS 10000

struct report {
    /* The way in, over the whole run. */
    uint32_t players, joined, registered, retries;
    uint32_t failed; /* never came in */
    uint32_t lost;   /* were in, and were ended by the server or the network */
    uint32_t disconnects[256], notices[256]; /* by reason; before and after the login */
    uint32_t broken;                         /* connections that ended without a DISCONNECT */
    struct error broken_text;                /* how the first of them ended */
    /* From when all were in (or given up) to the end: report_begin. */
    double seconds, cpu_seconds;
    uint64_t bytes_in, bytes_out, wire_bytes_in, records, blocks, blocks_full;
    uint64_t moves, corrections, dropped, said, heard;
    uint64_t left_out; /* moves that were not made in time: the bots themselves were held up */
    uint64_t seen, unmatched, latency_max_us;
    uint64_t latency_ms[REPORT_LATENCY_MAX_MS + 1]; /* how many took so many whole milliseconds */
};

/* Zero what is measured, not the way in. */
void report_begin(struct report *report);
/* One move of another's was seen so long after it was sent. */
void report_latency(struct report *report, uint64_t us);
/* The q-quantile (0..1) in whole milliseconds; 0 if none was seen. */
uint32_t report_quantile_ms(const struct report *report, double q);
/* All are in and none was lost. */
bool report_good(const struct report *report);

/* All figures for a person, several lines. */
void report_print(const struct report *report, FILE *out);
/* One JSON object and a newline. */
void report_print_json(const struct report *report, FILE *out);

#endif
