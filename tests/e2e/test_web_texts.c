/* test_web_texts.c -- what does not belong there, in every member of every body, every parameter
 * and every part of a path that the description of the HTTP face lists, so in those of a route of
 * tomorrow too: texts that would be SQL, values of other types, bodies that are no JSON. On SQLite
 * and on PostgreSQL. Each is answered, in the server's words; afterwards nothing is there, and
 * nothing is gone, that should not be. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "stage_store.h"
#include "web.h"

static const char *const TEXTS[] = {
    "'",
    "\"",
    "'; DROP TABLE players; --",
    "x'); DELETE FROM players; --",
    "anna' --",
    "x' OR '1'='1",
    "1 OR 1=1",
    "1; DROP TABLE player_positions",
    "x' UNION SELECT password_hash FROM players /*",
    "\\'; DROP TABLE bans; --",
    "$1 ?1 :a",
    "%s%s%n",
    "$$; DROP TABLE audit; $$",
    "\xca\xbc; DROP TABLE players; --",             /* letters that look like a quote, */
    "\xef\xbc\x87 OR \xef\xbc\x87\x31\xef\xbc\x87", /* and may be folded into one */
    "../../etc/passwd",
    "<script>alert(1)</script>",
};

/* In place of a member: JSON as it stands. */
static const char *const VALUES[] = {
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1e308",
    "-1e308",
    "1e-308",
    "9007199254740993",
    "9223372036854775808",
    "\"\"",
    "[]",
    "{}",
    "[\"anna\"]",
    "{\"$ne\":1}",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\xff\xfe\"",
    "[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]",
    "NaN",
    "Infinity",
    "undefined",
    "'anna'",
    "01",
    "0x10",
    ".5",
};

/* In place of a body. */
static const char *const BODIES[] = {
    "",
    "{",
    "}",
    "[]",
    "null",
    "1",
    "\"text\"",
    "{\"a\"}",
    "{\"a\":1,}",
    "{\"a\":1}{\"a\":1}",
    "{,}",
    "{\"a\":1,\"a\":2}",
    "\xef\xbb\xbf{}",
    "username=anna&password=x",
    "<xml/>",
    "{\"\xff\":1}",
};

struct tried {
    const char *method, *path; /* path: as in the description */
    char token[1200];
    unsigned members_n, parameters_n, parts_n;
};

static int64_t tables_n(void)
{
    return sql(connection[0]
                   ? "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
                   : "SELECT count(*) FROM sqlite_master WHERE type = 'table'");
}

/* Done, or refused in words of ours; never an error of ours or of the database. */
static void expect_answered(const char *method, const char *path, const char *body)
{
    if ((web.status < 200 || web.status >= 500) || strstr(web.body, "syntax") != NULL ||
        strstr(web.body, "SQL") != NULL)
        fail_msg("%s %s %s: %d %s", method, path, body, web.status, web.body);
    if (web.status >= 400 && (web.json == NULL || json_object_get(web.json, "error") == NULL))
        fail_msg("%s %s %s: %d without a sentence: %s", method, path, body, web.status, web.body);
}

static void ask(const struct tried *tried, const char *path, const char *body)
{
    char method[16];
    size_t n = 0;

    for (; tried->method[n] != '\0' && n + 1 < sizeof(method); n++)
        method[n] = (char)toupper((unsigned char)tried->method[n]);
    method[n] = '\0';
    web_ask(method, path, tried->token, body);
    expect_answered(method, path, body != NULL ? body : "");
}

/* "/api/players/{id}" with that in place of each part. */
static void fill_path(const char *template, const char *part, char *out, size_t room)
{
    size_t n = 0;

    while (*template != '\0' && n + 1 < room) {
        if (*template != '{') {
            out[n++] = *template ++;
            continue;
        }
        n += (size_t)snprintf(out + n, room - n, "%s", part);
        template = strchr(template, '}') + 1;
    }
    out[n < room ? n : room - 1] = '\0';
}

static void percent(const char *text, char *out, size_t room)
{
    size_t n = 0;

    for (; *text != '\0' && n + 4 < room; text++)
        n += (size_t)snprintf(out + n, room - n, "%%%02x", (unsigned char)*text);
    out[n] = '\0';
}

/* -- bodies -- */

/* What does for a member that is not the one under test. */
static const char *filler(const char *name, const json_t *schema)
{
    static char fresh[32];
    static unsigned names_n;

    if (strcmp(json_string_value(json_object_get(schema, "type")), "string") != 0)
        return "1";
    if (strcmp(name, "username") == 0) {
        snprintf(fresh, sizeof(fresh), "\"fresh%u\"", ++names_n);
        return fresh;
    }
    return strcmp(name, "password") == 0 ? "\"" PASSWORD "\"" : "\"\"";
}

/* An object of all members, with value (JSON) in place of the one of that name. */
static void post_member(const struct tried *tried, const json_t *properties, const char *name,
                        const char *value)
{
    size_t room = strlen(value) + 1024, n = 1;
    char *body = malloc(room), path[256];
    const char *key;
    json_t *schema;

    assert_non_null(body);
    strcpy(body, "{");
    json_object_foreach((json_t *)(uintptr_t)properties, key, schema) n +=
        (size_t)snprintf(body + n, room - n, "%s\"%s\":%s", n > 1 ? "," : "", key,
                         strcmp(key, name) == 0 ? value : filler(key, schema));
    snprintf(body + n, room - n, "}");
    fill_path(tried->path, "1", path, sizeof(path));
    ask(tried, path, body);
    free(body);
}

static char *long_text(size_t n)
{
    char *text = malloc(n + 3);

    assert_non_null(text);
    memset(text, 'x', n + 2);
    text[0] = text[n + 1] = '"';
    text[n + 2] = '\0';
    return text;
}

static void try_member(const struct tried *tried, const json_t *properties, const char *name)
{
    static const size_t LENGTHS[] = {254, 255, 1000, 5000, 60000, 70000};

    for (size_t i = 0; i < ARRAY_N(TEXTS); i++) {
        json_t *text = json_string(TEXTS[i]);
        char *value = json_dumps(text, JSON_ENCODE_ANY);

        post_member(tried, properties, name, value);
        free(value);
        json_decref(text);
    }
    for (size_t i = 0; i < ARRAY_N(VALUES); i++)
        post_member(tried, properties, name, VALUES[i]);
    for (size_t i = 0; i < ARRAY_N(LENGTHS); i++) {
        char *value = long_text(LENGTHS[i]);

        post_member(tried, properties, name, value);
        assert_true(LENGTHS[i] < 5000 || web.status >= 400);
        free(value);
    }
}

static void try_bodies(struct tried *tried, const json_t *operation)
{
    const json_t *properties = json_object_get(
        json_object_get(
            json_object_get(json_object_get(json_object_get(operation, "requestBody"), "content"),
                            "application/json"),
            "schema"),
        "properties");
    char path[256];
    const char *name;
    json_t *schema;

    if (properties == NULL)
        return;
    json_object_foreach((json_t *)(uintptr_t)properties, name, schema)
    {
        try_member(tried, properties, name);
        tried->members_n++;
    }
    fill_path(tried->path, "1", path, sizeof(path));
    for (size_t i = 0; i < ARRAY_N(BODIES); i++)
        ask(tried, path, BODIES[i]);
}

/* -- paths -- */

static void try_parameter(struct tried *tried, const json_t *parameter)
{
    const char *name = json_string_value(json_object_get(parameter, "name"));
    bool in_path = strcmp(json_string_value(json_object_get(parameter, "in")), "path") == 0;
    char text[256], path[600], base[256];

    for (size_t i = 0; i < ARRAY_N(TEXTS); i++) {
        percent(TEXTS[i], text, sizeof(text));
        if (in_path) {
            fill_path(tried->path, text, path, sizeof(path));
        } else {
            fill_path(tried->path, "1", base, sizeof(base));
            snprintf(path, sizeof(path), "%s?%s=%s", base, name, text);
        }
        ask(tried, path, NULL);
        if (web.status < 400)
            fail_msg("%s is well?: %s", path, web.body);
    }
    *(in_path ? &tried->parts_n : &tried->parameters_n) += 1;
}

static void try_operation(struct tried *tried, const json_t *operation)
{
    json_t *parameter;
    size_t i;

    json_array_foreach(json_object_get(operation, "parameters"), i, parameter)
        try_parameter(tried, parameter);
    try_bodies(tried, operation);
}

static void test_every_text(void **state)
{
    struct tried tried = {.members_n = 0};
    json_t *document, *paths, *item, *operation;
    int64_t tables, players;

    (void)state;
    daemon_start(&server, NULL);
    tables = tables_n();
    assert_int_equal(
        web_post("/api/auth/register", "{\"username\":\"anna\",\"password\":\"" PASSWORD "\"}"),
        201);
    snprintf(tried.token, sizeof(tried.token), "%s", web_text("access_token"));
    assert_int_equal(web_get("/api/openapi.json"), 200);
    document = json_incref(web.json);
    paths = json_object_get(document, "paths");
    json_object_foreach(paths, tried.path, item) json_object_foreach(item, tried.method, operation)
        try_operation(&tried, operation);
    json_decref(document);
    assert_true(tried.members_n >= 11 && tried.parameters_n >= 6 && tried.parts_n >= 3);
    assert_int_equal(tables_n(), tables);
    players = sql("SELECT count(*) FROM players");
    assert_int_equal(sql("SELECT count(*) FROM players WHERE username LIKE 'fresh%'"
                         " OR username IN ('anna', 'anna'' --')"),
                     players);
    assert_int_equal(sql("SELECT count(*) FROM players WHERE role <> 'player'"), 0);
    assert_int_equal(sql("SELECT count(*) FROM audit"), 0);
    assert_false(daemon_said(&server, "syntax error"));
    assert_false(daemon_said(&server, "store_away"));
    stage_expect_walking(player_new_account(party, &server, "late"), DEADLINE_MS); /* it serves */
    assert_int_equal(daemon_terminate(&server), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {STAGED_BOTH(test_every_text, NULL)};
    int failed = cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);

    web_forget();
    return failed;
}
