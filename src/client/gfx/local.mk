libclient_a_SOURCES += src/client/gfx/gfx.h
