/* report.c -- see report.h. */
#include "bots/report.h"

#include <stddef.h>
#include <string.h>

#include <jansson.h>

#include "common/protocol.h"

void report_begin(struct report *report)
{
    memset((char *)report + offsetof(struct report, seconds), 0,
           sizeof *report - offsetof(struct report, seconds));
}

void report_latency(struct report *report, uint64_t us)
{
    uint64_t ms = us / 1000;
    report->seen++;
    report->latency_ms[ms < REPORT_LATENCY_MAX_MS ? ms : REPORT_LATENCY_MAX_MS]++;
    if (us > report->latency_max_us)
        report->latency_max_us = us;
}

uint32_t report_quantile_ms(const struct report *report, double q)
{
    uint64_t wanted = (uint64_t)(q * (double)report->seen), sum = 0;
    if (report->seen == 0)
        return 0;
    if (wanted >= report->seen)
        wanted = report->seen - 1;
    for (uint32_t ms = 0; ms <= REPORT_LATENCY_MAX_MS; ms++) {
        sum += report->latency_ms[ms];
        if (sum > wanted)
            return ms;
    }
    return REPORT_LATENCY_MAX_MS;
}

bool report_good(const struct report *report)
{
    return report->joined == report->players && report->failed == 0 && report->lost == 0;
}

/* Of one player, a second. */
static double per_player_s(const struct report *report, uint64_t n)
{
    double players_s = report->seconds * report->players;
    return players_s > 0 ? (double)n / players_s : 0;
}

/* Bots that are slow themselves measure nothing of the server. */
static bool load_bound(const struct report *report)
{
    return report->cpu_seconds > 0.85 * report->seconds || report->left_out * 20 > report->moves;
}

static double cpu_percent(const struct report *report)
{
    return report->seconds > 0 ? 100 * report->cpu_seconds / report->seconds : 0;
}

static void print_reasons(FILE *out, const char *what, const uint32_t counts[256])
{
    for (unsigned i = 0; i < 256; i++) {
        const char *name = protocol_reason_name(i);
        if (counts[i])
            fprintf(out, "  %s %s: %u\n", what, name ? name : "(unknown)", counts[i]);
    }
}

void report_print(const struct report *report, FILE *out)
{
    fprintf(out, "%u of %u joined (%u registered, %u tried again), %u failed, %u lost\n",
            report->joined, report->players, report->registered, report->retries, report->failed,
            report->lost);
    print_reasons(out, "disconnected", report->disconnects);
    print_reasons(out, "refused", report->notices);
    if (report->broken)
        fprintf(out, "  broken off: %u (%s)\n", report->broken, report->broken_text.text);
    fprintf(out, "measured for %.1f s\n", report->seconds);
    fprintf(out,
            "  others' moves seen after p50 %u ms, p90 %u ms, p99 %u ms, max %.0f ms (%llu seen, "
            "%llu unmatched)\n",
            report_quantile_ms(report, 0.5), report_quantile_ms(report, 0.9),
            report_quantile_ms(report, 0.99), (double)report->latency_max_us / 1000,
            (unsigned long long)report->seen, (unsigned long long)report->unmatched);
    fprintf(out, "  a player: in %.0f bytes/s (%.0f encrypted), out %.0f bytes/s, %.1f records/s\n",
            per_player_s(report, report->bytes_in), per_player_s(report, report->wire_bytes_in),
            per_player_s(report, report->bytes_out), per_player_s(report, report->records));
    fprintf(out, "  moves %llu, corrections %llu, substeps dropped %llu, said %llu, heard %llu\n",
            (unsigned long long)report->moves, (unsigned long long)report->corrections,
            (unsigned long long)report->dropped, (unsigned long long)report->said,
            (unsigned long long)report->heard);
    fprintf(out, "  CPU of the bots %.0f %% of a core, moves left out %llu%s\n",
            cpu_percent(report), (unsigned long long)report->left_out,
            load_bound(report) ? ": load-bound, the latencies say nothing" : "");
}

static json_t *reasons_json(const uint32_t counts[256])
{
    json_t *object = json_object();
    for (unsigned i = 0; i < 256; i++) {
        const char *name = protocol_reason_name(i);
        if (counts[i])
            json_object_set_new(object, name ? name : "UNKNOWN", json_integer(counts[i]));
    }
    return object;
}

void report_print_json(const struct report *report, FILE *out)
{
    json_t *root = json_pack(
        "{s:b, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:o}", "good", report_good(report),
        "players", (int)report->players, "joined", (int)report->joined, "registered",
        (int)report->registered, "retries", (int)report->retries, "failed", (int)report->failed,
        "lost", (int)report->lost, "broken", (int)report->broken, "disconnects",
        reasons_json(report->disconnects), "notices", reasons_json(report->notices));
    json_t *latency = json_pack(
        "{s:i, s:i, s:i, s:f, s:I, s:I}", "p50", (int)report_quantile_ms(report, 0.5), "p90",
        (int)report_quantile_ms(report, 0.9), "p99", (int)report_quantile_ms(report, 0.99), "max",
        (double)report->latency_max_us / 1000, "seen", (json_int_t)report->seen, "unmatched",
        (json_int_t)report->unmatched);
    json_t *measured = json_pack(
        "{s:f, s:f, s:o, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}",
        "seconds", report->seconds, "cpu_percent", cpu_percent(report), "latency_ms", latency,
        "bytes_in_s", per_player_s(report, report->bytes_in), "wire_bytes_in_s",
        per_player_s(report, report->wire_bytes_in), "bytes_out_s",
        per_player_s(report, report->bytes_out), "records_s", per_player_s(report, report->records),
        "blocks", (json_int_t)report->blocks, "blocks_full", (json_int_t)report->blocks_full,
        "moves", (json_int_t)report->moves, "corrections", (json_int_t)report->corrections,
        "substeps_dropped", (json_int_t)report->dropped, "said", (json_int_t)report->said, "heard",
        (json_int_t)report->heard, "moves_left_out", (json_int_t)report->left_out, "load_bound",
        load_bound(report));
    if (root && measured && json_object_set_new(root, "measured", measured) == 0) {
        json_dumpf(root, out, JSON_INDENT(2));
        fputc('\n', out);
    }
    json_decref(root);
}
