libserver_a_SOURCES += src/server/sim/command.h src/server/sim/journal.h src/server/sim/mailbox.h \
    src/server/sim/sim.h src/server/sim/snapshot.h
