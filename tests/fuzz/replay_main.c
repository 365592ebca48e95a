/* replay_main.c -- runs a fuzz target over its corpus, each file whole and cut at some lengths,
 * without libFuzzer: so that what was found once is tried in every check, with any compiler.
 * CORPUS: the folder, from the build. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define FILE_MAX_BYTES (1 << 20)

static void try_bytes(const uint8_t *bytes, size_t len_bytes)
{
    uint8_t *exact = malloc(len_bytes ? len_bytes : 1); /* so that a sanitizer sees a read beyond */
    if (!exact)
        exit(1);
    memcpy(exact, bytes, len_bytes);
    LLVMFuzzerTestOneInput(exact, len_bytes);
    free(exact);
}

static int replay(const char *path)
{
    static uint8_t bytes[FILE_MAX_BYTES];
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    try_bytes(bytes, n);
    for (size_t cut = 0; cut < n; cut += 1 + n / 64)
        try_bytes(bytes, cut);
    return 0;
}

int main(void)
{
    char path[4096];
    unsigned files = 0;
    DIR *folder = opendir(CORPUS);
    if (!folder) {
        fprintf(stderr, "no corpus in %s\n", CORPUS);
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", CORPUS, entry->d_name);
        if (replay(path) == -1) {
            fprintf(stderr, "cannot read %s\n", path);
            return 1;
        }
        files++;
    }
    closedir(folder);
    printf("%u files of the corpus\n", files);
    return files ? 0 : 1;
}
