/* pg_cluster.c -- initdb, postgres as a child, signals by pid. */
#include <config.h> /* nftw, struct FTW */

#include "pg_cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 30000
#define STEP_MS     20

struct pg_cluster cluster;

int pg_cluster_wait(const char *connection, pid_t pid)
{
    const struct timespec step = {0, STEP_MS * 1000000L};

    for (int ms = 0; ms < PATIENCE_MS; ms += STEP_MS) {
        if (PQping(connection) == PQPING_OK)
            return 0;
        if (pid > 0 && waitpid(pid, NULL, WNOHANG) != 0)
            return -1;
        nanosleep(&step, NULL);
    }
    return -1;
}

/* In the child: root becomes nobody who matters. */
static int become_unprivileged(void)
{
    const struct passwd *user;

    if (geteuid() != 0)
        return 0;
    user = getpwnam("postgres");
    if (!user)
        user = getpwnam("nobody");
    if (!user || setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0)
        return -1;
    return 0;
}

pid_t pg_cluster_spawn(struct pg_cluster *one, const char *const argv[])
{
    char log[96];
    pid_t parent = getpid(), pid = fork();
    int fd;

    if (pid != 0)
        return pid;
    snprintf(log, sizeof(log), "%s/log", one->root);
    if (become_unprivileged() < 0 || chdir(one->root) < 0)
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGQUIT); /* after the change of user, which takes it back */
    if (getppid() != parent)
        _exit(126);
    fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(fd, 1);
    dup2(fd, 2);
    execv(argv[0], (char *const *)(const void *)argv);
    _exit(127);
}

static int spawn_and_wait(struct pg_cluster *one, const char *const argv[])
{
    pid_t pid = pg_cluster_spawn(one, argv);
    int status;

    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "pg_cluster: %s failed, see %s/log\n", argv[0], one->root);
        return -1;
    }
    return 0;
}

static int find_binaries(struct pg_cluster *one)
{
    glob_t found;
    int rc = -1;

    if (glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) == 0) {
        const char *newest = found.gl_pathv[found.gl_pathc - 1];

        snprintf(one->binaries, sizeof(one->binaries), "%.*s", (int)(strrchr(newest, '/') - newest),
                 newest);
        rc = 0;
    }
    globfree(&found);
    if (rc < 0)
        fprintf(stderr, "pg_cluster: no PostgreSQL in /usr/lib/postgresql: install postgresql\n");
    return rc;
}

static int init(struct pg_cluster *one)
{
    char initdb[160], data[80];
    const char *const argv[] = {initdb,    "-D", data,         "-A", "trust", "-U",
                                "openmmo", "-N", "--locale=C", "-E", "UTF8",  NULL};

    snprintf(initdb, sizeof(initdb), "%s/initdb", one->binaries);
    snprintf(data, sizeof(data), "%s/data", one->root);
    return spawn_and_wait(one, argv);
}

static void administration(const struct pg_cluster *one, char *connection)
{
    snprintf(connection, PG_CLUSTER_CONNECTION_BYTES, "host=%s user=openmmo dbname=postgres",
             one->root);
}

int pg_cluster_up(struct pg_cluster *one)
{
    char postgres[160], data[80], sockets[100], connection[PG_CLUSTER_CONNECTION_BYTES];
    const char *const argv[] = {postgres,
                                "-D",
                                data,
                                "-c",
                                sockets,
                                "-c",
                                "listen_addresses=",
                                "-c",
                                one->durable ? "fsync=on" : "fsync=off",
                                "-c",
                                "shared_buffers=32MB",
                                "-c",
                                "max_connections=40",
                                "-c",
                                "log_min_messages=warning",
                                "-c",
                                "unix_socket_permissions=0777",
                                NULL};

    snprintf(postgres, sizeof(postgres), "%s/postgres", one->binaries);
    snprintf(data, sizeof(data), "%s/data", one->root);
    snprintf(sockets, sizeof(sockets), "unix_socket_directories=%s", one->root);
    administration(one, connection);
    one->postmaster = pg_cluster_spawn(one, argv);
    if (pg_cluster_wait(connection, one->postmaster) == 0)
        return 0;
    fprintf(stderr, "pg_cluster: PostgreSQL does not come up, see %s/log\n", one->root);
    return -1;
}

int pg_cluster_make(struct pg_cluster *one, bool durable)
{
    const struct passwd *user = getpwnam("postgres");

    *one = (struct pg_cluster){.postmaster = -1, .durable = durable};
    strcpy(one->root, "/tmp/openmmo-pg-XXXXXX");
    if (find_binaries(one) < 0)
        return -1;
    if (!mkdtemp(one->root) || chmod(one->root, 0755) < 0)
        return -1;
    if (!user)
        user = getpwnam("nobody");
    if (geteuid() == 0 && (!user || chown(one->root, user->pw_uid, user->pw_gid) < 0))
        return -1;
    return init(one) < 0 ? -1 : pg_cluster_up(one);
}

/* Calls kill for the postmaster and its children. Those of a stopped postmaster cannot change. */
static void signal_all(const struct pg_cluster *one, int number)
{
    glob_t found;

    kill(one->postmaster, number);
    if (glob("/proc/[0-9]*/stat", 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        FILE *file = fopen(found.gl_pathv[i], "re");
        char line[512] = "";
        int pid = 0, parent = 0;

        if (!file)
            continue;
        if (fgets(line, sizeof(line), file) && strrchr(line, ')') &&
            sscanf(line, "%d", &pid) == 1 &&
            sscanf(strrchr(line, ')') + 1, " %*c %d", &parent) == 1 && parent == one->postmaster)
            kill(pid, number);
        fclose(file);
    }
    globfree(&found);
}

void pg_cluster_freeze(struct pg_cluster *one, bool frozen)
{
    signal_all(one, frozen ? SIGSTOP : SIGCONT);
}

void pg_cluster_down(struct pg_cluster *one)
{
    if (one->postmaster <= 0)
        return;
    kill(one->postmaster, SIGQUIT);
    while (waitpid(one->postmaster, NULL, 0) < 0 && errno == EINTR)
        continue;
    one->postmaster = -1;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

void pg_cluster_remove(struct pg_cluster *one)
{
    if (one->postmaster > 0)
        pg_cluster_freeze(one, false);
    pg_cluster_down(one);
    if (one->root[0])
        nftw(one->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    one->root[0] = '\0';
}

int pg_cluster_begin(void **state)
{
    (void)state;
    return pg_cluster_make(&cluster, false);
}

int pg_cluster_end(void **state)
{
    (void)state;
    pg_cluster_remove(&cluster);
    return 0;
}

int pg_cluster_database(struct pg_cluster *one, char connection[PG_CLUSTER_CONNECTION_BYTES])
{
    char sql[64];
    unsigned n = one->databases_n++;

    administration(one, connection);
    snprintf(sql, sizeof(sql), "CREATE DATABASE world%u", n);
    if (pg_cluster_sql(connection, sql) != INT64_MIN)
        return -1;
    snprintf(connection, PG_CLUSTER_CONNECTION_BYTES, "host=%s user=openmmo dbname=world%u",
             one->root, n);
    return 0;
}

int64_t pg_cluster_sql(const char *connection, const char *sql)
{
    PGconn *conn = PQconnectdb(connection);
    PGresult *result = PQexec(conn, sql);
    int64_t value = INT64_MIN;

    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0)
        value = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    else if (PQresultStatus(result) != PGRES_COMMAND_OK &&
             PQresultStatus(result) != PGRES_TUPLES_OK)
        fprintf(stderr, "pg_cluster: %s: %s", sql, PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
    return value;
}
