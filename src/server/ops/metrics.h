/* metrics.h -- what the daemon counts: one row of METRICS each, read by status, console and
 * /metrics (exposition.h).
 *
 * Counters and gauges are relaxed atomics, one cache line apart from other rows; histograms have
 * fixed upper bounds in microseconds (powers of two from 16 us to 8.4 s). Updating never blocks or
 * allocates. All functions: any thread.
 *
 * Exported names follow Prometheus's conventions, in base units: a counter ends in _total, a time
 * is kept in microseconds (HISTOGRAM) or in thousandths (MILLI) and exported in seconds. A name may
 * carry its labels, "openmmo_logins_total{outcome=\"ok\"}": such rows are one family, stand
 * together and are of one kind; the first one's help is the family's. */
#ifndef OPENMMO_OPS_METRICS_H
#define OPENMMO_OPS_METRICS_H

#include <stddef.h>
#include <stdint.h>

/* clang-format off */
/*      NAME,                    kind,      exported name,                          help */
#define METRICS(ROW) \
    ROW(TICKS,                   COUNTER,   "openmmo_ticks_total",                  "Ticks simulated") \
    ROW(TICKS_SLOW,              COUNTER,   "openmmo_ticks_slow_total",             "Ticks that ended later than [log] slow_tick after they were due") \
    ROW(TICKS_OVER_BUDGET,       COUNTER,   "openmmo_ticks_over_budget_total",      "Ticks that took longer than the time from one to the next, whether they began late or not") \
    ROW(TICKS_MISSED,            COUNTER,   "openmmo_ticks_missed_total",           "Ticks skipped because the server stalled") \
    ROW(TICK_US,                 HISTOGRAM, "openmmo_tick_seconds",                 "CPU time of a whole tick on the sim thread") \
    ROW(TICK_REAL_US,            HISTOGRAM, "openmmo_tick_real_seconds",            "Real time from the moment a tick was due to its end") \
    ROW(TICK_DRAIN_US,           HISTOGRAM, "openmmo_tick_phase_seconds{phase=\"drain\"}", "CPU time of a tick by phase: drain (taking commands), step, journal, snapshot") \
    ROW(TICK_STEP_US,            HISTOGRAM, "openmmo_tick_phase_seconds{phase=\"step\"}", "CPU time of the simulation step") \
    ROW(TICK_JOURNAL_US,         HISTOGRAM, "openmmo_tick_phase_seconds{phase=\"journal\"}", "CPU time of writing the tick journal") \
    ROW(TICK_SNAPSHOT_US,        HISTOGRAM, "openmmo_tick_phase_seconds{phase=\"snapshot\"}", "CPU time of building the snapshot") \
    ROW(TICK_LATE_US,            HISTOGRAM, "openmmo_tick_late_seconds",            "How late a tick began") \
    ROW(LADDER_RUNG,             GAUGE,     "openmmo_ladder_rung",                  "The highest rung of the ladder that is stepped on, 0: none") \
    ROW(DOOR_SHUT,               GAUGE,     "openmmo_door_shut",                    "1 while newcomers wait for the load to be less") \
    ROW(TEMPO,                   MILLI,     "openmmo_tempo_ratio",                  "How fast the world runs: 1 is real time") \
    ROW(TEMPO_CHANGES,           COUNTER,   "openmmo_tempo_changes_total",          "Changes of the tempo") \
    ROW(SWEEP_US,                HISTOGRAM, "openmmo_sweep_seconds",                "CPU time of one sweep over an io thread's connections") \
    ROW(SNAPSHOTS_SKIPPED,       COUNTER,   "openmmo_snapshots_skipped_total",      "Snapshots that an io thread did not take in time") \
    ROW(SNAPSHOTS_FAILED,        COUNTER,   "openmmo_snapshots_failed_total",       "Ticks that were not shown to anybody, for want of memory") \
    ROW(PLAYERS,                 GAUGE,     "openmmo_players",                      "Players in the world") \
    ROW(WAITING,                 GAUGE,     "openmmo_waiting",                      "Players who wait for a place in the world") \
    ROW(AWAY,                    GAUGE,     "openmmo_away",                         "Figures in the world whose players' connections dropped") \
    ROW(RESUMED,                 COUNTER,   "openmmo_resumed_total",                "Players who came back to their figure or session") \
    ROW(ADMITTED,                COUNTER,   "openmmo_admitted_total",               "Players who came in after waiting") \
    ROW(REFUSED_LINE,            COUNTER,   "openmmo_refused_line_total",           "Players refused because the line was full") \
    ROW(CONNECTIONS,             GAUGE,     "openmmo_connections",                  "Open connections") \
    ROW(CONNECTIONS_BEFORE_LOGIN,GAUGE,     "openmmo_connections_before_login",     "Connections that have not logged in") \
    ROW(ACCEPTED,                COUNTER,   "openmmo_accepted_total",               "Connections accepted") \
    ROW(REFUSED_ADDRESS,         COUNTER,   "openmmo_refused_address_total",        "Connections refused by a limit on their address") \
    ROW(REFUSED_FULL,            COUNTER,   "openmmo_refused_full_total",           "Connections refused because the server was full") \
    ROW(PROXY_REFUSED,           COUNTER,   "openmmo_proxy_refused_total",          "Connections of trusted proxies closed for want of a PROXY header") \
    ROW(HANDSHAKES_WAITING,      GAUGE,     "openmmo_handshakes_waiting",           "Steps of TLS handshakes that wait for their share of an io thread") \
    ROW(HTTP_WAITING,            GAUGE,     "openmmo_http_waiting",                 "HTTP connections with something to read that wait for their share of an io thread") \
    ROW(TURN_US,                 HISTOGRAM, "openmmo_io_turn_seconds",              "CPU time of an io thread from one turn of its loop to the next") \
    ROW(IO_STUCK,                GAUGE,     "openmmo_io_threads_stuck",             "Io threads that have not turned for two seconds: their players wait") \
    ROW(TLS_HANDSHAKES,          COUNTER,   "openmmo_tls_handshakes_total{outcome=\"ok\"}", "TLS handshakes") \
    ROW(TLS_FAILED,              COUNTER,   "openmmo_tls_handshakes_total{outcome=\"failed\"}", "TLS handshakes that failed") \
    ROW(TLS_ALLOCATIONS,         COUNTER,   "openmmo_tls_allocations_total",        "Blocks of memory that OpenSSL asked its pools for") \
    ROW(TLS_MEMORY,              GAUGE,     "openmmo_tls_memory_bytes",             "Memory that the pools for OpenSSL hold, and for which cells players see") \
    ROW(DEADLINES,               COUNTER,   "openmmo_deadlines_total",              "Connections closed by an absolute deadline") \
    ROW(MALFORMED,               COUNTER,   "openmmo_malformed_total",              "Connections closed for a malformed message") \
    ROW(HTTP_CONNECTIONS,        GAUGE,     "openmmo_http_connections",             "Open HTTP and WebSocket connections") \
    ROW(HTTP_LIMITED,            COUNTER,   "openmmo_http_rate_limited_total",      "HTTP requests refused by a limit on their address or account") \
    ROW(HTTP_DEADLINES,          COUNTER,   "openmmo_http_deadlines_total",         "HTTP connections closed by an absolute deadline") \
    ROW(HTTP_MALFORMED,          COUNTER,   "openmmo_http_malformed_total",         "HTTP requests that could not be read") \
    ROW(BYTES_IN,                COUNTER,   "openmmo_received_bytes_total{protocol=\"native\"}", "Bytes read from sockets, TLS and HTTP around them included") \
    ROW(HTTP_BYTES_IN,           COUNTER,   "openmmo_received_bytes_total{protocol=\"http\"}", "The same of HTTP requests") \
    ROW(WEBSOCKET_BYTES_IN,      COUNTER,   "openmmo_received_bytes_total{protocol=\"websocket\"}", "The same of WebSockets") \
    ROW(BYTES_OUT,               COUNTER,   "openmmo_sent_bytes_total{protocol=\"native\"}", "Bytes written to sockets, TLS and HTTP around them included") \
    ROW(HTTP_BYTES_OUT,          COUNTER,   "openmmo_sent_bytes_total{protocol=\"http\"}", "The same of HTTP answers") \
    ROW(WEBSOCKET_BYTES_OUT,     COUNTER,   "openmmo_sent_bytes_total{protocol=\"websocket\"}", "The same of WebSockets") \
    ROW(MESSAGES_IN,             COUNTER,   "openmmo_messages_in_total",            "Messages received") \
    ROW(RATE_LIMITED,            COUNTER,   "openmmo_rate_limited_total",           "Messages refused by a token bucket") \
    ROW(COMMANDS,                COUNTER,   "openmmo_commands_total",               "Commands that the simulation took") \
    ROW(INTENTS_REFUSED,         COUNTER,   "openmmo_intents_refused_total",        "Intents beyond a player's share of a tick") \
    ROW(SUBSTEPS_DROPPED,        COUNTER,   "openmmo_substeps_dropped_total",       "Movement time claimed beyond the allowance") \
    ROW(READING_PAUSED,          COUNTER,   "openmmo_reading_paused_total",         "Sockets left unread because a queue was full") \
    ROW(CHAT_LINES,              COUNTER,   "openmmo_chat_lines_total",             "Chat lines routed") \
    ROW(BANS,                    GAUGE,     "openmmo_bans",                         "Bans in force") \
    ROW(MUTES,                   GAUGE,     "openmmo_mutes",                        "Mutes in force") \
    ROW(BANNED_REFUSED,          COUNTER,   "openmmo_banned_refused_total",         "Connections and logins refused for a ban") \
    ROW(WEB_PLAYERS,             GAUGE,     "openmmo_web_players",                  "Web clients in the world") \
    ROW(WEB_BYTES,               COUNTER,   "openmmo_web_bytes_total",              "Bytes of events given to web clients' connections") \
    ROW(WEB_EVENTS_REFUSED,      COUNTER,   "openmmo_web_events_refused_total",     "Events of web clients that were malformed, and did nothing") \
    ROW(WEB_CORRECTED,           COUNTER,   "openmmo_web_corrected_total",          "Web clients told that they are not where they wish to be") \
    ROW(MUTED_LINES,             COUNTER,   "openmmo_muted_lines_total",            "Chat lines refused for a mute") \
    ROW(CHAT_LOG_RETRIES,        COUNTER,   "openmmo_chat_log_retries_total",       "Batches of chat lines that wait on, for the database was away") \
    ROW(PLAYER_REPORTS,          COUNTER,   "openmmo_player_reports_total",         "Reports of players about players that were taken") \
    ROW(PLAYER_REPORTS_OPEN,     GAUGE,     "openmmo_player_reports_open",          "Those of them that no operator has closed") \
    ROW(CHAT_LOG_LOST,           COUNTER,   "openmmo_chat_log_lost_total",          "Chat lines that could not be written down") \
    ROW(AUDIT_LOST,              COUNTER,   "openmmo_audit_lost_total",             "Operators' actions that are in the log only") \
    ROW(CELLS,                   GAUGE,     "openmmo_cells",                        "Occupied cells") \
    ROW(BLOCKS_ENCODED,          COUNTER,   "openmmo_blocks_encoded_total",         "Cell blocks encoded") \
    ROW(BLOCKS_SENT,             COUNTER,   "openmmo_blocks_sent_total",            "Cell blocks sent") \
    ROW(BLOCKS_FULL_SENT,        COUNTER,   "openmmo_blocks_full_sent_total",       "Full cell blocks sent") \
    ROW(BLOCKS_WITHHELD,         COUNTER,   "openmmo_blocks_withheld_total",        "Turns of cells that waited for a player's byte budget") \
    ROW(PLAYERS_SHIFTED,         GAUGE,     "openmmo_players_shifted",              "Players told less often, for their byte budget or a slow line") \
    ROW(PLAYERS_SHIFTS,          COUNTER,   "openmmo_players_shifts_total",         "Steps by which players were shifted up") \
    ROW(FLOOR_SWEEPS,            GAUGE,     "openmmo_floor_sweeps",                 "Tier floors of the io threads by the time of their sweeps, added up") \
    ROW(FLOOR_EGRESS,            GAUGE,     "openmmo_floor_egress",                 "Tier floor of the server by its bytes sent") \
    ROW(OUTBOX_OVERFLOWS,        COUNTER,   "openmmo_outbox_overflows_total",       "Connections closed because their outbox was full") \
    ROW(LOGINS_OK,               COUNTER,   "openmmo_logins_total{outcome=\"ok\"}", "Logins by what came of them: ok, failed (wrong name, password or token), limited, closed") \
    ROW(LOGINS_FAILED,           COUNTER,   "openmmo_logins_total{outcome=\"failed\"}", "Logins refused for a wrong name, password or token") \
    ROW(LOGINS_LIMITED,          COUNTER,   "openmmo_logins_total{outcome=\"limited\"}", "Logins refused by a limit") \
    ROW(LOGINS_CLOSED,           COUNTER,   "openmmo_logins_total{outcome=\"closed\"}", "Logins refused for maintenance, a drain or the allowlist") \
    ROW(MAINTENANCE,             GAUGE,     "openmmo_maintenance",                  "1 while only staff may log in") \
    ROW(DRAINING,                GAUGE,     "openmmo_draining",                     "1 while nobody new may log in") \
    ROW(REFRESH_REUSED,          COUNTER,   "openmmo_refresh_reused_total",         "Refresh tokens that came a second time: their logins were ended") \
    ROW(REGISTRATIONS,           COUNTER,   "openmmo_registrations_total",          "Accounts made") \
    ROW(HASHES,                  COUNTER,   "openmmo_password_hashes_total",        "Password hashes computed") \
    ROW(WORKER_QUEUE,            GAUGE,     "openmmo_worker_queue",                 "Jobs waiting for a worker") \
    ROW(STORE_QUEUE,             GAUGE,     "openmmo_store_queue",                  "Questions waiting for the store") \
    ROW(STORE_QUESTIONS,         COUNTER,   "openmmo_store_questions_total",        "Questions that the store answered") \
    ROW(STORE_ERRORS,            COUNTER,   "openmmo_store_errors_total",           "Questions that the store could not answer") \
    ROW(STORE_US,                HISTOGRAM, "openmmo_store_seconds",                "Time of a store question; SQLite: without waiting") \
    ROW(STORE_SAVES_US,          HISTOGRAM, "openmmo_store_saves_seconds",          "PostgreSQL: time of what is written behind the world") \
    ROW(STORE_WAIT_US,           HISTOGRAM, "openmmo_store_wait_seconds",           "Time that questions waited before they were handed to the database") \
    ROW(STORE_CONNECTIONS,       GAUGE,     "openmmo_store_connections",            "PostgreSQL: connections that can be asked") \
    ROW(STORE_POOL_IDLE,         GAUGE,     "openmmo_store_pool_connections{state=\"idle\"}", "PostgreSQL: connections of the pool and of the saves, by state") \
    ROW(STORE_POOL_BUSY,         GAUGE,     "openmmo_store_pool_connections{state=\"busy\"}", "Those that owe an answer") \
    ROW(STORE_POOL_STARTING,     GAUGE,     "openmmo_store_pool_connections{state=\"starting\"}", "Those that are being made") \
    ROW(STORE_POOL_DOWN,         GAUGE,     "openmmo_store_pool_connections{state=\"down\"}", "Those that there are not, now") \
    ROW(STORE_RECONNECTS,        COUNTER,   "openmmo_store_reconnects_total",       "PostgreSQL: connections that broke or could not be made") \
    ROW(SAVES_PENDING,           GAUGE,     "openmmo_saves_pending",                "Positions not yet durable") \
    ROW(POSITIONS_SAVED,         COUNTER,   "openmmo_positions_saved_total",        "Positions made durable") \
    ROW(DURABLE_EPOCH,           GAUGE,     "openmmo_durable_epoch",                "The watermark: every position as of then is durable") \
    ROW(DURABLE_TICK,            GAUGE,     "openmmo_durable_tick",                 "Its tick") \
    ROW(DURABLE_MS,              MILLI,     "openmmo_durable_timestamp_seconds",    "When it was reached, Unix time") \
    ROW(JOURNAL_STOPPED,         GAUGE,     "openmmo_journal_stopped",              "1 if the tick journal gave up") \
    ROW(LOG_LOST,                COUNTER,   "openmmo_log_lost_total",               "Lines that the log gave up because nobody took them") \
    ROW(SCRAPES,                 COUNTER,   "openmmo_scrapes_total",                "Times that these metrics were written") \
    ROW(SCRAPES_REFUSED,         COUNTER,   "openmmo_scrapes_refused_total",        "Connections to the metrics' listener that were too slow or no HTTP") \
    ROW(SCRAPE_CONNECTIONS,      GAUGE,     "openmmo_scrape_connections",           "Connections to the metrics' listener") \
    ROW(SCRAPE_BYTES_IN,         COUNTER,   "openmmo_scrape_received_bytes_total",  "Bytes read from them") \
    ROW(SCRAPE_BYTES_OUT,        COUNTER,   "openmmo_scrape_sent_bytes_total",      "Bytes written to them") \
    ROW(SCRAPE_US,               HISTOGRAM, "openmmo_scrape_seconds",               "CPU time of writing them") \
    ROW(QUEUE_CONTROL,           GAUGE,     "openmmo_command_queue{producer=\"control\"}", "Commands that wait for the next tick") \
    ROW(QUEUE_IO,                GAUGE,     "openmmo_command_queue{producer=\"io\"}", "The same of all io threads") \
    ROW(QUEUE_EVENTS,            GAUGE,     "openmmo_event_queue",                  "Events of the world that control has not taken yet") \
    ROW(SPANS_SENT,              COUNTER,   "openmmo_reports_sent_total{kind=\"span\"}", "Spans and error reports that were taken by who they are for") \
    ROW(ERRORS_SENT,             COUNTER,   "openmmo_reports_sent_total{kind=\"error\"}", "The same of error reports") \
    ROW(SPANS_LOST,              COUNTER,   "openmmo_reports_lost_total{kind=\"span\"}", "Those that found their queue full") \
    ROW(ERRORS_LOST,             COUNTER,   "openmmo_reports_lost_total{kind=\"error\"}", "The same of error reports") \
    ROW(SPANS_FAILED,            COUNTER,   "openmmo_reports_failed_total{kind=\"span\"}", "Those that were not taken") \
    ROW(ERRORS_FAILED,           COUNTER,   "openmmo_reports_failed_total{kind=\"error\"}", "The same of error reports") \
    ROW(ADMIN_CLIENTS,           GAUGE,     "openmmo_admin_clients",                "Connections to the admin socket") \
    ROW(ADMIN_BYTES_IN,          COUNTER,   "openmmo_admin_received_bytes_total",   "Bytes read from operators") \
    ROW(ADMIN_BYTES_OUT,         COUNTER,   "openmmo_admin_sent_bytes_total",       "Bytes written to operators") \
    ROW(ADMIN_DROPPED,           COUNTER,   "openmmo_admin_dropped_total",          "Samples that a slow admin client lost") \
    ROW(WEB_SESSIONS,            GAUGE,     "openmmo_web_sessions",                 "Engine.IO sessions of web clients") \
    ROW(WEB_SOCKETS,             GAUGE,     "openmmo_web_sockets",                  "Those of them that have a WebSocket") \
    ROW(WEB_UPGRADES,            COUNTER,   "openmmo_web_upgrades_total",           "Sessions that went from polling to a WebSocket") \
    ROW(WEB_REFUSED,             COUNTER,   "openmmo_web_refused_total",            "Engine.IO requests refused: unknown session, transport or version") \
    ROW(WEB_PING_TIMEOUTS,       COUNTER,   "openmmo_web_ping_timeouts_total",      "Web clients that did not answer a ping") \
    ROW(WEB_SLOW,                COUNTER,   "openmmo_web_slow_total",               "Web clients closed because they did not take what was said") \
    ROW(WEB_PARSE_ERRORS,        COUNTER,   "openmmo_web_parse_errors_total",       "Web clients closed for a packet that is none") \
    ROW(WEB_MESSAGES_IN,         COUNTER,   "openmmo_web_messages_in_total",        "Socket.IO packets received")
/* clang-format on */

enum metric {
#define ROW(NAME, kind, exported, help) METRIC_##NAME,
    METRICS(ROW)
#undef ROW
        METRICS_N
};

#define METRICS_THREADS_MAX 64 /* io threads: as many as have metrics of their own */

/* Families whose members are not known here: each room that has such names its members at start, by
 * metrics_member. Members that nothing was ever counted of are not exported, unless they are
 * gauges. NAME,                    kind,      exported name,                          members, help
 */
/* clang-format off */
#define METRIC_GROUPS(ROW) \
    ROW(HTTP_REQUESTS,           COUNTER,   "openmmo_http_requests_total",          32,  "HTTP requests by the class of their route and of their answer's status") \
    ROW(SWEEP_THREAD_US,         HISTOGRAM, "openmmo_sweep_thread_seconds",         METRICS_THREADS_MAX,   "CPU time of one sweep, by io thread") \
    ROW(TRAFFIC,                 COUNTER,   "openmmo_traffic_total",                16,  "Connections accepted and refused, and messages and requests refused by a limit on their rate, by class: game, http, websocket, metrics, admin") \
    ROW(STATEMENT_US,            HISTOGRAM, "openmmo_store_statement_seconds",      128, "Time from asking the store to its answer, by statement") \
    ROW(STATEMENT_ERRORS,        COUNTER,   "openmmo_store_statement_errors_total", 128, "Questions that the store could not answer, by statement") \
    ROW(STATEMENT_SLOW,          COUNTER,   "openmmo_store_statement_slow_total",   128, "Questions that took longer than [log] slow_statement, by statement") \
    ROW(ALERTS,                  GAUGE,     "openmmo_alert_active",                 32,  "1 while the daemon itself sees what its name says (alerts.list)")
/* clang-format on */

enum metric_group {
#define ROW(NAME, kind, exported, members, help) METRIC_GROUP_##NAME,
    METRIC_GROUPS(ROW)
#undef ROW
        METRIC_GROUPS_N
};

/* MILLI: a gauge kept in thousandths of what is exported. */
enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_MILLI, METRIC_HISTOGRAM };
#define METRICS_BUCKETS 21 /* <= 16 us, <= 32 us ... <= 8.4 s, more */

void metrics_add(enum metric metric, uint64_t n);      /* counter */
void metrics_gauge(enum metric metric, int64_t delta); /* gauge: up or down */
void metrics_set(enum metric metric, int64_t value);   /* gauge; MILLI: in thousandths */
void metrics_observe(enum metric metric, uint64_t us); /* histogram */

int64_t metrics_value(enum metric metric); /* counter or gauge; histogram: how many were observed */
/* Of a family, by its first row: all its rows together. */
int64_t metrics_sum(enum metric first);
struct metrics_histogram {
    uint64_t count, sum_us, max_us;
    uint64_t buckets[METRICS_BUCKETS];
};
/* A moment's truth; count is the sum of the buckets. */
void metrics_histogram(enum metric metric, struct metrics_histogram *out);
/* The q-quantile (0..1) in microseconds of a histogram, or of later - earlier (may be NULL): the
 * upper bound of its bucket. 0 where nothing was observed. */
uint64_t metrics_quantile(const struct metrics_histogram *later,
                          const struct metrics_histogram *earlier, double q);
uint64_t metrics_bucket_us(unsigned bucket); /* its upper bound; UINT64_MAX for the last */

struct metrics_row {
    const char *name, *exported, *help;
    enum metric_kind kind;
};
const struct metrics_row *metrics_row(enum metric metric); /* constant */

/* Name a member: labels as "statement=\"login_by_name\"", constant, kept. The same again: nothing
 * happens. at: below the group's room. */
void metrics_member(enum metric_group group, unsigned at, const char *labels);
void metrics_member_add(enum metric_group group, unsigned at, uint64_t n);      /* counter */
void metrics_member_set(enum metric_group group, unsigned at, int64_t value);   /* gauge */
void metrics_member_observe(enum metric_group group, unsigned at, uint64_t us); /* histogram */
const struct metrics_row *metrics_group_row(enum metric_group group);           /* constant */
unsigned metrics_group_room(enum metric_group group);
/* NULL: that member has no name, or nothing was counted of it and it is no gauge. */
const char *metrics_member_labels(enum metric_group group, unsigned at);
/* 0 where there is none. */
int64_t metrics_member_value(enum metric_group group, unsigned at);
/* All zero where there is none. */
void metrics_member_histogram(enum metric_group group, unsigned at, struct metrics_histogram *out);

#endif
