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
