# Tests of this area.
PG_CLUSTER_SOURCES = tests/server/pg_cluster.c tests/server/pg_cluster.h
SQL_ONCE_SOURCES = tests/server/sql_once.c tests/server/sql_once.h $(PG_CLUSTER_SOURCES)

check_PROGRAMS += tests/server/test_metrics
tests_server_test_metrics_SOURCES = tests/server/test_metrics.c
tests_server_test_metrics_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_metrics_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_rates
tests_server_test_rates_SOURCES = tests/server/test_rates.c
tests_server_test_rates_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_rates_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_exposition
tests_server_test_exposition_SOURCES = tests/server/test_exposition.c
tests_server_test_exposition_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_exposition_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_alerts
tests_server_test_alerts_SOURCES = tests/server/test_alerts.c
tests_server_test_alerts_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS) -DSOURCE_DIR='"$(abs_top_srcdir)"'
tests_server_test_alerts_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

# The disk, the database and the certificates are the test's.
check_PROGRAMS += tests/server/test_vitals
tests_server_test_vitals_SOURCES = tests/server/test_vitals.c
tests_server_test_vitals_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_vitals_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=store_trouble,--wrap=tls_expiry_ms,--wrap=statvfs
tests_server_test_vitals_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_health
tests_server_test_health_SOURCES = tests/server/test_health.c
tests_server_test_health_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_health_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_reports
tests_server_test_reports_SOURCES = tests/server/test_reports.c
tests_server_test_reports_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_reports_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_workers
tests_server_test_workers_SOURCES = tests/server/test_workers.c
tests_server_test_workers_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_workers_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_store
tests_server_test_store_SOURCES = tests/server/test_store.c tests/server/store_of.h tests/server/scratch.h $(SQL_ONCE_SOURCES)
tests_server_test_store_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_store_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_statements
tests_server_test_statements_SOURCES = tests/server/test_statements.c tests/server/store_of.h tests/server/scratch.h $(SQL_ONCE_SOURCES)
tests_server_test_statements_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_statements_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_pg_values
tests_server_test_pg_values_SOURCES = tests/server/test_pg_values.c
tests_server_test_pg_values_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_pg_values_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_watermark
tests_server_test_watermark_SOURCES = tests/server/test_watermark.c tests/server/scratch.h $(PG_CLUSTER_SOURCES)
tests_server_test_watermark_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_watermark_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_store_faults
tests_server_test_store_faults_SOURCES = tests/server/test_store_faults.c $(PG_CLUSTER_SOURCES)
tests_server_test_store_faults_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_store_faults_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
# The name servers and the server at the address that they give are the test's.
check_PROGRAMS += tests/server/test_store_dns
tests_server_test_store_dns_SOURCES = tests/server/test_store_dns.c $(PG_CLUSTER_SOURCES)
tests_server_test_store_dns_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_store_dns_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=evdns_base_resolv_conf_parse -Wl,--wrap=stat -Wl,--wrap=PQconnectdbParams \
	-Wl,--wrap=PQconnectStartParams -Wl,--wrap=PQconninfo
tests_server_test_store_dns_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_migrate
tests_server_test_migrate_SOURCES = tests/server/test_migrate.c tests/server/scratch.h $(PG_CLUSTER_SOURCES)
tests_server_test_migrate_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS) -DSOURCE_DIR='"$(abs_top_srcdir)"'
tests_server_test_migrate_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/server/legacy/postgresql.sql tests/server/legacy/sqlite.sql

check_PROGRAMS += tests/server/test_plans
tests_server_test_plans_SOURCES = tests/server/test_plans.c tests/server/scratch.h $(PG_CLUSTER_SOURCES)
tests_server_test_plans_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS) -DSOURCE_DIR='"$(abs_top_srcdir)"'
tests_server_test_plans_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_backup
tests_server_test_backup_SOURCES = tests/server/test_backup.c tests/server/scratch.h $(PG_CLUSTER_SOURCES)
tests_server_test_backup_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_backup_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_token
tests_server_test_token_SOURCES = tests/server/test_token.c
tests_server_test_token_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_token_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_access
tests_server_test_access_SOURCES = tests/server/test_access.c
tests_server_test_access_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_access_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_code
tests_server_test_code_SOURCES = tests/server/test_code.c
tests_server_test_code_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_code_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_throttle tests/server/test_password
tests_server_test_throttle_SOURCES = tests/server/test_throttle.c
tests_server_test_throttle_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_throttle_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
tests_server_test_password_SOURCES = tests/server/test_password.c
tests_server_test_password_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_password_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_accounts
tests_server_test_accounts_SOURCES = tests/server/test_accounts.c tests/server/scratch.h
tests_server_test_accounts_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_accounts_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_webseats
tests_server_test_webseats_SOURCES = tests/server/test_webseats.c tests/server/presence_world.h tests/server/scratch.h \
    $(SQL_ONCE_SOURCES)
tests_server_test_webseats_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_webseats_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_presence
tests_server_test_presence_SOURCES = tests/server/test_presence.c tests/server/presence_world.h tests/server/scratch.h \
    $(SQL_ONCE_SOURCES)
tests_server_test_presence_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_presence_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_returning
tests_server_test_returning_SOURCES = tests/server/test_returning.c tests/server/presence_world.h tests/server/scratch.h \
    $(SQL_ONCE_SOURCES)
tests_server_test_returning_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_returning_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_scrollback
tests_server_test_scrollback_SOURCES = tests/server/test_scrollback.c tests/server/sim_world.h
tests_server_test_scrollback_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_scrollback_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_refresh
tests_server_test_refresh_SOURCES = tests/server/test_refresh.c tests/server/store_of.h tests/server/scratch.h $(SQL_ONCE_SOURCES)
tests_server_test_refresh_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_refresh_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_batch
tests_server_test_batch_SOURCES = tests/server/test_batch.c
tests_server_test_batch_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_batch_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_bucket tests/server/test_address tests/server/test_stream
tests_server_test_bucket_SOURCES = tests/server/test_bucket.c
tests_server_test_bucket_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_bucket_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
tests_server_test_address_SOURCES = tests/server/test_address.c
tests_server_test_address_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_address_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
tests_server_test_stream_SOURCES = tests/server/test_stream.c
tests_server_test_stream_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_stream_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_jsonrpc
tests_server_test_jsonrpc_SOURCES = tests/server/test_jsonrpc.c
tests_server_test_jsonrpc_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_jsonrpc_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_admin tests/server/test_admin_shown tests/server/test_admin_changes tests/server/test_subscriptions
tests_server_test_admin_SOURCES = tests/server/test_admin.c tests/server/peer.h \
    tests/server/fake_host.c tests/server/fake_host.h
tests_server_test_admin_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS) -DSOURCE_DIR='"$(abs_top_srcdir)"'
tests_server_test_admin_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
tests_server_test_admin_shown_SOURCES = tests/server/test_admin_shown.c tests/server/peer.h \
    tests/server/fake_host.c tests/server/fake_host.h
tests_server_test_admin_shown_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_admin_shown_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
tests_server_test_admin_changes_SOURCES = tests/server/test_admin_changes.c tests/server/peer.h \
    tests/server/fake_host.c tests/server/fake_host.h
tests_server_test_admin_changes_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_admin_changes_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
tests_server_test_subscriptions_SOURCES = tests/server/test_subscriptions.c tests/server/peer.h \
    tests/server/fake_host.c tests/server/fake_host.h
tests_server_test_subscriptions_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_subscriptions_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_world
tests_server_test_world_SOURCES = tests/server/test_world.c tests/server/sim_world.h \
    tests/server/fake_host.c tests/server/fake_host.h
tests_server_test_world_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_world_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_config
tests_server_test_config_SOURCES = tests/server/test_config.c
tests_server_test_config_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_config_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_sim
tests_server_test_sim_SOURCES = tests/server/test_sim.c tests/server/sim_world.h tests/server/sim_room.h
tests_server_test_sim_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_sim_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS) -lm

check_PROGRAMS += tests/server/test_bytes
tests_server_test_bytes_SOURCES = tests/server/test_bytes.c tests/server/receiver.h tests/server/sim_world.h tests/server/sim_room.h
tests_server_test_bytes_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_bytes_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS) -lm

check_PROGRAMS += tests/server/test_snapshot
tests_server_test_snapshot_SOURCES = tests/server/test_snapshot.c tests/server/receiver.h tests/server/sim_world.h tests/server/sim_room.h
tests_server_test_snapshot_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_snapshot_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_interest
tests_server_test_interest_SOURCES = tests/server/test_interest.c
tests_server_test_interest_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_interest_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_order
tests_server_test_order_SOURCES = tests/server/test_order.c
tests_server_test_order_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_order_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_tiers
tests_server_test_tiers_SOURCES = tests/server/test_tiers.c
tests_server_test_tiers_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_tiers_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_paces
tests_server_test_paces_SOURCES = tests/server/test_paces.c tests/server/scene.c tests/server/scene.h
tests_server_test_paces_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_paces_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_sessions
tests_server_test_sessions_SOURCES = tests/server/test_sessions.c tests/server/scene.c tests/server/scene.h
tests_server_test_sessions_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_sessions_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_admission
tests_server_test_admission_SOURCES = tests/server/test_admission.c
tests_server_test_admission_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_admission_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_worst
tests_server_test_worst_SOURCES = tests/server/test_worst.c
tests_server_test_worst_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_worst_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_ending
tests_server_test_ending_SOURCES = tests/server/test_ending.c
tests_server_test_ending_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_ending_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_ladder
tests_server_test_ladder_SOURCES = tests/server/test_ladder.c
tests_server_test_ladder_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_ladder_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_tempo
tests_server_test_tempo_SOURCES = tests/server/test_tempo.c
tests_server_test_tempo_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_tempo_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_ticker
tests_server_test_ticker_SOURCES = tests/server/test_ticker.c tests/server/sim_world.h
tests_server_test_ticker_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_ticker_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=cell_renew
tests_server_test_ticker_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
dist_check_SCRIPTS += tests/server/test_unit.sh tests/server/test_install.sh
TESTS += tests/server/test_unit.sh tests/server/test_install.sh

check_PROGRAMS += tests/server/test_webplayer
tests_server_test_webplayer_SOURCES = tests/server/test_webplayer.c tests/server/webclient.c tests/server/webclient.h \
    tests/server/scene.c tests/server/scene.h tests/server/sim_world.h
tests_server_test_webplayer_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_webplayer_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=webcells_look
tests_server_test_webplayer_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_webcrowd
tests_server_test_webcrowd_SOURCES = tests/server/test_webcrowd.c tests/server/scene.c tests/server/scene.h
tests_server_test_webcrowd_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_webcrowd_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_webtext
tests_server_test_webtext_SOURCES = tests/server/test_webtext.c
tests_server_test_webtext_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_webtext_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_wishes
tests_server_test_wishes_SOURCES = tests/server/test_wishes.c tests/server/sim_world.h tests/server/sim_room.h
tests_server_test_wishes_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_wishes_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_journal
tests_server_test_journal_SOURCES = tests/server/test_journal.c tests/server/sim_world.h
tests_server_test_journal_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_journal_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

# Reads the daemon's objects: which calls of libpq are made where.
dist_check_SCRIPTS += tests/server/test_libpq_calls.sh
TESTS += tests/server/test_libpq_calls.sh

# Builds the simulation with several compilers: a script, not a program.
dist_check_SCRIPTS += tests/server/test_replay_builds.sh
TESTS += tests/server/test_replay_builds.sh
EXTRA_DIST += tests/server/replay_tool.c

check_PROGRAMS += tests/server/test_io
tests_server_test_io_SOURCES = tests/server/test_io.c
tests_server_test_io_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_io_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_tls_pool
tests_server_test_tls_pool_SOURCES = tests/server/test_tls_pool.c
tests_server_test_tls_pool_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_tls_pool_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_proxy
tests_server_test_proxy_SOURCES = tests/server/test_proxy.c
tests_server_test_proxy_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_proxy_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_request
tests_server_test_request_SOURCES = tests/server/test_request.c
tests_server_test_request_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_request_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_entering
tests_server_test_entering_SOURCES = tests/server/test_entering.c tests/server/scene.c tests/server/scene.h \
	tests/server/standstill.c tests/server/standstill.h
tests_server_test_entering_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_entering_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_sweeps
tests_server_test_sweeps_SOURCES = tests/server/test_sweeps.c tests/server/scene.c tests/server/scene.h
tests_server_test_sweeps_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_sweeps_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_logtail
tests_server_test_logtail_SOURCES = tests/server/test_logtail.c
tests_server_test_logtail_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_logtail_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

# Has each allocation of the tables fail once.
check_PROGRAMS += tests/server/test_no_memory
tests_server_test_no_memory_SOURCES = tests/server/test_no_memory.c
tests_server_test_no_memory_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_no_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc
tests_server_test_no_memory_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_intake
tests_server_test_intake_SOURCES = tests/server/test_intake.c tests/server/sim_world.h
tests_server_test_intake_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_intake_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_script
tests_server_test_script_SOURCES = tests/server/test_script.c tests/server/receiver.h tests/server/sim_world.h tests/server/sim_room.h
tests_server_test_script_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_script_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

# Counts what the simulation takes from the heap.
check_PROGRAMS += tests/server/test_allocations
tests_server_test_allocations_SOURCES = tests/server/test_allocations.c tests/server/sim_world.h tests/server/sim_room.h
tests_server_test_allocations_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_allocations_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc
tests_server_test_allocations_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_bans
tests_server_test_bans_SOURCES = tests/server/test_bans.c
tests_server_test_bans_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_bans_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_moderation
tests_server_test_moderation_SOURCES = tests/server/test_moderation.c tests/server/store_of.h tests/server/scratch.h $(PG_CLUSTER_SOURCES)
tests_server_test_moderation_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_moderation_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_census tests/server/test_shape
tests_server_test_census_SOURCES = tests/server/test_census.c
tests_server_test_census_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_census_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_server_test_census_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
tests_server_test_shape_SOURCES = tests/server/test_shape.c
tests_server_test_shape_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_shape_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_recent
tests_server_test_recent_SOURCES = tests/server/test_recent.c tests/server/sim_room.h tests/server/sim_world.h
tests_server_test_recent_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_recent_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_transcript
tests_server_test_transcript_SOURCES = tests/server/test_transcript.c tests/server/sim_room.h tests/server/sim_world.h
tests_server_test_transcript_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_transcript_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_chatlog
tests_server_test_chatlog_SOURCES = tests/server/test_chatlog.c tests/server/scratch.h tests/server/sim_room.h \
    tests/server/sim_world.h
tests_server_test_chatlog_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_chatlog_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

# http_oracle: the same bytes through libhttp_parser.
check_PROGRAMS += tests/server/test_parse
tests_server_test_parse_SOURCES = tests/server/test_parse.c tests/server/http_oracle.c tests/server/http_oracle.h tests/server/http_same.h
tests_server_test_parse_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_parse_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS) -lhttp_parser

check_PROGRAMS += tests/server/test_respond
tests_server_test_respond_SOURCES = tests/server/test_respond.c
tests_server_test_respond_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_respond_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/server/test_eio_packet tests/server/test_eio_session
tests_server_test_eio_packet_SOURCES = tests/server/test_eio_packet.c
tests_server_test_eio_packet_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_eio_packet_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
tests_server_test_eio_session_SOURCES = tests/server/test_eio_session.c tests/server/frames_text.h
tests_server_test_eio_session_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_eio_session_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=eio_queue_take_payload
tests_server_test_eio_session_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)


check_PROGRAMS += tests/server/test_assets
tests_server_test_assets_SOURCES = tests/server/test_assets.c
tests_server_test_assets_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_assets_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_body
tests_server_test_body_SOURCES = tests/server/test_body.c
tests_server_test_body_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_body_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_tally
tests_server_test_tally_SOURCES = tests/server/test_tally.c
tests_server_test_tally_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_tally_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/server/test_limits
tests_server_test_limits_SOURCES = tests/server/test_limits.c
tests_server_test_limits_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_limits_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)

# wslay_oracle: the same bytes through wslay.
check_PROGRAMS += tests/server/test_websocket
tests_server_test_websocket_SOURCES = tests/server/test_websocket.c tests/server/wslay_oracle.c tests/server/wslay_oracle.h
tests_server_test_websocket_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_websocket_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS) -lwslay
check_PROGRAMS += tests/server/test_socketio
tests_server_test_socketio_SOURCES = tests/server/test_socketio.c tests/server/frames_text.h
tests_server_test_socketio_CFLAGS = $(TEST_CFLAGS) $(SERVER_CFLAGS)
tests_server_test_socketio_LDADD = $(SERVER_LIBS) $(CMOCKA_LIBS)
