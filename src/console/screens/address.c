/* address.c -- see address.h. The accounts are moderators' to see. */
#include "address.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"

#define REFRESH_MS          1000
#define REFRESH_ACCOUNTS_MS 5000
#define DENIED              (-32001)

/* -- deeds ------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct dialog_kind BAN = {
    .verb = "Ban", .done = "banned", .many = "addresses", .method = "bans.add",
    .what = "Nobody may connect from there for that time, and all who are connected go at once, also those who did no harm. "
            "Web clients too. This goes to the audit log; L ends it.",
    .fields = {{.label = "reason", .param = "reason", .instead = "no reason was given"},
               {.label = DIALOG_HOW_LONG, .param = "duration", .preset = "1d"}},
};
static const struct dialog_kind LIFT = {
    .verb = "Lift the ban of", .done = "lifted the ban of", .many = "addresses", .method = "bans.lift",
    .what = "Whoever the ban was against may connect again at once. This goes to the audit log.",
};
/* clang-format on */

static bool is_account(const struct model_address *address)
{
    return address->account[0] != '\0';
}

/* Whom a ban hits: "10 connections, 2 players now". Of several each stands alone with its players,
 * where it has any. */
static void add_ban(struct ui *ui, const struct model_address *address, bool alone)
{
    char name[128], about[128];

    snprintf(about, sizeof(about), "%lld connection%s, %lld player%s now",
             (long long)address->connections, address->connections == 1 ? "" : "s",
             (long long)address->players, address->players == 1 ? "" : "s");
    if (alone || address->players == 0)
        snprintf(name, sizeof(name), "%s", address->network);
    else
        snprintf(name, sizeof(name), "%s (%lld player%s)", address->network,
                 (long long)address->players, address->players == 1 ? "" : "s");
    dialog_add(ui, json_pack("{s:s}", "network", address->network), name, about);
}

static void ban(struct ui *ui, const struct model_address *const *addresses, size_t n)
{
    size_t targets = 0;

    for (size_t i = 0; i < n; i++)
        targets += !is_account(addresses[i]);
    if (targets == 0) {
        ui_say(ui, true, "this is an account: B in the list of players, or bans.add, bans it");
        return;
    }
    dialog_open(ui, &BAN);
    for (size_t i = 0; i < n; i++)
        if (!is_account(addresses[i]))
            add_ban(ui, addresses[i], targets == 1);
}

static void unlock(struct ui *ui, const struct model_address *address)
{
    if (strcmp(address->account, "0") == 0)
        ui_say(ui, true, "nobody has that name: its lock ends by itself");
    else if (is_account(address))
        ui_do(ui, "network.unlock", json_pack("{s:s}", "id", address->account), "unlocked",
              address->network);
    else
        ui_do(ui, "network.unlock", json_pack("{s:s}", "network", address->network), "unlocked",
              address->network);
}

static void lift(struct ui *ui, const struct model_address *const *addresses, size_t n)
{
    size_t targets = 0;

    for (size_t i = 0; i < n; i++)
        targets += addresses[i]->ban[0] != '\0';
    if (targets == 0) {
        ui_say(ui, true, "no ban stands against %s", n == 1 ? addresses[0]->network : "these");
        return;
    }
    dialog_open(ui, &LIFT);
    for (size_t i = 0; i < n; i++)
        if (addresses[i]->ban[0] != '\0')
            dialog_add(ui, json_pack("{s:s}", "ban", addresses[i]->ban), addresses[i]->network,
                       addresses[i]->why);
}

bool address_act(struct ui *ui, int action, const struct model_address *const *addresses, size_t n)
{
    if (action < ADDRESS_BAN || action >= ADDRESS_DEEDS)
        return false;
    if (n == 0)
        ui_say(ui, true, "no address is under the cursor");
    else if (action == ADDRESS_BAN)
        ban(ui, addresses, n);
    else if (action == ADDRESS_LIFT)
        lift(ui, addresses, n);
    for (size_t i = 0; action == ADDRESS_UNLOCK && i < n; i++)
        unlock(ui, addresses[i]);
    return true;
}

/* -- the page ---------------------------------------------------------------------------------- */

struct address_state {
    struct requests_poll show, accounts;
    struct model_address address; /* as the list had it last */
    bool denied;                  /* the accounts are not ours to see */
};

static struct address_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_ADDRESS);
}

void address_open(struct ui *ui, const struct model_address *address)
{
    struct address_state *state = state_of(ui);

    memset(state, 0, sizeof(*state));
    state->address = *address;
    ui_open(ui, &SCREEN_ADDRESS);
}

/* A time of day, or, where it is not of the next hours, its date too. */
static const char *until_text(const struct ui *ui, int64_t until_ms, char out[24])
{
    return until_ms - ui->wall_ms < 12 * 3600000 ? figures_clock(until_ms, out)
                                                 : figures_date(until_ms, out);
}

int address_draw(const struct ui *ui, const struct model_address *address, struct canvas *canvas,
                 int row)
{
    char in[16], out[16], since[16], seen[16], until[24];
    int used;

    used = 1 + canvas_cut(canvas, row, 1, canvas->columns - 20, STYLE_BOLD, address->network);
    canvas_cut(canvas, row, used + 2, canvas->columns - used - 3,
               address->ban[0] != '\0'                 ? STYLE_BAD
               : strcmp(address->state, "ok") == 0     ? STYLE_GOOD
               : strcmp(address->state, "exempt") == 0 ? STYLE_DIM
                                                       : STYLE_WARN,
               address->state);
    if (address->why[0] != '\0')
        canvas_printf(canvas, ++row, 1, canvas->columns - 2, STYLE_PLAIN, "%s%s%s", address->why,
                      address->until_ms > 0 ? ", until " : "",
                      address->until_ms > 0 ? until_text(ui, address->until_ms, until) : "");
    canvas_printf(canvas, ++row, 1, canvas->columns - 2, STYLE_PLAIN,
                  "%lld connections (%lld before login), %lld players, %.1f new/s, %lld taken",
                  (long long)address->connections, (long long)address->before_login,
                  (long long)address->players, address->new_per_s, (long long)address->accepted);
    canvas_printf(canvas, ++row, 1, canvas->columns - 2, STYLE_PLAIN,
                  "refused: %lld by limits, %lld for a ban; %lld handshakes failed",
                  (long long)address->refused, (long long)address->banned,
                  (long long)address->unshaken);
    canvas_printf(canvas, ++row, 1, canvas->columns - 2, STYLE_PLAIN,
                  "logins: %lld failed, %lld limited; %lld messages and requests limited",
                  (long long)address->login_failures, (long long)address->logins_limited,
                  (long long)address->limited);
    canvas_printf(canvas, ++row, 1, canvas->columns - 2, STYLE_PLAIN,
                  "in %s, out %s; first heard of %s ago, last %s ago",
                  figures_bytes(address->in, in), figures_bytes(address->out, out),
                  figures_span((ui->model.status.now_ms - address->first_ms) / 1000, since),
                  figures_span((ui->model.status.now_ms - address->seen_ms) / 1000, seen));
    return row + 2;
}

static void draw_peers(const struct ui *ui, struct canvas *canvas, int row, int rows)
{
    const struct model_network *network = &ui->model.network;
    char title[80], in[16], out[16], since[16], rtt[16];

    snprintf(title, sizeof(title), "CONNECTED NOW: %lld sessions%s",
             (long long)network->shown_sessions,
             (int64_t)network->peers_n < network->shown_sessions ? ", the first of them" : "");
    canvas_heading(canvas, row++, title);
    for (size_t i = 0; i < network->peers_n && (int)i < rows - 1; i++) {
        const struct model_peer *peer = &network->peers[i];

        canvas_cut(canvas, row, 1, 22, peer->name[0] != '\0' ? STYLE_PLAIN : STYLE_DIM,
                   peer->name[0] != '\0' ? peer->name
                   : peer->logged_in     ? "(not in the world)"
                                         : "(not logged in)");
        canvas_printf(canvas, row++, 24, canvas->columns - 25, STYLE_PLAIN,
                      "%-6s %-22s %s, in %s, out %s, rtt %sms", peer->kind, peer->address,
                      figures_span((ui->model.status.now_ms - peer->opened_ms) / 1000, since),
                      figures_bytes(peer->in, in), figures_bytes(peer->out, out),
                      figures_ms(peer->rtt_ms, rtt));
    }
}

static void draw_seen(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    const struct model_network *network = &ui->model.network;
    const struct address_state *state = state_of(ui);
    char span[16];

    canvas_heading(canvas, row++, "ACCOUNTS that logged in from here, the last first");
    if (state->denied || strcmp(network->seen_at, state->address.network) != 0) {
        if (rows > 1)
            canvas_text(canvas, row, 1, canvas->columns - 2, STYLE_DIM,
                        state->denied ? "moderators may see them" : "...");
        return;
    }
    for (size_t i = 0; i < network->seen_n && (int)i < rows - 1; i++) {
        const struct model_seen *seen = &network->seen[i];

        canvas_cut(canvas, row, 1, 40, STYLE_PLAIN, seen->name);
        canvas_printf(canvas, row++, 42, canvas->columns - 43,
                      seen->here ? STYLE_GOOD : STYLE_PLAIN, "%s%s ago",
                      seen->here ? "is here, " : "",
                      figures_span((ui->model.status.now_ms - seen->seen_ms) / 1000, span));
    }
    if (network->seen_n == 0 && rows > 1)
        canvas_text(canvas, row, 1, canvas->columns - 2, STYLE_DIM, "none");
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct address_state *state = state_of(ui);
    int last = row + rows, half;
    bool known = strcmp(ui->model.network.shown, state->address.network) == 0;

    row = address_draw(ui, &state->address, canvas, row);
    half = (last - row) / 2;
    if (known && half > 1)
        draw_peers(ui, canvas, row, half - 1);
    if (half > 1)
        draw_seen(ui, canvas, row + half, last - row - half);
}

/* The list goes on being asked for, so that this page shows how the address stands now. */
static void refresh(struct ui *ui)
{
    struct address_state *state = state_of(ui);
    const struct model_network *network = &ui->model.network;

    for (size_t i = 0; i < network->n; i++)
        if (strcmp(network->addresses[i].network, state->address.network) == 0 &&
            !is_account(&network->addresses[i]))
            state->address = network->addresses[i];
}

static void on_time(struct ui *ui)
{
    struct address_state *state = state_of(ui);

    if (!state->denied && ui_due(ui, &state->accounts, REFRESH_ACCOUNTS_MS))
        ui_poll(ui, &state->accounts, "network.accounts",
                json_pack("{s:s}", "network", state->address.network));
    if (!ui_due(ui, &state->show, REFRESH_MS))
        return;
    ui_poll(ui, &state->show, "network.show",
            json_pack("{s:s}", "network", state->address.network));
    ui_ask(ui, "network.addresses",
           json_pack("{s:s, s:i}", "filter", state->address.network, "limit", 10));
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    struct address_state *state = state_of(ui);

    if (strcmp(reply->method, "network.addresses") == 0)
        refresh(ui);
    else if (strcmp(reply->method, "network.accounts") == 0)
        state->denied = reply->code == DENIED;
    else if (strcmp(reply->method, "network.show") != 0)
        ui_again(&state->show); /* what was done may show */
}

static void act(struct ui *ui, int action)
{
    const struct model_address *address = &state_of(ui)->address;

    (void)address_act(ui, action, &address, 1);
}

/* clang-format off */
static const struct keys_row ROWS[] = {ADDRESS_DEEDS_ROWS};
/* clang-format on */

const struct screen SCREEN_ADDRESS = {
    .name = "Address",
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct address_state),
    .draw = draw,
    .act = act,
    .time = on_time,
    .answered = answered,
};
