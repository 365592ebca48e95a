#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int join(char path[FILES_PATH_MAX], const char *root, const char *middle, const char *name,
                struct error *error)
{
    int n = snprintf(path, FILES_PATH_MAX, "%s%s/%s", root, middle, name);
    if (n < 0 || n >= FILES_PATH_MAX)
        return error_set(error, "the path of %s is too long", name);
    return 0;
}

int files_path(enum files_place place, const char *name, char path[FILES_PATH_MAX],
               struct error *error)
{
    static const struct {
        const char *variable, *below_variable, *below_home;
    } places[] = {
        [FILES_CONFIG] = {"XDG_CONFIG_HOME", "/openmmo", "/.config/openmmo"},
        [FILES_STATE] = {"XDG_STATE_HOME", "/openmmo", "/.local/state/openmmo"},
        [FILES_PICTURES] = {"XDG_PICTURES_DIR", "", ""},
    };
    const char *root = getenv(places[place].variable);
    if (root && root[0] == '/')
        return join(path, root, places[place].below_variable, name, error);
    const char *home = getenv("HOME");
    if (home && home[0] == '/')
        return join(path, home, places[place].below_home, name, error);
    if (place == FILES_PICTURES)
        return join(path, ".", "", name, error);
    return error_set(error, "neither %s nor HOME names a folder", places[place].variable);
}

static char *read_all(int fd, size_t max_bytes, size_t *len_bytes)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return NULL;
    if (st.st_size < 0 || (size_t)st.st_size > max_bytes) {
        errno = EFBIG;
        return NULL;
    }
    /* Pipes say 0: read up to the limit either way. */
    size_t room = st.st_size > 0 ? (size_t)st.st_size : max_bytes;
    char *bytes = malloc(room + 1);
    if (!bytes)
        return NULL;
    size_t n = 0;
    while (n < room) {
        ssize_t got = read(fd, bytes + n, room - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            free(bytes);
            return NULL;
        }
        if (got == 0)
            break;
        n += (size_t)got;
    }
    bytes[n] = '\0';
    *len_bytes = n;
    return bytes;
}

char *files_read(const char *path, size_t max_bytes, size_t *len_bytes, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *bytes = fd < 0 ? NULL : read_all(fd, max_bytes, len_bytes);
    int saved = errno;
    if (!bytes)
        error_set(error, "cannot read %s: %s", path, strerror(saved));
    if (fd >= 0)
        close(fd);
    errno = saved;
    return bytes;
}

int files_make_folders(const char *path, struct error *error)
{
    char folder[FILES_PATH_MAX];
    size_t len = strlen(path);
    if (len >= sizeof(folder))
        return error_set(error, "the path %s is too long", path);
    memcpy(folder, path, len + 1);
    for (char *at = strchr(folder + 1, '/'); at; at = strchr(at + 1, '/')) {
        *at = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return error_set(error, "cannot make the folder %s: %s", folder, strerror(errno));
        *at = '/';
    }
    return 0;
}

static int write_whole(int fd, const char *bytes, size_t len_bytes)
{
    while (len_bytes > 0) {
        ssize_t n = write(fd, bytes, len_bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        bytes += n;
        len_bytes -= (size_t)n;
    }
    return fsync(fd);
}

int files_write(const char *path, const void *bytes, size_t len_bytes, struct error *error)
{
    char beside[FILES_PATH_MAX];
    int n = snprintf(beside, sizeof(beside), "%s.new", path);
    if (n < 0 || n >= (int)sizeof(beside))
        return error_set(error, "the path %s is too long", path);
    if (files_make_folders(path, error) != 0)
        return -1;
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(error, "cannot write %s: %s", beside, strerror(errno));
    int failed = fchmod(fd, 0600) != 0 || write_whole(fd, bytes, len_bytes) != 0;
    int saved = errno;
    failed |= close(fd) != 0;
    if (!failed && rename(beside, path) == 0)
        return 0;
    if (!failed)
        saved = errno;
    unlink(beside);
    return error_set(error, "cannot write %s: %s", path, strerror(saved));
}
