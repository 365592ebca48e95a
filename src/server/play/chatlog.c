/* chatlog.c -- see chatlog.h. A ring of lines; one batch is on its way at a time, from the front.
 */
#include "play/chatlog.h"

#include <stdlib.h>
#include <string.h>

#include "common/blob.h"
#include "common/compiler.h"
#include "common/log.h"
#include "ops/metrics.h"

#define EVERY_MS 1000

struct chatlog_line {
    uint64_t at_ms, player;
    uint8_t channel;
    struct blob *name, *text; /* references; name may be NULL: the server */
};

struct chatlog {
    struct store *store;
    struct event *timer;
    bool keep, stopping;
    uint64_t sequence; /* of the last line that was looked at */
    struct chatlog_line lines[CHATLOG_LINES];
    size_t first, n;
    size_t asked_n; /* of these, on their way */
    struct store_chat batch[CHATLOG_BATCH];
};

static void drop_first(struct chatlog *chatlog, size_t n)
{
    for (; n > 0; n--) {
        struct chatlog_line *line = &chatlog->lines[chatlog->first];

        blob_unref(line->name);
        blob_unref(line->text);
        chatlog->first = (chatlog->first + 1) % CHATLOG_LINES;
        chatlog->n--;
    }
}

static void lose(size_t n)
{
    static struct log_limit limit;
    uint64_t swallowed;

    if (n == 0)
        return;
    metrics_add(METRIC_CHAT_LOG_LOST, n);
    if (log_limit_pass(&limit, 1, &swallowed))
        log_event(LOG_LEVEL_WARN, "chat_log_lost", "chat lines could not be written down",
                  LOG_U64("lines", n), LOG_U64("swallowed", swallowed));
}

static void copy(const struct blob *blob, char *room, size_t room_bytes)
{
    size_t n = blob != NULL ? blob->len_bytes : 0;

    if (n >= room_bytes)
        n = room_bytes - 1;
    if (n > 0)
        memcpy(room, blob->bytes, n);
    room[n] = '\0';
}

static size_t ask(struct chatlog *chatlog, size_t from);

static void written(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct chatlog *chatlog = context;

    if (chatlog->stopping) {
        if (answer->status != STORE_OK)
            lose((size_t)tag);
        return;
    }
    if (answer->status == STORE_NONE) /* an account was erased in that very moment */
        lose(chatlog->asked_n);
    if (answer->status == STORE_AWAY) /* they wait on */
        metrics_add(METRIC_CHAT_LOG_RETRIES, 1);
    else
        drop_first(chatlog, chatlog->asked_n);
    chatlog->asked_n = 0;
    if (!chatlog->keep)
        drop_first(chatlog, chatlog->n);
    else if (answer->status == STORE_OK && chatlog->n >= CHATLOG_BATCH)
        chatlog->asked_n = ask(chatlog, 0);
}

/* From line `from` of those that wait. Returns how many were asked to be written. */
static size_t ask(struct chatlog *chatlog, size_t from)
{
    struct store_question question = {
        .statement = STORE_CHAT_ADD, .answer = written, .context = chatlog};
    size_t n = 0;

    for (; n < CHATLOG_BATCH && from + n < chatlog->n; n++) {
        const struct chatlog_line *line =
            &chatlog->lines[(chatlog->first + from + n) % CHATLOG_LINES];
        struct store_chat *row = &chatlog->batch[n];

        row->at_ms = line->at_ms;
        row->channel = line->channel;
        row->player_id = line->player;
        copy(line->name, row->name, sizeof(row->name));
        copy(line->text, row->text, sizeof(row->text));
    }
    question.in.many.rows = chatlog->batch;
    question.in.many.n = n;
    question.tag = n;
    return n > 0 && store_ask(chatlog->store, &question) == 0 ? n : 0;
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
    struct chatlog *chatlog = context;

    (void)fd, (void)what;
    if (chatlog->asked_n == 0 && chatlog->n > 0)
        chatlog->asked_n = ask(chatlog, 0);
}

/* False: there was no room for it, or for another. */
static bool put(struct chatlog *chatlog, const struct snapshot_chat_line *said, uint64_t now_ms)
{
    struct chatlog_line *line;
    bool full = chatlog->n == CHATLOG_LINES;

    if (full && chatlog->asked_n > 0)
        return false; /* the oldest are on their way: the newest goes */
    if (full)
        drop_first(chatlog, 1);
    line = &chatlog->lines[(chatlog->first + chatlog->n++) % CHATLOG_LINES];
    line->at_ms = now_ms;
    line->player = said->player <= INT64_MAX ? said->player : 0;
    line->channel = said->channel;
    line->name = blob_ref(said->name);
    line->text = blob_ref(said->text);
    return !full;
}

void chatlog_take(struct chatlog *chatlog, const struct snapshot *snapshot, uint64_t now_ms)
{
    const struct snapshot_chat_line *lines[SNAPSHOT_CHAT_LINES * PROTOCOL_CHANNELS_N];
    uint64_t newest = snapshot_chat_sequence(snapshot), lost = 0;
    size_t n;

    if (newest == chatlog->sequence)
        return;
    n = snapshot_chat(snapshot, chatlog->sequence, lines, ARRAY_N(lines));
    if (chatlog->sequence != 0)
        lost = newest - chatlog->sequence - n; /* pushed out before we looked */
    chatlog->sequence = newest;
    if (!chatlog->keep)
        return;
    for (size_t i = 0; i < n; i++) {
        if (lines[i]->said_ms == 0) /* else of an earlier run, which wrote it down */
            lost += !put(chatlog, lines[i], now_ms);
    }
    lose(lost);
    if (chatlog->n >= CHATLOG_BATCH)
        on_time(-1, 0, chatlog);
}

void chatlog_keep(struct chatlog *chatlog, bool keep)
{
    chatlog->keep = keep;
    if (!keep && chatlog->asked_n == 0)
        drop_first(chatlog, chatlog->n);
}

void chatlog_stop(struct chatlog *chatlog)
{
    size_t from, n;

    if (chatlog == NULL)
        return;
    chatlog->stopping = true;
    for (from = chatlog->asked_n; from < chatlog->n && (n = ask(chatlog, from)) > 0; from += n)
        continue;
    lose(chatlog->n - from);
}

struct chatlog *chatlog_new(struct event_base *base, struct store *store, struct error *error)
{
    const struct timeval period = {EVERY_MS / 1000, EVERY_MS % 1000 * 1000};
    struct chatlog *chatlog = calloc(1, sizeof(*chatlog));

    if (chatlog != NULL)
        chatlog->timer = event_new(base, -1, EV_PERSIST, on_time, chatlog);
    if (chatlog == NULL || chatlog->timer == NULL || event_add(chatlog->timer, &period) != 0) {
        chatlog_free(chatlog);
        error_set(error, "out of memory");
        return NULL;
    }
    chatlog->store = store;
    chatlog->keep = true;
    return chatlog;
}

void chatlog_free(struct chatlog *chatlog)
{
    if (chatlog == NULL)
        return;
    if (chatlog->timer != NULL)
        event_free(chatlog->timer);
    drop_first(chatlog, chatlog->n);
    free(chatlog);
}
