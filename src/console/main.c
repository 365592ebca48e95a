/* main.c -- openmmo-console: a screen for operators, or one request for a script. */
#include <config.h> /* the build's: PACKAGE_VERSION */

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin_client.h"
#include "completion.h"
#include "console.h"
#include "exec.h"
#include "watch.h"

static const char HELP[] =
    "usage: openmmo-console [options]\n"
    "       openmmo-console [options] exec NOUN.VERB [name=value...]\n"
    "       openmmo-console [options] exec - <lines\n"
    "       openmmo-console [options] watch TOPIC|NOUN.VERB [name=value...]\n"
    "\n"
    "Watch and run an OpenMMO server. For scripts, exec asks it one thing (or a line\n"
    "of stdin after the other), watch says again and again how something is;\n"
    "exec rpc.discover lists what they understand.\n"
    "\n"
    "  --socket PATH      the daemon's socket (default: $OPENMMO_ADMIN_SOCKET, else\n"
    "                     /run/openmmo/admin.sock, else ~/.local/state/openmmo/admin.sock)\n"
    "  --color WHEN       auto, always, never or 256 (colours at most); auto heeds NO_COLOR\n"
    "  --ascii            draw with ASCII characters only\n"
    "  --no-mouse         leave the mouse to the terminal\n"
    "  --record FILE      write what is heard into a file\n"
    "  --replay FILE      show such a file instead of a server\n"
    "  --json             exec, watch: print answers as lines of JSON\n"
    "  --yes              exec: do not ask at a terminal before what hurts\n"
    "  --interval MS      watch: between two samples (1000)\n"
    "  --count N          watch: so many samples, then end\n"
    "  -h, --help         this text\n"
    "  -V, --version      the version\n"
    "\n"
    "Exit status: 0 ok, 1 failed, 2 usage, 3 cannot connect, 4 denied.\n";

enum {
    OPTION_SOCKET = 256,
    OPTION_COLOUR,
    OPTION_ASCII,
    OPTION_NO_MOUSE,
    OPTION_RECORD,
    OPTION_REPLAY,
    OPTION_JSON,
    OPTION_YES,
    OPTION_INTERVAL,
    OPTION_COUNT
};

static const struct option OPTIONS[] = {
    {"socket", required_argument, NULL, OPTION_SOCKET},
    {"color", required_argument, NULL, OPTION_COLOUR},
    {"ascii", no_argument, NULL, OPTION_ASCII},
    {"no-mouse", no_argument, NULL, OPTION_NO_MOUSE},
    {"record", required_argument, NULL, OPTION_RECORD},
    {"replay", required_argument, NULL, OPTION_REPLAY},
    {"json", no_argument, NULL, OPTION_JSON},
    {"yes", no_argument, NULL, OPTION_YES},
    {"interval", required_argument, NULL, OPTION_INTERVAL},
    {"count", required_argument, NULL, OPTION_COUNT},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

struct arguments {
    struct console_options console;
    char path[4096];
    bool json, yes;
    unsigned interval_ms, count;
};

static int colour_of(const char *word, enum terminal_colour *colour)
{
    static const char *const WORDS[] = {"auto", "always", "never", "256"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(WORDS[i], word) == 0) {
            *colour = (enum terminal_colour)i;
            return 0;
        }
    }
    fprintf(stderr, "openmmo-console: --color is auto, always, never or 256\n");
    return -1;
}

static int number_of(const char *text, const char *name, unsigned least, unsigned most,
                     unsigned *number)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (end == text || *end != '\0' || text[0] == '-' || value < least || value > most) {
        fprintf(stderr, "openmmo-console: %s is a number from %u to %u\n", name, least, most);
        return -1;
    }
    *number = (unsigned)value;
    return 0;
}

/* -1: wrong usage, which is said. */
static int take(struct arguments *arguments, int option, const char *value)
{
    switch (option) {
    case OPTION_SOCKET:
        snprintf(arguments->path, sizeof(arguments->path), "%s", value);
        return 0;
    case OPTION_COLOUR:
        return colour_of(value, &arguments->console.colour);
    case OPTION_ASCII:
        arguments->console.ascii = true;
        return 0;
    case OPTION_NO_MOUSE:
        arguments->console.mouse = false;
        return 0;
    case OPTION_RECORD:
        arguments->console.record = value;
        return 0;
    case OPTION_REPLAY:
        arguments->console.replay = value;
        return 0;
    case OPTION_JSON:
        arguments->json = true;
        return 0;
    case OPTION_YES:
        arguments->yes = true;
        return 0;
    case OPTION_INTERVAL:
        return number_of(value, "--interval", 100, 60000, &arguments->interval_ms);
    case OPTION_COUNT:
        return number_of(value, "--count", 1, 1000000000, &arguments->count);
    default:
        fprintf(stderr, "try openmmo-console --help\n");
        return -1;
    }
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct arguments *arguments)
{
    int option;

    while ((option = getopt_long(argc, argv, "hV", OPTIONS, NULL)) != -1) {
        if (option == 'h') {
            fputs(HELP, stdout);
            return CONSOLE_OK;
        }
        if (option == 'V') {
            printf("openmmo-console %s\n", PACKAGE_VERSION);
            return CONSOLE_OK;
        }
        if (take(arguments, option, optarg) != 0)
            return CONSOLE_USAGE;
    }
    return -1;
}

static enum console_exit misused(void)
{
    fprintf(stderr, "openmmo-console: exec NOUN.VERB and watch TOPIC|NOUN.VERB are all that is "
                    "understood here; try --help\n");
    return CONSOLE_USAGE;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {.console = {.colour = TERMINAL_AUTO, .mouse = true},
                                  .interval_ms = 1000};
    int status;

    setlocale(LC_ALL, "");
    admin_client_default_path(arguments.path, sizeof(arguments.path));
    arguments.console.path = arguments.path;
    status = parse(argc, argv, &arguments);
    if (status >= 0)
        return status;
    argv += optind;
    argc -= optind;
    if (argc == 0)
        return arguments.json ? misused() : console_run(&arguments.console);
    if (strcmp(argv[0], "complete") == 0)
        return completion_run(arguments.path, OPTIONS, argv + 1, argc - 1);
    if (arguments.console.record != NULL || arguments.console.replay != NULL) {
        fprintf(stderr, "openmmo-console: --record and --replay are for the screens\n");
        return CONSOLE_USAGE;
    }
    if (argc > 1 && strcmp(argv[0], "exec") == 0) {
        struct exec_options options = {arguments.path, arguments.json, arguments.yes};

        return exec_run(&options, argv + 1, argc - 1);
    }
    if (argc > 1 && strcmp(argv[0], "watch") == 0) {
        struct watch_options options = {arguments.path, arguments.json, arguments.interval_ms,
                                        arguments.count};

        return watch_run(&options, argv + 1, argc - 1);
    }
    return misused();
}
