libserver_a_SOURCES += \
    src/server/admin/admin.c src/server/admin/admin.h \
    src/server/admin/atlas.c src/server/admin/atlas.h \
    src/server/admin/audit.c src/server/admin/audit.h \
    src/server/admin/audittail.c src/server/admin/audittail.h \
    src/server/admin/client.c src/server/admin/client.h \
    src/server/admin/cmd_accounts.c src/server/admin/cmd_alerts.c src/server/admin/cmd_audit.c \
    src/server/admin/cmd_allowlist.c \
    src/server/admin/cmd_auth.c \
    src/server/admin/cmd_bans.c \
    src/server/admin/cmd_privacy.c src/server/admin/cmd_privacy.h \
    src/server/admin/cmd_chat.c \
    src/server/admin/cmd_config.c \
    src/server/admin/cmd_load.c \
    src/server/admin/cmd_log.c \
    src/server/admin/cmd_metrics.c \
    src/server/admin/cmd_network.c \
    src/server/admin/cmd_operating.c \
    src/server/admin/cmd_players.c \
    src/server/admin/cmd_reports.c \
    src/server/admin/cmd_rpc.c \
    src/server/admin/cmd_server.c \
    src/server/admin/cmd_sessions.c \
    src/server/admin/cmd_store.c \
    src/server/admin/duration.c src/server/admin/duration.h \
    src/server/admin/cmd_world.c \
    src/server/admin/door.c src/server/admin/door.h \
    src/server/admin/jsonrpc.c src/server/admin/jsonrpc.h \
    src/server/admin/lately.c src/server/admin/lately.h \
    src/server/admin/logtail.c src/server/admin/logtail.h \
    src/server/admin/method.c src/server/admin/method.h \
    src/server/admin/names.c src/server/admin/names.h \
    src/server/admin/pick.c src/server/admin/pick.h \
    src/server/admin/player_filter.c src/server/admin/player_filter.h \
    src/server/admin/relief.c src/server/admin/relief.h \
    src/server/admin/role.c src/server/admin/role.h \
    src/server/admin/roster.c src/server/admin/roster.h \
    src/server/admin/samples.c src/server/admin/samples.h \
    src/server/admin/standing.c src/server/admin/standing.h \
    src/server/admin/who.c src/server/admin/who.h \
    src/server/admin/subscription.c src/server/admin/subscription.h
EXTRA_DIST += doc/admin.md
