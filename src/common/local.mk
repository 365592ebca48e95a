EXTRA_DIST += doc/protocol.md scripts/make-scripts
noinst_LIBRARIES += libcommon.a
libcommon_a_CFLAGS = $(AM_CFLAGS) $(WARN_CONVERSION) $(OPENSSL_CFLAGS) $(SODIUM_CFLAGS) \
    $(UTF8PROC_CFLAGS) $(SYSTEMD_CFLAGS)
COMMON_LIBS = libcommon.a $(OPENSSL_LIBS) $(SODIUM_LIBS) $(UTF8PROC_LIBS) $(SYSTEMD_LIBS)
libcommon_a_SOURCES = \
    src/common/bits.h \
    src/common/blob.c src/common/blob.h src/common/clock.h \
    src/common/cellblock.c src/common/cellblock.h \
    src/common/compiler.h \
    src/common/error.c src/common/error.h \
    src/common/hash.h \
    src/common/heightfield.c src/common/heightfield.h \
    src/common/link.c src/common/link.h \
    src/common/log.c src/common/log.h src/common/log_record.h \
    src/common/log_queue.c src/common/log_queue.h src/common/log_sink.c src/common/log_sink.h \
    src/common/lookalike.c src/common/lookalike.h src/common/scripts_table.h \
    src/common/movement.c src/common/movement.h \
    src/common/option_value.c src/common/option_value.h \
    src/common/options.c src/common/options.h src/common/options_print.c \
    src/common/protocol.c src/common/protocol.h src/common/protocol_tables.h \
    src/common/queue.c src/common/queue.h \
    src/common/replica.c src/common/replica.h \
    src/common/space.h \
    src/common/text.c src/common/text.h \
    src/common/thread.c src/common/thread.h \
    src/common/wire.c src/common/wire.h
