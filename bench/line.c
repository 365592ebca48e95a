/* line.c -- two network namespaces with a line of a given delay and loss between them.
 *
 *   bench/line [--delay MS] [--loss PERCENT] [--seed N]
 *
 * Each way a packet takes MS, so a ping takes twice that, and is lost with PERCENT. Prints
 * "ready A B", two process ids whose network namespaces are the ends (10.77.0.1 and 10.77.0.2:
 * nsenter --net --target A ...), and relays until its stdin ends or it is told to stop; then what
 * it did, on stderr. Loss is drawn from the seed: the same packets give the same losses. Nothing is
 * left behind: namespaces and devices go with the processes.
 *
 * Exit status: 0; 77 where this machine does not let us (root, /dev/net/tun); 1, 2 wrong usage.
 */
#include <config.h> /* first: it opens up the system headers */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PACKET_MAX_BYTES 2048
#define PACKETS_MAX      16384 /* under way in one direction: 1.2 Gbit/s at 50 ms */
#define DEVICE_QUEUE     10000 /* packets that wait for us in the kernel before it drops */
#define IMPOSSIBLE       77

struct packet {
    uint64_t due_us;
    uint16_t bytes_n;
    uint8_t bytes[PACKET_MAX_BYTES];
};

/* One direction. */
struct way {
    int from, to;
    struct packet *packets; /* a ring of PACKETS_MAX: first .. first + n */
    unsigned first, n;
    uint64_t passed, lost, overflowed;
};

struct options {
    double delay_ms, loss_percent;
    uint64_t seed;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static _Noreturn void die(const char *what)
{
    int status = errno == EPERM || errno == EACCES || errno == ENOENT ? IMPOSSIBLE : 1;
    fprintf(stderr, "bench/line: cannot %s: %s\n", what, strerror(errno));
    exit(status);
}

/* ---- an end ---- */

static void interface_set(const char *name, const char *address)
{
    struct ifreq request = {.ifr_flags = 0};
    struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (address) {
        request.ifr_qlen = DEVICE_QUEUE;
        if (ioctl(fd, SIOCSIFTXQLEN, &request) != 0)
            die("set the length of the device's queue");
        *in = (struct sockaddr_in){.sin_family = AF_INET};
        if (inet_pton(AF_INET, address, &in->sin_addr) != 1 ||
            ioctl(fd, SIOCSIFADDR, &request) != 0)
            die("give the device its address");
        inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
        if (ioctl(fd, SIOCSIFNETMASK, &request) != 0)
            die("give the device its network");
    }
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
        die("read the device's state");
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    if (ioctl(fd, SIOCSIFFLAGS, &request) != 0)
        die("start the device");
    close(fd);
}

/* A new namespace with one device, whose other side is the descriptor returned. *holder lives in it
 * until we end; this process is in it too, until it makes the next. */
static int end_make(const char *address, pid_t *holder)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    if (unshare(CLONE_NEWNET) != 0)
        die("make a network namespace");
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        die("open /dev/net/tun");
    snprintf(request.ifr_name, sizeof request.ifr_name, "line");
    if (ioctl(fd, TUNSETIFF, &request) != 0)
        die("make a device");
    interface_set("lo", NULL);
    interface_set("line", address);
    *holder = fork();
    if (*holder < 0)
        die("fork");
    if (*holder == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return fd;
}

/* ---- the line ---- */

static double draw_percent(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (double)(*seed >> 11) / 9007199254740992.0 * 100;
}

/* Take all that waits at the one end. */
static void way_take(struct way *way, struct options *options)
{
    for (;;) {
        struct packet *packet = &way->packets[(way->first + way->n) % PACKETS_MAX];
        uint8_t spill[PACKET_MAX_BYTES];
        bool full = way->n == PACKETS_MAX;
        ssize_t n = read(way->from, full ? spill : packet->bytes, PACKET_MAX_BYTES);
        if (n <= 0)
            return;
        if (full) {
            way->overflowed++;
        } else if (draw_percent(&options->seed) < options->loss_percent) {
            way->lost++;
        } else {
            packet->due_us = now_us() + (uint64_t)(options->delay_ms * 1000);
            packet->bytes_n = (uint16_t)n;
            way->n++;
        }
    }
}

/* Hand on what is due; when the next is, or UINT64_MAX. */
static uint64_t way_give(struct way *way)
{
    uint64_t now = now_us();
    while (way->n > 0) {
        struct packet *packet = &way->packets[way->first];
        if (packet->due_us > now)
            return packet->due_us;
        if (write(way->to, packet->bytes, packet->bytes_n) == packet->bytes_n)
            way->passed++;
        way->first = (way->first + 1) % PACKETS_MAX;
        way->n--;
    }
    return UINT64_MAX;
}

static void relay(struct way ways[2], struct options *options)
{
    struct pollfd polls[3] = {{.fd = ways[0].from, .events = POLLIN},
                              {.fd = ways[1].from, .events = POLLIN},
                              {.fd = STDIN_FILENO, .events = POLLIN}};
    while (!stopped) {
        uint64_t due = way_give(&ways[0]), other = way_give(&ways[1]), now = now_us();
        struct timespec wait = {0, 0};
        if (other < due)
            due = other;
        if (due > now) {
            uint64_t us = due == UINT64_MAX ? 1000000 : due - now;
            wait = (struct timespec){(time_t)(us / 1000000), (long)(us % 1000000) * 1000};
        }
        if (ppoll(polls, 3, &wait, NULL) < 0 && errno != EINTR)
            die("wait");
        way_take(&ways[0], options);
        way_take(&ways[1], options);
        char byte;
        if (polls[2].revents && read(STDIN_FILENO, &byte, 1) <= 0)
            return;
    }
}

static void way_open(struct way *way, int from, int to)
{
    *way = (struct way){.from = from, .to = to};
    way->packets = calloc(PACKETS_MAX, sizeof *way->packets);
    if (!way->packets)
        die("have memory");
}

/* ---- usage ---- */

static double number(const char *text, double max)
{
    char *end;
    double n = strtod(text, &end);
    if (end == text || *end || !(n >= 0 && n <= max)) {
        fprintf(stderr, "bench/line: what is \"%s\"?\n", text);
        exit(2);
    }
    return n;
}

static void take_options(struct options *options, int argc, char **argv)
{
    static const struct option longopts[] = {{"delay", required_argument, NULL, 'd'},
                                             {"loss", required_argument, NULL, 'l'},
                                             {"seed", required_argument, NULL, 's'},
                                             {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
        if (c == 'd') {
            options->delay_ms = number(optarg, 10000);
        } else if (c == 'l') {
            options->loss_percent = number(optarg, 100);
        } else if (c == 's') {
            options->seed ^= (uint64_t)number(optarg, 4294967295.0) * 0x9e3779b97f4a7c15u;
        } else {
            fputs("usage: bench/line [--delay MS] [--loss PERCENT] [--seed N]\n", stderr);
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    struct options options = {.seed = 88172645463325252u};
    struct way ways[2];
    pid_t holders[2];
    take_options(&options, argc, argv);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    int a = end_make("10.77.0.1", &holders[0]);
    int b = end_make("10.77.0.2", &holders[1]);
    way_open(&ways[0], a, b);
    way_open(&ways[1], b, a);
    printf("ready %d %d\n", (int)holders[0], (int)holders[1]);
    fflush(stdout);
    relay(ways, &options);
    for (unsigned i = 0; i < 2; i++) {
        fprintf(stderr, "bench/line: %s: %llu passed, %llu lost, %llu overflowed\n",
                i == 0 ? "from 10.77.0.1" : "from 10.77.0.2", (unsigned long long)ways[i].passed,
                (unsigned long long)ways[i].lost, (unsigned long long)ways[i].overflowed);
        kill(holders[i], SIGKILL);
        free(ways[i].packets);
    }
    return 0;
}
