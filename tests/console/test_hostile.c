/* test_hostile.c -- text that means harm, read back from a real terminal: nothing that a server,
 * a player's name or a line of its log says may steer the terminal, shift a column or turn the
 * direction of writing.
 *
 * Two servers: a lying one, whose answers hold what no player can be called; and the real daemon,
 * with the worst names and words that it accepts. What the console writes is read as it comes (tmux
 * pipes it to a file) and as it stands on the screen. */
#include "config.h"

#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../e2e/harness.h"
#include "common/compiler.h"
#include "common/text.h"
#include "tmux.h"

#define REDRAW_MS 2000 /* a screen is drawn within them, and then it stands */

#define MARKS_10 "\\u0301\\u0335\\u0301\\u0335\\u0301\\u0335\\u0301\\u0335\\u0301\\u0335"
#define WIDE_10  "\\u674e\\u5c0f\\u9f8d\\u738b\\u5927\\u674e\\u5c0f\\u9f8d\\u738b\\u5927"
#define LONG_64  "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr"
#define LONG_512 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64 LONG_64

/* As JSON writes them. */
static const char *const HOSTILE[] = {
    "\\u001b]0;owned\\u0007",                    /* the window's title */
    "\\u001b]52;c;b3duZWQ=\\u0007",              /* the clipboard */
    "\\u001b[2J\\u001b[Hgone",                   /* an empty screen */
    "\\u001b[?1049l\\u001b[31;5mleft",           /* the other screen, colours */
    "\\u001bP+q544e\\u001b\\\\dcs",              /* a device control string */
    "\\u009b31mred\\u009b0m",                    /* CSI in one byte */
    "\\u009d0;owned\\u009c",                     /* OSC in one byte */
    "\\u202egnp.exe",                            /* right to left from here on */
    "\\u2066one\\u2069\\u2067two\\u200f",        /* isolates and marks */
    "\\u0645\\u062d\\u0645\\u062f anna",         /* right to left by itself */
    "\\u05d0\\u05d1\\u05d2 123",                 /* Hebrew beside digits */
    "Z" MARKS_10 MARKS_10 MARKS_10 MARKS_10 "o", /* a tower of marks */
    MARKS_10 "first",                            /* marks on nothing */
    WIDE_10 WIDE_10 WIDE_10,                     /* wide, longer than the column */
    "x" WIDE_10 WIDE_10 WIDE_10,                 /* and out of step with it */
    "\\ud83d\\ude00\\u2764\\ufe0f\\ud83d\\udc69\\u200d\\ud83d\\udc67", /* faces, joined */
    "\\ud83c\\udde9\\ud83c\\uddea flag",                               /* a flag of two halves */
    "tab\\there\\nnew\\rback\\b\\u007f",                               /* C0 */
    "\\u200b\\u200c\\u2060\\ufeff\\u00adnothing",                      /* seen by nobody */
    "\\ue000\\u2028\\u2029\\u3164\\u115f\\u0378", /* private, lines, fillers, not assigned */
    "\\udb40\\udc61\\udb40\\udc62tag",            /* tags */
    "\\u0939\\u093f\\u0928\\u094d\\u0926\\u0940", /* Hindi: marks with a width */
    "\\u1100\\u1161\\u11a8\\uac00",               /* Hangul in pieces */
    "\\ud884\\udf50\\u4dd7 new",                  /* widths that not everybody knows */
    LONG_512,
};

static struct daemon openmmod;
static pid_t liar_pid;
static char title[256];

/* --- the lying server --- */

static char answer[(1 << 20) + 128];

static size_t players_json(char *out, size_t room_bytes)
{
    size_t n = (size_t)snprintf(out, room_bytes,
                                "{\"here\":%zu,\"matched\":%zu,\"offset\":0,\"players\":[",
                                ARRAY_N(HOSTILE), ARRAY_N(HOSTILE));

    for (size_t i = 0; i < ARRAY_N(HOSTILE); i++)
        n += (size_t)snprintf(
            out + n, room_bytes - n,
            "%s{\"name\":\"%s\",\"session\":\"%zu\",\"address\":\"192.0.2.%zu:7\",\"joined_ms\":1,"
            "\"rtt_us\":5000,\"in\":1,\"out\":2,\"x\":0.5,\"y\":0.5,\"z\":0.5}",
            i > 0 ? "," : "", HOSTILE[i], i + 1, i + 100);
    return n + (size_t)snprintf(out + n, room_bytes - n, "]}");
}

static size_t log_json(char *out, size_t room_bytes)
{
    size_t n = (size_t)snprintf(out, room_bytes, "{\"lost\":0,\"after\":99,\"lines\":[");

    for (size_t i = 0; i < ARRAY_N(HOSTILE); i++)
        n += (size_t)snprintf(
            out + n, room_bytes - n,
            "%s{\"sequence\":%zu,\"time_ms\":1795348951000,\"level\":\"info\",\"event\":\"x\","
            "\"line\":\"event=x name=\\\"%s\\\" end=%zu\"}",
            i > 0 ? "," : "", i + 1, HOSTILE[i], i + 100);
    return n + (size_t)snprintf(out + n, room_bytes - n, "]}");
}

static void status_json(char *out, size_t room_bytes)
{
    snprintf(out, room_bytes,
             "{\"name\":\"%s\",\"version\":\"1%s\",\"state\":\"serving\",\"now_ms\":1795348951000,"
             "\"tick\":{\"hz\":20,\"budget_us\":50000},\"players\":{\"here\":%zu,\"max\":100},"
             "\"store\":{\"driver\":\"%s\",\"ok\":true,\"error\":\"%s\"}}",
             HOSTILE[7], HOSTILE[0], ARRAY_N(HOSTILE), HOSTILE[5], HOSTILE[2]);
}

/* --- the same, with whatever was recorded, and harm in every word of it --- */

static json_t *answers, *notices; /* by method, by topic; NULL: none */

static json_t *poisoned(const json_t *value, const char *key)
{
    static unsigned next;
    const char *member;
    json_t *made, *item;
    char quoted[4096];
    size_t i;

    if (json_is_object(value)) {
        made = json_object();
        json_object_foreach((json_t *)value, member, item)
            json_object_set_new(made, member, poisoned(item, member));
        return made;
    }
    if (json_is_array(value)) {
        made = json_array();
        json_array_foreach((json_t *)value, i, item)
            json_array_append_new(made, poisoned(item, key));
        return made;
    }
    if (!json_is_string(value) || strcmp(key, "role") == 0 || strcmp(key, "state") == 0)
        return json_deep_copy(value);
    snprintf(quoted, sizeof(quoted), "[\"%s\"]", HOSTILE[next++ % ARRAY_N(HOSTILE)]);
    item = json_loads(quoted, JSON_ALLOW_NUL, NULL);
    assert_non_null(item);
    made = json_sprintf("%s%.24s", json_string_value(json_array_get(item, 0)),
                        json_string_value(value));
    json_decref(item);
    return made != NULL ? made : json_string("x"); /* cut within a character */
}

static void poison_recordings(void)
{
    glob_t recordings;
    char *line = NULL;
    size_t room = 0;

    answers = json_object();
    notices = json_object();
    assert_int_equal(glob(SOURCE_DIR "/replies/*.jsonl", 0, NULL, &recordings), 0);
    for (size_t i = 0; i < recordings.gl_pathc; i++) {
        FILE *in = fopen(recordings.gl_pathv[i], "r");

        assert_non_null(in);
        while (getline(&line, &room, in) > 0) {
            json_t *said = json_loads(line, 0, NULL);
            const char *method = json_string_value(json_object_get(said, "answer"));
            const char *topic = json_string_value(json_object_get(said, "notify"));

            if (method != NULL)
                json_object_set_new(answers, method, poisoned(json_object_get(said, "data"), ""));
            if (topic != NULL)
                json_object_set_new(notices, topic, poisoned(json_object_get(said, "params"), ""));
            json_decref(said);
        }
        fclose(in);
    }
    free(line);
    globfree(&recordings);
    assert_true(json_object_size(answers) > 10);
}

/* --- the same, with what dice say --- */

#define SEED 20261123

static bool fuzzing;
static uint32_t dice_state = SEED;

static uint32_t dice(uint32_t sides)
{
    dice_state = dice_state * 1664525 + 1013904223;
    return (dice_state >> 8) % sides;
}

/* One character, as UTF-8. */
static size_t put(char *at, uint32_t c)
{
    if (c < 0x80) {
        at[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        at[0] = (char)(0xc0 | c >> 6);
        at[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    at[0] = (char)(0xe0 | c >> 12);
    at[1] = (char)(0x80 | (c >> 6 & 0x3f));
    at[2] = (char)(0x80 | (c & 0x3f));
    return 3;
}

/* A sequence that begins as one does, and may go on and end as one. */
static size_t put_sequence(char *at)
{
    static const uint32_t BEGINS[] = {'[', ']', 'P', '_', '^', 'X', 'k', '(', ')', '#', '%', ' '};
    static const uint32_t C1[] = {0x9b, 0x9d, 0x90, 0x9e, 0x9f, 0x98, 0x84, 0x85, 0x8d, 0x8e, 0x8f};
    static const char INSIDE[] = "0123456789;:?>!=$\"' *+0;1;2;25;47;1049;52;c";
    size_t n = 0;

    if (dice(3) > 0) {
        n += put(at + n, 0x1b);
        n += put(at + n, dice(3) > 0 ? BEGINS[dice(ARRAY_N(BEGINS))] : '0' + dice(0x4e));
    } else {
        n += put(at + n, C1[dice(ARRAY_N(C1))]);
    }
    for (uint32_t i = dice(9); i > 0; i--)
        n += put(at + n, (uint32_t)INSIDE[dice(sizeof(INSIDE) - 1)]);
    if (dice(4) > 0)
        n += put(at + n, '@' + dice(0x3e));
    if (dice(4) == 0) { /* the string's end */
        static const uint32_t ENDS[] = {0x07, 0x9c, 0x18, 0x1a};

        n += dice(2) ? put(at + n, ENDS[dice(ARRAY_N(ENDS))])
                     : (put(at + n, 0x1b), put(at + n + 1, '\\'), 2);
    }
    return n;
}

/* What does its harm if it is taken whole. */
static size_t put_known(char *at)
{
    static const char *const KNOWN[] = {
        "\033[?1049l",
        "\033[?1003h",
        "\033[?2004h",
        "\033]0;fuzz\007",
        "\033]2;fuzz\033\\",
        "\033]52;c;ZnV6eg==\007",
        "\033[3J\033[2J",
        "\033[6n",
        "\033[c",
        "\033[>0q",
        "\033[21t",
        "\033P$q\"p\033\\",
        "\033[?5h",
        "\033[?25l",
        "\033[?6h",
        "\033[4h",
        "\033[5;10r",
        "\033(0",
        "\016",
        "\033[8;10;10t",
        "\033kfuzz\033\\",
        "\033[>4;1m",
        "\033c",
        "\033[!p",
        "\033[20h",
        "\033[?7l",
        "\033#8",
        "\033[31;44;5m",
        "\033[999C",
        "\033D\033M\033E",
        "\033]4;1;#fff\007",
    };

    return (size_t)sprintf(at, "%s", KNOWN[dice(ARRAY_N(KNOWN))]);
}

/* Of ranges whose widths terminals agree about. */
static size_t put_character(char *at)
{
    static const struct {
        uint32_t from, n;
    } RANGES[] = {{0x01, 0x1f},  {0x7f, 0x21},    {0x20, 0x5f},     {0xa1, 0x5e},
                  {0x300, 0x6f}, {0x391, 0x30},   {0x410, 0x40},    {0x5d0, 0x1b},
                  {0x621, 0x1a}, {0x200b, 5},     {0x202a, 5},      {0x2066, 4},
                  {0x2028, 2},   {0x3041, 0x50},  {0x4e00, 0x1000}, {0xac00, 0x1000},
                  {0xfeff, 1},   {0xe000, 0x100}, {0xfff9, 3}};
    size_t range = dice(ARRAY_N(RANGES));

    return put(at, RANGES[range].from + dice(RANGES[range].n));
}

static json_t *harm(void)
{
    char text[600];
    json_t *value;
    size_t n = 0;

    for (uint32_t pieces = 1 + dice(8); pieces > 0; pieces--) {
        uint32_t kind = dice(4);

        n += kind == 0   ? put_known(text + n)
             : kind == 1 ? put_character(text + n)
             : kind == 2 ? (size_t)sprintf(text + n, "word%u", dice(1000))
                         : put_sequence(text + n);
    }
    text[n] = '\0';
    value = json_string(text);
    assert_non_null(value);
    return value;
}

static json_t *harmful_players(void)
{
    json_t *players = json_array();

    for (int i = 0; i < 20; i++)
        json_array_append_new(
            players, json_pack("{s:o, s:o, s:o, s:i, s:i, s:i, s:i, s:f, s:f, s:f}", "name", harm(),
                               "session", json_sprintf("%d", i + 1), "address",
                               json_sprintf("192.0.2.%d:7", i + 100), "joined_ms", 1, "rtt_us",
                               5000, "in", 1, "out", 2, "x", 0.5, "y", 0.5, "z", 0.5));
    return json_pack("{s:i, s:i, s:i, s:o}", "here", 20, "matched", 20, "offset", 0, "players",
                     players);
}

static json_t *harmful_lines(void)
{
    static const char *const CHANNELS[] = {"global", "nearby", "server"};
    static unsigned sequence;
    json_t *lines = json_array();

    for (int i = 0; i < 8; i++)
        json_array_append_new(lines, json_pack("{s:o, s:I, s:s, s:o, s:o, s:s, s:s}", "sequence",
                                               json_sprintf("%u", ++sequence), "at_ms",
                                               (json_int_t)1795348951000, "channel",
                                               CHANNELS[dice(3)], "name", harm(), "text", harm(),
                                               "player", "5", "session", "6"));
    return json_pack("{s:o}", "lines", lines);
}

/* False: dice have no answer to that. */
static bool fuzzed(const char *method, char *out, size_t room_bytes)
{
    json_t *data = NULL;
    char *text;

    if (fuzzing && strcmp(method, "players.list") == 0)
        data = harmful_players();
    else if (fuzzing && strcmp(method, "chat.recent") == 0)
        data = harmful_lines();
    else if (fuzzing && strcmp(method, "rpc.discover") == 0)
        data = json_pack("{s:{s:o, s:s}, s:[]}", "you", "name", harm(), "role", "admin", "methods");
    if (data == NULL)
        return false;
    text = json_dumps(data, JSON_COMPACT);
    snprintf(out, room_bytes, "\"result\":%s", text);
    free(text);
    json_decref(data);
    return true;
}

static bool recorded(const char *method, char *out, size_t room_bytes)
{
    json_t *data = json_object_get(answers, method);
    char *text = data != NULL ? json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    if (text != NULL)
        snprintf(out, room_bytes, "\"result\":%s", text);
    free(text);
    return text != NULL;
}

/* What the method answers, as `"result":...` or `"error":...`. */
static void answer_to(const char *method, char *out, size_t room_bytes)
{
    size_t n = (size_t)snprintf(out, room_bytes, "\"result\":");

    if (recorded(method, out, room_bytes) || fuzzed(method, out, room_bytes))
        return;
    if (strcmp(method, "rpc.discover") == 0)
        snprintf(out + n, room_bytes - n,
                 "{\"you\":{\"name\":\"%s\",\"role\":\"%s\"},\"methods\":[]}", HOSTILE[5],
                 HOSTILE[3]);
    else if (strcmp(method, "server.status") == 0)
        status_json(out + n, room_bytes - n);
    else if (strcmp(method, "players.list") == 0)
        players_json(out + n, room_bytes - n);
    else if (strcmp(method, "log.tail") == 0)
        log_json(out + n, room_bytes - n);
    else if (strcmp(method, "players.kick") == 0)
        snprintf(out, room_bytes, "\"error\":{\"code\":-32000,\"message\":\"refused %s%s\"}",
                 HOSTILE[2], HOSTILE[7]);
    else if (strcmp(method, "server.save") == 0) /* a key, too, is only text */
        snprintf(out + n, room_bytes - n, "{\"key %s\":{\"inner %s\":\"%s\"},\"list\":[\"%s\"]}",
                 HOSTILE[0], HOSTILE[7], HOSTILE[2], HOSTILE[5]);
    else
        snprintf(out + n, room_bytes - n, "{\"subscription\":1}");
}

static void tell(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

/* One line; the console's requests are small and come whole. */
static void answer_line(int fd, const char *line)
{
    static char body[1 << 20];
    const char *id = strstr(line, "\"id\":"), *at = strstr(line, "\"method\":\"");
    char method[64];

    if (id == NULL || at == NULL || sscanf(at + 10, "%63[a-z.]", method) != 1)
        return;
    answer_to(method, body, sizeof(body));
    snprintf(answer, sizeof(answer), "{\"jsonrpc\":\"2.0\",\"id\":%d,%s}\n", atoi(id + 5), body);
    tell(fd, answer);
}

/* Of every topic that was recorded. */
static void notify(int fd)
{
    const char *topic;
    json_t *params;

    json_object_foreach(notices, topic, params)
    {
        char *text = json_dumps(params, JSON_COMPACT);

        snprintf(answer, sizeof(answer), "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":%s}\n",
                 topic, text);
        free(text);
        tell(fd, answer);
    }
}

/* Samples come, or the console calls the server silent. */
static void sample(int fd)
{
    char status[8192];

    if (fuzzing) {
        json_t *params =
            json_pack("{s:i, s:i, s:o}", "subscription", 1, "lost", 0, "data", harmful_lines());

        json_object_set_new(notices, "chat", params);
    }
    status_json(status, sizeof(status));
    snprintf(answer, sizeof(answer),
             "{\"jsonrpc\":\"2.0\",\"method\":\"metrics\",\"params\":{\"data\":%s}}\n", status);
    tell(fd, answer);
    notify(fd);
}

static _Noreturn void lie(int listener)
{
    struct pollfd fds[8] = {{listener, POLLIN, 0}};
    int n = 1;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        int ready = poll(fds, (nfds_t)n, 500);

        for (int i = 1; i < n; i++) {
            char lines[65536];
            ssize_t got;

            if (ready == 0)
                sample(fds[i].fd);
            if ((fds[i].revents & (POLLIN | POLLHUP)) == 0)
                continue;
            got = recv(fds[i].fd, lines, sizeof(lines) - 1, 0);
            if (got <= 0) {
                close(fds[i].fd);
                fds[i--] = fds[--n];
                continue;
            }
            lines[got] = '\0';
            for (char *line = strtok(lines, "\n"); line != NULL; line = strtok(NULL, "\n"))
                answer_line(fds[i].fd, line);
        }
        if ((fds[0].revents & POLLIN) != 0 && n < 8)
            fds[n++] = (struct pollfd){accept(listener, NULL, NULL), POLLIN, 0};
    }
}

static void start_liar(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s/liar", tmux_directory);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 8), 0);
    fflush(NULL);
    liar_pid = fork();
    assert_true(liar_pid >= 0);
    if (liar_pid == 0)
        lie(listener);
    close(listener);
    tmux_shell(address.sun_path);
}

/* --- what stands on the screen and what went there --- */

static const char *slurp_output(void)
{
    static char bytes[4 << 20];
    char path[96];
    ssize_t got = 1;
    size_t n = 0;
    int fd;

    snprintf(path, sizeof(path), "%s/output", tmux_directory);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    while (got > 0 && n < sizeof(bytes) - 1) {
        got = read(fd, bytes + n, sizeof(bytes) - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    bytes[n] = '\0';
    assert_int_equal(strlen(bytes), n);
    close(fd);
    return bytes;
}

/* Everything that was sent to the terminal: besides the control sequences that terminals of this
 * kind are drawn with there is only text that shows itself. */
static void output_is_clean(bool escapes_allowed)
{
    static char rest[4 << 20], sane[8 << 20];
    size_t n = 0;

    for (const char *at = slurp_output(); *at != '\0'; at++) {
        if (*at == '\033') {
            assert_true(escapes_allowed);
            at++;
            if (*at == '[') /* parameters, then the final byte */
                at += 1 + strspn(at + 1, "0123456789;?>!");
            else if (*at == '(' || *at == ')')
                at++;
            else if (strchr("=>78M", *at) == NULL)
                fail_msg("ESC %c went to the terminal", *at);
        } else if (strchr("\r\n\b\t\016\017", *at) == NULL) {
            rest[n++] = *at;
        }
    }
    text_sanitise(rest, n, sane, sizeof(sane));
    rest[n] = '\0';
    for (size_t i = 0; i < n; i++) {
        if (rest[i] != sane[i])
            fail_msg("this went to the terminal: %.*s, at byte %zu", 40, sane + i, i);
    }
}

/* in_console: which is shown, and has the mouse. While it draws, the console may scroll a region of
 * its own. */
static void terminal_is_untouched(bool in_console)
{
    uint64_t end_ms = tmux_now_ms() + REDRAW_MS;
    const char *flags;

    assert_string_equal(tmux_run(TMUX "display -p -t t '#{pane_title}'", tmux_directory), title);
    assert_string_equal(tmux_run(TMUX "list-buffers", tmux_directory), "");
    do {
        flags = tmux_run(TMUX "display -p -t t '#{insert_flag} #{origin_flag} #{mouse_any_flag} "
                              "#{wrap_flag} #{scroll_region_upper}'",
                         tmux_directory);
    } while (strcmp(flags + 7, " 0\n") != 0 && tmux_now_ms() < end_ms);
    assert_string_equal(flags, in_console ? "0 0 1 1 0\n" : "0 0 0 1 0\n");
}

/* The column where a text begins on a line of the screen; -1: it is not on the screen. */
static int column_of(const char *screen, const char *text)
{
    const char *at = strstr(screen, text), *line = at;
    char before[8192];

    if (at == NULL)
        return -1;
    while (line > screen && line[-1] != '\n')
        line--;
    snprintf(before, sizeof(before), "%.*s", (int)(at - line), line);
    return (int)text_columns(before);
}

/* Which of the players' addresses does not stand under the head; "": all do. *seen: how many are on
 * the screen. */
static const char *crooked(const char *screen, unsigned *seen)
{
    static char address[32];
    int head = column_of(screen, "ADDRESS");

    assert_true(head > 0);
    *seen = 0;
    for (size_t i = 0; i < ARRAY_N(HOSTILE); i++) {
        int column;

        snprintf(address, sizeof(address), "192.0.2.%zu:7", i + 100);
        column = column_of(screen, address);
        if (column >= 0 && column != head)
            return address;
        *seen += column >= 0;
    }
    return "";
}

/* Each player's address stands under its head, once the screen is drawn. Returns how many are on
 * it.
 */
static unsigned rows_are_straight(void)
{
    static char screen[65536];
    uint64_t end_ms = tmux_now_ms() + REDRAW_MS;
    unsigned seen;

    for (;;) {
        const char *address;

        snprintf(screen, sizeof(screen), "%s", tmux_screen(""));
        address = crooked(screen, &seen);
        if (address[0] == '\0')
            return seen;
        if (tmux_now_ms() > end_ms)
            fail_msg("%s does not stand below its head:\n%s", address, screen);
        tmux_rest();
    }
}

/* The right edge of the dialog is one line, from corner to corner. */
static void box_is_straight(const char *screen)
{
    const char *top = strstr(screen, "\u250c"), *corner = strstr(top, "\u2510");
    int edge = column_of(screen, "\u2510");
    unsigned rows = 0;

    assert_non_null(top);
    for (const char *line = strchr(corner, '\n') + 1; rows < 7; rows++) {
        char row[8192];
        char *last;

        snprintf(row, sizeof(row), "%.*s", (int)strcspn(line, "\n"), line);
        last = row + strlen(row);
        while (last > row && strncmp(last, "\u2502", 3) != 0)
            last--;
        *last = '\0';
        if ((int)text_columns(row) != edge)
            fail_msg("the edge of the dialog is broken:\n%s", screen);
        line = strchr(line, '\n') + 1;
    }
}

static void record(void)
{
    tmux_run(TMUX "pipe-pane -t t 'cat >>%s/output'", tmux_directory, tmux_directory);
    snprintf(title, sizeof(title), "%s",
             tmux_run(TMUX "display -p -t t '#{pane_title}'", tmux_directory));
}

/* --- tests --- */

static int setup(void **state)
{
    *state = (void *)tmux_missing();
    if (*state != NULL)
        return 0;
    strcpy(tmux_directory, "/tmp/openmmo-tmux-XXXXXX");
    return mkdtemp(tmux_directory) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    if (*state != NULL)
        return 0;
    tmux_run(TMUX "kill-server 2>&1", tmux_directory);
    if (liar_pid > 0) {
        kill(liar_pid, SIGKILL);
        waitpid(liar_pid, NULL, 0);
    }
    liar_pid = 0;
    json_decref(answers);
    json_decref(notices);
    answers = notices = NULL;
    if (openmmod.dir[0] != '\0')
        daemon_remove(&openmmod);
    tmux_run("rm -rf %s", tmux_directory);
    return 0;
}

static void every_screen_shows_it_and_obeys_nothing(void **state)
{
    static const struct {
        int columns, rows;
    } SIZES[] = {{80, 24}, {200, 60}, {60, 15}, {131, 33}};

    tmux_need(state);
    start_liar();
    record();
    tmux_console("");
    for (size_t i = 0; i < ARRAY_N(SIZES); i++) {
        size_t fit = (size_t)SIZES[i].rows - 5; /* players on a page */
        bool addresses = SIZES[i].columns >= 70;
        char seen[32];

        fit = fit < ARRAY_N(HOSTILE) ? fit : ARRAY_N(HOSTILE);
        tmux_run(TMUX "resize-window -t t -x %d -y %d", tmux_directory, SIZES[i].columns,
                 SIZES[i].rows);
        tmux_type("5");
        snprintf(seen, sizeof(seen), "end=%zu", ARRAY_N(HOSTILE) + 99);
        tmux_see(seen);
        tmux_type("2");
        tmux_see("HERE");
        tmux_see("u{001B}]0;owned");
        snprintf(seen, sizeof(seen), "192.0.2.%zu:7", fit + 99);
        if (addresses) {
            tmux_see(seen);
            assert_int_equal(rows_are_straight(), fit);
        }
        tmux_type("End");
        tmux_see("0123456789abcde"); /* the narrowest column cuts the name */
        if (addresses)
            assert_int_equal(rows_are_straight(), fit);
        tmux_type("Home");
        tmux_type("1");
        tmux_see("worst");
    }
    terminal_is_untouched(true);
    tmux_type("q");
    tmux_is_sane("left:0");
    output_is_clean(true);
}

/* All that was ever recorded of a server, with harm in each of its words: on every screen, on the
 * pages behind them, in their dialogs. */
static void every_page_shows_it_and_obeys_nothing(void **state)
{
    static const char *const SIZES[] = {"-x 80 -y 24", "-x 200 -y 60"};
    static const char SCREENS[] = "1234567890";

    tmux_need(state);
    poison_recordings();
    start_liar();
    record();
    tmux_begin("");
    tmux_see("1Over");
    for (size_t i = 0; i < ARRAY_N(SIZES); i++) {
        tmux_run(TMUX "resize-window -t t %s", tmux_directory, SIZES[i]);
        for (const char *key = SCREENS; *key != '\0'; key++) {
            static const char *const DEEDS[] = {"Enter", "Down Enter", "F9", "End"};
            char keys[8];

            snprintf(keys, sizeof(keys), "%c", *key);
            tmux_type(keys);
            for (size_t deed = 0; deed < ARRAY_N(DEEDS); deed++) {
                tmux_type(DEEDS[deed]);
                tmux_type("Escape");
                tmux_type("Escape");
                tmux_type(keys);
                tmux_type("?"); /* it is drawn, once the help is */
                tmux_see("Keys: ");
                tmux_type("Escape");
                tmux_see_no_more("Keys: ");
            }
        }
    }
    terminal_is_untouched(true);
    tmux_type("1");
    tmux_type("q");
    tmux_is_sane("left:0");
    output_is_clean(true);
}

/* Names and chat that dice make of sequences, on their screens: each look is at new ones. */
static void what_dice_say_is_not_obeyed(void **state)
{
    static const char *const SIZES[] = {"-x 80 -y 24", "-x 132 -y 43", "-x 70 -y 16"};

    tmux_need(state);
    fuzzing = true;
    notices = json_object();
    start_liar();
    fuzzing = false;
    record();
    tmux_begin("");
    tmux_see("1Over");
    for (unsigned round = 0; round < 18; round++) {
        uint64_t end_ms = tmux_now_ms() + 1100; /* a list and two samples */

        if (round % 6 == 0)
            tmux_run(TMUX "resize-window -t t %s", tmux_directory, SIZES[round / 6]);
        tmux_type(round % 2 == 0 ? "2" : "4");
        tmux_see(round % 2 == 0 ? "192.0.2.105:7" : "following");
        while (tmux_now_ms() < end_ms) {
            if (round % 2 == 0)
                assert_true(rows_are_straight() > 5);
            terminal_is_untouched(true);
            tmux_rest();
        }
    }
    tmux_type("1");
    tmux_type("q");
    tmux_is_sane("left:0");
    output_is_clean(true);
}

static void dialogs_hold_together(void **state)
{
    tmux_need(state);
    start_liar();
    record();
    tmux_console("");
    tmux_type("2");
    tmux_see("192.0.2.100:7"); /* the list is there; the name alone stands in the header, too */
    for (size_t i = 0; i < ARRAY_N(HOSTILE); i++) {
        char from[48];

        tmux_type("K");
        tmux_see("[ No ]");
        snprintf(from, sizeof(from), "192.0.2.%zu:7", i + 100);
        tmux_see(from);
        box_is_straight(tmux_screen(""));
        tmux_type("Escape");
        tmux_see_no_more("[ No ]");
        tmux_type("Down");
    }
    tmux_type("K");
    tmux_see("[ No ]");
    tmux_type("y");
    tmux_see("refused");
    terminal_is_untouched(true);
    tmux_type("q");
    tmux_is_sane("left:0");
    output_is_clean(true);
}

/* exec's text on a terminal: there is no escape sequence at all, its own ones included. */
static void exec_prints_it_harmlessly(void **state)
{
    static const char *const METHODS[] = {"players.list", "server.status", "log.tail",
                                          "players.kick", "server.save",   "rpc.discover"};

    tmux_need(state);
    start_liar();
    tmux_run(TMUX "resize-window -t t -x 200 -y 60", tmux_directory);
    record();
    for (size_t i = 0; i < ARRAY_N(METHODS); i++) {
        for (int json = 0; json < 2; json++) {
            char keys[1024], left[32];

            snprintf(keys, sizeof(keys), "'%s exec %s %s; echo left$((%zu+%d))' Enter",
                     tmux_console_path, METHODS[i], json ? "--json" : "", 2 * i, json);
            tmux_type(keys);
            snprintf(left, sizeof(left), "left%zu", 2 * i + (size_t)json);
            tmux_see(left);
        }
    }
    terminal_is_untouched(false);
    assert_non_null(strstr(slurp_output(), "\\u{001B}[2J\\u{001B}[Hgone"));
    output_is_clean(false);
}

/* The worst that the real server takes for a name or an announcement. */
static void what_the_server_accepts_is_harmless_too(void **state)
{
    static const char *const NAMES[] = {
        "\u0645\u062d\u0645\u062f",
        "\u05d0\u05d1\u05d2 12",
        "q\u0301\u0302\u0303q\u0301\u0302\u0303q\u0301\u0302\u0303",
        "\u674e\u5c0f\u9f8d\u738b\u5927\u674e\u5c0f\u9f8d\u738b\u5927\u674e\u5c0f\u9f8d\u738b\u5927"
        "\u674e\u5c0f\u9f8d\u738b\u5927",
        "\u0939\u093f\u0928\u094d\u0926\u0940",
        "\u0e17\u0e35\u0e48\u0e19\u0e35\u0e48",
        "x.-_ y z",
        "\U00031350\U00031351\U00031352"};
    struct party *party;
    char command[4096], marks[420] = "o";
    int head;

    tmux_need(state);
    daemon_make(&openmmod, NULL);
    daemon_start(&openmmod, NULL);
    party = party_new();
    for (size_t i = 0; i < ARRAY_N(NAMES); i++)
        player_new_account(party, &openmmod, NAMES[i]);
    tmux_shell(openmmod.admin_path);
    record();
    for (int i = 0; i < 200; i++)
        strcat(marks, "\u0301");
    snprintf(command, sizeof(command),
             "%s --socket %s exec announce 'text=\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7 %s "
             "end' 2>&1",
             tmux_console_path, openmmod.admin_path, marks);
    assert_non_null(strstr(tmux_run("%s", command), "players"));
    tmux_console("");
    tmux_type("2");
    for (size_t i = 0; i < ARRAY_N(NAMES); i++) {
        char start[16]; /* the column may end before the name does */

        snprintf(start, sizeof(start), "%.6s", NAMES[i]);
        if (i + 1 == ARRAY_N(NAMES)) /* what the C library has not heard of */
            strcpy(start, "??????");
        tmux_see(start);
    }
    tmux_see("127.0.0.1:");
    head = column_of(tmux_screen(""), "ADDRESS");
    for (const char *line = strchr(tmux_screen(""), '\n'); line != NULL;
         line = strchr(line + 1, '\n')) {
        char row[1024];

        snprintf(row, sizeof(row), "%.*s", (int)strcspn(line + 1, "\n"), line + 1);
        if (strstr(row, "127.0.0.1:") != NULL)
            assert_int_equal(column_of(row, "127.0.0.1:"), head);
    }
    tmux_type("5");
    tmux_see("method=announce");
    tmux_see("end");
    terminal_is_untouched(true);
    tmux_type("q");
    tmux_is_sane("left:0");
    output_is_clean(true);
    party_free(party);
    assert_int_equal(daemon_terminate(&openmmod), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define IN_TMUX(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        IN_TMUX(every_screen_shows_it_and_obeys_nothing),
        IN_TMUX(every_page_shows_it_and_obeys_nothing),
        IN_TMUX(what_dice_say_is_not_obeyed),
        IN_TMUX(dialogs_hold_together),
        IN_TMUX(exec_prints_it_harmlessly),
        IN_TMUX(what_the_server_accepts_is_harmless_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
