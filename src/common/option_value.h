/* option_value.h -- one option's value: from text to field, and the words for its kind and range.
 *
 * The lower half of options.h: knows a row and a text, not where the text came from. Pure; any
 * thread. */
#ifndef OPENMMO_COMMON_OPTION_VALUE_H
#define OPENMMO_COMMON_OPTION_VALUE_H

#include "common/options.h"

/* What a field of the program's struct can be. */
union option_field {
    bool flag;
    uint32_t number;
    uint64_t bytes;
    char *text;
    struct option_list list;
};

/* Parse text by the row's type, range and check into *field. Returns 0; -1 with what is wrong, as a
 * sentence that goes on after the value ("is no whole number (1 to 64)"); nothing is owned by
 * *field then. */
int option_value_parse(const struct option_row *row, const char *text, union option_field *field,
                       struct error *error) MUST_CHECK;
/* Free what the field owns. */
void option_value_clear(const struct option_row *row, union option_field *field);
/* Whether two texts mean the same value: 5000ms and 5s, "a,b" and "a, b". Where one means none, or
 * memory is out, they do if they are the same text. */
bool option_value_same(const struct option_row *row, const char *a, const char *b);
/* Between the union and the program's struct, whose field has the size of the row's type. */
void option_value_store(const struct option_row *row, void *values,
                        const union option_field *field);
/* Borrows what the struct owns. */
void option_value_load(const struct option_row *row, const void *values, union option_field *field);

/* "a whole number, 1 to 64 or auto": kind and range for people. out: NUL-terminated, cut to fit. */
void option_value_kind(const struct option_row *row, char *out, size_t out_bytes);

#endif
