/* test_monitoring.c -- what Prometheus, an orchestrator and a proxy see: metrics and health over
 * real HTTP, while the world stalls, while a real database is away, and by a real Prometheus. */
#include <config.h> /* TEST_FAULTS */

#include "stage.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stage_store.h"

#define ANSWER_MAX (512 * 1024)
#define ALL_FIRST  50 /* requests of one kind, one behind the other */

static char answer[ANSWER_MAX + 1];
static uint16_t metrics_port, http_port;

/* The port in the last log line of that event. */
static uint16_t port_of(const char *event, const char *mark)
{
    const char *line = NULL, *at = daemon_log(&server);

    while ((at = strstr(at, event)) != NULL)
        line = at++;
    assert_non_null(line);
    line = strstr(line, mark);
    assert_non_null(line);
    return (uint16_t)strtoul(line + strlen(mark), NULL, 10);
}

static void start(const char *const *extra)
{
    daemon_start(&server, extra);
    UNTIL(NULL, DEADLINE_MS, daemon_said(&server, "event=http_listening"));
    metrics_port = port_of("event=metrics_listening", "port=");
    http_port = port_of("event=http_listening", "address=127.0.0.1:");
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Reads to the end, into answer. Returns the status; 0: nothing came within the milliseconds. */
static int read_answer(int fd, uint64_t ms)
{
    uint64_t until_ms = now_ms() + ms;
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    size_t n = 0;
    ssize_t got = 1;

    while (got > 0 && n < ANSWER_MAX && now_ms() < until_ms) {
        if (poll(&poll_fd, 1, 20) <= 0)
            continue;
        got = read(fd, answer + n, ANSWER_MAX - n);
        n += got > 0 ? (size_t)got : 0;
    }
    answer[n] = '\0';
    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? atoi(answer + 9) : 0;
}

static int ask_for(uint16_t port, const char *method, const char *path, uint64_t ms)
{
    char request[200];
    int fd = connect_to(port), status;
    int n =
        snprintf(request, sizeof(request),
                 "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", method, path);

    assert_int_equal(write(fd, request, (size_t)n), n);
    status = read_answer(fd, ms);
    close(fd);
    return status;
}

static int get(uint16_t port, const char *path)
{
    return ask_for(port, "GET", path, DEADLINE_MS);
}

static const char *body(void)
{
    const char *end = strstr(answer, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

static void test_the_doors(void **state)
{
    (void)state;
    start(NULL);
    assert_int_equal(get(metrics_port, "/metrics"), 200);
    assert_non_null(strstr(answer, "Content-Type: text/plain; version=0.0.4"));
    assert_non_null(strstr(body(), "\nopenmmo_build_info{version=\""));
    assert_non_null(strstr(body(), "\nopenmmo_ticks_total "));
    assert_non_null(strstr(body(), "\nprocess_start_time_seconds "));
    assert_int_equal(ask_for(metrics_port, "HEAD", "/metrics", DEADLINE_MS), 200);
    assert_string_equal(body(), "");
    assert_int_equal(get(metrics_port, "/other"), 404);
    assert_int_equal(ask_for(metrics_port, "POST", "/metrics", DEADLINE_MS), 405);
    assert_non_null(strstr(answer, "Allow: GET, HEAD"));
    assert_int_equal(ask_for(metrics_port, "BREW", "/metrics", DEADLINE_MS), 501);
    assert_memory_equal(answer, "HTTP/1.1 501 Not Implemented\r\nDate: ", 36);
    assert_int_equal(get(metrics_port, "/livez"), 200);
    assert_int_equal(get(metrics_port, "/readyz"), 200);
    /* On the public port all but the metrics are there. */
    for (unsigned i = 0; i < ALL_FIRST; i++)
        assert_int_equal(get(http_port, "/metrics"), 404);
    assert_null(strstr(answer, "openmmo_"));
    assert_int_equal(get(http_port, "/livez"), 200);
    assert_string_equal(body(),
                        "{\"status\":\"OK\",\"checks\":{\"tick\":\"OK\",\"control\":\"OK\"}}");
    assert_int_equal(get(http_port, "/readyz"), 200);
    assert_non_null(strstr(body(), "\"store\":\"OK\",\"migrations\":\"OK\""));
    assert_int_equal(get(http_port, "/health"), 200);
    assert_non_null(strstr(body(), "{\"status\":\"OK\",\"timestamp\":\""));
    assert_int_equal(get(http_port, "/api/health"), 200);
    assert_non_null(strstr(body(), "\"uptime\":"));
    assert_int_equal(get(metrics_port, "/metrics"), 200);
    assert_non_null(
        strstr(body(), "\nopenmmo_http_requests_total{class=\"cheap\",status=\"2xx\"} 4\n"));
    assert_non_null(
        strstr(body(), "\nopenmmo_http_requests_total{class=\"read\",status=\"4xx\"} 50\n"));
    assert_null(strstr(body(), "openmmo_sent_bytes_total{protocol=\"http\"} 0\n"));
    assert_non_null(strstr(body(), "openmmo_sent_bytes_total{protocol=\"native\"} 0\n"));
    assert_int_equal(daemon_terminate(&server), 0);
}

static void test_public_metrics(void **state)
{
    (void)state;
    start(NULL);
    assert_int_equal(get(http_port, "/metrics"), 200);
    assert_non_null(strstr(answer, "version=0.0.4"));
    assert_non_null(strstr(body(), "\nopenmmo_ticks_total "));
}

/* Who does not ask, or does not take the answer, holds up nobody and is sent away. */
static void test_slow_scrapers(void **state)
{
    int idle[20], fd;
    uint64_t begun_ms;

    (void)state;
    start(NULL);
    for (unsigned i = 0; i < 20; i++) /* more than it takes at once */
        idle[i] = connect_to(metrics_port);
    begun_ms = now_ms();
    assert_int_equal(write(idle[0], "GET /metrics HT", 15), 15);
    assert_int_equal(get(http_port, "/livez"), 200);
    UNTIL(NULL, DEADLINE_MS, daemon_metric(&server, "openmmo_scrapes_refused_total") >= 16);
    assert_true(now_ms() - begun_ms < 15000);
    fd = connect_to(metrics_port);
    assert_int_equal(write(fd, "GET /metrics HTTP/1.1\nHost: x\n\n", 31), 31); /* bare LF */
    for (unsigned i = 0; i < 20; i++)
        close(idle[i]);
    assert_int_equal(read_answer(fd, DEADLINE_MS), 400);
    close(fd);
    assert_int_equal(get(metrics_port, "/metrics"), 200);
}

#if TEST_FAULTS
static char burden_path[100];

static void burden(unsigned us)
{
    FILE *file = fopen(burden_path, "w");

    assert_non_null(file);
    fprintf(file, "%u\n", us);
    fclose(file);
}

/* The sockets answer all along; the world does not tick. */
static void test_the_tick_stalls(void **state)
{
    const char *const extra[] = {"--burden", burden_path, NULL};
    struct player *player;

    (void)state;
    snprintf(burden_path, sizeof(burden_path), "%s/burden", server.dir);
    burden(0);
    start(extra);
    assert_int_equal(get(http_port, "/livez"), 200);
    player = player_new_account(party, &server, "alice");
    player_walk(player, 0x2000, MOVEMENT_WALK);
    burden(6000000); /* of CPU time: a step of six seconds */
    /* what waits for the tick is told without a scrape too */
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_command_queue{producer=\"io\"}") > 0);
    UNTIL(NULL, DEADLINE_MS, get(http_port, "/livez") == 503);
    assert_non_null(strstr(body(), "\"tick\":\"the world does not tick\",\"control\":\"OK\""));
    assert_int_equal(get(metrics_port, "/livez"), 503);
    assert_int_equal(get(http_port, "/readyz"), 503);
    assert_int_equal(get(http_port, "/health"), 200); /* as it always did */
    burden(0);
    UNTIL(NULL, 3 * DEADLINE_MS, get(http_port, "/livez") == 200);
    UNTIL(NULL, DEADLINE_MS, daemon_said(&server, "event=tick_slow"));
}
#endif

/* A real database goes and comes back: live all along, ready when it answers. */
static void test_the_database_goes(void **state)
{
    struct player *player;

    (void)state;
    start(NULL);
    player = player_new_account(party, &server, "alice"); /* her places are saved as she walks */
    player_walk(player, 0x2000, MOVEMENT_WALK);
    assert_int_equal(get(http_port, "/readyz"), 200);
    assert_int_equal(get(metrics_port, "/metrics"), 200);
    assert_null(strstr(body(), "openmmo_store_connections 0\n"));
    pg_cluster_down(&cluster);
    UNTIL(party, DEADLINE_MS, get(http_port, "/readyz") == 503);
    assert_non_null(strstr(body(), "\"store\":\"the database does not answer\""));
    assert_int_equal(get(metrics_port, "/readyz"), 503);
    assert_int_equal(get(http_port, "/livez"), 200);
    assert_int_equal(get(metrics_port, "/metrics"), 200);
    assert_non_null(strstr(body(), "openmmo_store_connections 0\n"));
    assert_int_equal(pg_cluster_up(&cluster), 0);
    UNTIL(party, DEADLINE_MS, get(http_port, "/readyz") == 200);
    assert_int_equal(get(metrics_port, "/metrics"), 200);
    assert_null(strstr(body(), "openmmo_store_connections 0\n"));
    assert_non_null(strstr(body(), "openmmo_store_statement_errors_total{statement=\""));
}

static void test_the_end(void **state)
{
    struct player *player;

    (void)state;
    start(NULL);
    player = player_new_account(party, &server, "alice");
    player->deaf = true; /* who does not take his last words holds the end up for a moment */
    daemon_signal(&server, SIGTERM);
    UNTIL(party, DEADLINE_MS,
          get(metrics_port, "/readyz") == 503 &&
              strstr(answer, "\"serving\":\"the server stops\"") != NULL);
    assert_int_equal(get(metrics_port, "/livez"), 200);
}

static const char *scrape_config(void)
{
    static char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/prometheus.yml", server.dir);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "global:\n  scrape_interval: 1s\nscrape_configs:\n  - job_name: openmmo\n"
            "    static_configs:\n      - targets: ['127.0.0.1:%u']\n",
            metrics_port);
    fclose(file);
    return path;
}

static pid_t start_prometheus(uint16_t port)
{
    char config[160], listen[80], storage[160];
    pid_t pid;

    snprintf(config, sizeof(config), "--config.file=%s", scrape_config());
    snprintf(listen, sizeof(listen), "--web.listen-address=127.0.0.1:%u", port);
    snprintf(storage, sizeof(storage), "--storage.tsdb.path=%s/prometheus", server.dir);
    pid = fork();
    if (pid == 0) {
        char log[128];
        int fd;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        snprintf(log, sizeof(log), "%s/prometheus.log", server.dir);
        fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        execlp("prometheus", "prometheus", config, listen, storage, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

/* Asks where nobody may listen yet. */
static bool prometheus_says(uint16_t port, const char *path, const char *what)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool there = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    close(fd);
    return there && get(port, path) == 200 && strstr(body(), what) != NULL;
}

static void test_prometheus(void **state)
{
    uint16_t port;
    pid_t pid;

    (void)state;
    if (system("command -v prometheus >/dev/null") != 0)
        skip();
    start(NULL);
    (void)player_new_account(party, &server, "alice");
    port = port_free();
    pid = start_prometheus(port);
    UNTIL(party, 2 * DEADLINE_MS,
          prometheus_says(port, "/api/v1/query?query=up", ",\"1\"]")); /* the target is up */
    UNTIL(party, DEADLINE_MS,
          prometheus_says(port, "/api/v1/query?query=openmmo_players", ",\"1\"]"));
    UNTIL(party, DEADLINE_MS,
          prometheus_says(port, "/api/v1/query?query=openmmo_logins_total", "\"outcome\":\"ok\""));
    UNTIL(party, DEADLINE_MS,
          prometheus_says(port, "/api/v1/query?query=rate(openmmo_ticks_total%5B5s%5D)%3E10",
                          "\"job\":\"openmmo\""));
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_the_doors, NULL),
        STAGED(test_public_metrics, "[metrics]\npublic_metrics = yes\n"),
        STAGED(test_slow_scrapers, NULL),
#if TEST_FAULTS
        STAGED(test_the_tick_stalls, "[health]\ntick_stall = 1s\n"),
#endif
        STAGED_POSTGRESQL(test_the_database_goes, NULL),
        STAGED(test_the_end, NULL),
        STAGED(test_prometheus, NULL),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
