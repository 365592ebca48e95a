/* scrape.c -- see scrape.h. */
#include "ops/scrape.h"

#include <stdio.h>

#include "common/thread.h"
#include "ops/process.h"

static void write_info(struct exposition *exposition, const struct scrape *scrape)
{
    char version[80], compiler[120], store[60], labels[280];

    snprintf(labels, sizeof(labels), "%s,%s,%s",
             exposition_label(version, sizeof(version), "version", scrape->version),
             exposition_label(compiler, sizeof(compiler), "compiler", scrape->compiler),
             exposition_label(store, sizeof(store), "store", scrape->store));
    exposition_family(exposition, "openmmo_build_info", METRIC_GAUGE,
                      "What runs here: always 1, the answer is in the labels");
    exposition_integer(exposition, "openmmo_build_info", labels, 1);
}

struct exposition *scrape_write(const struct scrape *scrape)
{
    uint64_t begun_us = thread_cpu_us();
    struct exposition *exposition = exposition_new();
    size_t n;

    if (exposition == NULL)
        return NULL;
    metrics_add(METRIC_SCRAPES, 1);
    write_info(exposition, scrape);
    exposition_metrics(exposition);
    process_write(exposition, scrape->started_ms);
    metrics_observe(METRIC_SCRAPE_US, thread_cpu_us() - begun_us);
    if (exposition_text(exposition, &n) == NULL) {
        exposition_free(exposition);
        return NULL;
    }
    return exposition;
}
