# Programs that measure, never installed. What the tests and bench/run use is built with the tree.
noinst_PROGRAMS += bench/limit bench/line bench/web_load
bench_limit_SOURCES = bench/limit.c
bench_limit_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
bench_limit_LDADD = $(OPENSSL_LIBS)
bench_line_SOURCES = bench/line.c
bench_web_load_SOURCES = bench/web_load.c
bench_web_load_CFLAGS = $(AM_CFLAGS) $(BOTS_CFLAGS)
bench_web_load_LDADD = $(BOTS_LIBS)
EXTRA_DIST += bench/README.md bench/cockpit bench/figures bench/http bench/io_threads bench/profile bench/run bench/lib/admin.py bench/lib/hold.py bench/lib/consoles.py bench/lib/contender.py bench/lib/line.py bench/lib/machine.py bench/lib/measure.py \
    bench/lib/postgres.py bench/lib/search.py bench/lib/sizing.py bench/lib/storage.py bench/lib/strangers.py bench/lib/table.py bench/peers/package.json bench/peers/colyseus_load.js bench/peers/colyseus_server.js bench/peers/express_server.js \
    bench/peers/load.js bench/peers/socketio_load.js bench/peers/socketio_server.js bench/peers/websocket.js

# The others: `make bench-programs`.
EXTRA_PROGRAMS += bench/tls_path
bench_tls_path_SOURCES = bench/tls_path.c
bench_tls_path_CFLAGS = $(AM_CFLAGS) $(SERVER_CFLAGS)
bench_tls_path_LDADD = $(SERVER_LIBS)
EXTRA_PROGRAMS += bench/dense
bench_dense_SOURCES = bench/dense.c
bench_dense_CFLAGS = $(AM_CFLAGS) $(SERVER_CFLAGS)
bench_dense_LDADD = $(SERVER_LIBS)
EXTRA_PROGRAMS += bench/store
bench_store_SOURCES = bench/store.c $(PG_CLUSTER_SOURCES)
bench_store_CFLAGS = $(AM_CFLAGS) $(SERVER_CFLAGS)
bench_store_LDADD = $(SERVER_LIBS)
EXTRA_PROGRAMS += bench/logins
bench_logins_SOURCES = bench/logins.c $(PG_CLUSTER_SOURCES)
bench_logins_CFLAGS = $(AM_CFLAGS) $(SERVER_CFLAGS)
bench_logins_LDADD = $(SERVER_LIBS)
