libserver_a_SOURCES += \
    src/server/ops/ending.c src/server/ops/ending.h \
    src/server/ops/alerts.c src/server/ops/alerts.h \
    src/server/ops/memory.c src/server/ops/memory.h \
    src/server/ops/exposition.c src/server/ops/exposition.h \
    src/server/ops/growth.c src/server/ops/growth.h \
    src/server/ops/health.c src/server/ops/health.h \
    src/server/ops/otlp.c src/server/ops/otlp.h src/server/ops/span.h \
    src/server/ops/post.c src/server/ops/post.h \
    src/server/ops/reports.c src/server/ops/reports.h \
    src/server/ops/scrub.c src/server/ops/scrub.h src/server/ops/sentry.c src/server/ops/sentry.h \
    src/server/ops/scrape.c src/server/ops/scrape.h \
    src/server/ops/ladder.c src/server/ops/ladder.h \
    src/server/ops/libevent_log.c src/server/ops/libevent_log.h \
    src/server/ops/metrics.c src/server/ops/metrics.h \
    src/server/ops/notify.c src/server/ops/notify.h \
    src/server/ops/postbox.c src/server/ops/postbox.h \
    src/server/ops/process.c src/server/ops/process.h \
    src/server/ops/traffic.c src/server/ops/traffic.h \
    src/server/ops/worst.c src/server/ops/worst.h \
    src/server/ops/workers.c src/server/ops/workers.h
