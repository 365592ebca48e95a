/* sessions_figures.c -- what operators see of the sessions: addresses, totals, rates. */
#include <stdatomic.h>

#include "common/clock.h"
#include "net/address.h"
#include "play/sessions_inside.h"

void sessions_note_rates(struct sessions *sessions)
{
    uint64_t now_ms = clock_steady_ms(), totals[RATES_N];

    for (uint32_t i = 0; i < sessions->slots_n; i++) {
        struct slot *slot = &sessions->slots[i];

        if (!slot->used)
            continue;
        totals[RATES_IN] = atomic_load_explicit(&slot->counters.bytes_in, memory_order_relaxed);
        totals[RATES_OUT] = atomic_load_explicit(&slot->counters.bytes_out, memory_order_relaxed);
        totals[RATES_COST] = atomic_load_explicit(&slot->counters.cost_us, memory_order_relaxed);
        rates_note(&slot->rates, totals, now_ms);
    }
}

static void figure_rates(const struct rates *rates, struct session_figures *figures)
{
    uint64_t now_ms = clock_steady_ms();

    figures->in_per_s = rates_per_s(rates, RATES_IN, figures->bytes_in, now_ms);
    figures->out_per_s = rates_per_s(rates, RATES_OUT, figures->bytes_out, now_ms);
    figures->cost_us_per_s = rates_per_s(rates, RATES_COST, figures->cost_us, now_ms);
}

static void figures_of(const struct slot *slot, struct session_figures *figures)
{
    _Static_assert(sizeof(figures->address) >= ADDRESS_TEXT_MAX, "an address fits");
    address_text((const struct sockaddr *)&slot->address, figures->address);
    figures->bytes_in = atomic_load_explicit(&slot->counters.bytes_in, memory_order_relaxed);
    figures->bytes_out = atomic_load_explicit(&slot->counters.bytes_out, memory_order_relaxed);
    figures->cost_us = atomic_load_explicit(&slot->counters.cost_us, memory_order_relaxed);
    figures->rtt_us = (uint32_t)atomic_load_explicit(&slot->counters.rtt_us, memory_order_relaxed);
    figures->opened_ms = slot->opened_ms;
    figures->shift = (uint32_t)atomic_load_explicit(&slot->counters.shift, memory_order_relaxed);
    figures->cells = (uint32_t)atomic_load_explicit(&slot->counters.cells, memory_order_relaxed);
    figures->withheld =
        (uint32_t)atomic_load_explicit(&slot->counters.withheld, memory_order_relaxed);
    figures->dropped =
        (uint32_t)atomic_load_explicit(&slot->counters.dropped, memory_order_relaxed);
    figures->thread = slot->thread;
    figure_rates(&slot->rates, figures);
}

int sessions_figures(const struct sessions *sessions, uint64_t session,
                     struct session_figures *figures)
{
    const struct slot *slot = sessions_slot_find(sessions, session);

    if (slot == NULL)
        return -1;
    figures_of(slot, figures);
    return 0;
}

void sessions_each_from(const struct sessions *sessions, const struct network *network,
                        void (*visit)(void *context, const struct sessions_peer *peer),
                        void *context)
{
    for (uint32_t i = 0; i < sessions->slots_n; i++) {
        const struct slot *slot = &sessions->slots[i];
        struct sessions_peer peer;

        if (!sessions_is_from(slot, network))
            continue;
        peer.session = sessions_slot_id(sessions, slot);
        peer.web = slot->web;
        peer.logged_in = slot->logged_in;
        figures_of(slot, &peer.figures);
        visit(context, &peer);
    }
}
