/* What a server sends is taken for what it is: each column by its type and length, each sentence
 * without what could harm a log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "store/pg_values.h"

static struct statement_value got;
static char got_text[16]; /* the column's own text ends with its result */
static unsigned got_n;

static void read_one(const struct statement_value *columns, void *into)
{
    (void)into;
    got = columns[0];
    value_copy(&columns[0], got_text, sizeof(got_text));
    got_n++;
}

/* A result of one column and one row; length -1: NULL. */
static PGresult *result_of(Oid type, const char *bytes, int length)
{
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc column = {.name = (char *)"c", .format = 1, .typid = type, .typlen = -1};

    assert_int_equal(PQsetResultAttrs(result, 1, &column), 1);
    assert_int_equal(PQsetvalue(result, 0, 0, (char *)(uintptr_t)bytes, length), 1);
    return result;
}

static int read_as(const char *letter, Oid type, const char *bytes, int length, struct error *error)
{
    const struct statement row = {.name = "s", .out = letter, .read = read_one};
    struct store_ask ask = {.row = &row};
    PGresult *result = result_of(type, bytes, length);
    int rc;

    got_n = 0;
    rc = pg_values_read(result, &ask, error);
    PQclear(result);
    return rc;
}

static void test_good(void **state)
{
    static const struct {
        const char *letter;
        Oid type;
        const char *bytes;
        int length;
        int64_t i;
        double r;
    } rows[] = {
        {"i", 20, "\xff\xff\xff\xff\xff\xff\xff\xfe", 8, -2, 0},
        {"i", 23, "\xff\xff\xff\xfe", 4, -2, 0},
        {"i", 21, "\xff\xfe", 2, -2, 0},
        {"b", 16, "\1", 1, 1, 0},
        {"b", 16, "\0", 1, 0, 0},
        {"r", 701, "\xbf\xf8\0\0\0\0\0\0", 8, 0, -1.5},
        {"r", 700, "\x3f\x80\0\0", 4, 0, 1},
        {"d", 1184, "\0\0\0\0\0\0\0\0", 8, INT64_C(946684800000), 0},
        {"d", 1114, "\0\0\0\0\0\0\x03\xe8", 8, INT64_C(946684800001), 0},
        {"d", 1184, "\x80\0\0\0\0\0\0\0", 8, 0, 0}, /* -infinity, and all before 1970 */
        {"d", 1184, "\x7f\xff\xff\xff\xff\xff\xff\xff", 8, INT64_C(9224318721654775), 0},
    };
    struct error error = {""};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(rows); i++) {
        if (read_as(rows[i].letter, rows[i].type, rows[i].bytes, rows[i].length, &error) < 0)
            fail_msg("row %zu: %s", i, error.text);
        assert_int_equal(got_n, 1);
        assert_int_equal(got.i, rows[i].i);
        assert_true(got.r == rows[i].r);
        assert_int_equal(got.type, rows[i].letter[0]);
    }
    assert_int_equal(read_as("t", 25, "abc", 3, &error), 0);
    assert_string_equal(got_text, "abc");
    assert_int_equal(read_as("t", 1043, "", 0, &error), 0);
    assert_string_equal(got_text, "");
    for (const char *letter = "itrdb"; *letter; letter++) {
        const char one[] = {*letter, '\0'};

        assert_int_equal(read_as(one, 25, "", -1, &error), 0); /* NULL is of any type */
        assert_int_equal(got.type, 0);
        assert_string_equal(got_text, "");
    }
}

static void test_malformed(void **state)
{
    static const struct {
        const char *letter;
        Oid type;
        int length;
    } rows[] = {
        {"i", 20, 4},   {"i", 20, 0},   {"i", 23, 8},  {"i", 21, 1},  {"i", 25, 1},
        {"i", 701, 8},  {"i", 1700, 8}, {"r", 20, 8},  {"r", 701, 4}, {"r", 700, 8},
        {"r", 701, 0},  {"b", 16, 0},   {"b", 23, 4},  {"d", 20, 8},  {"d", 1184, 7},
        {"d", 1082, 4}, {"d", 1184, 0}, {"t", 17, 3},  {"t", 20, 8},  {"t", 3802, 5},
        {"t", 0, 3},    {"", 20, 8},    {"ii", 20, 8},
    };
    struct error error;

    (void)state;
    for (size_t i = 0; i < ARRAY_N(rows); i++) {
        error.text[0] = '\0';
        if (rows[i].letter[0] == '\0') { /* no column is asked for: none is looked at */
            assert_int_equal(read_as("", rows[i].type, "12345678", rows[i].length, &error), 0);
            continue;
        }
        if (read_as(rows[i].letter, rows[i].type, "12345678", rows[i].length, &error) == 0)
            fail_msg("row %zu was taken", i);
        assert_string_not_equal(error.text, "");
        assert_int_equal(got_n, 0);
    }
}

static void test_sentences(void **state)
{
    static const char *const rows[][2] = {
        {"one\ntwo\r\n  three \n", "P: one two three"},
        {"failed\n\tIs the server running?\nsecond", "P: failed second"},
        {"failed\n\tIs it?", "P: failed"},
        {"", "P: "},
        {"\n\n", "P: "},
        {"a\x1b[31mred", "P: a\\u{001B}[31mred"},
        {"x\xff\xfe", "P: x\xef\xbf\xbd\xef\xbf\xbd"},
    };
    char words[3000];
    struct error error;

    (void)state;
    for (size_t i = 0; i < ARRAY_N(rows); i++) {
        pg_sentence(&error, "P: ", rows[i][0]);
        assert_string_equal(error.text, rows[i][1]);
    }
    memset(words, '\x1b', sizeof(words) - 1); /* each takes eight */
    words[sizeof(words) - 1] = '\0';
    pg_sentence(&error, "P: ", words);
    assert_true(strlen(error.text) < sizeof(error.text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_sentences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
