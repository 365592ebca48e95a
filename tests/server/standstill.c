/* standstill.c -- see standstill.h. */
#define _GNU_SOURCE
#include "standstill.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define ALLOWED_TRIES 100  /* of 10 ms */
#define WAITING_TRIES 5000 /* of 1 ms */

pid_t standstill_thread(pid_t process, const char *name)
{
    char path[300], comm[32];
    pid_t found = 0;
    DIR *tasks;

    snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
    tasks = opendir(path);
    assert_non_null(tasks);
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;) {
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", (int)process, entry->d_name);
        file = fopen(path, "r");
        if (file == NULL)
            continue;
        if (fgets(comm, sizeof(comm), file) != NULL && strcspn(comm, "\n") == strlen(name) &&
            strncmp(comm, name, strlen(name)) == 0)
            found = (pid_t)atoi(entry->d_name);
        fclose(file);
    }
    closedir(tasks);
    assert_true(found > 0);
    return found;
}

/* Is the stopped thread in the call in which it waits for events? */
static bool waits(pid_t thread)
{
    char path[64];
    long call = -1;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/syscall", (int)thread);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    if (fscanf(file, "%ld", &call) != 1)
        call = -1;
    fclose(file);
#ifdef SYS_epoll_wait
    if (call == SYS_epoll_wait)
        return true;
#endif
    return call == SYS_epoll_pwait;
}

bool standstill_begin(pid_t thread)
{
    int status, tries = 0;

    while (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0) {
        if (++tries == ALLOWED_TRIES)
            return false;
        poll(NULL, 0, 10);
    }
    for (tries = 0; tries < WAITING_TRIES; tries++) {
        if (ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0 ||
            waitpid(thread, &status, __WALL) != thread)
            return false;
        if (waits(thread))
            return true;
        ptrace(PTRACE_CONT, thread, NULL, NULL);
        poll(NULL, 0, 1);
    }
    ptrace(PTRACE_DETACH, thread, NULL, NULL);
    return false;
}

void standstill_end(pid_t thread)
{
    ptrace(PTRACE_DETACH, thread, NULL, NULL);
}
