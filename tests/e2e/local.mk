# End-to-end tests: the real daemon, players who speak the real protocol.
E2E_SOURCES = tests/e2e/harness.h tests/e2e/harness_daemon.c tests/e2e/harness_player.c
STAGE_SOURCES = tests/e2e/stage.h tests/e2e/stage.c $(E2E_SOURCES)
WITNESS_SOURCES = tests/e2e/witness.h tests/e2e/witness.c $(STAGE_SOURCES)
STAGE_STORE_SOURCES = tests/e2e/stage_store.h tests/e2e/stage_store.c $(SQL_ONCE_SOURCES) $(STAGE_SOURCES)
STAGE_STORE_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS) $(SQLITE_CFLAGS) $(PQ_CFLAGS)
STAGE_STORE_LIBS = $(E2E_LIBS) $(JANSSON_LIBS) $(SQLITE_LIBS) $(PQ_LIBS)
E2E_LIBS = $(COMMON_LIBS) $(CMOCKA_LIBS) -lm

check_PROGRAMS += tests/e2e/test_smoke tests/e2e/test_lasting tests/e2e/test_abuse tests/e2e/test_trouble
tests_e2e_test_smoke_SOURCES = tests/e2e/test_smoke.c $(STAGE_SOURCES)
tests_e2e_test_smoke_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_e2e_test_smoke_LDADD = $(E2E_LIBS)
tests_e2e_test_lasting_SOURCES = tests/e2e/test_lasting.c $(STAGE_SOURCES)
tests_e2e_test_lasting_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_e2e_test_lasting_LDADD = $(E2E_LIBS)
tests_e2e_test_abuse_SOURCES = tests/e2e/test_abuse.c $(WITNESS_SOURCES)
tests_e2e_test_abuse_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_e2e_test_abuse_LDADD = $(E2E_LIBS)
tests_e2e_test_trouble_SOURCES = tests/e2e/test_trouble.c $(STAGE_SOURCES)
tests_e2e_test_trouble_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(SQLITE_CFLAGS)
tests_e2e_test_trouble_LDADD = $(E2E_LIBS) $(SQLITE_LIBS)

# What web clients ask for, with a client of its own.
WEB_SOURCES = tests/e2e/web.h tests/e2e/web.c $(STAGE_STORE_SOURCES)
check_PROGRAMS += tests/e2e/test_contract
tests_e2e_test_contract_SOURCES = tests/e2e/test_contract.c $(WEB_SOURCES)
tests_e2e_test_contract_CFLAGS = $(STAGE_STORE_CFLAGS) -DOPENAPI_DIR='"$(abs_top_srcdir)/tests/openapi"'
tests_e2e_test_contract_LDADD = $(STAGE_STORE_LIBS)
check_PROGRAMS += tests/e2e/test_web_accounts
tests_e2e_test_web_accounts_SOURCES = tests/e2e/test_web_accounts.c $(WEB_SOURCES)
tests_e2e_test_web_accounts_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_web_accounts_LDADD = $(STAGE_STORE_LIBS)
check_PROGRAMS += tests/e2e/test_web_texts
tests_e2e_test_web_texts_SOURCES = tests/e2e/test_web_texts.c $(WEB_SOURCES)
tests_e2e_test_web_texts_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_web_texts_LDADD = $(STAGE_STORE_LIBS)
EXTRA_DIST += tests/openapi/LICENSE tests/openapi/README.md tests/openapi/schema.json tests/openapi/validate.py

check_PROGRAMS += tests/e2e/test_resume
tests_e2e_test_resume_SOURCES = tests/e2e/test_resume.c $(STAGE_STORE_SOURCES)
tests_e2e_test_resume_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_resume_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_pgbouncer
tests_e2e_test_pgbouncer_SOURCES = tests/e2e/test_pgbouncer.c $(STAGE_STORE_SOURCES)
tests_e2e_test_pgbouncer_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_pgbouncer_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_ladder
tests_e2e_test_ladder_SOURCES = tests/e2e/test_ladder.c $(STAGE_SOURCES)
tests_e2e_test_ladder_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_e2e_test_ladder_LDADD = $(E2E_LIBS)

check_PROGRAMS += tests/e2e/test_bots
tests_e2e_test_bots_SOURCES = tests/e2e/test_bots.c $(E2E_SOURCES)
tests_e2e_test_bots_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
tests_e2e_test_bots_LDADD = $(E2E_LIBS) $(JANSSON_LIBS)

check_PROGRAMS += tests/e2e/test_operating
tests_e2e_test_operating_SOURCES = tests/e2e/test_operating.c $(STAGE_SOURCES)
tests_e2e_test_operating_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(SQLITE_CFLAGS)
tests_e2e_test_operating_LDADD = $(E2E_LIBS) $(SQLITE_LIBS)
EXTRA_DIST += tests/e2e/soak.sh
dist_check_SCRIPTS += tests/e2e/test_line.sh tests/e2e/test_http_page.sh

check_PROGRAMS += tests/e2e/test_upkeep
tests_e2e_test_upkeep_SOURCES = tests/e2e/test_upkeep.c $(WEB_SOURCES)
tests_e2e_test_upkeep_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_upkeep_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_operators
tests_e2e_test_operators_SOURCES = tests/e2e/test_operators.c $(STAGE_SOURCES)
tests_e2e_test_operators_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS) -DCONSOLE_PROGRAM='"$(abs_top_builddir)/openmmo-console"'
tests_e2e_test_operators_LDADD = $(E2E_LIBS) $(JANSSON_LIBS) -lutil

check_PROGRAMS += tests/e2e/test_mounts
tests_e2e_test_mounts_SOURCES = tests/e2e/test_mounts.c $(STAGE_STORE_SOURCES)
tests_e2e_test_mounts_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_mounts_LDADD = $(STAGE_STORE_LIBS)

# With a real HAProxy in front.
check_PROGRAMS += tests/e2e/test_haproxy
tests_e2e_test_haproxy_SOURCES = tests/e2e/test_haproxy.c tests/e2e/crowd.h tests/e2e/crowd_relay.c $(STAGE_SOURCES)
tests_e2e_test_haproxy_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_e2e_test_haproxy_LDADD = $(E2E_LIBS)

check_PROGRAMS += tests/e2e/test_crowd
tests_e2e_test_crowd_SOURCES = tests/e2e/test_crowd.c tests/e2e/crowd.h tests/e2e/crowd.c tests/server/standstill.h tests/server/standstill.c tests/e2e/crowd_guests.c \
	tests/e2e/crowd_relay.c $(E2E_SOURCES)
tests_e2e_test_crowd_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS)
tests_e2e_test_crowd_LDADD = $(E2E_LIBS) $(JANSSON_LIBS)

check_PROGRAMS += tests/e2e/test_postgresql
tests_e2e_test_postgresql_SOURCES = tests/e2e/test_postgresql.c tests/e2e/crowd.h tests/e2e/crowd.c tests/server/standstill.h tests/server/standstill.c \
	$(PG_CLUSTER_SOURCES) $(E2E_SOURCES)
tests_e2e_test_postgresql_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(JANSSON_CFLAGS) $(PQ_CFLAGS)
tests_e2e_test_postgresql_LDADD = $(E2E_LIBS) $(JANSSON_LIBS) $(PQ_LIBS)

# With a real Prometheus that scrapes, and a real PostgreSQL that stops.
check_PROGRAMS += tests/e2e/test_alerts
tests_e2e_test_alerts_SOURCES = tests/e2e/test_alerts.c $(STAGE_STORE_SOURCES)
tests_e2e_test_alerts_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_alerts_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_turning
tests_e2e_test_turning_SOURCES = tests/e2e/test_turning.c $(STAGE_STORE_SOURCES)
tests_e2e_test_turning_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_turning_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_monitoring
tests_e2e_test_monitoring_SOURCES = tests/e2e/test_monitoring.c $(STAGE_STORE_SOURCES)
tests_e2e_test_monitoring_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_monitoring_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_adoption
tests_e2e_test_adoption_SOURCES = tests/e2e/test_adoption.c $(STAGE_STORE_SOURCES)
tests_e2e_test_adoption_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_adoption_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_kills
tests_e2e_test_kills_SOURCES = tests/e2e/test_kills.c $(SQL_ONCE_SOURCES) $(E2E_SOURCES)
tests_e2e_test_kills_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(SQLITE_CFLAGS) $(PQ_CFLAGS)
tests_e2e_test_kills_LDADD = $(E2E_LIBS) $(SQLITE_LIBS) $(PQ_LIBS)

# Players come from addresses that the test names: connect is wrapped.
check_PROGRAMS += tests/e2e/test_bans
tests_e2e_test_bans_SOURCES = tests/e2e/test_bans.c $(STAGE_STORE_SOURCES)
tests_e2e_test_bans_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_bans_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=connect
tests_e2e_test_bans_LDADD = $(STAGE_STORE_LIBS)

# The same, seen from the operators' side.
check_PROGRAMS += tests/e2e/test_network
tests_e2e_test_network_SOURCES = tests/e2e/test_network.c $(STAGE_STORE_SOURCES)
tests_e2e_test_network_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_network_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=connect
tests_e2e_test_network_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_privacy
tests_e2e_test_privacy_SOURCES = tests/e2e/test_privacy.c $(STAGE_STORE_SOURCES)
tests_e2e_test_privacy_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_privacy_LDADD = $(STAGE_STORE_LIBS)

# What operators see of the database.
check_PROGRAMS += tests/e2e/test_database
tests_e2e_test_database_SOURCES = tests/e2e/test_database.c $(STAGE_STORE_SOURCES)
tests_e2e_test_database_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_database_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_moderators
tests_e2e_test_moderators_SOURCES = tests/e2e/test_moderators.c $(STAGE_STORE_SOURCES)
tests_e2e_test_moderators_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_moderators_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_accounts
tests_e2e_test_accounts_SOURCES = tests/e2e/test_accounts.c $(STAGE_STORE_SOURCES)
tests_e2e_test_accounts_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_accounts_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_injection
tests_e2e_test_injection_SOURCES = tests/e2e/test_injection.c $(STAGE_STORE_SOURCES)
tests_e2e_test_injection_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_injection_LDADD = $(STAGE_STORE_LIBS)

# HTTP byte by byte.
WIRE_SOURCES = tests/e2e/wire.h tests/e2e/wire.c
check_PROGRAMS += tests/e2e/test_http
tests_e2e_test_http_SOURCES = tests/e2e/test_http.c $(WIRE_SOURCES) $(WITNESS_SOURCES)
tests_e2e_test_http_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS) $(ZLIB_CFLAGS)
tests_e2e_test_http_LDADD = $(E2E_LIBS) $(ZLIB_LIBS)
check_PROGRAMS += tests/e2e/test_http_doors
tests_e2e_test_http_doors_SOURCES = tests/e2e/test_http_doors.c $(WIRE_SOURCES) $(STAGE_STORE_SOURCES)
tests_e2e_test_http_doors_CFLAGS = $(STAGE_STORE_CFLAGS)
tests_e2e_test_http_doors_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_nginx
tests_e2e_test_nginx_SOURCES = tests/e2e/test_nginx.c $(WIRE_SOURCES) $(STAGE_STORE_SOURCES)
tests_e2e_test_nginx_CFLAGS = $(STAGE_STORE_CFLAGS) -DSOURCE_DIR='"$(abs_top_srcdir)"'
tests_e2e_test_nginx_LDADD = $(STAGE_STORE_LIBS)

check_PROGRAMS += tests/e2e/test_files
tests_e2e_test_files_SOURCES = tests/e2e/test_files.c $(WIRE_SOURCES) $(E2E_SOURCES)
tests_e2e_test_files_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_e2e_test_files_LDADD = $(E2E_LIBS)
# Native and web players together.
check_PROGRAMS += tests/e2e/test_web
tests_e2e_test_web_SOURCES = tests/e2e/test_web.c $(STAGE_SOURCES)
tests_e2e_test_web_CFLAGS = $(TEST_CFLAGS) $(OPENSSL_CFLAGS)
tests_e2e_test_web_LDADD = $(E2E_LIBS)
