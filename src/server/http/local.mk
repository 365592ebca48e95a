libserver_a_SOURCES += src/server/http/method.c src/server/http/method.h \
    src/server/http/parse.c src/server/http/parse.h src/server/http/chunks.c src/server/http/chunks.h \
    src/server/http/query.c src/server/http/query.h
