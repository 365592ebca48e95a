/* dialog.c -- see dialog.h. */
#include "dialog.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

/* Where text stands in the dialog. */
struct text_column {
    int column, columns;
};

/* UTF-8 of a code point; returns its bytes. */
static size_t encode(int point, char out[5])
{
    size_t n = 0;

    if (point < 0x80) {
        out[n++] = (char)point;
    } else if (point < 0x800) {
        out[n++] = (char)(0xc0 | point >> 6);
        out[n++] = (char)(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
        out[n++] = (char)(0xe0 | point >> 12);
        out[n++] = (char)(0x80 | (point >> 6 & 0x3f));
        out[n++] = (char)(0x80 | (point & 0x3f));
    } else {
        out[n++] = (char)(0xf0 | point >> 18);
        out[n++] = (char)(0x80 | (point >> 12 & 0x3f));
        out[n++] = (char)(0x80 | (point >> 6 & 0x3f));
        out[n++] = (char)(0x80 | (point & 0x3f));
    }
    out[n] = '\0';
    return n;
}

static void drop_last(char *text)
{
    size_t n = strlen(text);

    while (n > 0 && ((unsigned char)text[n - 1] & 0xc0) == 0x80)
        n--;
    text[n > 0 ? n - 1 : 0] = '\0';
}

bool dialog_edit(struct ui_line *line, int key)
{
    size_t n = strlen(line->text);
    char point[5];

    if (key == KEYS_BACKSPACE || key == 8) {
        drop_last(line->text);
    } else if (key == KEYS_CTRL_U) {
        line->text[0] = '\0';
    } else if (key == KEYS_CTRL_W) {
        while (n > 0 && line->text[n - 1] == ' ')
            line->text[--n] = '\0';
        while (n > 0 && line->text[n - 1] != ' ')
            line->text[--n] = '\0';
    } else if (key >= ' ' && key < KEYS_UP && key != 127) {
        size_t bytes = encode(key, point);

        if (n + bytes > 200 || !text_utf8_valid(point, bytes))
            return false;
        memcpy(line->text + n, point, bytes + 1);
    } else {
        return false;
    }
    return true;
}

/* clang-format off */
static const struct deed {
    const char *verb, *span, *yes, *method, *done;
    const char *duration; /* NULL: it is of a session, not of an account */
    const char *what;
} DEEDS[] = {
    [UI_DEED_KICK] = {"Kick", "", "Yes, kick", "players.kick", "kicked", NULL,
        "The session ends at once; the place is saved. The player is told "
        "why and may come back. This goes to the audit log."},
    [UI_DEED_BAN] = {"Ban", " for a day", "Yes, ban", "bans.add", "banned", "1d",
        "The account is here no more at once, and cannot log in for a day. The player is told "
        "why and until when. This goes to the audit log; bans.lift ends it."},
    [UI_DEED_MUTE] = {"Mute", " for an hour", "Yes, mute", "players.mute", "muted", "1h",
        "No chat is taken from the player for an hour. He is told why, nobody else. "
        "This goes to the audit log; players.unmute ends it."},
};
/* clang-format on */

const char *dialog_done(enum ui_deed deed)
{
    return DEEDS[deed].done;
}

/* Whom. An account by number: a name that is seen may be another's since its owner was renamed; a
 * guest has no number. */
static json_t *target_of(const struct deed *deed, const struct model_player *player)
{
    if (deed->duration == NULL)
        return json_pack("{s:s}", "session", player->session);
    return model_guest(player)
               ? json_pack("{s:s, s:s}", "player", player->name, "duration", deed->duration)
               : json_pack("{s:s, s:s}", "id", player->account, "duration", deed->duration);
}

static void act(struct ui *ui)
{
    const struct ui_dialog *dialog = &ui->dialog;
    const struct deed *deed = &DEEDS[dialog->deed];
    const char *reason = dialog->reason.text;
    json_t *params = target_of(deed, &dialog->player);

    if (reason[0] != '\0' || deed->duration != NULL)
        json_object_set_new(params, "reason",
                            json_string(reason[0] != '\0' ? reason : "no reason was given"));
    snprintf(ui->meant[dialog->deed], sizeof(ui->meant[0]), "%s", dialog->player.name);
    if (ui->config.ask(ui->config.context, (enum ui_ask)(UI_ASK_KICK + dialog->deed), deed->method,
                       params) != 0)
        ui_say(ui, true, "not connected: %s was not %s", dialog->player.name, deed->done);
}

/* Letters go into the reason only while it has the focus; Enter there goes on to No, never to Yes.
 */
void dialog_key(struct ui *ui, int key)
{
    struct ui_dialog *dialog = &ui->dialog;
    enum ui_dialog_focus focus = dialog->focus;

    if (key == KEYS_ESCAPE) {
        dialog->open = false;
    } else if (key == KEYS_TAB || key == KEYS_DOWN ||
               (key == KEYS_RIGHT && focus != UI_FOCUS_REASON)) {
        dialog->focus = (focus + 1) % 3;
    } else if (key == KEYS_BACK_TAB || key == KEYS_UP ||
               (key == KEYS_LEFT && focus != UI_FOCUS_REASON)) {
        dialog->focus = (focus + 2) % 3;
    } else if (focus == UI_FOCUS_REASON) {
        if (key == KEYS_ENTER)
            dialog->focus = UI_FOCUS_NO;
        else
            dialog_edit(&dialog->reason, key);
    } else if (key == 'y' || key == 'Y' || (key == KEYS_ENTER && focus == UI_FOCUS_YES)) {
        dialog->open = false;
        act(ui);
    } else if (key == 'n' || key == 'N' || key == KEYS_ENTER) {
        dialog->open = false;
    } else if (key == 'r') {
        dialog->focus = UI_FOCUS_REASON;
    }
}

static void draw_buttons(const struct ui_dialog *dialog, struct canvas *canvas, int row, int column)
{
    char yes[32];
    bool on_yes = dialog->focus == UI_FOCUS_YES;

    canvas_text(canvas, row, column, 8, dialog->focus == UI_FOCUS_NO ? STYLE_SELECTED : STYLE_PLAIN,
                dialog->focus == UI_FOCUS_NO ? "[ No ]" : "  No  ");
    snprintf(yes, sizeof(yes), "%s%s%s", on_yes ? "[ " : "  ", DEEDS[dialog->deed].yes,
             on_yes ? " ]" : "  ");
    canvas_text(canvas, row, column + 10, 14, on_yes ? STYLE_SELECTED : STYLE_PLAIN, yes);
}

/* A paragraph from that row on, at most `rows` of it (the last ones); returns those it took. */
static int paragraph(struct canvas *canvas, int row, int rows, struct text_column at,
                     const char *text)
{
    int needed = canvas_wrap(NULL, 0, 0, 0, at.columns, text);

    rows = needed < rows ? needed : rows;
    if (rows > 0)
        canvas_wrap(canvas, row + rows - 1, row, at.column, at.columns, text);
    return rows;
}

static void draw_reason(const struct ui_dialog *dialog, struct canvas *canvas, int row,
                        struct text_column at)
{
    int used = canvas_text(canvas, row, at.column, at.columns, STYLE_DIM, "reason: ");

    if (dialog->focus == UI_FOCUS_REASON) {
        used += canvas_tail(canvas, row, at.column + used, at.columns - used, STYLE_BOLD,
                            dialog->reason.text);
        canvas->cursor_row = row;
        canvas->cursor_column = at.column + used;
    } else {
        canvas_text(canvas, row, at.column + used, at.columns - used, STYLE_PLAIN,
                    dialog->reason.text[0] != '\0' ? dialog->reason.text
                                                   : "none (Tab or r to write one)");
    }
}

#define BARE_ROWS 6 /* the frame, the reason, the buttons, two blank ones */
#define WHO_ROWS  3 /* at most, for whom it is about */

/* Where the terminal is too low for all of it, what will happen is left out, not the buttons. */
void dialog_draw(struct ui *ui, struct canvas *canvas)
{
    const struct ui_dialog *dialog = &ui->dialog;
    const char *what = DEEDS[dialog->deed].what;
    int columns = canvas->columns < 66 ? canvas->columns - 2 : 64;
    struct text_column at = {(canvas->columns - columns) / 2 + 2, columns - 4};
    char title[300], who[400];
    int who_rows, what_rows = canvas_wrap(NULL, 0, 0, 0, at.columns, what), rows, row;

    snprintf(title, sizeof(title), "%s %s%s?", DEEDS[dialog->deed].verb, dialog->player.name,
             DEEDS[dialog->deed].span);
    snprintf(who, sizeof(who), "%s, from %s", dialog->player.name, dialog->player.address);
    who_rows = canvas_wrap(NULL, 0, 0, 0, at.columns, who);
    who_rows = who_rows > WHO_ROWS ? WHO_ROWS : who_rows;
    if (BARE_ROWS + who_rows + what_rows > canvas->rows)
        what_rows = 0;
    if (BARE_ROWS + who_rows > canvas->rows)
        who_rows = canvas->rows - BARE_ROWS;
    rows = BARE_ROWS + who_rows + what_rows;
    row = (canvas->rows - rows) / 2;
    canvas_box(canvas, row, at.column - 2, rows, columns, title);
    row += 1 + paragraph(canvas, row + 1, who_rows, at, who);
    row += paragraph(canvas, row, what_rows, at, what);
    draw_reason(dialog, canvas, row + 1, at);
    draw_buttons(dialog, canvas, row + 3, at.column);
}

/* The screen's own keys first, then those that hold everywhere. */
static bool in_help(const struct screen *screen, const struct keys_row *key, bool own)
{
    if (key->help == NULL)
        return false;
    return own ? key->scope == screen->scope && key->scope != KEYS_EVERYWHERE
               : key->scope == KEYS_EVERYWHERE;
}

/* The i-th key of the help, own ones first; NULL: there are no more. */
static const struct keys_row *help_key(const struct screen *screen, int i)
{
    for (int own = 1; own >= 0; own--) {
        for (size_t k = 0; k < KEYS_N; k++) {
            if (in_help(screen, &KEYS[k], own) && i-- == 0)
                return &KEYS[k];
        }
    }
    return NULL;
}

void dialog_draw_help(struct ui *ui, const struct screen *screen, struct canvas *canvas, int row)
{
    int a_page = ui->body_rows - 1, keys_n = 0, used, first;

    while (help_key(screen, keys_n) != NULL)
        keys_n++;
    ui->help_pages = (keys_n + a_page - 1) / a_page;
    if (ui->help > ui->help_pages)
        ui->help = ui->help_pages;
    first = (ui->help - 1) * a_page;
    used = canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BOLD, "Keys: %s", screen->name);
    if (ui->help_pages > 1)
        canvas_printf(canvas, row, 1 + used, canvas->columns, STYLE_DIM, "   %d of %d%s", ui->help,
                      ui->help_pages, ui->help < ui->help_pages ? ", ? turns the page" : "");
    for (int i = 0; i < a_page; i++) {
        const struct keys_row *key = help_key(screen, first + i);

        if (key == NULL)
            break;
        canvas_text(canvas, row + 1 + i, 1, 13, STYLE_BOLD, key->shown);
        canvas_text(canvas, row + 1 + i, 15, canvas->columns - 16, STYLE_PLAIN, key->help);
    }
}
