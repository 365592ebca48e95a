/* stream_tls.c -- TLS as a stream's transport: OpenSSL reads from the socket and writes to it
 * through a BIO of ours, with read-ahead (one recv brings many records). The handshake's parts are
 * gathered in the io thread's scratch buffer, which the stream then sends at once.
 *
 * OpenSSL's error queue of a thread is empty whenever none of these functions runs: who meets an
 * error empties it. So it need not be emptied before each call (that costs a tenth of a small
 * record). */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <pthread.h>
#include <string.h>

#include "net/bucket.h"
#include "net/stream_transport.h"
#include "net/tls.h"

/* What TLS does for itself after the handshake: new keys for a peer who changes his, the answer to
 * one who wants to begin anew. It costs us more than him, and OpenSSL takes one such message after
 * the other, for as long as the socket has any, before it gives us our thread back. So there is an
 * end to them. Each takes one to four steps. */
static const struct bucket_rate asides = {.tokens = 1, .period_ms = 10000, .burst = 200};

/* OpenSSL: a step of a message of its own, or an alert. */
static void on_info(const SSL *ssl, int where, int value)
{
    struct stream *stream = SSL_get_app_data(ssl);

    (void)value;
    if (stream->open && (where & (SSL_CB_LOOP | SSL_CB_ALERT)) != 0 &&
        !bucket_take(&stream->asides, &asides, io_now_ms(stream->io)))
        stream->restless = true;
}

static int bio_write(BIO *bio, const char *bytes, size_t len_bytes, size_t *written)
{
    struct stream *stream = BIO_get_data(bio);
    struct io_scratch *scratch = io_scratch(stream->io);

    BIO_clear_retry_flags(bio);
    if (stream->open) { /* a whole record: from OpenSSL's buffer into the socket, without a copy */
        if (stream_put(stream, (const uint8_t *)bytes, len_bytes) != 0)
            return 0;
        *written = len_bytes;
        return 1;
    }
    if (len_bytes > sizeof(scratch->cipher) - scratch->cipher_n)
        return 0;
    memcpy(scratch->cipher + scratch->cipher_n, bytes, len_bytes);
    scratch->cipher_n += len_bytes;
    *written = len_bytes;
    return 1;
}

static int bio_read(BIO *bio, char *room, size_t room_bytes, size_t *got)
{
    struct stream *stream = BIO_get_data(bio);
    ssize_t n = -1;

    BIO_clear_retry_flags(bio);
    if (stream->restless)
        return 0;
    errno = EAGAIN;
    if (!stream->empty)
        n = stream_recv(stream, room, room_bytes);
    if (n < 0 && errno == EAGAIN)
        BIO_set_retry_read(bio);
    if (n <= 0)
        return 0;
    *got = (size_t)n;
    return 1;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    struct stream *stream = BIO_get_data(bio);

    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return stream->eof;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/* OpenSSL wants the method's table made at run time; one for all threads, for good. */
static BIO_METHOD *bio_method;

static void bio_method_make(void)
{
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "openmmo stream");
    if (bio_method == NULL)
        return;
    BIO_meth_set_write_ex(bio_method, bio_write);
    BIO_meth_set_read_ex(bio_method, bio_read);
    BIO_meth_set_ctrl(bio_method, bio_ctrl);
}

int stream_tls_init(struct stream *stream, SSL_CTX *context)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    BIO *bio;

    pthread_once(&once, bio_method_make);
    bio = bio_method != NULL ? BIO_new(bio_method) : NULL;
    if (bio == NULL) {
        ERR_clear_error();
        return -1;
    }
    BIO_set_data(bio, stream);
    BIO_set_init(bio, 1);
    stream->ssl = SSL_new(context);
    if (stream->ssl == NULL) {
        ERR_clear_error();
        BIO_free(bio);
        return -1;
    }
    SSL_set_bio(stream->ssl, bio, bio);
    bucket_init(&stream->asides, &asides, io_now_ms(stream->io));
    SSL_set_app_data(stream->ssl, stream);
    SSL_set_info_callback(stream->ssl, on_info);
    SSL_set_accept_state(stream->ssl);
    return 0;
}

bool stream_tls_holds(const struct stream *stream)
{
    return SSL_has_pending(stream->ssl) == 1;
}

static enum transport_result tls_result(struct stream *stream, int returned)
{
    switch (SSL_get_error(stream->ssl, returned)) {
    case SSL_ERROR_WANT_READ:
        return TRANSPORT_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return TRANSPORT_CLOSED;
    case SSL_ERROR_SYSCALL:
        ERR_clear_error();
        return TRANSPORT_ERROR;
    case SSL_ERROR_SSL:
        ERR_clear_error();
        return TRANSPORT_BAD;
    default: /* OpenSSL's numbers, not an enum of ours */
        ERR_clear_error();
        return TRANSPORT_ERROR;
    }
}

static enum transport_result tls_handshake(struct stream *stream)
{
    const uint8_t *alpn = NULL;
    unsigned alpn_n = 0;
    int done;

    done = SSL_do_handshake(stream->ssl);
    if (done != 1)
        return tls_result(stream, done);
    if (tls_context_is_web(SSL_get_SSL_CTX(stream->ssl)))
        return TRANSPORT_OK;
    /* choose_alpn is not asked where nothing is offered */
    SSL_get0_alpn_selected(stream->ssl, &alpn, &alpn_n);
    return alpn_n > 0 ? TRANSPORT_OK : TRANSPORT_BAD;
}

static enum transport_result tls_read(struct stream *stream, uint8_t *room, size_t room_bytes,
                                      size_t *got)
{
    int done;

    /* The socket is known to be empty: do not have OpenSSL find out. */
    if (stream->empty && SSL_has_pending(stream->ssl) == 0)
        return TRANSPORT_AGAIN;
    done = SSL_read_ex(stream->ssl, room, room_bytes, got);
    if (done != 1 && stream->restless) {
        ERR_clear_error();
        return TRANSPORT_BAD;
    }
    return done == 1 ? TRANSPORT_OK : tls_result(stream, done);
}

static enum transport_result tls_write(struct stream *stream, const uint8_t *bytes,
                                       size_t len_bytes)
{
    size_t written = 0;
    int done = SSL_write_ex(stream->ssl, bytes, len_bytes, &written);

    if (done != 1 || written != len_bytes) { /* our BIO takes all of it or fails */
        ERR_clear_error();
        return TRANSPORT_ERROR;
    }
    return TRANSPORT_OK;
}

static void tls_finish(struct stream *stream)
{
    SSL_shutdown(stream->ssl);
    ERR_clear_error();
}

const struct stream_transport stream_tls = {tls_handshake, tls_read, tls_write, tls_finish};
