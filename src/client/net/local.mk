libclient_a_SOURCES += \
    src/client/net/connection.c src/client/net/connection.h \
    src/client/net/pins.c src/client/net/pins.h \
    src/client/net/reconnect.c src/client/net/reconnect.h \
    src/client/net/session.c src/client/net/session.h
