bin_PROGRAMS += openmmo-console
openmmo_console_SOURCES = src/console/main.c
openmmo_console_CFLAGS = $(AM_CFLAGS) $(CONSOLE_CFLAGS)
openmmo_console_LDADD = $(CONSOLE_LIBS)

CONSOLE_CFLAGS = $(JANSSON_CFLAGS) $(NCURSES_CFLAGS)
CONSOLE_LIBS = libconsole.a $(JANSSON_LIBS) $(NCURSES_LIBS) $(COMMON_LIBS) -lm

noinst_LIBRARIES += libconsole.a
libconsole_a_CFLAGS = $(AM_CFLAGS) $(CONSOLE_CFLAGS)
libconsole_a_SOURCES = \
    src/console/admin_client.c src/console/admin_client.h \
    src/console/answer.c src/console/answer.h \
    src/console/call.c src/console/call.h \
    src/console/completion.c src/console/completion.h \
    src/console/console.c src/console/console.h \
    src/console/exec.c src/console/exec.h \
    src/console/model/alerts.c src/console/model/alerts.h \
    src/console/model/audit.c src/console/model/audit.h \
    src/console/model/config.c src/console/model/config.h \
    src/console/model/database.c src/console/model/database.h \
    src/console/model/dossier.c src/console/model/dossier.h \
    src/console/model/chat.c src/console/model/chat.h \
    src/console/model/fields.c src/console/model/fields.h \
    src/console/model/ground.c src/console/model/ground.h \
    src/console/model/log.c src/console/model/log.h \
    src/console/model/network.c src/console/model/network.h \
    src/console/model/model.c src/console/model/model.h \
    src/console/model/players.c src/console/model/players.h \
    src/console/model/profile.c src/console/model/profile.h \
    src/console/model/reports.c src/console/model/reports.h \
    src/console/model/rpc.c src/console/model/rpc.h \
    src/console/model/series.c src/console/model/series.h \
    src/console/model/status.c src/console/model/status.h \
    src/console/model/world.c src/console/model/world.h \
    src/console/model/worst.c src/console/model/worst.h \
    src/console/record.c src/console/record.h \
    src/console/request.c src/console/request.h \
    src/console/watch.c src/console/watch.h \
    src/console/screens/alerts.c src/console/screens/alerts.h \
    src/console/screens/histogram.c src/console/screens/histogram.h \
    src/console/screens/chat.c src/console/screens/chat.h \
    src/console/screens/audit.c src/console/screens/audit.h \
    src/console/screens/config.c src/console/screens/config.h \
    src/console/screens/address.c src/console/screens/address.h \
    src/console/screens/database.c src/console/screens/database.h \
    src/console/screens/network.c src/console/screens/network.h \
    src/console/screens/cell.c \
    src/console/screens/load.c src/console/screens/load.h \
    src/console/screens/log.c src/console/screens/log.h \
    src/console/screens/map.c src/console/screens/map.h src/console/screens/map_inside.h \
    src/console/screens/map_draw.c src/console/screens/map_panel.c \
    src/console/screens/map_picture.c src/console/screens/map_picture.h \
    src/console/screens/map_view.c src/console/screens/map_view.h \
    src/console/screens/overview.c src/console/screens/overview.h \
    src/console/screens/player.c src/console/screens/player.h \
    src/console/screens/player_deeds.c src/console/screens/player_deeds.h \
    src/console/screens/players.c src/console/screens/players.h \
    src/console/screens/report.c src/console/screens/report.h \
    src/console/screens/reports.c src/console/screens/reports.h \
    src/console/screens/screens.c \
    src/console/terminal/colour.c src/console/terminal/colour.h \
    src/console/terminal/terminal.c src/console/terminal/terminal.h \
    src/console/terminal/terminfo.c src/console/terminal/terminfo.h \
    src/console/ui/canvas.c src/console/ui/canvas.h \
    src/console/ui/command.c src/console/ui/command.h \
    src/console/ui/complete.c src/console/ui/complete.h \
    src/console/ui/dialog.c src/console/ui/dialog.h \
    src/console/ui/figures.c src/console/ui/figures.h \
    src/console/ui/form.c src/console/ui/form.h \
    src/console/ui/frame.c src/console/ui/frame.h \
    src/console/ui/help.c src/console/ui/help.h \
    src/console/ui/history.c src/console/ui/history.h \
    src/console/ui/keys.c src/console/ui/keys.h \
    src/console/ui/line.c src/console/ui/line.h \
    src/console/ui/list.c src/console/ui/list.h \
    src/console/ui/mouse.h \
    src/console/ui/requests.c src/console/ui/requests.h \
    src/console/ui/result.c src/console/ui/result.h \
    src/console/ui/screen.h \
    src/console/ui/ui.c src/console/ui/ui.h
