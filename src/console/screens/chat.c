/* chat.c -- what is said in the world, as it is said: by channel, by what a line or its speaker's
 * name contains, followed or standing still. Under the cursor is a line; its speaker is muted,
 * kicked, banned or told something from there. */
#define _GNU_SOURCE
#include "chat.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "map.h"
#include "player.h"
#include "player_deeds.h"

#define ROWS_MAX 256  /* of a terminal, for the mouse */
#define IDLE_MS  2000 /* lines can come several times a second, and each moves all of them */

enum { DO_CHANNEL = PLAYER_DEEDS, DO_FOLLOW, DO_SAY, DO_ANNOUNCE, DO_MAP };

struct chat_state {
    int channel;     /* 0: all are shown, else 1 + the only one */
    bool standing;   /* new lines move nothing; then, by their sequences, */
    uint64_t cursor; /* the line under the cursor */
    uint64_t bottom; /* and the lowest in view */
    struct line filter;
    size_t n, shown[MODEL_CHAT_LINES]; /* what matches, of the last look: the model's lines */
    int first_row;                     /* of the last drawing, */
    uint64_t at_row[ROWS_MAX];         /* and whose row each is from there on; 0: nobody's */
};

static struct chat_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_CHAT);
}

/* --- What is shown. --- */

static bool matches(const struct chat_state *state, const struct model_chat_line *line)
{
    const char *filter = state->filter.text;

    return (state->channel == 0 || state->channel == 1 + line->channel) &&
           (filter[0] == '\0' || strcasestr(line->text, filter) != NULL ||
            strcasestr(line->name, filter) != NULL);
}

static void look(struct ui *ui)
{
    struct chat_state *state = state_of(ui);

    state->n = 0;
    for (size_t i = 0; i < model_chat_n(&ui->model); i++) {
        if (matches(state, model_chat_line(&ui->model, i)))
            state->shown[state->n++] = i;
    }
}

static const struct model_chat_line *line_at(struct ui *ui, size_t i)
{
    return model_chat_line(&ui->model, state_of(ui)->shown[i]);
}

/* The last line up to that one; the first where all of those have gone. There are lines. */
static size_t index_of(struct ui *ui, uint64_t sequence)
{
    size_t i = state_of(ui)->n - 1;

    while (i > 0 && line_at(ui, i)->sequence > sequence)
        i--;
    return i;
}

/* The newest line that was seen: who was idle may have to be shown newer ones yet, and what he does
 * is about what he saw. */
static size_t newest_of(struct ui *ui)
{
    return ui->behind ? index_of(ui, state_of(ui)->bottom) : state_of(ui)->n - 1;
}

static size_t cursor_of(struct ui *ui)
{
    const struct chat_state *state = state_of(ui);

    return state->standing ? index_of(ui, state->cursor) : newest_of(ui);
}

/* NULL: there is none. */
static const struct model_chat_line *under_cursor(struct ui *ui)
{
    look(ui);
    return state_of(ui)->n > 0 ? line_at(ui, cursor_of(ui)) : NULL;
}

/* --- Drawing. --- */

/* Where the parts of a line stand. */
struct parts {
    int channel_columns, name, name_columns, where, text, text_columns; /* where 0: not shown */
};

static struct parts parts_of(const struct canvas *canvas)
{
    bool narrow = canvas->columns < 70, wide = canvas->columns >= 120;
    struct parts parts = {.channel_columns = narrow ? 1 : 6, .name_columns = wide ? 20 : 14};

    parts.name = 10 + parts.channel_columns + 1;
    parts.text = parts.name + parts.name_columns + 1;
    if (wide) {
        parts.where = parts.text;
        parts.text += 16;
    }
    parts.text_columns = canvas->columns - parts.text - 1;
    return parts;
}

static int rows_of(const struct canvas *canvas, const struct model_chat_line *line)
{
    return canvas_wrap(NULL, 0, 0, 0, parts_of(canvas).text_columns, line->text);
}

static void draw_head(struct ui *ui, struct canvas *canvas, int row)
{
    const struct chat_state *state = state_of(ui);
    int used = 1;

    used += canvas_printf(canvas, row, used, canvas->columns - 2, STYLE_BOLD, "channel %s",
                          state->channel > 0 ? model_channel_name(state->channel - 1) : "all");
    used += canvas_text(canvas, row, used, canvas->columns, STYLE_PLAIN,
                        state->standing ? "   standing still (f follows)" : "   following");
    used += ui_draw_filter(ui, canvas, row, used, &state->filter);
    if (ui->model.chat.lost > 0)
        canvas_printf(canvas, row, used + 3, canvas->columns, STYLE_WARN, "%llu lines were lost",
                      (unsigned long long)ui->model.chat.lost);
}

static void draw_place(struct canvas *canvas, int row, int column,
                       const struct model_chat_line *line)
{
    char text[48];

    if (!line->placed)
        return;
    if (line->layer != 0)
        snprintf(text, sizeof(text), "%.0f %.0f L%lld", line->x, line->z, (long long)line->layer);
    else
        snprintf(text, sizeof(text), "%.0f %.0f", line->x, line->z);
    canvas_text(canvas, row, column, 15, STYLE_DIM, text);
}

/* Its last row stands at `row`; rows above `top` are left out. Returns its rows. */
static int draw_line(struct chat_state *state, struct canvas *canvas, int row, int top,
                     const struct model_chat_line *line, bool selected)
{
    static const enum style STYLES[] = {STYLE_DIM, STYLE_PLAIN, STYLE_WARN};
    struct parts parts = parts_of(canvas);
    int rows = canvas_wrap(canvas, row, top, parts.text, parts.text_columns, line->text);
    int first = row - rows + 1;
    char clock[16], name[sizeof(line->name) + 16];

    if (first >= top) {
        canvas_text(canvas, first, 1, 8, STYLE_DIM, figures_clock(line->at_ms, clock));
        canvas_text(canvas, first, 10, parts.channel_columns, STYLES[line->channel],
                    model_channel_name(line->channel));
        snprintf(name, sizeof(name), "%s%s", line->staff ? "@" : "",
                 line->name[0] != '\0' ? line->name : "(the server)");
        canvas_cut(canvas, first, parts.name, parts.name_columns,
                   line->name[0] == '\0' ? STYLE_DIM
                   : line->staff         ? STYLE_GOOD
                                         : STYLE_BOLD,
                   name);
        if (parts.where > 0)
            draw_place(canvas, first, parts.where, line);
    }
    for (int i = first > top ? first : top; i <= row; i++) {
        if (selected)
            canvas_mark(canvas, i, STYLE_SELECTED);
        if (i - top < ROWS_MAX)
            state->at_row[i - top] = line->sequence;
    }
    return rows;
}

/* The lowest line in view: as it was, but for the cursor, which is in view whole if it can be. */
static size_t bottom_of(struct ui *ui, const struct canvas *canvas, int rows)
{
    struct chat_state *state = state_of(ui);
    size_t cursor = cursor_of(ui), bottom = state->n - 1, i;
    int needed = 0;

    if (!state->standing)
        return bottom;
    bottom = index_of(ui, state->bottom);
    if (bottom < cursor)
        bottom = cursor;
    for (i = cursor; i <= bottom; i++) {
        needed += rows_of(canvas, line_at(ui, i));
        if (needed > rows && i > cursor)
            break;
    }
    return i - 1;
}

/* From the bottom up; lines that do not fill the screen begin at its top. */
static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct chat_state *state = state_of(ui);
    int top = row + 1, room = rows - 1, needed = 0, at;
    bool denied = strcmp(ui->model.rpc.role, "viewer") == 0;
    size_t bottom, cursor;

    look(ui);
    draw_head(ui, canvas, row);
    state->first_row = top;
    memset(state->at_row, 0, sizeof(state->at_row));
    if (state->n == 0) {
        canvas_text(canvas, top + 1, 1, canvas->columns - 2, STYLE_DIM,
                    denied                         ? "Chat is moderators' to read."
                    : model_chat_n(&ui->model) > 0 ? "No line matches."
                                                   : "Nothing was said yet.");
        return;
    }
    cursor = cursor_of(ui);
    bottom = bottom_of(ui, canvas, room);
    state->bottom = line_at(ui, bottom)->sequence;
    for (size_t i = bottom + 1; i > 0 && needed < room; i--)
        needed += rows_of(canvas, line_at(ui, i - 1));
    at = top + (needed < room ? needed : room) - 1;
    for (size_t i = bottom + 1; i > 0 && at >= top; i--)
        at -= draw_line(state, canvas, at, top, line_at(ui, i - 1), i - 1 == cursor);
}

/* --- Moving. --- */

static void stand_at(struct ui *ui, size_t i)
{
    struct chat_state *state = state_of(ui);

    if (!state->standing)
        state->bottom = line_at(ui, newest_of(ui))->sequence;
    state->standing = true;
    state->cursor = line_at(ui, i)->sequence;
}

/* Going on beyond the newest line is following it. */
static void move(struct ui *ui, long n)
{
    struct chat_state *state = state_of(ui);
    long to;

    look(ui);
    if (state->n == 0)
        return;
    to = (long)cursor_of(ui) + n;
    if (to >= (long)state->n)
        state->standing = false;
    else
        stand_at(ui, to > 0 ? (size_t)to : 0);
}

static void toggle(struct ui *ui)
{
    struct chat_state *state = state_of(ui);

    look(ui);
    if (state->standing)
        state->standing = false;
    else if (state->n > 0)
        stand_at(ui, newest_of(ui));
}

/* --- What is done. --- */

/* clang-format off */
static const struct dialog_kind SAY = {
    .verb = "Say in the world's chat", .done = "said it", .many = "lines", .method = "chat.say",
    .what = "It stands among the lines of all players, as the server's. This goes to the audit log.",
    .fields = {{.label = "text", .param = "text"}},
    .write_first = true,
};
static const struct dialog_kind ANNOUNCE = {
    .verb = "Announce", .done = "announced", .many = "players", .method = "announce",
    .what = "Everybody in the world is shown it as a notice, in the server's name. This goes to the audit log.",
    .fields = {{.label = "text", .param = "text"}},
    .write_first = true,
};
/* clang-format on */

void chat_announce(struct ui *ui)
{
    dialog_open(ui, &ANNOUNCE);
}

static void target_of(struct player_target *target, const struct model_chat_line *line)
{
    memset(target, 0, sizeof(*target));
    snprintf(target->session, sizeof(target->session), "%s", line->session);
    snprintf(target->account, sizeof(target->account), "%s", line->account);
    snprintf(target->name, sizeof(target->name), "%s", line->name);
    target->x = line->x;
    target->z = line->z;
}

static void open_speaker(struct ui *ui, const struct model_chat_line *line)
{
    struct model_player player;

    memset(&player, 0, sizeof(player));
    snprintf(player.session, sizeof(player.session), "%s", line->session);
    snprintf(player.account, sizeof(player.account), "%s", line->account);
    snprintf(player.name, sizeof(player.name), "%s", line->name);
    player.x = line->x;
    player.z = line->z;
    player_open(ui, &player);
}

/* To who said the line under the cursor. */
static void deal(struct ui *ui, int action)
{
    const struct model_chat_line *line = under_cursor(ui);
    struct player_target target;

    if (line == NULL) {
        ui_say(ui, true, "no line is under the cursor");
    } else if (line->name[0] == '\0') {
        ui_say(ui, true, "the server said that");
    } else if (action == KEYS_DO_ENTER) {
        open_speaker(ui, line);
    } else if (action == DO_MAP && line->session[0] == '\0') {
        ui_say(ui, true, "%s said that before the server was started", line->name);
    } else if (action == DO_MAP) {
        map_follow(ui, line->session, line->name);
    } else {
        stand_at(ui, cursor_of(ui)); /* what is asked is about the line that was seen */
        target_of(&target, line);
        (void)player_deeds_act(ui, action, &target, 1);
    }
}

static void act(struct ui *ui, int action)
{
    struct chat_state *state = state_of(ui);
    long page = ui->body_rows > 2 ? ui->body_rows - 2 : 1;
    long step = keys_step(action, page);

    if (step != 0)
        move(ui, step);
    else if (action == KEYS_DO_FIRST)
        move(ui, -MODEL_CHAT_LINES);
    else if (action == KEYS_DO_LAST)
        state->standing = false;
    else if (action == DO_CHANNEL)
        state->channel = (state->channel + 1) % (MODEL_CHAT_CHANNELS + 1);
    else if (action == DO_FOLLOW)
        toggle(ui);
    else if (action == DO_SAY)
        dialog_open(ui, &SAY);
    else if (action == DO_ANNOUNCE)
        chat_announce(ui);
    else if (action == KEYS_DO_FILTER)
        ui_prompt(ui, &state->filter);
    else if (action == KEYS_DO_BACK)
        line_set(&state->filter, "");
    else
        deal(ui, action);
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    struct chat_state *state = state_of(ui);
    int row = mouse->row - state->first_row;
    bool click = mouse->what == MOUSE_CLICK || mouse->what == MOUSE_DOUBLE_CLICK;

    if (mouse->what == MOUSE_WHEEL_UP || mouse->what == MOUSE_WHEEL_DOWN)
        move(ui, mouse->what == MOUSE_WHEEL_UP ? -3 : 3);
    look(ui);
    if (!click || row < 0 || row >= ROWS_MAX || state->at_row[row] == 0 || state->n == 0)
        return false;
    stand_at(ui, index_of(ui, state->at_row[row]));
    return mouse->what == MOUSE_DOUBLE_CLICK;
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{'M', KEYS_F(9)},                   PLAYER_MUTE,       "M, F9",        "Mute",    "take no more chat from who said this line; asks first"},
    {{'W'},                              PLAYER_MESSAGE,    "W",            "Warn",    "write a word that only who said this line is told"},
    {{'K'},                              PLAYER_KICK,       "K",            "Kick",    "end the session of who said this line; asks first"},
    {{'B'},                              PLAYER_BAN,        "B",            "Ban",     "ban the account of who said this line; asks first"},
    {{'U'},                              PLAYER_UNMUTE,     "U",            NULL,      "take chat again from who said this line"},
    {{'S'},                              DO_SAY,            "S",            "Say",     "say a line in the world's chat, as the server"},
    {{'A'},                              DO_ANNOUNCE,       "A",            NULL,      "show all players a notice"},
    {{KEYS_ENTER},                       KEYS_DO_ENTER,     "Enter",        "Who",     "who said this line: how he is, what is on record of him"},
    {{'o'},                              DO_MAP,            "o",            "Map",     "follow who said this line on the map"},
    {{'c'},                              DO_CHANNEL,        "c",            "Channel", "all channels, or only nearby, global, server"},
    {{'f'},                              DO_FOLLOW,         "f",            "Follow",  "follow new lines, or stand still"},
    {{'/', KEYS_F(3), KEYS_F(4)},        KEYS_DO_FILTER,    "/, F3, F4",    "Filter",  "only lines that contain what you type, or of such a name"},
    {{KEYS_UP, 'k'},                     KEYS_DO_LINE_UP,   "Up, k",        NULL,      "one line back; stops following"},
    {{KEYS_DOWN, 'j'},                   KEYS_DO_LINE_DOWN, "Down, j",      NULL,      "one line on"},
    {{KEYS_PAGE_UP, KEYS_CTRL('B')},     KEYS_DO_PAGE_UP,   "PgUp, Ctrl-B", NULL,      "a page back"},
    {{KEYS_PAGE_DOWN, KEYS_CTRL('F'), ' '}, KEYS_DO_PAGE_DOWN, "PgDn, Space", NULL,    "a page on"},
    {{KEYS_HOME, 'g'},                   KEYS_DO_FIRST,     "Home, g",      NULL,      "the oldest line"},
    {{KEYS_END, 'G'},                    KEYS_DO_LAST,      "End, G",       NULL,      "the newest line, and follow"},
};
/* clang-format on */

const struct screen SCREEN_CHAT = {
    .name = "Chat",
    .short_name = "Chat",
    .key = '4',
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct chat_state),
    .idle_ms = IDLE_MS,
    .draw = draw,
    .act = act,
    .mouse = on_mouse,
};
