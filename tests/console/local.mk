# Tests of this area.

check_PROGRAMS += tests/console/test_tmux
tests_console_test_tmux_SOURCES = tests/console/test_tmux.c tests/server/fake_host.c tests/server/fake_host.h
tests_console_test_tmux_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS) -DCONSOLE_PROGRAM='"$(abs_top_builddir)/openmmo-console"'
tests_console_test_tmux_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
EXTRA_tests_console_test_tmux_DEPENDENCIES = openmmo-console
