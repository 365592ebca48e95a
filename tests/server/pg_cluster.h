/* pg_cluster.h -- a PostgreSQL of the test's own: in a temporary folder, on a Unix socket alone, as
 * an unprivileged user, ended with the test whatever becomes of it. Never the machine's own. */
#ifndef OPENMMO_TESTS_PG_CLUSTER_H
#define OPENMMO_TESTS_PG_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pg_cluster {
    char root[64];      /* holds data, socket, log */
    char binaries[128]; /* of the newest PostgreSQL */
    pid_t postmaster;   /* -1: not running */
    bool durable;       /* fsync is on */
    unsigned databases_n;
};

#define PG_CLUSTER_CONNECTION_BYTES 256

/* A program has one: initdb takes a second. */
extern struct pg_cluster cluster;

/* Fixtures of a group that makes it, without fsync, and removes it. */
int pg_cluster_begin(void **state);
int pg_cluster_end(void **state);

/* Rows of a test table: the test in a world of its own, on one database or on each. setup is one
 * for both, and finds &cluster in *state where it is to be PostgreSQL, else NULL. */
#define ON_SQLITE(test, setup, teardown)                                                           \
    {                                                                                              \
#test, test, setup, teardown, NULL                                                         \
    }
#define ON_POSTGRESQL(test, setup, teardown)                                                       \
    {                                                                                              \
#test " (PostgreSQL)", test, setup, teardown, &cluster                                     \
    }
#define ON_BOTH(test, setup, teardown)                                                             \
    ON_SQLITE(test, setup, teardown), ON_POSTGRESQL(test, setup, teardown)

/* initdb and start. 0, or -1 and stderr says why. */
int pg_cluster_make(struct pg_cluster *one, bool durable);
/* End it and remove the folder. */
void pg_cluster_remove(struct pg_cluster *one);

int pg_cluster_up(struct pg_cluster *one); /* 0 once it answers; -1 */
void pg_cluster_down(
    struct pg_cluster *one); /* at once and without a word, as pg_ctl -m immediate */
/* SIGSTOP, or SIGCONT, for the postmaster and all that it started. */
void pg_cluster_freeze(struct pg_cluster *one, bool frozen);

/* A new, empty database; connection gets the string that libpq takes. 0, or -1. */
int pg_cluster_database(struct pg_cluster *one, char connection[PG_CLUSTER_CONNECTION_BYTES]);

/* Run SQL by a connection of its own; the first column of the first row, INT64_MIN where there is
 * none, or where it failed (stderr says why). */
int64_t pg_cluster_sql(const char *connection, const char *sql);
/* Wait until a server answers there. 0, or -1 after half a minute, and at once where it was pid's
 * (0: nobody's) and that has ended. */
int pg_cluster_wait(const char *connection, pid_t pid);
/* Start a program as the cluster's user, with what it says in root/log. Ends with the test. */
pid_t pg_cluster_spawn(struct pg_cluster *one, const char *const argv[]);

#endif
