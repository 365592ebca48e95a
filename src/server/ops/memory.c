/* memory.c -- see memory.h.
 *
 *   /sys/fs/cgroup/system.slice/openmmod.service    memory.max, .high, .current, .stat
 *   /sys/fs/cgroup/system.slice                     the same: a limit holds for all below it
 *   /sys/fs/cgroup                                  has them inside of a container only */
#include "ops/memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 8192
#define NO_LIMIT INT64_MAX

const struct memory_places MEMORY_PLACES = {"/proc/meminfo", "/sys/devices/system/node",
                                            "/sys/fs/cgroup", "/proc/self/cgroup"};

struct memory {
    int64_t whole, left; /* bytes; whole 0: nothing is known */
};

static int64_t permille(const struct memory *memory)
{
    return memory->whole > 0 ? (int64_t)((double)memory->left * 1000 / (double)memory->whole) : -1;
}

/* False: there is no such file, or nothing in it. */
static bool read_file(const char *path, char text[TEXT_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return false;
    n = read(fd, text, TEXT_MAX - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

static bool read_of(const char *folder, const char *name, char text[TEXT_MAX])
{
    char path[PATH_MAX];

    return (size_t)snprintf(path, sizeof(path), "%s/%s", folder, name) < sizeof(path) &&
           read_file(path, text);
}

/* The number behind a word that stands before a space or a colon; 0: the word is not there. */
static int64_t number_of(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++) {
        bool whole = at == text || at[-1] == '\n' || at[-1] == ' ';
        int64_t number;

        if (whole && (at[n] == ' ' || at[n] == ':') &&
            sscanf(at + n + 1, " %" SCNd64, &number) == 1)
            return number;
    }
    return 0;
}

/* -- the machine ------------------------------------------------------------------------------- */

/* What each node of memory says; of what the kernel can take back there is no sum in it. */
static struct memory look_at_nodes(const char *folder)
{
    struct memory memory = {0, 0};
    DIR *nodes = opendir(folder);
    char name[NAME_MAX + 16], text[TEXT_MAX];

    if (nodes == NULL)
        return memory;
    for (const struct dirent *entry; (entry = readdir(nodes)) != NULL;) {
        snprintf(name, sizeof(name), "%s/meminfo", entry->d_name);
        if (strncmp(entry->d_name, "node", 4) != 0 || !read_of(folder, name, text))
            continue;
        memory.whole += number_of(text, "MemTotal") * 1024;
        memory.left += (number_of(text, "MemFree") + number_of(text, "Active(file)") +
                        number_of(text, "Inactive(file)") + number_of(text, "SReclaimable")) *
                       1024;
    }
    closedir(nodes);
    return memory;
}

static struct memory look_at_machine(const struct memory_places *places)
{
    char text[TEXT_MAX];

    if (!read_file(places->meminfo, text))
        return look_at_nodes(places->nodes);
    if (strstr(text, "MemAvailable:") == NULL) /* a kernel that does not say it */
        return (struct memory){0, 0};
    return (struct memory){number_of(text, "MemTotal") * 1024,
                           number_of(text, "MemAvailable") * 1024};
}

/* -- control groups ---------------------------------------------------------------------------- */

/* "max", and what is no number, is no limit. */
static int64_t limit_of(const char *folder, const char *name)
{
    char text[TEXT_MAX];
    int64_t bytes;

    if (!read_of(folder, name, text) || sscanf(text, "%" SCNd64, &bytes) != 1 || bytes < 0)
        return NO_LIMIT;
    return bytes;
}

/* One level. */
static struct memory look_at_group(const char *folder)
{
    int64_t max = limit_of(folder, "memory.max"), high = limit_of(folder, "memory.high");
    int64_t used = limit_of(folder, "memory.current");
    struct memory memory = {max < high ? max : high, 0};
    char stat[TEXT_MAX];

    if (memory.whole == NO_LIMIT || used == NO_LIMIT)
        return (struct memory){0, 0};
    if (read_of(folder, "memory.stat", stat))
        used -= number_of(stat, "inactive_file") + number_of(stat, "active_file") +
                number_of(stat, "slab_reclaimable");
    if (used < 0)
        used = 0;
    memory.left = used < memory.whole ? memory.whole - used : 0;
    return memory;
}

/* The folder of our group, below the root; "": it is the root. False: there is none. */
static bool find_group(const char *file, char group[PATH_MAX / 2])
{
    const char *folder;
    char text[TEXT_MAX], *line;

    if (!read_file(file, text))
        return false;
    line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (line == NULL)
        return false; /* the older hierarchies alone */
    line += *line == '\n' ? 4 : 3;
    line[strcspn(line, "\n")] = '\0';
    folder = line;
    /* Who is shown a part of the hierarchy may be told of a place outside of it. */
    if (strstr(line, "/..") != NULL || strcmp(line, "/") == 0 || strlen(line) >= PATH_MAX / 2)
        folder = "";
    snprintf(group, PATH_MAX / 2, "%s", folder);
    return true;
}

/* The level that has the least part left. */
static struct memory look_at_groups(const struct memory_places *places)
{
    char folder[PATH_MAX], group[PATH_MAX / 2];
    struct memory least = {0, 0};
    size_t root_n = strlen(places->groups);

    if (!find_group(places->group, group) || root_n >= PATH_MAX / 2)
        return least;
    snprintf(folder, sizeof(folder), "%s%s", places->groups, group);
    for (;;) {
        struct memory level = look_at_group(folder);
        char *up = strrchr(folder, '/');

        if (level.whole > 0 && (least.whole == 0 || permille(&level) < permille(&least)))
            least = level;
        if (up == NULL || up < folder + root_n)
            return least;
        *up = '\0';
    }
}

int64_t memory_free_permille(const struct memory_places *places)
{
    struct memory machine = look_at_machine(places), group = look_at_groups(places);

    if (group.whole > 0 && (machine.whole == 0 || permille(&group) < permille(&machine)))
        return permille(&group);
    return permille(&machine);
}
