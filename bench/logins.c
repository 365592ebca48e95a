/* logins.c -- how many logins a second the accounts take, on both databases: by password with the
 * argon2id that ships, with next to none of it, and by token.
 *
 * As the daemon does it: the control loop, one worker for hashes, the store. No network and no
 * TLS. A SQLite file, and a PostgreSQL of its own (fsync on). IN_FLIGHT logins are on their way at
 * a time; rounds of all modes are interleaved; the median counts.
 *
 * Not installed. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "accounts/accounts.h"
#include "accounts/keys.h"
#include "common/log.h"
#include "store/store.h"

#include "../tests/server/pg_cluster.h"

#define USERS     64
#define IN_FLIGHT 32
#define ROUNDS    5

/* clang-format off */
static const struct way {
    const char *name;
    enum accounts_kind kind;
    struct password_cost cost;
    unsigned n; /* logins a round */
} ways[] = {
    {"password, argon2id as it ships (19 MiB, 2 passes)", ACCOUNTS_PASSWORD, {2, 19 << 20}, 100},
    {"password, next to no argon2id (8 KiB, 1 pass)", ACCOUNTS_PASSWORD, {1, 8 << 10}, 1000},
    {"token", ACCOUNTS_TOKEN, {1, 8 << 10}, 2000},
};
/* clang-format on */
#define WAYS_N (sizeof(ways) / sizeof(ways[0]))

struct room { /* one driver's, one way's: its own database */
    struct store *store;
    struct workers *workers;
    struct accounts *accounts;
    char path[80];
    char tokens[USERS][PROTOCOL_TOKEN_MAX + 1];
    unsigned answered_n;
    double per_s[ROUNDS];
};

static struct event_base *base;
static struct keys *keys;
static struct room rooms[2][WAYS_N];
static char directory[40];

static void die(const char *doing, const char *why)
{
    fprintf(stderr, "bench/logins: %s: %s\n", doing, why);
    pg_cluster_remove(&cluster);
    exit(1);
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void answered(void *context, uint64_t tag, const struct accounts_answer *answer)
{
    struct room *room = context;

    if (answer->reason != PROTOCOL_REASON_NONE)
        die("logging in", answer->text[0] ? answer->text : "refused");
    memcpy(room->tokens[tag], answer->token, sizeof(answer->token));
    room->answered_n++;
}

/* n of them, IN_FLIGHT at a time. */
static void come(struct room *room, enum accounts_kind kind, unsigned n)
{
    static const struct sockaddr_storage address = {.ss_family = AF_INET};
    char name[16], token[PROTOCOL_TOKEN_MAX + 1];

    room->answered_n = 0;
    for (unsigned asked_n = 0; room->answered_n < n;) {
        if (asked_n == n || asked_n - room->answered_n >= IN_FLIGHT) {
            event_base_loop(base, EVLOOP_ONCE);
            continue;
        }
        snprintf(name, sizeof(name), "user%02u", asked_n % USERS);
        memcpy(token, room->tokens[asked_n % USERS], sizeof(token));
        accounts_login(room->accounts,
                       &(struct accounts_request){.kind = kind,
                                                  .tag = asked_n % USERS,
                                                  .address = &address,
                                                  .exempt = true,
                                                  .username = name,
                                                  .password = "correct horse",
                                                  .token = token},
                       answered, room);
        asked_n++;
    }
}

static void make(struct room *room, bool postgresql, const struct way *way)
{
    char connection[PG_CLUSTER_CONNECTION_BYTES];
    struct store_config config = {.base = base,
                                  .kind = postgresql ? STORE_POSTGRESQL : STORE_SQLITE,
                                  .queue_max = 1000,
                                  .migrate = true,
                                  .path = room->path,
                                  .busy_ms = 2000,
                                  .pg = {.connection = connection,
                                         .password_file = "",
                                         .pool_min = 1,
                                         .pool_max = 4,
                                         .statement_ms = 5000,
                                         .answer_ms = 5000,
                                         .connect_ms = 5000}};
    struct error error = {""};

    snprintf(room->path, sizeof(room->path), "%s/%td.db", directory, way - ways);
    if (postgresql && pg_cluster_database(&cluster, connection) < 0)
        die("making a database", "see above");
    room->store = store_open(&config, &error);
    room->workers = room->store ? workers_new(base, 1, 256, &error) : NULL;
    if (!room->workers)
        die("opening", error.text);
    room->accounts = accounts_new(&(struct accounts_config){.base = base,
                                                            .store = room->store,
                                                            .workers = room->workers,
                                                            .keys = keys,
                                                            .cost = way->cost,
                                                            .token_lifetime_s = 3600,
                                                            .registration = ACCOUNTS_OPEN,
                                                            .email = ACCOUNTS_EMAIL_OPTIONAL},
                                  &error);
    if (!room->accounts)
        die("opening", error.text);
    come(room, ACCOUNTS_REGISTER, USERS);
}

static void end(struct room *room)
{
    static const char *const tails[] = {"", "-wal", "-shm"};

    accounts_stop(room->accounts);
    workers_free(room->workers);
    store_close(room->store);
    accounts_free(room->accounts);
    for (unsigned i = 0; i < 3; i++) {
        char path[90];

        snprintf(path, sizeof(path), "%s%s", room->path, tails[i]);
        unlink(path);
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void run(void)
{
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned way = 0; way < WAYS_N; way++)
            for (unsigned driver = 0; driver < 2; driver++) {
                struct room *room = &rooms[driver][way];
                double begun_s = now_s();

                come(room, ways[way].kind, ways[way].n);
                room->per_s[round] = ways[way].n / (now_s() - begun_s);
            }
    printf("| login by | SQLite, logins/s [least, most] | PostgreSQL |\n|---|---|---|\n");
    for (unsigned way = 0; way < WAYS_N; way++) {
        printf("| %s |", ways[way].name);
        for (unsigned driver = 0; driver < 2; driver++) {
            double *per_s = rooms[driver][way].per_s;

            qsort(per_s, ROUNDS, sizeof(*per_s), by_value);
            printf(" %.0f [%.0f, %.0f] |", per_s[ROUNDS / 2], per_s[0], per_s[ROUNDS - 1]);
        }
        printf("\n");
    }
}

int main(void)
{
    const uint8_t seed[32] = {7};

    if (sodium_init() < 0)
        return 1;
    log_set_level(LOG_LEVEL_WARN);
    strcpy(directory, "/tmp/openmmo-bench-XXXXXX");
    if (!mkdtemp(directory) || pg_cluster_make(&cluster, true) < 0)
        return 1;
    base = event_base_new();
    keys = keys_new(seed);
    for (unsigned driver = 0; driver < 2; driver++)
        for (unsigned way = 0; way < WAYS_N; way++)
            make(&rooms[driver][way], driver == 1, &ways[way]);
    run();
    for (unsigned driver = 0; driver < 2; driver++)
        for (unsigned way = 0; way < WAYS_N; way++)
            end(&rooms[driver][way]);
    pg_cluster_remove(&cluster);
    rmdir(directory);
    return 0;
}
