/* process.c -- see process.h. */
#include "ops/process.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES "/proc/self/fd"

struct process_stat { /* of /proc/self/stat */
    uint64_t user_ticks, system_ticks, threads_n, virtual_bytes;
    int64_t resident_pages;
};

/* The name, which may hold anything, ends at the last ')'. */
static int read_stat(struct process_stat *stat)
{
    char text[1024], *at;
    FILE *file = fopen("/proc/self/stat", "re");
    size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

    if (file)
        fclose(file);
    text[n] = '\0';
    at = strrchr(text, ')');
    if (at == NULL)
        return -1;
    return sscanf(at + 1,
                  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64
                  " %*d %*d %*d %*d %" SCNu64 " %*d %*u %" SCNu64 " %" SCNd64,
                  &stat->user_ticks, &stat->system_ticks, &stat->threads_n, &stat->virtual_bytes,
                  &stat->resident_pages) == 5
               ? 0
               : -1;
}

static int64_t descriptors_most(void)
{
    struct rlimit files;

    return getrlimit(RLIMIT_NOFILE, &files) == 0 ? (int64_t)files.rlim_cur : INT64_C(-1);
}

/* Since Linux 6.2 the directory's size is the count. Before, it is read, which takes a descriptor.
 */
int64_t process_files(const char *folder)
{
    struct stat st;
    int64_t n = 0;
    DIR *directory;

    if (stat(folder, &st) == 0 && st.st_size > 0)
        return st.st_size;
    directory = opendir(folder);
    if (directory == NULL)
        return errno == EMFILE ? descriptors_most() : -1;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        n += entry->d_name[0] != '.';
    closedir(directory);
    return n - 1; /* the directory's own */
}

void process_look(struct process_facts *facts)
{
    struct process_stat stat;

    facts->resident_bytes =
        read_stat(&stat) == 0 ? stat.resident_pages * sysconf(_SC_PAGESIZE) : -1;
    facts->files = process_files(FILES);
    facts->files_max = descriptors_most();
}

static void integer(struct exposition *exposition, const char *name, const char *help,
                    int64_t value)
{
    exposition_family(exposition, name, METRIC_GAUGE, help);
    exposition_integer(exposition, name, "", value);
}

static void write_stat(struct exposition *exposition, const struct process_stat *stat)
{
    uint64_t ticks_s = (uint64_t)sysconf(_SC_CLK_TCK);

    exposition_family(exposition, "process_cpu_seconds_total", METRIC_COUNTER,
                      "Total user and system CPU time spent in seconds.");
    exposition_thousandths(exposition, "process_cpu_seconds_total", "",
                           (int64_t)((stat->user_ticks + stat->system_ticks) * 1000 / ticks_s));
    integer(exposition, "process_virtual_memory_bytes", "Virtual memory size in bytes.",
            (int64_t)stat->virtual_bytes);
    integer(exposition, "process_resident_memory_bytes", "Resident memory size in bytes.",
            stat->resident_pages * sysconf(_SC_PAGESIZE));
    integer(exposition, "process_threads", "Number of OS threads in the process.",
            (int64_t)stat->threads_n);
}

void process_write(struct exposition *exposition, uint64_t started_ms)
{
    struct process_stat stat;
    int64_t open_n = process_files(FILES), most = descriptors_most();

    exposition_family(exposition, "process_start_time_seconds", METRIC_MILLI,
                      "Start time of the process since unix epoch in seconds.");
    exposition_thousandths(exposition, "process_start_time_seconds", "", (int64_t)started_ms);
    if (read_stat(&stat) == 0)
        write_stat(exposition, &stat);
    if (open_n >= 0)
        integer(exposition, "process_open_fds", "Number of open file descriptors.", open_n);
    if (most >= 0)
        integer(exposition, "process_max_fds", "Maximum number of open file descriptors.", most);
}
