/* jws.c -- compact JWS with Ed25519. */
#include "accounts/jws.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BASE64         sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define HEX_BYTES      (JWS_SEED_BYTES * 2)
#define SIGNATURE_TEXT 87 /* 64 bytes in base64url, with its NUL */
#define PUBLIC_TEXT    44 /* 32 bytes */

struct jws_key {
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    char id[JWS_KID_BYTES];
};

static void name_key(struct jws_key *key)
{
    char public[PUBLIC_TEXT], jwk[128];
    uint8_t hash[crypto_hash_sha256_BYTES];
    int length;

    sodium_bin2base64(public, sizeof(public), key->public, sizeof(key->public), BASE64);
    length =
        snprintf(jwk, sizeof(jwk), "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", public);
    crypto_hash_sha256(hash, (const uint8_t *)jwk, (unsigned long long)length);
    sodium_bin2base64(key->id, sizeof(key->id), hash, sizeof(hash), BASE64);
}

struct jws_key *jws_key_new(const uint8_t seed[JWS_SEED_BYTES])
{
    struct jws_key *key = sodium_malloc(sizeof(*key));

    if (!key)
        return NULL;
    crypto_sign_seed_keypair(key->public, key->secret, seed);
    name_key(key);
    return key;
}

void jws_key_free(struct jws_key *key)
{
    sodium_free(key);
}

const char *jws_key_id(const struct jws_key *key)
{
    return key->id;
}

static int write_line(int fd, const uint8_t seed[JWS_SEED_BYTES])
{
    char line[HEX_BYTES + 1];
    ssize_t n;

    sodium_bin2hex(line, sizeof(line), seed, JWS_SEED_BYTES);
    line[HEX_BYTES] = '\n';
    n = write(fd, line, sizeof(line));
    sodium_memzero(line, sizeof(line));
    if (n >= 0 && n < (ssize_t)sizeof(line))
        errno = ENOSPC;
    return n == (ssize_t)sizeof(line) && fsync(fd) == 0 ? 0 : -1;
}

/* Under another name first: who is killed meanwhile leaves no key that is none. */
static int write_key(const char *path, const uint8_t seed[JWS_SEED_BYTES], struct error *error)
{
    char temporary[PATH_MAX];
    int fd, failed = 0;

    if (snprintf(temporary, sizeof(temporary), "%s.new", path) >= (int)sizeof(temporary))
        return error_set(error, "cannot make key file %s: the path is too long", path);
    unlink(temporary); /* left by one who was killed */
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set(error, "cannot make key file %s: %s", path, strerror(errno));
    if (write_line(fd, seed) < 0)
        failed = errno;
    if (close(fd) < 0 && failed == 0)
        failed = errno;
    if (failed == 0 && rename(temporary, path) < 0)
        failed = errno;
    if (failed == 0)
        return 0;
    unlink(temporary);
    return error_set(error, "cannot write key file %s: %s", path, strerror(failed));
}

static int read_key(const char *path, int fd, uint8_t seed[JWS_SEED_BYTES], struct error *error)
{
    char line[HEX_BYTES + 2]; /* room to see that there is more */
    struct stat status;
    size_t bytes = 0;
    ssize_t n;

    if (fstat(fd, &status) < 0)
        return error_set(error, "cannot read key file %s: %s", path, strerror(errno));
    if (status.st_mode & (S_IRWXO | S_IWGRP))
        return error_set(
            error,
            "key file %s is open to others (mode %04o): chmod 600 it, or remove it and "
            "a new one is made",
            path, (unsigned)(status.st_mode & 07777));
    n = read(fd, line, sizeof(line));
    if (n < 0)
        return error_set(error, "cannot read key file %s: %s", path, strerror(errno));
    if (n > 0 && line[n - 1] == '\n')
        n--;
    if (n == HEX_BYTES)
        sodium_hex2bin(seed, JWS_SEED_BYTES, line, HEX_BYTES, NULL, &bytes, NULL);
    sodium_memzero(line, sizeof(line));
    if (bytes != JWS_SEED_BYTES)
        return error_set(error, "key file %s does not hold a key (64 hex digits)", path);
    return 0;
}

struct jws_key *jws_key_open(const char *path, struct error *error)
{
    uint8_t seed[JWS_SEED_BYTES];
    struct jws_key *key = NULL;
    int rc, fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        rc = read_key(path, fd, seed, error);
        close(fd);
    } else if (errno == ENOENT) {
        randombytes_buf(seed, sizeof(seed));
        rc = write_key(path, seed, error);
    } else {
        rc = error_set(error, "cannot read key file %s: %s", path, strerror(errno));
    }
    if (rc == 0) {
        key = jws_key_new(seed);
        if (!key)
            error_set(error, "no locked memory for key file %s", path);
    }
    sodium_memzero(seed, sizeof(seed));
    return key;
}

int jws_sign(const struct jws_key *key, const char *header, const char *payload, char *out,
             size_t out_bytes)
{
    size_t header_bytes = strlen(header), payload_bytes = strlen(payload);
    uint8_t signature[crypto_sign_BYTES];
    size_t at;

    /* The lengths that sodium reckons count a NUL, of which two become dots. */
    if (out_bytes < sodium_base64_ENCODED_LEN(header_bytes, BASE64) +
                        sodium_base64_ENCODED_LEN(payload_bytes, BASE64) + SIGNATURE_TEXT)
        return -1;
    sodium_bin2base64(out, out_bytes, (const uint8_t *)header, header_bytes, BASE64);
    at = strlen(out);
    out[at++] = '.';
    sodium_bin2base64(out + at, out_bytes - at, (const uint8_t *)payload, payload_bytes, BASE64);
    at += strlen(out + at);
    crypto_sign_detached(signature, NULL, (const uint8_t *)out, at, key->secret);
    out[at++] = '.';
    sodium_bin2base64(out + at, out_bytes - at, signature, sizeof(signature), BASE64);
    return 0;
}

static int decode(const char *text, size_t len_bytes, void *room, size_t room_bytes, size_t *bytes)
{
    return sodium_base642bin(room, room_bytes, text, len_bytes, NULL, bytes, NULL, BASE64);
}

int jws_open(const struct jws_key *key, const char *text, struct jws_parts *parts)
{
    const char *payload = strchr(text, '.');
    const char *signature = payload ? strchr(payload + 1, '.') : NULL;
    uint8_t signed_by[crypto_sign_BYTES];
    size_t bytes;

    if (!signature)
        return -1;
    payload++;
    if (decode(text, (size_t)(payload - 1 - text), parts->header, JWS_PART_MAX,
               &parts->header_bytes) < 0 ||
        decode(payload, (size_t)(signature - payload), parts->payload, JWS_PART_MAX,
               &parts->payload_bytes) < 0 ||
        decode(signature + 1, strlen(signature + 1), signed_by, sizeof(signed_by), &bytes) < 0 ||
        bytes != sizeof(signed_by))
        return -1;
    parts->header[parts->header_bytes] = '\0';
    parts->payload[parts->payload_bytes] = '\0';
    return crypto_sign_verify_detached(signed_by, (const uint8_t *)text,
                                       (unsigned long long)(signature - text), key->public);
}
