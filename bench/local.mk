# Programs that measure: built by `make bench-programs`, never installed.
EXTRA_PROGRAMS += bench/tls_path
bench_tls_path_SOURCES = bench/tls_path.c
bench_tls_path_CFLAGS = $(AM_CFLAGS) $(SERVER_CFLAGS)
bench_tls_path_LDADD = $(SERVER_LIBS)
