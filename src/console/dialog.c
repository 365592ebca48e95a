/* dialog.c -- see dialog.h. */
#include "dialog.h"

#include <stdio.h>
#include <string.h>

#include "common/text.h"

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

static void kick(struct ui *ui)
{
    const struct ui_dialog *dialog = &ui->dialog;
    json_t *params = json_pack("{s:s}", "session", dialog->player.session);

    if (dialog->reason.text[0] != '\0')
        json_object_set_new(params, "reason", json_string(dialog->reason.text));
    if (ui->config.ask(ui->config.context, UI_ASK_KICK, "players.kick", params) != 0)
        ui_say(ui, true, "not connected: %s was not kicked", dialog->player.name);
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
        kick(ui);
    } else if (key == 'n' || key == 'N' || key == KEYS_ENTER) {
        dialog->open = false;
    } else if (key == 'r') {
        dialog->focus = UI_FOCUS_REASON;
    }
}

static void draw_buttons(const struct ui_dialog *dialog, struct canvas *canvas, int row, int column)
{
    canvas_text(canvas, row, column, 8, dialog->focus == UI_FOCUS_NO ? STYLE_SELECTED : STYLE_PLAIN,
                dialog->focus == UI_FOCUS_NO ? "[ No ]" : "  No  ");
    canvas_text(canvas, row, column + 10, 14,
                dialog->focus == UI_FOCUS_YES ? STYLE_SELECTED : STYLE_PLAIN,
                dialog->focus == UI_FOCUS_YES ? "[ Yes, kick ]" : "  Yes, kick  ");
}

void dialog_draw(struct ui *ui, struct canvas *canvas)
{
    const struct ui_dialog *dialog = &ui->dialog;
    int columns = canvas->columns < 66 ? canvas->columns - 2 : 64, rows = 9;
    int row = (canvas->rows - rows) / 2, column = (canvas->columns - columns) / 2;
    int inside = columns - 4, used;
    char title[300];

    snprintf(title, sizeof(title), "Kick %s?", dialog->player.name);
    canvas_box(canvas, row, column, rows, columns, title);
    canvas_printf(canvas, row + 1, column + 2, inside, STYLE_PLAIN, "%s, from %s",
                  dialog->player.name, dialog->player.address);
    canvas_text(canvas, row + 2, column + 2, inside, STYLE_PLAIN,
                "The session ends at once; the place is saved. The player is");
    canvas_text(canvas, row + 3, column + 2, inside, STYLE_PLAIN,
                "told why and may come back. This goes to the audit log.");
    used = canvas_text(canvas, row + 5, column + 2, inside, STYLE_DIM, "reason: ");
    used += canvas_text(canvas, row + 5, column + 2 + used, inside - used,
                        dialog->focus == UI_FOCUS_REASON ? STYLE_BOLD : STYLE_PLAIN,
                        dialog->reason.text[0] != '\0' || dialog->focus == UI_FOCUS_REASON
                            ? dialog->reason.text
                            : "none (Tab or r to write one)");
    if (dialog->focus == UI_FOCUS_REASON) {
        canvas->cursor_row = row + 5;
        canvas->cursor_column = column + 2 + used;
    }
    draw_buttons(dialog, canvas, row + 7, column + 2);
}

/* The screen's own keys first, then those that hold everywhere. */
static bool in_help(const struct screen *screen, const struct keys_row *key, bool own)
{
    return own ? key->scope == screen->scope && key->scope != KEYS_EVERYWHERE
               : key->scope == KEYS_EVERYWHERE;
}

/* In two halves side by side where the page is too low for one. */
void dialog_draw_help(const struct screen *screen, struct canvas *canvas, int row, int rows)
{
    int needed = 1, at = row + 1, column = 1, width = canvas->columns - 2;

    for (size_t i = 0; i < KEYS_N; i++)
        needed += in_help(screen, &KEYS[i], true) || in_help(screen, &KEYS[i], false);
    if (needed > rows)
        width = canvas->columns / 2 - 1;
    canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BOLD, "Keys: %s", screen->name);
    for (int own = 1; own >= 0; own--) {
        for (size_t i = 0; i < KEYS_N; i++) {
            if (!in_help(screen, &KEYS[i], own))
                continue;
            if (at >= row + rows && column == 1) {
                at = row + 1;
                column += width + 1;
            }
            canvas_text(canvas, at, column, 13, STYLE_BOLD, KEYS[i].shown);
            canvas_text(canvas, at++, column + 14, width - 14, STYLE_PLAIN, KEYS[i].help);
        }
    }
}
