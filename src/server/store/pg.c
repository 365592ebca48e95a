/* pg.c -- the store on PostgreSQL: who is asked what, over a few connections in the control loop.
 *
 *   ask -> asked, any order  -> the link that has least to do   (links 1 ..: the pool)
 *       -> saves, in order   -> link 0, one unit at a time, many questions a unit
 *
 * What waits too long is told so; what broke half-way is asked again where that does no harm. */
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "ops/metrics.h"
#include "store/ask_list.h"
#include "store/driver.h"
#include "store/pg_link.h"
#include "store/pg_start.h"
#include "store/pg_target.h"

#define LINKS_MAX      STORE_CONNECTIONS_MAX
#define SWEEP_MS       100
#define DEPTH          4  /* units on the way on one link of the pool */
#define GROUP_MAX      64 /* questions that share a commit of the saves' link */
#define TRIES_MAX      3  /* of one question */
#define BACKOFF_MIN_MS 250
#define BACKOFF_MAX_MS 5000
#define QUIET_MS       15000  /* then an idle link is asked whether it lives */
#define CLAIM_US       500000 /* between tries for a claim that another end of us still holds */
#define SURPLUS_MS     60000  /* then one beyond the smallest pool is closed */
#define CLOSE_MS       3000   /* for what was asked before the end */

struct place { /* of a link */
    struct pg_link *link;
    uint64_t retry_us; /* DOWN: not before */
    unsigned failed_n; /* tries in a row */
    uint64_t used_us;  /* when it was last asked something */
    bool slow;         /* that takes long: nothing is put behind it */
};

struct driver {
    struct store *store;
    struct event_base *base;
    struct pg_target *target;
    struct event *sweep, *turn;
    struct place places[LINKS_MAX]; /* 0: the saves' */
    unsigned places_n, pool_min;
    uint32_t answer_ms;
    uint64_t quiet_us, surplus_us;
    struct ask_list asked, saves;
    unsigned alone_n;  /* a group was taken back: so many of saves go one by one */
    struct error away; /* why the pool has no link; "" while it has one or hopes for one */
    bool closing;
};

static struct ask_list *list_of(struct driver *driver, const struct store_ask *ask)
{
    return ask->row->lane == STATEMENT_SAVES ? &driver->saves : &driver->asked;
}

/* Of a question that waits, or is on its way. */
static uint64_t deadline_of(const struct driver *driver, const struct store_ask *ask)
{
    return ask->asked_us + (uint64_t)driver->answer_ms * 1000;
}

static void answer(struct store_ask *ask)
{
    uint64_t took_us = clock_steady_us() - ask->asked_us;

    metrics_observe(METRIC_STORE_US, took_us);
    if (ask->row->lane == STATEMENT_SAVES)
        metrics_observe(METRIC_STORE_SAVES_US, took_us);
    store_answered(ask);
}

static void answer_away(struct store_ask *ask, const struct error *why)
{
    store_ask_clear(ask);
    ask->answer.status = STORE_AWAY;
    ask->answer.error = *why;
    answer(ask);
}

static void wake(struct driver *driver)
{
    event_active(driver->turn, EV_TIMEOUT, 0);
}

/* The connection broke with these on it: those that may be sent twice wait again, at the front. */
static void lost(struct driver *driver, struct store_ask *asks, const struct error *why)
{
    struct ask_list again = {.tail = &again.oldest};
    struct ask_list *list = list_of(driver, asks);
    uint64_t now_us = clock_steady_us();

    while (asks) {
        struct store_ask *ask = asks;
        bool twice = !(ask->row->flags & STATEMENT_CHANGES) || (ask->row->flags & STATEMENT_AGAIN);
        bool late = list == &driver->asked && now_us >= deadline_of(driver, ask);

        asks = ask->next;
        if (twice && !late && ++ask->tries < TRIES_MAX && !driver->closing)
            ask_list_add(&again, ask);
        else
            answer_away(ask, why);
    }
    if (again.oldest)
        ask_list_add_before(list, again.oldest);
}

/* What waited in a group goes one by one, to find who is at fault; a single one, once more. */
static void undone(struct driver *driver, struct store_ask *asks, const struct error *why)
{
    if (!asks->next && ++asks->tries >= TRIES_MAX) {
        answer_away(asks, why);
        return;
    }
    if (list_of(driver, asks) == &driver->saves) {
        driver->alone_n = 0;
        for (const struct store_ask *ask = asks; ask; ask = ask->next)
            driver->alone_n++;
    }
    ask_list_add_before(list_of(driver, asks), asks);
}

static void ended(void *context, struct store_ask *asks, enum pg_outcome outcome,
                  const struct error *why)
{
    struct driver *driver = context;

    wake(driver);
    switch (outcome) {
    case PG_DONE:
        while (asks) {
            struct store_ask *next = asks->next;

            answer(asks);
            asks = next;
        }
        return;
    case PG_UNDONE:
        undone(driver, asks, why);
        return;
    case PG_LOST:
        lost(driver, asks, why);
        return;
    }
}

/* 250 ms, 500 ms ... 5 s, each between half and one and a half of it, so that not all come at once.
 */
static uint64_t backoff_us(unsigned failed_n)
{
    uint32_t ms = BACKOFF_MIN_MS << (failed_n < 8 ? failed_n : 8);

    if (ms > BACKOFF_MAX_MS)
        ms = BACKOFF_MAX_MS;
    return (uint64_t)(ms / 2 + randombytes_uniform(ms)) * 1000;
}

static unsigned ready_n(const struct driver *driver, unsigned from)
{
    unsigned n = 0;

    for (unsigned i = from; i < driver->places_n; i++)
        n += pg_link_state(driver->places[i].link) == PG_READY;
    return n;
}

static void count_pool(const struct driver *driver)
{
    unsigned idle = 0, busy = 0, down = 0;

    for (unsigned i = 0; i < driver->places_n; i++) {
        const struct pg_link *link = driver->places[i].link;
        enum pg_link_state state = pg_link_state(link);

        down += state == PG_DOWN;
        busy += state == PG_READY && pg_link_units_n(link) > 0;
        idle += state == PG_READY && pg_link_units_n(link) == 0;
    }
    metrics_set(METRIC_STORE_CONNECTIONS, idle + busy);
    metrics_set(METRIC_STORE_POOL_IDLE, idle);
    metrics_set(METRIC_STORE_POOL_BUSY, busy);
    metrics_set(METRIC_STORE_POOL_DOWN, down);
    metrics_set(METRIC_STORE_POOL_STARTING, driver->places_n - idle - busy - down);
}

static void changed(void *context, struct pg_link *link, const struct error *why)
{
    struct driver *driver = context;
    struct place *place = driver->places;

    while (place->link != link)
        place++;
    count_pool(driver);
    wake(driver);
    if (!why) {
        place->failed_n = 0;
        driver->away.text[0] = '\0';
        for (unsigned i = 0; i < driver->places_n; i++) /* it is back: nobody need wait longer */
            driver->places[i].retry_us = 0;
        return;
    }
    place->retry_us = clock_steady_us() + (place->failed_n ? backoff_us(place->failed_n - 1) : 0);
    place->failed_n++;
    metrics_add(METRIC_STORE_RECONNECTS, 1);
    if (place == driver->places)
        store_note_trouble(driver->store, why, true);
    else if (place->failed_n > 1 && ready_n(driver, 1) == 0) {
        driver->away = *why;
        store_note_trouble(driver->store, why, false);
    }
}

static void send_saves(struct driver *driver, uint64_t now_us)
{
    struct pg_link *link = driver->places[0].link;
    uint64_t patience_us = (uint64_t)driver->answer_ms * STATEMENT_PATIENCE * 1000;
    unsigned n = driver->saves.n < GROUP_MAX ? driver->saves.n : GROUP_MAX;

    if (n == 0 || pg_link_state(link) != PG_READY || pg_link_units_n(link) > 0)
        return;
    if (driver->alone_n > 0) {
        driver->alone_n--;
        n = 1;
    }
    pg_link_send(link, ask_list_take(&driver->saves, n), now_us, now_us + patience_us);
}

/* The one with least to do; NULL: all have enough. */
static struct place *least_busy(struct driver *driver)
{
    struct place *best = NULL;

    for (unsigned i = 1; i < driver->places_n; i++) {
        struct place *place = &driver->places[i];
        unsigned n = pg_link_units_n(place->link);

        if (pg_link_state(place->link) == PG_READY && n < DEPTH && !(place->slow && n > 0) &&
            (!best || n < pg_link_units_n(best->link)))
            best = place;
    }
    return best;
}

static void start(struct place *place, uint64_t now_us)
{
    if (pg_link_state(place->link) != PG_DOWN || now_us < place->retry_us)
        return;
    if (pg_link_start(place->link, now_us) < 0)
        place->retry_us = now_us + backoff_us(0);
}

/* One more link, where all that are there have something to do. */
static void grow(struct driver *driver, uint64_t now_us)
{
    for (unsigned i = 1; i < driver->places_n; i++) {
        enum pg_link_state state = pg_link_state(driver->places[i].link);

        if (state == PG_DOWN)
            start(&driver->places[i], now_us);
        if (state != PG_READY)
            return; /* one at a time is under way */
    }
}

static void send_one(struct driver *driver, struct place *place, uint64_t now_us)
{
    struct store_ask *ask = ask_list_take(&driver->asked, 1);
    uint64_t patience_us = (uint64_t)driver->answer_ms * STATEMENT_PATIENCE * 1000;

    place->used_us = now_us;
    place->slow = (ask->row->flags & STATEMENT_SLOW) != 0;
    pg_link_send(place->link, ask, now_us,
                 place->slow ? now_us + patience_us : deadline_of(driver, ask));
}

static void send_asked(struct driver *driver, uint64_t now_us)
{
    while (driver->asked.n > 0) {
        struct place *place = least_busy(driver);

        if (!place || pg_link_units_n(place->link) > 0)
            grow(driver, now_us);
        if (!place)
            return;
        send_one(driver, place, now_us);
    }
}

/* Who waited too long, or for nothing, is told so. */
static void refuse(struct driver *driver, uint64_t now_us)
{
    struct error late = {"PostgreSQL: no answer in time"};
    bool away = driver->away.text[0] != '\0';

    while (driver->asked.oldest && (away || now_us >= deadline_of(driver, driver->asked.oldest)))
        answer_away(ask_list_take(&driver->asked, 1), away ? &driver->away : &late);
}

static void turn(evutil_socket_t fd, short what, void *context)
{
    struct driver *driver = context;
    uint64_t now_us = clock_steady_us();

    (void)fd, (void)what;
    send_saves(driver, now_us);
    send_asked(driver, now_us);
    refuse(driver, now_us);
}

static void keep_alive(struct driver *driver, struct place *place, unsigned i, uint64_t now_us)
{
    struct pg_link *link = place->link;
    uint64_t quiet_us = now_us - pg_link_quiet_us(link);
    uint64_t patience_us = pg_link_lacks_claim(link) ? CLAIM_US : driver->quiet_us;

    if (pg_link_state(link) != PG_READY || pg_link_units_n(link) > 0)
        return;
    if (i > driver->pool_min && now_us - place->used_us > driver->surplus_us) {
        pg_link_drop(link, NULL);
        count_pool(driver);
    } else if (quiet_us > patience_us)
        pg_link_send(link, NULL, now_us, now_us + (uint64_t)driver->answer_ms * 1000);
}

static void sweep(evutil_socket_t fd, short what, void *context)
{
    struct driver *driver = context;
    uint64_t now_us = clock_steady_us();

    (void)fd, (void)what;
    for (unsigned i = 0; i < driver->places_n; i++) {
        struct place *place = &driver->places[i];

        pg_link_tick(place->link, now_us);
        keep_alive(driver, place, i, now_us);
        if (i <= driver->pool_min)
            start(place, now_us);
    }
    turn(-1, 0, driver);
    count_pool(driver);
}

static void driver_ask(void *data, struct store_ask *ask)
{
    struct driver *driver = data;

    ask_list_add(list_of(driver, ask), ask);
    wake(driver);
}

/* The loop has ended: a loop of our own, until all is answered or the time is up. */
static void finish(struct driver *driver)
{
    uint64_t end_us = clock_steady_us() + CLOSE_MS * 1000;

    while (clock_steady_us() < end_us) {
        struct pollfd fds[LINKS_MAX];
        struct pg_link *links[LINKS_MAX];
        nfds_t n = 0;
        bool busy = driver->asked.n > 0 || driver->saves.n > 0;

        sweep(-1, 0, driver);
        for (unsigned i = 0; i < driver->places_n; i++) {
            links[n] = driver->places[i].link;
            busy = busy || pg_link_units_n(links[n]) > 0;
            fds[n].fd = pg_link_poll(links[n], &fds[n].events);
            n += fds[n].fd >= 0;
        }
        if (!busy || (n == 0 && driver->away.text[0]))
            return;
        if (poll(fds, n, SWEEP_MS) < 0)
            continue;
        for (nfds_t i = 0; i < n; i++)
            if (fds[i].revents)
                pg_link_serve(links[i]);
    }
}

static void driver_close(void *data)
{
    struct driver *driver = data;
    struct error closed = {"PostgreSQL: the server stops"};

    if (driver->sweep) /* it came to serving */
        finish(driver);
    driver->closing = true;
    for (unsigned i = 0; i < driver->places_n; i++)
        pg_link_drop(driver->places[i].link, &closed);
    while (driver->saves.n)
        answer_away(ask_list_take(&driver->saves, 1), &closed);
    while (driver->asked.n)
        answer_away(ask_list_take(&driver->asked, 1), &closed);
    for (unsigned i = 0; i < driver->places_n; i++)
        pg_link_free(driver->places[i].link);
    driver->places_n = 0;
    count_pool(driver);
    pg_target_free(driver->target);
    if (driver->sweep)
        event_free(driver->sweep);
    if (driver->turn)
        event_free(driver->turn);
    free(driver);
}

static int make_links(struct driver *driver, const struct store_config *config, uint32_t epoch,
                      struct error *error)
{
    struct pg_link_config link = {.base = config->base,
                                  .target = driver->target,
                                  .prepared = !config->pg.unprepared,
                                  .epoch = epoch,
                                  .connect_ms = config->pg.connect_ms,
                                  .ended = ended,
                                  .changed = changed,
                                  .context = driver};
    unsigned n = 1 + config->pg.pool_max;

    for (unsigned i = 0; i < n && i < LINKS_MAX; i++) {
        link.saves = i == 0;
        link.statement_ms = config->pg.statement_ms * (i == 0 ? STATEMENT_PATIENCE : 1);
        driver->places[i].link = pg_link_new(&link);
        if (!driver->places[i].link)
            return error_set(error, "out of memory");
        driver->places_n++;
    }
    return 0;
}

static int start_serving(struct driver *driver, PGconn *conn, struct error *error)
{
    struct timeval period = {0, SWEEP_MS * 1000};

    driver->turn = evtimer_new(driver->base, turn, driver);
    driver->sweep = event_new(driver->base, -1, EV_PERSIST, sweep, driver);
    if (!driver->turn || !driver->sweep || event_add(driver->sweep, &period) < 0) {
        PQfinish(conn);
        return error_set(error, "out of memory");
    }
    pg_link_adopt(driver->places[0].link, conn, clock_steady_us());
    sweep(-1, 0, driver);
    return 0;
}

static void *driver_open(const struct store_config *config, struct store *store, uint32_t *epoch,
                         struct error *error)
{
    struct driver *driver = calloc(1, sizeof(*driver));
    PGconn *conn = NULL;

    if (!driver) {
        error_set(error, "out of memory");
        return NULL;
    }
    driver->store = store;
    driver->base = config->base;
    driver->asked.tail = &driver->asked.oldest;
    driver->saves.tail = &driver->saves.oldest;
    driver->pool_min = config->pg.pool_min;
    driver->answer_ms = config->pg.answer_ms;
    driver->quiet_us = (config->pg.quiet_ms ? config->pg.quiet_ms : QUIET_MS) * UINT64_C(1000);
    driver->surplus_us =
        (config->pg.surplus_ms ? config->pg.surplus_ms : SURPLUS_MS) * UINT64_C(1000);
    driver->target =
        pg_target_new(config->base, config->pg.connection, config->pg.password_file, error);
    if (driver->target)
        conn = pg_start(config, driver->target, epoch, error);
    if (conn && make_links(driver, config, *epoch, error) < 0) {
        PQfinish(conn);
        conn = NULL;
    }
    if (!conn || start_serving(driver, conn, error) < 0) {
        driver_close(driver);
        return NULL;
    }
    return driver;
}

static const char *driver_place(const void *data)
{
    return pg_target_place(((const struct driver *)data)->target);
}

static const char *state_word(const struct pg_link *link)
{
    switch (pg_link_state(link)) {
    case PG_DOWN:
        return "down";
    case PG_SEARCHING:
    case PG_CONNECTING:
    case PG_SETTING_UP:
        return "starting";
    case PG_READY:
        break;
    }
    return pg_link_units_n(link) > 0 ? "busy" : "idle";
}

static unsigned driver_connections(void *data, struct store_connection *list)
{
    const struct driver *driver = data;
    uint64_t now_us = clock_steady_us(), sent_us = now_us;

    for (unsigned i = 0; i < driver->places_n; i++) {
        const struct place *place = &driver->places[i];
        const struct store_ask *ask = pg_link_oldest(place->link, &sent_us, &list[i].questions);

        list[i].lane = i == 0 ? "saves" : "pool";
        list[i].state = state_word(place->link);
        list[i].failed = place->failed_n;
        if (ask) {
            list[i].statement = ask->row->name;
            list[i].busy_us = now_us - sent_us;
        }
        if (pg_link_state(place->link) == PG_READY)
            list[i].up_us = now_us - pg_link_ready_us(place->link);
        else if (place->retry_us > now_us)
            list[i].retry_us = place->retry_us - now_us;
    }
    return driver->places_n;
}

const struct store_driver store_driver_postgresql = {
    .name = "postgresql",
    .open = driver_open,
    .close = driver_close,
    .ask = driver_ask,
    .place = driver_place,
    .connections = driver_connections,
};
