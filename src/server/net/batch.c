/* batch.c -- see batch.h. */
#include "net/batch.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/log.h"

#define RING_TRIES 1000 /* in a row without an answer, before the ring is given up */

struct batch {
    struct io_uring ring;
    unsigned n;
    size_t bytes_n;
    bool broken; /* the ring is gone: each write is a call of its own */
    struct batch_write writes[BATCH_WRITES];
    int fds[BATCH_WRITES];
    uint8_t bytes[BATCH_BYTES];
};

struct batch *batch_new(void)
{
    struct batch *batch = malloc(sizeof(*batch));

    if (batch == NULL)
        return NULL;
    batch->n = 0;
    batch->bytes_n = 0;
    batch->broken = false;
    /* Completions are collected in our own wait, nobody else submits; older kernels do not know. */
    if (io_uring_queue_init(BATCH_WRITES, &batch->ring,
                            IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN) == 0 ||
        io_uring_queue_init(BATCH_WRITES, &batch->ring, 0) == 0)
        return batch;
    free(batch);
    return NULL;
}

void batch_free(struct batch *batch)
{
    if (batch == NULL)
        return;
    if (!batch->broken)
        io_uring_queue_exit(&batch->ring);
    free(batch);
}

/* Take the completions that are there. Returns how many. */
static unsigned batch_reap(struct batch *batch)
{
    struct io_uring_cqe *cqe;
    unsigned head, n = 0;

    io_uring_for_each_cqe(&batch->ring, head, cqe)
    {
        batch->writes[cqe->user_data].result = cqe->res;
        n++;
    }
    io_uring_cq_advance(&batch->ring, n);
    return n;
}

/* What was added but not taken would lie in the ring for good, over bytes that are others' by then:
 * so a ring that fails once is not used again. */
static void ring_broken(struct batch *batch, int why)
{
    io_uring_queue_exit(&batch->ring);
    batch->broken = true;
    log_event(LOG_LEVEL_WARN, "io_uring_failed",
              "io_uring failed: each write is a system call of its own from now on",
              LOG_TEXT("reason", strerror(why)));
}

static void ring_write(struct batch *batch, unsigned n)
{
    unsigned reaped = 0, tries = 0;

    for (unsigned i = 0; i < n; i++) {
        struct io_uring_sqe *sqe = io_uring_get_sqe(&batch->ring); /* there is one for each write */
        io_uring_prep_send(sqe, batch->fds[i], batch->writes[i].bytes, batch->writes[i].len_bytes,
                           MSG_NOSIGNAL | MSG_DONTWAIT);
        sqe->user_data = i;
        batch->writes[i].result = -EIO;
    }
    while (reaped < n) {
        int rc = io_uring_submit_and_wait(&batch->ring, n - reaped);
        unsigned now = batch_reap(batch);

        reaped += now;
        tries = now > 0 ? 0 : tries + 1;
        if (rc < 0 && ((rc != -EINTR && rc != -EAGAIN && rc != -EBUSY) || tries >= RING_TRIES)) {
            ring_broken(batch, -rc); /* those without an answer have failed */
            return;
        }
    }
}

static void single_writes(struct batch *batch, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct batch_write *write = &batch->writes[i];

        do
            write->result =
                send(batch->fds[i], write->bytes, write->len_bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        while (write->result < 0 && errno == EINTR);
        if (write->result < 0)
            write->result = -errno;
    }
}

unsigned batch_send(struct batch *batch, struct batch_write *writes)
{
    unsigned n = batch->n;

    if (n == 0)
        return 0;
    if (batch->broken)
        single_writes(batch, n);
    else
        ring_write(batch, n);
    memcpy(writes, batch->writes, n * sizeof(*writes)); /* the owners may add */
    batch->n = 0;
    batch->bytes_n = 0;
    return n;
}

bool batch_has_room(const struct batch *batch, size_t len_bytes)
{
    return batch->n < BATCH_WRITES && len_bytes <= BATCH_BYTES - batch->bytes_n;
}

void batch_add(struct batch *batch, int fd, const uint8_t *bytes, size_t len_bytes, void *owner)
{
    memcpy(batch->bytes + batch->bytes_n, bytes, len_bytes);
    batch->fds[batch->n] = fd;
    batch->writes[batch->n++] = (struct batch_write){
        .owner = owner, .bytes = batch->bytes + batch->bytes_n, .len_bytes = len_bytes};
    batch->bytes_n += len_bytes;
}
