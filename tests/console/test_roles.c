/* test_roles.c -- who may do what, by real membership in real groups: the daemon, users of the
 * machine who ask it through openmmo-console exec, and the table of methods and roles.
 *
 * Users and groups come from an /etc/passwd and an /etc/group that only this process and its
 * children see (a mount namespace of its own), so it takes root and leaves the machine alone. */
#include "config.h"

#include <arpa/inet.h>
#include <grp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../e2e/harness.h"
#include "common/compiler.h"

enum role { NONE, VIEWER, MODERATOR, ADMIN };

/* clang-format off */
static const struct user {
    const char *name;
    uid_t uid;
    gid_t gid;
    enum role role;
} USERS[] = {
    {"openmmo-nobody", 61001, 61000, NONE},
    {"openmmo-vera",   61002, 61000, VIEWER},
    {"openmmo-kim",    61003, 61000, MODERATOR},
    {"openmmo-ada",    61004, 61000, ADMIN},
    {"openmmo-both",   61005, 61000, MODERATOR}, /* viewer and moderator */
    {"openmmo-prime",  61006, 61102, MODERATOR}, /* by the primary group */
    {"openmmo-many",   61007, 61000, VIEWER},    /* among a hundred other groups */
};

/* The manual's table: the lowest role that may. `status` is what it comes to where it is allowed. */
static const struct method {
    const char *name, *arguments; /* split at ; */
    enum role role;
    int status;
    bool changes; /* something, or hands out what is private: it is on record */
} METHODS[] = {
    {"rpc.discover",    "",                VIEWER,    0, false},
    {"subscribe",       "topic=log",       VIEWER,    0, false},
    {"unsubscribe",     "subscription=7",  VIEWER,    1, false}, /* there is none */
    {"server.status",   "",                VIEWER,    0, false},
    {"server.ladder",   "",                VIEWER,    0, false},
    {"server.worst",    "",                VIEWER,    0, false},
    {"alerts.list",     "",                VIEWER,    0, false},
    {"alerts.rules",    "",                VIEWER,    0, false},
    {"server.profile",  "seconds=10",      VIEWER,    0, false},
    {"players.list",    "",                VIEWER,    0, false},
    {"players.show",    "name=nobody",     VIEWER,    1, false},
    {"world.show",      "",                VIEWER,    0, false},
    {"world.heights",   "x=0;z=0;step=8;columns=4;rows=4", VIEWER, 0, false},
    {"world.population", "x=0;z=0;step=8;columns=4;rows=4", VIEWER, 0, false},
    {"world.players",   "x=0;z=0;width=9;depth=9", VIEWER, 0, false},
    {"world.cell",      "x=0;z=0",         VIEWER,    0, false},
    {"world.player",    "name=nobody",     VIEWER,    1, false},
    {"log.tail",        "",                VIEWER,    0, false},
    {"metrics.get",     "",                VIEWER,    0, false},
    {"metrics.history", "",                VIEWER,    0, false},
    {"store.show",      "",                VIEWER,    0, false},
    {"store.statements", "sort=mean",      VIEWER,    0, false},
    {"store.migrations", "",               VIEWER,    0, false},
    {"network.traffic", "",                VIEWER,    0, false},
    {"network.addresses", "sort=failures", VIEWER,    0, false},
    {"network.blocked", "",                VIEWER,    0, false},
    {"network.show",    "network=192.0.2.0/24", VIEWER, 0, false},
    {"network.accounts", "network=192.0.2.7", MODERATOR, 0, false},
    {"network.unlock",  "network=192.0.2.7", MODERATOR, 1, true}, /* it is not locked */
    {"announce",        "text=tea",        MODERATOR, 0, true},
    {"chat.recent",     "",                MODERATOR, 0, false},
    {"chat.say",        "text=tea",        MODERATOR, 0, true},
    {"reports.list",    "",                MODERATOR, 0, false},
    {"reports.show",    "report=4711",     MODERATOR, 1, false},
    {"reports.close",   "report=4711;verdict=none", MODERATOR, 1, true},
    {"players.kick",    "name=nobody",     MODERATOR, 1, true},
    {"players.message", "name=nobody;text=tea", MODERATOR, 1, true},
    {"players.teleport", "name=nobody;x=1;z=1", MODERATOR, 1, true},
    {"players.summon",  "name=nobody;to=nobody", MODERATOR, 1, true},
    {"bans.list",       "",                MODERATOR, 0, false},
    {"bans.add",        "player=nobody;reason=spam", MODERATOR, 1, true},
    {"bans.lift",       "ban=4711",        MODERATOR, 1, true},
    {"bans.history",    "network=192.0.2.7", MODERATOR, 0, false},
    {"players.mute",    "player=nobody;reason=spam", MODERATOR, 1, true},
    {"players.unmute",  "player=nobody",   MODERATOR, 1, true},
    {"mutes.list",      "",                MODERATOR, 0, false},
    {"server.save",     "",                MODERATOR, 0, true},
    {"sessions.list",   "open=yes",        MODERATOR, 0, false},
    {"players.history", "player=nobody",   MODERATOR, 1, false},
    {"players.export",  "player=nobody",   ADMIN,     1, true},
    {"players.erase",   "player=nobody",   ADMIN,     1, true},
    {"invites.create",  "uses=2;days=3",   MODERATOR, 0, true},
    {"invites.list",    "",                MODERATOR, 0, false},
    {"invites.revoke",  "invite=4711",     MODERATOR, 1, true},
    {"accounts.create", "name=wilma",      ADMIN,     0, true},
    {"accounts.show",   "player=nobody",   ADMIN,     1, false},
    {"accounts.rename", "player=nobody;to=somebody", ADMIN, 1, true},
    {"accounts.set-role", "player=nobody;role=admin", ADMIN, 1, true},
    {"accounts.reset-password", "player=nobody", ADMIN, 1, true},
    {"audit.list",      "limit=5",         ADMIN,     0, false},
    {"config.list",     "",                ADMIN,     0, false},
    {"config.set",      "name=limits.chats_per_10s;value=30", ADMIN, 0, true},
    {"config.reset",    "name=limits.chats_per_10s", ADMIN, 0, true},
    {"server.reload",   "",                ADMIN,     0, true},
    {"auth.rotate-key", "",                ADMIN,     0, true},
    {"server.restart-when-empty", "reason=tea", ADMIN,  2, true}, /* it takes none: nobody is here, so it would be done */
    {"server.cancel",   "",                ADMIN,     1, true}, /* there is nothing */
    {"server.maintenance", "on=yes",       ADMIN,     0, true},
    {"server.drain",    "on=yes",          ADMIN,     0, true},
    {"server.backup",   "",                ADMIN,     0, true},
    {"log.level",       "level=info",      ADMIN,     0, true},
    {"allowlist.add",   "player=nobody",   MODERATOR, 1, true},
    {"allowlist.remove", "player=nobody",  MODERATOR, 1, true},
    {"allowlist.list",  "",                MODERATOR, 0, false},
    {"server.shutdown", "",                ADMIN,     0, true}, /* last: it is done */
};
/* The same of subscriptions. */
static const struct method TOPICS[] = {
    {"metrics", "topic=metrics", VIEWER,    0, false},
    {"players", "topic=players", VIEWER,    0, false},
    {"log",     "topic=log",     VIEWER,    0, false},
    {"alerts",  "topic=alerts",  VIEWER,    0, false},
    {"chat",    "topic=chat",    MODERATOR, 0, false},
    {"reports", "topic=reports", MODERATOR, 0, false},
    {"audit",   "topic=audit",   ADMIN,     0, false},
};
/* clang-format on */

static struct daemon openmmod;
static const char *missing; /* why nothing can be tested here */

/* A copy of a file of /etc, with lines behind it, in its place. */
static int shadow(const char *etc, const char *lines)
{
    char path[256], command[600];
    FILE *out;

    snprintf(path, sizeof(path), "%s%s", openmmod.dir, strrchr(etc, '/'));
    snprintf(command, sizeof(command), "cp %s %s && chmod 644 %s", etc, path, path);
    if (system(command) != 0 || (out = fopen(path, "a")) == NULL)
        return -1;
    fputs(lines, out);
    if (fclose(out) != 0)
        return -1;
    return mount(path, etc, NULL, MS_BIND, NULL);
}

static int make_users(void)
{
    char passwd[2048] = "", groups[8192];
    size_t n = 0, at;

    for (size_t i = 0; i < ARRAY_N(USERS); i++)
        n += (size_t)snprintf(passwd + n, sizeof(passwd) - n, "%s:x:%u:%u::/:/bin/sh\n",
                              USERS[i].name, USERS[i].uid, USERS[i].gid);
    at = (size_t)snprintf(groups, sizeof(groups),
                          "openmmo-people:x:61000:\n"
                          "openmmo-viewer:x:61101:openmmo-vera,openmmo-both,openmmo-many\n"
                          "openmmo-moderator:x:61102:openmmo-kim,openmmo-both\n"
                          "openmmo-admin:x:61103:openmmo-ada\n");
    for (int i = 0; i < 100; i++)
        at += (size_t)snprintf(groups + at, sizeof(groups) - at,
                               "openmmo-club%d:x:%d:openmmo-many\n", i, 61200 + i);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return -1;
    return shadow("/etc/passwd", passwd) != 0 ? -1 : shadow("/etc/group", groups);
}

static int setup(void **state)
{
    char command[700];

    (void)state;
    if (geteuid() != 0) {
        missing = "only root can be other users";
        return 0;
    }
    daemon_make(&openmmod, NULL);
    if (make_users() != 0) {
        missing = "no mount namespace of its own is to be had";
        return 0;
    }
    /* Where anybody may run it: the tree may lie in a closed home. */
    snprintf(command, sizeof(command), "chmod 755 %s && install -m 755 %s %s/console", openmmod.dir,
             CONSOLE_PROGRAM, openmmod.dir);
    if (system(command) != 0)
        return -1;
    daemon_start(&openmmod, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (openmmod.dir[0] != '\0')
        daemon_remove(&openmmod);
    return 0;
}

/* As that user: exec method, arguments with a semicolon between them. Returns the exit status; what
 * was said is in `said`. */
static char said[65536];

static int asks(const struct user *user, const char *method, const char *arguments)
{
    char console[128], out[128];
    int status = -1;
    size_t n;
    FILE *in;
    pid_t pid;

    snprintf(console, sizeof(console), "%s/console", openmmod.dir);
    snprintf(out, sizeof(out), "%s/said", openmmod.dir);
    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(DEADLINE_MS / 1000);
        if (freopen(out, "w", stdout) == NULL || dup2(STDOUT_FILENO, STDERR_FILENO) < 0 ||
            initgroups(user->name, user->gid) != 0 ||
            setresgid(user->gid, user->gid, user->gid) != 0 ||
            setresuid(user->uid, user->uid, user->uid) != 0 || chdir("/") != 0)
            _exit(126);
        char words[128], *rest = NULL;
        const char *argv[12] = {console, "--socket", openmmod.admin_path, "exec", method};
        snprintf(words, sizeof(words), "%s", arguments);
        for (size_t i = 5; i < ARRAY_N(argv) - 1; i++)
            argv[i] = strtok_r(i == 5 ? words : NULL, ";", &rest);
        execv(console, (char **)argv);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    in = fopen(out, "r");
    assert_non_null(in);
    n = fread(said, 1, sizeof(said) - 1, in);
    said[n] = '\0';
    fclose(in);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void need_users(void)
{
    if (missing != NULL) {
        print_message("skipped: %s\n", missing);
        skip();
    }
}

static void each_role_may_what_the_table_says(void **state)
{
    (void)state;
    need_users();
    for (size_t i = 0; i < ARRAY_N(METHODS); i++) {
        const struct method *method = &METHODS[i];

        for (size_t j = 0; j < ARRAY_N(USERS); j++) {
            const struct user *user = &USERS[j];
            bool allowed = user->role >= method->role;
            int status;

            if (allowed && strcmp(method->name, "server.shutdown") == 0)
                continue; /* its own test */
            status = asks(user, method->name, method->arguments);
            if (status != (allowed ? method->status : 4))
                fail_msg("%s asks %s: status %d, %s", user->name, method->name, status, said);
            if (!allowed)
                assert_non_null(
                    strstr(said, user->role == NONE ? "has no role here" : "takes the role"));
        }
    }
    assert_true(daemon_running(&openmmod));
}

/* The newest row of the audit that names who, what and the outcome. */
static void is_in_the_audit(const struct user *user, const struct method *method)
{
    char arguments[128], uid[16];

    snprintf(arguments, sizeof(arguments), "by=%s;method=%s;limit=1", user->name, method->name);
    snprintf(uid, sizeof(uid), " %u ", user->uid);
    assert_int_equal(asks(&USERS[3], "audit.list", arguments), 0);
    if (strstr(said, user->name) == NULL || strstr(said, uid) == NULL ||
        strstr(said, method->name) == NULL ||
        strstr(said, method->status == 0 ? "  ok\n" : "  failed: ") == NULL)
        fail_msg("%s asked %s, and the audit has: %s", user->name, method->name, said);
}

/* What each_role_may_what_the_table_says did and tried: every change by everybody who may, with its
 * outcome, in the database and in the log, where who was denied stands too; and of what only looks
 * nothing. */
static void every_change_is_on_record(void **state)
{
    static const char *const ROLES[] = {"none", "viewer", "moderator", "admin"};
    char line[160];

    (void)state;
    need_users();
    for (size_t i = 0; i < ARRAY_N(METHODS); i++) {
        const struct method *method = &METHODS[i];

        for (size_t j = 0; j < ARRAY_N(USERS) && method->changes; j++) {
            const struct user *user = &USERS[j];
            bool allowed = user->role >= method->role;

            if (user->role == NONE || (allowed && strcmp(method->name, "server.shutdown") == 0))
                continue;
            if (allowed && method->status != 2) /* wrong parameters make no row */
                is_in_the_audit(user, method);
            snprintf(line, sizeof(line), "by=%s uid=%u role=%s method=%s ", user->name, user->uid,
                     ROLES[user->role], method->name);
            if (!daemon_said(&openmmod, line))
                fail_msg("it is not in the log: %s", line);
        }
        if (!method->changes) {
            snprintf(line, sizeof(line), "method=%s;limit=1", method->name);
            assert_int_equal(asks(&USERS[3], "audit.list", line), 0);
            if (strstr(said, "[]") == NULL)
                fail_msg("%s is in the audit: %s", method->name, said);
        }
    }
}

static void each_role_may_hear_what_the_table_says(void **state)
{
    (void)state;
    need_users();
    for (size_t i = 0; i < ARRAY_N(TOPICS); i++) {
        for (size_t j = 0; j < ARRAY_N(USERS); j++) {
            bool allowed = USERS[j].role >= TOPICS[i].role;
            int status = asks(&USERS[j], "subscribe", TOPICS[i].arguments);

            if (status != (allowed ? 0 : 4))
                fail_msg("%s subscribes to %s: status %d, %s", USERS[j].name, TOPICS[i].name,
                         status, said);
        }
    }
}

/* Rows of "name role ..." stand in the table, and none else. */
static void is_whole(char *list, const struct method *table, size_t rows)
{
    static const char *const ROLES[] = {"none", "viewer", "moderator", "admin"};
    unsigned n = 0;

    for (char *line = strtok(list, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char name[64], role[64];
        bool known = strncmp(line, "name ", 5) == 0;

        assert_int_equal(sscanf(line, "%63s %63s", name, role), 2);
        for (size_t i = 0; i < rows; i++)
            known |= strcmp(table[i].name, name) == 0 && strcmp(ROLES[table[i].role], role) == 0;
        if (!known)
            fail_msg("%s takes the role %s: the tables of this test do not say so", name, role);
        n++;
    }
    assert_int_equal(n, rows + 1);
}

/* No method stands in the server alone, and no topic. */
static void the_tables_are_whole(void **state)
{
    char list[sizeof(said)], *topics;

    (void)state;
    need_users();
    assert_int_equal(asks(&USERS[3], "rpc.discover", ""), 0);
    strcpy(list, strstr(said, "\nname"));
    topics = strstr(list, "\n\n");
    *topics = '\0';
    topics = strstr(topics + 1, "\nname");
    assert_non_null(topics);
    is_whole(list + 1, METHODS, ARRAY_N(METHODS));
    is_whole(topics + 1, TOPICS, ARRAY_N(TOPICS));
}

static void a_user_is_called_by_name_and_audited(void **state)
{
    (void)state;
    need_users();
    assert_int_equal(asks(&USERS[2], "rpc.discover", ""), 0);
    assert_non_null(strstr(said, "openmmo-kim"));
    assert_non_null(strstr(said, "moderator"));
    assert_int_equal(asks(&USERS[2], "announce", "text=tea at five"), 0);
    UNTIL(NULL, DEADLINE_MS,
          daemon_said(&openmmod, "by=openmmo-kim uid=61003 role=moderator method=announce"));
    assert_int_equal(asks(&USERS[1], "announce", "text=now"), 4);
    UNTIL(NULL, DEADLINE_MS,
          daemon_said(&openmmod, "by=openmmo-vera uid=61002 role=viewer method=announce"));
    UNTIL(NULL, DEADLINE_MS, daemon_said(&openmmod, "outcome=denied"));
}

#define SPAMMER "127.0.0.77"
#define REASON  "sells-carpets"

static void knock(void)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(openmmod.port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    inet_pton(AF_INET, SPAMMER, &from.sin_addr);
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    close(fd);
}

static bool is_told(const struct user *user, const char *method, const char *text)
{
    assert_int_equal(asks(user, method, ""), 0);
    return strstr(said, text) != NULL;
}

/* Why somebody is banned is for those who may list bans, what operators did for those who may list
 * that: where others are shown the address or the log, they are not told in passing. */
static void nobody_is_told_in_passing(void **state)
{
    const struct user *vera = &USERS[1], *kim = &USERS[2], *ada = &USERS[3];

    (void)state;
    need_users();
    assert_int_equal(asks(kim, "bans.add", "network=" SPAMMER ";reason=" REASON), 0);
    knock();
    UNTIL(NULL, DEADLINE_MS, is_told(kim, "network.blocked", REASON));
    assert_true(is_told(kim, "network.addresses", REASON));
    assert_true(is_told(vera, "network.blocked", SPAMMER)); /* at once, and not kim's answer */
    assert_non_null(strstr(said, "banned"));
    assert_null(strstr(said, REASON));
    assert_true(is_told(vera, "network.addresses", SPAMMER));
    assert_null(strstr(said, REASON));
    assert_true(is_told(ada, "log.tail", REASON));
    assert_false(is_told(kim, "log.tail", REASON));
    assert_false(is_told(vera, "log.tail", REASON));
    assert_non_null(strstr(said, "listening")); /* the rest of it is shown */
}

static void an_admin_stops_the_server(void **state)
{
    (void)state;
    need_users();
    assert_int_equal(asks(&USERS[3], "server.shutdown", "reason=tea"), 0);
    assert_int_equal(daemon_wait_exit(&openmmod), 0);
    assert_int_equal(asks(&USERS[3], "server.status", ""), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_role_may_what_the_table_says),
        cmocka_unit_test(every_change_is_on_record),
        cmocka_unit_test(each_role_may_hear_what_the_table_says),
        cmocka_unit_test(the_tables_are_whole),
        cmocka_unit_test(a_user_is_called_by_name_and_audited),
        cmocka_unit_test(nobody_is_told_in_passing),
        cmocka_unit_test(an_admin_stops_the_server),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
