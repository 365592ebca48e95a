libserver_a_SOURCES += src/server/ops/metrics.c src/server/ops/metrics.h
