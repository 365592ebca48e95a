/* fuzz_ini.c -- the ini parser over a table with a row of each type: it collects errors or applies,
 * and never both. */
#include <string.h>

#include "common/options.h"
#include "fuzz.h"

struct values {
    bool yes;
    uint32_t number, duration_ms, word;
    uint64_t bytes;
    char *text, *path, *secret;
    struct option_list list;
};

static const char *const words[] = {"red", "green", "blue", NULL};
static const char *const sections[] = {"one", "The first.", "two", "The second.", NULL, NULL};

static int no_spaces(const char *text, struct error *error)
{
    return strchr(text, ' ') ? error_set(error, "\"%s\" has a space", text) : 0;
}

#define AT(field) offsetof(struct values, field)
/* clang-format off */
static const struct option_row rows[] = {
    {"one", "yes",      OPTION_BOOL,     AT(yes),         "no",    0, 0,        0,             NULL,  NULL,      NULL, "A truth."},
    {"one", "number",   OPTION_INTEGER,  AT(number),      "7",     1, 1000,     OPTION_AUTO,   NULL,  NULL,      NULL, "A number."},
    {"one", "duration", OPTION_DURATION, AT(duration_ms), "5s",    1, 86400000, OPTION_RELOAD, NULL,  NULL,      NULL, "A time."},
    {"one", "bytes",    OPTION_BYTES,    AT(bytes),       "4KiB",  1, 1 << 30,  0,             NULL,  NULL,      NULL, "A size."},
    {"two", "text",     OPTION_STRING,   AT(text),        "hello", 0, 100,      0,             NULL,  NULL,      NULL, "A text."},
    {"two", "path",     OPTION_PATH,     AT(path),        "",      0, 500,      0,             NULL,  NULL,      NULL, "A path."},
    {"two", "secret",   OPTION_STRING,   AT(secret),      "",      0, 100,      OPTION_SECRET, NULL,  NULL,      NULL, "A secret."},
    {"two", "word",     OPTION_ENUM,     AT(word),        "red",   0, 0,        0,             words, NULL,      NULL, "A colour."},
    {"two", "list",     OPTION_LIST,     AT(list),        "a, b",  0, 8,        0,             NULL,  no_spaces, NULL, "Some."},
};
static const struct options_table table = {
    "fuzz", "A table.", "FUZZ", rows, sizeof rows / sizeof rows[0], NULL, 0, sections,
};
/* clang-format on */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    struct values values = {0};
    struct options *options = options_new(&table);
    MUST(options);
    options_text(options, "fuzz.ini", (const char *)bytes, len_bytes);
    size_t errors_n = options_errors_n(options);
    for (size_t i = 0; i < errors_n; i++)
        MUST(options_error(options, i)[0] && !strpbrk(options_error(options, i), "\n\r\033"));
    int applied = options_apply(options, &values);
    MUST((applied == 0) == (errors_n == 0));
    if (applied == 0) {
        MUST((values.number >= 1 && values.number <= 1000) || values.number == OPTION_AUTO_VALUE);
        MUST(values.duration_ms >= 1 && values.duration_ms <= 86400000);
        MUST(values.bytes >= 1 && values.bytes <= 1 << 30);
        MUST(values.word < 3 && values.list.items_n <= 8 && strlen(values.text) <= 100);
        MUST(strcmp(options_value(options, 6), values.secret) != 0 || !values.secret[0] ||
             strcmp(values.secret, "(secret)") == 0);
    }
    options_clear(&table, &values);
    options_free(options);
    return 0;
}
