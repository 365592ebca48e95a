/* state.c -- see state.h. */
#include "server/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

int state_take(const struct config *config, struct error *error)
{
    char path[600];
    int fd;

    if (config_make_directories(config, error) < 0)
        return -1;
    snprintf(path, sizeof(path), "%s/lock", config->state);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(error, "cannot write in the state directory: %s: %s", path,
                         strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    return error_set(error, "another openmmod is running in the state directory %s", config->state);
}
