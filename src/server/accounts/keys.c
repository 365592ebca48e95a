/* keys.c -- see keys.h. */
#include "accounts/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEX_BYTES  ((size_t)JWS_SEED_BYTES * 2)
#define LINE_BYTES (HEX_BYTES + 1)
#define FILE_BYTES (KEYS_MAX * LINE_BYTES)

struct keys {
    char *path; /* NULL: in no file */
    unsigned n;
    struct jws_key *rows[KEYS_MAX]; /* the newest first */
};

/* -- the file ---------------------------------------------------------------------------------- */

static int write_all(int fd, const char *text, size_t bytes)
{
    ssize_t n = write(fd, text, bytes);

    if (n >= 0 && (size_t)n < bytes)
        errno = ENOSPC;
    return n == (ssize_t)bytes && fsync(fd) == 0 ? 0 : -1;
}

/* The new name is to be there after a power cut too. Some file systems cannot say so. */
static void sync_directory(const char *path)
{
    char copy[PATH_MAX];
    int fd;

    snprintf(copy, sizeof(copy), "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

/* Under another name first: who is killed meanwhile leaves no key that is none. */
static int replace_file(const char *path, const char *text, size_t bytes, struct error *error)
{
    char temporary[PATH_MAX];
    int fd, failed = 0;

    if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
        return error_set(error, "cannot make key file %s: the path is too long", path);
    unlink(temporary); /* left by one who was killed */
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(error, "cannot make key file %s: %s", path, strerror(errno));
    if (write_all(fd, text, bytes) < 0)
        failed = errno;
    if (close(fd) < 0 && failed == 0)
        failed = errno;
    if (failed == 0 && rename(temporary, path) < 0)
        failed = errno;
    if (failed == 0) {
        sync_directory(path);
        return 0;
    }
    unlink(temporary);
    return error_set(error, "cannot write key file %s: %s", path, strerror(failed));
}

static int write_ring(const struct keys *keys, struct error *error)
{
    char text[FILE_BYTES + 1]; /* each line's NUL becomes its end */
    uint8_t seed[JWS_SEED_BYTES];
    int rc;

    for (unsigned i = 0; i < keys->n; i++) {
        jws_key_seed(keys->rows[i], seed);
        sodium_bin2hex(text + i * LINE_BYTES, LINE_BYTES, seed, sizeof(seed));
        text[i * LINE_BYTES + HEX_BYTES] = '\n';
    }
    rc = replace_file(keys->path, text, keys->n * LINE_BYTES, error);
    sodium_memzero(text, sizeof(text));
    sodium_memzero(seed, sizeof(seed));
    return rc;
}

static int parse_line(struct keys *keys, const char *line, struct error *error)
{
    uint8_t seed[JWS_SEED_BYTES];
    size_t bytes = 0;
    int rc = 0;

    sodium_hex2bin(seed, sizeof(seed), line, HEX_BYTES, NULL, &bytes, NULL);
    if (bytes != sizeof(seed))
        rc = error_set(error, "key file %s does not hold keys (64 hex digits a line)", keys->path);
    else if (!(keys->rows[keys->n] = jws_key_new(seed)))
        rc = error_set(error, "no locked memory for key file %s", keys->path);
    else
        keys->n++;
    sodium_memzero(seed, sizeof(seed));
    return rc;
}

static int parse(struct keys *keys, char *text, size_t bytes, struct error *error)
{
    int rc = 0;

    if (bytes % LINE_BYTES == HEX_BYTES)
        text[bytes++] = '\n'; /* an editor may have left the last line without its end */
    if (bytes == 0 || bytes % LINE_BYTES != 0 || bytes > FILE_BYTES)
        return error_set(error, "key file %s does not hold keys (1 to %d lines of 64 hex digits)",
                         keys->path, KEYS_MAX);
    for (size_t at = 0; rc == 0 && at < bytes; at += LINE_BYTES) {
        if (text[at + HEX_BYTES] != '\n')
            rc = error_set(error, "key file %s does not hold keys (64 hex digits a line)",
                           keys->path);
        else
            rc = parse_line(keys, text + at, error);
    }
    return rc;
}

static int read_ring(struct keys *keys, int fd, struct error *error)
{
    char text[FILE_BYTES + 2]; /* room to see that there is more, and for a last line's end */
    struct stat status;
    ssize_t n;
    int rc;

    if (fstat(fd, &status) < 0)
        return error_set(error, "cannot read key file %s: %s", keys->path, strerror(errno));
    if (status.st_mode & (S_IRWXO | S_IWGRP))
        return error_set(
            error,
            "key file %s is open to others (mode %04o): chmod 600 it, or remove it and "
            "a new one is made",
            keys->path, (unsigned)(status.st_mode & 07777));
    n = read(fd, text, sizeof(text) - 1);
    if (n < 0)
        return error_set(error, "cannot read key file %s: %s", keys->path, strerror(errno));
    rc = parse(keys, text, (size_t)n, error);
    sodium_memzero(text, sizeof(text));
    return rc;
}

/* -- the ring ---------------------------------------------------------------------------------- */

/* A new one in front. -1: out of memory. */
static int put_new(struct keys *keys, const uint8_t seed[JWS_SEED_BYTES])
{
    struct jws_key *key = jws_key_new(seed);

    if (!key)
        return -1;
    if (keys->n == KEYS_MAX)
        jws_key_free(keys->rows[--keys->n]);
    memmove(keys->rows + 1, keys->rows, keys->n * sizeof(keys->rows[0]));
    keys->rows[0] = key;
    keys->n++;
    return 0;
}

struct keys *keys_new(const uint8_t seed[JWS_SEED_BYTES])
{
    struct keys *keys = calloc(1, sizeof(*keys));

    if (keys && put_new(keys, seed) < 0) {
        free(keys);
        keys = NULL;
    }
    return keys;
}

void keys_free(struct keys *keys)
{
    if (!keys)
        return;
    for (unsigned i = 0; i < keys->n; i++)
        jws_key_free(keys->rows[i]);
    free(keys->path);
    free(keys);
}

static int make(struct keys *keys, struct error *error)
{
    uint8_t seed[JWS_SEED_BYTES];
    int rc;

    randombytes_buf(seed, sizeof(seed));
    rc = put_new(keys, seed);
    sodium_memzero(seed, sizeof(seed));
    if (rc < 0)
        return error_set(error, "no locked memory for key file %s", keys->path);
    return write_ring(keys, error);
}

struct keys *keys_open(const char *path, struct error *error)
{
    struct keys *keys = calloc(1, sizeof(*keys));
    int rc, fd;

    if (!keys || !(keys->path = strdup(path))) {
        error_set(error, "out of memory");
        keys_free(keys);
        return NULL;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        rc = read_ring(keys, fd, error);
        close(fd);
    } else if (errno == ENOENT) {
        rc = make(keys, error);
    } else {
        rc = error_set(error, "cannot read key file %s: %s", path, strerror(errno));
    }
    if (rc == 0)
        return keys;
    keys_free(keys);
    return NULL;
}

const struct jws_key *keys_current(const struct keys *keys)
{
    return keys->rows[0];
}

const struct jws_key *keys_named(const struct keys *keys, const char *id)
{
    for (unsigned i = 0; i < keys->n; i++)
        if (strcmp(jws_key_id(keys->rows[i]), id) == 0)
            return keys->rows[i];
    return NULL;
}

unsigned keys_n(const struct keys *keys)
{
    return keys->n;
}

int keys_rotate(struct keys *keys, struct error *error)
{
    struct keys next = {.path = keys->path};
    uint8_t seed[JWS_SEED_BYTES];

    randombytes_buf(seed, sizeof(seed));
    next.rows[next.n++] = jws_key_new(seed);
    sodium_memzero(seed, sizeof(seed));
    if (!next.rows[0])
        return error_set(error, "no locked memory for a new key");
    for (unsigned i = 0; i < keys->n && next.n < KEYS_MAX; i++)
        next.rows[next.n++] = keys->rows[i];
    if (next.path && write_ring(&next, error) < 0) {
        jws_key_free(next.rows[0]);
        return -1;
    }
    if (keys->n == KEYS_MAX)
        jws_key_free(keys->rows[KEYS_MAX - 1]);
    *keys = next;
    return 0;
}
