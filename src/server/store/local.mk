libserver_a_SOURCES += \
    src/server/store/about_accounts.h src/server/store/about_players.h \
    src/server/store/about_records.h src/server/store/ask_list.h src/server/store/driver.h src/server/store/glance.h \
    src/server/store/pg.c src/server/store/pg_cancel.c src/server/store/pg_cancel.h \
    src/server/store/pg_link.c src/server/store/pg_link.h src/server/store/pg_start.c src/server/store/pg_start.h \
    src/server/store/pg_target.c src/server/store/pg_target.h src/server/store/pg_unit.c src/server/store/pg_unit.h \
    src/server/store/pg_values.c src/server/store/pg_values.h \
    src/server/store/questions.h src/server/store/sqlite.c \
    src/server/store/sqlite_file.c src/server/store/sqlite_file.h \
    src/server/store/statements.c src/server/store/statements.h \
    src/server/store/statements_accounts.c src/server/store/statements_players.c \
    src/server/store/statements_records.c src/server/store/statements_server.c \
    src/server/store/about_tokens.h src/server/store/statements_tokens.c \
    src/server/store/about_moderation.h src/server/store/statements_moderation.c \
    src/server/store/about_reports.h src/server/store/statements_reports.c \
    src/server/store/retention.c src/server/store/retention.h src/server/store/statements_privacy.c \
    src/server/store/store.c src/server/store/store.h \
    src/server/store/timing.c src/server/store/timing.h \
    src/server/store/timestamp.c src/server/store/timestamp.h \
    src/server/store/writeback.c src/server/store/writeback.h

libserver_a_SOURCES += \
    src/server/store/adopt.c src/server/store/adopt.h \
    src/server/store/adopt_names.c src/server/store/adopt_names.h \
    src/server/store/adopt_sql.c src/server/store/adopt_sql.h \
    src/server/store/backup.c src/server/store/backup.h \
    src/server/store/backups.c src/server/store/backups.h \
    src/server/store/migrate.c src/server/store/migrate.h src/server/store/migrate_run.h \
    src/server/store/migrate_link.h src/server/store/migrate_postgresql.c \
    src/server/store/migrate_sqlite.c

# The migrations go into the binary, in order of their numbers.
SQLITE_MIGRATIONS = \
    sql/sqlite/001_players.sql \
    sql/sqlite/002_community.sql \
    sql/sqlite/003_log_out.sql \
    sql/sqlite/004_reports.sql \
    sql/sqlite/005_allowlist.sql \
    sql/sqlite/006_lookups.sql
POSTGRESQL_MIGRATIONS = \
    sql/postgresql/001_players.sql \
    sql/postgresql/002_community.sql \
    sql/postgresql/003_log_out.sql \
    sql/postgresql/004_reports.sql \
    sql/postgresql/005_allowlist.sql \
    sql/postgresql/006_lookups.sql
EXTRA_DIST += $(SQLITE_MIGRATIONS) $(POSTGRESQL_MIGRATIONS) sql/embed.awk doc/database.md doc/postgresql.md
CLEANFILES += src/server/store/sqlite_migrations.inc src/server/store/postgresql_migrations.inc

src/server/store/sqlite_migrations.inc: $(SQLITE_MIGRATIONS) sql/embed.awk
	$(AM_V_GEN)$(MKDIR_P) src/server/store && cd $(srcdir) && \
	    $(AWK) -f sql/embed.awk $(SQLITE_MIGRATIONS) >$(abs_builddir)/$@.tmp && \
	    mv $(abs_builddir)/$@.tmp $(abs_builddir)/$@
src/server/store/postgresql_migrations.inc: $(POSTGRESQL_MIGRATIONS) sql/embed.awk
	$(AM_V_GEN)$(MKDIR_P) src/server/store && cd $(srcdir) && \
	    $(AWK) -f sql/embed.awk $(POSTGRESQL_MIGRATIONS) >$(abs_builddir)/$@.tmp && \
	    mv $(abs_builddir)/$@.tmp $(abs_builddir)/$@
src/server/store/libserver_a-migrate.$(OBJEXT): src/server/store/sqlite_migrations.inc \
    src/server/store/postgresql_migrations.inc
