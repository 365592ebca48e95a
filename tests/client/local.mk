# Tests of this area.
check_LIBRARIES += tests/client/libpicture.a
tests_client_libpicture_a_SOURCES = tests/client/picture.c tests/client/picture.h
tests_client_libpicture_a_CFLAGS = $(TEST_CFLAGS) $(CLIENT_CFLAGS)

check_PROGRAMS += tests/client/test_window
tests_client_test_window_SOURCES = tests/client/test_window.c
tests_client_test_window_CFLAGS = $(TEST_CFLAGS) $(CLIENT_CFLAGS)
tests_client_test_window_LDADD = tests/client/libpicture.a $(CLIENT_LIBS) $(CMOCKA_LIBS)
nodist_EXTRA_tests_client_test_window_SOURCES = dummy.cxx

CLIENT_TEST_CFLAGS = $(TEST_CFLAGS) $(CLIENT_CFLAGS)
CLIENT_TEST_LDADD = $(CLIENT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/client/test_prediction
tests_client_test_prediction_SOURCES = tests/client/test_prediction.c
tests_client_test_prediction_CFLAGS = $(CLIENT_TEST_CFLAGS)
tests_client_test_prediction_LDADD = $(CLIENT_TEST_LDADD)

check_PROGRAMS += tests/client/test_interpolation
tests_client_test_interpolation_SOURCES = tests/client/test_interpolation.c
tests_client_test_interpolation_CFLAGS = $(CLIENT_TEST_CFLAGS)
tests_client_test_interpolation_LDADD = $(CLIENT_TEST_LDADD)

check_PROGRAMS += tests/client/test_figures
tests_client_test_figures_SOURCES = tests/client/test_figures.c
tests_client_test_figures_CFLAGS = $(CLIENT_TEST_CFLAGS)
tests_client_test_figures_LDADD = $(CLIENT_TEST_LDADD)

check_PROGRAMS += tests/client/test_figure_mesh
tests_client_test_figure_mesh_SOURCES = tests/client/test_figure_mesh.c
tests_client_test_figure_mesh_CFLAGS = $(CLIENT_TEST_CFLAGS)
tests_client_test_figure_mesh_LDADD = $(CLIENT_TEST_LDADD) -lm

check_PROGRAMS += tests/client/test_remembered
tests_client_test_remembered_SOURCES = tests/client/test_remembered.c
tests_client_test_remembered_CFLAGS = $(CLIENT_TEST_CFLAGS)
tests_client_test_remembered_LDADD = $(CLIENT_TEST_LDADD)

check_PROGRAMS += tests/client/test_ui
tests_client_test_ui_SOURCES = tests/client/test_ui.c
# Dear ImGui is C++: links with the C++ compiler.
nodist_EXTRA_tests_client_test_ui_SOURCES = dummy.cxx
tests_client_test_ui_CFLAGS = $(CLIENT_TEST_CFLAGS)
tests_client_test_ui_LDADD = $(CLIENT_TEST_LDADD)

check_PROGRAMS += tests/client/test_session
tests_client_test_session_SOURCES = tests/client/test_session.c
tests_client_test_session_CFLAGS = $(CLIENT_TEST_CFLAGS)
tests_client_test_session_LDADD = $(CLIENT_TEST_LDADD)

# One thread's arithmetic, many million steps: the thread sanitizer would only make it slow.
check_LIBRARIES += tests/client/libraycaster.a
tests_client_libraycaster_a_SOURCES = tests/client/raycaster.c tests/client/raycaster.h
tests_client_libraycaster_a_CFLAGS = $(TEST_CFLAGS) $(CLIENT_CFLAGS) -O2 -fno-sanitize=thread

check_PROGRAMS += tests/client/test_pictures
tests_client_test_pictures_SOURCES = tests/client/test_pictures.c
tests_client_test_pictures_CFLAGS = $(TEST_CFLAGS) $(CLIENT_CFLAGS)
tests_client_test_pictures_LDADD = tests/client/libpicture.a tests/client/libraycaster.a $(CLIENT_LIBS) $(CMOCKA_LIBS)
nodist_EXTRA_tests_client_test_pictures_SOURCES = dummy.cxx

check_PROGRAMS += tests/client/test_memory
tests_client_test_memory_SOURCES = tests/client/test_memory.c
tests_client_test_memory_CFLAGS = $(TEST_CFLAGS) $(CLIENT_CFLAGS)
tests_client_test_memory_LDADD = tests/client/libpicture.a $(CLIENT_LIBS) $(CMOCKA_LIBS)
nodist_EXTRA_tests_client_test_memory_SOURCES = dummy.cxx

check_PROGRAMS += tests/client/test_terrain
tests_client_test_terrain_SOURCES = tests/client/test_terrain.c
tests_client_test_terrain_CFLAGS = $(TEST_CFLAGS) $(CLIENT_CFLAGS)
tests_client_test_terrain_LDADD = tests/client/libpicture.a $(CLIENT_LIBS) $(CMOCKA_LIBS)
nodist_EXTRA_tests_client_test_terrain_SOURCES = dummy.cxx

check_PROGRAMS += tests/client/test_gfx
tests_client_test_gfx_SOURCES = tests/client/test_gfx.c
tests_client_test_gfx_CFLAGS = $(TEST_CFLAGS) $(CLIENT_CFLAGS)
tests_client_test_gfx_LDADD = tests/client/libpicture.a $(CLIENT_LIBS) $(CMOCKA_LIBS)
nodist_EXTRA_tests_client_test_gfx_SOURCES = dummy.cxx

check_PROGRAMS += tests/client/test_play
tests_client_test_play_SOURCES = tests/client/test_play.c
tests_client_test_play_CFLAGS = $(CLIENT_TEST_CFLAGS)
tests_client_test_play_LDADD = tests/client/libpicture.a $(CLIENT_TEST_LDADD)
nodist_EXTRA_tests_client_test_play_SOURCES = dummy.cxx

check_PROGRAMS += tests/client/test_offscreen
tests_client_test_offscreen_SOURCES = tests/client/test_offscreen.c
tests_client_test_offscreen_CFLAGS = $(CLIENT_TEST_CFLAGS)
tests_client_test_offscreen_LDADD = tests/client/libpicture.a $(CLIENT_TEST_LDADD)
nodist_EXTRA_tests_client_test_offscreen_SOURCES = dummy.cxx
