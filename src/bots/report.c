/* report.c -- see report.h. */
#include "bots/report.h"

#include <stddef.h>
#include <string.h>

#include <jansson.h>

#include "common/compiler.h"
#include "common/protocol.h"

#define LOAD_CPU    0.85  /* of a core */
#define LOAD_LAG_US 10000 /* p99 of how late moves are sent */

const unsigned report_class_m[REPORT_CLASSES - 1] = {16, 64, 128, 256};

void report_begin(struct report *report, uint64_t now_us)
{
    memset((char *)report + offsetof(struct report, begin_us), 0,
           sizeof *report - offsetof(struct report, begin_us));
    report->begin_us = now_us;
}

/* ---- adding up ---- */

static void merge_checks(struct report_checks *into, const struct report_checks *from)
{
    into->blocks += from->blocks;
    into->distinct += from->distinct;
    into->malformed += from->malformed;
    into->differing += from->differing;
    into->gaps += from->gaps;
    into->strangers += from->strangers;
    into->refused += from->refused;
    if (!into->first.text[0])
        into->first = from->first;
}

static void merge_way_in(struct report *into, const struct report *from)
{
    into->players += from->players;
    into->joined += from->joined;
    into->registered += from->registered;
    into->retries += from->retries;
    into->restarts += from->restarts;
    into->resumed += from->resumed;
    into->failed += from->failed;
    into->lost += from->lost;
    into->decoders += from->decoders;
    for (unsigned i = 0; i < 256; i++) {
        into->disconnects[i] += from->disconnects[i];
        into->notices[i] += from->notices[i];
    }
    if (into->broken == 0)
        into->broken_text = from->broken_text;
    into->broken += from->broken;
    histogram_merge(&into->entering, &from->entering);
    into->odd += from->odd;
    into->odd_ended += from->odd_ended;
    for (unsigned i = 0; i < 256; i++)
        into->odd_disconnects[i] += from->odd_disconnects[i];
    into->flooded += from->flooded;
    into->vanished += from->vanished;
    into->storm_players += from->storm_players;
    into->storm_joined += from->storm_joined;
    histogram_merge(&into->storm, &from->storm);
}

void report_merge(struct report *into, const struct report *from)
{
    merge_way_in(into, from);
    merge_checks(&into->checks, &from->checks);
    if (from->seconds > into->seconds)
        into->seconds = from->seconds;
    into->cpu_seconds += from->cpu_seconds;
    if (from->cpu_most > into->cpu_most)
        into->cpu_most = from->cpu_most;
    into->bytes_in += from->bytes_in;
    into->bytes_out += from->bytes_out;
    into->wire_bytes_in += from->wire_bytes_in;
    into->records += from->records;
    into->blocks += from->blocks;
    into->blocks_full += from->blocks_full;
    into->moves += from->moves;
    into->corrections += from->corrections;
    into->teleports += from->teleports;
    into->dropped += from->dropped;
    into->said += from->said;
    into->heard += from->heard;
    into->left_out += from->left_out;
    into->slowed += from->slowed;
    if (from->slowed_by > into->slowed_by)
        into->slowed_by = from->slowed_by;
    into->exact += from->exact;
    into->replaced += from->replaced;
    into->undelivered += from->undelivered;
    into->unmatched += from->unmatched;
    into->samples += from->samples;
    into->neighbours += from->neighbours;
    histogram_merge(&into->unwalked, &from->unwalked);
    histogram_merge(&into->lag, &from->lag);
    histogram_merge(&into->delivery, &from->delivery);
    for (unsigned i = 0; i < REPORT_CLASSES; i++)
        histogram_merge(&into->stale[i], &from->stale[i]);
}

/* ---- what it comes to ---- */

static uint64_t faults(const struct report_checks *checks)
{
    return checks->malformed + checks->differing + checks->gaps + checks->strangers +
           checks->refused;
}

bool report_good(const struct report *report)
{
    return report->joined == report->players && report->failed == 0 && report->lost == 0 &&
           faults(&report->checks) == 0;
}

bool report_load_bound(const struct report *report)
{
    return report->cpu_most > LOAD_CPU * report->seconds || report->left_out > 0 ||
           histogram_quantile_us(&report->lag, 0.99) > LOAD_LAG_US;
}

/* Of one player, a second. */
static double per_player_s(const struct report *report, uint64_t n)
{
    double players_s = report->seconds * report->players;
    return players_s > 0 ? (double)n / players_s : 0;
}

static double percent(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

static double ms(const struct histogram *histogram, double q)
{
    return (double)histogram_quantile_us(histogram, q) / 1000;
}

static double max_ms(const struct histogram *histogram)
{
    return (double)histogram->max_us / 1000;
}

static double neighbours(const struct report *report)
{
    return report->samples ? (double)report->neighbours / (double)report->samples : 0;
}

/* How many of the moves in view were shown in time for the end, by themselves or by newer ones. */
static double delivered(const struct report *report)
{
    double shown = (double)(report->exact + report->replaced);
    return shown > 0 ? shown / (shown + (double)report->undelivered) : 0;
}

/* ---- text ---- */

static unsigned long long whole(uint64_t n)
{
    return n;
}

static void print_reasons(FILE *out, const char *what, const uint32_t counts[256])
{
    for (unsigned i = 0; i < 256; i++) {
        const char *name = protocol_reason_name(i);
        if (counts[i])
            fprintf(out, "  %s %s: %u\n", what, name ? name : "(unknown)", counts[i]);
    }
}

static void print_way_in(const struct report *report, FILE *out)
{
    fprintf(out, "%u of %u joined (%u registered, %u tried again), %u failed, %u lost\n",
            report->joined, report->players, report->registered, report->retries, report->failed,
            report->lost);
    if (report->restarts)
        fprintf(out, "  the server restarted under players %u times, who came back %u times\n",
                report->restarts, report->resumed);
    print_reasons(out, "disconnected", report->disconnects);
    print_reasons(out, "refused", report->notices);
    if (report->broken)
        fprintf(out, "  broken off: %u (%s)\n", report->broken, report->broken_text.text);
    fprintf(out, "  a login took p50 %.1f ms, p99 %.1f ms, max %.1f ms\n",
            ms(&report->entering, 0.5), ms(&report->entering, 0.99), max_ms(&report->entering));
}

static void print_others(const struct report *report, FILE *out)
{
    if (report->apart)
        fprintf(out, "%u of them are not measured: neither their moves nor what they are shown\n",
                report->apart);
    if (report->odd) {
        fprintf(out,
                "%u others misbehave, none of what is measured is theirs: ended %u times, %llu "
                "messages of floods, %llu connections left at once\n",
                report->odd, report->odd_ended, whole(report->flooded), whole(report->vanished));
        print_reasons(out, "they were disconnected", report->odd_disconnects);
    }
    if (report->storm_players)
        fprintf(out, "%u of %u more came in; a login took p50 %.1f ms, p99 %.1f ms, max %.1f ms\n",
                report->storm_joined, report->storm_players, ms(&report->storm, 0.5),
                ms(&report->storm, 0.99), max_ms(&report->storm));
}

static void print_checks(const struct report *report, FILE *out)
{
    const struct report_checks *checks = &report->checks;
    fprintf(
        out,
        "checked: %llu blocks, all of %u players; %llu distinct ones decoded; %u players decode "
        "everything\n",
        whole(checks->blocks), report->joined, whole(checks->distinct), report->decoders);
    if (faults(checks) > 0)
        fprintf(out,
                "  FAULTS of the server: %llu malformed, %llu differing, %llu gaps, %llu of cells "
                "not in view, %llu refused; the first: %s\n",
                whole(checks->malformed), whole(checks->differing), whole(checks->gaps),
                whole(checks->strangers), whole(checks->refused), checks->first.text);
}

static void print_stale(const struct report *report, FILE *out)
{
    for (unsigned i = 0; i < REPORT_CLASSES; i++) {
        const struct histogram *stale = &report->stale[i];
        if (stale->n == 0)
            continue;
        if (i < REPORT_CLASSES - 1)
            fprintf(out, "  shown within %u m", report_class_m[i]);
        else
            fprintf(out, "  shown beyond %u m", report_class_m[i - 1]);
        fprintf(out, " is p50 %.1f ms, p99 %.1f ms old (%llu samples)\n", ms(stale, 0.5),
                ms(stale, 0.99), whole(stale->n));
    }
}

void report_print(const struct report *report, FILE *out)
{
    print_way_in(report, out);
    print_others(report, out);
    print_checks(report, out);
    fprintf(out, "measured for %.1f s, %.1f others in view\n", report->seconds, neighbours(report));
    fprintf(out,
            "  others' moves seen after p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, p99.9 %.1f ms, max "
            "%.0f ms\n",
            ms(&report->delivery, 0.5), ms(&report->delivery, 0.9), ms(&report->delivery, 0.99),
            ms(&report->delivery, 0.999), max_ms(&report->delivery));
    fprintf(out,
            "  %llu seen at their place, %llu replaced by a newer one, %llu not delivered, %llu "
            "unmatched\n",
            whole(report->exact), whole(report->replaced), whole(report->undelivered),
            whole(report->unmatched));
    print_stale(report, out);
    fprintf(out, "  a player: in %.0f bytes/s (%.0f encrypted), out %.0f bytes/s\n",
            per_player_s(report, report->bytes_in), per_player_s(report, report->wire_bytes_in),
            per_player_s(report, report->bytes_out));
    fprintf(out, "  moves %llu, corrections %llu, substeps dropped %llu, said %llu, heard %llu\n",
            whole(report->moves), whole(report->corrections), whole(report->dropped),
            whole(report->said), whole(report->heard));
    if (report->teleports)
        fprintf(out, "  players were put elsewhere %llu times\n", whole(report->teleports));
    fprintf(out, "  sent and not walked yet p50 %llu, p99 %llu, max %llu moves\n",
            whole(histogram_quantile_us(&report->unwalked, 0.5)),
            whole(histogram_quantile_us(&report->unwalked, 0.99)), whole(report->unwalked.max_us));
    if (report->slowed)
        fprintf(out, "  the server slowed its world, to %u %% at worst: %llu moves were not due\n",
                (1000 - report->slowed_by) / 10, whole(report->slowed));
    fprintf(
        out,
        "  moves were sent p50 %.1f ms, p99 %.1f ms, max %.0f ms after they were due, %llu left "
        "out\n",
        ms(&report->lag, 0.5), ms(&report->lag, 0.99), max_ms(&report->lag),
        whole(report->left_out));
    fprintf(out, "  CPU of the bots %.0f %% of a core%s\n",
            percent(report->cpu_seconds, report->seconds),
            report_load_bound(report) ? ": load-bound, the latencies say nothing" : "");
}

/* ---- JSON ---- */

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

static void put(json_t *object, const char *name, uint64_t n)
{
    json_object_set_new(object, name, json_integer((json_int_t)n));
}

static void put_real(json_t *object, const char *name, double v)
{
    json_object_set_new(object, name, json_real(v));
}

/* Times in milliseconds. */
static json_t *histogram_json(const struct histogram *histogram)
{
    json_t *object = json_object();
    put_real(object, "p50", ms(histogram, 0.5));
    put_real(object, "p90", ms(histogram, 0.9));
    put_real(object, "p99", ms(histogram, 0.99));
    put_real(object, "p999", ms(histogram, 0.999));
    put_real(object, "max", max_ms(histogram));
    put(object, "seen", histogram->n);
    return object;
}

static json_t *latency_json(const struct report *report)
{
    json_t *object = histogram_json(&report->delivery);
    put(object, "over_100ms", histogram_over(&report->delivery, 100000));
    put(object, "exact", report->exact);
    put(object, "replaced", report->replaced);
    put(object, "undelivered", report->undelivered);
    put(object, "unmatched", report->unmatched);
    return object;
}

static json_t *stale_json(const struct report *report)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < REPORT_CLASSES; i++) {
        json_t *row = histogram_json(&report->stale[i]);
        put(row, "from_m", i ? report_class_m[i - 1] : 0);
        if (i < REPORT_CLASSES - 1)
            put(row, "to_m", report_class_m[i]);
        json_array_append_new(array, row);
    }
    return array;
}

static json_t *checks_json(const struct report *report)
{
    const struct report_checks *checks = &report->checks;
    json_t *object = json_object();
    put(object, "decoders", report->decoders);
    put(object, "blocks", checks->blocks);
    put(object, "distinct_decoded", checks->distinct);
    put(object, "faults", faults(checks));
    put(object, "malformed", checks->malformed);
    put(object, "differing", checks->differing);
    put(object, "gaps", checks->gaps);
    put(object, "not_in_view", checks->strangers);
    put(object, "refused", checks->refused);
    json_object_set_new(object, "first", json_string(checks->first.text));
    return object;
}

static json_t *others_json(const struct report *report)
{
    json_t *object = json_object();
    put(object, "apart", report->apart);
    put(object, "odd", report->odd);
    put(object, "odd_ended", report->odd_ended);
    json_object_set_new(object, "odd_disconnects", reasons_json(report->odd_disconnects));
    put(object, "flooded", report->flooded);
    put(object, "vanished", report->vanished);
    put(object, "storm_players", report->storm_players);
    put(object, "storm_joined", report->storm_joined);
    json_object_set_new(object, "storm_entering_ms", histogram_json(&report->storm));
    return object;
}

static json_t *measured_json(const struct report *report)
{
    json_t *object = json_object();
    put_real(object, "seconds", report->seconds);
    put_real(object, "cpu_percent", percent(report->cpu_seconds, report->seconds));
    put_real(object, "cpu_percent_most", percent(report->cpu_most, report->seconds));
    json_object_set_new(object, "latency_ms", latency_json(report));
    json_object_set_new(object, "stale_ms", stale_json(report));
    json_object_set_new(object, "lag_ms", histogram_json(&report->lag));
    put_real(object, "neighbours", neighbours(report));
    if (report->seconds > 0)
        put_real(object, "deliveries_s",
                 (double)report->moves / report->seconds * neighbours(report));
    put_real(object, "ratio", delivered(report));
    put_real(object, "bytes_in_s", per_player_s(report, report->bytes_in));
    put_real(object, "wire_bytes_in_s", per_player_s(report, report->wire_bytes_in));
    put_real(object, "bytes_out_s", per_player_s(report, report->bytes_out));
    put(object, "records", report->records);
    put(object, "blocks", report->blocks);
    put(object, "blocks_full", report->blocks_full);
    put(object, "moves", report->moves);
    put(object, "corrections", report->corrections);
    put(object, "teleports", report->teleports);
    put(object, "substeps_dropped", report->dropped);
    put(object, "said", report->said);
    put(object, "heard", report->heard);
    put(object, "moves_left_out", report->left_out);
    json_t *unwalked = json_object();
    put(unwalked, "p50", histogram_quantile_us(&report->unwalked, 0.5));
    put(unwalked, "p99", histogram_quantile_us(&report->unwalked, 0.99));
    put(unwalked, "max", report->unwalked.max_us);
    json_object_set_new(object, "moves_unwalked", unwalked);
    put(object, "moves_slowed", report->slowed);
    put(object, "tempo_least", 1000 - report->slowed_by);
    json_object_set_new(object, "load_bound", json_boolean(report_load_bound(report)));
    return object;
}

void report_print_json(const struct report *report, FILE *out)
{
    json_t *root = json_object();
    json_object_set_new(root, "good", json_boolean(report_good(report)));
    put(root, "players", report->players);
    put(root, "joined", report->joined);
    put(root, "registered", report->registered);
    put(root, "retries", report->retries);
    put(root, "restarts", report->restarts);
    put(root, "resumed", report->resumed);
    put(root, "failed", report->failed);
    put(root, "lost", report->lost);
    put(root, "broken", report->broken);
    json_object_set_new(root, "disconnects", reasons_json(report->disconnects));
    json_object_set_new(root, "notices", reasons_json(report->notices));
    json_object_set_new(root, "entering_ms", histogram_json(&report->entering));
    json_object_set_new(root, "others", others_json(report));
    json_object_set_new(root, "checks", checks_json(report));
    json_object_set_new(root, "measured", measured_json(report));
    json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    fputc('\n', out);
    json_decref(root);
}
