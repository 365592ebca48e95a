# Tests of this area.
check_PROGRAMS += tests/common/test_wire tests/common/test_protocol
tests_common_test_wire_SOURCES = tests/common/test_wire.c
tests_common_test_wire_CFLAGS = $(TEST_CFLAGS)
tests_common_test_wire_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
tests_common_test_protocol_SOURCES = tests/common/test_protocol.c
tests_common_test_protocol_CFLAGS = $(TEST_CFLAGS)
tests_common_test_protocol_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/common/test_cellblock
tests_common_test_cellblock_SOURCES = tests/common/test_cellblock.c
tests_common_test_cellblock_CFLAGS = $(TEST_CFLAGS)
tests_common_test_cellblock_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/common/test_queue tests/common/test_log tests/common/test_text
tests_common_test_queue_SOURCES = tests/common/test_queue.c
tests_common_test_queue_CFLAGS = $(TEST_CFLAGS)
tests_common_test_queue_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
tests_common_test_log_SOURCES = tests/common/test_log.c
tests_common_test_log_CFLAGS = $(TEST_CFLAGS)
tests_common_test_log_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
tests_common_test_text_SOURCES = tests/common/test_text.c
tests_common_test_text_CFLAGS = $(TEST_CFLAGS)
tests_common_test_text_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/common/test_lookalike
tests_common_test_lookalike_SOURCES = tests/common/test_lookalike.c
tests_common_test_lookalike_CFLAGS = $(TEST_CFLAGS)
tests_common_test_lookalike_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/common/test_space
tests_common_test_space_SOURCES = tests/common/test_space.c
tests_common_test_space_CFLAGS = $(TEST_CFLAGS)
tests_common_test_space_LDADD = $(CMOCKA_LIBS)

check_PROGRAMS += tests/common/test_heightfield
tests_common_test_heightfield_SOURCES = tests/common/test_heightfield.c
tests_common_test_heightfield_CFLAGS = $(TEST_CFLAGS) -DSOURCE_DIR='"$(abs_top_srcdir)"'
tests_common_test_heightfield_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/common/test_movement
tests_common_test_movement_SOURCES = tests/common/test_movement.c
tests_common_test_movement_CFLAGS = $(TEST_CFLAGS)
tests_common_test_movement_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/common/test_replica
tests_common_test_replica_SOURCES = tests/common/test_replica.c tests/common/smallworld.c tests/common/smallworld.h
tests_common_test_replica_CFLAGS = $(TEST_CFLAGS) $(BOTS_CFLAGS)
tests_common_test_replica_LDADD = $(BOTS_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/common/test_options
tests_common_test_options_SOURCES = tests/common/test_options.c
tests_common_test_options_CFLAGS = $(TEST_CFLAGS)
tests_common_test_options_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/common/test_link
tests_common_test_link_SOURCES = tests/common/test_link.c
tests_common_test_link_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_common_test_link_LDADD = $(COMMON_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/common/test_bots
tests_common_test_bots_SOURCES = tests/common/test_bots.c
tests_common_test_bots_CFLAGS = $(TEST_CFLAGS) $(BOTS_CFLAGS)
tests_common_test_bots_LDADD = $(BOTS_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/common/test_bots_measure
tests_common_test_bots_measure_SOURCES = tests/common/test_bots_measure.c
tests_common_test_bots_measure_CFLAGS = $(TEST_CFLAGS) $(BOTS_CFLAGS)
tests_common_test_bots_measure_LDADD = $(BOTS_LIBS) $(CMOCKA_LIBS)
