bin_PROGRAMS += openmmo-console
openmmo_console_SOURCES = src/console/main.c
openmmo_console_CFLAGS = $(AM_CFLAGS) $(CONSOLE_CFLAGS)
openmmo_console_LDADD = $(CONSOLE_LIBS)

CONSOLE_CFLAGS = $(JANSSON_CFLAGS) $(NCURSES_CFLAGS)
CONSOLE_LIBS = libconsole.a $(JANSSON_LIBS) $(NCURSES_LIBS) $(COMMON_LIBS)

noinst_LIBRARIES += libconsole.a
libconsole_a_CFLAGS = $(AM_CFLAGS) $(CONSOLE_CFLAGS)
libconsole_a_SOURCES = \
    src/console/admin_client.c src/console/admin_client.h \
    src/console/canvas.c src/console/canvas.h \
    src/console/console.c src/console/console.h \
    src/console/dialog.c src/console/dialog.h \
    src/console/exec.c src/console/exec.h \
    src/console/figures.c \
    src/console/keys.c src/console/keys.h \
    src/console/model.c src/console/model.h \
    src/console/screen.h \
    src/console/screen_load.c \
    src/console/screen_log.c \
    src/console/screen_overview.c \
    src/console/screen_players.c \
    src/console/terminal.c src/console/terminal.h \
    src/console/ui.c src/console/ui.h
