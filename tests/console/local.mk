# Tests of this area.
CONSOLE_PROGRAM_CFLAGS = -DCONSOLE_PROGRAM='"$(abs_top_builddir)/openmmo-console"'
TMUX_SOURCES = tests/console/tmux.c tests/console/tmux.h
FIXTURE_SOURCES = tests/console/fixture.c tests/console/fixture.h
FIXTURE_CFLAGS = $(TEST_CFLAGS) $(CONSOLE_CFLAGS) -DSOURCE_DIR='"$(abs_top_srcdir)/tests/console"'
FIXTURE_LIBS = $(CONSOLE_LIBS) $(CMOCKA_LIBS)
LIVE_SOURCES = tests/console/live.c tests/console/live.h $(TMUX_SOURCES) $(E2E_SOURCES)
LIVE_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(CONSOLE_PROGRAM_CFLAGS) -DBOTS_PROGRAM='"$(abs_top_builddir)/openmmo-bots"'

check_PROGRAMS += tests/console/test_tmux
tests_console_test_tmux_SOURCES = tests/console/test_tmux.c $(TMUX_SOURCES) \
    tests/server/fake_host.c tests/server/fake_host.h
tests_console_test_tmux_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS) $(CONSOLE_PROGRAM_CFLAGS)
tests_console_test_tmux_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
EXTRA_tests_console_test_tmux_DEPENDENCIES = openmmo-console

check_PROGRAMS += tests/console/test_screens
tests_console_test_screens_SOURCES = tests/console/test_screens.c $(FIXTURE_SOURCES)
tests_console_test_screens_CFLAGS = $(FIXTURE_CFLAGS)
tests_console_test_screens_LDADD = $(FIXTURE_LIBS)

check_PROGRAMS += tests/console/test_deeds
tests_console_test_deeds_SOURCES = tests/console/test_deeds.c $(FIXTURE_SOURCES)
tests_console_test_deeds_CFLAGS = $(FIXTURE_CFLAGS)
tests_console_test_deeds_LDADD = $(FIXTURE_LIBS)

check_PROGRAMS += tests/console/test_lists
tests_console_test_lists_SOURCES = tests/console/test_lists.c $(FIXTURE_SOURCES)
tests_console_test_lists_CFLAGS = $(FIXTURE_CFLAGS)
tests_console_test_lists_LDADD = $(FIXTURE_LIBS)

check_PROGRAMS += tests/console/test_idle
tests_console_test_idle_SOURCES = tests/console/test_idle.c $(FIXTURE_SOURCES)
tests_console_test_idle_CFLAGS = $(FIXTURE_CFLAGS)
tests_console_test_idle_LDADD = $(FIXTURE_LIBS)

check_PROGRAMS += tests/console/test_network
tests_console_test_network_SOURCES = tests/console/test_network.c $(FIXTURE_SOURCES)
tests_console_test_network_CFLAGS = $(FIXTURE_CFLAGS)
tests_console_test_network_LDADD = $(FIXTURE_LIBS)

check_PROGRAMS += tests/console/test_command
tests_console_test_command_SOURCES = tests/console/test_command.c $(FIXTURE_SOURCES)
tests_console_test_command_CFLAGS = $(FIXTURE_CFLAGS)
tests_console_test_command_LDADD = $(FIXTURE_LIBS)

check_PROGRAMS += tests/console/test_record
tests_console_test_record_SOURCES = tests/console/test_record.c $(FIXTURE_SOURCES)
tests_console_test_record_CFLAGS = $(FIXTURE_CFLAGS)
tests_console_test_record_LDADD = $(FIXTURE_LIBS)

check_PROGRAMS += tests/console/test_keys
tests_console_test_keys_SOURCES = tests/console/test_keys.c $(FIXTURE_SOURCES) $(TMUX_SOURCES)
tests_console_test_keys_CFLAGS = $(FIXTURE_CFLAGS) $(CONSOLE_PROGRAM_CFLAGS)
tests_console_test_keys_LDADD = $(FIXTURE_LIBS)
EXTRA_tests_console_test_keys_DEPENDENCIES = openmmo-console

check_PROGRAMS += tests/console/test_terminals
tests_console_test_terminals_SOURCES = tests/console/test_terminals.c $(FIXTURE_SOURCES) $(TMUX_SOURCES)
tests_console_test_terminals_CFLAGS = $(FIXTURE_CFLAGS) $(CONSOLE_PROGRAM_CFLAGS)
tests_console_test_terminals_LDADD = $(FIXTURE_LIBS)
EXTRA_tests_console_test_terminals_DEPENDENCIES = openmmo-console

EXTRA_DIST += tests/console/replies tests/console/golden

check_PROGRAMS += tests/console/test_exec
tests_console_test_exec_SOURCES = tests/console/test_exec.c tests/server/fake_host.c tests/server/fake_host.h
tests_console_test_exec_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS) $(CONSOLE_PROGRAM_CFLAGS) \
    -DMANUAL='"$(abs_top_srcdir)/man/openmmo-console.1"' \
    -DCOMPLETION='"$(abs_top_srcdir)/data/bash-completion/openmmo-console"'
tests_console_test_exec_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
EXTRA_tests_console_test_exec_DEPENDENCIES = openmmo-console

check_PROGRAMS += tests/console/test_cockpit
tests_console_test_cockpit_SOURCES = tests/console/test_cockpit.c $(LIVE_SOURCES)
tests_console_test_cockpit_CFLAGS = $(LIVE_CFLAGS)
tests_console_test_cockpit_LDADD = $(E2E_LIBS)
EXTRA_tests_console_test_cockpit_DEPENDENCIES = openmmo-console openmmo-bots openmmod

check_PROGRAMS += tests/console/test_hostile
tests_console_test_hostile_SOURCES = tests/console/test_hostile.c $(TMUX_SOURCES) $(E2E_SOURCES)
tests_console_test_hostile_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS) $(CONSOLE_PROGRAM_CFLAGS) \
    -DSOURCE_DIR='"$(abs_top_srcdir)/tests/console"'
tests_console_test_hostile_LDADD = $(COMMON_LIBS) $(JANSSON_LIBS) $(CMOCKA_LIBS) -lm
EXTRA_tests_console_test_hostile_DEPENDENCIES = openmmo-console openmmod

check_PROGRAMS += tests/console/test_roles
tests_console_test_roles_SOURCES = tests/console/test_roles.c $(E2E_SOURCES)
tests_console_test_roles_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(CONSOLE_PROGRAM_CFLAGS)
tests_console_test_roles_LDADD = $(E2E_LIBS)
EXTRA_tests_console_test_roles_DEPENDENCIES = openmmo-console openmmod

dist_check_SCRIPTS += tests/console/test_manuals.sh
TESTS += tests/console/test_manuals.sh

check_PROGRAMS += tests/console/test_map
tests_console_test_map_SOURCES = tests/console/test_map.c
tests_console_test_map_CFLAGS = $(FIXTURE_CFLAGS)
tests_console_test_map_LDADD = $(FIXTURE_LIBS)

check_PROGRAMS += tests/console/test_map_live
tests_console_test_map_live_SOURCES = tests/console/test_map_live.c $(LIVE_SOURCES)
tests_console_test_map_live_CFLAGS = $(LIVE_CFLAGS)
tests_console_test_map_live_LDADD = $(E2E_LIBS)
EXTRA_tests_console_test_map_live_DEPENDENCIES = openmmo-console openmmo-bots openmmod
