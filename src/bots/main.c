/* main.c -- openmmo-bots: players without a screen, for load, soak and demos. Options, then the
 * crew, then its report. Exit status: 0 all joined, none was lost and the server kept the protocol;
 * 1 otherwise, 2 wrong usage. */
#include <config.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "bots/crew.h"
#include "bots/report.h"
#include "common/protocol.h"

static const char usage[] =
    "usage: openmmo-bots [option...]\n"
    "  --host HOST       where the server is (127.0.0.1)\n"
    "  --port PORT       its game port (7777)\n"
    "  --players N       how many bots, 1..100000 (20)\n"
    "  --seconds S       how long to measure once all are in; 0: until a signal (0)\n"
    "  --accounts FILE   keep names, passwords and tokens there between runs\n"
    "  --prefix NAME     how new names begin (bot)\n"
    "  --invite CODE     the invitation that new accounts register with\n"
    "  --rate N          logins begun a second, 1..10000 (8)\n"
    "  --at-once N       logins on their way at once, 1..10000 (12)\n"
    "  --processes N     in how many processes, 1..64 (1)\n"
    "  --decode N        one in N players decodes everything it is sent, 1..100000 (16)\n"
    "  --talk N          chat lines of each bot a minute, 0..60 (1)\n"
    "  --scenario NAME   what they are there for, see below (wander)\n"
    "  --radius M        metres, 1..100000: how far apart, by scenario\n"
    "  --here            they live where they come in, whatever the scenario\n"
    "  --more N          login: how many come in while it is measured (1000)\n"
    "  --more-rate N     login: how many of them a second (500)\n"
    "  --by-password     login: they have no tokens\n"
    "  --apart FILE      names of players who are not measured, read when the measuring begins\n"
    "  --admin SOCKET    storm: the server's admin socket, to put all elsewhere by\n"
    "  --seed N          for where they go and what they say (1)\n"
    "  --json            print the report as JSON\n"
    "  --help, --version\n"
    "scenarios: ";

enum {
    OPT_HOST = 256,
    OPT_PORT,
    OPT_PLAYERS,
    OPT_SECONDS,
    OPT_ACCOUNTS,
    OPT_PREFIX,
    OPT_INVITE,
    OPT_RATE,
    OPT_AT_ONCE,
    OPT_PROCESSES,
    OPT_DECODE,
    OPT_TALK,
    OPT_SEED,
    OPT_SCENARIO,
    OPT_RADIUS,
    OPT_HERE,
    OPT_MORE,
    OPT_MORE_RATE,
    OPT_BY_PASSWORD,
    OPT_APART,
    OPT_ADMIN,
    OPT_JSON,
    OPT_HELP,
    OPT_VERSION
};

/* clang-format off */
static const struct option longopts[] = {
    {"host",     required_argument, NULL, OPT_HOST},
    {"port",     required_argument, NULL, OPT_PORT},
    {"players",  required_argument, NULL, OPT_PLAYERS},
    {"seconds",  required_argument, NULL, OPT_SECONDS},
    {"accounts", required_argument, NULL, OPT_ACCOUNTS},
    {"prefix",   required_argument, NULL, OPT_PREFIX},
    {"invite",   required_argument, NULL, OPT_INVITE},
    {"rate",     required_argument, NULL, OPT_RATE},
    {"at-once",  required_argument, NULL, OPT_AT_ONCE},
    {"processes", required_argument, NULL, OPT_PROCESSES},
    {"decode",   required_argument, NULL, OPT_DECODE},
    {"talk",     required_argument, NULL, OPT_TALK},
    {"seed",     required_argument, NULL, OPT_SEED},
    {"scenario", required_argument, NULL, OPT_SCENARIO},
    {"radius",   required_argument, NULL, OPT_RADIUS},
    {"here", no_argument, NULL, OPT_HERE},
    {"more",     required_argument, NULL, OPT_MORE},
    {"more-rate", required_argument, NULL, OPT_MORE_RATE},
    {"by-password", no_argument,    NULL, OPT_BY_PASSWORD},
    {"apart",    required_argument, NULL, OPT_APART},
    {"admin",    required_argument, NULL, OPT_ADMIN},
    {"json",     no_argument,       NULL, OPT_JSON},
    {"help",     no_argument,       NULL, OPT_HELP},
    {"version",  no_argument,       NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};
/* clang-format on */

/* A whole number in min..max, or the end with a sentence. */
static unsigned number(const char *name, const char *text, unsigned min, unsigned max)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-' || n < min || n > max) {
        fprintf(stderr, "openmmo-bots: --%s takes a number from %u to %u, not \"%s\"\n", name, min,
                max, text);
        exit(2);
    }
    return (unsigned)n;
}

static void print_usage(FILE *out)
{
    fputs(usage, out);
    scenario_print_names(out);
    fputc('\n', out);
}

static void refuse(const char *why)
{
    fprintf(stderr, "openmmo-bots: %s\n", why);
    print_usage(stderr);
    exit(2);
}

static void take_options(int argc, char **argv, struct swarm_options *options, bool *json)
{
    int c;
    while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
        switch (c) {
        case OPT_HOST:
            options->host = optarg;
            break;
        case OPT_PORT:
            options->port = (uint16_t)number("port", optarg, 1, 65535);
            break;
        case OPT_PLAYERS:
            options->run.players = number("players", optarg, 1, 100000);
            break;
        case OPT_SECONDS:
            options->seconds = number("seconds", optarg, 0, 10000000);
            break;
        case OPT_ACCOUNTS:
            options->accounts = optarg;
            break;
        case OPT_PREFIX:
            options->prefix = optarg;
            break;
        case OPT_INVITE:
            options->invite = optarg;
            break;
        case OPT_RATE:
            options->rate = number("rate", optarg, 1, 10000);
            break;
        case OPT_AT_ONCE:
            options->at_once = number("at-once", optarg, 1, 10000);
            break;
        case OPT_PROCESSES:
            options->processes = number("processes", optarg, 1, REPORT_PROCESSES);
            break;
        case OPT_DECODE:
            options->decode = number("decode", optarg, 1, 100000);
            break;
        case OPT_TALK:
            options->talk_per_minute = number("talk", optarg, 0, 60);
            break;
        case OPT_SEED:
            options->seed = number("seed", optarg, 0, UINT_MAX);
            break;
        case OPT_SCENARIO:
            options->run.scenario = scenario_find(optarg);
            if (!options->run.scenario)
                refuse("there is no such scenario");
            break;
        case OPT_RADIUS:
            options->run.radius_m = number("radius", optarg, 1, 100000);
            break;
        case OPT_HERE:
            options->run.here = true;
            break;
        case OPT_MORE:
            options->more = number("more", optarg, 1, SCENARIO_MORE_MAX);
            break;
        case OPT_MORE_RATE:
            options->more_rate = number("more-rate", optarg, 1, 100000);
            break;
        case OPT_BY_PASSWORD:
            options->by_password = true;
            break;
        case OPT_APART:
            options->apart = optarg;
            break;
        case OPT_ADMIN:
            options->admin = optarg;
            break;
        case OPT_JSON:
            *json = true;
            break;
        case OPT_HELP:
            print_usage(stdout);
            exit(0);
        case OPT_VERSION:
            puts("openmmo-bots " PACKAGE_VERSION);
            exit(0);
        default:
            print_usage(stderr);
            exit(2);
        }
    }
    if (optind < argc) {
        fprintf(stderr, "openmmo-bots: what is \"%s\"?\n", argv[optind]);
        print_usage(stderr);
        exit(2);
    }
    if (!scenario_storms(options->run.scenario))
        options->more = 0;
    if (scenario_flings(options->run.scenario) != (options->admin != NULL))
        refuse("--admin is for the scenario storm, which takes it");
    if (options->processes > options->run.players)
        refuse("there are more processes than players");
}

int main(int argc, char **argv)
{
    static struct report report;
    struct swarm_options options = {
        .host = "127.0.0.1",
        .prefix = "bot",
        .invite = "",
        .port = PROTOCOL_DEFAULT_PORT,
        .run = {scenario_find("wander"), 20, 0, false},
        .more = 1000,
        .more_rate = 500,
        .processes = 1,
        .rate = 8,
        .at_once = 12, /* below what a server allows an address before login */
        .decode = 16,
        .seed = 1,
        .talk_per_minute = 1,
    };
    struct error error = {""};
    bool json = false;
    take_options(argc, argv, &options, &json);
    int rc = crew_run(&options, &report, &error);
    if (rc == -1)
        fprintf(stderr, "openmmo-bots: %s\n", error.text);
    if (json)
        report_print_json(&report, stdout);
    else
        report_print(&report, stdout);
    return rc == 0 && report_good(&report) ? 0 : 1;
}
