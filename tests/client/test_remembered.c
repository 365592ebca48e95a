/* What the client remembers (pins, settings, tokens), and when it comes back by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "files.h"
#include "net/pins.h"
#include "net/reconnect.h"
#include "settings.h"

static char folder[] = "/tmp/openmmo-remembered-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    return setenv("XDG_CONFIG_HOME", folder, 1) | setenv("XDG_STATE_HOME", folder, 1);
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"known-servers", "client.conf", "tokens"};
    char path[FILES_PATH_MAX];
    for (unsigned i = 0; i < ARRAY_N(names); i++)
        if (files_path(FILES_CONFIG, names[i], path, NULL) == 0)
            unlink(path);
    snprintf(path, sizeof(path), "%s/openmmo", folder);
    rmdir(path);
    return rmdir(folder);
}

static void test_pins(void **state)
{
    (void)state;
    struct error error = {{0}};
    char path[FILES_PATH_MAX], text[PINS_TEXT_BYTES];
    uint8_t one[LINK_PIN_BYTES], two[LINK_PIN_BYTES], known[LINK_PIN_BYTES];
    memset(one, 0x1a, sizeof(one));
    memset(two, 0xf2, sizeof(two));
    assert_int_equal(files_path(FILES_CONFIG, "known-servers", path, &error), 0);

    assert_int_equal(pins_check(path, "a.example:7777", one, known, &error), PINS_NEW);
    assert_int_equal(pins_keep(path, "a.example:7777", one, &error), 0);
    assert_int_equal(pins_keep(path, "[::1]:7777", two, &error), 0);
    assert_int_equal(pins_check(path, "a.example:7777", one, known, &error), PINS_SAME);
    assert_int_equal(pins_check(path, "[::1]:7777", two, known, &error), PINS_SAME);
    /* Another port, or a name that only begins alike, is another server. */
    assert_int_equal(pins_check(path, "a.example:777", one, known, &error), PINS_NEW);
    assert_int_equal(pins_check(path, "a.example:77777", one, known, &error), PINS_NEW);

    assert_int_equal(pins_check(path, "a.example:7777", two, known, &error), PINS_CHANGED);
    assert_memory_equal(known, one, sizeof(one));
    assert_int_equal(pins_keep(path, "a.example:7777", two, &error), 0);
    assert_int_equal(pins_check(path, "a.example:7777", two, known, &error), PINS_SAME);
    assert_int_equal(pins_check(path, "[::1]:7777", two, known, &error), PINS_SAME);

    pins_text(one, text);
    assert_string_equal(text,
                        "sha256:1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a");
}

static void test_broken_pins_are_refused(void **state)
{
    (void)state;
    struct error error = {{0}};
    char path[FILES_PATH_MAX];
    uint8_t pin[LINK_PIN_BYTES] = {0}, known[LINK_PIN_BYTES];
    static const char *const lines[] = {"b:1 sha256:12\n", "b:1 sha256:zz\n", "b:1 \n",
                                        "b:1 md5:00"};
    assert_int_equal(files_path(FILES_CONFIG, "known-servers", path, &error), 0);
    for (unsigned i = 0; i < ARRAY_N(lines); i++) {
        assert_int_equal(files_write(path, lines[i], strlen(lines[i]), &error), 0);
        assert_int_equal(pins_check(path, "b:1", pin, known, &error), PINS_UNREADABLE);
        assert_int_equal(pins_check(path, "c:1", pin, known, &error), PINS_NEW);
    }
    assert_int_equal(pins_keep(path, "x y:1", pin, &error), -1);
}

static void test_settings(void **state)
{
    (void)state;
    struct error error = {{0}};
    struct settings s;
    settings_load(&s);
    assert_string_equal(s.server, "");
    snprintf(s.server, sizeof(s.server), "world.example:7000");
    snprintf(s.user, sizeof(s.user), "Zo\xc3\xab");
    assert_int_equal(settings_save(&s, &error), 0);
    memset(&s, 1, sizeof(s));
    settings_load(&s);
    assert_string_equal(s.server, "world.example:7000");
    assert_string_equal(s.user, "Zo\xc3\xab");
}

static void test_tokens(void **state)
{
    (void)state;
    struct error error = {{0}};
    char token[PROTOCOL_TOKEN_MAX + 1], path[FILES_PATH_MAX], name[16];
    struct stat st;
    assert_int_equal(settings_token_load("a:1", "ann", token), -1);
    assert_int_equal(settings_token_save("a:1", "ann", "first", &error), 0);
    assert_int_equal(settings_token_save("a:1", "bob", "his", &error), 0);
    assert_int_equal(settings_token_save("b:1", "ann", "there", &error), 0);
    assert_int_equal(settings_token_save("a:1", "ann", "second", &error), 0);
    assert_int_equal(settings_token_load("a:1", "ann", token), 0);
    assert_string_equal(token, "second");
    assert_int_equal(settings_token_load("b:1", "ann", token), 0);
    assert_string_equal(token, "there");
    assert_int_equal(files_path(FILES_STATE, "tokens", path, &error), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(settings_token_save("a:1", "ann", "", &error), 0);
    assert_int_equal(settings_token_load("a:1", "ann", token), -1);
    assert_int_equal(settings_token_load("a:1", "bob", token), 0);
    assert_int_equal(settings_token_save("a:1", "tab\tbed", "x", &error), -1);
    for (unsigned i = 0; i < 2 * SETTINGS_TOKENS_MAX; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        assert_int_equal(settings_token_save("a:1", name, "t", &error), 0);
    }
    assert_int_equal(settings_token_load("a:1", name, token), 0);
    assert_int_equal(settings_token_load("a:1", "bob", token), -1); /* the oldest made room */
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *server, *host;
        unsigned port; /* 0: refused */
    } cases[] = {
        {"localhost", "localhost", 7777},
        {"localhost:1", "localhost", 1},
        {"10.0.0.1:65535", "10.0.0.1", 65535},
        {"::1", "::1", 7777},
        {"[::1]", "::1", 7777},
        {"[::1]:80", "::1", 80},
        {"", "", 0},
        {":7777", "", 0},
        {"a:", "", 0},
        {"a:0", "", 0},
        {"a:65536", "", 0},
        {"a:7x", "", 0},
        {"a:-1", "", 0},
        {"[::1", "", 0},
        {"[::1]x", "", 0},
        {"a b:1", "", 0},
    };
    for (unsigned i = 0; i < ARRAY_N(cases); i++) {
        char host[SETTINGS_HOST_MAX + 1];
        uint16_t port = 0;
        struct error error = {{0}};
        int result = settings_split_server(cases[i].server, host, &port, &error);
        assert_int_equal(result, cases[i].port ? 0 : -1);
        if (cases[i].port) {
            assert_string_equal(host, cases[i].host);
            assert_int_equal(port, cases[i].port);
        } else {
            assert_true(error.text[0]);
        }
    }
}

static void test_reconnect(void **state)
{
    (void)state;
    static const uint32_t least[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
    for (unsigned i = 0; i < ARRAY_N(least); i++) {
        assert_int_equal(reconnect_delay_ms(i, 0, 0), least[i]);
        for (uint32_t random = 1; random < 100000; random += 777)
            assert_in_range(reconnect_delay_ms(i, 0, random), least[i], least[i] + least[i] / 4);
    }
    assert_int_equal(reconnect_delay_ms(0, 5000, 12345), 5000);
    assert_in_range(reconnect_delay_ms(4, 5000, 12345), 16000, 20000);
    assert_true(reconnect_allowed(PROTOCOL_REASON_NONE, true));
    assert_true(reconnect_allowed(PROTOCOL_REASON_RESTARTING, false));
    assert_true(reconnect_allowed(PROTOCOL_REASON_SHUTTING_DOWN, false));
    assert_false(reconnect_allowed(PROTOCOL_REASON_KICKED, false));
    assert_false(reconnect_allowed(PROTOCOL_REASON_REPLACED, false));
    assert_false(reconnect_allowed(PROTOCOL_REASON_BANNED, false));
    assert_false(reconnect_allowed(PROTOCOL_REASON_LOGIN_FAILED, false));
    assert_false(reconnect_allowed(200, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pins),      cmocka_unit_test(test_broken_pins_are_refused),
        cmocka_unit_test(test_settings),  cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_reconnect),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
