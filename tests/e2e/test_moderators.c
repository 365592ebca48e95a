/* test_moderators.c -- what moderators hear and do about it: the talk of all channels, live and
 * read back, and what players report of each other; against the real daemon. */
#include "stage_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/compiler.h"

/* -- a subscriber ------------------------------------------------------------------------------ */

struct hearer {
    int fd;
    size_t n;
    char bytes[512 * 1024]; /* all that came, NUL-terminated */
};

static void hearer_begin(struct hearer *hearer, const char *topic, const char *params)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char line[256];
    int n = snprintf(line, sizeof(line),
                     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\",\"params\":{\"topic\":"
                     "\"%s\",\"interval_ms\":100,\"params\":%s}}\n",
                     topic, params);

    hearer->n = 0;
    hearer->bytes[0] = '\0';
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", server.admin_path);
    hearer->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(hearer->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(write(hearer->fd, line, (size_t)n), n);
    fcntl(hearer->fd, F_SETFL, O_NONBLOCK);
}

/* True once that came. */
static bool hears(struct hearer *hearer, const char *text)
{
    ssize_t n;

    while ((n = read(hearer->fd, hearer->bytes + hearer->n,
                     sizeof(hearer->bytes) - 1 - hearer->n)) > 0)
        hearer->n += (size_t)n;
    assert_true(n < 0 && errno == EAGAIN);
    hearer->bytes[hearer->n] = '\0';
    return strstr(hearer->bytes, text) != NULL;
}

/* How many lines it was told that it lost. What it heard is forgotten. */
static long lost_n(struct hearer *hearer)
{
    long lost = 0;

    hears(hearer, "");
    for (const char *at = hearer->bytes; (at = strstr(at, "\"lost\":")) != NULL; at++)
        lost += strtol(at + strlen("\"lost\":"), NULL, 10);
    if (hearer->n > sizeof(hearer->bytes) / 2)
        hearer->n = 0;
    return lost;
}

/* -- chat -------------------------------------------------------------------------------------- */

static const char *member(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));

    return text != NULL ? text : "";
}

static void test_all_channels_are_heard(void **state)
{
    static struct hearer all, global;
    struct player *anna, *bob;
    json_t *result, *line;

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    bob = player_new_account(party, &server, "bob");
    hearer_begin(&all, "chat", "{}");
    hearer_begin(&global, "chat", "{\"channel\":\"global\"}");
    UNTIL(party, DEADLINE_MS, hears(&all, "\"subscription\"") && hears(&global, "subscription"));
    player_chat(anna, PROTOCOL_CHANNEL_NEARBY, "psst");
    player_chat(bob, PROTOCOL_CHANNEL_GLOBAL, "hello all");
    json_decref(result_of("chat.say", "{\"text\":\"be kind\"}"));
    UNTIL(party, DEADLINE_MS, player_heard(anna, "be kind"));
    UNTIL(party, DEADLINE_MS,
          hears(&all, "psst") && hears(&all, "hello all") && hears(&all, "be kind"));
    UNTIL(party, DEADLINE_MS, hears(&global, "hello all"));
    assert_false(hears(&global, "psst"));
    assert_false(hears(&global, "be kind"));

    result = result_of("chat.recent", "{}");
    assert_int_equal(json_array_size(json_object_get(result, "lines")), 3);
    for (size_t i = 0; i < 3; i++) {
        line = json_array_get(json_object_get(result, "lines"), i);
        if (strcmp(member(line, "text"), "psst") == 0) {
            assert_string_equal(member(line, "channel"), "nearby");
            assert_string_equal(member(line, "name"), "anna");
            assert_string_equal(member(line, "role"), "player");
            assert_string_equal(member(line, "player"), "1");
            assert_true(json_is_real(json_object_get(line, "x")));
            assert_int_equal(json_array_size(json_object_get(line, "cell")), 2);
        }
        if (strcmp(member(line, "text"), "be kind") == 0) {
            assert_true(json_is_null(json_object_get(line, "name")));
            assert_null(json_object_get(line, "x"));
        }
    }
    json_decref(result);
    result = result_of("chat.recent", "{\"channel\":\"nearby\"}");
    assert_int_equal(json_array_size(json_object_get(result, "lines")), 1);
    json_decref(result);
    /* Who is erased has said nothing. */
    json_decref(result_of("players.erase", "{\"player\":\"anna\"}"));
    result = result_of("chat.recent", "{\"channel\":\"nearby\"}");
    assert_int_equal(json_array_size(json_object_get(result, "lines")), 0);
    json_decref(result);
    close(all.fd);
    close(global.fd);
    assert_int_equal(daemon_terminate(&server), 0);
}

/* One who does not read loses lines, is told how many, and holds up nobody. */
static void test_a_slow_reader_loses_lines(void **state)
{
    static struct hearer slow;
    struct player *anna;
    char text[PROTOCOL_TEXT_MAX + 1];
    int buffer = 4096;

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    hearer_begin(&slow, "chat", "{}");
    setsockopt(slow.fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    UNTIL(party, DEADLINE_MS, hears(&slow, "subscription"));
    memset(text, 'x', PROTOCOL_TEXT_MAX);
    text[PROTOCOL_TEXT_MAX] = '\0';
    /* Far more than 256 KiB of output and what the socket holds. */
    for (unsigned i = 0; daemon_metric(&server, "openmmo_admin_dropped_total") == 0; i++) {
        assert_true(i < 5000);
        for (unsigned j = 0; j < 8; j++)
            player_chat(anna, PROTOCOL_CHANNEL_GLOBAL, text);
        party_pump(party, 20);
    }
    /* He reads again, and is told with the next lines. */
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; lost_n(&slow) == 0;) {
        assert_true(now_ms() < end_ms);
        player_chat(anna, PROTOCOL_CHANNEL_GLOBAL, "still there?");
        party_pump(party, 20);
    }
    close(slow.fd);
    assert_int_equal(daemon_terminate(&server), 0);
}

/* -- reports ----------------------------------------------------------------------------------- */

/* He reports, and is answered: the reason of the notice. */
static uint8_t reports(struct player *player, const char *name, const char *words)
{
    uint32_t before = player->notices_n;

    player_report(player, name, words);
    UNTIL(party, DEADLINE_MS, player->notices_n > before);
    return player->notice;
}

static size_t size_of(const json_t *object, const char *list)
{
    return json_array_size(json_object_get(object, list));
}

/* The number of the newest report of a list. */
static const char *newest_of(const char *params, size_t rows_n)
{
    static char id[24];
    json_t *result = result_of("reports.list", params);

    assert_int_equal(size_of(result, "rows"), rows_n);
    snprintf(id, sizeof(id), "%s",
             member(json_array_get(json_object_get(result, "rows"), 0), "report"));
    json_decref(result);
    return id;
}

static json_t *shown(const char *id)
{
    char params[64];

    snprintf(params, sizeof(params), "{\"report\":\"%s\"}", id);
    return result_of("reports.show", params);
}

/* From the player's word to the verdict. Chat is not kept at all here: what was around the report
 * is. */
static void test_a_report_and_its_verdict(void **state)
{
    static struct hearer hearer;
    struct player *anna, *bob;
    json_t *result;
    char params[128];

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    bob = player_new_account(party, &server, "bob");
    assert_true(anna->greeting.features & PROTOCOL_FEATURE_REPORT);
    hearer_begin(&hearer, "reports", "{}");
    UNTIL(party, DEADLINE_MS, hears(&hearer, "\"open\":0"));
    player_chat(bob, PROTOCOL_CHANNEL_NEARBY, "you smell");
    UNTIL(party, DEADLINE_MS, player_heard(anna, "you smell"));
    player_chat(anna, PROTOCOL_CHANNEL_NEARBY, "stop it");
    UNTIL(party, DEADLINE_MS, player_heard(bob, "stop it"));
    player_chat(bob, PROTOCOL_CHANNEL_GLOBAL, "anna smells");
    UNTIL(party, DEADLINE_MS, player_heard(anna, "anna smells"));
    assert_int_equal(reports(anna, "BOB", "He insults me."), PROTOCOL_REASON_NONE);
    assert_non_null(strstr(anna->notice_text, "Thank you"));
    UNTIL(party, DEADLINE_MS, hears(&hearer, "\"open\":1"));
    assert_int_equal(sql("SELECT count(*) FROM chat_log"), 0);

    result = shown(newest_of("{}", 1));
    assert_string_equal(member(result, "player"), "bob");
    assert_string_equal(member(result, "id"), "2");
    assert_string_equal(member(result, "reporter"), "anna");
    assert_string_equal(member(result, "words"), "He insults me.");
    assert_int_equal(size_of(result, "chat"), 3);
    assert_string_equal(member(json_array_get(json_object_get(result, "chat"), 0), "text"),
                        "you smell");
    assert_string_equal(member(json_array_get(json_object_get(result, "chat"), 1), "player"), "1");
    assert_int_equal(size_of(result, "before"), 0);
    json_decref(result);

    result = shown("1");
    assert_true(json_is_string(json_object_get(result, "session")));
    json_decref(result);
    /* He is gone, and was reported before. */
    player_leave(bob);
    assert_int_equal(reports(anna, "bob", "And now he left."), PROTOCOL_REASON_NONE);
    result = shown(newest_of("{\"state\":\"open\"}", 2));
    assert_int_equal(size_of(result, "before"), 1);
    assert_true(json_is_null(json_object_get(result, "session")));
    assert_int_equal(json_integer_value(json_object_get(result, "earlier")), 1);
    json_decref(result);

    snprintf(params, sizeof(params), "{\"report\":\"%s\",\"verdict\":\"warned him\"}",
             newest_of("{}", 2));
    good("reports.close", params);
    bad("reports.close", params, "closed already");
    bad("reports.close", "{\"report\":\"1\",\"verdict\":\"\\u001b[2J\"}", "verdict");
    bad("reports.show", "{\"report\":\"4711\"}", "there is no report 4711");
    result = shown(newest_of("{\"state\":\"closed\"}", 1));
    assert_string_equal(member(result, "verdict"), "warned him");
    assert_true(json_is_integer(json_object_get(result, "closed_ms")));
    json_decref(result);
    newest_of("{\"state\":\"all\"}", 2);
    newest_of("{\"state\":\"all\",\"limit\":1}", 1);
    assert_int_equal(sql("SELECT count(*) FROM audit WHERE method = 'reports.close'"
                         " AND target = '#2' AND outcome = 'ok'"),
                     1);
    UNTIL(party, DEADLINE_MS,
          strstr(daemon_ask(&server, "server.status", "{}"), "\"reports\":{\"open\":1") != NULL);
    close(hearer.fd);
    assert_int_equal(daemon_terminate(&server), 0);
}

static void login_guest(struct player *player, const char *name)
{
    struct protocol_auth message = {.kind = PROTOCOL_AUTH_GUEST, .username = wire_text_of(name)};
    uint8_t room[512];
    struct wire_writer w;

    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_auth(&w, &message);
    player_raw(player, room, wire_written(&w));
}

static void test_who_may_not(void **state)
{
    struct player *anna, *guest;

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    guest = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, guest->greeted);
    login_guest(guest, "stranger");
    UNTIL(party, DEADLINE_MS, guest->welcomed);
    player_chat(guest, PROTOCOL_CHANNEL_GLOBAL, "buy gold");
    UNTIL(party, DEADLINE_MS, player_heard(anna, "buy gold"));
    assert_int_equal(reports(guest, "anna", "She is here."), PROTOCOL_REASON_UNSUPPORTED);
    assert_int_equal(reports(anna, "anna", "Me."), PROTOCOL_REASON_BAD_NAME);
    assert_int_equal(reports(anna, "nobody", "Who?"), PROTOCOL_REASON_BAD_NAME);
    assert_int_equal(reports(anna, "", "Who?"), PROTOCOL_REASON_BAD_NAME);
    assert_int_equal(reports(anna, "stranger", ""), PROTOCOL_REASON_CHAT_REFUSED);
    assert_int_equal(reports(anna, "stranger", "\x1b[2J"), PROTOCOL_REASON_CHAT_REFUSED);
    assert_int_equal(sql("SELECT count(*) FROM reports"), 0);
    /* A guest can be reported; two an hour are all here, over a restart too. */
    assert_int_equal(reports(anna, "stranger", "Spam."), PROTOCOL_REASON_NONE);
    assert_int_equal(sql("SELECT count(*) FROM reports WHERE about_id IS NULL"), 1);
    assert_int_equal(sql("SELECT count(*) FROM report_lines WHERE text = 'buy gold'"), 1);
    assert_int_equal(reports(anna, "stranger", "More."), PROTOCOL_REASON_NONE);
    assert_int_equal(reports(anna, "stranger", "Still."), PROTOCOL_REASON_RATE_LIMITED);
    assert_int_equal(daemon_terminate(&server), 0);
    UNTIL(party, DEADLINE_MS, anna->gone);
    daemon_configure(&server, "[auth]\nguests = yes\n[reports]\nper_hour = 2\n");
    daemon_start(&server, NULL);
    anna = player_returns(party, &server, "anna");
    assert_int_equal(reports(anna, "anna", "Me."), PROTOCOL_REASON_BAD_NAME);
    sql("INSERT INTO players (username, username_key, password_hash, created_at)"
        " VALUES ('bob', 'bob', 'x', '2026-01-01T00:00:00.000Z')");
    assert_int_equal(reports(anna, "bob", "Still."), PROTOCOL_REASON_RATE_LIMITED);
    daemon_configure(&server, "[auth]\nguests = yes\n[reports]\nper_hour = 0\n");
    good("server.reload", "{}");
    assert_int_equal(reports(anna, "bob", "Still."), PROTOCOL_REASON_UNSUPPORTED);
    assert_int_equal(daemon_terminate(&server), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_all_channels_are_heard, NULL),
        STAGED_BOTH(test_a_report_and_its_verdict, "[chat]\nretention_days = 0\n"),
        STAGED(test_who_may_not, "[auth]\nguests = yes\n[reports]\nper_hour = 2\n"),
        STAGED(test_a_slow_reader_loses_lines, "[limits]\nchats_per_10s = 10000\n"),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
