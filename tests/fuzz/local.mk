# Fuzz targets. Each is a replay over its corpus in every check, and a libFuzzer program with --enable-fuzzers.
EXTRA_DIST += tests/fuzz/corpus
FUZZ_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)

check_PROGRAMS += tests/fuzz/replay_protocol tests/fuzz/replay_cellblock tests/fuzz/replay_ini \
    tests/fuzz/replay_jsonrpc tests/fuzz/replay_proxy tests/fuzz/replay_token tests/fuzz/replay_scrollback \
    tests/fuzz/replay_network tests/fuzz/replay_scrub tests/fuzz/replay_http \
    tests/fuzz/replay_body tests/fuzz/replay_fields \
    tests/fuzz/replay_websocket
tests_fuzz_replay_protocol_SOURCES = tests/fuzz/fuzz_protocol.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_protocol_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/protocol"'
tests_fuzz_replay_protocol_LDADD = $(COMMON_LIBS)
tests_fuzz_replay_cellblock_SOURCES = tests/fuzz/fuzz_cellblock.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_cellblock_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/cellblock"'
tests_fuzz_replay_cellblock_LDADD = $(COMMON_LIBS)
tests_fuzz_replay_ini_SOURCES = tests/fuzz/fuzz_ini.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_ini_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/ini"'
tests_fuzz_replay_ini_LDADD = $(COMMON_LIBS)
tests_fuzz_replay_jsonrpc_SOURCES = tests/fuzz/fuzz_jsonrpc.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_jsonrpc_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/jsonrpc"'
tests_fuzz_replay_jsonrpc_LDADD = $(SERVER_LIBS)
tests_fuzz_replay_proxy_SOURCES = tests/fuzz/fuzz_proxy.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_proxy_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/proxy"'
tests_fuzz_replay_proxy_LDADD = $(SERVER_LIBS)
tests_fuzz_replay_token_SOURCES = tests/fuzz/fuzz_token.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_token_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/token"'
tests_fuzz_replay_token_LDADD = $(SERVER_LIBS)
tests_fuzz_replay_scrollback_SOURCES = tests/fuzz/fuzz_scrollback.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_scrollback_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/scrollback"'
tests_fuzz_replay_scrollback_LDADD = $(SERVER_LIBS)
tests_fuzz_replay_network_SOURCES = tests/fuzz/fuzz_network.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_network_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/network"'
tests_fuzz_replay_network_LDADD = $(SERVER_LIBS)
tests_fuzz_replay_scrub_SOURCES = tests/fuzz/fuzz_scrub.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_scrub_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/scrub"'
tests_fuzz_replay_scrub_LDADD = $(SERVER_LIBS)

HTTP_ORACLE_SOURCES = tests/server/http_oracle.c tests/server/http_oracle.h tests/server/http_same.h
tests_fuzz_replay_http_SOURCES = tests/fuzz/fuzz_http.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c $(HTTP_ORACLE_SOURCES)
tests_fuzz_replay_http_CFLAGS = $(FUZZ_CFLAGS) -I$(srcdir)/tests/server -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/http"'
tests_fuzz_replay_http_LDADD = $(SERVER_LIBS) -lhttp_parser
tests_fuzz_replay_body_SOURCES = tests/fuzz/fuzz_body.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_body_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/body"'
tests_fuzz_replay_body_LDADD = $(SERVER_LIBS)
tests_fuzz_replay_fields_SOURCES = tests/fuzz/fuzz_fields.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_fields_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/fields"'
tests_fuzz_replay_fields_LDADD = $(SERVER_LIBS)
WSLAY_ORACLE_SOURCES = tests/server/wslay_oracle.c tests/server/wslay_oracle.h
tests_fuzz_replay_websocket_SOURCES = tests/fuzz/fuzz_websocket.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c $(WSLAY_ORACLE_SOURCES)
tests_fuzz_replay_websocket_CFLAGS = $(FUZZ_CFLAGS) -I$(srcdir)/tests/server -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/websocket"'
tests_fuzz_replay_websocket_LDADD = $(SERVER_LIBS) -lwslay

if FUZZERS
LIBFUZZER_LINK = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_programs += tests/fuzz/fuzz_protocol tests/fuzz/fuzz_cellblock tests/fuzz/fuzz_ini tests/fuzz/fuzz_jsonrpc tests/fuzz/fuzz_proxy tests/fuzz/fuzz_token tests/fuzz/fuzz_scrollback tests/fuzz/fuzz_network tests/fuzz/fuzz_scrub tests/fuzz/fuzz_http tests/fuzz/fuzz_websocket tests/fuzz/fuzz_body tests/fuzz/fuzz_fields
noinst_PROGRAMS += tests/fuzz/fuzz_protocol tests/fuzz/fuzz_cellblock tests/fuzz/fuzz_ini tests/fuzz/fuzz_jsonrpc tests/fuzz/fuzz_proxy tests/fuzz/fuzz_token tests/fuzz/fuzz_scrollback tests/fuzz/fuzz_network tests/fuzz/fuzz_scrub tests/fuzz/fuzz_http tests/fuzz/fuzz_websocket tests/fuzz/fuzz_body tests/fuzz/fuzz_fields
tests_fuzz_fuzz_protocol_SOURCES = tests/fuzz/fuzz_protocol.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_protocol_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_protocol_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_protocol_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_cellblock_SOURCES = tests/fuzz/fuzz_cellblock.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_cellblock_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_cellblock_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_cellblock_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_ini_SOURCES = tests/fuzz/fuzz_ini.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_ini_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_ini_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_ini_LDADD = $(COMMON_LIBS)
tests_fuzz_fuzz_jsonrpc_SOURCES = tests/fuzz/fuzz_jsonrpc.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_jsonrpc_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_jsonrpc_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_jsonrpc_LDADD = $(SERVER_LIBS)
tests_fuzz_fuzz_proxy_SOURCES = tests/fuzz/fuzz_proxy.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_proxy_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_proxy_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_proxy_LDADD = $(SERVER_LIBS)
tests_fuzz_fuzz_token_SOURCES = tests/fuzz/fuzz_token.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_token_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_token_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_token_LDADD = $(SERVER_LIBS)
tests_fuzz_fuzz_scrollback_SOURCES = tests/fuzz/fuzz_scrollback.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_scrollback_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_scrollback_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_scrollback_LDADD = $(SERVER_LIBS)
tests_fuzz_fuzz_network_SOURCES = tests/fuzz/fuzz_network.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_network_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_network_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_network_LDADD = $(SERVER_LIBS)
tests_fuzz_fuzz_scrub_SOURCES = tests/fuzz/fuzz_scrub.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_scrub_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_scrub_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_scrub_LDADD = $(SERVER_LIBS)
tests_fuzz_fuzz_http_SOURCES = tests/fuzz/fuzz_http.c tests/fuzz/fuzz.h $(HTTP_ORACLE_SOURCES)
tests_fuzz_fuzz_http_CFLAGS = $(FUZZ_CFLAGS) -I$(srcdir)/tests/server
tests_fuzz_fuzz_http_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_http_LDADD = $(SERVER_LIBS) -lhttp_parser
tests_fuzz_fuzz_websocket_SOURCES = tests/fuzz/fuzz_websocket.c tests/fuzz/fuzz.h $(WSLAY_ORACLE_SOURCES)
tests_fuzz_fuzz_websocket_CFLAGS = $(FUZZ_CFLAGS) -I$(srcdir)/tests/server
tests_fuzz_fuzz_websocket_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_websocket_LDADD = $(SERVER_LIBS) -lwslay
endif

check_PROGRAMS += tests/fuzz/replay_socketio
tests_fuzz_replay_socketio_SOURCES = tests/fuzz/fuzz_socketio.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_socketio_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/socketio"'
tests_fuzz_replay_socketio_LDADD = $(SERVER_LIBS)
if FUZZERS
fuzz_programs += tests/fuzz/fuzz_socketio
noinst_PROGRAMS += tests/fuzz/fuzz_socketio
tests_fuzz_fuzz_socketio_SOURCES = tests/fuzz/fuzz_socketio.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_socketio_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_socketio_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_socketio_LDADD = $(SERVER_LIBS)
tests_fuzz_fuzz_body_SOURCES = tests/fuzz/fuzz_body.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_body_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_body_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_body_LDADD = $(SERVER_LIBS)
tests_fuzz_fuzz_fields_SOURCES = tests/fuzz/fuzz_fields.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_fields_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_fields_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_fields_LDADD = $(SERVER_LIBS)
endif

check_PROGRAMS += tests/fuzz/replay_request
tests_fuzz_replay_request_SOURCES = tests/fuzz/fuzz_request.c tests/fuzz/fuzz.h tests/fuzz/replay_main.c
tests_fuzz_replay_request_CFLAGS = $(FUZZ_CFLAGS) -DCORPUS='"$(abs_top_srcdir)/tests/fuzz/corpus/request"'
tests_fuzz_replay_request_LDADD = $(SERVER_LIBS)
if FUZZERS
fuzz_programs += tests/fuzz/fuzz_request
noinst_PROGRAMS += tests/fuzz/fuzz_request
tests_fuzz_fuzz_request_SOURCES = tests/fuzz/fuzz_request.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_request_CFLAGS = $(FUZZ_CFLAGS)
tests_fuzz_fuzz_request_LDFLAGS = $(LIBFUZZER_LINK)
tests_fuzz_fuzz_request_LDADD = $(SERVER_LIBS)
endif
