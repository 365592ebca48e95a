/* harness_daemon.c -- the daemon's half of harness.h. */
#include "config.h"

#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOG_MAX (4 << 20)

uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint16_t port_free(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

void daemon_configure(struct daemon *daemon, const char *more_ini)
{
    FILE *ini = fopen(daemon->ini_path, "w");

    assert_non_null(ini);
    fprintf(ini,
            "[server]\nname = test\nstate = %s/state\n[net]\nlisten = "
            "127.0.0.1:%u\n[http]\nlisten = 127.0.0.1:0\n[metrics]\nlisten = "
            "127.0.0.1:0\n[limits]\nexempt = 127.0.0.0/8\n"
            "[accounts]\nargon2_ops = 1\nargon2_memory = 8KiB\n[admin]\nsocket = %s\n",
            daemon->dir, daemon->port, daemon->admin_path);
    fputs(more_ini != NULL ? more_ini : "", ini);
    assert_int_equal(fclose(ini), 0);
}

void daemon_make(struct daemon *daemon, const char *more_ini)
{
    memset(daemon, 0, sizeof(*daemon));
    daemon->notify_fd = -1;
    snprintf(daemon->dir, sizeof(daemon->dir), "/tmp/openmmo-e2e-XXXXXX");
    assert_non_null(mkdtemp(daemon->dir));
    snprintf(daemon->log_path, sizeof(daemon->log_path), "%s/log", daemon->dir);
    snprintf(daemon->ini_path, sizeof(daemon->ini_path), "%s/openmmo.ini", daemon->dir);
    snprintf(daemon->admin_path, sizeof(daemon->admin_path), "%s/admin.sock", daemon->dir);
    snprintf(daemon->store_path, sizeof(daemon->store_path), "%s/state/openmmo.db", daemon->dir);
    daemon->port = port_free();
    daemon_configure(daemon, more_ini);
}

/* A datagram socket where the daemon says READY=1 (sd_notify). */
static void listen_for_ready(struct daemon *daemon)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", daemon->dir);
    unlink(address.sun_path);
    if (daemon->notify_fd >= 0)
        close(daemon->notify_fd);
    daemon->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(daemon->notify_fd >= 0);
    assert_int_equal(bind(daemon->notify_fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static const char *program(void)
{
    const char *named = getenv("OPENMMOD");

    return named != NULL ? named : "./openmmod";
}

/* In the child: nothing of the test but its stderr goes on, and it ends with the test. */
static void become(const struct daemon *daemon, char *const *argv, uint64_t file_bytes_max)
{
    char variable[120];
    int log = open(daemon->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    snprintf(variable, sizeof(variable), "%s/notify", daemon->dir);
    setenv("NOTIFY_SOCKET", variable, 1);
    if (file_bytes_max > 0) {
        struct rlimit limit = {file_bytes_max, file_bytes_max};
        signal(SIGXFSZ, SIG_IGN); /* a full disk sends no signal either */
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    execv(program(), argv);
    dprintf(log, "cannot run %s: %s\n", program(), strerror(errno));
    _exit(127);
}

void daemon_spawn(struct daemon *daemon, const char *const *extra, uint64_t file_bytes_max)
{
    char *argv[32] = {(char *)(uintptr_t)program(), (char *)(uintptr_t) "-c", daemon->ini_path};
    int n = 3;

    assert_int_equal(daemon->pid, 0);
    for (; extra != NULL && *extra != NULL && n < 31; extra++)
        argv[n++] = (char *)(uintptr_t)*extra;
    listen_for_ready(daemon);
    fflush(NULL);
    daemon->pid = fork();
    assert_true(daemon->pid >= 0);
    if (daemon->pid == 0)
        become(daemon, argv, file_bytes_max);
}

void daemon_wait_ready(struct daemon *daemon)
{
    uint64_t until_ms = now_ms() + DEADLINE_MS;
    char text[512];

    for (;;) {
        struct pollfd pollfd = {daemon->notify_fd, POLLIN, 0};
        ssize_t n;

        poll(&pollfd, 1, 20);
        n = recv(daemon->notify_fd, text, sizeof(text) - 1, 0);
        text[n > 0 ? n : 0] = '\0';
        if (strstr(text, "READY=1") != NULL)
            return;
        if (!daemon_running(daemon))
            fail_msg("the daemon ended while it started:\n%s", daemon_log(daemon));
        if (now_ms() > until_ms)
            fail_msg("the daemon is not ready in time:\n%s", daemon_log(daemon));
    }
}

void daemon_start(struct daemon *daemon, const char *const *extra)
{
    daemon_spawn(daemon, extra, 0);
    daemon_wait_ready(daemon);
}

void daemon_signal(struct daemon *daemon, int signal)
{
    assert_true(daemon->pid > 0);
    assert_int_equal(kill(daemon->pid, signal), 0);
}

bool daemon_running(struct daemon *daemon)
{
    if (daemon->pid == 0)
        return false;
    if (waitpid(daemon->pid, &daemon->status, WNOHANG) == 0)
        return true;
    daemon->pid = 0;
    return false;
}

int daemon_wait_exit(struct daemon *daemon)
{
    UNTIL(NULL, DEADLINE_MS, !daemon_running(daemon));
    return WIFEXITED(daemon->status) ? WEXITSTATUS(daemon->status) : 128 + WTERMSIG(daemon->status);
}

int daemon_terminate(struct daemon *daemon)
{
    daemon_signal(daemon, SIGTERM);
    return daemon_wait_exit(daemon);
}

void daemon_kill(struct daemon *daemon)
{
    daemon_signal(daemon, SIGKILL);
    daemon_wait_exit(daemon);
}

/* rm -r, by a child that knows how. */
static void remove_tree(const char *path)
{
    pid_t pid = fork();

    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", path, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}

void daemon_remove(struct daemon *daemon)
{
    if (daemon_running(daemon)) {
        kill(daemon->pid, SIGCONT);
        kill(daemon->pid, SIGKILL);
        waitpid(daemon->pid, &daemon->status, 0);
        daemon->pid = 0;
    }
    if (daemon->notify_fd > 0)
        close(daemon->notify_fd);
    daemon->notify_fd = -1;
    if (strncmp(daemon->dir, "/tmp/openmmo-e2e-", 17) != 0)
        return;
    if (getenv("E2E_KEEP") != NULL)
        print_message("kept: %s\n", daemon->dir);
    else
        remove_tree(daemon->dir);
    daemon->dir[0] = '\0';
}

static const char *slurp(const char *path)
{
    static char text[LOG_MAX];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = 1;

    while (fd >= 0 && n < sizeof(text) - 1 && got > 0) {
        got = read(fd, text + n, sizeof(text) - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    text[n] = '\0';
    if (fd >= 0)
        close(fd);
    return text;
}

const char *daemon_log(struct daemon *daemon)
{
    return slurp(daemon->log_path);
}

bool daemon_said(struct daemon *daemon, const char *text)
{
    return strstr(daemon_log(daemon), text) != NULL;
}

const char *daemon_ask(struct daemon *daemon, const char *method, const char *params_json)
{
    static char line[1 << 15];

    snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}\n",
             method, params_json != NULL ? params_json : "{}");
    return daemon_ask_line(daemon, line);
}

const char *daemon_ask_line(struct daemon *daemon, const char *asked)
{
    static char line[1 << 16];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uint64_t until_ms = now_ms() + DEADLINE_MS;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ssize_t asked_n = (ssize_t)strlen(asked);
    size_t filled = 0;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", daemon->admin_path);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        send(fd, asked, (size_t)asked_n, MSG_NOSIGNAL) != asked_n) {
        close(fd);
        return NULL;
    }
    while (now_ms() < until_ms && filled < sizeof(line) - 1) {
        struct pollfd pollfd = {fd, POLLIN, 0};
        ssize_t got;

        if (poll(&pollfd, 1, 100) == 0)
            continue;
        got = recv(fd, line + filled, sizeof(line) - 1 - filled, 0);
        if (got <= 0)
            break;
        filled += (size_t)got;
        line[filled] = '\0';
        if (strchr(line, '\n') != NULL && strstr(line, "\"id\"") != NULL) {
            close(fd);
            return line;
        }
    }
    close(fd);
    return NULL;
}

long long daemon_metric(struct daemon *daemon, const char *name)
{
    char params[160] = "{\"name\":\"";
    size_t n = strlen(params);
    const char *answer, *value;

    for (; *name != '\0' && n + 6 < sizeof(params); name++) { /* labels have quotes */
        if (*name == '"')
            params[n++] = '\\';
        params[n++] = *name;
    }
    snprintf(params + n, sizeof(params) - n, "\"}");
    answer = daemon_ask(daemon, "metrics.get", params);
    value = answer != NULL ? strstr(answer, "\"value\":") : NULL;
    if (value == NULL)
        fail_msg("no value by %s: %s", params, answer != NULL ? answer : "no answer");
    return strtoll(value + strlen("\"value\":"), NULL, 10);
}

uint16_t daemon_http_port(struct daemon *daemon)
{
    const char *answer = daemon_ask(daemon, "server.status", NULL);
    const char *ports = answer != NULL ? strstr(answer, "\"ports\":[") : NULL;

    if (ports == NULL)
        fail_msg("no HTTP port: %s", answer != NULL ? answer : "no answer");
    return (uint16_t)strtoul(ports + strlen("\"ports\":["), NULL, 10);
}

int openmmod_run(const char *const *arguments, const char **out)
{
    char path[] = "/tmp/openmmo-run-XXXXXX", *argv[32] = {(char *)(uintptr_t)program()};
    int fd = mkstemp(path), status = 0, n = 1;
    uint64_t until_ms = now_ms() + 3 * DEADLINE_MS;
    pid_t pid;

    assert_true(fd >= 0);
    for (; *arguments != NULL && n < 31; arguments++)
        argv[n++] = (char *)(uintptr_t)*arguments;
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        execv(program(), argv);
        _exit(127);
    }
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (now_ms() > until_ms)
            kill(pid, SIGKILL);
        poll(NULL, 0, 10);
    }
    *out = slurp(path);
    close(fd);
    unlink(path);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int raw_connect(const struct daemon *daemon)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(daemon->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

bool raw_closed(int fd)
{
    char bytes[4096];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        continue;
    return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}
