/* test_injection.c -- texts that would be SQL, in every text that comes from outside: all that
 * rpc.discover lists, so a method of tomorrow too, and what the game port takes; on SQLite and on
 * PostgreSQL. Afterwards nothing is there, and nothing is gone, that should not be. */
#include "stage_store.h"

#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct wire_text PAYLOADS[] = {
    TEXT("'"),
    TEXT("\""),
    TEXT("'; DROP TABLE players; --"),
    TEXT("x'); DELETE FROM players; --"),
    TEXT("anna' --"),
    TEXT("x' OR '1'='1"),
    TEXT("x' UNION SELECT 1 /*"),
    TEXT("\\'; DROP TABLE bans; --"),
    TEXT("$1 ?1 :a"),
    TEXT("%s%s%n"),
    TEXT("$$; DROP TABLE audit; $$"),
    TEXT("\xca\xbc; DROP TABLE players; --"),             /* letters that look like a quote, */
    TEXT("\xef\xbc\x87 OR \xef\xbc\x87\x31\xef\xbc\x87"), /* and may be folded into one */
    TEXT("a\0'; DROP TABLE players; --"),                 /* last: it ends a connection */
};

/* Methods that are left out, and why. */
static const char *const LEFT_OUT[] = {
    "server.shutdown", /* the daemon would end: its text is for the players' eyes */
};

/* What was legitimately added. */
static struct {
    unsigned players, bans, mutes, invites, reports;
} added;

static int64_t tables_n(void)
{
    return sql(connection[0]
                   ? "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
                   : "SELECT count(*) FROM sqlite_master WHERE type = 'table'");
}

/* -- operators -- */

static const char *string_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* A value that does for a parameter which is not the one under test; NULL: leave it out. */
static json_t *filler(const json_t *param)
{
    static unsigned names_n;
    const char *name = string_of(param, "name"), *type = string_of(param, "type");
    bool required = json_is_true(json_object_get(param, "required"));

    if (strcmp(name, "player") == 0 || (strcmp(name, "name") == 0 && !required))
        return json_string("anna");
    if (!required)
        return NULL;
    if (strcmp(name, "name") == 0)
        return json_sprintf("fresh%u", ++names_n);
    if (strcmp(type, "text") == 0 || strcmp(type, "secret") == 0)
        return json_string("anna");
    if (strcmp(type, "word") == 0)
        return json_incref(json_array_get(json_object_get(param, "words"), 0));
    if (strcmp(type, "integer") == 0)
        return json_incref(json_object_get(param, "min"));
    return strcmp(type, "id") == 0 ? json_string("99") : json_object();
}

static void count_what_was_added(const char *method)
{
    added.players += strcmp(method, "accounts.create") == 0;
    added.bans += strcmp(method, "bans.add") == 0;
    added.mutes += strcmp(method, "players.mute") == 0;
    added.invites += strcmp(method, "invites.create") == 0;
}

static void inject(const json_t *method, const json_t *tested, const struct wire_text *payload)
{
    const char *name = string_of(method, "name"), *line;
    json_t *params = json_object(), *list = json_object_get(method, "params"), *param;
    char *text;
    size_t i;

    json_array_foreach(list, i, param)
    {
        json_t *value =
            param == tested ? json_stringn(payload->bytes, payload->len) : filler(param);

        if (param != tested && value && strcmp(string_of(tested, "name"), "id") == 0 &&
            strcmp(string_of(param, "name"), "player") == 0)
            json_decref(value); /* one of both names the account */
        else if (value)
            json_object_set_new(params, string_of(param, "name"), value);
    }
    text = json_dumps(params, JSON_COMPACT);
    line = daemon_ask(&server, name, text);
    /* Done, or refused in the server's words; the database has nothing to complain of. */
    if (!line || (!strstr(line, "\"result\"") && !strstr(line, "\"error\"")) ||
        strstr(line, "unaudited") || strstr(line, "nothing was changed") ||
        strstr(line, "syntax error") || strstr(line, "-32603"))
        fail_msg("%s %s: %s", name, text, line ? line : "no answer");
    if (strstr(line, "\"result\""))
        count_what_was_added(name);
    free(text);
    json_decref(params);
}

static bool left_out(const char *name)
{
    for (size_t i = 0; i < ARRAY_N(LEFT_OUT); i++)
        if (strcmp(LEFT_OUT[i], name) == 0)
            return true;
    return false;
}

static void every_method(void)
{
    const char *line = daemon_ask(&server, "rpc.discover", "{}");
    json_t *answer = json_loads(line ? line : "", 0, NULL), *method, *param;
    json_t *methods = json_object_get(json_object_get(answer, "result"), "methods");
    unsigned tested_n = 0, left_out_n = 0;
    size_t i, j;

    assert_true(json_array_size(methods) >= 30);
    json_array_foreach(methods, i, method)
    {
        if (left_out(string_of(method, "name"))) {
            left_out_n++;
            continue;
        }
        json_array_foreach(json_object_get(method, "params"), j, param)
        {
            const char *type = string_of(param, "type");

            if (strcmp(type, "integer") == 0 || strcmp(type, "boolean") == 0 ||
                strcmp(type, "object") == 0)
                continue; /* no texts: test_exec gives them some */
            for (size_t k = 0; k < ARRAY_N(PAYLOADS); k++)
                inject(method, param, &PAYLOADS[k]);
            tested_n++;
        }
    }
    assert_true(tested_n >= 30);
    assert_int_equal(left_out_n, ARRAY_N(LEFT_OUT));
    json_decref(answer);
}

/* What lies in an object that is a parameter: as a value of what topics take, and as a name. */
static void nested(void)
{
    static const char *const names[] = {"player", "level", "event", "id", NULL};
    json_t *result = result_of("rpc.discover", "{}"), *topic;
    unsigned n = 0;
    size_t i;

    json_array_foreach(json_object_get(result, "topics"), i, topic)
    {
        const char *name =
            json_is_string(topic) ? json_string_value(topic) : string_of(topic, "name");

        for (size_t k = 0; k < ARRAY_N(PAYLOADS); k++)
            for (size_t j = 0; j < ARRAY_N(names); j++) {
                json_t *inner = json_object();
                json_t *value = json_stringn(PAYLOADS[k].bytes, PAYLOADS[k].len);
                char *text;
                const char *line;

                if (names[j])
                    json_object_set(inner, names[j], value);
                else if (strlen(PAYLOADS[k].bytes) == PAYLOADS[k].len)
                    json_object_set(inner, PAYLOADS[k].bytes, value);
                json_decref(value);
                inner = json_pack("{s:s, s:o}", "topic", name, "params", inner);
                text = json_dumps(inner, JSON_COMPACT);
                line = daemon_ask(&server, "subscribe", text);
                if (!line || strstr(line, "syntax error") || strstr(line, "-32603"))
                    fail_msg("subscribe %s: %s", text, line ? line : "no answer");
                free(text);
                json_decref(inner);
                n++;
            }
    }
    assert_true(n >= 2 * ARRAY_N(PAYLOADS) * ARRAY_N(names));
    json_decref(result);
}

/* -- players -- */

#define SEND(player, word, message)                                                                \
    do {                                                                                           \
        uint8_t room_[2048];                                                                       \
        struct wire_writer w_;                                                                     \
        wire_writer_init(&w_, room_, sizeof(room_));                                               \
        protocol_encode_##word(&w_, (message));                                                    \
        assert_false(w_.bad);                                                                      \
        player_raw((player), room_, wire_written(&w_));                                            \
    } while (0)

static struct player *comes(void)
{
    struct player *p = player_connect(party, &server);

    UNTIL(party, DEADLINE_MS, p->greeted);
    return p;
}

/* He is answered, in whatever way, and leaves. True: he was let in. */
static bool is_let_in(struct player *p)
{
    bool in;

    UNTIL(party, DEADLINE_MS, p->welcomed || p->notices_n > 0 || p->gone);
    in = p->welcomed;
    player_leave(p);
    return in;
}

static void every_field_of_register(struct wire_text payload)
{
    static unsigned names_n;

    for (unsigned field = 0; field < 4; field++) {
        struct player *p = comes();
        struct protocol_register message;
        char name[20];

        snprintf(name, sizeof(name), "new%u", ++names_n);
        message =
            (struct protocol_register){.username = field == 0 ? payload : wire_text_of(name),
                                       .email = field == 1 ? payload : wire_text_of(""),
                                       .password = field == 2 ? payload : wire_text_of(PASSWORD),
                                       .code = field == 3 ? payload : wire_text_of("")};
        SEND(p, register, &message);
        added.players += is_let_in(p);
    }
}

static void every_field_of_auth(struct wire_text payload)
{
    static const struct {
        uint8_t kind, field; /* 0: name, 1: password, 2: token, 3: code */
    } CASES[] = {
        {PROTOCOL_AUTH_PASSWORD, 0}, {PROTOCOL_AUTH_PASSWORD, 1}, {PROTOCOL_AUTH_TOKEN, 2},
        {PROTOCOL_AUTH_CODE, 0},     {PROTOCOL_AUTH_CODE, 1},     {PROTOCOL_AUTH_CODE, 3},
        {PROTOCOL_AUTH_GUEST, 0},
    };

    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct player *p = comes();
        struct protocol_auth message = {.kind = CASES[i].kind,
                                        .username = wire_text_of("anna"),
                                        .password = wire_text_of("not her password"),
                                        .token = wire_text_of(""),
                                        .code = wire_text_of("AAAAA-AAAAA-AAAAA-AAAAA")};
        struct wire_text *const fields[] = {&message.username, &message.password, &message.token,
                                            &message.code};

        *fields[CASES[i].field] = payload;
        SEND(p, auth, &message);
        assert_false(is_let_in(p));
    }
}

/* What a program calls itself, and the token of one who comes back. */
static void hello_and_resume(struct wire_text payload)
{
    struct player *p = player_connect(party, &server);
    struct protocol_hello hello = {PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST, 0, payload};

    p->mute = true; /* it says no HELLO but this one */
    UNTIL(party, DEADLINE_MS, p->state == LINK_OPEN);
    SEND(p, hello, &hello);
    UNTIL(party, DEADLINE_MS, p->greeted || p->gone);
    player_leave(p);
    p = comes();
    SEND(p, resume, (&(struct protocol_resume){payload, 0}));
    assert_false(is_let_in(p));
}

/* Of an account of its own, for one that is set anew is that account's from then on. */
static void every_field_of_password(struct wire_text payload)
{
    static unsigned names_n;
    struct player *p;
    char name[20];

    snprintf(name, sizeof(name), "key%u", ++names_n);
    p = player_new_account(party, &server, name);
    added.players++;
    for (unsigned field = 0; field < 2; field++) {
        uint32_t before = p->notices_n;

        SEND(p, password,
             (&(struct protocol_password){field == 0 ? payload : wire_text_of(PASSWORD),
                                          field == 1 ? payload : wire_text_of("another horse")}));
        UNTIL(party, DEADLINE_MS, p->notices_n > before || p->gone);
    }
    player_leave(p);
}

static void every_field_of_report(struct player *eve, struct wire_text payload)
{
    for (unsigned field = 0; field < 2; field++) {
        uint32_t before = eve->notices_n;

        eve->notice = 0xff;
        SEND(eve, report,
             (&(struct protocol_report){field == 0 ? payload : wire_text_of("anna"),
                                        field == 1 ? payload : wire_text_of("words")}));
        UNTIL(party, DEADLINE_MS, eve->notices_n > before || eve->gone);
        added.reports += eve->notice == PROTOCOL_REASON_NONE;
    }
}

static void says(struct player *eve, struct wire_text payload)
{
    uint32_t before = eve->notices_n;
    unsigned heard = eve->lines_n;

    SEND(eve, chat, (&(struct protocol_chat){PROTOCOL_CHANNEL_GLOBAL, payload}));
    UNTIL(party, DEADLINE_MS, eve->lines_n > heard || eve->notices_n > before || eve->gone);
}

/* -- the test -- */

static void test_every_text(void **state)
{
    struct player *eve;
    int64_t tables;

    (void)state;
    memset(&added, 0, sizeof(added));
    daemon_start(&server, NULL);
    tables = tables_n();
    assert_true(tables >= 12);
    player_leave(player_new_account(party, &server, "anna"));
    eve = player_new_account(party, &server, "eve");
    for (size_t i = 0; i < ARRAY_N(PAYLOADS); i++) {
        every_field_of_register(PAYLOADS[i]);
        every_field_of_auth(PAYLOADS[i]);
        every_field_of_password(PAYLOADS[i]);
        hello_and_resume(PAYLOADS[i]);
        every_field_of_report(eve, PAYLOADS[i]);
        says(eve, PAYLOADS[i]);
    }
    every_method();
    nested();
    assert_int_equal(tables_n(), tables);
    assert_int_equal(sql("SELECT count(*) FROM players"), 2 + added.players);
    assert_int_equal(sql("SELECT count(*) FROM players WHERE role <> 'player'"), 0);
    assert_int_equal(sql("SELECT count(*) FROM players WHERE username IN ('anna', 'eve')"), 2);
    assert_int_equal(sql("SELECT count(*) FROM bans"), added.bans);
    assert_int_equal(sql("SELECT count(*) FROM mutes"), added.mutes);
    assert_int_equal(sql("SELECT count(*) FROM invites"), added.invites);
    assert_true(added.reports >= ARRAY_N(PAYLOADS) - 2);
    assert_int_equal(sql("SELECT count(*) FROM reports"), added.reports);
    assert_true(sql("SELECT count(*) FROM reports WHERE words LIKE '%DROP TABLE%'") > 0);
    assert_true(sql("SELECT count(*) FROM bans WHERE reason LIKE '%DROP TABLE%'") > 0);
    assert_true(sql("SELECT count(*) FROM audit WHERE detail LIKE '%DROP TABLE%'") > 0);
    /* and it serves */
    stage_expect_walking(player_new_account(party, &server, "late"), DEADLINE_MS);
    assert_int_equal(daemon_terminate(&server), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED_BOTH(test_every_text, "[auth]\nguests = yes\n[limits]\nlogins_per_minute = "
                                     "1000\n[reports]\nper_hour = 1000\n"),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
