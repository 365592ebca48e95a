/* web_load.c -- players of the web: Socket.IO over plain WebSockets, as many as one core can be,
 * against our server or another that speaks the same events (doc/contract.md).
 *
 *   bench/web_load --port P [--host H] [--players N] [--seconds S] [--at-once N] [--stand |
 * --enter]
 *
 * They come in (so many at once: 32), then each says where it is ten times a second, at times set
 * beforehand: what the others get is timed from when a move was due, not from when it went out (no
 * coordinated omission). Each walks a path that does not come back within its last 64 moves, so
 * that a move is known again by its place, and nothing is added to the wire. Every frame of every
 * player is taken apart. --stand: they do not join, and do nothing, for the memory of a connection.
 * --enter: once all are in it is over.
 * Prints one JSON object as bench/peers' load generators do, and says "N of M are in" on stderr.
 * Exit status: 0, 1 with a sentence, 2 wrong usage. */
#include <config.h> /* first: it opens up the system headers */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bots/histogram.h"

#define MOVE_US     100000
#define ENTER_US    20000000
#define SETTLE_US   1000000
#define DRAIN_US    2000000
#define PATH        64          /* places of a player that are told apart; a power of two */
#define UNITS       64          /* of a place, a metre */
#define STRIDE      16          /* units in one move at most: 2.5 m/s */
#define REACH       (8 * UNITS) /* how far from home */
#define APART       3           /* units in x or in z between two of the places */
#define SID_MAX     32
#define ROOM_FIRST  4096
#define ROOM_MAX    (4u << 20)
#define EVENTS_MAX  256
#define PLAYERS_MAX 20000

enum stage { CONNECTING, UPGRADING, OPENING, JOINING, IN, LOST };

struct place {
    int32_t x, z; /* units */
    uint64_t due_us;
};

struct player {
    int fd;
    enum stage stage;
    bool joined;
    char sid[SID_MAX];
    unsigned char *room; /* what of the stream is not taken apart yet */
    size_t n, room_bytes;
    struct place home, path[PATH];
    uint32_t moves; /* ever: the newest is path[(moves - 1) % PATH] */
    uint64_t due_us;
};

struct load {
    const char *host;
    unsigned port, players_n, seconds, at_once;
    bool stand, enter;
    int epoll;
    struct player *players;
    uint32_t *seen; /* [receiver * players_n + mover]: how many of the mover's moves, or later ones,
                       came */
    uint32_t *by_sid; /* open addressing: player + 1 */
    uint32_t sids_mask;
    unsigned joined, lost, entering, next;
    uint64_t begin_us, end_us; /* moves due in between count */
    uint64_t moves, delivered, strange, bytes_in;
    struct histogram latency;
};

static void die(const char *what)
{
    fprintf(stderr, "bench/web_load: %s: %s\n", what, errno ? strerror(errno) : "refused");
    exit(1);
}

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint64_t cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* ---- who is who ---- */

static uint32_t sid_hash(const char *sid, size_t n)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)sid[i]) * 16777619u;
    return hash;
}

static void sid_note(struct load *load, uint32_t player)
{
    const char *sid = load->players[player].sid;
    uint32_t at = sid_hash(sid, strlen(sid)) & load->sids_mask;
    while (load->by_sid[at] != 0)
        at = (at + 1) & load->sids_mask;
    load->by_sid[at] = player + 1;
}

/* -1: none of ours. */
static int64_t sid_find(const struct load *load, const char *sid, size_t n)
{
    uint32_t at = sid_hash(sid, n) & load->sids_mask;
    for (; load->by_sid[at] != 0; at = (at + 1) & load->sids_mask) {
        const char *of = load->players[load->by_sid[at] - 1].sid;
        if (strncmp(of, sid, n) == 0 && of[n] == '\0')
            return load->by_sid[at] - 1;
    }
    return -1;
}

/* ---- out ---- */

static void lose(struct load *load, struct player *player)
{
    if (player->stage == LOST)
        return;
    if (!player->joined)
        load->entering--;
    load->lost++;
    player->stage = LOST;
    close(player->fd);
    player->fd = -1;
    free(player->room);
    player->room = NULL;
}

static void send_bytes(struct load *load, struct player *player, const void *bytes, size_t n)
{
    if (player->stage != LOST && send(player->fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n)
        lose(load, player); /* a few bytes do not fit: he is not read any more */
}

/* One text frame; its mask is zeros, which is legal and costs nothing. */
static void send_text(struct load *load, struct player *player, const char *text)
{
    unsigned char frame[512];
    size_t n = strlen(text), at = 2;
    frame[0] = 0x81;
    frame[1] = (unsigned char)(0x80 | (n > 125 ? 126 : n));
    if (n > 125) {
        frame[at++] = (unsigned char)(n >> 8);
        frame[at++] = (unsigned char)n;
    }
    memset(frame + at, 0, 4);
    memcpy(frame + at + 4, text, n);
    send_bytes(load, player, frame, at + 4 + n);
}

/* ---- paths ---- */

static bool place_is_new(const struct player *player, int32_t x, int32_t z)
{
    uint32_t n = player->moves < PATH ? player->moves : PATH;
    for (uint32_t i = 0; i < n; i++) {
        if (abs(player->path[i].x - x) < APART && abs(player->path[i].z - z) < APART)
            return false;
    }
    return abs(x - player->home.x) <= REACH && abs(z - player->home.z) <= REACH;
}

static void walk_on(struct player *player, uint64_t due_us)
{
    struct place from = player->moves ? player->path[(player->moves - 1) % PATH] : player->home;
    int32_t x, z;
    do {
        x = from.x + (int32_t)(random() % (2 * STRIDE + 1)) - STRIDE;
        z = from.z + (int32_t)(random() % (2 * STRIDE + 1)) - STRIDE;
    } while (!place_is_new(player, x, z));
    player->path[player->moves++ % PATH] = (struct place){x, z, due_us};
}

static void move(struct load *load, struct player *player)
{
    char text[96];
    const struct place *place;
    walk_on(player, player->due_us);
    place = &player->path[(player->moves - 1) % PATH];
    if (player->due_us >= load->begin_us && player->due_us < load->end_us)
        load->moves++;
    snprintf(text, sizeof text, "42[\"player:move\",{\"x\":%.6g,\"y\":0,\"z\":%.6g}]",
             (double)place->x / UNITS, (double)place->z / UNITS);
    send_text(load, player, text);
    player->due_us += MOVE_US;
}

/* ---- in ---- */

/* NULL: it is not there. */
static const char *behind(const char *text, const char *end, const char *name)
{
    size_t n = strlen(name);
    const char *at = memmem(text, (size_t)(end - text), name, n);
    return at != NULL ? at + n : NULL;
}

/* The number behind a name, in units; moves *text behind it. False: it is not there. */
static bool number_after(const char **text, const char *end, const char *name, int32_t *units)
{
    const char *at = behind(*text, end, name);
    int64_t whole = 0, part = 0, scale = 1;
    bool minus;
    if (at == NULL)
        return false;
    minus = at < end && *at == '-';
    at += minus;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        whole = whole * 10 + (*at - '0');
    if (at < end && *at == '.') {
        for (at++; at < end && *at >= '0' && *at <= '9'; at++) {
            if (scale < 1000000000) {
                part = part * 10 + (*at - '0');
                scale *= 10;
            }
        }
    }
    whole = whole * UNITS + (2 * part * UNITS + scale) / (2 * scale);
    *units = (int32_t)(minus ? -whole : whole);
    *text = at;
    return true;
}

/* One of the mover's places came to the receiver: it and all before it are delivered or replaced.
 */
static void got(struct load *load, uint32_t receiver, uint32_t mover, struct place place)
{
    const struct player *of = &load->players[mover];
    uint32_t *seen = &load->seen[(size_t)receiver * load->players_n + mover];
    uint32_t least = of->moves > PATH ? of->moves - PATH : 0, found = of->moves;
    if (least < *seen)
        least = *seen;
    for (; found > least; found--) {
        const struct place *known = &of->path[(found - 1) % PATH];
        if (abs(known->x - place.x) <= 1 && abs(known->z - place.z) <= 1)
            break;
    }
    if (found <= least) /* on the way, known already, or too old */
        return;
    for (uint32_t at = least; at < found; at++) {
        uint64_t due_us = of->path[at % PATH].due_us;
        if (due_us < load->begin_us || due_us >= load->end_us)
            continue;
        load->delivered++;
        if (at + 1 == found)
            histogram_add(&load->latency, place.due_us - due_us);
    }
    *seen = found;
}

static void moved(struct load *load, struct player *player, const char *text, const char *end)
{
    const char *id = behind(text, end, "\"id\":\"");
    const char *quote = id != NULL ? memchr(id, '"', (size_t)(end - id)) : NULL;
    struct place place = {.due_us = now_us()};
    int64_t mover = quote != NULL ? sid_find(load, id, (size_t)(quote - id)) : -1;
    if (mover < 0 || !number_after(&quote, end, "\"x\":", &place.x) ||
        !number_after(&quote, end, "\"z\":", &place.z))
        load->strange++;
    else
        got(load, (uint32_t)(player - load->players), (uint32_t)mover, place);
}

static void connected(struct load *load, struct player *player, const char *text, const char *end)
{
    const char *sid = behind(text, end, "\"sid\":\"");
    const char *quote = sid != NULL ? memchr(sid, '"', (size_t)(end - sid)) : NULL;
    char join[160];
    if (quote == NULL || quote - sid >= SID_MAX) {
        lose(load, player);
        return;
    }
    memcpy(player->sid, sid, (size_t)(quote - sid));
    sid_note(load, (uint32_t)(player - load->players));
    snprintf(
        join, sizeof join,
        "42[\"player:join\",{\"username\":\"web%u\",\"position\":{\"x\":%.6g,\"y\":0,\"z\":%.6g}}]",
        (unsigned)(player - load->players), (double)player->home.x / UNITS,
        (double)player->home.z / UNITS);
    player->stage = JOINING;
    send_text(load, player, join);
}

static void come_in(struct load *load, struct player *player)
{
    if (player->joined)
        return;
    player->joined = true;
    player->stage = IN;
    load->joined++;
    load->entering--;
}

static void take_text(struct load *load, struct player *player, const char *text, size_t n)
{
    static const char MOVED[] = "42[\"player:moved\"", STATE[] = "42[\"game:state\"";
    const char *end = text + n;
    if (n >= sizeof MOVED - 1 && memcmp(text, MOVED, sizeof MOVED - 1) == 0)
        moved(load, player, text, end);
    else if (n >= sizeof STATE - 1 && memcmp(text, STATE, sizeof STATE - 1) == 0)
        come_in(load, player);
    else if (n >= 1 && text[0] == '0' && load->stand)
        come_in(load, player);
    else if (n >= 1 && text[0] == '0')
        send_text(load, player, "40"); /* open: into the namespace */
    else if (n >= 1 && text[0] == '2')
        send_text(load, player, "3"); /* ping */
    else if (n >= 2 && text[0] == '4' && text[1] == '0' && !player->joined)
        connected(load, player, text, end);
    else if (n >= 2 && text[0] == '4' && text[1] == '4')
        lose(load, player); /* connect_error */
}

/* The whole frames at the front; returns how many bytes they are. */
static size_t take_frames(struct load *load, struct player *player)
{
    size_t at = 0;
    while (player->stage != LOST && player->n - at >= 2) {
        const unsigned char *frame = player->room + at;
        uint64_t length = frame[1] & 0x7f, head = 2;
        if (length == 126)
            head = 4;
        else if (length == 127)
            head = 10;
        if (player->n - at < head)
            break;
        if (head > 2)
            length = 0;
        for (uint64_t i = 2; i < head; i++)
            length = length << 8 | frame[i];
        if (player->n - at - head < length)
            break;
        if ((frame[0] & 0x0f) == 1)
            take_text(load, player, (const char *)frame + head, length);
        else if ((frame[0] & 0x0f) == 8)
            lose(load, player);
        at += head + length;
    }
    return at;
}

static size_t take_answer(struct load *load, struct player *player)
{
    unsigned char *end = memmem(player->room, player->n, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    if (memcmp(player->room, "HTTP/1.1 101", 12) != 0) {
        lose(load, player);
        return 0;
    }
    player->stage = OPENING;
    return (size_t)(end + 4 - player->room);
}

static void take(struct load *load, struct player *player)
{
    size_t taken = player->stage == UPGRADING ? take_answer(load, player) : 0;
    if (player->stage > UPGRADING && player->stage != LOST) {
        if (taken > 0)
            memmove(player->room, player->room + taken, player->n -= taken);
        taken = take_frames(load, player);
    }
    if (player->stage != LOST && taken > 0)
        memmove(player->room, player->room + taken, player->n -= taken);
}

static void receive(struct load *load, struct player *player)
{
    ssize_t got_n;
    if (player->n == player->room_bytes) {
        size_t more = player->room_bytes ? 2 * player->room_bytes : ROOM_FIRST;
        unsigned char *room = more <= ROOM_MAX ? realloc(player->room, more) : NULL;
        if (room == NULL) {
            lose(load, player);
            return;
        }
        player->room = room;
        player->room_bytes = more;
    }
    got_n = recv(player->fd, player->room + player->n, player->room_bytes - player->n, 0);
    if (got_n > 0) {
        player->n += (size_t)got_n;
        load->bytes_in += (uint64_t)got_n;
        take(load, player);
    } else if (got_n == 0 || (errno != EAGAIN && errno != EINTR)) {
        lose(load, player);
    }
}

/* ---- coming in ---- */

static void call(struct load *load, struct player *player)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)load->port)};
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = player};
    int one = 1;
    if (inet_pton(AF_INET, load->host, &address.sin_addr) != 1)
        die(load->host);
    player->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (player->fd < 0)
        die("socket");
    setsockopt(player->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    load->entering++;
    if (connect(player->fd, (struct sockaddr *)&address, sizeof address) < 0 &&
        errno != EINPROGRESS)
        lose(load, player);
    else if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, player->fd, &event) < 0)
        die("epoll");
}

static void upgrade(struct load *load, struct player *player)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = player};
    char head[300];
    int n = snprintf(head, sizeof head,
                     "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %s:%u\r\n"
                     "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: b3Blbm1tby0tYmVuY2gtLQ==\r\n\r\n",
                     load->host, load->port);
    if (epoll_ctl(load->epoll, EPOLL_CTL_MOD, player->fd, &event) < 0)
        die("epoll");
    player->stage = UPGRADING;
    send_bytes(load, player, head, (size_t)n);
}

/* What came, waiting for it at most so long. */
static void look(struct load *load, int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(load->epoll, events, EVENTS_MAX, wait_ms);
    for (int i = 0; i < n; i++) {
        struct player *player = events[i].data.ptr;
        if (player->stage == LOST)
            continue;
        if (player->stage == CONNECTING)
            upgrade(load, player);
        else
            receive(load, player);
    }
}

/* Returns how long it took, in us. */
static uint64_t enter(struct load *load)
{
    uint64_t began_us = now_us();
    unsigned wide = (unsigned)ceil(sqrt(load->players_n));
    while (load->joined + load->lost < load->players_n && now_us() - began_us < ENTER_US) {
        while (load->next < load->players_n && load->entering < load->at_once) {
            struct player *player = &load->players[load->next];
            player->home.x = (int32_t)(load->next % wide) * (UNITS / 2);
            player->home.z = (int32_t)(load->next / wide) * (UNITS / 2);
            load->next++;
            call(load, player);
        }
        look(load, 10);
    }
    fprintf(stderr, "load: %u of %u are in\n", load->joined, load->players_n);
    return now_us() - began_us;
}

static void begin(struct load *load)
{
    uint64_t from_us = now_us() + 300000;
    load->begin_us = from_us + SETTLE_US;
    load->end_us = load->begin_us + (uint64_t)load->seconds * 1000000;
    for (unsigned i = 0; i < load->players_n; i++)
        load->players[i].due_us = from_us + (uint64_t)random() % MOVE_US;
}

static void go_on(struct load *load, uint64_t until_us)
{
    for (uint64_t at_us = now_us(); at_us < until_us; at_us = now_us()) {
        for (unsigned i = 0; !load->stand && i < load->players_n; i++) {
            struct player *player = &load->players[i];
            while (player->stage == IN && player->due_us <= at_us && player->due_us < load->end_us)
                move(load, player);
        }
        look(load, 1);
    }
}

static void report_entering(const struct load *load, uint64_t entering_us)
{
    printf("{\n \"players\": %u, \"joined\": %u, \"lost\": %u, \"joins_s\": %.0f, \"strange\": "
           "%llu,\n",
           load->players_n, load->joined, load->lost, load->joined * 1e6 / (double)entering_us,
           (unsigned long long)load->strange);
}

static void report(const struct load *load, double seconds, uint64_t spent_us, uint64_t bytes)
{
    uint64_t expected = load->moves * (load->players_n - 1);
    printf(" \"measured\": {\"seconds\": %.3f, \"cpu_percent\": %.1f, \"moves\": %llu,\n"
           "  \"latency_ms\": {\"p50\": %.1f, \"p99\": %.1f, \"p999\": %.1f},\n"
           "  \"deliveries_s\": %.0f, \"ratio\": %.5f, \"wire_bytes_in_s\": %.0f}\n}\n",
           seconds, (double)spent_us / 1e4 / seconds, (unsigned long long)load->moves,
           (double)histogram_quantile_us(&load->latency, 0.5) / 1e3,
           (double)histogram_quantile_us(&load->latency, 0.99) / 1e3,
           (double)histogram_quantile_us(&load->latency, 0.999) / 1e3,
           (double)load->delivered / seconds,
           expected ? (double)load->delivered / (double)expected : 1,
           (double)bytes / seconds / load->players_n);
}

static unsigned number(const char *text, unsigned most)
{
    char *end;
    unsigned long found = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || found == 0 || found > most) {
        fprintf(stderr, "bench/web_load: %s: not a number from 1 to %u\n", text, most);
        exit(2);
    }
    return (unsigned)found;
}

static void parse(struct load *load, int argc, char **argv)
{
    static const struct option OPTIONS[] = {
        {"host", required_argument, NULL, 'h'},    {"port", required_argument, NULL, 'p'},
        {"players", required_argument, NULL, 'n'}, {"seconds", required_argument, NULL, 's'},
        {"stand", no_argument, NULL, 'i'},         {"enter", no_argument, NULL, 'e'},
        {"at-once", required_argument, NULL, 'a'}, {0}};
    int option;
    while ((option = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        switch (option) {
        case 'h':
            load->host = optarg;
            break;
        case 'p':
            load->port = number(optarg, 65535);
            break;
        case 'n':
            load->players_n = number(optarg, PLAYERS_MAX);
            break;
        case 's':
            load->seconds = number(optarg, 3600);
            break;
        case 'i':
            load->stand = true;
            break;
        case 'e':
            load->enter = true;
            break;
        case 'a':
            load->at_once = number(optarg, PLAYERS_MAX);
            break;
        default:
            exit(2);
        }
    }
    if (load->port == 0 || optind < argc) {
        fprintf(
            stderr,
            "usage: bench/web_load --port P [--host H] [--players N] [--seconds S] [--at-once N] "
            "[--stand | --enter]\n");
        exit(2);
    }
}

static void prepare(struct load *load)
{
    size_t pairs = (size_t)load->players_n * load->players_n;
    for (load->sids_mask = 64; load->sids_mask < 4 * load->players_n;)
        load->sids_mask *= 2;
    load->by_sid = calloc(load->sids_mask--, sizeof *load->by_sid);
    load->players = calloc(load->players_n, sizeof *load->players);
    load->seen = load->stand ? NULL : calloc(pairs, sizeof *load->seen);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!load->by_sid || !load->players || (!load->stand && !load->seen) || load->epoll < 0)
        die("set up");
}

static void release(struct load *load)
{
    for (unsigned i = 0; i < load->players_n; i++) {
        if (load->players[i].fd > 0)
            close(load->players[i].fd);
        free(load->players[i].room);
    }
    close(load->epoll);
    free(load->players);
    free(load->seen);
    free(load->by_sid);
}

int main(int argc, char **argv)
{
    static struct load load = {.host = "127.0.0.1", .players_n = 20, .seconds = 10, .at_once = 32};
    uint64_t entering_us, spent_us, bytes, from_us;
    double seconds;

    parse(&load, argc, argv);
    prepare(&load);
    signal(SIGPIPE, SIG_IGN);
    spent_us = cpu_us();
    entering_us = enter(&load);
    report_entering(&load, entering_us);
    if (load.enter) {
        printf(" \"load_percent\": %.1f\n}\n",
               100 * (double)(cpu_us() - spent_us) / (double)entering_us);
        release(&load);
        return 0;
    }
    begin(&load);
    go_on(&load, load.begin_us);
    from_us = now_us();
    spent_us = cpu_us();
    bytes = load.bytes_in;
    go_on(&load, load.end_us);
    seconds = (double)(now_us() - from_us) / 1e6;
    spent_us = cpu_us() - spent_us;
    bytes = load.bytes_in - bytes;
    for (uint64_t until_us = now_us() + DRAIN_US;
         now_us() < until_us && load.delivered < load.moves * (load.players_n - 1);)
        look(&load, 20);
    report(&load, seconds, spent_us, bytes);
    release(&load);
    return 0;
}
