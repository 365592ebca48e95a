/* dialog.c -- see dialog.h. */
#include "dialog.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/request.h"
#include "keys.h"
#include "ui.h"

/* Where text stands in the dialog. */
struct place {
    int column, columns;
};

static int fields_n(const struct dialog *dialog)
{
    int n = 0;

    while (n < DIALOG_FIELDS && dialog->kind->fields[n].label != NULL)
        n++;
    return n;
}

static bool numbered(const struct dialog *dialog)
{
    return dialog->targets_n > DIALOG_TARGETS;
}

/* The foci in order. */
static int focus_number(const struct dialog *dialog)
{
    return numbered(dialog) ? fields_n(dialog) : -1;
}

static int focus_no(const struct dialog *dialog)
{
    return fields_n(dialog) + (numbered(dialog) ? 1 : 0);
}

static int focus_yes(const struct dialog *dialog)
{
    return focus_no(dialog) + 1;
}

/* The line that has the focus; NULL: a button has it. */
static struct line *line_of(struct dialog *dialog)
{
    if (dialog->focus < fields_n(dialog))
        return &dialog->fields[dialog->focus];
    return dialog->focus == focus_number(dialog) ? &dialog->number : NULL;
}

void dialog_close(struct ui *ui)
{
    struct dialog *dialog = &ui->dialog;

    for (size_t i = 0; i < dialog->targets_n; i++)
        json_decref(dialog->targets[i].params);
    free(dialog->targets);
    memset(dialog, 0, sizeof(*dialog));
}

void dialog_open(struct ui *ui, const struct dialog_kind *kind)
{
    struct dialog *dialog = &ui->dialog;

    dialog_close(ui);
    dialog->kind = kind;
    for (int i = 0; i < fields_n(dialog); i++)
        line_set(&dialog->fields[i], kind->fields[i].preset != NULL ? kind->fields[i].preset : "");
    dialog->focus = kind->write_first ? 0 : focus_no(dialog);
}

void dialog_preset(struct ui *ui, int field, const char *text)
{
    line_set(&ui->dialog.fields[field], text);
}

void dialog_explain(struct ui *ui, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(ui->dialog.what, sizeof(ui->dialog.what), format, arguments);
    va_end(arguments);
}

void dialog_add(struct ui *ui, json_t *params, const char *name, const char *about)
{
    struct dialog *dialog = &ui->dialog;
    bool on_no = dialog->focus == focus_no(dialog);
    struct dialog_target *target;

    if (dialog->targets_n == dialog->targets_room) {
        size_t room = dialog->targets_room * 2 + 4;
        struct dialog_target *targets = realloc(dialog->targets, room * sizeof(*targets));

        if (targets == NULL) {
            json_decref(params);
            dialog_close(ui);
            ui_say(ui, true, "out of memory");
            return;
        }
        dialog->targets = targets;
        dialog->targets_room = room;
    }
    target = &dialog->targets[dialog->targets_n++];
    target->params = params;
    snprintf(target->name, sizeof(target->name), "%s", name);
    snprintf(target->about, sizeof(target->about), "%s", about);
    if (on_no)
        dialog->focus = focus_no(dialog); /* it moves where a number is asked for */
}

/* The first field or number without which it cannot be done; -1: all is there. */
static int lacking(const struct dialog *dialog)
{
    if (dialog->kind->write_first && dialog->fields[0].text[0] == '\0')
        return 0;
    if (numbered(dialog) && (size_t)atol(dialog->number.text) != dialog->targets_n)
        return focus_number(dialog);
    return -1;
}

/* As the method takes it; what is no such value is sent as it was typed: the daemon's word says why
 * not. */
static json_t *value_of(const struct ui *ui, const struct dialog *dialog, int i, const char *text)
{
    const struct dialog_field *field = &dialog->kind->fields[i];
    json_t *value;
    char *end;
    long long number = strtoll(text, &end, 10);

    if (field->number && end != text && *end == '\0')
        return json_integer(number);
    value = request_value(ui->model.rpc.methods, dialog->kind->method, field->param, text);
    return value != NULL ? value : json_string(text);
}

static void write_fields(const struct ui *ui, const struct dialog *dialog, json_t *params)
{
    for (int i = 0; i < fields_n(dialog); i++) {
        const struct dialog_field *field = &dialog->kind->fields[i];
        const char *text = dialog->fields[i].text;

        if (text[0] == '\0')
            text = field->instead;
        if (text != NULL)
            json_object_set_new(params, field->param, value_of(ui, dialog, i, text));
    }
}

static void act(struct ui *ui)
{
    struct dialog dialog = ui->dialog;

    if (lacking(&dialog) >= 0) {
        ui->dialog.focus = lacking(&dialog);
        return;
    }
    memset(&ui->dialog, 0, sizeof(ui->dialog));
    if (dialog.kind->then != NULL)
        dialog.kind->then(ui);
    for (size_t i = 0; i < dialog.targets_n && dialog.kind->method != NULL; i++) {
        write_fields(ui, &dialog, dialog.targets[i].params);
        ui_do(ui, dialog.kind->method, dialog.targets[i].params, dialog.kind->done,
              dialog.targets[i].name);
    }
    if (dialog.targets_n == 0 && dialog.kind->method != NULL) {
        json_t *params = json_object();

        write_fields(ui, &dialog, params);
        ui_do(ui, dialog.kind->method, params, dialog.kind->done, "");
    }
    free(dialog.targets);
}

static void key_on_buttons(struct ui *ui, int key)
{
    struct dialog *dialog = &ui->dialog;
    bool on_yes = dialog->focus == focus_yes(dialog);

    if (key == 'y' || key == 'Y' || (key == KEYS_ENTER && on_yes)) {
        act(ui);
    } else if (key == 'n' || key == 'N' || key == KEYS_ENTER) {
        dialog_close(ui);
    } else {
        for (int i = 0; i < fields_n(dialog); i++) {
            if (dialog->kind->fields[i].label[0] == key)
                dialog->focus = i;
        }
    }
}

/* Letters go into a line only while it has the focus; Enter there goes on, never further than No.
 */
void dialog_key(struct ui *ui, int key)
{
    struct dialog *dialog = &ui->dialog;
    struct line *line = line_of(dialog);
    int n = focus_yes(dialog) + 1;

    if (key == KEYS_ESCAPE)
        dialog_close(ui);
    else if (key == KEYS_TAB || key == KEYS_DOWN || (key == KEYS_RIGHT && line == NULL))
        dialog->focus = (dialog->focus + 1) % n;
    else if (key == KEYS_BACK_TAB || key == KEYS_UP || (key == KEYS_LEFT && line == NULL))
        dialog->focus = (dialog->focus + n - 1) % n;
    else if (line != NULL && key == KEYS_ENTER)
        dialog->focus++;
    else if (line != NULL)
        line_key(line, key);
    else
        key_on_buttons(ui, key);
}

void dialog_mouse(struct ui *ui, const struct mouse *mouse)
{
    struct dialog *dialog = &ui->dialog;
    int field = mouse->row - dialog->first_row, column = mouse->column - dialog->column;

    if (mouse->what != MOUSE_CLICK && mouse->what != MOUSE_DOUBLE_CLICK)
        return;
    if (mouse->row == dialog->buttons_row && column >= 0 && column < 6)
        dialog_close(ui);
    else if (mouse->row == dialog->buttons_row && column >= 10 &&
             column < 18 + (int)strlen(dialog->kind->verb))
        act(ui);
    else if (field >= 0 && field < focus_no(dialog))
        dialog->focus = field;
}

static void draw_buttons(const struct dialog *dialog, struct canvas *canvas, int row,
                         struct place at)
{
    bool on_no = dialog->focus == focus_no(dialog), on_yes = dialog->focus == focus_yes(dialog);
    char yes[48];

    canvas_text(canvas, row, at.column, 8, on_no ? STYLE_SELECTED : STYLE_PLAIN,
                on_no ? "[ No ]" : "  No  ");
    snprintf(yes, sizeof(yes), on_yes ? "[ Yes, %s ]" : "  Yes, %s  ", dialog->kind->verb);
    yes[7] = (char)(yes[7] | 0x20); /* the verb stands in the sentence's middle */
    canvas_text(canvas, row, at.column + 10, at.columns - 10, on_yes ? STYLE_SELECTED : STYLE_PLAIN,
                yes);
}

/* A paragraph from that row on, at most `rows` of it (the last ones); returns those it took. */
static int paragraph(struct canvas *canvas, int row, int rows, struct place at, const char *text)
{
    int needed = canvas_wrap(NULL, 0, 0, 0, at.columns, text);

    rows = needed < rows ? needed : rows;
    if (rows > 0)
        canvas_wrap(canvas, row + rows - 1, row, at.column, at.columns, text);
    return rows;
}

static void draw_field(const struct dialog *dialog, int i, struct canvas *canvas, int row,
                       struct place at)
{
    const struct dialog_field *field = &dialog->kind->fields[i];
    const struct line *line = &dialog->fields[i];
    bool typing = dialog->focus == i;
    int used = canvas_printf(canvas, row, at.column, at.columns, STYLE_DIM, "%s: ", field->label);

    if (typing || line->text[0] != '\0')
        line_draw(line, canvas, row, at.column + used, at.columns - used, typing);
    else
        canvas_printf(canvas, row, at.column + used, at.columns - used, STYLE_PLAIN,
                      "none (Tab or %c to write one)", field->label[0]);
}

static void draw_number(const struct dialog *dialog, struct canvas *canvas, int row,
                        struct place at)
{
    int used = canvas_printf(canvas, row, at.column, at.columns, STYLE_WARN,
                             "type %zu to confirm: ", dialog->targets_n);

    line_draw(&dialog->number, canvas, row, at.column + used, at.columns - used,
              dialog->focus == focus_number(dialog));
}

static void title_of(const struct dialog *dialog, char *out, size_t room_bytes)
{
    const struct dialog_kind *kind = dialog->kind;

    if (dialog->targets_n > 1)
        snprintf(out, room_bytes, "%s %zu %s?", kind->verb, dialog->targets_n, kind->many);
    else if (dialog->targets_n == 1)
        snprintf(out, room_bytes, "%s %s?", kind->verb, dialog->targets[0].name);
    else
        snprintf(out, room_bytes, "%s?", kind->verb);
}

/* One: the name and what is known of it. Several: their names, as many as a dialog holds. */
static void who_of(const struct dialog *dialog, char *out, size_t room_bytes)
{
    size_t n = 0, shown = dialog->targets_n > 8 ? 7 : dialog->targets_n;

    out[0] = '\0';
    if (dialog->targets_n == 1) {
        const struct dialog_target *target = &dialog->targets[0];

        snprintf(out, room_bytes, "%s%s%s", target->name, target->about[0] != '\0' ? ", " : "",
                 target->about);
        return;
    }
    for (size_t i = 0; i < shown && n < room_bytes; i++)
        n += (size_t)snprintf(out + n, room_bytes - n, "%s%.40s", i > 0 ? ", " : "",
                              dialog->targets[i].name);
    if (shown < dialog->targets_n && n < room_bytes)
        snprintf(out + n, room_bytes - n, " and %zu more", dialog->targets_n - shown);
}

#define BARE_ROWS 5 /* the frame, the buttons, two blank ones */
#define WHO_ROWS  3 /* at most, for whom it is about */

/* Where the terminal is too low for all of it, what will happen is left out, not the buttons. */
void dialog_draw(struct ui *ui, struct canvas *canvas)
{
    struct dialog *dialog = &ui->dialog;
    const char *what = dialog->what[0] != '\0' ? dialog->what : dialog->kind->what;
    int columns = canvas->columns < 66 ? canvas->columns - 2 : 64;
    struct place at = {(canvas->columns - columns) / 2 + 2, columns - 4};
    int bare = BARE_ROWS + focus_no(dialog), rows, row;
    int who_rows, what_rows = canvas_wrap(NULL, 0, 0, 0, at.columns, what);
    char title[320], who[700];

    title_of(dialog, title, sizeof(title));
    who_of(dialog, who, sizeof(who));
    who_rows = who[0] != '\0' ? canvas_wrap(NULL, 0, 0, 0, at.columns, who) : 0;
    who_rows = who_rows > WHO_ROWS ? WHO_ROWS : who_rows;
    if (bare + who_rows + what_rows > canvas->rows)
        what_rows = 0;
    if (bare + who_rows > canvas->rows)
        who_rows = canvas->rows > bare ? canvas->rows - bare : 0;
    rows = bare + who_rows + what_rows;
    row = (canvas->rows - rows) / 2;
    canvas_box(canvas, row, at.column - 2, rows, columns, title);
    row += 1 + paragraph(canvas, row + 1, who_rows, at, who);
    row += paragraph(canvas, row, what_rows, at, what) + 1;
    dialog->first_row = row;
    dialog->column = at.column;
    for (int i = 0; i < fields_n(dialog); i++)
        draw_field(dialog, i, canvas, row++, at);
    if (numbered(dialog))
        draw_number(dialog, canvas, row++, at);
    dialog->buttons_row = row + 1;
    draw_buttons(dialog, canvas, row + 1, at);
}
