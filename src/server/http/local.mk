libserver_a_SOURCES += src/server/http/method.c src/server/http/method.h \
    src/server/http/parse.c src/server/http/parse.h src/server/http/chunks.c src/server/http/chunks.h \
    src/server/http/query.c src/server/http/query.h
libserver_a_SOURCES += src/server/http/api_assets.c src/server/http/assets.c src/server/http/assets.h \
    src/server/http/mime.c src/server/http/mime.h src/server/http/range.c src/server/http/range.h
libserver_a_SOURCES += src/server/http/limits.c src/server/http/limits.h
libserver_a_SOURCES += src/server/http/websocket.c src/server/http/websocket.h
libserver_a_SOURCES += src/server/http/respond.c src/server/http/respond.h \
    src/server/http/security.c src/server/http/security.h \
    src/server/http/cors.c src/server/http/cors.h src/server/http/accept.c src/server/http/accept.h \
    src/server/http/gzip.c src/server/http/gzip.h src/server/http/etag.c src/server/http/etag.h \
    src/server/http/problem.c src/server/http/problem.h
libserver_a_SOURCES += src/server/http/answer.c \
    src/server/http/exporter.c src/server/http/exporter.h \
    src/server/http/api.h src/server/http/api_auth.c src/server/http/api_health.c \
    src/server/http/api_openapi.c src/server/http/api_own.c src/server/http/api_players.c \
    src/server/http/asked.c src/server/http/asked.h \
    src/server/http/census.c src/server/http/census.h \
    src/server/http/openapi.c src/server/http/openapi.h \
    src/server/http/openapi_shapes.c src/server/http/openapi_shapes.h \
    src/server/http/page.c src/server/http/page.h \
    src/server/http/shape.c src/server/http/shape.h \
    src/server/http/call.c src/server/http/call.h src/server/http/call_inside.h \
    src/server/http/connection.c src/server/http/connection.h \
    src/server/http/body.c src/server/http/body.h \
    src/server/http/gate.c src/server/http/gate.h \
    src/server/http/desk.c src/server/http/entry.c \
    src/server/http/forwarded.c src/server/http/forwarded.h \
    src/server/http/http.c src/server/http/http.h src/server/http/http_inside.h \
    src/server/http/settings.c src/server/http/settings.h \
    src/server/http/route.h \
    src/server/http/router.c src/server/http/router.h src/server/http/routes.c \
    src/server/http/worker.c src/server/http/worker.h
libserver_a_SOURCES += src/server/http/eio_packet.c src/server/http/eio_packet.h src/server/http/eio_queue.c src/server/http/eio_queue.h \
    src/server/http/eio_session.c src/server/http/eio_session.h src/server/http/sio_packet.c src/server/http/sio_packet.h \
    src/server/http/sio_move.c src/server/http/sio_move.h
libserver_a_SOURCES += src/server/http/webcells.c src/server/http/webcells.h \
    src/server/http/webplayer.c src/server/http/webplayer.h \
    src/server/http/webtext.c src/server/http/webtext.h \
    src/server/http/webview.c src/server/http/webview.h
libserver_a_SOURCES += src/server/http/eio_socket.c src/server/http/eio_socket.h src/server/http/engineio.c src/server/http/engineio.h \
    src/server/http/socketio.c src/server/http/socketio.h
EXTRA_DIST += doc/http.md doc/contract.md doc/socketio.md
