/* tls.c -- see tls.h. */
#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CERTIFICATE_DAYS 3650
#define TEMPORARY        ".new"
/* All three are as strong as anybody needs: the one that costs the least goes first; who says that
 * it has no AES in hardware gets ChaCha. */
#define WEB_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20" /* of TLS 1.2 */
#define CIPHERS     "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"

const char *tls_reason(char *text, size_t text_bytes)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    snprintf(text, text_bytes, "%s", reason != NULL ? reason : "unknown reason");
    ERR_clear_error();
    return text;
}

static int tls_failed(struct error *error, const char *what, const char *path)
{
    char text[128];

    return error_set(error, "cannot %s %s: %s", what, path, tls_reason(text, sizeof(text)));
}

/* ---- making a certificate ---- */

/* The names that clients on this machine use; others pin the public key and look at no name. */
static bool certificate_add_names(X509 *x)
{
    X509V3_CTX context;
    X509_EXTENSION *names;
    bool ok;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
    names = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name,
                                "DNS:localhost,IP:127.0.0.1,IP:::1");
    ok = names != NULL && X509_add_ext(x, names, -1) == 1;
    X509_EXTENSION_free(names);
    return ok;
}

static X509 *certificate_make(EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_NAME *name = x != NULL ? X509_get_subject_name(x) : NULL;
    uint64_t serial = 0;

    if (name == NULL || RAND_bytes((uint8_t *)&serial, sizeof(serial)) != 1)
        goto failed;
    if (X509_set_version(x, X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1) != 1 ||
        X509_gmtime_adj(X509_getm_notBefore(x), -24L * 3600) == NULL ||
        X509_gmtime_adj(X509_getm_notAfter(x), CERTIFICATE_DAYS * 24L * 3600) == NULL ||
        X509_set_pubkey(x, key) != 1 ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"OpenMMO", -1, -1,
                                   0) != 1 ||
        X509_set_issuer_name(x, name) != 1 || !certificate_add_names(x) ||
        X509_sign(x, key, EVP_sha256()) == 0)
        goto failed;
    return x;
failed:
    X509_free(x);
    return NULL;
}

/* Open path under its temporary name. */
static FILE *file_begin(const char *path, mode_t mode, char temporary[600], struct error *error)
{
    int fd;
    FILE *file;

    snprintf(temporary, 600, "%s%s", path, TEMPORARY);
    unlink(temporary); /* left by one who was killed */
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL) {
        error_set(error, "cannot write %s: %s", temporary, strerror(errno));
        if (fd >= 0)
            close(fd);
    }
    return file;
}

static int file_end(FILE *file, bool ok, const char *temporary, const char *path,
                    struct error *error)
{
    int failed = 0;

    if (!ok || fflush(file) != 0 || fsync(fileno(file)) != 0)
        failed = errno != 0 ? errno : EIO;
    if (fclose(file) != 0 && failed == 0)
        failed = errno;
    if (failed == 0 && rename(temporary, path) != 0)
        failed = errno;
    if (failed == 0)
        return 0;
    unlink(temporary);
    return error_set(error, "cannot write %s: %s", path, strerror(failed));
}

static int key_write(const char *path, EVP_PKEY *key, struct error *error)
{
    char temporary[600];
    FILE *file = file_begin(path, 0600, temporary, error);

    if (file == NULL)
        return -1;
    return file_end(file, PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), temporary,
                    path, error);
}

static int certificate_write(const char *path, EVP_PKEY *key, struct error *error)
{
    char temporary[600];
    X509 *x = certificate_make(key);
    FILE *file;
    int result = -1;

    if (x == NULL)
        return tls_failed(error, "make the certificate", path);
    file = file_begin(path, 0644, temporary, error);
    if (file != NULL)
        result = file_end(file, PEM_write_X509(file, x), temporary, path, error);
    X509_free(x);
    return result;
}

static EVP_PKEY *key_read(const char *path, struct error *error)
{
    FILE *file = fopen(path, "re");
    EVP_PKEY *key;

    if (file == NULL) {
        error_set(error, "cannot read %s: %s", path, strerror(errno));
        return NULL;
    }
    /* "": nobody is asked for a passphrase */
    key = PEM_read_PrivateKey(file, NULL, NULL, (void *)(uintptr_t) "");
    if (key == NULL)
        tls_failed(error, "use the key in", path);
    fclose(file);
    return key;
}

static int key_missing(const char *certificate, const char *key, struct error *error)
{
    return error_set(error, "%s exists but %s does not: give both, or neither to have them made",
                     certificate, key);
}

int tls_ensure_certificate(const char *certificate, const char *key, bool *made,
                           struct error *error)
{
    bool have_certificate = access(certificate, F_OK) == 0, have_key = access(key, F_OK) == 0;
    EVP_PKEY *pkey;
    int result = -1;

    *made = false;
    if (have_certificate && have_key)
        return 0;
    if (have_certificate)
        return key_missing(certificate, key, error);
    /* The key is what clients pin: one without a certificate (killed in between) stays. */
    pkey = have_key ? key_read(key, error) : EVP_EC_gen("P-256");
    if (pkey == NULL && !have_key)
        tls_failed(error, "make", "a key");
    if (pkey != NULL && (have_key || key_write(key, pkey, error) == 0))
        result = certificate_write(certificate, pkey, error);
    *made = result == 0;
    EVP_PKEY_free(pkey);
    return result;
}

/* ---- the context ---- */

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                       const unsigned char *offered, unsigned offered_n, void *context)
{
    const char *wanted = context;
    size_t wanted_n = strlen(wanted);

    (void)ssl;
    for (unsigned i = 0; i < offered_n; i += 1u + offered[i]) {
        if (offered[i] == wanted_n && i + 1 + wanted_n <= offered_n &&
            memcmp(offered + i + 1, wanted, wanted_n) == 0) {
            *out = offered + i + 1;
            *out_n = offered[i];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* Say which file cannot be read, and why, before OpenSSL says it in its own way. */
static int readable(const char *path, struct error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_set(error, "cannot read %s: %s", path, strerror(errno));
    close(fd);
    return 0;
}

SSL_CTX *tls_context_new(const char *certificate, const char *key, const char *alpn,
                         struct error *error)
{
    SSL_CTX *context;

    ERR_clear_error();
    if (readable(certificate, error) != 0 || readable(key, error) != 0)
        return NULL;
    context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        tls_failed(error, "make", "a TLS context");
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    if (SSL_CTX_set_ciphersuites(context, CIPHERS) != 1)
        ERR_clear_error();               /* a build without one of them uses its own order */
    SSL_CTX_set_num_tickets(context, 0); /* resuming costs as much CPU as a handshake does */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);
    /* Without RELEASE_BUFFERS an idle connection holds 58 KiB, not 15, and its records cost no
     * less: the pool hands out the same warm buffer again (bench/README.md). PARTIAL_WRITE would
     * end a write after the first record for a peer that asks for small ones. */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384") != 1)
        ERR_clear_error(); /* a build without one of them uses its own order */
    if (alpn != NULL)
        SSL_CTX_set_alpn_select_cb(context, choose_alpn, (void *)(uintptr_t)alpn);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
        tls_failed(error, "use the certificate in", certificate);
    else if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        tls_failed(error, "use the key in",
                   key); /* also says when it does not fit the certificate */
    else
        return context;
    SSL_CTX_free(context);
    return NULL;
}

void tls_context_web(SSL_CTX *context)
{
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    if (SSL_CTX_set_cipher_list(context, WEB_CIPHERS) != 1)
        ERR_clear_error(); /* a build without one of them uses its own */
    SSL_CTX_set_app_data(context, context);
}

bool tls_context_is_web(const SSL_CTX *context)
{
    return SSL_CTX_get_app_data(context) != NULL;
}

int tls_check(const char *certificate, const char *key, struct error *error)
{
    bool have_certificate = access(certificate, F_OK) == 0, have_key = access(key, F_OK) == 0;
    SSL_CTX *context;
    EVP_PKEY *pkey;

    if (have_certificate && !have_key)
        return key_missing(certificate, key, error);
    if (have_certificate) {
        context = tls_context_new(certificate, key, NULL, error);
        SSL_CTX_free(context);
        return context != NULL ? 0 : -1;
    }
    if (!have_key)
        return 0;
    pkey = key_read(key, error);
    EVP_PKEY_free(pkey);
    return pkey != NULL ? 0 : -1;
}

int tls_fingerprint(const SSL_CTX *context, char hex[TLS_FINGERPRINT_BYTES], struct error *error)
{
    X509 *x = SSL_CTX_get0_certificate(context);
    uint8_t *der = NULL, digest[SHA256_DIGEST_LENGTH];
    int der_n = x != NULL ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der) : -1;

    if (der_n <= 0)
        return tls_failed(error, "read", "the certificate's public key");
    SHA256(der, (size_t)der_n, digest);
    OPENSSL_free(der);
    for (unsigned i = 0; i < sizeof(digest); i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

uint64_t tls_expiry_ms(const char *certificate)
{
    FILE *file = fopen(certificate, "re");
    X509 *x = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    struct tm at;
    time_t seconds = -1;

    if (file != NULL)
        fclose(file);
    if (x != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(x), &at) == 1)
        seconds = timegm(&at);
    X509_free(x);
    ERR_clear_error();
    return seconds > 0 ? (uint64_t)seconds * 1000 : 0;
}
