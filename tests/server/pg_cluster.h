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

/* initdb and start. 0, or -1 and stderr says why. */
int pg_cluster_make(struct pg_cluster *cluster, bool durable);
/* End it and remove the folder. */
void pg_cluster_remove(struct pg_cluster *cluster);

int pg_cluster_up(struct pg_cluster *cluster); /* 0 once it answers; -1 */
void pg_cluster_down(
    struct pg_cluster *cluster); /* at once and without a word, as pg_ctl -m immediate */
/* SIGSTOP, or SIGCONT, for the postmaster and all that it started. */
void pg_cluster_freeze(struct pg_cluster *cluster, bool frozen);

/* A new, empty database; connection gets the string that libpq takes. 0, or -1. */
int pg_cluster_database(struct pg_cluster *cluster, char connection[PG_CLUSTER_CONNECTION_BYTES]);

/* Run SQL by a connection of its own; the first column of the first row, INT64_MIN where there is
 * none, or where it failed (stderr says why). */
int64_t pg_cluster_sql(const char *connection, const char *sql);
/* Start a program as the cluster's user, with what it says in root/log. Ends with the test. */
pid_t pg_cluster_spawn(struct pg_cluster *cluster, const char *const argv[]);

#endif
