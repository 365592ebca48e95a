/* terminfo.c -- see terminfo.h. */
#include "terminfo.h"

#include <curses.h>
#include <term.h>
#include <unistd.h>

bool terminfo_knows(const char *name)
{
    int error;
    bool known = setupterm(name, STDOUT_FILENO, &error) == OK;

    if (known)
        del_curterm(cur_term);
    return known;
}
