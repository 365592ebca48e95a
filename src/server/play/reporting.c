/* reporting.c -- see reporting.h. Each report that is under way is one `struct errand`, which the
 * question that it waits for holds. */
#include "play/reporting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "common/log.h"
#include "common/text.h"
#include "ops/metrics.h"
#include "play/transcript.h"
#include "store/timestamp.h"

#define HOUR_MS   UINT64_C(3600000)
#define OPEN_MOST 10000
#define LOOK_S    60 /* what retention or an erasure took is noticed then */
#define NEAR_M    100
#define OWN_LINES 20 /* of whom it is about */
#define ALL_LINES 40 /* and of all */

struct reporting {
    struct reporting_config config;
    struct event *timer;
    struct reporting_state state;
    bool looking, again;
    const struct transcript_line *lines[TRANSCRIPT_LINES * PROTOCOL_CHANNELS_N]; /* of gather */
};

struct errand {
    struct reporting *reporting;
    struct store_reporting row;
    struct store_report_line lines[ALL_LINES];
    reporting_done_fn *done;
    void *context;
    uint64_t tag;
};

static void end(struct errand *errand, enum reporting_outcome outcome, const char *text)
{
    errand->done(errand->context, errand->tag, outcome, text);
    free(errand);
}

static void ask(struct errand *errand, struct store_question *question, store_answer_fn *next)
{
    question->answer = next;
    question->context = errand;
    if (store_ask(errand->reporting->config.store, question) < 0)
        end(errand, REPORTING_AWAY, "The server is busy: try again in a moment.");
}

/* True: the errand is over. */
static bool away(struct errand *errand, const struct store_answer *answer)
{
    if (answer->status == STORE_AWAY)
        end(errand, REPORTING_AWAY, "The database is not available: try again.");
    return answer->status == STORE_AWAY;
}

/* -- how many there are ------------------------------------------------------------------------ */

static void counted(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct reporting *reporting = context;

    (void)tag;
    reporting->looking = false;
    if (answer->status == STORE_OK && answer->out.id != reporting->state.open_n) {
        reporting->state.open_n = answer->out.id;
        reporting->state.changes++;
        metrics_set(METRIC_PLAYER_REPORTS_OPEN, (int64_t)answer->out.id);
    }
    if (reporting->again)
        reporting_look(reporting);
}

void reporting_look(struct reporting *reporting)
{
    struct store_question question = {
        .statement = STORE_REPORTS_COUNT, .answer = counted, .context = reporting};

    if (reporting == NULL)
        return;
    reporting->again = reporting->looking; /* what is asked may not know it yet */
    if (!reporting->looking)
        reporting->looking = store_ask(reporting->config.store, &question) == 0;
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    reporting_look(context);
}

struct reporting_state reporting_state(const struct reporting *reporting)
{
    return reporting->state;
}

/* -- the chat around it ------------------------------------------------------------------------ */

static bool is_about(const struct store_report *report, const struct transcript_line *line)
{
    if (report->about_id != 0)
        return line->player == report->about_id;
    return line->player == 0 && line->name != NULL &&
           line->name->len_bytes == strlen(report->about) &&
           memcmp(line->name->bytes, report->about, line->name->len_bytes) == 0;
}

static bool is_near(const struct transcript_line *line, const struct transcript_line *place)
{
    int64_t dx = (int64_t)line->pos.x - place->pos.x, dz = (int64_t)line->pos.z - place->pos.z;
    int64_t reach = (int64_t)NEAR_M * SPACE_UNITS_PER_M;

    return line->layer == place->layer && dx * dx + dz * dz <= reach * reach;
}

/* Whether it belongs to what was heard around him: last is his newest line; NULL: he said nothing.
 */
static bool is_around(const struct store_report *report, const struct transcript_line *line,
                      const struct transcript_line *last)
{
    return line->channel != PROTOCOL_CHANNEL_NEARBY || line->player == report->reporter_id ||
           (last != NULL && is_near(line, last));
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

/* His newest lines and the newest of others around him, oldest first. Returns how many. */
static size_t gather(struct errand *errand)
{
    const struct transcript_line **lines = errand->reporting->lines;
    const struct store_report *report = &errand->row.report;
    const struct transcript *transcript = errand->reporting->config.transcript;
    const struct transcript_line *chosen[ALL_LINES], *last = NULL;
    size_t n = transcript != NULL ? transcript_newest(transcript, TRANSCRIPT_ALL, lines,
                                                      ARRAY_N(errand->reporting->lines))
                                  : 0;
    size_t chosen_n = 0, own = 0, others = 0;

    for (size_t i = n; i > 0 && last == NULL; i--)
        last = is_about(report, lines[i - 1]) ? lines[i - 1] : NULL;
    for (size_t i = n; i > 0 && chosen_n < ALL_LINES; i--) {
        const struct transcript_line *line = lines[i - 1];

        if (is_about(report, line)
                ? own++ < OWN_LINES
                : is_around(report, line, last) && others++ < ALL_LINES - OWN_LINES)
            chosen[chosen_n++] = line;
    }
    for (size_t i = 0; i < chosen_n; i++) {
        const struct transcript_line *line = chosen[chosen_n - 1 - i];
        struct store_report_line *row = &errand->lines[i];

        *row = (struct store_report_line){.report_id = report->id,
                                          .at_ms = line->said_ms,
                                          .player_id = line->player,
                                          .channel = line->channel};
        copy(line->name, row->name, sizeof(row->name));
        copy(line->text, row->text, sizeof(row->text));
    }
    return chosen_n;
}

/* -- the way of a report ----------------------------------------------------------------------- */

static void thank(struct errand *errand)
{
    end(errand, REPORTING_TAKEN, "Thank you: the moderators will see your report.");
}

/* The report stands in any case. */
static void lines_added(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct errand *errand = context;

    (void)tag;
    if (answer->status != STORE_OK)
        log_event(LOG_LEVEL_WARN, "report_chat_lost", "a report has no chat around it",
                  LOG_U64("report", errand->row.report.id), LOG_TEXT("error", answer->error.text));
    thank(errand);
}

static void added(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct store_question question = {.statement = STORE_REPORT_LINES_ADD};
    struct errand *errand = context;
    struct store_report *report = &errand->row.report;

    (void)tag;
    if (away(errand, answer))
        return;
    if (answer->status != STORE_OK) {
        end(errand, REPORTING_LIMITED, "There were too many reports lately: try again later.");
        return;
    }
    report->id = answer->out.id;
    errand->reporting->state.newest = report->id;
    errand->reporting->state.changes++;
    metrics_add(METRIC_PLAYER_REPORTS, 1);
    log_event(LOG_LEVEL_INFO, "player_reported", "a player was reported",
              LOG_U64("report", report->id), LOG_TEXT("about", report->about),
              LOG_U64("id", report->about_id), LOG_U64("by", report->reporter_id));
    reporting_look(errand->reporting);
    question.in.many.rows = errand->lines;
    question.in.many.n = gather(errand);
    if (question.in.many.n > 0)
        ask(errand, &question, lines_added);
    else
        thank(errand);
}

static void add(struct errand *errand)
{
    struct store_question question = {.statement = STORE_REPORT_ADD};

    if (errand->reporting->config.per_hour == 0) {
        end(errand, REPORTING_OFF, "This server takes no reports.");
        return;
    }
    errand->row.report.at_ms = timestamp_now_ms();
    errand->row.since_ms = errand->row.report.at_ms - HOUR_MS;
    errand->row.most = errand->reporting->config.per_hour;
    errand->row.open_most = OPEN_MOST;
    question.in.reporting = errand->row;
    ask(errand, &question, added);
}

static void found(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct errand *errand = context;
    struct store_report *report = &errand->row.report;

    (void)tag;
    if (away(errand, answer))
        return;
    report->about_id = answer->status == STORE_OK ? answer->out.player.id : 0;
    if (report->about_id == 0) {
        end(errand, REPORTING_NOBODY, "There is nobody by that name.");
    } else if (report->about_id == report->reporter_id) {
        end(errand, REPORTING_NOBODY, "You cannot report yourself.");
    } else {
        memcpy(report->about, answer->out.player.username, sizeof(report->about));
        add(errand);
    }
}

static void find(struct errand *errand)
{
    struct store_question question = {.statement = STORE_PLAYER_BY_NAME};
    const char *name = errand->row.report.about;

    if (text_fold(name, strlen(name), question.in.key, sizeof(question.in.key)) < 0)
        end(errand, REPORTING_NOBODY, "There is nobody by that name.");
    else
        ask(errand, &question, found);
}

void reporting_take(struct reporting *reporting, const struct reporting_order *order,
                    reporting_done_fn *done, void *context, uint64_t tag)
{
    struct error error = {""};
    struct errand *errand;
    struct store_report *report;

    if (reporting == NULL || reporting->config.per_hour == 0) {
        done(context, tag, REPORTING_OFF, "This server takes no reports.");
    } else if (text_chat_check(order->words, strlen(order->words), &error) != 0) {
        done(context, tag, REPORTING_BAD_WORDS, error.text);
    } else if ((errand = calloc(1, sizeof(*errand))) == NULL) {
        done(context, tag, REPORTING_AWAY, "The server is busy: try again in a moment.");
    } else {
        errand->reporting = reporting;
        errand->done = done;
        errand->context = context;
        errand->tag = tag;
        report = &errand->row.report;
        report->reporter_id = order->reporter;
        snprintf(report->reporter, sizeof(report->reporter), "%s", order->reporter_name);
        text_sanitise(order->about, strlen(order->about), report->about, sizeof(report->about));
        snprintf(report->words, sizeof(report->words), "%s", order->words);
        if (order->guest)
            add(errand);
        else
            find(errand);
    }
}

/* -- life -------------------------------------------------------------------------------------- */

void reporting_set_rate(struct reporting *reporting, uint32_t per_hour)
{
    reporting->config.per_hour = per_hour;
}

struct reporting *reporting_new(const struct reporting_config *config, struct error *error)
{
    const struct timeval period = {LOOK_S, 0};
    struct reporting *reporting = calloc(1, sizeof(*reporting));

    if (reporting != NULL)
        reporting->timer = event_new(config->base, -1, EV_PERSIST, on_time, reporting);
    if (reporting == NULL || reporting->timer == NULL || event_add(reporting->timer, &period) < 0) {
        reporting_free(reporting);
        error_set(error, "out of memory");
        return NULL;
    }
    reporting->config = *config;
    reporting_look(reporting);
    return reporting;
}

void reporting_free(struct reporting *reporting)
{
    if (reporting == NULL)
        return;
    if (reporting->timer != NULL)
        event_free(reporting->timer);
    free(reporting);
}
