libserver_a_SOURCES += src/server/play/sessions.h src/server/play/presence.c src/server/play/presence.h \
    src/server/play/people.c src/server/play/people.h src/server/play/saving.c src/server/play/saving.h \
    src/server/play/admission.c src/server/play/admission.h \
    src/server/play/returning.c src/server/play/returning.h \
    src/server/play/entrance.c src/server/play/entrance.h \
    src/server/play/presence_asked.c src/server/play/presence_inside.h \
    src/server/play/recent.c src/server/play/recent.h \
    src/server/play/reporting.c src/server/play/reporting.h \
    src/server/play/roll.c src/server/play/roll.h \
    src/server/play/scrollback.c src/server/play/scrollback.h \
    src/server/play/stays.c src/server/play/stays.h \
    src/server/play/transcript.c src/server/play/transcript.h \
    src/server/play/unplaced.c src/server/play/unplaced.h \
    src/server/play/spawn.c src/server/play/spawn.h
libserver_a_SOURCES += src/server/play/gather.c src/server/play/gather.h \
    src/server/play/acceptor.c src/server/play/acceptor.h \
    src/server/play/chatlog.c src/server/play/chatlog.h \
    src/server/play/balance.c src/server/play/balance.h \
    src/server/play/guests.c src/server/play/guests.h \
    src/server/play/host.c src/server/play/host.h \
    src/server/play/arrivals.c src/server/play/arrivals.h \
    src/server/play/blocks.c src/server/play/blocks.h \
    src/server/play/interest.c src/server/play/interest.h \
    src/server/play/native.c src/server/play/native.h \
    src/server/play/order.c src/server/play/order.h \
    src/server/play/outbox.c src/server/play/outbox.h \
    src/server/play/pressure.c src/server/play/pressure.h \
    src/server/play/rates.c src/server/play/rates.h \
    src/server/play/record.c src/server/play/record.h \
    src/server/play/tiers.c src/server/play/tiers.h \
    src/server/play/seat.c src/server/play/seat.h \
    src/server/play/session.c src/server/play/session.h \
    src/server/play/sessions.c src/server/play/sessions_inside.h \
    src/server/play/sessions_arriving.c src/server/play/sessions_figures.c
