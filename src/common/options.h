/* options.h -- a program's options from one table: defaults < ini file < environment < command
 * line < what an operator set since.
 *
 * One row of the table feeds the struct, the parser, --help, the sample ini and the man page. A
 * load collects all that is wrong, each with the place it stands ("openmmo.ini:12: ..."), and
 * applies nothing unless all is right. Pure but for reading the file it is told to; one thread. */
#ifndef OPENMMO_COMMON_OPTIONS_H
#define OPENMMO_COMMON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/compiler.h"
#include "common/error.h"

/* What stands in the ini, and the type of the struct's field. */
enum option_type {
    OPTION_BOOL,     /* yes | no (also true/false, on/off, 1/0); bool */
    OPTION_INTEGER,  /* 0..2^32-1; uint32_t */
    OPTION_DURATION, /* "250ms", "5s", "10m", "12h", "30d"; uint32_t, milliseconds */
    OPTION_BYTES,    /* "19MiB", "64KiB", "4096"; uint64_t */
    OPTION_STRING,   /* valid UTF-8 without control characters, min..max bytes; char *, owned by the
                        struct */
    OPTION_PATH,     /* as STRING; the program says what a relative one is relative to */
    OPTION_ENUM,     /* one word of choices; uint32_t, its index */
    OPTION_LIST,     /* comma separated, min..max items; struct option_list, owned by the struct */
};

struct option_list {
    char **items; /* items_n strings */
    unsigned items_n;
};

#define OPTION_RELOAD     (1U << 0) /* a running program can take a new value */
#define OPTION_SECRET     (1U << 1) /* its value is never printed */
#define OPTION_AUTO       (1U << 2) /* INTEGER: "auto" is allowed and gives OPTION_AUTO_VALUE */
#define OPTION_LASTING    (1U << 3) /* what a value has done stays done when it is taken back */
#define OPTION_AUTO_VALUE UINT32_MAX

/* A further check of a STRING, a PATH or one item of a LIST: 0, or -1 with a sentence that names
 * the text ('"x" is no address'). */
typedef int option_check_fn(const char *text, struct error *error);

struct option_row {
    const char *section, *key; /* lower_snake */
    enum option_type type;
    size_t offset;       /* of the field in the program's struct */
    const char *initial; /* the default, as it would stand in the ini */
    uint64_t min, max;   /* of the number (ms, bytes), of the length in bytes, or of the items */
    unsigned flags;
    const char *const *choices; /* ENUM: ends with NULL */
    option_check_fn *check;     /* may be NULL */
    const char *shipped; /* set in the sample ini, not as a comment; NULL: the default, commented */
    const char *help;    /* whole sentences */
};

/* A flag of the program that is no option of the ini (-t, --journal FILE), or a short word for one
 * that is. */
struct option_flag {
    char letter;          /* 0: none */
    const char *name;     /* "--name"; NULL: none */
    const char *argument; /* what its argument is called ("FILE"); NULL: takes none */
    const char *option;   /* "section.key" that it sets; NULL: a flag, see options_flag */
    const char *help;
};

struct options_table {
    const char *program, *about; /* for --help: name, one sentence */
    const char *environment;     /* prefix: "OPENMMO" reads OPENMMO_SECTION_KEY */
    const struct option_row *rows;
    size_t rows_n;
    const struct option_flag *flags;
    size_t flags_n;
    const char *const *sections; /* pairs: name, what the section is about; ends with NULL */
};

enum option_source {
    OPTION_FROM_DEFAULT,
    OPTION_FROM_FILE,
    OPTION_FROM_ENVIRONMENT,
    OPTION_FROM_COMMAND_LINE,
    OPTION_FROM_OPERATOR,
};

struct options;

/* A load that has the defaults. The table is borrowed for its life. NULL when out of memory. */
struct options *options_new(const struct options_table *table);
void options_free(struct options *options); /* NULL is fine */

/* The sources; each may be read once, in any order. What is wrong is collected. argv[0] is skipped.
 * environment: as environ. A file that does not exist is an error; the path is borrowed during the
 * call. */
void options_arguments(struct options *options, int argc, char *const argv[]);
void options_environment(struct options *options, char *const environment[]); /* as environ */
void options_file(struct options *options, const char *path); /* path is borrowed during the call */
/* As options_file, over bytes that were read already (tests, fuzzing); name stands in the errors.
 */
void options_text(struct options *options, const char *name, const char *bytes, size_t len_bytes);

/* Set a row while the program runs. origin: by whom and when, as it is listed. 0; -1 + error, and
 * nothing was touched. */
int options_set(struct options *options, size_t row, const char *text, const char *origin,
                struct error *error) MUST_CHECK;
/* Take that back. Returns whether there was anything. */
bool options_unset(struct options *options, size_t row);

/* The argument of a flag ("" where it takes none), NULL if it was not given. name as in its row
 * (the letter's row too). */
const char *options_flag(const struct options *options, const char *name);

/* Add an error that the program itself found; the origin of the row's value stands before it. row <
 * 0: no origin. */
void options_complain(struct options *options, int row, const char *format, ...) PRINTF_LIKE(3, 4);
size_t options_errors_n(const struct options *options);             /* 0: all is right so far */
const char *options_error(const struct options *options, size_t i); /* a whole line, no newline */

/* Fill the program's struct. -1: there are errors (or no memory), nothing was touched. What the
 * struct held before in owned fields is freed: it must have been zeroed or filled by this function.
 */
int options_apply(const struct options *options, void *values) MUST_CHECK;
/* The same, also where there are errors: what was refused counts as not given. For a program that
 * goes on to look for errors of its own. -1: no memory, nothing was touched. */
int options_fill(const struct options *options, void *values) MUST_CHECK;
/* Free what options_apply gave to owned fields, and zero them. */
void options_clear(const struct options_table *table, void *values);

/* "section.key" -> index of its row, or -1. */
int options_row(const struct options_table *table, const char *name);
/* May an operator give it another value until the next load (options_set)? */
bool options_settable(const struct option_row *row);
/* What holds, for listings: the text as it would stand in the ini ("(secret)" for secrets), and
 * where it came from
 * ("default", "/etc/openmmo/openmmo.ini:12", "environment OPENMMO_NET_LISTEN", "command line
 * --net.listen"). */
const char *options_value(const struct options *options, size_t row);
const char *options_origin(const struct options *options, size_t row); /* where it came from */
/* The same, as a kind. */
enum option_source options_source(const struct options *options, size_t row);
/* True if its value is the default's, wherever it came from. */
bool options_is_default(const struct options *options, size_t row);
/* True if the texts of a row differ in the two loads. */
bool options_differ(const struct options *a, const struct options *b, size_t row);
/* The same values and flags once more, without the errors. NULL when out of memory. */
struct options *options_copy(const struct options *from);
/* Take a row's text and origin from another load of the same table. */
void options_take(struct options *options, const struct options *from, size_t row);

/* The table, printed: a sample ini that says all defaults; --help; the list of options for an mdoc
 * page. */
void options_print_ini(const struct options_table *table, FILE *out);
void options_print_help(const struct options_table *table, FILE *out); /* --help */
void options_print_mdoc(const struct options_table *table, FILE *out); /* a list for a man page */

#endif
