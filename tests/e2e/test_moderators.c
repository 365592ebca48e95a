/* test_moderators.c -- what moderators hear and do about it: the talk of all channels, live and
 * read back, against the real daemon. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_all_channels_are_heard, NULL),
        STAGED(test_a_slow_reader_loses_lines, "[limits]\nchats_per_10s = 10000\n"),
    };

    return cmocka_run_group_tests_name("moderators", tests, NULL, NULL);
}
