libserver_a_SOURCES += src/server/play/sessions.h src/server/play/presence.h
