#include "ui/chat.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/imgui_shim.h"

#define SHOWN_S      14.0 /* how long a line stays while the chat is closed */
#define FADE_S       2.0
#define WIDTH        520.0f
#define MARGIN       16.0f
#define PIXELS       16u
#define LINES_CLOSED 8
#define LINES_OPEN   12
#define INPUT_HEIGHT 76.0f

struct line {
    enum protocol_channel channel;
    double at_s;
    uint16_t name_bytes; /* of text: the name; then ": " */
    char text[TEXT_NAME_MAX_BYTES + TEXT_CHAT_MAX_BYTES * 2 + 8];
};

struct chat {
    struct line lines[CHAT_LINES_MAX]; /* ring */
    unsigned lines_first, lines_n;
    char history[CHAT_HISTORY_MAX][TEXT_CHAT_MAX_BYTES + 1];
    unsigned history_n, history_at;
    char input[TEXT_CHAT_MAX_BYTES + 1];
    enum protocol_channel channel;
    bool open, focus;
    struct ui_rect area; /* of the last drawing */
};

struct chat *chat_new(void)
{
    struct chat *chat = calloc(1, sizeof(*chat));
    if (chat)
        chat->channel = PROTOCOL_CHANNEL_NEARBY;
    return chat;
}

void chat_free(struct chat *chat)
{
    free(chat);
}

void chat_add(struct chat *chat, enum protocol_channel channel, struct wire_text name,
              struct wire_text text, double now_s)
{
    unsigned at = (chat->lines_first + chat->lines_n) % CHAT_LINES_MAX;
    if (chat->lines_n == CHAT_LINES_MAX)
        chat->lines_first = (chat->lines_first + 1) % CHAT_LINES_MAX;
    else
        chat->lines_n++;
    struct line *line = &chat->lines[at];
    line->channel = channel;
    line->at_s = now_s;
    line->name_bytes = 0;
    size_t n = 0;
    if (name.len > 0) {
        n = text_sanitise(name.bytes, name.len, line->text, TEXT_NAME_MAX_BYTES);
        line->name_bytes = (uint16_t)n;
        memcpy(line->text + n, ": ", 3);
        n += 2;
    }
    text_sanitise(text.bytes, text.len, line->text + n, sizeof(line->text) - n);
}

void chat_open(struct chat *chat)
{
    chat->open = true;
    chat->focus = true;
    chat->history_at = chat->history_n;
}

void chat_close(struct chat *chat)
{
    chat->open = false;
    chat->input[0] = '\0';
}

bool chat_is_open(const struct chat *chat)
{
    return chat->open;
}

void chat_switch_channel(struct chat *chat)
{
    chat->channel = chat->channel == PROTOCOL_CHANNEL_GLOBAL ? PROTOCOL_CHANNEL_NEARBY
                                                             : PROTOCOL_CHANNEL_GLOBAL;
    chat->focus = true;
}

/* "NAME text" or "\"NA ME\" text" into said. False: a part is missing or too long. */
static bool read_report(const char *line, struct chat_said *said)
{
    const char *name, *text;
    size_t n;
    line += strspn(line, " ");
    bool quoted = line[0] == '"';
    name = line + quoted;
    n = strcspn(name, quoted ? "\"" : " ");
    text = name + n + (quoted && name[n] == '"');
    text += strspn(text, " ");
    if (n == 0 || n >= sizeof(said->about) || text[0] == '\0')
        return false;
    memcpy(said->about, name, n);
    said->about[n] = '\0';
    snprintf(said->text, sizeof(said->text), "%s", text);
    return true;
}

bool chat_read_line(struct chat *chat, const char *line, struct chat_said *said,
                    const char **refused)
{
    *refused = NULL;
    said->channel = chat->channel;
    said->about[0] = '\0';
    if (strncmp(line, "/report", 7) == 0 && (line[7] == ' ' || line[7] == '\0')) {
        if (read_report(line + 7, said))
            return true;
        *refused = "Report a player by /report NAME and what he did; a name with spaces in quotes.";
        return false;
    }
    if (line[0] == '/') {
        bool known = (line[1] == 'g' || line[1] == 'n') && (line[2] == '\0' || line[2] == ' ');
        if (!known) {
            *refused =
                "Commands are /g text (to all), /n text (to those nearby) and /report NAME text.";
            return false;
        }
        said->channel = line[1] == 'g' ? PROTOCOL_CHANNEL_GLOBAL : PROTOCOL_CHANNEL_NEARBY;
        line += 2 + strspn(line + 2, " ");
        if (!*line)
            chat->channel = said->channel;
    }
    if (line[strspn(line, " ")] == '\0')
        return false;
    snprintf(said->text, sizeof(said->text), "%s", line);
    return true;
}

static void remember(struct chat *chat, const char *text)
{
    if (chat->history_n > 0 && strcmp(chat->history[chat->history_n - 1], text) == 0)
        return;
    if (chat->history_n == CHAT_HISTORY_MAX) {
        memmove(chat->history, chat->history + 1, sizeof(chat->history) - sizeof(chat->history[0]));
        chat->history_n--;
    }
    snprintf(chat->history[chat->history_n++], sizeof(chat->history[0]), "%s", text);
}

static bool recall(void *context, int step, char *text, size_t text_bytes)
{
    struct chat *chat = context;
    if ((step < 0 && chat->history_at == 0) || (step > 0 && chat->history_at >= chat->history_n))
        return false;
    chat->history_at += step;
    bool past_end = chat->history_at == chat->history_n;
    snprintf(text, text_bytes, "%s", past_end ? "" : chat->history[chat->history_at]);
    return true;
}

static uint32_t name_colour(enum protocol_channel channel)
{
    switch (channel) {
    case PROTOCOL_CHANNEL_NEARBY:
        return UI_RGBA(150, 205, 255, 255);
    case PROTOCOL_CHANNEL_GLOBAL:
        return UI_RGBA(255, 214, 120, 255);
    case PROTOCOL_CHANNEL_SERVER:
        return UI_RGBA(255, 170, 130, 255);
    }
    return UI_RGBA(255, 255, 255, 255);
}

static float shadowed(struct ui_text *text, struct ui_list *list, struct ui_rect at, uint32_t rgba,
                      const char *utf8, size_t len)
{
    unsigned pixels = (unsigned)at.x1;
    ui_text_draw(text, list, at.x0 + 1, at.y0 + 1, pixels,
                 ui_fade(UI_RGBA(0, 0, 0, 200), (float)(rgba >> 24) / 255), utf8, len);
    return ui_text_draw(text, list, at.x0, at.y0, pixels, rgba, utf8, len);
}

/* One line of chat, broken into rows, its last row's baseline at bottom. Returns the rows it took.
 */
static unsigned draw_line(struct ui_text *text, struct ui_list *list, const struct line *line,
                          struct ui_rect box, float alpha, unsigned pixels)
{
    const char *rows[16];
    size_t lens[16], len = strlen(line->text), at = 0;
    unsigned n = 0;
    while (at < len && n < ARRAY_N(rows)) {
        rows[n] = line->text + at;
        lens[n] = ui_text_fit(text, rows[n], len - at, pixels, box.x1 - box.x0);
        at += lens[n++];
    }
    float height = ui_text_line_height(pixels);
    uint32_t colour = ui_fade(name_colour(line->channel), alpha);
    uint32_t plain = line->name_bytes ? ui_fade(UI_RGBA(240, 243, 246, 255), alpha) : colour;
    for (unsigned i = 0; i < n; i++) {
        float y = box.y1 - height * (float)(n - 1 - i);
        struct ui_rect place = {box.x0, y, (float)pixels, 0};
        if (y < box.y0)
            continue;
        /* The name, its colon and what was said are lines of their own, so that each runs its own
         * way. */
        size_t at_text = 0;
        if (i == 0 && line->name_bytes && line->name_bytes + 2u <= lens[0]) {
            place.x0 += shadowed(text, list, place, colour, rows[0], line->name_bytes);
            at_text = line->name_bytes + 2u;
            place.x0 += shadowed(text, list, place, colour, ": ", 2);
        }
        shadowed(text, list, place, plain, rows[i] + at_text, lens[i] - at_text);
    }
    return n;
}

static void draw_log(struct chat *chat, struct ui_text *text, struct ui_list *list,
                     const struct chat_place *place)
{
    float scale = place->scale, margin = MARGIN * scale;
    unsigned pixels = (unsigned)lrintf(PIXELS * scale),
             rows = chat->open ? LINES_OPEN : LINES_CLOSED;
    float height = ui_text_line_height(pixels), bottom = place->height - INPUT_HEIGHT * scale;
    float width = fminf(WIDTH * scale, place->width - 2 * margin);
    struct ui_rect box = {margin + 12 * scale, bottom - height * (float)rows,
                          margin + width - 12 * scale, bottom - 8 * scale};
    if (chat->open)
        ui_list_panel(
            list, (struct ui_rect){margin, box.y0 - 10 * scale, margin + width, bottom + 4 * scale},
            12 * scale, UI_RGBA(14, 19, 27, 150));
    float top = box.y0 + height * 0.8f, lowest = box.y1;
    for (unsigned i = chat->lines_n; i > 0 && box.y1 > top; i--) {
        const struct line *line = &chat->lines[(chat->lines_first + i - 1) % CHAT_LINES_MAX];
        double age = place->now_s - line->at_s;
        if (!chat->open && age > SHOWN_S)
            break;
        float alpha = chat->open ? 1 : (float)fmin(1, (SHOWN_S - age) / FADE_S);
        struct ui_rect line_box = {box.x0, top, box.x1, box.y1};
        box.y1 -= height * (float)draw_line(text, list, line, line_box, alpha, pixels);
    }
    chat->area = (struct ui_rect){margin, chat->open ? box.y0 : fmaxf(box.y1, box.y0),
                                  margin + width, chat->open ? place->height : lowest};
}

struct ui_rect chat_area(const struct chat *chat)
{
    return chat->area;
}

bool chat_draw(struct chat *chat, struct ui_text *text, struct ui_list *list,
               const struct chat_place *place, struct chat_said *said)
{
    draw_log(chat, text, list, place);
    if (!chat->open)
        return false;
    float margin = MARGIN * place->scale;
    imgui_bar_begin("chat", margin, place->height - (INPUT_HEIGHT - 8) * place->scale, WIDTH);
    bool global = chat->channel == PROTOCOL_CHANNEL_GLOBAL;
    bool entered =
        imgui_line(global ? "to all (Tab: to those nearby)" : "to those nearby (Tab: to all)",
                   chat->input, sizeof(chat->input), chat->focus, recall, chat);
    chat->focus = false;
    imgui_panel_end();
    if (!entered)
        return false;
    const char *refused;
    bool send = chat_read_line(chat, chat->input, said, &refused);
    if (refused)
        chat_add(chat, PROTOCOL_CHANNEL_SERVER, wire_text_of(""), wire_text_of(refused),
                 place->now_s);
    if (chat->input[0])
        remember(chat, chat->input);
    chat_close(chat);
    return send;
}
