/* test_batch.c -- writes handed to the kernel by one call: what each socket took is told, in order,
 * and a ring that fails costs those who were in it, nobody later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/batch.h"

static struct batch_write told[BATCH_WRITES];
static unsigned told_n;

static struct batch *batch_or_skip(int pair[2])
{
    struct batch *batch = batch_new();

    if (batch == NULL) {
        print_message("SKIPPED: this kernel has no io_uring for us\n");
        skip();
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    told_n = 0;
    return batch;
}

static void test_results(void **state)
{
    int pair[2], owner, gone[2];
    struct batch *batch = batch_or_skip(pair);
    char room[8];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, gone), 0);
    close(gone[1]);
    batch_add(batch, pair[0], (const uint8_t *)"hello", 5, &owner);
    batch_add(batch, gone[0], (const uint8_t *)"x", 1, NULL);
    assert_int_equal(recv(pair[1], room, sizeof(room), 0), -1);
    told_n = batch_send(batch, told);
    assert_int_equal(told_n, 2);
    assert_ptr_equal(told[0].owner, &owner);
    assert_int_equal(told[0].result, 5);
    assert_int_equal(told[1].result, -EPIPE);
    assert_int_equal(recv(pair[1], room, sizeof(room), 0), 5);
    assert_memory_equal(room, "hello", 5);
    batch_free(batch);
    close(gone[0]);
    close(pair[0]);
    close(pair[1]);
}

/* Behind its back. */
static void close_ring(void)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    int ring = -1;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        char target[64];
        ssize_t n = readlinkat(dirfd(folder), entry->d_name, target, sizeof(target) - 1);

        if (n > 0 && strncmp(target, "anon_inode:[io_uring]", 21) == 0)
            ring = atoi(entry->d_name);
    }
    closedir(folder);
    assert_true(ring >= 0);
    close(ring);
}

/* More than the ring has room for, so that nothing may be left in it. */
static void test_ring_fails(void **state)
{
    int pair[2];
    struct batch *batch = batch_or_skip(pair);
    char room[8];

    (void)state;
    close_ring();
    for (unsigned i = 0; i < 2 * BATCH_WRITES; i++) {
        batch_add(batch, pair[0], (const uint8_t *)"hello", 5, NULL);
        told_n = batch_send(batch, told);
        assert_int_equal(told_n, 1);
        assert_int_equal(told[0].result, i == 0 ? -EIO : 5);
        assert_int_equal(recv(pair[1], room, sizeof(room), 0), i == 0 ? -1 : 5);
    }
    close(pair[1]);
    batch_add(batch, pair[0], (const uint8_t *)"hello", 5, NULL);
    told_n = batch_send(batch, told);
    assert_int_equal(told[0].result, -EPIPE);
    batch_free(batch);
    close(pair[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results),
        cmocka_unit_test(test_ring_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
