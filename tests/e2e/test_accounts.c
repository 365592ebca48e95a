/* test_accounts.c -- accounts as operators and players make and change them, through the real
 * daemon, its admin socket and players who come: the same on SQLite and on PostgreSQL. */
#include "stage_store.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/compiler.h"

#define NEW_PASSWORD "battery staple"

/* -- operators -- */

/* The code that a method answers with; it stands nowhere else. */
static void code_of(const char *method, const char *params, char code[64])
{
    json_t *result = result_of(method, params);
    const char *audit;

    snprintf(code, 64, "%s", json_string_value(json_object_get(result, "code")));
    assert_int_equal(strlen(code), 23);
    json_decref(result);
    audit = daemon_ask(&server, "audit.list", "{\"limit\":5}");
    assert_non_null(strstr(audit, method));
    assert_null(strstr(audit, code));
    assert_false(daemon_said(&server, code));
}

static bool shown(const char *player, const char *member, const char *value)
{
    char params[300];
    json_t *result, *found;
    bool same;

    snprintf(params, sizeof(params), "{\"player\":\"%s\"}", player);
    result = result_of("accounts.show", params);
    found = json_object_get(result, member);
    same = json_is_string(found) && strcmp(json_string_value(found), value) == 0;
    json_decref(result);
    return same;
}

/* -- players -- */

static struct player *comes(void)
{
    struct player *p = player_connect(party, &server);

    UNTIL(party, DEADLINE_MS, p->greeted || p->gone);
    assert_true(p->greeted);
    return p;
}

#define SEND(player, word, message)                                                                \
    do {                                                                                           \
        uint8_t room_[2048];                                                                       \
        struct wire_writer w_;                                                                     \
        wire_writer_init(&w_, room_, sizeof(room_));                                               \
        protocol_encode_##word(&w_, (message));                                                    \
        assert_false(w_.bad);                                                                      \
        player_raw((player), room_, wire_written(&w_));                                            \
    } while (0)

/* The answer: NONE for a welcome, else the notice's reason. */
static enum protocol_reason answer_to(struct player *p, uint32_t before)
{
    UNTIL(party, DEADLINE_MS, p->welcomed || p->notices_n > before || p->gone);
    if (p->gone)
        fail_msg("gone: %s", p->farewell_text);
    return p->welcomed ? PROTOCOL_REASON_NONE : p->notice;
}

static enum protocol_reason registers(struct player *p, const char *name, const char *email,
                                      const char *code)
{
    uint32_t before = p->notices_n;

    SEND(p, register,
         (&(struct protocol_register){wire_text_of(name), wire_text_of(email),
                                      wire_text_of(PASSWORD), wire_text_of(code)}));
    return answer_to(p, before);
}

static enum protocol_reason auth(struct player *p, uint8_t kind, const char *name,
                                 const char *password, const char *code)
{
    struct protocol_auth message = {.kind = kind,
                                    .username = wire_text_of(name),
                                    .password = wire_text_of(password),
                                    .token = wire_text_of(""),
                                    .code = wire_text_of(code)};
    uint32_t before = p->notices_n;

    SEND(p, auth, &message);
    return answer_to(p, before);
}

/* By a connection of its own; it leaves again. */
static enum protocol_reason once(uint8_t kind, const char *name, const char *password,
                                 const char *code)
{
    struct player *p = comes();
    enum protocol_reason reason = auth(p, kind, name, password, code);

    player_leave(p);
    return reason;
}

static enum protocol_reason logs_in(const char *name, const char *password)
{
    return once(PROTOCOL_AUTH_PASSWORD, name, password, "");
}

static enum protocol_reason changes(struct player *p, const char *password, const char *fresh)
{
    uint32_t before = p->notices_n;

    SEND(p, password, (&(struct protocol_password){wire_text_of(password), wire_text_of(fresh)}));
    UNTIL(party, DEADLINE_MS, p->notices_n > before || p->gone);
    assert_false(p->gone);
    return p->notice;
}

/* -- tests -- */

static void test_first_admin(void **state)
{
    struct player *p;
    char code[64], small[64];

    (void)state;
    daemon_start(&server, NULL);
    code_of("accounts.create",
            "{\"name\":\"Ada\",\"role\":\"admin\",\"email\":\"ada@example.org\"}", code);
    assert_int_equal(logs_in("ada", "!"), PROTOCOL_REASON_LOGIN_FAILED); /* no password yet */
    assert_int_equal(once(PROTOCOL_AUTH_CODE, "ada", "short", code), PROTOCOL_REASON_BAD_PASSWORD);
    assert_int_equal(once(PROTOCOL_AUTH_CODE, "ada", NEW_PASSWORD, "AAAAA-AAAAA-AAAAA-AAAAA"),
                     PROTOCOL_REASON_BAD_CODE);
    assert_int_equal(once(PROTOCOL_AUTH_CODE, "nobody", NEW_PASSWORD, code),
                     PROTOCOL_REASON_BAD_CODE);
    for (size_t i = 0; i <= strlen(code); i++) /* as somebody types it */
        small[i] = code[i] == '-' ? ' ' : code[i] >= 'A' && code[i] <= 'Z' ? code[i] + 32 : code[i];
    p = comes();
    assert_int_equal(auth(p, PROTOCOL_AUTH_CODE, "ADA", NEW_PASSWORD, small), PROTOCOL_REASON_NONE);
    assert_string_equal(p->name, "Ada");
    assert_int_equal(p->role, PROTOCOL_ROLE_ADMIN);
    player_leave(p);
    assert_int_equal(once(PROTOCOL_AUTH_CODE, "ada", "another password", code),
                     PROTOCOL_REASON_BAD_CODE); /* it is good once */
    assert_int_equal(logs_in("ada", NEW_PASSWORD), PROTOCOL_REASON_NONE);
    assert_true(shown("ada", "role", "admin"));
    bad("accounts.create", "{\"name\":\"ADA\"}", "has that name");
    bad("accounts.create", "{\"name\":\"eve\",\"email\":\"ADA@EXAMPLE.org\"}", "e-mail");
    bad("accounts.create", "{\"name\":\"\\u0430da\"}", "one script");
    bad("accounts.create", "{\"name\":\"eve\",\"role\":\"root\"}", "role must be one of");
    assert_int_equal(sql("SELECT count(*) FROM players"), 1);
    assert_int_equal(daemon_terminate(&server), 0);
}

/* What a token comes to. */
static enum protocol_reason by_token(const char *token)
{
    struct player *p = comes();
    enum protocol_reason reason;

    player_by_token(p, token);
    reason = answer_to(p, 0);
    player_leave(p);
    return reason;
}

static void test_reset_password(void **state)
{
    struct player *alice;
    char code[64], newer[64], token[PROTOCOL_TOKEN_MAX + 1];
    uint64_t later_ms;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    code_of("accounts.reset-password", "{\"player\":\"alice\"}", code);
    assert_int_equal(logs_in("alice", PASSWORD), PROTOCOL_REASON_NONE); /* good until it is used */
    code_of("accounts.reset-password", "{\"player\":\"alice\",\"hours\":1}", newer);
    assert_int_equal(once(PROTOCOL_AUTH_CODE, "alice", NEW_PASSWORD, code),
                     PROTOCOL_REASON_BAD_CODE); /* the newest counts */
    strcpy(token, alice->token);
    sql("UPDATE players SET tokens_from = '2020-01-01T00:00:00.000Z'");
    assert_int_equal(by_token(token), PROTOCOL_REASON_NONE);
    alice = player_returns(party, &server, "alice");
    strcpy(token, alice->token);
    later_ms = now_ms() + 1100;
    UNTIL(party, DEADLINE_MS, now_ms() > later_ms); /* a token says its second only */
    assert_int_equal(once(PROTOCOL_AUTH_CODE, "alice", NEW_PASSWORD, newer), PROTOCOL_REASON_NONE);
    assert_int_equal(by_token(token), PROTOCOL_REASON_TOKEN_REFUSED);
    assert_int_equal(logs_in("alice", PASSWORD), PROTOCOL_REASON_LOGIN_FAILED);
    assert_int_equal(logs_in("alice", NEW_PASSWORD), PROTOCOL_REASON_NONE);
    code_of("accounts.reset-password", "{\"id\":\"1\"}", code);
    sql("UPDATE reset_codes SET expires_at = '2020-01-01T00:00:00.000Z'");
    assert_int_equal(once(PROTOCOL_AUTH_CODE, "alice", PASSWORD, code), PROTOCOL_REASON_BAD_CODE);
    bad("accounts.reset-password", "{\"player\":\"nobody\"}", "no account by the name of nobody");
    bad("accounts.reset-password", "{\"player\":\"alice\",\"hours\":0}", "hours must be");
    player_leave(alice);
    assert_int_equal(daemon_terminate(&server), 0);
}

static void test_change_password(void **state)
{
    const time_t soon = time(NULL) + 40;
    struct player *alice;
    char second[100];

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    sql("INSERT INTO refresh_tokens (family, player_id, token_hash, issued_at, expires_at)"
        " VALUES ('f', 1, 'h', '2026-01-01T00:00:00.000Z', '2099-01-01T00:00:00.000Z')");
    assert_int_equal(changes(alice, "not my password", NEW_PASSWORD), PROTOCOL_REASON_LOGIN_FAILED);
    assert_int_equal(changes(alice, PASSWORD, "short"), PROTOCOL_REASON_BAD_PASSWORD);
    assert_int_equal(sql("SELECT count(*) FROM refresh_tokens WHERE revoked_at IS NULL"), 1);
    assert_int_equal(changes(alice, PASSWORD, NEW_PASSWORD), PROTOCOL_REASON_NONE);
    assert_int_equal(by_token(alice->token), PROTOCOL_REASON_TOKEN_REFUSED); /* and all others */
    assert_int_equal(sql("SELECT count(*) FROM refresh_tokens WHERE revoked_at IS NULL"), 0);
    assert_int_equal(changes(alice, NEW_PASSWORD, "' OR 1=1; --"), PROTOCOL_REASON_NONE);
    assert_false(alice->gone);
    player_leave(alice);
    assert_int_equal(logs_in("alice", PASSWORD), PROTOCOL_REASON_LOGIN_FAILED);
    assert_int_equal(logs_in("alice", NEW_PASSWORD), PROTOCOL_REASON_LOGIN_FAILED);
    assert_int_equal(logs_in("alice", "' OR 1=1; --"), PROTOCOL_REASON_NONE);
    /* The second of the change is not over yet: who comes by the new one gets a token all the same.
     */
    strftime(second, sizeof(second), "UPDATE players SET tokens_from = '%Y-%m-%dT%H:%M:%S.000Z'",
             gmtime(&soon));
    sql(second);
    alice = comes();
    assert_int_equal(auth(alice, PROTOCOL_AUTH_PASSWORD, "alice", "' OR 1=1; --", ""),
                     PROTOCOL_REASON_NONE);
    assert_int_equal(by_token(alice->token), PROTOCOL_REASON_NONE);
    assert_int_equal(daemon_terminate(&server), 0);
}

/* One too many is told so, each of them: who asked for a new password waits for its answer. */
static void test_each_change_is_answered(void **state)
{
    struct player *alice;
    unsigned asked_n = 20; /* twice what a minute allows */

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    assert_int_equal(alice->notices_n, 0);
    for (unsigned i = 0; i < asked_n; i++)
        SEND(alice, password,
             (&(struct protocol_password){wire_text_of("not mine"), wire_text_of(NEW_PASSWORD)}));
    UNTIL(party, DEADLINE_MS, alice->notices_n == asked_n || alice->gone);
    assert_false(alice->gone);
    player_leave(alice);
    assert_int_equal(logs_in("alice", PASSWORD), PROTOCOL_REASON_NONE);
    assert_int_equal(daemon_terminate(&server), 0);
}

static void test_rename(void **state)
{
    struct player *alice, *dora, *guest;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    dora = player_new_account(party, &server, "dora");
    player_leave(player_new_account(party, &server, "bob"));
    guest = comes();
    assert_int_equal(auth(guest, PROTOCOL_AUTH_GUEST, "carol", "", ""), PROTOCOL_REASON_NONE);
    UNTIL(party, DEADLINE_MS, player_sees(dora, alice) != NULL);
    bad("accounts.rename", "{\"player\":\"alice\",\"to\":\"BOB\"}", "has that name already");
    bad("accounts.rename", "{\"player\":\"alice\",\"to\":\"x'; DROP TABLE players; --\"}", "to: ");
    bad("accounts.rename", "{\"player\":\"' OR '1'='1\",\"to\":\"carol\"}",
        "no account by the name");
    good("accounts.rename", "{\"player\":\"alice\",\"to\":\"Carol\"}");
    assert_true(shown("carol", "player", "Carol"));
    /* at once, for her and for the others; a guest gives way */
    UNTIL(party, DEADLINE_MS, strcmp(alice->notice_text, "Your name is now: Carol.") == 0);
    UNTIL(party, DEADLINE_MS, guest->gone);
    assert_int_equal(guest->farewell, PROTOCOL_REASON_NAME_TAKEN);
    player_chat(alice, PROTOCOL_CHANNEL_GLOBAL, "who am I");
    UNTIL(party, DEADLINE_MS, player_heard(dora, "who am I"));
    assert_string_equal(dora->lines[dora->lines_n - 1].name, "Carol");
    assert_non_null(strstr(daemon_ask(&server, "players.list", "{}"), "\"Carol\""));
    UNTIL(party, DEADLINE_MS, strcmp(player_sees(dora, alice)->name, "Carol") == 0);
    player_leave(dora);
    assert_int_equal(once(PROTOCOL_AUTH_GUEST, "Alice", "", ""), PROTOCOL_REASON_NONE);
    player_leave(alice);
    assert_int_equal(logs_in("alice", PASSWORD), PROTOCOL_REASON_LOGIN_FAILED);
    assert_int_equal(logs_in("carol", PASSWORD), PROTOCOL_REASON_NONE);
    player_leave(player_new_account(party, &server, "alice")); /* the name is free */
    assert_int_equal(sql("SELECT count(*) FROM players"), 4);
    assert_int_equal(daemon_terminate(&server), 0);
}

static void test_roles(void **state)
{
    struct player *alice;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    assert_int_equal(alice->role, PROTOCOL_ROLE_PLAYER);
    good("accounts.set-role", "{\"player\":\"alice\",\"role\":\"moderator\"}");
    UNTIL(party, DEADLINE_MS, strcmp(alice->notice_text, "Your role is now: moderator.") == 0);
    player_leave(alice);
    alice = player_returns(party, &server, "alice");
    assert_int_equal(alice->role, PROTOCOL_ROLE_MODERATOR);
    assert_true(shown("alice", "role", "moderator"));
    bad("accounts.set-role", "{\"player\":\"alice\",\"role\":\"god\"}", "role must be one of");
    bad("accounts.set-role", "{\"id\":\"77\",\"role\":\"admin\"}", "no account 77");
    player_leave(alice);
    assert_int_equal(daemon_terminate(&server), 0);
}

static void test_invites(void **state)
{
    struct player *one, *two;
    char code[64], other[64], params[100];
    json_t *result;

    (void)state;
    daemon_start(&server, NULL);
    one = comes();
    two = comes();
    assert_int_equal(one->greeting.logins, PROTOCOL_LOGIN_PASSWORD | PROTOCOL_LOGIN_TOKEN |
                                               PROTOCOL_LOGIN_REGISTER | PROTOCOL_LOGIN_INVITE);
    assert_int_equal(registers(one, "alice", "", ""), PROTOCOL_REASON_BAD_CODE);
    assert_int_equal(registers(one, "alice", "", "'; DROP TABLE invites; --"),
                     PROTOCOL_REASON_BAD_CODE);
    assert_int_equal(registers(one, "alice", "", "AAAAA-AAAAA-AAAAA-AAAAA"),
                     PROTOCOL_REASON_BAD_CODE);
    code_of("invites.create", "{\"days\":1}", code);
    /* of two who use its last use at once, one gets in */
    SEND(one, register,
         (&(struct protocol_register){wire_text_of("alice"), wire_text_of(""),
                                      wire_text_of(PASSWORD), wire_text_of(code)}));
    assert_int_equal(registers(two, "bob", "", code) == PROTOCOL_REASON_NONE,
                     answer_to(one, 3) == PROTOCOL_REASON_BAD_CODE);
    assert_int_equal(sql("SELECT count(*) FROM players"), 1);
    assert_int_equal(sql("SELECT uses_left FROM invites"), 0);
    player_leave(one);
    player_leave(two);
    code_of("invites.create", "{\"uses\":2}", code);
    code_of("invites.create", "{}", other);
    one = comes();
    assert_int_equal(registers(one, "carol", "", code), PROTOCOL_REASON_NONE);
    player_leave(one);
    one = comes();
    assert_int_equal(registers(one, "carol", "", code), PROTOCOL_REASON_NAME_TAKEN);
    assert_int_equal(sql("SELECT uses_left FROM invites WHERE id = 2"), 1); /* it costs no use */
    result = result_of("invites.list", "{}");
    assert_int_equal(json_array_size(json_object_get(result, "invites")), 3);
    json_decref(result);
    snprintf(params, sizeof(params), "{\"invite\":\"%d\"}", 3);
    good("invites.revoke", params);
    bad("invites.revoke", params, "no such invitation");
    assert_int_equal(registers(one, "dave", "", other), PROTOCOL_REASON_BAD_CODE);
    sql("UPDATE invites SET expires_at = '2020-01-01T00:00:00.000Z' WHERE id = 2");
    assert_int_equal(registers(one, "dave", "", code), PROTOCOL_REASON_BAD_CODE);
    player_leave(one);
    bad("invites.create", "{\"uses\":0}", "uses must be");
    assert_int_equal(daemon_terminate(&server), 0);
}

static void test_closed(void **state)
{
    struct player *p;
    char code[64];

    (void)state;
    daemon_start(&server, NULL);
    p = comes();
    assert_int_equal(registers(p, "alice", "a@b.c", ""), PROTOCOL_REASON_REGISTRATION_CLOSED);
    player_leave(p);
    code_of("accounts.create", "{\"name\":\"alice\"}", code);
    assert_int_equal(once(PROTOCOL_AUTH_CODE, "alice", PASSWORD, code), PROTOCOL_REASON_NONE);
    assert_int_equal(logs_in("alice", PASSWORD), PROTOCOL_REASON_NONE);
    if (!connection[0]) { /* it opens while the server runs, and says so */
        daemon_configure(&server, "[accounts]\nregistration = invite\n[auth]\nguests = yes\n");
        good("server.reload", "{}");
        p = comes();
        assert_int_equal(p->greeting.logins, PROTOCOL_LOGIN_PASSWORD | PROTOCOL_LOGIN_TOKEN |
                                                 PROTOCOL_LOGIN_REGISTER | PROTOCOL_LOGIN_INVITE |
                                                 PROTOCOL_LOGIN_GUEST);
        code_of("invites.create", "{}", code);
        assert_int_equal(registers(p, "bob", "", code), PROTOCOL_REASON_NONE);
        player_leave(p);
        assert_int_equal(once(PROTOCOL_AUTH_GUEST, "gwen", "", ""), PROTOCOL_REASON_NONE);
    }
    assert_int_equal(daemon_terminate(&server), 0);
}

static void test_email(void **state)
{
    struct player *p;

    (void)state;
    daemon_start(&server, NULL);
    p = comes();
    assert_int_equal(registers(p, "alice", "", ""), PROTOCOL_REASON_BAD_EMAIL);
    assert_int_equal(registers(p, "alice", "Alice'||(SELECT 1)||'@Example.org", ""),
                     PROTOCOL_REASON_BAD_EMAIL); /* a space */
    assert_int_equal(registers(p, "alice", "Alice'||1||'@Example.org", ""), PROTOCOL_REASON_NONE);
    assert_true(shown("alice", "email", "Alice'||1||'@Example.org"));
    player_leave(p);
    p = comes();
    assert_int_equal(registers(p, "bob", "alice'||1||'@EXAMPLE.ORG", ""),
                     PROTOCOL_REASON_BAD_EMAIL);
    assert_int_equal(registers(p, "ALICE", "bob@example.org", ""), PROTOCOL_REASON_NAME_TAKEN);
    assert_int_equal(registers(p, "bob", "bob@example.org", ""), PROTOCOL_REASON_NONE);
    player_leave(p);
    assert_int_equal(daemon_terminate(&server), 0);
}

static void test_guests(void **state)
{
    struct player *gwen, *other;
    const char *status;

    (void)state;
    daemon_start(&server, NULL);
    player_leave(player_new_account(party, &server, "alice"));
    gwen = comes();
    assert_true(gwen->greeting.logins & PROTOCOL_LOGIN_GUEST);
    assert_int_equal(auth(gwen, PROTOCOL_AUTH_GUEST, "Alice", "", ""), PROTOCOL_REASON_NAME_TAKEN);
    assert_int_equal(auth(gwen, PROTOCOL_AUTH_GUEST, "x", "", ""), PROTOCOL_REASON_BAD_NAME);
    assert_int_equal(auth(gwen, PROTOCOL_AUTH_GUEST, "gwen", "", ""), PROTOCOL_REASON_NONE);
    assert_string_equal(gwen->token, "");
    other = comes();
    assert_int_equal(auth(other, PROTOCOL_AUTH_GUEST, "GWEN", "", ""), PROTOCOL_REASON_NAME_TAKEN);
    assert_int_equal(auth(other, PROTOCOL_AUTH_GUEST, "gus", "", ""), PROTOCOL_REASON_NONE);
    status = daemon_ask(&server, "server.status", "{}");
    assert_non_null(strstr(status, "\"guests\":{\"allowed\":true,\"here\":2}"));
    assert_non_null(strstr(daemon_ask(&server, "players.list", "{}"), "\"guest\":true"));
    UNTIL(party, DEADLINE_MS, gwen->selves_n > 0);
    stage_expect_walking(gwen, DEADLINE_MS);
    assert_int_equal(changes(gwen, PASSWORD, NEW_PASSWORD), PROTOCOL_REASON_UNSUPPORTED);
    /* a guest is muted until he goes */
    bad("players.mute", "{\"player\":\"gwen\",\"id\":\"1\",\"reason\":\"shouting\"}",
        "by player or by id");
    good("players.mute", "{\"player\":\"GWEN\",\"reason\":\"shouting\",\"duration\":\"1h\"}");
    UNTIL(party, DEADLINE_MS, gwen->notice == PROTOCOL_REASON_MUTED);
    assert_non_null(strstr(gwen->notice_text, "UTC: shouting"));
    gwen->notice = 0xff;
    player_chat(gwen, PROTOCOL_CHANNEL_NEARBY, "can you hear me");
    UNTIL(party, DEADLINE_MS, gwen->notice == PROTOCOL_REASON_MUTED);
    good("players.unmute", "{\"player\":\"gwen\"}");
    UNTIL(party, DEADLINE_MS, gwen->notice == PROTOCOL_REASON_NONE);
    assert_false(player_heard(other, "can you hear me"));
    assert_int_equal(sql("SELECT count(*) FROM audit WHERE method IN ('players.mute',"
                         " 'players.unmute') AND target = 'guest gwen' AND outcome = 'ok'"),
                     2);
    /* who says too much is told so: a quarter of what an account may say */
    for (unsigned i = 0; i < 6; i++)
        player_chat(gwen, PROTOCOL_CHANNEL_GLOBAL, "hello");
    UNTIL(party, DEADLINE_MS, gwen->notice == PROTOCOL_REASON_RATE_LIMITED);
    /* an account of his name comes, and he goes */
    player_leave(player_new_account(party, &server, "Gwen"));
    UNTIL(party, DEADLINE_MS, gwen->gone);
    assert_int_equal(gwen->farewell, PROTOCOL_REASON_NAME_TAKEN);
    player_leave(other);
    assert_int_equal(daemon_terminate(&server), 0);
    assert_int_equal(sql("SELECT count(*) FROM players"), 2);
    assert_int_equal(sql("SELECT count(*) FROM player_positions"), 2);
    assert_int_equal(sql("SELECT count(*) FROM game_sessions WHERE player_id IS NULL"
                         " AND disconnected_at IS NOT NULL"),
                     2);
}

static void test_no_guests(void **state)
{
    (void)state;
    daemon_start(&server, NULL);
    assert_int_equal(once(PROTOCOL_AUTH_GUEST, "gwen", "", ""), PROTOCOL_REASON_UNSUPPORTED);
    assert_non_null(strstr(daemon_ask(&server, "server.status", "{}"), "\"allowed\":false"));
    assert_int_equal(daemon_terminate(&server), 0);
}

/* -t says that anybody may play. */
static void test_said_by_the_test(void **state)
{
    const char *arguments[] = {"-t", "-c", server.ini_path, NULL};
    const char *out;

    (void)state;
    assert_int_equal(openmmod_run(arguments, &out), 0);
    assert_non_null(strstr(out, "anybody may play without an account"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED_BOTH(test_first_admin, NULL),
        STAGED_BOTH(test_reset_password, NULL),
        STAGED_BOTH(test_change_password, NULL),
        STAGED_BOTH(test_each_change_is_answered, NULL),
        STAGED_BOTH(test_rename, "[auth]\nguests = yes\n"),
        STAGED_BOTH(test_roles, NULL),
        STAGED_BOTH(test_invites, "[accounts]\nregistration = invite\n"),
        STAGED_BOTH(test_closed, "[accounts]\nregistration = closed\n"),
        STAGED_BOTH(test_email, "[accounts]\nemail = required\n"),
        STAGED_BOTH(test_guests, "[auth]\nguests = yes\n"),
        STAGED(test_no_guests, NULL),
        STAGED(test_said_by_the_test, "[auth]\nguests = yes\n"),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
