/* api_players.c -- who has an account, where each is, and how many there are.
 *
 *   where: in the world as of the newest tick, else as saved; put elsewhere the same way (presence)
 *
 * Names and times are for everybody; an e-mail address is never read here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "http/api.h"
#include "http/asked.h"
#include "http/census.h"
#include "http/http.h"
#include "http/page.h"
#include "http/shape.h"
#include "ops/metrics.h"
#include "play/presence.h"
#include "store/timestamp.h"

#define LIST_LIMIT 100

/* -- accounts ---------------------------------------------------------------------------------- */

static json_t *player_json(const struct store_player_row *row)
{
    return json_pack("{s:I, s:s, s:o, s:o}", "id", (json_int_t)row->id, "username", row->username,
                     "created_at", shape_time(row->created_ms), "last_login",
                     shape_time(row->last_login_ms));
}

static void listed(struct http_call *call, const struct store_answer *answer)
{
    const struct store_player_row *rows = answer->rows;
    json_t *list = json_array();
    struct page page;

    if (page_read(call, LIST_LIMIT, PAGE_MAX, &page) < 0) { /* it was well before */
        json_decref(list);
        return;
    }
    for (size_t i = 0; i < answer->rows_n && i < page.limit; i++)
        json_array_append_new(list, player_json(&rows[i]));
    if (answer->rows_n > page.limit) /* one more than was asked for: there is another page */
        page_next(call, "/api/players", &page, rows[page.limit - 1].id);
    call_answer_json(call, 200, list);
}

void api_players(struct http_call *call)
{
    struct store_question question = {.statement = STORE_PLAYERS_LIST};
    struct page page;

    if (page_read(call, LIST_LIMIT, PAGE_MAX, &page) < 0)
        return;
    question.in.page.from = page.cursor;
    question.in.page.limit = page.limit + 1;
    asked_store(call, &question, listed);
}

/* The account of the path is there? Then `next` goes on, with its row first. */
static void find_player(struct http_call *call, asked_fn *next)
{
    struct store_question question = {.statement = STORE_PLAYERS_LIST};
    uint64_t id = shape_id(call_param(call, 0));

    if (id == 0) {
        call_problem(call, 404, "Player not found");
        return;
    }
    question.in.page.from = id - 1;
    question.in.page.limit = 1;
    asked_store(call, &question, next);
}

/* NULL: there is none, and the call is answered. */
static const struct store_player_row *found(struct http_call *call,
                                            const struct store_answer *answer)
{
    const struct store_player_row *row = answer->rows;

    if (answer->rows_n == 1 && row->id == shape_id(call_param(call, 0)))
        return row;
    call_problem(call, 404, "Player not found");
    return NULL;
}

static void show(struct http_call *call, const struct store_answer *answer)
{
    const struct store_player_row *row = found(call, answer);

    if (row)
        call_answer_json(call, 200, player_json(row));
}

void api_player(struct http_call *call)
{
    find_player(call, show);
}

/* -- places ------------------------------------------------------------------------------------ */

static struct presence *presence_of(const struct http_call *call)
{
    return http_services(call_http(call))->presence;
}

static void answer_place(struct http_call *call, const struct store_position *place)
{
    call_answer_json(call, 200,
                     json_pack("{s:o, s:o, s:o, s:o}", "x", shape_number(place->x_m), "y",
                               shape_number(place->y_m), "z", shape_number(place->z_m),
                               "updated_at", shape_time(place->saved_ms)));
}

static void place_found(struct http_call *call, const struct store_answer *answer)
{
    struct store_position place = answer->out.position;
    uint64_t player = shape_id(call_param(call, 0));

    /* He may have come or gone while the database was asked: then memory knows better. */
    if (presence_place(presence_of(call), player, &place) != PRESENCE_UNKNOWN ||
        answer->status == STORE_OK)
        answer_place(call, &place);
    else
        call_problem(call, 404, "Player position not found");
}

void api_position(struct http_call *call)
{
    struct store_question question = {.statement = STORE_POSITION_BY_PLAYER};
    uint64_t player = shape_id(call_param(call, 0));
    struct store_position place;

    if (player == 0) {
        call_problem(call, 404, "Player position not found");
    } else if (presence_place(presence_of(call), player, &place) != PRESENCE_UNKNOWN) {
        answer_place(call, &place);
    } else {
        question.in.id.player_id = player;
        asked_store(call, &question, place_found);
    }
}

/* It is done all the same where the database is away: the log has it. */
static void audited(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct http_call *call = context;
    json_t *done = json_pack("{s:b}", "success", 1);

    (void)tag;
    if (answer->status != STORE_OK) {
        metrics_add(METRIC_AUDIT_LOST, 1);
        log_event(LOG_LEVEL_WARN, "audit_lost", answer->error.text, LOG_NONE);
        json_object_set_new(done, "unaudited", json_string("the database is not available"));
    }
    call_answer_json(call, 200, done);
}

/* What an administrator did to another is written down before he is told that it is done. */
static void write_down(struct http_call *call, uint64_t player)
{
    struct store_question question = {
        .statement = STORE_AUDIT_ADD, .answer = audited, .context = call};
    static const struct store_answer full = {.status = STORE_AWAY,
                                             .error = {"too many questions wait"}};
    struct store_audit *audit = &question.in.audit;
    const struct call_identity *who = call_identity(call);
    char *place = json_dumps(call_body(call), JSON_COMPACT | JSON_SORT_KEYS);

    log_event(LOG_LEVEL_INFO, "player_put", "an administrator put a player elsewhere",
              LOG_TEXT("by", who->username), LOG_U64("by_id", who->player), LOG_U64("id", player));
    audit->at_ms = timestamp_now_ms();
    snprintf(audit->actor, sizeof(audit->actor), "#%llu", (unsigned long long)who->player);
    snprintf(audit->method, sizeof(audit->method), "POST /api/players/:id/position");
    snprintf(audit->target, sizeof(audit->target), "#%llu", (unsigned long long)player);
    snprintf(audit->detail, sizeof(audit->detail), "%s",
             place && strlen(place) < sizeof(audit->detail) ? place : "{}");
    snprintf(audit->outcome, sizeof(audit->outcome), "ok");
    free(place);
    if (store_ask(http_services(call_http(call))->store, &question) < 0)
        audited(call, 0, &full);
}

static double number_of(const json_t *body, const char *member)
{
    return json_number_value(json_object_get(body, member));
}

static void put(struct http_call *call, uint64_t player)
{
    const json_t *body = call_body(call);

    switch (presence_put(presence_of(call), player, number_of(body, "x"), number_of(body, "y"),
                         number_of(body, "z"))) {
    case PRESENCE_PUT_DONE:
        if (call_identity(call)->player != player)
            write_down(call, player);
        else
            call_answer_json(call, 200, json_pack("{s:b}", "success", 1));
        return;
    case PRESENCE_PUT_NOWHERE:
        call_problem(call, 400, "Invalid position data");
        return;
    case PRESENCE_PUT_LATER:
        asked_retry_after(call, 1000);
        call_problem(call, 503, "The player is just coming or leaving: try again");
        return;
    }
}

static void put_found(struct http_call *call, const struct store_answer *answer)
{
    const struct store_player_row *row = found(call, answer);

    if (row)
        put(call, row->id);
}

void api_put_position(struct http_call *call)
{
    const struct call_identity *who = call_identity(call);
    uint64_t player = shape_id(call_param(call, 0));

    if (who->role != PROTOCOL_ROLE_ADMIN && who->player != player)
        call_problem(call, 403, "That is another player's position");
    else if (who->role != PROTOCOL_ROLE_ADMIN && !http_services(call_http(call))->own_positions)
        call_problem(call, 403, "On this server one gets about by walking");
    else if (player != 0 && presence_has(presence_of(call), player))
        put(call, player);
    else
        find_player(call, put_found);
}

/* -- figures ----------------------------------------------------------------------------------- */

static void counted(void *context, int64_t players)
{
    struct http_call *call = context;

    if (players < 0)
        asked_away(call);
    else
        call_answer_json(call, 200,
                         json_pack("{s:I, s:I}", "totalPlayers", (json_int_t)players,
                                   "activeSessions", (json_int_t)presence_n(presence_of(call))));
}

void api_stats(struct http_call *call)
{
    census_ask(http_services(call_http(call))->census, counted, call);
}
