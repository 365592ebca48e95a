bin_PROGRAMS += openmmo-console
openmmo_console_SOURCES = src/console/main.c
openmmo_console_CFLAGS = $(AM_CFLAGS) $(CONSOLE_CFLAGS)
openmmo_console_LDADD = $(CONSOLE_LIBS)

CONSOLE_CFLAGS = $(JANSSON_CFLAGS) $(NCURSES_CFLAGS)
CONSOLE_LIBS = libconsole.a $(JANSSON_LIBS) $(NCURSES_LIBS) $(COMMON_LIBS)

noinst_LIBRARIES += libconsole.a
libconsole_a_CFLAGS = $(AM_CFLAGS) $(CONSOLE_CFLAGS)
libconsole_a_SOURCES =
