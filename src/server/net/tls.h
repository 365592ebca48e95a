/* tls.h -- our certificate and the TLS context of a listening port: TLS 1.3 only, no tickets, no
 * early data. All functions: any thread. A context is reference-counted by OpenSSL (SSL_CTX_up_ref,
 * SSL_CTX_free). */
#ifndef OPENMMO_NET_TLS_H
#define OPENMMO_NET_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

#define TLS_FINGERPRINT_BYTES 65 /* SHA-256 in lower-case hex, and NUL */

/* Make a self-signed ECDSA P-256 certificate of 10 years if neither file exists: the key first
 * (0600), each written whole under another name and then renamed. A key without a certificate gets
 * one (clients pin the key); a certificate without its key is an error. *made: it was. 0; -1 +
 * error. */
int tls_ensure_certificate(const char *certificate, const char *key, bool *made,
                           struct error *error) MUST_CHECK;

/* Whether tls_ensure_certificate and tls_context_new would go well with what is there now. Makes
 * nothing: neither file is fine. 0; -1 + error. */
int tls_check(const char *certificate, const char *key, struct error *error) MUST_CHECK;

/* A server context from PEM files. alpn: the one protocol that a peer must offer ("openmmo/1");
 * NULL: none is asked for. The string is borrowed for the context's life. NULL + error, naming the
 * file. */
SSL_CTX *tls_context_new(const char *certificate, const char *key, const char *alpn,
                         struct error *error);

/* For the web: TLS 1.2 too, and a peer need not name a protocol. */
void tls_context_web(SSL_CTX *context);
/* True: that was said of it. */
bool tls_context_is_web(const SSL_CTX *context);

/* SHA-256 of the certificate's public key (SubjectPublicKeyInfo), as clients pin it. 0; -1 + error.
 */
int tls_fingerprint(const SSL_CTX *context, char hex[TLS_FINGERPRINT_BYTES],
                    struct error *error) MUST_CHECK;

/* When the (first) certificate in that PEM file expires, Unix time in milliseconds. 0: it cannot be
 * read, or is older than 1970. */
uint64_t tls_expiry_ms(const char *certificate);

/* OpenSSL's first reason (later ones say where) in words, and its queue emptied. Returns text. */
const char *tls_reason(char *text, size_t text_bytes);

#endif
