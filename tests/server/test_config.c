/* test_config.c -- the daemon's configuration: bad files, places, reload, and what is printed from
 * the table.
 *
 * `test_config --update` writes etc/openmmo.ini and man/openmmo.ini.5 anew into $srcdir. */
#include "config.h"

#include <fcntl.h>
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

#include "net/tls.h"
#include "server/config.h"
#include "server/config_page.h"
#include "server/reload.h"
#include "server/rooms.h"

static char directory[] = "/tmp/openmmo-config-XXXXXX";
static char ini[64], captured[65536];

/* clang-format off */
static const struct {
    const char *text;     /* of the file */
    unsigned line;        /* that the error names */
    const char *sentence; /* a part of it */
} bad[] = {
    {"[server\nname = x\n", 1, "a section is written [name]"},
    {"[sever]\n", 1, "no such section [sever]: did you mean [server]?"},
    {"[everything]\n", 1, "no such section [everything]"},
    {"name = x\n", 1, "name stands before any [section]"},
    {"[server]\nname\n", 2, "expected key = value"},
    {"[server]\nnaem = x\n", 2, "no such option server.naem: did you mean name?"},
    {"[server]\nview_m = x\n", 2, "no such option server.view_m: it belongs in [net]"},
    {"[server]\nname =\n", 2, "server.name: \"\" is empty"},
    {"[server]\nname = \"half\n", 2, "a quote is not closed"},
    {"[server]\nname = a\nname = b\n", 3, "server.name is given twice: first at"},
    {"[server]\nname = a\x01\n", 2, "holds a control character"},
    {"[server]\nname = \xFF\n", 2, "no valid UTF-8"},
    {"[server] name = x\n", 1, "nothing may follow [server]"},
    {"[net]\nlisten =\n", 2, "net.listen: \"\" is empty: it takes a comma-separated list of 1 to 16 items"},
    {"[net]\nlisten = everywhere\n", 2, "\"everywhere\" is no address with a port"},
    {"[net]\nlisten = 127.0.0.1\n", 2, "is no address with a port: write it as 0.0.0.0:7777"},
    {"[net]\nlisten = 127.0.0.1:77777\n", 2, "the port must be 0 to 65535"},
    {"[net]\nlisten = 300.0.0.1:1\n", 2, "is no address"},
    {"[net]\nlisten = [::1:7777\n", 2, "lacks a ]"},
    {"[net]\nlisten = 127.0.0.1:1,,127.0.0.1:2\n", 2, "has an empty item"},
    {"[net]\nio_threads = many\n", 2, "\"many\" is no number: it takes a whole number, 0 to 64, or auto"},
    {"[net]\nio_threads = 65\n", 2, "is out of range: it takes a whole number, 0 to 64, or auto"},
    {"[net]\nview_m = 63\n", 2, "is out of range: it takes a whole number, 64 to 1024"},
    {"[net]\nview_m = 1025\n", 2, "is out of range"},
    {"[net]\nplayers_max = 0\n", 2, "is out of range: it takes a whole number, 1 to 65536"},
    {"[net]\nplayers_max = -5\n", 2, "is negative"},
    {"[net]\nplayers_max = 10k\n", 2, "is no whole number"},
    {"[net]\nplayers_max = 100\nconnections_max = 50\n", 2, "100 players need net.connections_max of as many, not 50"},
    {"[net]\nconnections_max = 99999999999999999999\n", 2, "is out of range"},
    {"[net]\ncertificate = /nowhere/c.pem\n", 2, "needs net.key beside it"},
    {"[net]\nkey = /nowhere/k.pem\n", 2, "needs net.certificate beside it"},
    {"[net]\ncertificate = /nowhere/c.pem\nkey = /etc/passwd\n", 2, "/nowhere/c.pem cannot be read: No such file"},
    {"[net]\ncertificate = /etc/passwd\nkey = /nowhere/k.pem\n", 3, "/nowhere/k.pem cannot be read: No such file"},
    {"[limits]\nfirst_byte = 5\n", 2, "\"5\" has no unit: it takes a time such as 250ms, 5s, 10m, 12h or 30d, 50ms to 10m"},
    {"[limits]\nlogin = 11m\n", 2, "is out of range: it takes a time"},
    {"[limits]\nmessage = 10 seconds\n", 2, "has no unit that is known"},
    {"[limits]\nmoves_per_second = 0\n", 2, "is out of range: it takes a whole number, 1 to 1000"},
    {"[limits]\nexempt = 10.0.0.0/33\n", 2, "the prefix must be 0 to 32"},
    {"[limits]\nexempt = localhost\n", 2, "\"localhost\" is no network"},
    {"[limits]\nexmpt = ::1\n", 2, "did you mean exempt?"},
    {"[world]\nseed = x1\n", 2, "is no number: it takes a whole number, 0 to 4294967295"},
    {"[world]\nseed = 4294967296\n", 2, "is out of range"},
    {"[world]\nsize_m = 1000\n", 2, "1000 is no multiple of 128: the nearest are 896 and 1024"},
    {"[world]\nsize_m = 64\n", 2, "is out of range: it takes a whole number, 128 to 524288"},
    {"[store]\nflush = 1ms\n", 2, "is out of range: it takes a time such as 250ms, 5s, 10m, 12h or 30d, 100ms to 5m"},
    {"[store]\nflush_ms = 5000\n", 2, "no such option store.flush_ms"},
    {"[store]\nauto_migrate = maybe\n", 2, "\"maybe\" is not understood: it takes yes or no"},
    {"[store]\npath =\n", 2, "is empty"},
    {"[accounts]\nregistration = opne\n", 2, "\"opne\" is not known: did you mean \"open\"?"},
    {"[accounts]\nregistration = sometimes\n", 2, "is not known: it takes one of open, invite, closed"},
    {"[accounts]\nargon2_memory = 4KiB\n", 2, "is out of range: it takes a size such as 64KiB or 19MiB, 8KiB to 1GiB"},
    {"[accounts]\nargon2_memory = 19MB\n", 2, "has no unit that is known"},
    {"[auth]\nresume_lifetime = 5s\n", 2, "is out of range: it takes a time"},
    {"[auth]\nkey = /proc/1/mem/x\n", 2, "cannot be read: "},
    {"[http]\nassets = /nowhere/www\n", 2, "/nowhere/www cannot be read: No such file"},
    {"[http]\nassets = /etc/passwd\n", 2, "/etc/passwd cannot be read: Not a directory"},
    {"[trace]\nendpoint = collector:4318\n", 2, "begins with neither http:// nor https://"},
    {"[trace]\nendpoint = ftp://me:hunter2@collector/\n", 2, "trace.endpoint: \"(secret)\" is refused: begins with neither"},
    {"[trace]\nendpoint = http:///v1/traces\n", 2, "is no URL: http://collector:4318/v1/traces is meant"},
    {"[trace]\nendpoint = http://collector :4318\n", 2, "is no URL"},
    {"[errors]\ndsn = https://hunter2@host/\n", 2, "\"(secret)\" is refused: not a DSN: it ends with no project"},
    {"[log]\nlevel = verbose\n", 2, "\"verbose\" is not known: it takes one of error, warn, info, debug"},
    {"[log]\nlevel = ino\n", 2, "is not known"},
    {"[server]\n\n# fine\nname = fine\n\n[log]\nlevel = nfo\n", 7, "did you mean \"info\"?"},
};
/* clang-format on */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

/* config_start with stderr kept in `captured`. */
static int start(struct config **config, const char *const *argv, int argc)
{
    char path[] = "/tmp/openmmo-config-err-XXXXXX";
    int fd = mkstemp(path), saved = dup(STDERR_FILENO), status;
    ssize_t n;

    assert_true(fd >= 0);
    unlink(path);
    fflush(stderr);
    dup2(fd, STDERR_FILENO);
    status = config_start(argc, (char *const *)argv, config);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    n = pread(fd, captured, sizeof(captured) - 1, 0);
    close(fd);
    captured[n > 0 ? n : 0] = '\0';
    return status;
}

static int start_with_file(struct config **config, const char *text)
{
    const char *const argv[] = {"openmmod", "-c", ini, "-t", NULL};

    write_file(ini, text);
    return start(config, argv, 4);
}

static void test_bad_files(void **state)
{
    struct config *config;

    (void)state;
    assert_true(ARRAY_N(bad) >= 40);
    for (size_t i = 0; i < ARRAY_N(bad); i++) {
        char place[100], *line;

        if (start_with_file(&config, bad[i].text) != 1 || config != NULL)
            fail_msg("file %zu passed: %s", i, bad[i].text);
        snprintf(place, sizeof(place), "openmmod: %s:%u: ", ini, bad[i].line);
        line = strstr(captured, place);
        if (line == NULL || strstr(captured, bad[i].sentence) == NULL)
            fail_msg("file %zu: wanted \"%s...%s\", got:\n%s", i, place, bad[i].sentence, captured);
        if (strchr(captured, '\n') != captured + strlen(captured) - 1)
            fail_msg("file %zu: more than one complaint:\n%s", i, captured);
    }
}

static void test_all_errors_in_one_run(void **state)
{
    struct config *config;
    unsigned lines_n = 0;

    (void)state;
    assert_int_equal(
        start_with_file(&config, "[net]\nlisten = x\nview_m = 1\nfoo = 1\n[log]\nlevel = loud\n"),
        1);
    for (const char *c = captured; *c != '\0'; c++)
        lines_n += *c == '\n';
    assert_int_equal(lines_n, 4);
    /* errors of a value and those that only the whole shows */
    assert_int_equal(start_with_file(&config, "[net]\nview_m = 1\n[world]\nsize_m = 129\n"
                                              "[auth]\nkey = /dev/null/key\n"),
                     1);
    assert_non_null(strstr(captured, ":2: net.view_m: "));
    assert_non_null(strstr(captured, ":4: world.size_m: 129 is no multiple of 128"));
    assert_non_null(strstr(captured, ":6: auth.key: /dev/null/key cannot be read: "));
}

static void test_missing_file(void **state)
{
    const char *const argv[] = {"openmmod", "-c", "/nowhere/openmmo.ini", "-t", NULL};
    struct config *config;

    (void)state;
    assert_int_equal(start(&config, argv, 4), 1);
    assert_non_null(
        strstr(captured, "/nowhere/openmmo.ini: cannot be read: No such file or directory"));
}

static void test_good_file(void **state)
{
    struct config *config;

    (void)state;
    assert_int_equal(start_with_file(&config, ""), 0);
    assert_string_equal(captured, "openmmod: configuration ok\n");
    assert_null(config);
}

/* A certificate and key that are there are loaded, as the start would. */
static void test_certificate(void **state)
{
    char certificate[] = "/tmp/openmmo-config-crt-XXXXXX", key[] = "/tmp/openmmo-config-key-XXXXXX";
    char text[300], other[100];
    struct config *config;
    struct error error;
    bool made;

    (void)state;
    close(mkstemp(certificate)), close(mkstemp(key));
    unlink(certificate), unlink(key);
    assert_int_equal(tls_ensure_certificate(certificate, key, &made, &error), 0);
    snprintf(text, sizeof(text), "[net]\ncertificate = %s\nkey = %s\n", certificate, key);
    assert_int_equal(start_with_file(&config, text), 0);
    snprintf(other, sizeof(other), "%s.other", key);
    unlink(certificate);
    assert_int_equal(tls_ensure_certificate(certificate, other, &made, &error), 0);
    assert_int_equal(start_with_file(&config, text), 1); /* another's key */
    snprintf(text, sizeof(text), "net.certificate: cannot use the key in %s: ", key);
    assert_non_null(strstr(captured, text));
    snprintf(text, sizeof(text), "[net]\ncertificate = %s\nkey = %s\n", key, key);
    assert_int_equal(start_with_file(&config, text), 1);
    snprintf(text, sizeof(text), "net.certificate: cannot use the certificate in %s: ", key);
    assert_non_null(strstr(captured, text));
    unlink(certificate), unlink(key), unlink(other);
}

static void test_one_thing_at_a_time(void **state)
{
    static const char *const wrong[][4] = {
        {"--dry-run", NULL, NULL, "openmmod: --dry-run goes with --migrate\n"},
        {"--dry-run", "--backup", "copy", "openmmod: --dry-run goes with --migrate\n"},
        {"--migrate", "--backup", "copy", "give one\n"},
        {"--migrate", "--rotate-key", NULL, "give one\n"},
        {"--backup=copy", "--restore", "copy", "give one\n"},
    };
    struct config *config;

    (void)state;
    write_file(ini, "");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const char *argv[] = {"openmmod", "-c", ini, wrong[i][0], wrong[i][1], wrong[i][2], NULL};
        int argc = 4;

        while (argv[argc])
            argc++;
        assert_int_equal(start(&config, argv, argc), 1);
        if (!strstr(captured, wrong[i][3]))
            fail_msg("%s: %s", wrong[i][0], captured);
    }
}

static void test_values_and_paths(void **state)
{
    const char *const argv[] = {"openmmod", "-c", ini, "--net.view_m=256", "--journal", "j", NULL};
    struct sessions_config sessions;
    struct error error;
    struct config *config;
    struct stat st;
    char text[400], path[200];

    (void)state;
    snprintf(
        text, sizeof(text),
        "[server]\nstate = %s/deep/state\n[net]\nlisten = 127.0.0.1:0, [::1]:0\nio_threads = 0\n"
        "[store]\npath = sub.db\n[limits]\nlogin = 250ms\nexempt = "
        "127.0.0.0/8\n[accounts]\nregistration = closed\n"
        "[admin]\nsocket = admin.sock\n",
        directory);
    write_file(ini, text);
    assert_int_equal(start(&config, argv, 6), -1);
    assert_non_null(config);
    snprintf(path, sizeof(path), "%s/deep/state/sub.db", directory);
    assert_string_equal(config->store_path, path);
    snprintf(path, sizeof(path), "%s/deep/state/auth.key", directory);
    assert_string_equal(config->auth_key, path);
    snprintf(path, sizeof(path), "%s/deep/state/tls-key.pem", directory);
    assert_string_equal(config->key, path);
    assert_string_equal(config->journal, "j");
    assert_null(config->replay);
    assert_false(config->migrate);
    memset(&sessions, 0, sizeof(sessions));
    rooms_sessions(config, &sessions);
    assert_int_equal(sessions.view_m, 256);
    assert_int_equal(config->listen.items_n, 2);
    assert_string_equal(config->listen.items[1], "[::1]:0");
    assert_int_equal(sessions.login_ms, 250);
    assert_int_equal(sessions.exempt_n, 1);
    assert_int_equal(sessions.logins, 3);
    assert_int_equal(config_make_directories(config, &error), 0);
    assert_int_equal(stat(config->state, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(config_make_directories(config, &error), 0);
    config_free(config);
    rmdir(path);
}

/* Operators of all groups pass through it, however the daemon's own files are made. */
static void test_socket_directory(void **state)
{
    char keeps[128], door[128], path[128];
    const char *const argv[] = {"openmmod", "-c", ini, keeps, door, NULL};
    struct error error = {""};
    struct config *config;
    struct stat st;
    mode_t before;

    (void)state;
    write_file(ini, "");
    snprintf(keeps, sizeof(keeps), "--server.state=%s/kept", directory);
    snprintf(door, sizeof(door), "--admin.socket=%s/run/ops/admin.sock", directory);
    assert_int_equal(start(&config, argv, 5), -1);
    before = umask(077);
    assert_int_equal(config_make_directories(config, &error), 0);
    umask(before);
    snprintf(path, sizeof(path), "%s/kept", directory);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(rmdir(path), 0);
    snprintf(path, sizeof(path), "%s/run/ops", directory);
    while (strlen(path) > strlen(directory)) {
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0755);
        assert_int_equal(rmdir(path), 0);
        *strrchr(path, '/') = '\0';
    }
    config_free(config);
}

static void test_state_directory(void **state)
{
    const char *const argv[] = {"openmmod", "-c", ini, NULL};
    struct config *config;

    (void)state;
    write_file(ini, "");
    setenv("STATE_DIRECTORY", "/var/lib/a:/var/lib/b", 1);
    setenv("RUNTIME_DIRECTORY", "/run/a", 1);
    assert_int_equal(start(&config, argv, 3), -1);
    assert_string_equal(config->state, "/var/lib/a");
    assert_string_equal(config->store_path, "/var/lib/a/openmmo.db");
    assert_string_equal(config->admin_socket, "/run/a/admin.sock");
    config_free(config);
    unsetenv("STATE_DIRECTORY");
    unsetenv("RUNTIME_DIRECTORY");
    setenv("XDG_STATE_HOME", "/x/state", 1);
    assert_int_equal(start(&config, argv, 3), -1);
    assert_string_equal(config->state, "/x/state/openmmo");
    config_free(config);
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", "/home/x", 1);
    assert_int_equal(start(&config, argv, 3), -1);
    assert_string_equal(config->state, "/home/x/.local/state/openmmo");
    config_free(config);
}

static void test_environment(void **state)
{
    struct config *config;

    (void)state;
    setenv("OPENMMO_NET_VIEWM", "1", 1);
    assert_int_equal(start_with_file(&config, ""), 1);
    assert_non_null(
        strstr(captured,
               "environment OPENMMO_NET_VIEWM: no such option: did you mean OPENMMO_NET_VIEW_M?"));
    unsetenv("OPENMMO_NET_VIEWM");
    setenv("DB_PASSWORD", "hunter2", 1);
    setenv("PORT", "3000", 1);
    assert_int_equal(start_with_file(&config, ""), 0);
    assert_non_null(strstr(captured, "warning: environment DB_PASSWORD is not read: put it into a "
                                     "file and name that in store.password_file"));
    assert_non_null(strstr(captured, "warning: environment PORT is not read: set http.listen"));
    assert_null(strstr(captured, "hunter2"));
    unsetenv("DB_PASSWORD");
    unsetenv("PORT");
}

/* Said by -t too. */
static void test_plain_http_for_all(void **state)
{
    static const struct {
        const char *text;
        bool warns;
    } rows[] = {
        {"", false},
        {"listen = 127.0.0.1:0, [::1]:0\n", false},
        {"listen =\n", false},
        {"listen = 0.0.0.0:0\n", true},
        {"listen = 127.0.0.1:0, [::]:0\n", true},
        {"listen = 0.0.0.0:0\ntrusted_proxies = 192.0.2.0/24\n", false},
        {"listen = 0.0.0.0:0\ntls_listen = 0.0.0.0:0\n", false},
        {"listen = 0.0.0.0:0\ntls_listen = 0.0.0.0:0\nredirect = no\n", true},
    };
    struct config *config;
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(text, sizeof(text), "[http]\n%s", rows[i].text);
        assert_int_equal(start_with_file(&config, text), 0);
        if ((strstr(captured, "is plain HTTP: passwords can be read") != NULL) != rows[i].warns)
            fail_msg("%s: %s", rows[i].text, captured);
    }
}

static void test_key_that_others_read(void **state)
{
    struct config *config;
    char key[100], text[300];

    (void)state;
    snprintf(key, sizeof(key), "%s/open.key", directory);
    write_file(key, "x");
    chmod(key, 0644);
    snprintf(text, sizeof(text), "[auth]\nkey = %s\n", key);
    assert_int_equal(start_with_file(&config, text), 1); /* as the start would */
    assert_non_null(strstr(captured, ":2: auth.key: "));
    assert_non_null(strstr(captured, "open.key is open to others (mode 0644): chmod 600 it"));
    chmod(key, 0640);
    assert_int_equal(start_with_file(&config, text), 0);
    assert_non_null(
        strstr(captured, "open.key: others than its owner can read this key: chmod 600 it"));
    chmod(key, 0600);
    assert_int_equal(start_with_file(&config, text), 0);
    assert_null(strstr(captured, "warning"));
    unlink(key);
}

/* A line that no connection is left for. */
static void test_no_room_to_wait(void **state)
{
    struct config *config;

    (void)state;
    assert_int_equal(start_with_file(&config, "[net]\nplayers_max = 1900\n"), 0);
    assert_non_null(strstr(captured, "net.connections_max: 2000 leave room for 100 of the "
                                     "net.queue_max 500 who may wait"));
    assert_int_equal(start_with_file(&config, "[net]\nplayers_max = 1900\nqueue_max = 100\n"), 0);
    assert_null(strstr(captured, "queue_max"));
}

static char said[4096];

static void say(void *context, enum log_level level, const char *line)
{
    (void)context;
    snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s %s\n", log_level_name(level),
             line);
}

/* What is wrong with the database's options is said, and never with a password in it. */
static void test_database(void **state)
{
    static const char *const wrong[][2] = {
        {"connection = host=x password=geheim foo=bar", "invalid connection option"},
        {"connection = postgresql://u:geheim@h:x/db?x", "missing key/value separator"},
        {"connection = geheim", "missing"},
        {"pool_min = 9", "9 is more than store.pool_max, 4"},
        {"pool_max = 65", "65"},
        {"driver = oracle", "oracle"},
        {"password_file = /nonexistent/geheim", "cannot be read"},
        {"answer_timeout = 10ms", "10ms"},
    };
    const char *const argv[] = {"openmmod", "-t", "-c", ini, NULL};
    struct config *config;
    char text[200];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        snprintf(text, sizeof(text), "[store]\ndriver = postgresql\n%s\n", wrong[i][0]);
        if (i == 5)
            snprintf(text, sizeof(text), "[store]\n%s\n", wrong[i][0]);
        write_file(ini, text);
        assert_int_equal(start(&config, argv, 4), 1);
        if (!strstr(captured, wrong[i][1]))
            fail_msg("%s: %s", wrong[i][0], captured);
        assert_null(strstr(captured, i == 6 ? "(secret)" : "geheim"));
    }
    write_file(ini, "[store]\ndriver = postgresql\nconnection = host=x password=geheim\n");
    assert_int_equal(start(&config, argv, 4), 0);
    assert_null(strstr(captured, "geheim"));
}

static int apply_nothing(void *context, const struct config *config, struct error *error)
{
    (void)context, (void)config, (void)error;
    return 0;
}

static void test_reload(void **state)
{
    const char *const argv[] = {"openmmod", "-c", ini, NULL};
    struct error outcome = {""};
    struct config *config, *fresh;

    (void)state;
    write_file(ini, "[server]\nmotd = one\n[world]\nseed = 5\n");
    assert_int_equal(start(&config, argv, 3), -1);

    said[0] = '\0';
    write_file(ini, "[server]\nmotd = two\n[world]\nseed = 6\n");
    fresh = config_reload(config, say, NULL);
    assert_non_null(fresh);
    assert_string_equal(fresh->motd, "two");
    assert_int_equal(fresh->seed, 5);
    assert_string_equal(said, "warn world.seed changed: restart to apply\n");
    assert_string_equal(fresh->waiting, "world.seed");
    assert_int_equal(reload_config(&config, apply_nothing, NULL, &outcome), 0);
    assert_string_equal(outcome.text,
                        "loaded anew: 1 option changed; waiting for a restart: world.seed");
    assert_int_equal(reload_config(&fresh, apply_nothing, NULL, &outcome), 0);
    assert_string_equal(outcome.text,
                        "loaded anew: 0 options changed; waiting for a restart: world.seed");

    said[0] = '\0';
    write_file(ini, "[server]\nmotd = three\n[net]\nview_m = 1\n");
    assert_null(config_reload(fresh, say, NULL));
    assert_non_null(strstr(said, "error "));
    assert_non_null(strstr(said, ":4: net.view_m: \"1\" is out of range"));
    assert_string_equal(fresh->motd, "two");
    config_free(fresh);
    config_free(config);
}

/* One option as an operator wants it: checked alone and with the others; gone with the next load.
 */
static void test_operators_set(void **state)
{
    static const struct {
        const char *name, *value, *words;
    } refused[] = {
        {"net.payers_max", "5", "there is no option net.payers_max"},
        {"net.listen", "127.0.0.1:1", "net.listen takes a restart: change it in the file"},
        {"http.assets", "/etc", "http.assets is a path: it is told by the file only"},
        {"store.connection", "host=x", "store.connection is a secret: it is told by the file only"},
        {"audit.retention_days", "1", "audit.retention_days deletes what cannot come back: it is"},
        {"chat.retention_days", "0", "chat.retention_days deletes what cannot come back: it is"},
        {"reports.retention_days", "1", "reports.retention_days deletes what cannot come back:"},
        {"net.queue_max", "many", "net.queue_max: \"many\" is no number"},
        {"http.proxy_header", "yes", "kim: http.proxy_header: needs http.trusted_proxies"},
        {"net.queue_max", NULL, "net.queue_max was not set by an operator"},
    };
    const char *const argv[] = {"openmmod", "-c", ini, "--journal", "J", NULL};
    struct config *config, *now, *back;
    struct error error;
    int row = options_row(&config_table, "limits.chats_per_10s");

    (void)state;
    write_file(ini, "[limits]\nchats_per_10s = 11\n");
    assert_int_equal(start(&config, argv, 5), -1);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_null(config_set(config, refused[i].name, refused[i].value, "kim", &error));
        if (strncmp(error.text, refused[i].words, strlen(refused[i].words)) != 0)
            fail_msg("%s: %s", refused[i].name, error.text);
    }
    assert_true(options_settable(&config_table.rows[row]));
    assert_false(
        options_settable(&config_table.rows[options_row(&config_table, "audit.retention_days")]));
    write_file(ini, "[limits]\nchats_per_10s = 12\n[server]\nmotd = not looked at\n");
    now = config_set(config, "limits.chats_per_10s", "3", "kim at noon", &error);
    assert_non_null(now);
    config_free(config);
    assert_int_equal(now->chats_per_10s, 3);
    assert_string_equal(now->motd, "");
    assert_string_equal(now->journal, "J");
    assert_string_equal(options_origin(now->options, (size_t)row), "kim at noon");
    config = config_set(now, "net.queue_max", "9", "ada", &error);
    assert_non_null(config);
    assert_int_equal(config->chats_per_10s, 3); /* one beside the other */
    back = config_unset_all(config, &error);
    assert_int_equal(back->chats_per_10s, 11);
    assert_int_not_equal(back->queue_max, 9);
    config_free(back);
    back = config_set(config, "limits.chats_per_10s", NULL, "", &error);
    assert_int_equal(back->chats_per_10s, 11);
    assert_int_equal(back->queue_max, 9);
    config_free(back);
    back = config_reload(config, say, NULL);
    assert_int_equal(back->chats_per_10s, 12);
    assert_int_equal(options_source(back->options, (size_t)row), OPTION_FROM_FILE);
    config_free(back);
    config_free(config);
    config_free(now);
}

static char *slurp(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 1 << 18);

    if (file != NULL && text != NULL) {
        text[fread(text, 1, (1 << 18) - 1, file)] = '\0';
        fclose(file);
    }
    return text;
}

static const char *source_path(const char *name)
{
    static char path[4096];
    const char *srcdir = getenv("srcdir");

    snprintf(path, sizeof(path), "%s/%s", srcdir != NULL ? srcdir : "..", name);
    return path;
}

static void print_sample(FILE *out)
{
    options_print_ini(&config_table, out);
}

static void expect_no_drift(const char *name, void (*print)(FILE *out))
{
    char *shipped = slurp(source_path(name)), *printed = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&printed, &n);

    assert_non_null(shipped);
    print(out);
    fclose(out);
    if (strcmp(shipped, printed) != 0)
        fail_msg("%s differs from the table of options: run tests/server/test_config --update",
                 name);
    free(shipped);
    free(printed);
}

static void test_shipped_files(void **state)
{
    struct config *config;
    char *sample = slurp(source_path("etc/openmmo.ini"));

    (void)state;
    expect_no_drift("etc/openmmo.ini", print_sample);
    expect_no_drift("man/openmmo.ini.5", config_page_print);
    assert_int_equal(start_with_file(&config, sample), 0);
    free(sample);
}

static int update(const char *name, void (*print)(FILE *out))
{
    FILE *out = fopen(source_path(name), "w");

    if (out == NULL) {
        perror(source_path(name));
        return 1;
    }
    print(out);
    return fclose(out) == 0 ? 0 : 1;
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad_files),          cmocka_unit_test(test_all_errors_in_one_run),
        cmocka_unit_test(test_missing_file),       cmocka_unit_test(test_good_file),
        cmocka_unit_test(test_certificate),        cmocka_unit_test(test_one_thing_at_a_time),
        cmocka_unit_test(test_values_and_paths),   cmocka_unit_test(test_environment),
        cmocka_unit_test(test_plain_http_for_all), cmocka_unit_test(test_key_that_others_read),
        cmocka_unit_test(test_no_room_to_wait),    cmocka_unit_test(test_reload),
        cmocka_unit_test(test_operators_set),      cmocka_unit_test(test_database),
        cmocka_unit_test(test_shipped_files),      cmocka_unit_test(test_state_directory),
        cmocka_unit_test(test_socket_directory),
    };
    static const char *const strays[] = {
        "STATE_DIRECTORY", "RUNTIME_DIRECTORY", "DB_HOST", "DB_PORT",    "DB_NAME",
        "DB_USER",         "DB_PASSWORD",       "PORT",    "CLIENT_URL", "JWT_SECRET"};
    char command[100];
    int failed;

    if (argc > 1 && strcmp(argv[1], "--update") == 0)
        return update("etc/openmmo.ini", print_sample) |
               update("man/openmmo.ini.5", config_page_print);
    for (size_t i = 0; i < ARRAY_N(strays); i++)
        unsetenv(strays[i]);
    if (mkdtemp(directory) == NULL)
        return 1;
    setenv("XDG_STATE_HOME", directory, 1);
    snprintf(ini, sizeof(ini), "%s/openmmo.ini", directory);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command) == 0 ? failed : 1;
}
