sbin_PROGRAMS += openmmod
openmmod_SOURCES = src/server/main.c
openmmod_CFLAGS = $(AM_CFLAGS) $(SERVER_CFLAGS)
openmmod_LDADD = $(SERVER_LIBS)

SERVER_CFLAGS = $(WARN_CONVERSION) $(LIBEVENT_CFLAGS) $(URING_CFLAGS) $(OPENSSL_CFLAGS) $(SODIUM_CFLAGS) $(SQLITE_CFLAGS) \
    $(PQ_CFLAGS) $(JANSSON_CFLAGS) $(UTF8PROC_CFLAGS) $(SYSTEMD_CFLAGS) $(ZLIB_CFLAGS) $(LIBCURL_CFLAGS)
# libserver.a holds all of the server but main.c: tests link it.
SERVER_LIBS = libserver.a $(LIBEVENT_LIBS) $(URING_LIBS) $(SQLITE_LIBS) $(PQ_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS) $(LIBCURL_LIBS) $(COMMON_LIBS) -lcrypt -lm

noinst_LIBRARIES += libserver.a
libserver_a_CFLAGS = $(AM_CFLAGS) $(SERVER_CFLAGS)
libserver_a_SOURCES = src/server/intake.c src/server/intake.h src/server/ticker.c src/server/ticker.h src/server/tempo.c src/server/tempo.h \
    src/server/lookout.c src/server/lookout.h src/server/tickwatch.c src/server/tickwatch.h \
    src/server/monitor.c src/server/monitor.h src/server/vitals.c src/server/vitals.h

include src/server/ops/local.mk
include src/server/store/local.mk
include src/server/sim/local.mk
include src/server/accounts/local.mk
include src/server/net/local.mk
include src/server/play/local.mk
include src/server/admin/local.mk
include src/server/http/local.mk
libserver_a_SOURCES += src/server/server.c src/server/server.h src/server/server_inside.h src/server/state.c src/server/state.h \
    src/server/channels.c src/server/channels.h src/server/hosting.c src/server/hosting.h \
    src/server/news.c src/server/news.h src/server/wiring.c src/server/wiring.h \
    src/server/doors.c src/server/doors.h src/server/stop.c src/server/stop.h \
    src/server/reload.c src/server/reload.h src/server/rooms.c src/server/rooms.h
libserver_a_SOURCES += src/server/config.c src/server/config.h src/server/config_page.c src/server/config_page.h
