EXTRA_DIST += doc/journal.md
libserver_a_SOURCES += \
    src/server/sim/block.c \
    src/server/sim/cell.c src/server/sim/cell.h \
    src/server/sim/chat.c src/server/sim/chat.h \
    src/server/sim/divide.c \
    src/server/sim/command.c src/server/sim/command.h \
    src/server/sim/figure.h \
    src/server/sim/idmap.c src/server/sim/idmap.h \
    src/server/sim/journal.c src/server/sim/journal.h \
    src/server/sim/journal_format.c src/server/sim/journal_format.h \
    src/server/sim/mailbox.c src/server/sim/mailbox.h \
    src/server/sim/pool.c src/server/sim/pool.h \
    src/server/sim/replay.c \
    src/server/sim/save.c \
    src/server/sim/script.c src/server/sim/script.h \
    src/server/sim/sim.h \
    src/server/sim/snapshot.c src/server/sim/snapshot.h src/server/sim/snapshot_build.h \
    src/server/sim/tick.c \
    src/server/sim/world.c src/server/sim/world.h
