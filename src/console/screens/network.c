/* network.c -- see network.h.
 *
 * The daemon sorts, filters and cuts: this asks for the first MODEL_ADDRESSES once a second, or for
 * those only that are held back. Who is tagged is found again by his address. */
#include "network.h"

#include <stdio.h>
#include <string.h>

#include "address.h"
#include "common/compiler.h"
#include "console/ui/list.h"

#define REFRESH_MS 1000
#define SHOWN      200 /* addresses that are asked for */
#define WHOLE_FROM 30  /* from which the address under the cursor is told in full below */
#define WHOLE_ROWS 7
#define CLASSES_AT 28 /* rows of the body from which classes have a line each */

enum { DO_BLOCKED = ADDRESS_DEEDS };

struct network_state {
    struct list list;
    struct line filter;
    struct requests_poll poll, traffic;
    bool begun;   /* the first order is set */
    bool blocked; /* only those that are held back */
};

static struct network_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_NETWORK);
}

/* -- the list ---------------------------------------------------------------------------------- */

/* clang-format off */
enum { ADDRESS, CONNECTIONS, PLAYERS, NEW, FAILS, LIMITED, REFUSED, SHAKES, IN, OUT, STATE, UNTIL, HITS, SEEN, WHY, COLUMNS_N };
static const struct list_column COLUMNS[COLUMNS_N] = {
    [ADDRESS] =     {"ADDRESS",  NULL,          22, 0},
    [CONNECTIONS] = {"CONNS",    "connections", -6, 0},
    [PLAYERS] =     {"PLAY",     "players",     -5, 110},
    [NEW] =         {"NEW/S",    "new",         -6, 60},
    [FAILS] =       {"FAILS",    "failures",    -6, 0},
    [LIMITED] =     {"LIMITED",  "limited",     -8, 120},
    [REFUSED] =     {"REFUSED",  "refused",     -8, 120},
    [SHAKES] =      {"NO TLS",   "handshakes",  -7, 150},
    [IN] =          {"IN",       "in",          -7, 150},
    [OUT] =         {"OUT",      "out",         -7, 150},
    [STATE] =       {"STATE",    NULL,          12, 0},
    [UNTIL] =       {"UNTIL",    NULL,          8,  70},
    [HITS] =        {"HITS",     "trouble",     -6, 70},
    [SEEN] =        {"SEEN",     "seen",        -6, 140},
    [WHY] =         {"WHY",      NULL,          0,  90},
};
/* clang-format on */

/* What is known may be the other list yet. */
static long addresses_n(struct ui *ui)
{
    const struct model_network *network = &ui->model.network;

    return network->known && network->blocked == state_of(ui)->blocked ? (long)network->n : -1;
}

static const struct model_address *address_at(struct ui *ui, long row)
{
    return row >= 0 && row < addresses_n(ui) ? &ui->model.network.addresses[row] : NULL;
}

static const char *address_id(struct ui *ui, long row)
{
    const struct model_address *address = address_at(ui, row);

    return address != NULL ? address->network : NULL;
}

static int64_t count_of(const struct model_address *address, int column)
{
    switch (column) {
    case CONNECTIONS:
        return address->connections;
    case PLAYERS:
        return address->players;
    case FAILS:
        return address->login_failures;
    case LIMITED:
        return address->limited + address->logins_limited;
    case REFUSED:
        return address->refused + address->banned;
    case SHAKES:
        return address->unshaken;
    default:
        return address->hits;
    }
}

/* A clock for today, else how long yet. */
static void until_text(const struct ui *ui, const struct model_address *address, char *text,
                       size_t room_bytes)
{
    int64_t left_s = (address->until_ms - ui->model.status.now_ms) / 1000;
    char figure[16];

    if (address->until_ms > 0 && left_s >= 24 * 3600)
        snprintf(text, room_bytes, "+%s", figures_span(left_s, figure));
    else if (address->until_ms > 0)
        snprintf(text, room_bytes, "%s", figures_clock(address->until_ms, figure));
    else
        snprintf(text, room_bytes, "%s", address->ban[0] != '\0' ? "for good" : "-");
}

static bool address_cell(struct ui *ui, long row, int column, char *text, size_t room_bytes)
{
    const struct model_address *address = address_at(ui, row);
    char figure[16];

    if (address == NULL)
        return false;
    switch (column) {
    case ADDRESS:
        snprintf(text, room_bytes, "%s%s", address->account[0] != '\0' ? "account " : "",
                 address->network);
        break;
    case STATE:
    case WHY:
        snprintf(text, room_bytes, "%s", column == STATE ? address->state : address->why);
        break;
    case NEW:
        snprintf(text, room_bytes, "%.1f", address->new_per_s);
        break;
    case IN:
    case OUT:
        snprintf(text, room_bytes, "%s",
                 figures_bytes(column == IN ? address->in : address->out, figure));
        break;
    case UNTIL:
        until_text(ui, address, text, room_bytes);
        break;
    case SEEN:
        if (address->seen_ms > 0)
            snprintf(text, room_bytes, "%s",
                     figures_span((ui->model.status.now_ms - address->seen_ms) / 1000, figure));
        break;
    default:
        snprintf(text, room_bytes, "%lld", (long long)count_of(address, column));
    }
    return true;
}

static enum style address_style(struct ui *ui, long row, int column)
{
    const struct model_address *address = address_at(ui, row);

    if (address == NULL || column != STATE)
        return STYLE_PLAIN;
    if (strcmp(address->state, "banned") == 0)
        return STYLE_BAD;
    if (strcmp(address->state, "ok") == 0 || strcmp(address->state, "exempt") == 0)
        return STYLE_DIM;
    return STYLE_WARN;
}

static const struct list_table TABLE = {
    .columns = COLUMNS,
    .columns_n = COLUMNS_N,
    .nothing = "No address is known that fits.",
    .n = addresses_n,
    .cell = address_cell,
    .id = address_id,
    .style = address_style,
};

/* -- above ------------------------------------------------------------------------------------- */

static void draw_logins(const struct ui *ui, struct canvas *canvas, int row)
{
    const struct model_network *network = &ui->model.network;

    canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_PLAIN,
                  "logins %lld ok, %lld failed, %lld limited; TLS %lld, %lld failed; %lld banned",
                  (long long)network->logins_ok, (long long)network->logins_failed,
                  (long long)network->logins_limited, (long long)network->handshakes_ok,
                  (long long)network->handshakes_failed, (long long)network->turned_away);
}

/* In low terminals all classes share a line: how many are open of each. */
static int draw_classes_short(const struct ui *ui, struct canvas *canvas, int row)
{
    const struct model_network *network = &ui->model.network;
    int at = 1;

    for (size_t i = 0; i < network->classes_n; i++) {
        const struct model_class *class_of = &network->classes[i];

        at +=
            2 + canvas_printf(canvas, row, at, canvas->columns - at - 1,
                              class_of->refused + class_of->limited > 0 ? STYLE_WARN : STYLE_PLAIN,
                              "%s %lld", class_of->name, (long long)class_of->open);
    }
    canvas_text(canvas, row, at, canvas->columns - at - 1, STYLE_DIM, "connections");
    return row + 1;
}

static int draw_classes(const struct ui *ui, struct canvas *canvas, int row)
{
    const struct model_network *network = &ui->model.network;
    char in[16], out[16];

    canvas_fill(canvas, row, 0, canvas->columns, STYLE_TITLE);
    canvas_printf(canvas, row++, 1, canvas->columns - 2, STYLE_TITLE,
                  "%-10s %8s %10s %9s %9s %9s %9s", "CLASS", "OPEN", "ACCEPTED", "REFUSED",
                  "LIMITED", "IN", "OUT");
    for (size_t i = 0; i < network->classes_n; i++) {
        const struct model_class *class_of = &network->classes[i];

        canvas_printf(canvas, row++, 1, canvas->columns - 2,
                      class_of->refused + class_of->limited > 0 ? STYLE_WARN : STYLE_PLAIN,
                      "%-10s %8lld %10lld %9lld %9lld %9s %9s", class_of->name,
                      (long long)class_of->open, (long long)class_of->accepted,
                      (long long)class_of->refused, (long long)class_of->limited,
                      figures_bytes(class_of->in, in), figures_bytes(class_of->out, out));
    }
    return row + 1;
}

static int draw_head(struct ui *ui, struct canvas *canvas, int row)
{
    struct network_state *state = state_of(ui);
    const struct model_network *network = &ui->model.network;
    int used;

    if (state->blocked)
        used = 1 + canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BOLD,
                                 "%lld held back now, %lld bans in force",
                                 (long long)network->matched, (long long)network->bans);
    else
        used = 1 + canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BOLD,
                                 network->remembered == 1 ? "%lld address of the last hour"
                                                          : "%lld addresses of the last hour",
                                 (long long)network->remembered);
    if (network->untold > 0)
        used += canvas_printf(canvas, row, used, canvas->columns - used - 1, STYLE_WARN,
                              ", %lld times there was no room", (long long)network->untold);
    if (!state->blocked)
        used += ui_draw_filter(ui, canvas, row, used, &state->filter);
    if (state->list.tags_n > 0)
        canvas_printf(canvas, row, used + 3, canvas->columns - used - 4, STYLE_WARN, "%d tagged",
                      state->list.tags_n);
    return row + 1;
}

/* An account that is locked has no figures of an address's. */
static void draw_whole(struct ui *ui, struct canvas *canvas, int row)
{
    const struct model_address *address = address_at(ui, state_of(ui)->list.cursor);

    canvas_heading(canvas, row, "THE ADDRESS UNDER THE CURSOR");
    if (address != NULL && address->account[0] == '\0')
        (void)address_draw(ui, address, canvas, row + 1);
    else if (address != NULL)
        canvas_printf(canvas, row + 1, 1, canvas->columns - 2, STYLE_PLAIN, "%s: %s, %lld of them",
                      address->network, address->why, (long long)address->login_failures);
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct network_state *state = state_of(ui);
    struct list_table table = TABLE;
    int last = row + rows;

    if (rows >= WHOLE_FROM) {
        last -= WHOLE_ROWS;
        draw_whole(ui, canvas, last);
    }
    if (rows >= CLASSES_AT)
        row = draw_classes(ui, canvas, row);
    else if (rows >= 12)
        row = draw_classes_short(ui, canvas, row);
    if (rows >= 12)
        draw_logins(ui, canvas, row++);
    row = draw_head(ui, canvas, row);
    if (state->blocked)
        table.nothing = "Nobody is held back.";
    list_draw(&state->list, &table, ui, canvas, row, last - row);
}

/* -- asking and doing -------------------------------------------------------------------------- */

static void poll_addresses(struct ui *ui)
{
    struct network_state *state = state_of(ui);
    json_t *params;

    if (state->blocked) {
        ui_poll(ui, &state->poll, "network.blocked", json_pack("{s:i}", "limit", SHOWN));
        return;
    }
    params = json_pack("{s:s, s:b, s:i}", "sort", list_sort(&state->list, &TABLE), "descending",
                       state->list.descending, "limit", SHOWN);
    if (state->filter.text[0] != '\0')
        json_object_set_new(params, "filter", json_string(state->filter.text));
    ui_poll(ui, &state->poll, "network.addresses", params);
}

static void on_time(struct ui *ui)
{
    struct network_state *state = state_of(ui);

    if (!state->begun) {
        state->begun = true;
        state->list.sort = HITS;
        state->list.descending = true;
    }
    if (ui_due(ui, &state->poll, REFRESH_MS))
        poll_addresses(ui);
    if (ui_due(ui, &state->traffic, REFRESH_MS))
        ui_poll(ui, &state->traffic, "network.traffic", NULL);
}

/* All that are tagged and in the list, else the one under the cursor. */
static size_t meant(struct ui *ui, const struct model_address *addresses[LIST_TAGS])
{
    struct network_state *state = state_of(ui);
    size_t n = 0;

    for (long i = 0; i < addresses_n(ui) && n < LIST_TAGS; i++)
        if (list_tagged(&state->list, address_id(ui, i)))
            addresses[n++] = address_at(ui, i);
    if (n == 0 && state->list.tags_n == 0 && address_at(ui, state->list.cursor) != NULL)
        addresses[n++] = address_at(ui, state->list.cursor);
    return n;
}

static void open_page(struct ui *ui)
{
    const struct model_address *address = address_at(ui, state_of(ui)->list.cursor);

    if (address == NULL)
        ui_say(ui, true, "no address is under the cursor");
    else if (address->account[0] != '\0')
        ui_say(ui, true, "this is an account: / in the list of players finds it if it is here");
    else
        address_open(ui, address);
}

static void act(struct ui *ui, int action)
{
    struct network_state *state = state_of(ui);
    const struct model_address *addresses[LIST_TAGS];

    if (list_act(&state->list, &TABLE, ui, action)) {
        ui_again(&state->poll);
    } else if (action == KEYS_DO_ENTER) {
        open_page(ui);
    } else if (action == KEYS_DO_FILTER) {
        state->blocked = false;
        ui_prompt(ui, &state->filter);
    } else if (action == KEYS_DO_BACK) {
        line_set(&state->filter, "");
        list_untag(&state->list);
        ui_again(&state->poll);
    } else if (action == DO_BLOCKED) {
        state->blocked = !state->blocked;
        ui_again(&state->poll);
    } else {
        (void)address_act(ui, action, addresses, meant(ui, addresses));
    }
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    struct network_state *state = state_of(ui);

    if (strcmp(reply->method, "network.addresses") == 0 ||
        strcmp(reply->method, "network.blocked") == 0)
        list_settle(&state->list, &TABLE, ui);
    else if (strcmp(reply->method, "network.traffic") != 0)
        ui_again(&state->poll); /* what was done may show */
}

static void typed(struct ui *ui)
{
    ui_again(&state_of(ui)->poll);
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    struct network_state *state = state_of(ui);

    ui_again(&state->poll);
    return list_mouse(&state->list, &TABLE, ui, mouse);
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{KEYS_ENTER}, KEYS_DO_ENTER, "Enter", "Show", "who is connected from there, and which accounts were"},
    {{'o'}, DO_BLOCKED, "o", "Only", "only those that are held back now, accounts too; again: all"},
    ADDRESS_DEEDS_ROWS,
};
/* clang-format on */

const struct screen SCREEN_NETWORK = {
    .name = "Network",
    .short_name = "Net",
    .key = '7',
    .keys = KEYS_OF(ROWS),
    .list = true,
    .state_bytes = sizeof(struct network_state),
    .draw = draw,
    .act = act,
    .time = on_time,
    .answered = answered,
    .typed = typed,
    .mouse = on_mouse,
};
