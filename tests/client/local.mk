# Tests of this area.
check_LIBRARIES += tests/client/libpicture.a
tests_client_libpicture_a_SOURCES = tests/client/picture.c tests/client/picture.h
tests_client_libpicture_a_CFLAGS = $(TEST_CFLAGS) $(CLIENT_CFLAGS)

check_PROGRAMS += tests/client/test_window
tests_client_test_window_SOURCES = tests/client/test_window.c
tests_client_test_window_CFLAGS = $(TEST_CFLAGS) $(CLIENT_CFLAGS)
tests_client_test_window_LDADD = tests/client/libpicture.a $(CLIENT_LIBS) $(CMOCKA_LIBS)
nodist_EXTRA_tests_client_test_window_SOURCES = dummy.cxx
