/* bans.c -- see bans.h.
 *
 *   add, lift --store--> committed --> the tables --> handlers
 *   read: page by page into new tables, which then take the place of the old ones; begun anew where
 *         a change was committed meanwhile, for a page may be older than that */
#include "accounts/bans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "ops/metrics.h"
#include "store/timestamp.h"

#define PAGE    500
#define EVERY_S 30 /* expired ones leave the memory */
#define DOUBT_S 2  /* until it is read again where it is not known what the database holds */
#define KINDS_N 2
#define FOREVER UINT64_MAX

struct tables {
    struct ban_table *of[KINDS_N]; /* by enum bans_kind */
};

struct bans {
    struct event_base *base;
    struct store *store;
    struct bans_handlers handlers;
    struct event *timer;
    struct tables tables;
    /* The read that is going on. */
    bool reading, loaded, doubtful; /* doubtful: read (again) as soon as possible */
    struct tables fresh;
    enum bans_kind page_kind;
    uint64_t page_from;
    uint64_t changes, changes_at_start; /* committed ones */
    struct error failure;               /* of the last read; empty: it went well */
};

/* One change on its way. */
struct change {
    struct bans *bans;
    enum bans_kind kind;
    struct ban *ban; /* to be put; NULL: to be lifted */
    bans_done_fn *done;
    void *context;
    uint64_t tag;
};

static const enum store_statement IN_FORCE[KINDS_N] = {STORE_BANS_IN_FORCE, STORE_MUTES_IN_FORCE};
static const enum store_statement ADD[KINDS_N] = {STORE_BAN_ADD, STORE_MUTE_ADD};
static const enum store_statement LIFT[KINDS_N] = {STORE_BAN_LIFT, STORE_MUTE_LIFT};

/* -- words ------------------------------------------------------------------------------------- */

/* IPv4 lies in ::ffff:0:0/96, and so in each network around that, ::/16 or ::/64. */
static bool holds_v4(const struct network *network)
{
    const struct sockaddr_in first = {.sin_family = AF_INET};
    uint8_t bytes[NETWORK_BYTES];

    network_bytes((const struct sockaddr *)&first, bytes);
    return network->bits < 96 && network_holds(network, bytes);
}

int bans_network_parse(const char *text, struct network *network, struct error *error)
{
    char canonical[NETWORK_TEXT_MAX];
    bool v4;

    if (network_parse(text, network, error) != 0)
        return -1;
    v4 = network_is_v4(network->address) && network->bits >= 96;
    if (!network_mask(network)) {
        network_text(network, canonical);
        return error_set(error, "%s names one address in a network: write %s for the network", text,
                         canonical);
    }
    if (network->bits < (v4 ? 96 + BANS_V4_BITS_MIN : BANS_V6_BITS_MIN))
        return error_set(error, "%s is too wide: at most a /%d (IPv4) or a /%d (IPv6) is banned",
                         text, BANS_V4_BITS_MIN, BANS_V6_BITS_MIN);
    if (holds_v4(network))
        return error_set(error, "%s is too wide: every IPv4 address lies in it", text);
    return 0;
}

static void say_time(uint64_t ms, char *room, size_t room_bytes)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    if (ms == FOREVER || gmtime_r(&seconds, &tm) == NULL ||
        strftime(room, room_bytes, "until %Y-%m-%d %H:%M UTC", &tm) == 0)
        snprintf(room, room_bytes, "for good");
}

static void say_ban(const struct ban *ban, const char *before, char text[BANS_TEXT_MAX])
{
    char until[64];

    say_time(ban->expires_ms != 0 ? ban->expires_ms : FOREVER, until, sizeof(until));
    snprintf(text, BANS_TEXT_MAX, "%s%s%s%s", before, until, ban->reason[0] != '\0' ? ": " : "",
             ban->reason);
}

void bans_text(const struct ban *ban, char text[BANS_TEXT_MAX])
{
    say_ban(ban, "", text);
}

void bans_sentence(const struct ban *ban, char text[BANS_TEXT_MAX])
{
    say_ban(ban, "you are banned ", text);
}

void bans_mute_text(uint64_t until_ms, const char *reason, char text[BANS_TEXT_MAX])
{
    char until[64];

    say_time(until_ms, until, sizeof(until));
    snprintf(text, BANS_TEXT_MAX, "You are muted %s%s%s", until, reason[0] != '\0' ? ": " : "",
             reason);
}

/* -- judging ----------------------------------------------------------------------------------- */

const struct ban *bans_account(const struct bans *bans, uint64_t player, uint64_t now_ms)
{
    return ban_table_account(bans->tables.of[BANS_BAN], player, now_ms);
}

const struct ban *bans_address(const struct bans *bans, const struct sockaddr_storage *address,
                               uint64_t now_ms)
{
    return ban_table_address(bans->tables.of[BANS_BAN], (const struct sockaddr *)address, now_ms);
}

const struct ban *bans_network(const struct bans *bans, const struct network *network,
                               uint64_t now_ms)
{
    return ban_table_find(bans->tables.of[BANS_BAN], &(struct ban_target){.network = *network},
                          now_ms);
}

const struct ban *bans_mute(const struct bans *bans, uint64_t player, uint64_t now_ms)
{
    return ban_table_account(bans->tables.of[BANS_MUTE], player, now_ms);
}

static uint64_t until_of(const struct ban *mute)
{
    return mute->expires_ms != 0 ? mute->expires_ms : FOREVER;
}

uint64_t bans_muted_until(const struct bans *bans, uint64_t player, uint64_t now_ms)
{
    const struct ban *mute = bans_mute(bans, player, now_ms);

    return mute != NULL ? until_of(mute) : 0;
}

size_t bans_n(const struct bans *bans)
{
    return ban_table_n(bans->tables.of[BANS_BAN]);
}

size_t bans_mutes_n(const struct bans *bans)
{
    return ban_table_n(bans->tables.of[BANS_MUTE]);
}

/* -- effects ----------------------------------------------------------------------------------- */

static void count(const struct bans *bans)
{
    metrics_set(METRIC_BANS, (int64_t)bans_n(bans));
    metrics_set(METRIC_MUTES, (int64_t)bans_mutes_n(bans));
}

static void tell(const struct bans *bans, enum bans_kind kind, const struct ban *ban)
{
    char text[BANS_TEXT_MAX];

    if (bans->handlers.banned == NULL)
        return;
    if (kind == BANS_BAN) {
        bans_text(ban, text);
        bans->handlers.banned(bans->handlers.context, ban, text);
    } else {
        bans_mute_text(until_of(ban), ban->reason, text);
        bans->handlers.muted(bans->handlers.context, ban->target.player, until_of(ban), text);
    }
}

static void tell_free(const struct bans *bans, uint64_t player)
{
    if (bans->handlers.muted != NULL && player != 0)
        bans->handlers.muted(bans->handlers.context, player, 0, "You may speak again");
}

/* -- reading ----------------------------------------------------------------------------------- */

static void read_page(struct bans *bans);

/* From now on, again and again. */
static void every(struct bans *bans, time_t seconds)
{
    const struct timeval period = {seconds, 0};

    event_add(bans->timer, &period);
}

static void doubt(struct bans *bans)
{
    bans->doubtful = true;
    every(bans, DOUBT_S);
}

static void tables_free(struct tables *tables)
{
    for (unsigned i = 0; i < KINDS_N; i++) {
        ban_table_free(tables->of[i]);
        tables->of[i] = NULL;
    }
}

static void read_failed(struct bans *bans, const char *why)
{
    static struct log_limit limit;
    uint64_t swallowed;

    bans->reading = false;
    doubt(bans);
    tables_free(&bans->fresh);
    error_set(&bans->failure, "the bans cannot be read: %s", why);
    if (bans->loaded && log_limit_pass(&limit, 1, &swallowed))
        log_event(LOG_LEVEL_WARN, "bans_unread", bans->failure.text, LOG_NONE);
}

static void read_begin(struct bans *bans)
{
    if (bans->reading)
        return;
    bans->reading = true;
    bans->doubtful = false;
    bans->page_kind = BANS_BAN;
    bans->page_from = 0;
    bans->changes_at_start = bans->changes;
    bans->failure.text[0] = '\0';
    for (unsigned i = 0; i < KINDS_N; i++)
        bans->fresh.of[i] = ban_table_new();
    if (bans->fresh.of[BANS_BAN] == NULL || bans->fresh.of[BANS_MUTE] == NULL)
        read_failed(bans, "out of memory");
    else
        read_page(bans);
}

/* NULL: not a row that we write, or out of memory. */
static struct ban *ban_of_row(const struct store_ban *row)
{
    struct ban *ban = calloc(1, sizeof(*ban));
    struct error error = {""};

    if (ban == NULL)
        return NULL;
    ban->id = row->id;
    ban->target.player = row->player_id;
    ban->expires_ms = row->expires_ms;
    snprintf(ban->reason, sizeof(ban->reason), "%s", row->reason);
    if (row->player_id == 0 && network_parse(row->network, &ban->target.network, &error) != 0) {
        log_event(LOG_LEVEL_WARN, "ban_unread", error.text, LOG_U64("id", row->id));
        free(ban);
        return NULL;
    }
    return ban;
}

struct news {
    const struct bans *bans;
    const struct tables *before;
    enum bans_kind kind;
};

static void tell_new(void *context, const struct ban *ban)
{
    const struct news *news = context;

    if (!ban_table_has(news->before->of[news->kind], ban->id))
        tell(news->bans, news->kind, ban);
}

static void tell_gone(void *context, const struct ban *ban)
{
    const struct news *news = context;

    if (ban_table_account(news->bans->tables.of[BANS_MUTE], ban->target.player,
                          timestamp_now_ms()) == NULL)
        tell_free(news->bans, ban->target.player);
}

static void read_done(struct bans *bans)
{
    struct tables before = bans->tables;
    struct news news = {bans, &before, BANS_BAN};

    bans->reading = false;
    if (bans->changes != bans->changes_at_start) { /* a page may be older than a change */
        tables_free(&bans->fresh);
        read_begin(bans);
        return;
    }
    bans->tables = bans->fresh;
    memset(&bans->fresh, 0, sizeof(bans->fresh));
    bans->loaded = true;
    every(bans, EVERY_S);
    count(bans);
    if (before.of[BANS_BAN] == NULL)
        return;
    ban_table_each(bans->tables.of[BANS_BAN], tell_new, &news);
    news.kind = BANS_MUTE;
    ban_table_each(bans->tables.of[BANS_MUTE], tell_new, &news);
    ban_table_each(before.of[BANS_MUTE], tell_gone, &news);
    tables_free(&before);
}

static void took_page(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct bans *bans = context;
    const struct store_ban *rows = answer->rows;

    (void)tag;
    if (answer->status == STORE_AWAY) {
        read_failed(bans, answer->error.text);
        return;
    }
    for (size_t i = 0; i < answer->rows_n; i++) {
        struct ban *ban = ban_of_row(&rows[i]);

        if (ban != NULL && ban_table_put(bans->fresh.of[bans->page_kind], ban) != 0) {
            read_failed(bans, "out of memory");
            return;
        }
        bans->page_from = rows[i].id;
    }
    if (answer->rows_n == PAGE) {
        read_page(bans);
    } else if (bans->page_kind == BANS_BAN) {
        bans->page_kind = BANS_MUTE;
        bans->page_from = 0;
        read_page(bans);
    } else {
        read_done(bans);
    }
}

static void read_page(struct bans *bans)
{
    struct store_question question = {
        .statement = IN_FORCE[bans->page_kind], .answer = took_page, .context = bans};

    question.in.page.from = bans->page_from;
    question.in.page.now_ms = timestamp_now_ms();
    question.in.page.limit = PAGE;
    if (store_ask(bans->store, &question) != 0)
        read_failed(bans, "the database has too much to do");
}

/* -- changing ---------------------------------------------------------------------------------- */

static void change_free(struct change *change)
{
    free(change->ban);
    free(change);
}

static void take_change(struct change *change, uint64_t id)
{
    struct bans *bans = change->bans;
    struct ban *ban = change->ban;

    bans->changes++;
    if (ban != NULL) {
        change->ban = NULL;
        ban->id = id;
        tell(bans, change->kind, ban);
        if (ban_table_put(bans->tables.of[change->kind], ban) != 0)
            doubt(bans); /* read again when there is memory */
    } else {
        uint64_t player = ban_table_player_of(bans->tables.of[change->kind], id);

        if (ban_table_remove(bans->tables.of[change->kind], id) && change->kind == BANS_MUTE)
            tell_free(bans, player);
    }
    count(bans);
}

static void changed(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct change *change = context;
    struct bans *bans = change->bans;
    uint64_t id = answer->status == STORE_OK ? answer->out.id : 0;

    (void)tag;
    if (answer->status == STORE_OK) {
        take_change(change, id);
    } else if (answer->status == STORE_AWAY) { /* perhaps it was made: nobody knows */
        bans->changes++;
        doubt(bans);
    }
    change->done(change->context, change->tag, answer->status, id, &answer->error);
    change_free(change);
}

/* change is taken. */
static void ask(struct change *change, struct store_question *question)
{
    struct error error;

    question->answer = changed;
    question->context = change;
    if (store_ask(change->bans->store, question) == 0)
        return;
    error_set(&error, "the database has too much to do: try again");
    change->done(change->context, change->tag, STORE_AWAY, 0, &error);
    change_free(change);
}

static struct change *change_new(struct bans *bans, enum bans_kind kind, bans_done_fn *done,
                                 void *context, uint64_t tag)
{
    struct change *change = calloc(1, sizeof(*change));

    if (change != NULL)
        *change = (struct change){bans, kind, NULL, done, context, tag};
    return change;
}

static void no_memory(bans_done_fn *done, void *context, uint64_t tag)
{
    struct error error;

    error_set(&error, "out of memory");
    done(context, tag, STORE_AWAY, 0, &error);
}

void bans_add(struct bans *bans, const struct bans_order *order, bans_done_fn *done, void *context,
              uint64_t tag)
{
    struct change *change = change_new(bans, order->kind, done, context, tag);
    struct store_question question = {.statement = ADD[order->kind]};
    struct store_ban *row = &question.in.ban;

    if (change != NULL)
        change->ban = calloc(1, sizeof(*change->ban)); /* now: after the commit nothing may fail */
    if (change == NULL || change->ban == NULL) {
        free(change);
        no_memory(done, context, tag);
        return;
    }
    change->ban->target = order->target;
    change->ban->expires_ms = order->expires_ms;
    snprintf(change->ban->reason, sizeof(change->ban->reason), "%s", order->reason);
    row->player_id = order->target.player;
    if (order->target.player == 0)
        network_text(&order->target.network, row->network);
    snprintf(row->reason, sizeof(row->reason), "%s", order->reason);
    snprintf(row->created_by, sizeof(row->created_by), "%s", order->by);
    row->created_ms = timestamp_now_ms();
    row->expires_ms = order->expires_ms;
    ask(change, &question);
}

void bans_lift(struct bans *bans, enum bans_kind kind, uint64_t id, const char *by,
               bans_done_fn *done, void *context, uint64_t tag)
{
    struct change *change = change_new(bans, kind, done, context, tag);
    struct store_question question = {.statement = LIFT[kind]};

    if (change == NULL) {
        no_memory(done, context, tag);
        return;
    }
    question.in.ban.id = id;
    question.in.ban.lifted_ms = timestamp_now_ms();
    snprintf(question.in.ban.lifted_by, sizeof(question.in.ban.lifted_by), "%s", by);
    ask(change, &question);
}

void bans_forget(struct bans *bans, uint64_t player)
{
    bans->changes++;
    for (unsigned i = 0; i < KINDS_N; i++)
        ban_table_remove_player(bans->tables.of[i], player);
    count(bans);
}

/* -- beginning and end ------------------------------------------------------------------------- */

static void on_time(evutil_socket_t fd, short what, void *context)
{
    struct bans *bans = context;

    (void)fd, (void)what;
    for (unsigned i = 0; i < KINDS_N; i++)
        ban_table_expire(bans->tables.of[i], timestamp_now_ms());
    count(bans);
    if (bans->doubtful)
        read_begin(bans);
}

struct bans *bans_new(struct event_base *base, struct store *store, struct error *error)
{
    struct bans *bans = calloc(1, sizeof(*bans));

    if (bans == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    bans->base = base;
    bans->store = store;
    bans->timer = event_new(base, -1, EV_PERSIST, on_time, bans);
    if (bans->timer == NULL) {
        error_set(error, "out of memory");
        bans_free(bans);
        return NULL;
    }
    read_begin(bans);
    while (bans->reading && event_base_loop(base, EVLOOP_ONCE) == 0)
        continue;
    if (!bans->loaded) {
        error_set(error, "%s", bans->failure.text);
        bans_free(bans);
        return NULL;
    }
    return bans;
}

void bans_set_handlers(struct bans *bans, const struct bans_handlers *handlers)
{
    bans->handlers = *handlers;
}

void bans_free(struct bans *bans)
{
    if (bans == NULL)
        return;
    if (bans->timer != NULL)
        event_free(bans->timer);
    tables_free(&bans->tables);
    tables_free(&bans->fresh);
    free(bans);
}
