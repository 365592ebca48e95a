libserver_a_SOURCES += src/server/net/address.c src/server/net/address.h \
    src/server/net/batch.c src/server/net/batch.h \
    src/server/net/bucket.c src/server/net/bucket.h \
    src/server/net/io.c src/server/net/io.h \
    src/server/net/listener.c src/server/net/listener.h \
    src/server/net/network.c src/server/net/network.h \
    src/server/net/proxy.c src/server/net/proxy.h \
    src/server/net/stream.c src/server/net/stream.h src/server/net/stream_tls.c \
    src/server/net/stream_transport.h \
    src/server/net/tally.c src/server/net/tally.h \
    src/server/net/tls.c src/server/net/tls.h \
    src/server/net/tls_pool.c src/server/net/tls_pool.h
