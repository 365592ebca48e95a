bin_PROGRAMS += openmmo-bots
openmmo_bots_SOURCES = src/bots/main.c
openmmo_bots_CFLAGS = $(AM_CFLAGS) $(BOTS_CFLAGS)
openmmo_bots_LDADD = $(BOTS_LIBS)

BOTS_CFLAGS = $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
BOTS_LIBS = libbots.a $(JANSSON_LIBS) $(COMMON_LIBS) -lm

noinst_LIBRARIES += libbots.a
libbots_a_CFLAGS = $(AM_CFLAGS) $(BOTS_CFLAGS)
libbots_a_SOURCES = \
    src/bots/accounts.c src/bots/accounts.h \
    src/bots/apart.c src/bots/apart.h \
    src/bots/board.c src/bots/board.h \
    src/bots/book.c src/bots/book.h \
    src/bots/bot.c src/bots/bot.h \
    src/bots/crew.c src/bots/crew.h \
    src/bots/entry.c src/bots/entry.h \
    src/bots/histogram.c src/bots/histogram.h \
    src/bots/operator.c src/bots/operator.h \
    src/bots/receiver.c src/bots/receiver.h \
    src/bots/report.c src/bots/report.h \
    src/bots/roll.c src/bots/roll.h \
    src/bots/rows.c src/bots/rows.h \
    src/bots/scenario.c src/bots/scenario.h \
    src/bots/sketch.c src/bots/sketch.h \
    src/bots/swarm.c src/bots/swarm.h \
    src/bots/trail.c src/bots/trail.h \
    src/bots/walker.c src/bots/walker.h
