/* config_page.c -- see config_page.h. */
#include "server/config_page.h"

#include "server/config.h"

static const char before[] =
    ".\\\" Printed by openmmod --print-man from the table of options; edit that.\n"
    ".Dd November 22, 2026\n"
    ".Dt OPENMMO.INI 5\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm openmmo.ini\n"
    ".Nd configuration of the OpenMMO server\n"
    ".Sh DESCRIPTION\n"
    ".Xr openmmod 8\n"
    "reads its options, in rising priority, from built-in defaults, a configuration file, the "
    "environment and its\n"
    "command line.\n"
    "It runs with no file at all: then it serves this machine only, from a database and a "
    "certificate that it makes in\n"
    "its state directory.\n"
    ".Pp\n"
    "The file has sections in brackets and lines\n"
    ".Dq key = value ,\n"
    "the value up to the line's end, in double quotes where its own spaces matter.\n"
    "A line that begins with # or ; is a comment.\n"
    "No line goes on in the next one.\n"
    "An unknown section or key, a key given twice and a bad value are errors;\n"
    ".Ic openmmod -t\n"
    "says all of them, each with its line.\n"
    ".Pp\n"
    "In the environment the option\n"
    ".Ar key\n"
    "of section\n"
    ".Ar section\n"
    "is\n"
    ".Ev OPENMMO_SECTION_KEY ,\n"
    "on the command line\n"
    ".Fl -section.key Ns = Ns Ar value .\n"
    "Times are written 250ms, 5s, 10m, 12h or 30d; sizes 4096, 64KiB or 19MiB; lists with commas.\n"
    ".Pp\n"
    "On SIGHUP the server reads everything anew.\n"
    "It takes over all or nothing: where anything is wrong the old configuration stays.\n"
    "Options that need a restart keep their old value, and the log says so.\n"
    ".Sh OPTIONS\n";

static const char after[] = ".Sh FILES\n"
                            ".Bl -tag -width Ds\n"
                            ".It Pa /etc/openmmo/openmmo.ini\n"
                            "Read where it exists and no\n"
                            ".Fl c\n"
                            "names another.\n"
                            ".El\n"
                            ".Sh EXAMPLES\n"
                            "A public server for 200 players:\n"
                            ".Bd -literal -offset indent\n"
                            "[server]\n"
                            "name = Elm Street\n"
                            "\n"
                            "[net]\n"
                            "listen = 0.0.0.0:7777, [::]:7777\n"
                            "players_max = 200\n"
                            ".Ed\n"
                            ".Sh SEE ALSO\n"
                            ".Xr openmmo-console 1 ,\n"
                            ".Xr openmmo 7 ,\n"
                            ".Xr openmmod 8\n";

void config_page_print(FILE *out)
{
    fputs(before, out);
    options_print_mdoc(&config_table, out);
    fputs(after, out);
}
