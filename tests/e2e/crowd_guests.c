/* crowd_guests.c -- see crowd.h: those who misbehave, each in a process of its own so that its work
 * is not the witnesses'. */
#include "config.h"

#include "crowd.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLOOD_EACH_MS 10
#define FLOOD_EACH_N  10 /* a thousand a second */
#define VANISH_MS     20
#define STAGES        6

pid_t crowd_invite(const char *kind)
{
    char port[8];
    pid_t guest;

    snprintf(port, sizeof port, "%u", server.port);
    fflush(NULL);
    guest = fork();
    assert_true(guest >= 0);
    if (guest > 0)
        return guest;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl("/proc/self/exe", "test_crowd", kind, port, (char *)NULL);
    _exit(127);
}

void crowd_send_home(pid_t guest)
{
    int status = 0;

    kill(guest, SIGTERM);
    assert_int_equal(waitpid(guest, &status, 0), guest);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM)
        fail_msg("a guest went by himself: status %d", status);
}

/* Until the condition, or for that long at most. */
#define PUMP_UNTIL(ms, condition)                                                                  \
    for (uint64_t until_ms_ = now_ms() + (ms); !(condition) && now_ms() < until_ms_;)              \
    party_pump(party, 2)

/* Into the world by this name, new or known. NULL: not this time. */
static struct player *come_in(const struct daemon *daemon, const char *name, bool known)
{
    struct player *player = player_connect(party, daemon);

    PUMP_UNTIL(DEADLINE_MS, player->greeted || player->gone);
    if (player->greeted && !player->gone) {
        if (known)
            player_login(player, name, PASSWORD);
        else
            player_register(player, name, PASSWORD);
        PUMP_UNTIL(DEADLINE_MS, player->welcomed || player->gone || player->notices_n > 0);
    }
    if (player->welcomed && !player->gone)
        return player;
    player_leave(player);
    return NULL;
}

/* What the link has no room for is not sent. */
static void flood_once(struct player *player, unsigned n)
{
    struct protocol_move move = {
        .heading = (uint16_t)(n * 601), .flags = MOVEMENT_WALK | MOVEMENT_RUN, .substeps = 1};
    struct protocol_chat chat = {.channel = PROTOCOL_CHANNEL_GLOBAL, .text = wire_text_of("me!")};
    struct wire_writer w;

    if (link_send_begin(player->link, PROTOCOL_FRAME_MAX_BEFORE_LOGIN, &w) < 0)
        return;
    move.seq = ++player->seq;
    if (n % FLOOD_EACH_N == 0)
        protocol_encode_chat(&w, &chat);
    else
        protocol_encode_move(&w, &move);
    link_send_commit(player->link, &w);
}

static void flood(const struct daemon *daemon)
{
    struct player *player = NULL;
    uint64_t next_ms = now_ms();
    char name[24];

    snprintf(name, sizeof name, "flood%d", (int)getpid());
    for (bool known = false;; known = true) {
        while (player == NULL)
            player = come_in(daemon, name, known);
        for (next_ms = now_ms(); !player->gone; next_ms += FLOOD_EACH_MS) {
            for (unsigned n = 0; n < FLOOD_EACH_N; n++)
                flood_once(player, n);
            do
                party_pump(party, 2);
            while (now_ms() < next_ms && !player->gone);
        }
        player_leave(player); /* put out, and back again */
        player = NULL;
    }
}

/* Close with a reset, if so wanted, where another would say goodbye. */
static void leave(struct player *player, bool reset)
{
    static const struct linger now = {1, 0};

    if (reset && link_fd(player->link) >= 0)
        setsockopt(link_fd(player->link), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    player_leave(player);
}

/* Without TLS, or with the beginning of its hello. */
static void vanish_raw(const struct daemon *daemon, bool hello)
{
    static const uint8_t half[] = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};
    int fd = raw_connect(daemon);

    if (hello)
        (void)!send(fd, half, sizeof half, MSG_NOSIGNAL);
    party_pump(party, 1);
    close(fd);
}

static void vanish_once(const struct daemon *daemon, unsigned n)
{
    static bool known[4];
    unsigned stage = n % STAGES, round = n / STAGES, who = round % 4;
    struct player *player;
    char name[24];

    snprintf(name, sizeof name, "ghost%u", who);
    if (stage < 2) {
        vanish_raw(daemon, stage == 1);
        return;
    }
    if (stage == 5) {
        player = come_in(daemon, name, known[who]);
        known[who] = true; /* also where it was made and the answer not waited for */
        if (player != NULL)
            leave(player, round % 2 != 0);
        return;
    }
    player = player_connect(party, daemon);
    player->mute = stage == 2;
    PUMP_UNTIL(DEADLINE_MS,
               player->gone || player->greeted || (player->state == LINK_OPEN && stage == 2));
    if (stage == 4 && !player->gone) {
        player_login(player, name, PASSWORD);
        for (unsigned i = 0; i < round % 4; i++) /* at one moment or another of it */
            party_pump(party, 1);
    }
    leave(player, round % 2 != 0);
}

static void vanish(const struct daemon *daemon)
{
    uint64_t next_ms = now_ms();

    for (unsigned n = 0;; n++, next_ms += VANISH_MS) {
        vanish_once(daemon, n);
        while (now_ms() < next_ms)
            party_pump(party, 2);
        if (now_ms() > next_ms + 1000)
            next_ms = now_ms(); /* no burst after a pause */
    }
}

void crowd_guest(const char *kind, uint16_t port)
{
    struct daemon daemon = {.port = port};

    party = party_new();
    if (strcmp(kind, "flood") == 0)
        flood(&daemon);
    else if (strcmp(kind, "vanish") == 0)
        vanish(&daemon);
    exit(2);
}
