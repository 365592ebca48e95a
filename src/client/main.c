/* main.c -- openmmo-client: read the command line, then play in a window or draw one picture. */
#include <signal.h>
#include <stdio.h>

#include "app.h"
#include "arguments.h"
#include "picture.h"

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct error error = {{0}};
    signal(SIGPIPE, SIG_IGN); /* a closed connection is an answer, not an end */
    switch (arguments_parse(argc, argv, &arguments, &error)) {
    case ARGUMENTS_EXIT:
        return 0;
    case ARGUMENTS_BAD:
        fprintf(stderr, "openmmo-client: %s\n", error.text);
        return 2;
    case ARGUMENTS_GO:
        break;
    }
    int status =
        arguments.offscreen ? picture_run(&arguments, &error) : app_run(&arguments, &error);
    if (status == 1)
        fprintf(stderr, "openmmo-client: %s\n", error.text);
    return status;
}
