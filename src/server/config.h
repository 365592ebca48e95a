/* config.h -- what the daemon was told: its option table, checked and resolved.
 *
 * Include as "server/config.h" ("config.h" is the build's own). Control thread. A config is
 * immutable once loaded; a reload makes a new one and the old one is freed when nobody looks at it
 * any more. */
#ifndef OPENMMO_SERVER_CONFIG_H
#define OPENMMO_SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/log.h"
#include "common/options.h"
#include "play/sessions.h"

/* All paths are absolute after a load: relative ones lie under `state`. */
struct config {
    /* [server] */
    char *name, *motd;
    char *state; /* directory */
    /* [net] */
    struct option_list listen; /* "127.0.0.1:7777", "[::1]:7777"; port 0: any */
    uint32_t io_threads;       /* 0: all on one loop; "auto" is resolved */
    bool io_uring;
    uint32_t view_m, players_max, queue_max, connections_max;
    uint64_t player_budget_bytes, egress_bytes; /* a second */
    char *certificate, *key; /* PEM files; made on first start where neither was named */
    /* [http] */
    struct option_list http_listen, https_listen;
    char *https_certificate, *https_key; /* where none are named those of [net] */
    bool https_redirect;
    struct option_list http_trusted_proxies; /* CIDRs */
    bool http_proxy_header;
    struct option_list cors_origins;
    bool cors_credentials;
    uint32_t http_connections_max, http_per_address, http_new_per_second, http_new_burst;
    uint32_t http_head_ms, http_body_ms, http_idle_ms, http_taking_ms;
    uint64_t http_head_bytes, http_body_bytes;
    char *assets, *assets_immutable;
    bool own_positions;
    uint32_t reads_per_minute, writes_per_minute, web_logins_per_minute, cheap_per_minute;
    uint32_t http_ping_interval_ms, http_ping_timeout_ms, http_connect_ms;
    /* [limits] */
    uint32_t before_login_per_address, new_per_second, new_burst;
    uint32_t first_byte_ms, login_ms, message_ms;
    uint32_t moves_per_second, chats_per_10s, whos_per_second, pings_per_second, logins_per_minute;
    struct option_list exempt, trusted_proxies; /* CIDRs */
    /* [world] */
    uint32_t seed, size_m, spawn_radius_m, wanderers, wanderers_radius_m;
    /* [store] */
    uint32_t store_driver; /* enum store_kind */
    char *store_path, *store_connection, *store_password_file;
    uint32_t store_pool_min, store_pool_max;
    bool store_prepared;
    uint32_t store_statement_ms, store_answer_ms;
    uint32_t flush_ms;
    bool auto_migrate, legacy_utc;
    /* [chat], [audit] */
    uint32_t chat_days, audit_days;
    /* [reports] */
    uint32_t reports_per_hour, reports_days;
    /* [accounts] */
    uint32_t registration; /* enum accounts_registration */
    uint32_t email;        /* enum accounts_email */
    uint32_t argon2_ops;
    uint64_t argon2_bytes;
    uint32_t workers, worker_queue;
    /* [auth] */
    uint32_t resume_lifetime_ms, refresh_lifetime_ms;
    uint32_t linger_ms;
    bool allowlist;
    bool guests;
    char *auth_key; /* Ed25519 key file, made 0600 on first start */
    /* [admin] */
    char *admin_socket;
    /* [metrics], [health] */
    struct option_list metrics_listen; /* one, or none */
    bool public_metrics;
    uint32_t stall_ms;
    /* [trace], [errors] */
    char *trace_endpoint, *errors_dsn, *errors_environment;
    uint32_t trace_one_in;
    /* [log] */
    uint32_t log_level;                       /* enum log_level */
    uint32_t slow_tick_ms, slow_statement_ms; /* 0: none is logged */

    /* Flags of the command line; borrowed from it. */
    const char *journal, *replay; /* NULL: not given */
    const char *backup, *restore; /* the same */
    const char *burden; /* a planted fault: file with the microseconds that each step burns */
    bool migrate, dry_run, rotate_key;

    char waiting[200]; /* of a reload: "net.listen, world.seed" wait for a restart; may be cut */
    struct options *options; /* values and origins as loaded, for listings */
    int argc;                /* the command line, for reloads; borrowed */
    char *const *argv;
};

extern const struct options_table config_table;

/* Read the command line, the file (-c FILE, else SYSCONFDIR/openmmo/openmmo.ini where it exists)
 * and the environment. -t, -V, --help, --print-config and errors are dealt with here, on stdout and
 * stderr. Returns -1: go on with *config (caller frees); else the exit status, all is said and
 * *config is NULL. argv must live as long as the config. */
int config_start(int argc, char *const argv[], struct config **config);
void config_free(struct config *config); /* NULL is fine */

/* Load anew from the same places, all or nothing. NULL: errors, each given to say (level ERROR).
 * Else the new config: options that a running server can change have their new values, all others
 * keep the old ones; each of those that differs is given to say (level WARN, "net.listen changed:
 * restart to apply") and stands in waiting. */
typedef void config_say_fn(void *context, enum log_level level, const char *line);
/* old is borrowed and stays as it is. */
struct config *config_reload(const struct config *old, config_say_fn *say, void *context);

/* The same with one option as an operator wants it until the next reload or restart, from old and
 * not from the places. name: one that a running server can change and whose value may be told;
 * paths are told by the file only, for who may use the operators' socket need not be who may name
 * files to be read and served. value NULL: as it was before it was set. by: who, and when. NULL +
 * error. */
struct config *config_set(const struct config *old, const char *name, const char *value,
                          const char *by, struct error *error);
/* All that operators set is taken back. NULL + error. */
struct config *config_unset_all(const struct config *old, struct error *error);

/* Make the state directory (0700) and the admin socket's directory (0755) where they are missing.
 * 0, or -1 + error. */
int config_make_directories(const struct config *config, struct error *error) MUST_CHECK;

#endif
