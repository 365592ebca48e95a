/* options.c -- see options.h. Values are checked as they come in and kept as texts, one per source;
 * what holds is the text of the highest source. The ini is read here: inih cuts a line at 199
 * bytes, reports only the first bad one and takes an indented line for the end of the one above. */
#include "common/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/option_value.h"
#include "common/text.h"

#define SOURCES_N      5
#define FILE_MAX_BYTES (1 << 20)
#define LINE_MAX_BYTES 4000
#define NAME_MAX_BYTES 96

struct slot {
    char *text, *origin; /* NULL: not given by this source */
};

struct options {
    const struct options_table *table;
    char (*names)[NAME_MAX_BYTES]; /* "section.key" of each row */
    struct slot (*slots)[SOURCES_N];
    char **flags; /* argument of each flag; NULL: not given */
    char **errors;
    size_t errors_n;
    bool failed; /* out of memory: nothing may be applied */
};

static void complain(struct options *options, const char *format, ...) PRINTF_LIKE(2, 3);

static void complain(struct options *options, const char *format, ...)
{
    char raw[1024], clean[1500], **grown;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(raw, sizeof(raw), format, arguments);
    va_end(arguments);
    text_sanitise(raw, strlen(raw), clean, sizeof(clean));
    grown = realloc(options->errors, (options->errors_n + 1) * sizeof(*grown));
    if (grown == NULL) {
        options->failed = true;
        return;
    }
    options->errors = grown;
    grown[options->errors_n] = strdup(clean);
    if (grown[options->errors_n] == NULL)
        options->failed = true;
    else
        options->errors_n++;
}

static const struct slot *holding(const struct options *options, size_t row)
{
    for (int source = SOURCES_N - 1; source > 0; source--) {
        if (options->slots[row][source].text != NULL)
            return &options->slots[row][source];
    }
    return &options->slots[row][0];
}

static const char *held_text(const struct options *options, size_t row)
{
    const char *text = holding(options, row)->text;

    return text != NULL ? text : "";
}

static void slot_set(struct options *options, struct slot *slot, const char *text,
                     const char *origin)
{
    char *new_text = strdup(text), *new_origin = strdup(origin);

    if (new_text == NULL || new_origin == NULL)
        options->failed = true;
    free(slot->text);
    free(slot->origin);
    *slot = (struct slot){new_text, new_origin};
}

/* Check one value and keep it. origin: where it stands. */
static void give(struct options *options, size_t row, enum option_source source, const char *text,
                 const char *origin)
{
    const struct option_row *about = &options->table->rows[row];
    union option_field field = {.bytes = 0};
    struct error error = {""};

    if (option_value_parse(about, text, &field, &error) < 0) {
        bool secret = (about->flags & OPTION_SECRET) != 0;
        complain(options, "%s: %s%s\"%.200s\" %s", origin,
                 source == OPTION_FROM_FILE ? options->names[row] : "",
                 source == OPTION_FROM_FILE ? ": " : "", secret ? "(secret)" : text, error.text);
        return;
    }
    option_value_clear(about, &field);
    slot_set(options, &options->slots[row][source], text, origin);
}

struct options *options_new(const struct options_table *table)
{
    struct options *options = calloc(1, sizeof(*options));

    if (options == NULL)
        return NULL;
    options->table = table;
    options->names = calloc(table->rows_n, sizeof(*options->names));
    options->slots = calloc(table->rows_n, sizeof(*options->slots));
    options->flags = calloc(table->flags_n + 1, sizeof(*options->flags));
    if (options->names == NULL || options->slots == NULL || options->flags == NULL) {
        options_free(options);
        return NULL;
    }
    for (size_t i = 0; i < table->rows_n; i++) {
        snprintf(options->names[i], NAME_MAX_BYTES, "%s.%s", table->rows[i].section,
                 table->rows[i].key);
        give(options, i, OPTION_FROM_DEFAULT, table->rows[i].initial, "default");
    }
    return options;
}

void options_free(struct options *options)
{
    if (options == NULL)
        return;
    for (size_t i = 0; options->slots != NULL && i < options->table->rows_n; i++) {
        for (int source = 0; source < SOURCES_N; source++) {
            free(options->slots[i][source].text);
            free(options->slots[i][source].origin);
        }
    }
    for (size_t i = 0; options->flags != NULL && i < options->table->flags_n; i++)
        free(options->flags[i]);
    for (size_t i = 0; i < options->errors_n; i++)
        free(options->errors[i]);
    free(options->errors);
    free(options->flags);
    free(options->slots);
    free(options->names);
    free(options);
}

/* ---- command line ---- */

static const struct option_flag *find_flag(const struct options_table *table, char letter,
                                           const char *name, size_t name_n)
{
    for (size_t i = 0; i < table->flags_n; i++) {
        const struct option_flag *flag = &table->flags[i];
        if (letter != 0 ? flag->letter == letter
                        : flag->name != NULL && strlen(flag->name) == name_n &&
                              memcmp(flag->name, name, name_n) == 0)
            return flag;
    }
    return NULL;
}

static int find_row(const struct options *options, const char *name, size_t name_n)
{
    for (size_t i = 0; i < options->table->rows_n; i++) {
        if (strlen(options->names[i]) == name_n && memcmp(options->names[i], name, name_n) == 0)
            return (int)i;
    }
    return -1;
}

/* The option or flag that a long word may have meant, or NULL. */
static const char *nearest_word(const struct options *options, const char *word)
{
    const struct options_table *table = options->table;
    const char **words = calloc(table->rows_n + table->flags_n, sizeof(*words)), *nearest;
    size_t n = 0;

    if (words == NULL)
        return NULL;
    for (size_t i = 0; i < table->rows_n; i++)
        words[n++] = options->names[i];
    for (size_t i = 0; i < table->flags_n; i++) {
        if (table->flags[i].name != NULL)
            words[n++] = table->flags[i].name;
    }
    nearest = text_nearest(word, words, n);
    free(words);
    return nearest;
}

static void set_flag(struct options *options, const struct option_flag *flag, const char *shown,
                     const char *argument)
{
    char **place = &options->flags[flag - options->table->flags], origin[NAME_MAX_BYTES + 16];

    snprintf(origin, sizeof(origin), "command line %.80s", shown);
    if (flag->option != NULL) {
        int row = options_row(options->table, flag->option);
        if (row >= 0)
            give(options, (size_t)row, OPTION_FROM_COMMAND_LINE, argument, origin);
        return;
    }
    if (*place != NULL) {
        complain(options, "%s: is given twice", origin);
        return;
    }
    *place = strdup(argument);
    if (*place == NULL)
        options->failed = true;
}

/* One word of the command line that begins with "--"; returns how many words were used. */
static int long_argument(struct options *options, const char *word, const char *next)
{
    size_t n = strcspn(word + 2, "=");
    const char *value = word[2 + n] == '=' ? word + 3 + n : NULL;
    const struct option_flag *flag = find_flag(options->table, 0, word + 2, n);
    int row = find_row(options, word + 2, n), used = 1;
    char shown[NAME_MAX_BYTES];

    snprintf(shown, sizeof(shown), "%.*s", (int)(n + 2 < sizeof(shown) ? n + 2 : sizeof(shown) - 1),
             word);
    if (flag == NULL && row < 0) {
        const char *nearest = nearest_word(options, shown + 2);
        complain(options, "command line %s: no such option%s%s%s", shown,
                 nearest != NULL ? ": did you mean --" : "", nearest != NULL ? nearest : "",
                 nearest != NULL ? "?" : " (--help lists them)");
        return used;
    }
    if (flag != NULL && flag->argument == NULL) {
        if (value != NULL)
            complain(options, "command line %s: takes no value", shown);
        else
            set_flag(options, flag, shown, "");
        return used;
    }
    if (value == NULL) {
        value = next;
        used = 2;
    }
    if (value == NULL) {
        complain(options, "command line %s: needs a value", shown);
        return 1;
    }
    if (flag != NULL) {
        set_flag(options, flag, shown, value);
    } else {
        char origin[NAME_MAX_BYTES + 16];
        snprintf(origin, sizeof(origin), "command line %s", shown);
        give(options, (size_t)row, OPTION_FROM_COMMAND_LINE, value, origin);
    }
    return used;
}

/* A word "-x", "-xyz" or "-cFILE"; returns how many words were used. */
static int short_argument(struct options *options, const char *word, const char *next)
{
    for (const char *c = word + 1; *c != '\0'; c++) {
        const struct option_flag *flag = find_flag(options->table, *c, NULL, 0);
        const char shown[] = {'-', *c, '\0'};

        if (flag == NULL) {
            complain(options, "command line %s: no such option (--help lists them)", shown);
            return 1;
        }
        if (flag->argument == NULL) {
            set_flag(options, flag, shown, "");
            continue;
        }
        if (c[1] != '\0') {
            set_flag(options, flag, shown, c + 1);
            return 1;
        }
        if (next == NULL) {
            complain(options, "command line %s: needs a value", shown);
            return 1;
        }
        set_flag(options, flag, shown, next);
        return 2;
    }
    return 1;
}

void options_arguments(struct options *options, int argc, char *const argv[])
{
    for (int i = 1; i < argc;) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;

        if (strncmp(argv[i], "--", 2) == 0 && argv[i][2] != '\0') {
            i += long_argument(options, argv[i], next);
        } else if (argv[i][0] == '-' && argv[i][1] != '\0' && argv[i][1] != '-') {
            i += short_argument(options, argv[i], next);
        } else {
            complain(options, "command line: \"%.80s\" is not expected here", argv[i]);
            i++;
        }
    }
}

const char *options_flag(const struct options *options, const char *name)
{
    const struct option_flag *flag = find_flag(options->table, 0, name, strlen(name));

    return flag == NULL ? NULL : options->flags[flag - options->table->flags];
}

/* ---- environment ---- */

static void variable_of(const struct options *options, size_t row, char out[NAME_MAX_BYTES])
{
    snprintf(out, NAME_MAX_BYTES, "%s_%s_%s", options->table->environment,
             options->table->rows[row].section, options->table->rows[row].key);
    for (char *c = out; *c != '\0'; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
}

static void unknown_variable(struct options *options, const char *shown)
{
    size_t rows_n = options->table->rows_n;
    char(*names)[NAME_MAX_BYTES] = calloc(rows_n, sizeof(*names));
    const char **words = calloc(rows_n, sizeof(*words)), *nearest = NULL;

    for (size_t i = 0; names != NULL && words != NULL && i < rows_n; i++) {
        variable_of(options, i, names[i]);
        words[i] = names[i];
    }
    if (names != NULL && words != NULL)
        nearest = text_nearest(shown, words, rows_n);
    complain(options, "environment %s: no such option%s%s%s", shown,
             nearest != NULL ? ": did you mean " : "", nearest != NULL ? nearest : "",
             nearest != NULL ? "?" : "");
    free(words);
    free(names);
}

void options_environment(struct options *options, char *const environment[])
{
    size_t prefix_n = strlen(options->table->environment);

    for (; *environment != NULL; environment++) {
        const char *variable = *environment, *value = strchr(variable, '=');
        char shown[NAME_MAX_BYTES], name[NAME_MAX_BYTES], origin[NAME_MAX_BYTES + 16];
        size_t row = 0;

        if (value == NULL || strncmp(variable, options->table->environment, prefix_n) != 0 ||
            variable[prefix_n] != '_')
            continue;
        snprintf(shown, sizeof(shown), "%.*s", (int)(value - variable < 90 ? value - variable : 90),
                 variable);
        for (; row < options->table->rows_n; row++) {
            variable_of(options, row, name);
            if (strcmp(name, shown) == 0)
                break;
        }
        snprintf(origin, sizeof(origin), "environment %s", shown);
        if (row < options->table->rows_n)
            give(options, row, OPTION_FROM_ENVIRONMENT, value + 1, origin);
        else
            unknown_variable(options, shown);
    }
}

/* ---- ini file ---- */

/* A line is blank, a comment (# or ; at its start), [section], or key = value with the value up to
 * the line's end, in double quotes or not. Nothing goes on over lines. */
struct ini_load {
    struct options *options;
    const char *name; /* of the file, for origins */
    unsigned line;
    bool skipping;       /* the section is unknown: its keys were complained about with it */
    const char *section; /* of the table; NULL: none yet */
};

static void complain_line(struct ini_load *load, const char *what, const char *more,
                          const char *end)
{
    complain(load->options, "%s:%u: %s%s%s", load->name, load->line, what, more, end);
}

static void check_section(struct ini_load *load, const char *line)
{
    const char *const *sections = load->options->table->sections;
    const char *words[32], *nearest, *end = strchr(line, ']');
    char name[NAME_MAX_BYTES];
    size_t n = 0;

    load->skipping = true;
    if (end == NULL) {
        complain_line(load, "a section is written [name]", "", "");
        return;
    }
    snprintf(name, sizeof(name), "%.*s", (int)(end - line - 1 < 80 ? end - line - 1 : 80),
             line + 1);
    end += 1 + strspn(end + 1, " \t");
    if (*end != '\0' && *end != ';' && *end != '#')
        complain_line(load, "nothing may follow [", name, "] on its line");
    for (size_t i = 0; sections[i] != NULL && n < ARRAY_N(words); i += 2) {
        words[n++] = sections[i];
        if (strcmp(sections[i], name) == 0) {
            load->skipping = false;
            load->section = sections[i];
            return;
        }
    }
    nearest = text_nearest(name, words, n);
    if (nearest != NULL)
        complain(load->options, "%s:%u: no such section [%s]: did you mean [%s]?", load->name,
                 load->line, name, nearest);
    else
        complain_line(load, "no such section [", name, "]");
}

static void unknown_key(struct ini_load *load, const char *key)
{
    const struct options_table *table = load->options->table;
    const char **words = calloc(table->rows_n, sizeof(*words)), *nearest = NULL, *elsewhere = NULL;
    size_t n = 0;

    for (size_t i = 0; words != NULL && i < table->rows_n; i++) {
        if (strcmp(table->rows[i].section, load->section) == 0)
            words[n++] = table->rows[i].key;
        else if (strcmp(table->rows[i].key, key) == 0)
            elsewhere = table->rows[i].section;
    }
    if (words != NULL)
        nearest = text_nearest(key, words, n);
    if (elsewhere != NULL)
        complain(load->options, "%s:%u: no such option %s.%s: it belongs in [%s]", load->name,
                 load->line, load->section, key, elsewhere);
    else
        complain(load->options, "%s:%u: no such option %s.%s%s%s%s", load->name, load->line,
                 load->section, key, nearest != NULL ? ": did you mean " : "",
                 nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
    free(words);
}

/* Take the quotes off "text", in place. NULL if one is not closed. */
static char *unquoted(char *value)
{
    size_t n = strlen(value);

    if (value[0] != '"')
        return value;
    if (n < 2 || value[n - 1] != '"')
        return NULL;
    value[n - 1] = '\0';
    return value + 1;
}

/* Cut spaces off both ends, in place. */
static char *trimmed(char *text)
{
    size_t n;

    text += strspn(text, " \t");
    n = strlen(text);
    while (n > 0 && strchr(" \t\r", text[n - 1]) != NULL)
        text[--n] = '\0';
    return text;
}

static void take_pair(struct ini_load *load, char *line)
{
    struct options *options = load->options;
    char name[NAME_MAX_BYTES * 2], origin[512], *value = strchr(line, '='), *key;
    int row;

    if (value == NULL) {
        complain_line(load, "expected key = value", "", "");
        return;
    }
    *value++ = '\0';
    key = trimmed(line);
    value = unquoted(trimmed(value));
    if (load->skipping)
        return;
    if (load->section == NULL) {
        complain_line(load, key, " stands before any [section]", "");
        return;
    }
    snprintf(name, sizeof(name), "%s.%.100s", load->section, key);
    row = find_row(options, name, strlen(name));
    if (row < 0) {
        unknown_key(load, key);
        return;
    }
    snprintf(origin, sizeof(origin), "%.480s:%u", load->name, load->line);
    if (value == NULL)
        complain(options, "%s: %s: a quote is not closed", origin, name);
    else if (options->slots[row][OPTION_FROM_FILE].text != NULL)
        complain(options, "%s: %s is given twice: first at %s", origin, name,
                 options->slots[row][OPTION_FROM_FILE].origin);
    else
        give(options, (size_t)row, OPTION_FROM_FILE, value, origin);
}

static void take_line(struct ini_load *load, char *line)
{
    line = trimmed(line);
    if (line[0] == '\0' || line[0] == '#' || line[0] == ';')
        return;
    if (line[0] == '[')
        check_section(load, line);
    else
        take_pair(load, line);
}

void options_text(struct options *options, const char *name, const char *bytes, size_t len_bytes)
{
    struct ini_load load = {.options = options, .name = name};
    const char *end = bytes + len_bytes;

    if (len_bytes >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) /* some editors begin so */
        bytes += 3;
    while (bytes < end) {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t n = (size_t)((newline != NULL ? newline : end) - bytes);
        char line[LINE_MAX_BYTES + 1];

        load.line++;
        if (n > LINE_MAX_BYTES) {
            complain(options, "%s:%u: the line is longer than %d bytes", name, load.line,
                     LINE_MAX_BYTES);
        } else if (!text_utf8_valid(bytes, n)) {
            complain_line(&load, "the line is no valid UTF-8 text", "", "");
        } else {
            memcpy(line, bytes, n);
            line[n] = '\0';
            take_line(&load, line);
        }
        bytes += n + 1;
    }
}

void options_file(struct options *options, const char *path)
{
    FILE *file = fopen(path, "re");
    char *bytes = malloc(FILE_MAX_BYTES + 1);
    size_t n;

    if (file == NULL || bytes == NULL) {
        complain(options, "%s: cannot be read: %s", path, strerror(errno));
    } else {
        n = fread(bytes, 1, FILE_MAX_BYTES + 1, file);
        if (ferror(file))
            complain(options, "%s: cannot be read: %s", path, strerror(errno));
        else if (n > FILE_MAX_BYTES)
            complain(options, "%s: is larger than %d bytes", path, FILE_MAX_BYTES);
        else
            options_text(options, path, bytes, n);
    }
    free(bytes);
    if (file != NULL)
        fclose(file);
}

/* ---- what came of it ---- */

void options_complain(struct options *options, int row, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (row < 0) {
        complain(options, "%s", text);
    } else {
        const char *origin = holding(options, (size_t)row)->origin;
        complain(options, "%s: %s: %s", origin != NULL ? origin : "", options->names[row], text);
    }
}

size_t options_errors_n(const struct options *options)
{
    return options->errors_n + (options->failed ? 1 : 0);
}

const char *options_error(const struct options *options, size_t i)
{
    return i < options->errors_n ? options->errors[i] : "out of memory";
}

int options_apply(const struct options *options, void *values)
{
    return options_errors_n(options) > 0 ? -1 : options_fill(options, values);
}

int options_fill(const struct options *options, void *values)
{
    const struct options_table *table = options->table;
    union option_field *fresh;
    size_t n = 0;

    fresh = calloc(table->rows_n, sizeof(*fresh));
    if (fresh == NULL)
        return -1;
    for (; n < table->rows_n; n++) {
        if (option_value_parse(&table->rows[n], held_text(options, n), &fresh[n], NULL) < 0)
            break;
    }
    if (n < table->rows_n) {
        while (n-- > 0)
            option_value_clear(&table->rows[n], &fresh[n]);
        free(fresh);
        return -1;
    }
    options_clear(table, values);
    for (n = 0; n < table->rows_n; n++)
        option_value_store(&table->rows[n], values, &fresh[n]);
    free(fresh);
    return 0;
}

void options_clear(const struct options_table *table, void *values)
{
    for (size_t i = 0; i < table->rows_n; i++) {
        union option_field field;

        option_value_load(&table->rows[i], values, &field);
        option_value_clear(&table->rows[i], &field);
        option_value_store(&table->rows[i], values, &field);
    }
}

int options_row(const struct options_table *table, const char *name)
{
    char full[NAME_MAX_BYTES];

    for (size_t i = 0; i < table->rows_n; i++) {
        snprintf(full, sizeof(full), "%s.%s", table->rows[i].section, table->rows[i].key);
        if (strcmp(full, name) == 0)
            return (int)i;
    }
    return -1;
}

bool options_settable(const struct option_row *row)
{
    return (row->flags & OPTION_RELOAD) != 0 &&
           (row->flags & (OPTION_SECRET | OPTION_LASTING)) == 0 && row->type != OPTION_PATH;
}

const char *options_value(const struct options *options, size_t row)
{
    return (options->table->rows[row].flags & OPTION_SECRET) != 0 ? "(secret)"
                                                                  : held_text(options, row);
}

const char *options_origin(const struct options *options, size_t row)
{
    const char *origin = holding(options, row)->origin;

    return origin != NULL ? origin : "default";
}

enum option_source options_source(const struct options *options, size_t row)
{
    return (enum option_source)(holding(options, row) - options->slots[row]);
}

bool options_is_default(const struct options *options, size_t row)
{
    const struct option_row *about = &options->table->rows[row];

    return option_value_same(about, held_text(options, row), about->initial);
}

bool options_differ(const struct options *a, const struct options *b, size_t row)
{
    return strcmp(held_text(a, row), held_text(b, row)) != 0;
}

static int copy_flags(struct options *options, const struct options *from)
{
    for (size_t i = 0; i < from->table->flags_n; i++) {
        if (from->flags[i] == NULL)
            continue;
        options->flags[i] = strdup(from->flags[i]);
        if (options->flags[i] == NULL)
            return -1;
    }
    return 0;
}

struct options *options_copy(const struct options *from)
{
    struct options *options = options_new(from->table);

    if (options == NULL)
        return NULL;
    for (size_t i = 0; i < from->table->rows_n; i++)
        options_take(options, from, i);
    if (copy_flags(options, from) < 0 || options->failed) {
        options_free(options);
        return NULL;
    }
    return options;
}

int options_set(struct options *options, size_t row, const char *text, const char *origin,
                struct error *error)
{
    const struct option_row *about = &options->table->rows[row];
    union option_field field = {.bytes = 0};
    struct error cause = {""};

    if (option_value_parse(about, text, &field, &cause) < 0)
        return error_set(error, "%s: \"%.200s\" %s", options->names[row], text, cause.text);
    option_value_clear(about, &field);
    slot_set(options, &options->slots[row][OPTION_FROM_OPERATOR], text, origin);
    return 0;
}

bool options_unset(struct options *options, size_t row)
{
    struct slot *slot = &options->slots[row][OPTION_FROM_OPERATOR];
    bool was_set = slot->text != NULL;

    free(slot->text);
    free(slot->origin);
    *slot = (struct slot){NULL, NULL};
    return was_set;
}

void options_take(struct options *options, const struct options *from, size_t row)
{
    for (int source = 0; source < SOURCES_N; source++) {
        struct slot *slot = &options->slots[row][source];
        const struct slot *other = &from->slots[row][source];

        free(slot->text);
        free(slot->origin);
        *slot = (struct slot){NULL, NULL};
        if (other->text != NULL && other->origin != NULL)
            slot_set(options, slot, other->text, other->origin);
    }
}
