/* test_play.c -- the real client in a real window, against the real daemon, watched by another
 * player.
 *
 * A person (xdotool) registers by typing, walks, talks, resizes and unmaps the window, takes a
 * picture; the daemon is restarted under the client, which comes back by itself. An observer logs
 * in over the same protocol and says what of all this others see. The validation layers are on: one
 * message makes the client's exit status 3. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <config.h>
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <stb/stb_image.h>

#include "net/connection.h"
#include "picture.h"

#define LONG_S  60.0 /* the machine may be slow and shared */
#define SHORT_S 20.0

static struct {
    char folder[64], pictures[96]; /* the second is made by F12 */
    uint16_t port;
    pid_t display, server, client;
    char window[32]; /* as xdotool names it */
    struct connection *observer;
    struct world_shown shown; /* what the observer sees */
    char heard[TEXT_CHAT_MAX_BYTES + 1], heard_from[TEXT_NAME_MAX_BYTES + 1];
    uint8_t heard_channel;
} f;

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* --- other programs --- */

static const char *in_folder(const char *name)
{
    static char path[4][128];
    static unsigned at;
    at = (at + 1) % 4;
    snprintf(path[at], sizeof(path[at]), "%s/%s", f.folder, name);
    return path[at];
}

static pid_t start(const char *log, const char *const argv[])
{
    pid_t pid = fork();
    if (pid == 0) {
        int out = open(in_folder(log), O_WRONLY | O_CREAT | O_APPEND, 0600);
        int null = open("/dev/null", O_RDONLY);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, 0);
        dup2(out, 1);
        dup2(out, 2);
        execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

/* The exit status within that time; -1: it did not end (it is killed then), or was ended by a
 * signal. */
static int finish(pid_t *pid, int with_signal, double within_s)
{
    int status;
    if (*pid <= 0)
        return -1;
    if (with_signal)
        kill(*pid, with_signal);
    for (double end = now_s() + within_s;;) {
        if (waitpid(*pid, &status, WNOHANG) == *pid)
            break;
        if (now_s() > end) {
            kill(*pid, SIGKILL);
            waitpid(*pid, &status, 0);
            status = 0x7f00;
            break;
        }
        poll(NULL, 0, 10);
    }
    *pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run(const char *const argv[])
{
    pid_t pid = start("tools.log", argv);
    return finish(&pid, 0, SHORT_S);
}

#define XDO(...) assert_int_equal(run((const char *[]){"xdotool", __VA_ARGS__, NULL}), 0)

static void key(const char *name)
{
    XDO("key", name);
}

static void type(const char *text)
{
    XDO("type", "--delay", "30", text);
}

static bool log_has(const char *log, const char *words)
{
    static char text[1 << 18];
    FILE *file = fopen(in_folder(log), "r");
    if (!file)
        return false;
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return strstr(text, words) != NULL;
}

/* --- the observer --- */

static void on_chat(void *context, const struct protocol_chat_line *line)
{
    (void)context;
    snprintf(f.heard, sizeof(f.heard), "%.*s", (int)line->text.len, line->text.bytes);
    snprintf(f.heard_from, sizeof(f.heard_from), "%.*s", (int)line->name.len, line->name.bytes);
    f.heard_channel = line->channel;
}

static void observe(void)
{
    static uint64_t last;
    static const struct movement_intent none = {0};
    uint64_t now = (uint64_t)(now_s() * 1e6);
    connection_pump(f.observer, now);
    connection_advance(f.observer, &none, 0); /* asks for names; never moves */
    struct world *world = connection_world(f.observer);
    memset(&f.shown, 0, sizeof(f.shown));
    if (world)
        f.shown = world_show(world, now, now - last < 100000 ? now - last : 100000);
    last = now;
}

static const struct world_plate *seen(const char *name)
{
    if (!connection_playing(f.observer))
        return NULL;
    for (unsigned i = 0; i < f.shown.plates_n; i++)
        if (strcmp(f.shown.plates[i].name, name) == 0)
            return &f.shown.plates[i];
    return NULL;
}

/* Poll until it holds; the test fails with `what` after that time, or as soon as the client is
 * gone. */
#define UNTIL(condition, within_s, what)                                                           \
    do {                                                                                           \
        double end_s = now_s() + (within_s);                                                       \
        for (;;) {                                                                                 \
            if (f.observer)                                                                        \
                observe();                                                                         \
            if (condition)                                                                         \
                break;                                                                             \
            if (f.client && waitpid(f.client, NULL, WNOHANG) == f.client) {                        \
                f.client = 0;                                                                      \
                fail_with_logs("the client ended while waiting: " what);                           \
            }                                                                                      \
            if (now_s() > end_s)                                                                   \
                fail_with_logs("in vain: " what);                                                  \
            poll(NULL, 0, 10);                                                                     \
        }                                                                                          \
    } while (0)

static void show_log(const char *name)
{
    char line[600];
    FILE *file = fopen(in_folder(name), "r");
    print_message("--- %s\n", name);
    while (file && fgets(line, sizeof(line), file))
        print_message("%s", line);
    if (file)
        fclose(file);
}

static void fail_with_logs(const char *what)
{
    show_log("server.log");
    show_log("client.log");
    fail_msg("%s", what);
}

/* --- start and stop --- */

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    getsockname(fd, (struct sockaddr *)&address, &size);
    close(fd);
    return ntohs(address.sin_port);
}

static bool server_listens(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(f.port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result = connect(fd, (struct sockaddr *)&address, sizeof(address));
    close(fd);
    return result == 0;
}

static void stop_server(void)
{
    int status = -1;
    assert_true(f.server > 0);
    kill(f.server, SIGTERM);
    UNTIL(waitpid(f.server, &status, WNOHANG) == f.server, LONG_S, "the daemon stops");
    f.server = 0;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void start_server(void)
{
    char listen[64], state[128], admin[128];
    snprintf(listen, sizeof(listen), "--net.listen=127.0.0.1:%u", f.port);
    snprintf(state, sizeof(state), "--server.state=%s", in_folder("server"));
    snprintf(admin, sizeof(admin), "--admin.socket=%s", in_folder("admin.sock"));
    mkdir(in_folder("server"), 0700);
    f.server =
        start("server.log",
              (const char *[]){"./openmmod", listen, state, admin, "--http.listen=127.0.0.1:0",
                               "--metrics.listen=", "--limits.exempt=127.0.0.0/8", NULL});
    double end = now_s() + LONG_S;
    while (!server_listens()) {
        if (now_s() > end || waitpid(f.server, NULL, WNOHANG) == f.server)
            fail_with_logs("the daemon does not start");
        poll(NULL, 0, 20);
    }
}

/* Xvfb chooses a free number and writes it to us. */
static int start_display(void)
{
    int fds[2];
    char number[16] = ":", fd[16];
    assert_int_equal(pipe(fds), 0);
    snprintf(fd, sizeof(fd), "%d", fds[1]);
    f.display = start("display.log", (const char *[]){"Xvfb", "-displayfd", fd, "-screen", "0",
                                                      "1024x700x24", "-nolisten", "tcp", NULL});
    close(fds[1]);
    size_t used = 1;
    while (!strchr(number, '\n') && used < sizeof(number) - 1) {
        struct pollfd ready = {.fd = fds[0], .events = POLLIN};
        ssize_t n = poll(&ready, 1, 15000) == 1 ? read(fds[0], number + used, 1) : 0;
        if (n < 1)
            break;
        used += (size_t)n;
    }
    close(fds[0]);
    if (!strchr(number, '\n'))
        return -1;
    number[used - 1] = '\0';
    setenv("DISPLAY", number, 1);
    unsetenv("WAYLAND_DISPLAY");
    return 0;
}

static void start_observer(void)
{
    struct error error = {{0}};
    struct connection_handlers handlers = {.chat = on_chat};
    struct session_login login = {
        .kind = SESSION_LOGIN_REGISTER, .host = "127.0.0.1", .port = f.port};
    strcpy(login.user, "watcher");
    strcpy(login.password, "a long password");
    f.observer = connection_new(&handlers, NULL, NULL, &error);
    assert_non_null(f.observer);
    connection_login(f.observer, &login, (uint64_t)(now_s() * 1e6));
    UNTIL(connection_playing(f.observer), LONG_S, "the observer enters");
}

static bool find_window(void)
{
    unlink(in_folder("tools.log"));
    if (run((const char *[]){"xdotool", "search", "--name", "OpenMMO", NULL}) != 0)
        return false;
    FILE *file = fopen(in_folder("tools.log"), "r");
    bool found =
        file && fgets(f.window, sizeof(f.window), file) && strspn(f.window, "0123456789") > 3;
    f.window[strcspn(f.window, "\n")] = '\0';
    if (file)
        fclose(file);
    return found;
}

static void start_client(void)
{
    char server[32];
    snprintf(server, sizeof(server), "127.0.0.1:%u", f.port);
    f.client =
        start("client.log", (const char *[]){"./openmmo-client", "--server", server, "--register",
                                             "--size", "640x480", "--validation", NULL});
    UNTIL(log_has("client.log", "event=client_started"), LONG_S, "the client starts");
    UNTIL(find_window(), LONG_S, "the window is there");
    XDO("windowfocus", f.window);
}

static bool have(const char *program)
{
    char command[64];
    snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", program);
    return system(command) == 0;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(f.folder, "/tmp/openmmo-play-XXXXXX");
    if (!mkdtemp(f.folder))
        return -1;
    signal(SIGPIPE, SIG_IGN);
    setenv("XDG_CONFIG_HOME", f.folder, 1);
    setenv("XDG_STATE_HOME", f.folder, 1);
    snprintf(f.pictures, sizeof(f.pictures), "%s/made/at need", f.folder);
    setenv("XDG_PICTURES_DIR", f.pictures, 1);
    setenv("XDG_RUNTIME_DIR", f.folder, 1);
    setenv("ASAN_OPTIONS", "detect_leaks=0",
           0); /* the driver is unloaded before leaks are counted */
    picture_use_software();
    f.port = free_port();
    return start_display();
}

static int tear_down(void **state)
{
    (void)state;
    connection_free(f.observer);
    finish(&f.client, SIGKILL, SHORT_S);
    finish(&f.server, SIGKILL, SHORT_S);
    finish(&f.display, SIGTERM, SHORT_S);
    return run((const char *[]){"rm", "-rf", f.folder, NULL});
}

/* --- what is tried --- */

static void test_register_by_typing(void **state)
{
    (void)state;
    start_server();
    start_observer();
    start_client();
    type("alice"); /* the name has the keyboard */
    key("Tab");    /* e-mail: empty */
    key("Tab");
    type("correct horse");
    key("Tab");
    type("correct horse");
    key("Return");
    UNTIL(log_has("client.log", "event=entered"), LONG_S, "alice enters");
    UNTIL(seen("alice"), SHORT_S, "the observer sees her with her name");
    /* The files: a token and a pin, no password. */
    assert_true(log_has("openmmo/tokens", "alice\t"));
    assert_true(log_has("openmmo/known-servers", "sha256:"));
    assert_true(log_has("openmmo/client.conf", "user=alice"));
    assert_false(log_has("openmmo/tokens", "horse") || log_has("openmmo/client.conf", "horse"));
}

static double way_m(struct space_pos a, struct space_pos b)
{
    return hypot((double)a.x - b.x, (double)a.z - b.z) / SPACE_UNITS_PER_M;
}

static void walk_for(const char *which, double metres)
{
    UNTIL(seen("alice"), SHORT_S, "alice is there");
    struct space_pos from = seen("alice")->head;
    XDO("keydown", which);
    UNTIL(seen("alice") && way_m(seen("alice")->head, from) > metres, SHORT_S, "alice walks");
    XDO("keyup", which);
}

static void test_walk_is_seen_by_others(void **state)
{
    (void)state;
    walk_for("w", 3);
    walk_for("Left", 3);
    /* Released: she stands still soon. */
    struct space_pos last = {0};
    double since = now_s();
    UNTIL((way_m(seen("alice")->head, last) > 0.05
               ? (last = seen("alice")->head, since = now_s(), false)
               : now_s() - since > 1),
          SHORT_S, "alice stops");
}

static void test_chat_reaches_others(void **state)
{
    (void)state;
    key("Return");
    type("hello from the window");
    key("Return");
    UNTIL(strcmp(f.heard, "hello from the window") == 0, SHORT_S, "the line is heard");
    assert_string_equal(f.heard_from, "alice");
    assert_int_equal(f.heard_channel, PROTOCOL_CHANNEL_NEARBY);
    key("t"); /* opens the line too, and is no text */
    type("/g to all");
    key("Return");
    UNTIL(strcmp(f.heard, "to all") == 0, SHORT_S, "the global line is heard");
    assert_int_equal(f.heard_channel, PROTOCOL_CHANNEL_GLOBAL);
}

static char *find_picture(void)
{
    static char path[400];
    DIR *folder = opendir(f.pictures);
    path[0] = '\0';
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (strncmp(entry->d_name, "openmmo-2", 9) == 0 && strstr(entry->d_name, ".png"))
            snprintf(path, sizeof(path), "%s/%s", f.pictures, entry->d_name);
    if (folder)
        closedir(folder);
    return path[0] ? path : NULL;
}

/* A picture that is still being written has its header already, but not its pixels. */
static bool loads(const char *path, int *width, int *height)
{
    int channels;
    uint8_t *pixels = stbi_load(path, width, height, &channels, 3);
    stbi_image_free(pixels);
    return pixels != NULL;
}

static void assert_picture(const char *path, int width, int height)
{
    int w, h, channels;
    uint8_t *pixels = stbi_load(path, &w, &h, &channels, 3);
    uint8_t seen_colours[4096] = {0};
    unsigned colours = 0;
    assert_non_null(pixels);
    assert_int_equal(w, width);
    assert_int_equal(h, height);
    for (int i = 0; i < w * h; i++) {
        unsigned colour = (unsigned)(pixels[3 * i] >> 4 << 8 | pixels[3 * i + 1] >> 4 << 4 |
                                     pixels[3 * i + 2] >> 4);
        colours += !seen_colours[colour];
        seen_colours[colour] = 1;
    }
    stbi_image_free(pixels);
    assert_true(colours > 40); /* ground, sky, figures, letters: not blank */
}

static void test_resize_and_picture(void **state)
{
    (void)state;
    XDO("windowsize", "--sync", f.window, "800", "500");
    key("F3");
    /* The window's own loop has to see the new size first; the picture says when. */
    char *path = NULL;
    for (unsigned attempt = 0; attempt < 5; attempt++) {
        int w = 0, h = 0;
        walk_for("w", 0.5);
        key("F12");
        UNTIL((path = find_picture()) != NULL, SHORT_S, "F12 saves a picture");
        UNTIL(loads(path, &w, &h), SHORT_S, "the picture is whole");
        if (w == 800 && h == 500)
            break;
        unlink(path);
    }
    assert_picture(path, 800, 500);
    key("F3");
}

/* F12: a sum over the picture's bytes. Two of them are the same only if nothing was drawn between.
 */
static uint64_t picture_sum(void)
{
    char *path = NULL;
    int w, h, channels;
    uint64_t sum = 0;
    key("F12");
    UNTIL((path = find_picture()) != NULL, SHORT_S, "F12 saves a picture");
    UNTIL(loads(path, &w, &h), SHORT_S, "the picture is whole");
    uint8_t *pixels = stbi_load(path, &w, &h, &channels, 3);
    assert_non_null(pixels);
    for (int i = 0; i < w * h * 3; i++)
        sum = sum * 31 + pixels[i];
    stbi_image_free(pixels);
    unlink(path);
    return sum;
}

static void test_unmapped_window_keeps_playing(void **state)
{
    (void)state;
    XDO("windowunmap", "--sync", f.window);
    double since = now_s();
    UNTIL(now_s() - since > 2, SHORT_S, "two seconds pass");
    assert_true(connection_playing(f.observer) && seen("alice"));
    XDO("windowmap", "--sync", f.window);
    XDO("windowfocus", f.window);
    walk_for("s", 1);
    /* And it is drawn again, at the size that it had before. */
    picture_sum();
    walk_for("s", 1);
    uint64_t first = picture_sum();
    walk_for("w", 1);
    assert_true(picture_sum() != first);
}

/* Another account draws without any display: it sees both figures, by id and by colour. */
static void test_offscreen_sees_the_others(void **state)
{
    (void)state;
    char server[32];
    FILE *file = fopen(in_folder("password"), "w");
    assert_non_null(file);
    fputs("a third password\n", file);
    fclose(file);
    snprintf(server, sizeof(server), "127.0.0.1:%u", f.port);
    char display[64];
    snprintf(display, sizeof(display), "%s", getenv("DISPLAY"));
    unsetenv("DISPLAY");
    pid_t pid = start("offscreen.log",
                      (const char *[]){"./openmmo-client", "--server", server, "--user", "painter",
                                       "--register", "--password-file", in_folder("password"),
                                       "--offscreen", "320x200", "--frames", "3", "--screenshot",
                                       in_folder("third.png"), "--validation", NULL});
    int status = -2;
    UNTIL(waitpid(pid, &status, WNOHANG) == pid, LONG_S, "the offscreen client ends");
    setenv("DISPLAY", display, 1);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        show_log("offscreen.log");
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_picture(in_folder("third.png"), 320, 200);
    status = run((const char *[]){"./openmmo-client", "--server", server, "--user", "painter",
                                  "--password-file", in_folder("wrong"), "--offscreen", "64x64",
                                  "--screenshot", "/dev/null", NULL});
    assert_int_equal(status, 1); /* a file that is not there: one line, exit status 1 */
}

static void test_server_restart_is_survived(void **state)
{
    (void)state;
    stop_server();
    UNTIL(log_has("client.log", "event=session_ended"), SHORT_S, "the client notes the end");
    /* Both ran the same steps: unless the server gave time up, the client never had to correct
     * itself. */
    if (!log_has("client.log", "corrections=0 ") && log_has("client.log", "dropped=0 "))
        fail_with_logs("the client corrected itself though nothing was dropped");
    start_server();
    UNTIL(seen("alice"), LONG_S, "both come back by themselves");
    walk_for("w", 1);
}

static void test_no_validation_message(void **state)
{
    (void)state;
    int status = finish(&f.client, SIGTERM, SHORT_S);
    if (status != 0)
        fail_with_logs("the client's exit status is not 0 (3: the validation layers spoke)");
    assert_false(log_has("client.log", "vulkan_validation"));
    stop_server();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_register_by_typing),
        cmocka_unit_test(test_walk_is_seen_by_others),
        cmocka_unit_test(test_chat_reaches_others),
        cmocka_unit_test(test_resize_and_picture),
        cmocka_unit_test(test_unmapped_window_keeps_playing),
        cmocka_unit_test(test_offscreen_sees_the_others),
        cmocka_unit_test(test_server_restart_is_survived),
        cmocka_unit_test(test_no_validation_message),
    };
    if (!have("Xvfb") || !have("xdotool")) {
        printf("SKIPPED: Xvfb and xdotool are needed to play in a window\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
