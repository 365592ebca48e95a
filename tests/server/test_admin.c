/* test_admin.c -- the operator's socket against a make-believe server: who is let in and as what,
 * lines and their ends, and what holds for every method. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "admin/door.h"
#include "admin/method.h"
#include "admin/subscription.h"
#include "common/compiler.h"
#include "peer.h"

/* --- Roles. --- */

static void roles_are_decided_by_table(void **state)
{
    static const struct role_groups GROUPS = {{false, true, true, true}, {0, 11, 12, 13}};
    static const struct role_groups NO_GROUPS = {{false}, {0}};
    /* clang-format off */
    static const struct { uid_t uid; gid_t gids[3]; size_t n; enum role role; } CASES[] = {
        {0,    {0},          1, ROLE_ADMIN},
        {500,  {99},         1, ROLE_ADMIN}, /* the daemon's own uid */
        {1000, {1000},       1, ROLE_NONE},
        {1000, {0},          1, ROLE_NONE},  /* group root is no role */
        {1000, {1000, 11},   2, ROLE_VIEWER},
        {1000, {12},         1, ROLE_MODERATOR},
        {1000, {11, 13, 12}, 3, ROLE_ADMIN},
        {1000, {11, 12, 5},  3, ROLE_MODERATOR},
        {1000, {11, 12, 13}, 0, ROLE_NONE},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++)
        assert_int_equal(role_decide(CASES[i].uid, 500, CASES[i].gids, CASES[i].n, &GROUPS),
                         CASES[i].role);
    assert_int_equal(role_decide(1000, 500, (const gid_t[]){0, 11}, 2, &NO_GROUPS), ROLE_NONE);
}

struct deaf {
    struct jsonrpc_port port;
    int code;
};

static void deaf_call(void *context, struct jsonrpc_call *call)
{
    struct role_peer peer = {.uid = 1000, .name = "kim", .role = ROLE_NONE};

    (void)context;
    peer.role = (enum role)json_integer_value(json_object_get(jsonrpc_params(call), "as"));
    method_begin(NULL, NULL, &peer, call);
}

static void deaf_answer(void *context, const char *line, size_t len_bytes)
{
    struct deaf *deaf = context;
    json_t *answer = json_loadb(line, len_bytes, 0, NULL);

    deaf->code = code_of(answer);
    json_decref(answer);
}

/* Every method, every role: denied below the row's role; at or above it, the check of parameters is
 * reached ("as" is no parameter of any). */
static void every_method_asks_for_its_role(void **state)
{
    struct deaf deaf = {.port = {.call = deaf_call, .answer = deaf_answer, .context = &deaf}};
    const struct method *method;
    unsigned n = 0;

    (void)state;
    for (; (method = method_at(n)) != NULL; n++) {
        assert_true(method->role != ROLE_NONE);
        assert_true(!method->changes || method->role >= ROLE_MODERATOR);
        for (int role = ROLE_NONE; role <= ROLE_ADMIN; role++) {
            char line[256];

            snprintf(line, sizeof(line),
                     "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":{\"as\":%d},\"id\":1}",
                     method->name, role);
            jsonrpc_line(&deaf.port, line, strlen(line));
            assert_int_equal(deaf.code,
                             role < (int)method->role ? JSONRPC_DENIED : JSONRPC_BAD_PARAMS);
        }
    }
    assert_true(n >= 15);
}

/* In a child: become nobody, connect, hear the refusal and the end. The exit status says how far.
 */
static int be_a_stranger(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char said[1024] = "";
    size_t n = 0;
    ssize_t got;
    int fd;

    if (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
        setresuid(65534, 65534, 65534) != 0)
        return 1;
    strcpy(address.sun_path, fake_host.path);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        return 2;
    while ((got = read(fd, said + n, sizeof(said) - 1 - n)) > 0)
        n += (size_t)got;
    return strstr(said, "-32001") != NULL && strstr(said, "has no role here") != NULL ? 0 : 3;
}

/* As root: a stranger by the kernel's word is told why and hung up on, before a line is read. */
static void a_stranger_is_refused(void **state)
{
    uint64_t end_ms = now_ms() + DEADLINE_MS;
    int status = -1;
    pid_t child;

    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can be somebody else\n");
        skip();
    }
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(DEADLINE_MS / 1000);
        _exit(be_a_stranger());
    }
    while (waitpid(child, &status, WNOHANG) == 0) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
    assert_int_equal(status, 0);
    assert_int_equal(metrics_value(METRIC_ADMIN_CLIENTS), 0);
}

/* --- Names. --- */

/* In the place of libc's: what the machine's directory of users says, when it answers at all. */
static pthread_mutex_t directory_answers = PTHREAD_MUTEX_INITIALIZER; /* held: it hangs */

int getpwuid_r(uid_t uid, struct passwd *entry, char *room, size_t room_bytes,
               struct passwd **found)
{
    pthread_mutex_lock(&directory_answers);
    pthread_mutex_unlock(&directory_answers);
    snprintf(room, room_bytes, "user%u", (unsigned)uid);
    memset(entry, 0, sizeof(*entry));
    entry->pw_name = room;
    *found = entry;
    return 0;
}

/* The operators' groups, which this machine may not have. */
#define GROUPS_FROM 61200

struct group *getgrnam(const char *name)
{
    static struct group entry;

    for (int role = ROLE_VIEWER; role <= ROLE_ADMIN; role++) {
        entry.gr_gid = (gid_t)(GROUPS_FROM + role);
        if (strcmp(name, role_group((enum role)role)) == 0)
            return &entry;
    }
    return NULL;
}

static void expect_name(struct peer *peer, const char *name)
{
    json_t *answer = ask(peer, "rpc.discover", "{}");

    assert_string_equal(json_string_value(json_object_get(
                            json_object_get(json_object_get(answer, "result"), "you"), "name")),
                        name);
    json_decref(answer);
}

/* Who connects waits for his name for a second and goes by his number then; nobody else waits, and
 * neither does the end. */
static void a_directory_that_hangs_holds_up_nobody_else(void **state)
{
    struct peer *there = peer_new(), *late;
    uint64_t begun_ms;
    char name[32];

    (void)state;
    snprintf(name, sizeof(name), "user%u", (unsigned)geteuid());
    expect_name(there, name);
    pthread_mutex_lock(&directory_answers);
    late = peer_new();
    begun_ms = now_ms();
    for (unsigned i = 0; i < 20; i++)
        expect_name(there, name);
    assert_true(now_ms() - begun_ms < DOOR_WAIT_MS);
    expect_name(late, name + strlen("user"));
    assert_in_range(now_ms() - begun_ms, DOOR_WAIT_MS - 50, DEADLINE_MS);
    begun_ms = now_ms();
    fake_host_stop();
    assert_true(now_ms() - begun_ms < DOOR_WAIT_MS);
    fake_host_start(5);
    pthread_mutex_unlock(&directory_answers);
    peer_free(late);
    peer_free(there);
    there = peer_new();
    expect_name(there, name);
    peer_free(there);
}

/* In a child: a viewer who takes every place that he gets, says how many he did not, and keeps the
 * others until he is killed. */
static int be_greedy(int told)
{
    const gid_t viewer = GROUPS_FROM + ROLE_VIEWER;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    unsigned char refused = 0;
    int fds[256];

    if (setgroups(1, &viewer) != 0 || setresgid(65534, 65534, 65534) != 0 ||
        setresuid(65534, 65534, 65534) != 0)
        return 1;
    strcpy(address.sun_path, fake_host.path);
    for (unsigned i = 0; i < ARRAY_N(fds); i++) {
        char said[128] = "";

        fds[i] = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(fds[i], (struct sockaddr *)&address, sizeof(address)) != 0)
            return 2;
        (void)!send(fds[i], "?\n", 2, MSG_NOSIGNAL);
        if (recv(fds[i], said, sizeof(said) - 1, 0) <= 0)
            return 3;
        if (strstr(said, "-32002") != NULL)
            refused++;
    }
    if (write(told, &refused, 1) != 1)
        return 4;
    pause();
    return 0;
}

/* As root: whoever may only look does not keep admins out. */
static void places_are_kept_for_admins(void **state)
{
    uint64_t end_ms = now_ms() + UINT64_C(4) * DEADLINE_MS;
    unsigned char refused = 0;
    struct peer *admins[8];
    int ends[2];
    pid_t child;

    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can be somebody else\n");
        skip();
    }
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(60);
        _exit(be_greedy(ends[1]));
    }
    close(ends[1]);
    while (read(ends[0], &refused, 1) != 1) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
    close(ends[0]);
    assert_int_equal(refused, ARRAY_N(admins));
    for (unsigned i = 0; i < ARRAY_N(admins); i++) {
        admins[i] = peer_new();
        json_decref(result(admins[i], "server.status", "{}"));
    }
    for (unsigned i = 0; i < ARRAY_N(admins); i++)
        peer_free(admins[i]);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    while (metrics_value(METRIC_ADMIN_CLIENTS) > 0) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
}

/* --- The socket. --- */

static void the_socket_is_open_to_all(void **state)
{
    char directory[108];
    struct stat at;

    (void)state;
    assert_int_equal(stat(fake_host.path, &at), 0);
    assert_int_equal(at.st_mode & 07777, 0666);
    snprintf(directory, sizeof(directory), "%s", fake_host.path);
    *strrchr(directory, '/') = '\0';
    assert_int_equal(stat(directory, &at), 0);
    assert_int_equal(at.st_mode & 07777, 0755);
}

static void a_second_daemon_is_refused_a_dead_ones_file_is_not(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct admin_config config = {.base = fake_host.base, .field = fake_host.field};
    char path[108];
    struct error error = {""};
    struct admin *second;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0), bound;

    (void)state;
    assert_int_equal(admin_bind(fake_host.path, &error), -1);
    assert_non_null(strstr(error.text, "another daemon answers"));
    /* The first one is unharmed. */
    peer_free(peer_new());

    snprintf(path, sizeof(path), "%.90s.dead", fake_host.path);
    strcpy(address.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd); /* the file stays, nobody answers */
    config.path = path;
    config.socket = &bound;
    bound = admin_bind(path, &error);
    assert_true(bound >= 0);
    second = admin_new(&config, &error);
    assert_non_null(second);
    admin_free(second);
    assert_int_equal(access(path, F_OK), -1);

    fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(admin_bind(path, &error), -1);
    assert_non_null(strstr(error.text, "it is no socket"));
    assert_int_equal(unlink(path), 0);
}

static void a_line_too_long_is_refused_and_closed(void **state)
{
    size_t len_bytes = 100 * 1024 * 1024 / 64;
    char *line = malloc(len_bytes);
    struct peer *peer = peer_new();
    json_t *answer;

    (void)state;
    assert_non_null(line);
    memset(line, ' ', len_bytes);
    peer_say(peer, line, len_bytes);
    answer = peer_hear(peer);
    assert_int_equal(code_of(answer), JSONRPC_BAD_REQUEST);
    json_decref(answer);
    assert_null(peer_hear(peer));
    peer_free(peer);
    /* One byte less than too long is fine. */
    peer = peer_new();
    memset(line, ' ', JSONRPC_LINE_MAX);
    line[JSONRPC_LINE_MAX] = '\n';
    peer_say(peer, line, JSONRPC_LINE_MAX + 1);
    answer = peer_hear(peer);
    assert_int_equal(code_of(answer), JSONRPC_BAD_JSON);
    json_decref(answer);
    answer = ask(peer, "server.status", "{}");
    assert_non_null(json_object_get(answer, "result"));
    json_decref(answer);
    peer_free(peer);
    free(line);
}

/* He asks for a save, with that id if any, stops sending, and it is done a while later. */
static void save_and_stop_sending(struct peer *peer, const char *id)
{
    char line[80];

    snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"method\":\"server.save\"%s}\n", id);
    peer_tell(peer, line);
    shutdown(peer->fd, SHUT_WR);
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; fake_host.saved == NULL;) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
    for (int i = 0; i < 5; i++)
        fake_host_turn();
    fake_host.saved(fake_host.saved_context, 0);
}

static void who_stops_sending_is_still_answered(void **state)
{
    struct peer *peer = peer_new();
    json_t *answer;

    (void)state;
    save_and_stop_sending(peer, ",\"id\":1");
    answer = peer_hear(peer);
    assert_non_null(json_object_get(answer, "result"));
    json_decref(answer);
    assert_null(peer_hear(peer));
    peer_free(peer);
}

/* A notification is owed nothing: who has sent it and stopped sending is let go when it is done. */
static void who_only_notifies_is_let_go(void **state)
{
    struct peer *peer = peer_new();

    (void)state;
    save_and_stop_sending(peer, "");
    assert_null(peer_hear(peer));
    assert_int_equal(metrics_value(METRIC_ADMIN_CLIENTS), 0);
    peer_free(peer);
}

static void who_leaves_while_an_answer_is_owed_harms_nobody(void **state)
{
    struct peer *peer = peer_new();

    (void)state;
    peer_tell(peer, "{\"jsonrpc\":\"2.0\",\"method\":\"server.save\",\"id\":1}\n");
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; fake_host.saved == NULL;) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
    peer_free(peer);
    fake_host.saved(fake_host.saved_context, 0);
}

/* --- Methods. --- */

static void bad_parameters_are_named(void **state)
{
    /* clang-format off */
    static const struct { const char *method, *params, *say; int code; } CASES[] = {
        {"players.list", "{\"sort\":\"shoe size\"}", "sort must be one of: name, address",   JSONRPC_BAD_PARAMS},
        {"players.list", "{\"limit\":0}",            "limit must be a whole number from 1",  JSONRPC_BAD_PARAMS},
        {"players.list", "{\"limit\":\"5\"}",        "limit must be a whole number",         JSONRPC_BAD_PARAMS},
        {"players.list", "{\"limit\":1.5}",          "limit must be a whole number",         JSONRPC_BAD_PARAMS},
        {"players.list", "{\"descending\":1}",       "descending must be true or false",     JSONRPC_BAD_PARAMS},
        {"players.list", "{\"nonsense\":1}",         "there is no parameter nonsense here; there are: sort, descending, ", JSONRPC_BAD_PARAMS},
        {"rpc.discover", "{\"nonsense\":1}",         "there is no parameter nonsense here, nor any other", JSONRPC_BAD_PARAMS},
        {"players.list", "[1]",                      "by name",                              JSONRPC_BAD_PARAMS},
        {"players.kick", "{\"name\":\"\"}",          "name must be a text of 1 to 200",      JSONRPC_BAD_PARAMS},
        {"players.kick", "{\"session\":-1}",         "session must be a number",             JSONRPC_BAD_PARAMS},
        {"players.kick", "{\"session\":\"12x\"}",    "session must be a number",             JSONRPC_BAD_PARAMS},
        {"players.kick", "{}",                       "by name or by session",                JSONRPC_BAD_PARAMS},
        {"players.kick", "{\"name\":\"nobody\"}",    "nobody by the name of nobody",         JSONRPC_FAILED},
        {"players.kick", "{\"session\":1}",          "there is no session 1",                JSONRPC_FAILED},
        {"players.kick", "{\"name\":\"anna\",\"reason\":\"a\\u0007b\"}", "reason:",          JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"name\":\"anna\",\"x\":1}", "z is missing",                      JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"name\":\"anna\",\"x\":1,\"z\":0.5}", "z must be a whole number", JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"name\":\"anna\",\"x\":512001,\"z\":0}", "x must be",             JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"x\":1,\"z\":1}",    "by name or by session",                JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"everyone\":true,\"name\":\"anna\",\"x\":1,\"z\":1}", "not both", JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"name\":\"anna\",\"spread\":5,\"x\":1,\"z\":1}", "for everyone", JSONRPC_BAD_PARAMS},
        {"players.teleport", "{\"name\":\"nobody\",\"x\":1,\"z\":1}", "nobody by the name of nobody", JSONRPC_FAILED},
        {"players.summon", "{\"name\":\"anna\"}",    "to is missing",                        JSONRPC_BAD_PARAMS},
        {"players.summon", "{\"name\":\"anna\",\"to\":\"nobody\"}", "nobody by the name of nobody", JSONRPC_FAILED},
        {"players.message", "{\"name\":\"anna\"}",   "text is missing",                      JSONRPC_BAD_PARAMS},
        {"players.message", "{\"text\":\"hi\"}",     "by name or by session",                JSONRPC_BAD_PARAMS},
        {"players.message", "{\"name\":\"anna\",\"text\":\"\\u202e\"}", "text: ",          JSONRPC_BAD_PARAMS},
        {"players.message", "{\"name\":\"nobody\",\"text\":\"hi\"}", "nobody by the name of nobody", JSONRPC_FAILED},
        {"announce",     "{}",                       "text is missing",                      JSONRPC_BAD_PARAMS},
        {"announce",     "{\"text\":\"\\u001b[31m\"}", "text: ",                             JSONRPC_BAD_PARAMS},
        {"subscribe",    "{\"topic\":\"weather\"}",  "no such topic",                        JSONRPC_BAD_PARAMS},
        {"subscribe",    "{\"topic\":\"log\",\"params\":{\"level\":\"loud\"}}", "level must be", JSONRPC_BAD_PARAMS},
        {"subscribe",    "{\"topic\":\"log\",\"interval_ms\":1}", "interval_ms must be",     JSONRPC_BAD_PARAMS},
        {"unsubscribe",  "{\"subscription\":7}",     "there is no subscription 7",           JSONRPC_FAILED},
        {"players.lisst", "{}",                      "did you mean players.list?",           JSONRPC_NO_METHOD},
        {"frobnicate",   "{}",                       "there is no method frobnicate",        JSONRPC_NO_METHOD},
    };
    /* clang-format on */
    struct peer *peer = peer_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        json_t *answer = ask(peer, CASES[i].method, CASES[i].params);

        if (code_of(answer) != CASES[i].code || strstr(message_of(answer), CASES[i].say) == NULL)
            fail_msg("case %zu: %d %s", i, code_of(answer), message_of(answer));
        json_decref(answer);
    }
    assert_int_equal(fake_host.kicks, 0);
    assert_int_equal(fake_host.teleports, 0);
    assert_string_equal(fake_host.announced, "");
    peer_free(peer);
}

static void metrics_and_discovery_list_every_row(void **state)
{
    struct peer *peer = peer_new();
    json_t *value = result(peer, "metrics.get", "{}"), *method;
    size_t i;

    (void)state;
    for (unsigned row = 0; row < METRICS_N; row++) /* behind them: what was counted by groups */
        assert_string_equal(json_string_value(json_object_get(
                                json_array_get(json_object_get(value, "metrics"), row), "name")),
                            metrics_row((enum metric)row)->exported);
    json_decref(value);
    json_decref(result(peer, "metrics.history", "{}"));
    value = result(peer, "rpc.discover", "{}");
    json_array_foreach(json_object_get(value, "methods"), i, method)
    {
        assert_ptr_not_equal(method_at((unsigned)i), NULL);
        assert_string_equal(json_string_value(json_object_get(method, "name")),
                            method_at((unsigned)i)->name);
    }
    assert_null(method_at((unsigned)i));
    json_decref(value);
    peer_free(peer);
}

static char *file_text(const char *path)
{
    char *text = NULL;
    size_t room = 0;
    FILE *in = fopen(path, "r");

    assert_non_null(in);
    assert_true(getdelim(&text, &room, '\0', in) > 0);
    fclose(in);
    return text;
}

/* Is `word` there, between characters that belong to no word? */
static bool names(const char *text, const char *word)
{
    static const char INSIDE[] = "abcdefghijklmnopqrstuvwxyz_.";

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        if ((at == text || strchr(INSIDE, at[-1]) == NULL) &&
            strchr(INSIDE, at[strlen(word)]) == NULL)
            return true;
    }
    return false;
}

static void the_manuals_name_every_row(void **state)
{
    char *page = file_text(SOURCE_DIR "/man/openmmo-console.1");
    char *doc = file_text(SOURCE_DIR "/doc/admin.md");
    const struct method *method;

    (void)state;
    for (unsigned i = 0; (method = method_at(i)) != NULL; i++) {
        char in_doc[64];
        const struct method_param *row = method->params;

        snprintf(in_doc, sizeof(in_doc), "| `%s` | %s |", method->name, role_name(method->role));
        if (!names(page, method->name) || strstr(doc, in_doc) == NULL)
            fail_msg("%s is missing in openmmo-console.1 or doc/admin.md", method->name);
        for (; row != NULL && row->name != NULL; row++) {
            if (!names(doc, row->name))
                fail_msg("%s of %s is missing in doc/admin.md", row->name, method->name);
        }
    }
    for (const struct topic *topic = TOPICS; topic->name != NULL; topic++) {
        char in_doc[64];

        snprintf(in_doc, sizeof(in_doc), "| `%s` | %s |", topic->name, role_name(topic->role));
        assert_non_null(strstr(doc, in_doc));
    }
    free(page);
    free(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_are_decided_by_table),
        cmocka_unit_test(every_method_asks_for_its_role),
        cmocka_unit_test(the_manuals_name_every_row),
        WITH_HOST(a_stranger_is_refused),
        WITH_HOST(a_directory_that_hangs_holds_up_nobody_else),
        WITH_HOST(places_are_kept_for_admins),
        WITH_HOST(the_socket_is_open_to_all),
        WITH_HOST(a_second_daemon_is_refused_a_dead_ones_file_is_not),
        WITH_HOST(a_line_too_long_is_refused_and_closed),
        WITH_HOST(who_stops_sending_is_still_answered),
        WITH_HOST(who_only_notifies_is_let_go),
        WITH_HOST(who_leaves_while_an_answer_is_owed_harms_nobody),
        WITH_HOST(bad_parameters_are_named),
        WITH_HOST(metrics_and_discovery_list_every_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
