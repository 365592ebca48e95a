/* link.c -- see link.h.
 *
 * One recv takes all that the socket has into a buffer that all links share; TLS reads from there
 * and decrypts into another, where whole frames are handed on. So a process with thousands of links
 * works in memory that stays in the cache. Only a frame's beginning is kept with the link, and what
 * waits to be sent; the kernel gives pages only where something was written. */
#include "common/link.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define OUT_MAX_BYTES 65536
#define WIRE_BYTES    262144 /* asked for in one recv */
#define HOST_MAX      256

struct link_tls {
    SSL_CTX *context;
    X509_STORE
    *nobody; /* no CAs: for links that accept anyone, to whom looking costs a folder read */
    BIO_METHOD *method;
    uint8_t wire[WIRE_BYTES];          /* encrypted, as one recv gave it */
    uint8_t plain[PROTOCOL_FRAME_MAX]; /* of one record */
};

struct link {
    /* What each record touches comes first, in two cache lines. */
    struct link_tls *tls;
    SSL *ssl;
    enum link_state state;
    int fd;
    const uint8_t *wire_next, *wire_end; /* what TLS has not taken yet; none between pumps */
    size_t in_bytes, out_bytes, out_sent;
    struct link_handlers handlers;
    uint64_t bytes_in, bytes_out, wire_bytes_in;
    bool tls_wants_write; /* in the handshake */
    uint8_t pin[LINK_PIN_BYTES];
    struct addrinfo *addresses, *address; /* all, and the one that is tried */
    struct error why;                     /* closed: the sentence */
    char host[HOST_MAX];
    uint8_t in[PROTOCOL_FRAME_MAX];
    uint8_t out[OUT_MAX_BYTES];
};

/* ---- the context ---- */

static const char *tls_reason(void)
{
    unsigned long code = ERR_peek_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    return reason ? reason : "TLS failed";
}

/* ---- the way between TLS and the socket ---- */

static int bio_read(BIO *bio, char *out, int room)
{
    struct link *link = BIO_get_data(bio);
    size_t n = (size_t)(link->wire_end - link->wire_next);
    BIO_clear_retry_flags(bio);
    if (n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    if (n > (size_t)room)
        n = (size_t)room;
    memcpy(out, link->wire_next, n);
    link->wire_next += n;
    return (int)n;
}

static int bio_write(BIO *bio, const char *bytes, int n)
{
    struct link *link = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    ssize_t sent = send(link->fd, bytes, (size_t)n, MSG_NOSIGNAL);
    if (sent == -1 && (errno == EAGAIN || errno == EINTR))
        BIO_set_retry_write(bio);
    return (int)sent;
}

static long bio_control(BIO *bio, int what, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return what == BIO_CTRL_FLUSH;
}

static BIO_METHOD *make_method(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "link");
    if (method && BIO_meth_set_read(method, bio_read) && BIO_meth_set_write(method, bio_write) &&
        BIO_meth_set_ctrl(method, bio_control))
        return method;
    BIO_meth_free(method);
    return NULL;
}

struct link_tls *link_tls_new(struct error *error)
{
    static const uint8_t alpn[] = "\x09" PROTOCOL_ALPN;
    struct link_tls *tls = calloc(1, sizeof *tls);
    if (tls) {
        tls->context = SSL_CTX_new(TLS_client_method());
        tls->method = make_method();
        tls->nobody = X509_STORE_new();
    }
    if (!tls || !tls->context || !tls->method || !tls->nobody) {
        link_tls_free(tls);
        error_set(error, "no TLS context: out of memory");
        return NULL;
    }
    SSL_CTX *context = tls->context;
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_alpn_protos(context, alpn, sizeof alpn - 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    /* Buffers are released so that all links use the same one, still warm. No read-ahead: then TLS
     * holds nothing that it has not decrypted, and wire_next tells whether there is more. */
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    /* The handshake goes on whatever the chain says: after it the result or the pin decides. */
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_default_verify_paths(context); /* no CAs: then every peer is judged by its pin */
    ERR_clear_error();
    return tls;
}

void link_tls_free(struct link_tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    BIO_meth_free(tls->method);
    X509_STORE_free(tls->nobody);
    free(tls);
}

/* ---- connecting ---- */

/* The end of the link. The first sentence stays. */
static enum link_state close_link(struct link *link, const char *why)
{
    if (link->state != LINK_CLOSED)
        error_set(&link->why, "%s", why);
    link->state = LINK_CLOSED;
    if (link->fd != -1)
        close(link->fd);
    link->fd = -1;
    return LINK_CLOSED;
}

/* Try addresses from link->address on until one begins to connect; else close. */
static void connect_next(struct link *link)
{
    int failed_with = ECONNREFUSED;
    for (; link->address; link->address = link->address->ai_next) {
        const struct addrinfo *a = link->address;
        int one = 1;
        link->fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (link->fd == -1) {
            failed_with = errno;
            continue;
        }
        setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (connect(link->fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)
            return;
        failed_with = errno;
        close(link->fd);
        link->fd = -1;
    }
    close_link(link, strerror(failed_with));
}

/* A name is checked against the certificate; an address too, as one. */
static void expect_host(struct link *link)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(link->ssl);
    if (!X509_VERIFY_PARAM_set1_ip_asc(param, link->host)) {
        ERR_clear_error();
        SSL_set1_host(link->ssl, link->host);
        SSL_set_tlsext_host_name(link->ssl, link->host);
    }
}

struct link *link_new(struct link_tls *tls, const char *host, uint16_t port,
                      const struct link_handlers *handlers, struct error *error)
{
    char service[8];
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct link *link = calloc(1, sizeof *link);
    if (!link) {
        error_set(error, "out of memory");
        return NULL;
    }
    link->fd = -1;
    link->tls = tls;
    link->handlers = *handlers;
    snprintf(link->host, sizeof link->host, "%s", host);
    snprintf(service, sizeof service, "%u", (unsigned)port);
    int rc = getaddrinfo(host, service, &hints, &link->addresses);
    if (rc) {
        error_set(error, "cannot find %s: %s", host, gai_strerror(rc));
        link_free(link);
        return NULL;
    }
    link->address = link->addresses;
    link->ssl = SSL_new(tls->context);
    if (!link->ssl) {
        error_set(error, "out of memory");
        link_free(link);
        return NULL;
    }
    if (!handlers->pin)
        SSL_set1_verify_cert_store(link->ssl, tls->nobody);
    expect_host(link);
    connect_next(link);
    if (link->state == LINK_CLOSED) {
        error_set(error, "cannot connect to %s port %s: %s", host, service, link->why.text);
        link_free(link);
        return NULL;
    }
    return link;
}

void link_free(struct link *link)
{
    if (!link)
        return;
    if (link->state == LINK_OPEN)
        SSL_shutdown(link->ssl); /* say so, if the socket takes it; nobody waits */
    close_link(link, "closed");
    SSL_free(link->ssl);
    if (link->addresses)
        freeaddrinfo(link->addresses);
    ERR_clear_error();
    free(link);
}

static void go_on_connecting(struct link *link)
{
    struct pollfd p = {.fd = link->fd, .events = POLLOUT};
    int failed_with = 0;
    socklen_t size = sizeof failed_with;
    if (poll(&p, 1, 0) != 1)
        return;
    getsockopt(link->fd, SOL_SOCKET, SO_ERROR, &failed_with, &size);
    if (failed_with) {
        close(link->fd);
        link->fd = -1;
        link->address = link->address->ai_next;
        if (link->address)
            connect_next(link);
        else
            close_link(link, strerror(failed_with));
        return;
    }
    BIO *bio = BIO_new(link->tls->method);
    if (!bio) {
        close_link(link, "out of memory");
        return;
    }
    BIO_set_data(bio, link);
    BIO_set_init(bio, 1);
    SSL_set_bio(link->ssl, bio, bio);
    SSL_set_connect_state(link->ssl);
    link->state = LINK_HANDSHAKE;
}

/* ---- the handshake ---- */

/* SHA-256 of the SubjectPublicKeyInfo. */
static int take_pin(struct link *link)
{
    X509 *certificate = SSL_get0_peer_certificate(link->ssl);
    unsigned char *der = NULL;
    int n = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der) : -1;
    bool fine = n > 0 && EVP_Digest(der, (size_t)n, link->pin, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    return fine ? 0 : -1;
}

/* What an SSL_ call that returned n means: 0 wait, -1 the link is closed. */
static int want(struct link *link, int n)
{
    switch (SSL_get_error(link->ssl, n)) {
    case SSL_ERROR_WANT_READ:
        link->tls_wants_write = false;
        return 0;
    case SSL_ERROR_WANT_WRITE:
        link->tls_wants_write = true;
        return 0;
    case SSL_ERROR_ZERO_RETURN:
        close_link(link, "the server closed the connection");
        return -1;
    case SSL_ERROR_SYSCALL:
        close_link(link, errno ? strerror(errno) : "the server closed the connection");
        return -1;
    default:
        if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
            close_link(link, "the server closed the connection");
        else
            close_link(link, tls_reason());
        return -1;
    }
}

/* Take what the socket has; nothing may be left of what it gave before. False: nothing came, or the
 * link is closed. *drained: it gave less than it was asked for. */
static bool fetch(struct link *link, bool *drained)
{
    struct link_tls *tls = link->tls;
    ssize_t n = recv(link->fd, tls->wire, sizeof tls->wire, 0);
    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        close_link(link, n ? strerror(errno) : "the server closed the connection");
        return false;
    }
    link->wire_bytes_in += (uint64_t)n;
    link->wire_next = tls->wire;
    link->wire_end = tls->wire + n;
    *drained = (size_t)n < sizeof tls->wire;
    return true;
}

static void go_on_shaking(struct link *link)
{
    bool drained;
    int n;
    ERR_clear_error();
    errno = 0;
    while ((n = SSL_do_handshake(link->ssl)) != 1) {
        if (want(link, n) == -1 || link->tls_wants_write || !fetch(link, &drained))
            return;
    }
    const unsigned char *alpn = NULL;
    unsigned alpn_bytes = 0;
    SSL_get0_alpn_selected(link->ssl, &alpn, &alpn_bytes);
    if (alpn_bytes != strlen(PROTOCOL_ALPN) || memcmp(alpn, PROTOCOL_ALPN, alpn_bytes) != 0) {
        close_link(link, "the server does not speak " PROTOCOL_ALPN);
        return;
    }
    if (take_pin(link) == -1) {
        close_link(link, "the server showed no certificate");
        return;
    }
    bool vouched = SSL_get_verify_result(link->ssl) == X509_V_OK;
    if (!vouched && link->handlers.pin && !link->handlers.pin(link->handlers.context, link->pin)) {
        close_link(link, "the server's key was not accepted");
        return;
    }
    link->state = LINK_OPEN;
}

/* ---- frames ---- */

/* Hand on each whole frame at the front of the bytes, which are in link->in or in the shared
 * buffer; the rest is kept at the front of link->in. */
static int take_frames(struct link *link, const uint8_t *bytes, size_t n)
{
    size_t at = 0;
    for (;;) {
        struct protocol_frame frame;
        enum protocol_result result =
            protocol_frame_parse(bytes + at, n - at, sizeof link->in, &frame);
        if (result == PROTOCOL_MORE)
            break;
        if (result == PROTOCOL_BAD || !link->handlers.frame(link->handlers.context, &frame)) {
            close_link(link, "the server sent a malformed message");
            return -1;
        }
        at += frame.frame_bytes;
        link->bytes_in += frame.frame_bytes;
    }
    link->in_bytes = n - at;
    memmove(link->in, bytes + at, link->in_bytes);
    return 0;
}

/* Before a call whose answer SSL_get_error is to explain. To look is a third of clearing. */
static void forget_errors(void)
{
    if (ERR_peek_error())
        ERR_clear_error();
    errno = 0;
}

/* Decrypt what was fetched. TLS holds no decrypted bytes back unless it filled the room. */
static void read_records(struct link *link)
{
    struct link_tls *tls = link->tls;
    bool filled = false;
    forget_errors();
    while (link->wire_next != link->wire_end || (filled && SSL_pending(link->ssl) > 0)) {
        bool begun = link->in_bytes > 0; /* a frame has begun: the rest comes behind it */
        uint8_t *room = begun ? link->in + link->in_bytes : tls->plain;
        int room_bytes = (int)(sizeof link->in - link->in_bytes);
        int n = SSL_read(link->ssl, room, room_bytes);
        filled = n == room_bytes;
        if (n <= 0) {
            (void)want(link, n);
            return;
        }
        if (take_frames(link, begun ? link->in : room, link->in_bytes + (size_t)n) == -1)
            return;
    }
}

static void receive(struct link *link)
{
    bool drained = false;
    read_records(link); /* what came with the end of the handshake */
    while (link->state == LINK_OPEN && !drained && fetch(link, &drained))
        read_records(link);
}

static void send_out(struct link *link)
{
    while (link->state == LINK_OPEN && link->out_sent < link->out_bytes) {
        forget_errors();
        int n = SSL_write(link->ssl, link->out + link->out_sent,
                          (int)(link->out_bytes - link->out_sent));
        if (n <= 0) {
            (void)want(link, n);
            return;
        }
        link->out_sent += (size_t)n;
        link->bytes_out += (uint64_t)n;
    }
    if (link->out_sent == link->out_bytes)
        link->out_sent = link->out_bytes = 0;
}

enum link_state link_flush(struct link *link, struct error *error)
{
    if (link->state == LINK_OPEN)
        send_out(link);
    if (link->state == LINK_CLOSED)
        error_set(error, "%s", link->why.text);
    return link->state;
}

enum link_state link_pump(struct link *link, struct error *error)
{
    if (link->state == LINK_CONNECTING)
        go_on_connecting(link);
    if (link->state == LINK_HANDSHAKE)
        go_on_shaking(link);
    if (link->state == LINK_OPEN)
        receive(link);
    link->wire_next = link->wire_end = NULL; /* closed amid what was fetched */
    return link_flush(link, error);
}

int link_send_begin(struct link *link, size_t need_bytes, struct wire_writer *writer)
{
    if (link->state == LINK_CLOSED)
        return -1;
    if (link->out_sent) {
        link->out_bytes -= link->out_sent;
        memmove(link->out, link->out + link->out_sent, link->out_bytes);
        link->out_sent = 0;
    }
    if (need_bytes > sizeof link->out - link->out_bytes)
        return -1;
    wire_writer_init(writer, link->out + link->out_bytes, sizeof link->out - link->out_bytes);
    return 0;
}

void link_send_commit(struct link *link, const struct wire_writer *writer)
{
    if (!writer->bad)
        link->out_bytes += wire_written(writer);
}

/* ---- questions ---- */

int link_fd(const struct link *link)
{
    return link->fd;
}

short link_events(const struct link *link)
{
    switch (link->state) {
    case LINK_CONNECTING:
        return POLLOUT;
    case LINK_HANDSHAKE:
        return link->tls_wants_write ? POLLOUT : POLLIN;
    case LINK_OPEN:
        return (short)(link->out_bytes ? POLLIN | POLLOUT : POLLIN);
    case LINK_CLOSED:
        break;
    }
    return 0;
}

enum link_state link_state(const struct link *link)
{
    return link->state;
}

uint64_t link_bytes_in(const struct link *link)
{
    return link->bytes_in;
}

uint64_t link_bytes_out(const struct link *link)
{
    return link->bytes_out;
}

uint64_t link_wire_bytes_in(const struct link *link)
{
    return link->wire_bytes_in;
}

const uint8_t *link_peer_pin(const struct link *link)
{
    return link->pin;
}
