/* pg_link.c -- one state, moved by one function (enter); units in a list, oldest first. */
#include "store/pg_link.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "store/pg_cancel.h"
#include "store/pg_unit.h"

struct pg_link {
    struct pg_link_config config;
    struct pg_manner manner;
    enum pg_link_state state;
    PGconn *conn;
    struct pg_search *search;
    struct event *event; /* on conn's socket; NULL: none */
    short watched;
    struct pg_unit *oldest, **tail;
    unsigned units_n;
    uint64_t deadline_us; /* SEARCHING..SETTING_UP: of being READY */
    uint64_t quiet_us, now_us, ready_us;
    struct pg_backend backend; /* of the newest connection that came to READY, and may live yet */
    struct pg_params params;
};

static void on_socket(evutil_socket_t fd, short what, void *context);

static void unwatch(struct pg_link *link)
{
    if (link->event)
        event_free(link->event);
    link->event = NULL;
    link->watched = 0;
}

/* The socket may be another one after each step of connecting. */
static int watch(struct pg_link *link, short what)
{
    if (link->event && link->watched == what && event_get_fd(link->event) == PQsocket(link->conn) &&
        link->state >= PG_SETTING_UP)
        return 0;
    unwatch(link);
    link->event =
        event_new(link->config.base, PQsocket(link->conn), what | EV_PERSIST, on_socket, link);
    if (!link->event || event_add(link->event, NULL) < 0)
        return -1;
    link->watched = what;
    return 0;
}

void pg_link_drop(struct pg_link *link, const struct error *why)
{
    struct pg_unit *unit = link->oldest;
    bool clean = link->state == PG_READY && !unit && !why;

    pg_search_cancel(link->search);
    link->search = NULL;
    unwatch(link);
    if (link->conn && link->oldest && link->state == PG_READY &&
        PQstatus(link->conn) == CONNECTION_OK)
        pg_cancel(link->conn); /* what it still does is for nobody */
    if (link->conn)
        PQfinish(link->conn);
    link->conn = NULL;
    link->state = PG_DOWN;
    if (clean)
        link->backend = (struct pg_backend){0, 0};
    link->oldest = NULL;
    link->tail = &link->oldest;
    link->units_n = 0;
    while (unit) {
        struct pg_unit *next = unit->next;

        if (unit->asks && link->config.ended)
            link->config.ended(link->config.context, unit->asks, PG_LOST, why);
        pg_unit_free(unit);
        unit = next;
    }
}

/* Something went wrong: down, and say so. */
static void broken(struct pg_link *link, const struct error *why)
{
    struct error copy = *why;

    pg_link_drop(link, &copy);
    link->config.changed(link->config.context, link, &copy);
}

static void broken_by_libpq(struct pg_link *link)
{
    struct error why = {""};

    pg_sentence(&why, "PostgreSQL: ",
                PQerrorMessage(link->conn)[0] ? PQerrorMessage(link->conn)
                                              : "the connection broke");
    broken(link, &why);
}

static void broken_by_us(struct pg_link *link, const char *words)
{
    struct error why = {""};

    pg_sentence(&why, "PostgreSQL: ", words);
    broken(link, &why);
}

/* Write what libpq holds; what does not fit now goes when the socket takes it. */
static int flush(struct pg_link *link)
{
    int more = PQflush(link->conn);

    if (more < 0)
        return -1;
    return watch(link, more > 0 ? EV_READ | EV_WRITE : EV_READ);
}

static void append(struct pg_link *link, struct pg_unit *unit)
{
    *link->tail = unit;
    link->tail = &unit->next;
    link->units_n++;
}

static struct pg_unit *append_setup(struct pg_link *link, struct pg_unit *unit)
{
    if (!unit)
        return NULL;
    unit->sent_us = link->now_us;
    unit->deadline_us = link->deadline_us;
    append(link, unit);
    return unit;
}

/* The server's end of the connection before may live yet and hold what it was sent, where it stands
 * still or the network had a gap: it is ended before anything is asked here. */
static int send_setup(struct pg_link *link, struct pg_unit *unit, struct pg_unit *who)
{
    if (PQsetnonblocking(link->conn, 1) != 0 || PQenterPipelineMode(link->conn) != 1 ||
        pg_unit_send_setup(unit, link->conn, &link->manner, &link->params) < 0)
        return -1;
    if (who && pg_unit_send_who(who, link->conn, &link->backend) < 0)
        return -1;
    return flush(link);
}

/* Connected: what every connection needs before it is of use. */
static void set_up(struct pg_link *link)
{
    struct pg_unit *unit = append_setup(link, pg_unit_setup());
    struct pg_unit *who = link->manner.prepared ? append_setup(link, pg_unit_new(NULL)) : NULL;

    link->state = PG_SETTING_UP;
    if (!unit || (link->manner.prepared && !who))
        broken_by_us(link, "out of memory");
    else if (send_setup(link, unit, who) < 0)
        broken_by_libpq(link);
}

/* PQconnectPoll says what it waits for only by its result. */
static void step_connect(struct pg_link *link)
{
    PostgresPollingStatusType wants = PQconnectPoll(link->conn);

    if (wants == PGRES_POLLING_OK)
        set_up(link);
    else if (wants != PGRES_POLLING_READING && wants != PGRES_POLLING_WRITING)
        broken_by_libpq(link);
    else if (watch(link, wants == PGRES_POLLING_READING ? EV_READ : EV_WRITE) < 0)
        broken_by_us(link, "out of memory");
}

/* By whom we are served, where that is for as long as the connection lasts: a pooler, which gives
 * itself for the server's end, lends that to others after us. */
static struct pg_backend served_by(const struct pg_link *link, const struct pg_unit *who)
{
    const struct pg_backend none = {0, 0};

    return who->backend.pid == PQbackendPID(link->conn) ? who->backend : none;
}

/* The oldest unit has all its results. */
static void end_unit(struct pg_link *link)
{
    struct pg_unit *unit = link->oldest;
    struct error why = unit->error;
    bool setup = link->state == PG_SETTING_UP, failed = unit->failed;
    bool fatal = setup && failed && !unit->spare;
    bool going = failed && unit->verdict == PG_GOING;
    bool undone = failed && !unit->final &&
                  (going || unit->verdict == PG_AGAIN || (unit->asks && unit->asks->next));

    if ((setup && !unit->spare) || unit->claimed)
        link->manner.claimed = unit->claimed;
    if (unit->spare && !going)
        link->backend = served_by(link, unit);
    link->oldest = unit->next;
    if (!link->oldest)
        link->tail = &link->oldest;
    link->units_n--;
    for (struct store_ask *ask = unit->asks; ask && !undone; ask = ask->next) {
        ask->answer.status = failed ? unit->status : store_ask_done(ask);
        if (ask->answer.status == STORE_AWAY)
            ask->answer.error = why;
    }
    if (unit->asks)
        link->config.ended(link->config.context, unit->asks, undone ? PG_UNDONE : PG_DONE, &why);
    pg_unit_free(unit);
    if (going || fatal) {
        broken(link, &why);
    } else if (setup && !link->oldest) {
        link->state = PG_READY;
        link->ready_us = link->now_us;
        link->config.changed(link->config.context, link, NULL);
    }
}

static void read_results(struct pg_link *link)
{
    bool nothing = false;

    while (link->conn && link->oldest && !PQisBusy(link->conn)) {
        PGresult *result = PQgetResult(link->conn);
        bool last = pg_unit_result(link->oldest, result);

        PQclear(result);
        if (!result && nothing)
            break; /* libpq has nothing more to say: the connection is gone */
        nothing = !result;
        if (last)
            end_unit(link);
        link->quiet_us = link->now_us;
    }
    if (link->conn && PQstatus(link->conn) == CONNECTION_BAD)
        broken_by_libpq(link);
}

void pg_link_serve(struct pg_link *link)
{
    link->now_us = clock_steady_us();
    if (link->state == PG_CONNECTING) {
        step_connect(link);
        return;
    }
    if (link->state != PG_SETTING_UP && link->state != PG_READY)
        return;
    if (PQconsumeInput(link->conn) != 1) {
        read_results(link); /* what came before the end */
        if (link->conn)
            broken_by_libpq(link);
        return;
    }
    if (flush(link) < 0) {
        broken_by_libpq(link);
        return;
    }
    read_results(link);
}

static void on_socket(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    pg_link_serve(context);
}

static void found(void *context, const struct pg_words *words, const struct error *error)
{
    struct pg_link *link = context;

    link->search = NULL;
    link->state = PG_DOWN;
    if (!words) {
        broken(link, error);
        return;
    }
    link->conn = PQconnectStartParams(words->keywords, words->values, 0);
    if (!link->conn || PQstatus(link->conn) == CONNECTION_BAD) {
        broken_by_us(link, link->conn ? PQerrorMessage(link->conn) : "out of memory");
        return;
    }
    link->state = PG_CONNECTING;
    if (watch(link, EV_WRITE) < 0)
        broken_by_us(link, "out of memory");
}

int pg_link_start(struct pg_link *link, uint64_t now_us)
{
    link->now_us = now_us;
    link->deadline_us = now_us + (uint64_t)link->config.connect_ms * 1000;
    link->search = pg_search_start(link->config.target, found, link);
    if (!link->search)
        return -1;
    link->state = PG_SEARCHING;
    return 0;
}

void pg_link_adopt(struct pg_link *link, PGconn *conn, uint64_t now_us)
{
    link->now_us = link->quiet_us = now_us;
    link->deadline_us = now_us + (uint64_t)link->config.connect_ms * 1000;
    link->conn = conn;
    set_up(link);
}

void pg_link_send(struct pg_link *link, struct store_ask *asks, uint64_t now_us,
                  uint64_t deadline_us)
{
    struct pg_unit *unit = pg_unit_new(asks);
    struct error none = {"out of memory"};

    link->now_us = link->quiet_us = now_us;
    for (struct store_ask *ask = asks; ask; ask = ask->next)
        ask->begun_us = now_us;
    if (!unit) {
        if (asks)
            link->config.ended(link->config.context, asks, PG_UNDONE, &none);
        return;
    }
    unit->sent_us = now_us;
    unit->deadline_us = deadline_us;
    append(link, unit);
    if (pg_unit_send(unit, link->conn, &link->manner, &link->params) < 0 || flush(link) < 0)
        broken_by_libpq(link);
}

void pg_link_tick(struct pg_link *link, uint64_t now_us)
{
    link->now_us = now_us;
    if (link->state == PG_DOWN)
        return;
    if (link->state != PG_READY && now_us >= link->deadline_us)
        broken_by_us(link, link->state == PG_SEARCHING ? "its host name was not looked up in time"
                                                       : "no connection in time");
    else if (link->oldest && now_us >= link->oldest->deadline_us)
        broken_by_us(link, "no answer in time");
}

struct pg_link *pg_link_new(const struct pg_link_config *config)
{
    struct pg_link *link = calloc(1, sizeof(*link));

    if (!link)
        return NULL;
    link->config = *config;
    link->manner = (struct pg_manner){.prepared = config->prepared,
                                      .saves = config->saves,
                                      .epoch = config->epoch,
                                      .statement_ms = config->statement_ms};
    link->tail = &link->oldest;
    return link;
}

void pg_link_free(struct pg_link *link)
{
    if (!link)
        return;
    link->config.ended = NULL;
    pg_link_drop(link, NULL);
    pg_params_free(&link->params);
    free(link);
}

enum pg_link_state pg_link_state(const struct pg_link *link)
{
    return link->state;
}

unsigned pg_link_units_n(const struct pg_link *link)
{
    return link->units_n;
}

uint64_t pg_link_quiet_us(const struct pg_link *link)
{
    return link->quiet_us;
}

uint64_t pg_link_ready_us(const struct pg_link *link)
{
    return link->ready_us;
}

const struct store_ask *pg_link_oldest(const struct pg_link *link, uint64_t *sent_us,
                                       unsigned *asks_n)
{
    const struct store_ask *oldest = NULL;

    *asks_n = 0;
    for (const struct pg_unit *unit = link->oldest; unit; unit = unit->next) {
        for (const struct store_ask *ask = unit->asks; ask; ask = ask->next)
            ++*asks_n;
        if (!oldest && unit->asks) {
            oldest = unit->asks;
            *sent_us = unit->sent_us;
        }
    }
    return oldest;
}

int pg_link_poll(const struct pg_link *link, short *events)
{
    if (!link->conn || link->state < PG_CONNECTING)
        return -1;
    *events =
        (short)((link->watched & EV_READ ? POLLIN : 0) | (link->watched & EV_WRITE ? POLLOUT : 0));
    return PQsocket(link->conn);
}

bool pg_link_lacks_claim(const struct pg_link *link)
{
    return link->state == PG_READY && link->manner.saves && link->manner.prepared &&
           !link->manner.claimed;
}
