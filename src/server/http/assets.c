/* assets.c -- see assets.h. A sorted list; folders are walked by descriptors, so that no name is
 * looked up twice and no link is followed. */
#include "http/assets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text.h"
#include "http/mime.h"

#define READ_BYTES 65536

struct assets {
    atomic_uint references;
    int folder; /* -1: none */
    struct asset *list;
    uint32_t n, room;
};

struct walk {
    struct assets *assets;
    const struct assets *before;
    const char *immutable;
    struct error *error;
    char path[ASSETS_PATH_MAX]; /* of the folder that is walked, "" at the top */
};

static int64_t modified_ns(const struct stat *stat)
{
    return (int64_t)stat->st_mtim.tv_sec * 1000000000 + stat->st_mtim.tv_nsec;
}

static int hash_file(int fd, char etag[ETAG_BYTES])
{
    unsigned char bytes[READ_BYTES], hash[ETAG_HASH_BYTES];
    crypto_generichash_state state;
    ssize_t n;

    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    while ((n = read(fd, bytes, sizeof(bytes))) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            crypto_generichash_update(&state, bytes, (size_t)n);
    crypto_generichash_final(&state, hash, sizeof(hash));
    etag_text(hash, false, etag);
    return n == 0 ? 0 : -1;
}

static struct asset *add(struct assets *assets)
{
    uint32_t room = assets->room ? assets->room * 2 : 64;
    struct asset *list;

    if (assets->n == assets->room) {
        list = realloc(assets->list, room * sizeof(*list));
        if (!list)
            return NULL;
        assets->list = list;
        assets->room = room;
    }
    return memset(&assets->list[assets->n], 0, sizeof(struct asset));
}

/* Under a folder of the list: "/assets/..." of "assets". */
static bool lies_in(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return n > 0 && path[0] == '/' && strncmp(path + 1, folder, n) == 0 && path[1 + n] == '/';
}

static int add_file(struct walk *walk, int folder, const char *name, const struct stat *found)
{
    struct asset *asset = add(walk->assets);
    const struct asset *old;
    char path[ASSETS_PATH_MAX];
    int fd, n = snprintf(path, sizeof(path), "%s/%s", walk->path, name);

    if (walk->assets->n >= ASSETS_MAX)
        return error_set(walk->error, "more than %u files", ASSETS_MAX);
    if (n < 0 || (size_t)n >= sizeof(path))
        return 0; /* nobody could ask for it */
    if (!asset || !(asset->path = strdup(path)))
        return error_set(walk->error, "out of memory");
    asset->size_bytes = (uint64_t)found->st_size;
    asset->modified_ns = modified_ns(found);
    asset->inode = found->st_ino;
    asset->type = mime_of(name);
    asset->immutable = lies_in(path, walk->immutable);
    respond_date(found->st_mtim.tv_sec, asset->modified);
    walk->assets->n++;
    old = walk->before ? assets_find(walk->before, path) : NULL;
    if (old && old->size_bytes == asset->size_bytes && old->modified_ns == asset->modified_ns &&
        old->inode == asset->inode) {
        memcpy(asset->etag, old->etag, sizeof(asset->etag));
        return 0;
    }
    fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || hash_file(fd, asset->etag) != 0)
        n = error_set(walk->error, "%s: %s", path + 1, strerror(errno));
    if (fd >= 0)
        close(fd);
    return n < 0 ? -1 : 0;
}

static int walk_folder(struct walk *walk, int fd, unsigned depth);

static int walk_into(struct walk *walk, int folder, const char *name, unsigned depth)
{
    size_t path_n = strlen(walk->path);
    int fd, result = 0;

    if (depth == ASSETS_DEPTH_MAX || path_n + strlen(name) + 2 > sizeof(walk->path))
        return 0;
    fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_set(walk->error, "%s/%s: %s", walk->path, name, strerror(errno));
    snprintf(walk->path + path_n, sizeof(walk->path) - path_n, "/%s", name);
    result = walk_folder(walk, fd, depth + 1);
    walk->path[path_n] = '\0';
    return result;
}

/* Takes fd. */
static int walk_folder(struct walk *walk, int fd, unsigned depth)
{
    DIR *folder = fdopendir(fd);
    struct dirent *entry;
    int result = 0;

    if (!folder) {
        close(fd);
        return error_set(walk->error, "%s: %s", walk->path, strerror(errno));
    }
    while (result == 0 && (entry = readdir(folder))) {
        const char *name = entry->d_name;
        struct stat found;
        if (name[0] == '.' || !text_utf8_valid(name, strlen(name)) ||
            fstatat(fd, name, &found, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(found.st_mode))
            result = walk_into(walk, fd, name, depth);
        else if (S_ISREG(found.st_mode))
            result = add_file(walk, fd, name, &found);
    }
    closedir(folder);
    return result;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct asset *)a)->path, ((const struct asset *)b)->path);
}

/* Each file's packed twin; when the list is sorted. */
static void find_packed(struct assets *assets)
{
    char path[ASSETS_PATH_MAX + 4];

    for (uint32_t i = 0; i < assets->n; i++) {
        const struct asset *gz;
        snprintf(path, sizeof(path), "%s.gz", assets->list[i].path);
        gz = assets_find(assets, path);
        if (gz && gz->modified_ns >= assets->list[i].modified_ns)
            assets->list[i].gz = gz;
    }
}

struct assets *assets_new(const char *folder, const char *immutable, const struct assets *before,
                          struct error *error)
{
    struct assets *assets = calloc(1, sizeof(*assets));
    struct walk walk = {.assets = assets, .before = before, .immutable = immutable, .error = error};
    int fd;

    if (!assets) {
        error_set(error, "out of memory");
        return NULL;
    }
    atomic_init(&assets->references, 1);
    assets->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fd = assets->folder >= 0 ? openat(assets->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0) {
        error_set(error, "%s: %s", folder, strerror(errno));
    } else if (walk_folder(&walk, fd, 0) == 0) {
        if (assets->n > 0)
            qsort(assets->list, assets->n, sizeof(struct asset), by_path);
        find_packed(assets);
        return assets;
    }
    assets_unref(assets);
    return NULL;
}

struct assets *assets_ref(struct assets *assets)
{
    if (assets)
        atomic_fetch_add_explicit(&assets->references, 1, memory_order_relaxed);
    return assets;
}

void assets_unref(struct assets *assets)
{
    /* Release: what this thread read is read; acquire: the last one sees that of all. */
    if (!assets || atomic_fetch_sub_explicit(&assets->references, 1, memory_order_acq_rel) != 1)
        return;
    for (uint32_t i = 0; i < assets->n; i++)
        free(assets->list[i].path);
    free(assets->list);
    if (assets->folder >= 0)
        close(assets->folder);
    free(assets);
}

uint32_t assets_n(const struct assets *assets)
{
    return assets->n;
}

const struct asset *assets_find(const struct assets *assets, const char *path)
{
    struct asset key = {.path = (char *)(uintptr_t)path};

    return assets->n > 0 ? bsearch(&key, assets->list, assets->n, sizeof(key), by_path) : NULL;
}

/* From folder to folder, so that none may have become a link. -1: it has, or is gone. */
static int open_path(int folder, const char *path)
{
    char part[ASSETS_PATH_MAX];
    int fd = folder;

    while (fd >= 0 && *path == '/') {
        size_t n = strcspn(++path, "/");
        int flags = path[n] == '/' ? O_DIRECTORY : O_NONBLOCK;
        int next;
        memcpy(part, path, n);
        part[n] = '\0';
        path += n;
        next = openat(fd, part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
        if (fd != folder)
            close(fd);
        fd = next;
    }
    return fd;
}

int assets_open(const struct assets *assets, const struct asset *asset, uint64_t *size_bytes,
                bool *changed)
{
    int fd = open_path(assets->folder, asset->path);
    struct stat found;

    if (fd < 0)
        return -1;
    if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) {
        close(fd);
        return -1;
    }
    *size_bytes = (uint64_t)found.st_size;
    *changed = *size_bytes != asset->size_bytes || modified_ns(&found) != asset->modified_ns;
    return fd;
}
