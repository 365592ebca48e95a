/* scratch.h -- a database file of one test, in a directory of its own. */
#ifndef OPENMMO_TESTS_SCRATCH_H
#define OPENMMO_TESTS_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct scratch {
    char directory[40], path[64]; /* of the database; not made yet */
};

/* Make the directory. Ends the test if that fails. */
static inline void scratch_make(struct scratch *scratch)
{
    strcpy(scratch->directory, "/tmp/openmmo-scratch-XXXXXX");
    assert_non_null(mkdtemp(scratch->directory));
    snprintf(scratch->path, sizeof(scratch->path), "%s/world.db", scratch->directory);
}

/* Remove the database with its companions, and the directory. */
static inline void scratch_remove(const struct scratch *scratch)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char path[sizeof(scratch->path) + 8];

    for (unsigned i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s%s", scratch->path, tails[i]);
        unlink(path);
    }
    rmdir(scratch->directory);
}

#endif
