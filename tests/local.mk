# Unit tests are cmocka programs: check_PROGRAMS named tests/<area>/test_<room>.
TEST_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

include tests/common/local.mk
include tests/server/local.mk
include tests/console/local.mk
include tests/e2e/local.mk
include tests/interop/local.mk
include tests/collectors/local.mk
include tests/fuzz/local.mk
if CLIENT
include tests/client/local.mk
endif
