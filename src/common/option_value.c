/* option_value.c -- see option_value.h. */
#include "common/option_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit durations[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit sizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};

/* The largest unit that says the number without a remainder. */
static void say_in_units(uint64_t number, const struct unit *units, size_t units_n, char *out,
                         size_t out_bytes)
{
    size_t i = 0;

    while (i + 1 < units_n && (number == 0 || number % units[i].factor != 0))
        i++;
    snprintf(out, out_bytes, "%llu%s", (unsigned long long)(number / units[i].factor),
             number == 0 ? "" : units[i].name);
}

static void say_number(const struct option_row *row, uint64_t number, char *out, size_t out_bytes)
{
    if (row->type == OPTION_DURATION)
        say_in_units(number, durations, ARRAY_N(durations), out, out_bytes);
    else if (row->type == OPTION_BYTES)
        say_in_units(number, sizes, ARRAY_N(sizes), out, out_bytes);
    else
        snprintf(out, out_bytes, "%llu", (unsigned long long)number);
}

static void say_choices(const struct option_row *row, char *out, size_t out_bytes)
{
    size_t n = (size_t)snprintf(out, out_bytes, "one of");

    for (size_t i = 0; row->choices[i] != NULL && n < out_bytes; i++)
        n += (size_t)snprintf(out + n, out_bytes - n, "%s %s", i == 0 ? "" : ",", row->choices[i]);
}

void option_value_kind(const struct option_row *row, char *out, size_t out_bytes)
{
    char low[32], high[32];

    say_number(row, row->min, low, sizeof(low));
    say_number(row, row->max, high, sizeof(high));
    switch (row->type) {
    case OPTION_BOOL:
        snprintf(out, out_bytes, "yes or no");
        break;
    case OPTION_INTEGER:
        snprintf(out, out_bytes, "a whole number, %s to %s%s", low, high,
                 (row->flags & OPTION_AUTO) != 0 ? ", or auto" : "");
        break;
    case OPTION_DURATION:
        snprintf(out, out_bytes, "a time such as 250ms, 5s, 10m, 12h or 30d, %s to %s", low, high);
        break;
    case OPTION_BYTES:
        snprintf(out, out_bytes, "a size such as 64KiB or 19MiB, %s to %s", low, high);
        break;
    case OPTION_STRING:
        snprintf(out, out_bytes, "a text of %s to %s bytes", low, high);
        break;
    case OPTION_PATH:
        snprintf(out, out_bytes, "a path");
        break;
    case OPTION_ENUM:
        say_choices(row, out, out_bytes);
        break;
    case OPTION_LIST:
        snprintf(out, out_bytes, "a comma-separated list of %s to %s items", low, high);
        break;
    }
}

static int complain_kind(const struct option_row *row, const char *verb, struct error *error)
{
    char kind[200];

    option_value_kind(row, kind, sizeof(kind));
    return error_set(error, "%s: it takes %s", verb, kind);
}

static int parse_bool(const struct option_row *row, const char *text, union option_field *field,
                      struct error *error)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

    for (size_t i = 0; i < ARRAY_N(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            field->flag = i % 2 == 1;
            return 0;
        }
    }
    return complain_kind(row, "is not understood", error);
}

/* Digits, then a unit (units_n = 0: none; a bare 0 needs none, and bytes neither). */
static int parse_number(const struct option_row *row, const char *text, const struct unit *units,
                        size_t units_n, uint64_t *number, struct error *error)
{
    bool unit_found = units_n == 0 || row->type == OPTION_BYTES;
    uint64_t factor = 1;
    char *rest;

    if (text[0] < '0' || text[0] > '9') /* strtoull would take signs and spaces */
        return complain_kind(row, text[0] == '-' ? "is negative" : "is no number", error);
    errno = 0;
    *number = strtoull(text, &rest, 10);
    if (errno == ERANGE)
        return complain_kind(row, "is out of range", error);
    if (*rest != '\0') {
        unit_found = false;
        for (size_t i = 0; i < units_n; i++) {
            if (strcmp(rest, units[i].name) == 0) {
                factor = units[i].factor;
                unit_found = true;
            }
        }
        if (!unit_found)
            return complain_kind(
                row, units_n == 0 ? "is no whole number" : "has no unit that is known", error);
    } else if (!unit_found && *number != 0) {
        return complain_kind(row, "has no unit", error);
    }
    if (__builtin_mul_overflow(*number, factor, number) || *number < row->min || *number > row->max)
        return complain_kind(row, "is out of range", error);
    return 0;
}

static int parse_integer(const struct option_row *row, const char *text, union option_field *field,
                         struct error *error)
{
    uint64_t number = 0;

    if ((row->flags & OPTION_AUTO) != 0 && strcmp(text, "auto") == 0) {
        field->number = OPTION_AUTO_VALUE;
        return 0;
    }
    if (parse_number(row, text, row->type == OPTION_DURATION ? durations : NULL,
                     row->type == OPTION_DURATION ? ARRAY_N(durations) : 0, &number, error) < 0)
        return -1;
    if (number > UINT32_MAX)
        return complain_kind(row, "is out of range", error);
    field->number = (uint32_t)number;
    return 0;
}

static int parse_enum(const struct option_row *row, const char *text, union option_field *field,
                      struct error *error)
{
    const char *nearest;
    uint32_t n = 0;

    for (; row->choices[n] != NULL; n++) {
        if (strcmp(text, row->choices[n]) == 0) {
            field->number = n;
            return 0;
        }
    }
    nearest = text_nearest(text, row->choices, n);
    if (nearest != NULL)
        return error_set(error, "is not known: did you mean \"%s\"?", nearest);
    return complain_kind(row, "is not known", error);
}

/* No control characters, valid UTF-8, and the row's own check. */
static int check_text(const struct option_row *row, const char *text, struct error *error)
{
    struct error inner = {""};

    if (!text_utf8_valid(text, strlen(text)))
        return error_set(error, "is no valid UTF-8");
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            return error_set(error, "holds a control character");
    }
    if (row->check != NULL && row->check(text, &inner) < 0)
        return error_set(error, "is refused: %.400s", inner.text);
    return 0;
}

static int parse_text(const struct option_row *row, const char *text, union option_field *field,
                      struct error *error)
{
    size_t n = strlen(text);

    if (n < row->min || n > row->max)
        return complain_kind(row,
                             n == 0         ? "is empty"
                             : n < row->min ? "is too short"
                                            : "is too long",
                             error);
    if (check_text(row, text, error) < 0)
        return -1;
    field->text = strdup(text);
    return field->text != NULL ? 0 : error_set(error, "cannot be kept: out of memory");
}

static void free_list(struct option_list *list)
{
    for (unsigned i = 0; i < list->items_n; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct option_list){NULL, 0};
}

/* One item, between spaces, appended to the list (which has room). */
static int add_item(const struct option_row *row, const char *start, size_t n,
                    struct option_list *list, struct error *error)
{
    char *item;

    while (n > 0 && *start == ' ') {
        start++;
        n--;
    }
    while (n > 0 && start[n - 1] == ' ')
        n--;
    if (n == 0)
        return error_set(error, "has an empty item");
    item = strndup(start, n);
    if (item == NULL)
        return error_set(error, "cannot be kept: out of memory");
    list->items[list->items_n++] = item;
    return check_text(row, item, error);
}

static int parse_list(const struct option_row *row, const char *text, union option_field *field,
                      struct error *error)
{
    struct option_list list = {NULL, 0};
    uint64_t items_n = *text == '\0' ? 0 : 1;

    for (const char *c = text; *c != '\0'; c++)
        items_n += *c == ',';
    if (items_n < row->min || items_n > row->max)
        return complain_kind(row, items_n == 0 ? "is empty" : "has too many items", error);
    list.items = calloc(items_n + 1, sizeof(*list.items));
    if (list.items == NULL)
        return error_set(error, "cannot be kept: out of memory");
    for (const char *at = text; items_n > 0; items_n--) {
        size_t n = strcspn(at, ",");

        if (add_item(row, at, n, &list, error) < 0) {
            free_list(&list);
            return -1;
        }
        at += n + (at[n] == ',');
    }
    field->list = list;
    return 0;
}

int option_value_parse(const struct option_row *row, const char *text, union option_field *field,
                       struct error *error)
{
    switch (row->type) {
    case OPTION_BOOL:
        return parse_bool(row, text, field, error);
    case OPTION_INTEGER:
    case OPTION_DURATION:
        return parse_integer(row, text, field, error);
    case OPTION_BYTES:
        return parse_number(row, text, sizes, ARRAY_N(sizes), &field->bytes, error);
    case OPTION_STRING:
    case OPTION_PATH:
        return parse_text(row, text, field, error);
    case OPTION_ENUM:
        return parse_enum(row, text, field, error);
    case OPTION_LIST:
        return parse_list(row, text, field, error);
    }
    return error_set(error, "is of no known type");
}

void option_value_clear(const struct option_row *row, union option_field *field)
{
    if (row->type == OPTION_STRING || row->type == OPTION_PATH) {
        free(field->text);
        field->text = NULL;
    } else if (row->type == OPTION_LIST) {
        free_list(&field->list);
    }
}

static bool lists_same(const struct option_list *a, const struct option_list *b)
{
    if (a->items_n != b->items_n)
        return false;
    for (unsigned i = 0; i < a->items_n; i++) {
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    }
    return true;
}

static bool fields_same(const struct option_row *row, const union option_field *a,
                        const union option_field *b)
{
    switch (row->type) {
    case OPTION_BOOL:
        return a->flag == b->flag;
    case OPTION_INTEGER:
    case OPTION_DURATION:
    case OPTION_ENUM:
        return a->number == b->number;
    case OPTION_BYTES:
        return a->bytes == b->bytes;
    case OPTION_STRING:
    case OPTION_PATH:
        return strcmp(a->text, b->text) == 0;
    case OPTION_LIST:
        return lists_same(&a->list, &b->list);
    }
    return false;
}

bool option_value_same(const struct option_row *row, const char *a, const char *b)
{
    union option_field one, other;
    bool same;

    if (strcmp(a, b) == 0)
        return true;
    if (option_value_parse(row, a, &one, NULL) < 0)
        return false;
    same = option_value_parse(row, b, &other, NULL) == 0;
    if (same) {
        same = fields_same(row, &one, &other);
        option_value_clear(row, &other);
    }
    option_value_clear(row, &one);
    return same;
}

static size_t field_bytes(const struct option_row *row)
{
    switch (row->type) {
    case OPTION_BOOL:
        return sizeof(bool);
    case OPTION_INTEGER:
    case OPTION_DURATION:
    case OPTION_ENUM:
        return sizeof(uint32_t);
    case OPTION_BYTES:
        return sizeof(uint64_t);
    case OPTION_STRING:
    case OPTION_PATH:
        return sizeof(char *);
    case OPTION_LIST:
        return sizeof(struct option_list);
    }
    return 0;
}

void option_value_store(const struct option_row *row, void *values, const union option_field *field)
{
    memcpy((char *)values + row->offset, field, field_bytes(row));
}

void option_value_load(const struct option_row *row, const void *values, union option_field *field)
{
    memset(field, 0, sizeof(*field));
    memcpy(field, (const char *)values + row->offset, field_bytes(row));
}
