/* test_options.c -- the table of options: types, sources and their order, errors, printing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/option_value.h"
#include "common/options.h"

struct values {
    bool loud;
    uint32_t count, timeout_ms, colour;
    uint64_t room;
    char *title, *secret, *file;
    struct option_list hosts;
};

static int check_host(const char *text, struct error *error)
{
    return strchr(text, '!') == NULL ? 0 : error_set(error, "\"%s\" is no host", text);
}

static const char *const colours[] = {"red", "green", "blue", NULL};

#define AT(field) offsetof(struct values, field)
/* clang-format off */
static const struct option_row rows[] = {
    {"main", "loud", OPTION_BOOL, AT(loud), "no", 0, 0, OPTION_RELOAD, NULL, NULL, NULL, "Say more."},
    {"main", "count", OPTION_INTEGER, AT(count), "auto", 1, 64, OPTION_AUTO, NULL, NULL, NULL, "How many. There can be several."},
    {"main", "timeout", OPTION_DURATION, AT(timeout_ms), "5s", 10, 3600000, 0, NULL, NULL, NULL, "How long."},
    {"main", "colour", OPTION_ENUM, AT(colour), "green", 0, 0, 0, colours, NULL, NULL, "Which."},
    {"main", "room", OPTION_BYTES, AT(room), "64KiB", 1, UINT64_C(1) << 33, 0, NULL, NULL, NULL, "How much."},
    {"texts", "title", OPTION_STRING, AT(title), "A title", 1, 300, 0, NULL, NULL, "Shipped", "What it is called."},
    {"texts", "secret", OPTION_STRING, AT(secret), "", 0, 4, OPTION_SECRET, NULL, NULL, NULL, "Not shown."},
    {"texts", "file", OPTION_PATH, AT(file), "a.txt", 1, 100, 0, NULL, NULL, NULL, "Where."},
    {"texts", "hosts", OPTION_LIST, AT(hosts), "", 0, 3, 0, NULL, check_host, NULL, "Who."},
};
static const struct option_flag flags[] = {
    {'c', "config", "FILE", NULL, "read FILE"},
    {'n', "count", "N", "main.count", "how many"},
    {'t', "test", NULL, NULL, "only check"},
};
static const char *const sections[] = {"main", "The main thing.", "texts", "Texts.", NULL};
/* clang-format on */
static const struct options_table table = {"prog",        "a program", "PROG",         rows,
                                           ARRAY_N(rows), flags,       ARRAY_N(flags), sections};

static size_t row_of(const char *name)
{
    int row = options_row(&table, name);

    assert_true(row >= 0);
    return (size_t)row;
}

static void test_defaults(void **state)
{
    struct options *options = options_new(&table);
    struct values values = {0};

    (void)state;
    assert_int_equal(options_apply(options, &values), 0);
    assert_false(values.loud);
    assert_int_equal(values.count, OPTION_AUTO_VALUE);
    assert_int_equal(values.timeout_ms, 5000);
    assert_int_equal(values.colour, 1);
    assert_int_equal(values.room, 65536);
    assert_string_equal(values.title, "A title");
    assert_int_equal(values.hosts.items_n, 0);
    assert_string_equal(options_origin(options, row_of("main.loud")), "default");
    options_clear(&table, &values);
    assert_null(values.title);
    options_free(options);
}

static void test_priorities(void **state)
{
    static const char ini[] =
        "[main]\ncount = 2\ntimeout=250ms\n  colour = blue\n[texts] # more\ntitle = \" x; y \"\n"
        "hosts = a, b ,c\n; a comment\n# another\n\ntitle_ = \n";
    const char *const environment[] = {"PATH=/bin", "PROG_MAIN_COUNT=3", "PROG_MAIN_ROOM=2GiB",
                                       "PROGRAM_X=1", NULL};
    const char *const arguments[] = {"prog", "-c",           "FILE", "--main.count=4",
                                     "-t",   "--texts.file", "/x",   NULL};
    struct options *options = options_new(&table);
    struct values values = {0};

    (void)state;
    /* the order of reading does not matter */
    options_arguments(options, 7, (char *const *)arguments);
    options_text(options, "x.ini", ini, sizeof(ini) - 1 - strlen("title_ = \n"));
    options_environment(options, (char *const *)environment);
    for (size_t i = 0; i < options_errors_n(options); i++)
        print_message("%s\n", options_error(options, i));
    assert_int_equal(options_apply(options, &values), 0);
    assert_int_equal(values.count, 4);
    assert_int_equal(values.timeout_ms, 250);
    assert_int_equal(values.colour, 2);
    assert_int_equal(values.room, UINT64_C(2) << 30);
    assert_string_equal(values.title, " x; y ");
    assert_string_equal(values.file, "/x");
    assert_int_equal(values.hosts.items_n, 3);
    assert_string_equal(values.hosts.items[0], "a");
    assert_string_equal(values.hosts.items[1], "b");
    assert_string_equal(values.hosts.items[2], "c");
    assert_string_equal(options_flag(options, "config"), "FILE");
    assert_string_equal(options_flag(options, "test"), "");
    assert_string_equal(options_origin(options, row_of("main.count")), "command line --main.count");
    assert_string_equal(options_origin(options, row_of("main.room")), "environment PROG_MAIN_ROOM");
    assert_string_equal(options_origin(options, row_of("main.colour")), "x.ini:4");
    assert_int_equal(options_source(options, row_of("main.colour")), OPTION_FROM_FILE);
    options_clear(&table, &values);
    options_free(options);
}

/* What an operator sets stands above all, alone is refused, goes with a copy and can be taken back.
 */
static void test_operators_set(void **state)
{
    static const char *const arguments[] = {"prog", "--main.count=4", "-t"};
    struct options *options = options_new(&table), *copy;
    size_t row = (size_t)row_of("main.count");
    struct error error = {""};
    struct values values = {0};

    (void)state;
    options_arguments(options, 3, (char *const *)arguments);
    assert_int_equal(options_set(options, row, "65", "kim at noon", &error), -1);
    assert_string_equal(
        error.text,
        "main.count: \"65\" is out of range: it takes a whole number, 1 to 64, or auto");
    assert_int_equal(options_errors_n(options), 0);
    assert_false(options_unset(options, row));
    assert_int_equal(options_set(options, row, "7", "kim at noon", &error), 0);
    copy = options_copy(options);
    assert_true(options_unset(options, row));
    assert_string_equal(options_value(options, row), "4");
    options_free(options);
    assert_int_equal(options_source(copy, row), OPTION_FROM_OPERATOR);
    assert_string_equal(options_origin(copy, row), "kim at noon");
    assert_string_equal(options_flag(copy, "test"), "");
    assert_int_equal(options_apply(copy, &values), 0);
    assert_int_equal(values.count, 7);
    options_clear(&table, &values);
    options_free(copy);
}

/* Errors from all sources at once, nothing applied, no secret in them. */
static void test_errors_are_collected(void **state)
{
    static const char ini[] = "[main]\ncount = 65\ntimeuot = 1s\n[txts]\ntitle = "
                              "x\n[texts]\nsecret = hunter2\nloud = yes\n";
    static const char *const expected[] = {
        "command line --main.colour: \"gren\" is not known: did you mean \"green\"?",
        "command line --main.cuont: no such option: did you mean --main.count?",
        "command line -x: no such option (--help lists them)",
        "command line: \"stray\" is not expected here",
        "command line --config: needs a value",
        "x.ini:2: main.count: \"65\" is out of range: it takes a whole number, 1 to 64, or auto",
        "x.ini:3: no such option main.timeuot: did you mean timeout?",
        "x.ini:4: no such section [txts]: did you mean [texts]?",
        "x.ini:7: texts.secret: \"(secret)\" is too long: it takes a text of 0 to 4 bytes",
        "x.ini:8: no such option texts.loud: it belongs in [main]",
        "environment PROG_MAIN_LOUDD: no such option: did you mean PROG_MAIN_LOUD?",
        "environment PROG_MAIN_ROOM: \"1TiB\" has no unit that is known: it takes a size such as "
        "64KiB or 19MiB, 1B to 8GiB",
    };
    const char *const environment[] = {"PROG_MAIN_LOUDD=1", "PROG_MAIN_ROOM=1TiB", NULL};
    const char *const arguments[] = {
        "prog", "--main.colour=gren", "--main.cuont=1", "-x", "stray", "--config", NULL};
    struct options *options = options_new(&table);
    struct values values = {.count = 77};

    (void)state;
    options_arguments(options, 6, (char *const *)arguments);
    options_text(options, "x.ini", ini, sizeof(ini) - 1);
    options_environment(options, (char *const *)environment);
    for (size_t i = 0; i < ARRAY_N(expected) && i < options_errors_n(options); i++)
        assert_string_equal(options_error(options, i), expected[i]);
    assert_int_equal(options_errors_n(options), ARRAY_N(expected));
    assert_int_equal(options_apply(options, &values), -1);
    assert_int_equal(values.count, 77);
    assert_null(values.title);
    options_free(options);
}

/* One value of each type that is just wrong. */
static void test_values(void **state)
{
    /* clang-format off */
    static const struct { const char *line; bool good; } cases[] = {
        {"loud = yes", 1}, {"loud = on", 1}, {"loud = 1", 1}, {"loud = YES", 0}, {"loud = ", 0}, {"loud = 2", 0},
        {"count = 1", 1}, {"count = 64", 1}, {"count = 0", 0}, {"count = -1", 0}, {"count = +1", 0}, {"count = 1.5", 0},
        {"count = 0x10", 0}, {"count = 1e3", 0}, {"count = 18446744073709551617", 0}, {"count = 4294967297", 0},
        {"count = \"7\"", 1}, {"count = 7 ; seven", 0},
        {"timeout = 10ms", 1}, {"timeout = 1h", 1}, {"timeout = 9ms", 0}, {"timeout = 61m", 0}, {"timeout = 5", 0},
        {"timeout = 5 s", 0}, {"timeout = 1d", 0}, {"timeout = 99999999999999999d", 0}, {"timeout = s", 0},
        {"colour = red", 1}, {"colour = Red", 0}, {"colour = ", 0},
        {"room = 1", 1}, {"room = 8GiB", 1}, {"room = 9GiB", 0}, {"room = 0", 0}, {"room = 1KB", 0},
        {"room = 18446744073709551615GiB", 0},
        {"file = ", 0},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(cases); i++) {
        struct options *options = options_new(&table);
        char ini[200];
        int n = snprintf(ini, sizeof(ini), "[%s]\n%s\n",
                         strncmp(cases[i].line, "file", 4) == 0 ? "texts" : "main", cases[i].line);

        options_text(options, "x", ini, (size_t)n);
        if ((options_errors_n(options) == 0) != cases[i].good)
            fail_msg("%s: %s", cases[i].line,
                     options_errors_n(options) > 0 ? options_error(options, 0) : "passed");
        options_free(options);
    }
}

static void test_long_values_are_whole(void **state)
{
    struct options *options = options_new(&table);
    struct values values = {0};
    char ini[5000], title[301];

    (void)state;
    memset(title, 't', 300);
    title[300] = '\0';
    snprintf(ini, sizeof(ini), "\xEF\xBB\xBF[texts]\r\ntitle = %s\r\nhosts = %0100d\r\n", title, 5);
    options_text(options, "x", ini, strlen(ini));
    assert_int_equal(options_apply(options, &values), 0);
    assert_string_equal(values.title, title);
    assert_int_equal(strlen(values.hosts.items[0]), 100);
    options_clear(&table, &values);
    options_free(options);
}

static void test_program_complains(void **state)
{
    struct options *options = options_new(&table);

    (void)state;
    options_text(options, "x.ini", "[texts]\nfile = /k\n", 18);
    options_complain(options, (int)row_of("texts.file"), "%s cannot be read", "/k");
    options_complain(options, -1, "the moon is full");
    assert_int_equal(options_errors_n(options), 2);
    assert_string_equal(options_error(options, 0), "x.ini:2: texts.file: /k cannot be read");
    assert_string_equal(options_error(options, 1), "the moon is full");
    options_free(options);
}

static void test_differ_and_take(void **state)
{
    struct options *a = options_new(&table), *b = options_new(&table);
    size_t row = row_of("main.count");

    (void)state;
    options_text(b, "b.ini", "[main]\ncount = 5\n", 17);
    assert_true(options_differ(a, b, row));
    assert_false(options_differ(a, b, row_of("main.loud")));
    options_take(a, b, row);
    assert_false(options_differ(a, b, row));
    assert_string_equal(options_value(a, row), "5");
    assert_string_equal(options_origin(a, row), "b.ini:2");
    assert_string_equal(options_value(a, row_of("texts.secret")), "(secret)");
    options_free(a);
    options_free(b);
}

/* What is given at its default, in whatever words, is at its default. */
static void test_default_in_other_words(void **state)
{
    /* clang-format off */
    static const struct { const char *name, *text; bool is_default; } CASES[] = {
        {"main.loud", "no", true}, {"main.loud", "off", true}, {"main.loud", "0", true}, {"main.loud", "yes", false},
        {"main.count", "auto", true}, {"main.count", "5", false},
        {"main.timeout", "5s", true}, {"main.timeout", "5000ms", true}, {"main.timeout", "5001ms", false},
        {"main.colour", "green", true}, {"main.colour", "blue", false},
        {"main.room", "64KiB", true}, {"main.room", "65536", true}, {"main.room", "65537", false},
        {"texts.title", "A title", true}, {"texts.title", "a title", false},
        {"texts.secret", "x", false}, {"texts.file", "a.txt", true}, {"texts.file", "./a.txt", false},
        {"texts.hosts", "", true}, {"texts.hosts", "a", false},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct options *options = options_new(&table);
        size_t row = row_of(CASES[i].name);
        struct error error;

        assert_true(options_is_default(options, row));
        assert_int_equal(options_set(options, row, CASES[i].text, "us", &error), 0);
        if (options_is_default(options, row) != CASES[i].is_default)
            fail_msg("%s = %s: wrong", CASES[i].name, CASES[i].text);
        options_free(options);
    }
    assert_true(option_value_same(&rows[8], "a,b", " a , b"));
    assert_false(option_value_same(&rows[8], "a,b", "b,a"));
    assert_false(option_value_same(&rows[8], "a,b", "a,b,c"));
    assert_false(option_value_same(&rows[1], "5", "five"));
    assert_false(option_value_same(&rows[1], "five", "5"));
}

/* The sample ini must itself be right, and say each default. */
static void test_sample_ini(void **state)
{
    struct options *options = options_new(&table);
    struct values values = {0};
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    (void)state;
    options_print_ini(&table, out);
    fclose(out);
    assert_non_null(strstr(text, "\n#timeout = 5s\n"));
    assert_non_null(strstr(text, "\ntitle = Shipped\n"));
    options_text(options, "sample", text, n);
    assert_int_equal(options_apply(options, &values), 0);
    assert_string_equal(values.title, "Shipped");
    options_clear(&table, &values);
    options_free(options);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_priorities),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_errors_are_collected),
        cmocka_unit_test(test_operators_set),
        cmocka_unit_test(test_sample_ini),
        cmocka_unit_test(test_program_complains),
        cmocka_unit_test(test_differ_and_take),
        cmocka_unit_test(test_default_in_other_words),
        cmocka_unit_test(test_long_values_are_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
