/* config.c -- see config.h: the table of options, and loading it. */
#include <config.h> /* of the build */

#include "server/config.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accounts/accounts.h"
#include "http/cors.h"
#include "net/address.h"
#include "net/network.h"
#include "net/tls.h"
#include "ops/metrics.h"
#include "ops/sentry.h"
#include "server/config_page.h"
#include "store/pg_target.h"
#include "store/store.h"

#define DEFAULT_FILE    SYSCONFDIR "/openmmo/openmmo.ini"
#define OTHER_FDS       64 /* descriptors for all but connections */
#define RESUME_DAYS_MAX 49 /* what 32 bits of milliseconds hold */

extern char **environ;

static int check_listen(const char *text, struct error *error)
{
    struct sockaddr_storage address;
    socklen_t len;

    return address_parse(text, &address, &len, error);
}

static int check_origin(const char *text, struct error *error)
{
    if (cors_origin_valid(text))
        return 0;
    return error_set(error,
                     "\"%s\" is no origin: write it as browsers send it, "
                     "https://play.example.org, or *",
                     text);
}

static int check_endpoint(const char *text, struct error *error)
{
    const char *host = strstr(text, "://");

    if (text[0] == '\0')
        return 0;
    if (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0)
        return error_set(error, "begins with neither http:// nor https://");
    if (strcspn(host + 3, ":/?#") == 0 || strpbrk(text, " \t") != NULL)
        return error_set(error, "is no URL: http://collector:4318/v1/traces is meant");
    return 0;
}

static int check_dsn(const char *text, struct error *error)
{
    return text[0] == '\0' ? 0 : sentry_parse(text, NULL, error);
}

static const char *const registrations[] = {"open", "invite", "closed", NULL}; /* by their enums */
static const char *const emails[] = {"none", "optional", "required", NULL};
static const char *const store_drivers[] = {"sqlite", "postgresql", NULL}; /* enum store_kind */
static const char *const levels[] = {"error", "warn", "info", "debug", NULL};

#define AT(field) offsetof(struct config, field)
#define R         OPTION_RELOAD

/* clang-format off */
static const struct option_row rows[] = {
    {"server", "name", OPTION_STRING, AT(name), "OpenMMO", 1, 100, R, NULL, NULL, NULL,
     "What the server is called in players' lists."},
    {"server", "motd", OPTION_STRING, AT(motd), "", 0, PROTOCOL_TEXT_MAX, R, NULL, NULL, NULL,
     "Message of the day, shown before the login."},
    {"server", "state", OPTION_PATH, AT(state), "", 0, 400, 0, NULL, NULL, NULL,
     "Directory of what the server keeps. Relative paths in other options are under it. Empty: $STATE_DIRECTORY (systemd's), "
     "else $XDG_STATE_HOME/openmmo, else ~/.local/state/openmmo."},

    {"net", "listen", OPTION_LIST, AT(listen), "127.0.0.1:7777", 1, 16, 0, NULL, check_listen, "0.0.0.0:7777",
     "Addresses of the game port, comma separated: IPv4 as 192.0.2.1:7777, IPv6 as [2001:db8::1]:7777, all of the machine's as "
     "0.0.0.0:7777 and [::]:7777. Without a configuration file only this machine is served."},
    {"net", "io_threads", OPTION_INTEGER, AT(io_threads), "auto", 0, METRICS_THREADS_MAX, OPTION_AUTO, NULL, NULL, NULL,
     "Threads that serve connections. auto: one less than the cores, at least one. 0: everything on one loop, for small machines."},
    {"net", "io_uring", OPTION_BOOL, AT(io_uring), "yes", 0, 0, 0, NULL, NULL, NULL,
     "Hand the writes of a tick to the kernel together, by io_uring, where the kernel has it: a third less CPU time each. With no, "
     "or where it is not allowed, each is a system call of its own."},
    {"net", "view_m", OPTION_INTEGER, AT(view_m), "192", 64, 1024, R, NULL, NULL, NULL,
     "How far players see each other, in metres."},
    {"net", "player_budget_bytes", OPTION_BYTES, AT(player_budget_bytes), "48KiB", 4 << 10, 1 << 30, R, NULL, NULL, NULL,
     "What one player is sent a second. Beyond it others are shown less often, those far away first: from 20 times a second down to "
     "1.25. In a crowd a player who moves costs each who sees it about 60 bytes a second."},
    {"net", "egress_bytes", OPTION_BYTES, AT(egress_bytes), "0", 0, INT64_MAX, R, NULL, NULL, NULL,
     "What all players together are sent a second. Beyond it everybody is told everything less often. 0: no limit."},
    {"net", "players_max", OPTION_INTEGER, AT(players_max), "1000", 1, 65536, 0, NULL, NULL, NULL,
     "Players in the world at once."},
    {"net", "queue_max", OPTION_INTEGER, AT(queue_max), "500", 0, 65536, R, NULL, NULL, NULL,
     "Players who may wait for a place when the world is full. More are told to come back later; who was here a minute ago may always "
     "wait, and comes first. Those who wait are connections: leave room for them in connections_max."},
    {"net", "connections_max", OPTION_INTEGER, AT(connections_max), "2000", 1, 131072, 0, NULL, NULL, NULL,
     "Connections at once, those before the login included."},
    {"net", "certificate", OPTION_PATH, AT(certificate), "", 0, 400, R, NULL, NULL, NULL,
     "TLS certificate chain, PEM. Empty, with net.key: one of our own is made on first start, and clients pin its key."},
    {"net", "key", OPTION_PATH, AT(key), "", 0, 400, R, NULL, NULL, NULL,
     "TLS private key of the certificate, PEM."},
    {"net", "trusted_proxies", OPTION_LIST, AT(trusted_proxies), "", 0, 256, R, NULL, network_check, NULL,
     "Networks of the proxies in front, as 10.0.0.0/8 or 2001:db8::/32. Who connects from there must begin with a PROXY protocol "
     "v2 header: players are known and limited by the address in it."},

    {"http", "listen", OPTION_LIST, AT(http_listen), "127.0.0.1:3000", 0, 16, 0, NULL, check_listen, "0.0.0.0:3000",
     "Addresses where web clients and REST are served, comma separated, as net.listen has them. Plain HTTP, for a reverse proxy in "
     "front or beside tls_listen. Empty: not served."},
    {"http", "tls_listen", OPTION_LIST, AT(https_listen), "", 0, 16, 0, NULL, check_listen, NULL,
     "The same by HTTPS. Empty: none."},
    {"http", "certificate", OPTION_PATH, AT(https_certificate), "", 0, 400, R, NULL, NULL, NULL,
     "TLS certificate chain of tls_listen, PEM. Empty, with http.key: that of net.certificate, which browsers do not trust where it is our own."},
    {"http", "key", OPTION_PATH, AT(https_key), "", 0, 400, R, NULL, NULL, NULL,
     "TLS private key of the certificate, PEM."},
    {"http", "redirect", OPTION_BOOL, AT(https_redirect), "yes", 0, 0, R, NULL, NULL, NULL,
     "Where tls_listen is set, send plain requests there, but for those about the server's health and those that a trusted proxy had "
     "by HTTPS."},
    {"http", "trusted_proxies", OPTION_LIST, AT(http_trusted_proxies), "", 0, 256, R, NULL, network_check, NULL,
     "Networks of the proxies in front, as 10.0.0.0/8 or 2001:db8::/32. What they say in X-Forwarded-For and X-Forwarded-Proto is "
     "believed: clients are limited and banned by the last address there that is no proxy's. From others these headers mean nothing."},
    {"http", "proxy_header", OPTION_BOOL, AT(http_proxy_header), "no", 0, 0, R, NULL, NULL, NULL,
     "Connections from trusted_proxies begin with a PROXY protocol v2 header, as those of net.trusted_proxies do."},
    {"http", "cors_origins", OPTION_LIST, AT(cors_origins), "", 0, 64, R, NULL, check_origin, NULL,
     "Origins whose pages may use the HTTP face from a browser, as https://play.example.org. *: all, without credentials. The origin of "
     "the server itself needs no mention."},
    {"http", "cors_credentials", OPTION_BOOL, AT(cors_credentials), "no", 0, 0, R, NULL, NULL, NULL,
     "Let pages of the origins that are named send cookies and the like."},
    {"http", "per_address", OPTION_INTEGER, AT(http_per_address), "64", 1, 100000, R, NULL, NULL, NULL,
     "HTTP and WebSocket connections of one address (IPv4 /32, IPv6 /64). A proxy that is trusted counts as none."},
    {"http", "new_per_second", OPTION_INTEGER, AT(http_new_per_second), "50", 1, 100000, R, NULL, NULL, NULL,
     "New connections of one address a second."},
    {"http", "new_burst", OPTION_INTEGER, AT(http_new_burst), "100", 1, 100000, R, NULL, NULL, NULL,
     "New connections of one address at once, after a quiet time."},
    {"http", "connections_max", OPTION_INTEGER, AT(http_connections_max), "4096", 1, 131072, R, NULL, NULL, NULL,
     "HTTP and WebSocket connections at once. A reload takes less over, and more only up to what the server was started with: beyond that it needs a restart."},
    {"http", "head", OPTION_DURATION, AT(http_head_ms), "10s", 100, 600000, R, NULL, NULL, NULL,
     "From connecting to the first request's head, all of it; of later ones, from its first byte to its last."},
    {"http", "body", OPTION_DURATION, AT(http_body_ms), "30s", 100, 600000, R, NULL, NULL, NULL,
     "From a request's head to the last byte of its body."},
    {"http", "idle", OPTION_DURATION, AT(http_idle_ms), "75s", 100, 3600000, R, NULL, NULL, NULL,
     "How long a connection stays open between requests."},
    {"http", "taking", OPTION_DURATION, AT(http_taking_ms), "20s", 100, 600000, R, NULL, NULL, NULL,
     "How long a client may take to read an answer, and a second more for each 8 KiB of it."},
    {"http", "head_bytes", OPTION_BYTES, AT(http_head_bytes), "16KiB", 1 << 10, 64 << 10, R, NULL, NULL, NULL,
     "The longest head of a request; its first line may be a half of it, 4 KiB at most."},
    {"http", "body_bytes", OPTION_BYTES, AT(http_body_bytes), "64KiB", 1 << 10, 16 << 20, R, NULL, NULL, NULL,
     "The longest body of a request."},
    {"http", "assets", OPTION_PATH, AT(assets), "", 0, 400, R, NULL, NULL, NULL,
     "Folder of files to serve where no other path is meant: a web client, textures. It is looked through at the start and at a reload; "
     "what is new since then is not there yet. Names that begin with a dot, and symbolic links, are not served. Beside a file a .gz of it "
     "that is not older goes to who takes gzip. Empty: none."},
    {"http", "assets_immutable", OPTION_STRING, AT(assets_immutable), "", 0, 400, R, NULL, NULL, NULL,
     "Folder in http.assets whose files have a hash of what they hold in their names, as bundlers write them: browsers and CDNs keep them "
     "for a year. Others they ask for again each time, by ETag, but with ?v= and that ETag's first characters. Empty: none."},
    {"http", "own_positions", OPTION_BOOL, AT(own_positions), "yes", 0, 0, 0, NULL, NULL, NULL,
     "A player may put himself elsewhere by POST /api/players/:id/position, as older clients do. no: only administrators may put "
     "anybody anywhere, so that nobody gets about but by walking."},
    {"http", "reads_per_minute", OPTION_INTEGER, AT(reads_per_minute), "1200", 0, 1000000, R, NULL, NULL, NULL,
     "Requests that only read, of one address (IPv4 /32, IPv6 /64) and of one account a minute; a quarter of them, and 10 at least, "
     "at once. Who asks more often is answered 429. 0: as often as they like. limits.exempt counts here too."},
    {"http", "writes_per_minute", OPTION_INTEGER, AT(writes_per_minute), "300", 0, 1000000, R, NULL, NULL, NULL,
     "The same of requests that change something."},
    {"http", "logins_per_minute", OPTION_INTEGER, AT(web_logins_per_minute), "20", 0, 1000000, R, NULL, NULL, NULL,
     "The same of logins, registrations and renewals of tokens."},
    {"http", "cheap_per_minute", OPTION_INTEGER, AT(cheap_per_minute), "0", 0, 100000000, R, NULL, NULL, NULL,
     "The same of what costs next to nothing: health, assets, the polls of Socket.IO."},
    {"http", "ping_interval", OPTION_DURATION, AT(http_ping_interval_ms), "25s", 100, 90000, R, NULL, NULL, NULL,
     "How often a web client is asked whether it is still there. It is told both, and gives up by itself after their sum."},
    {"http", "ping_timeout", OPTION_DURATION, AT(http_ping_timeout_ms), "20s", 100, 90000, R, NULL, NULL, NULL,
     "How long it has to answer."},
    {"http", "connect", OPTION_DURATION, AT(http_connect_ms), "45s", 100, 600000, R, NULL, NULL, NULL,
     "How long a web client may be there without having asked to come in (Socket.IO's CONNECT, and our answer to it)."},

    {"limits", "before_login_per_address", OPTION_INTEGER, AT(before_login_per_address), "20", 1, 100000, R, NULL, NULL, NULL,
     "Connections of one address (IPv4 /32, IPv6 /64) that have not logged in."},
    {"limits", "new_per_second", OPTION_INTEGER, AT(new_per_second), "10", 1, 100000, R, NULL, NULL, NULL,
     "New connections of one address a second."},
    {"limits", "new_burst", OPTION_INTEGER, AT(new_burst), "40", 1, 100000, R, NULL, NULL, NULL,
     "New connections of one address at once, after a quiet time."},
    {"limits", "first_byte", OPTION_DURATION, AT(first_byte_ms), "5s", 50, 600000, R, NULL, NULL, NULL,
     "From connecting to the first byte."},
    {"limits", "login", OPTION_DURATION, AT(login_ms), "10s", 100, 600000, R, NULL, NULL, NULL,
     "From connecting to a whole login message. The server's own work on a login does not count."},
    {"limits", "message", OPTION_DURATION, AT(message_ms), "10s", 100, 600000, R, NULL, NULL, NULL,
     "From the first byte of a message to its last; and, the other way, until what was sent is taken."},
    {"limits", "moves_per_second", OPTION_INTEGER, AT(moves_per_second), "80", 1, 1000, R, NULL, NULL, NULL,
     "Movement messages of one session a second."},
    {"limits", "chats_per_10s", OPTION_INTEGER, AT(chats_per_10s), "10", 1, 10000, R, NULL, NULL, NULL,
     "Chat lines of one session in ten seconds."},
    {"limits", "whos_per_second", OPTION_INTEGER, AT(whos_per_second), "20", 1, 1000, R, NULL, NULL, NULL,
     "Questions for names of one session a second."},
    {"limits", "pings_per_second", OPTION_INTEGER, AT(pings_per_second), "10", 1, 1000, R, NULL, NULL, NULL,
     "Pings of one session a second."},
    {"limits", "logins_per_minute", OPTION_INTEGER, AT(logins_per_minute), "10", 1, 10000, R, NULL, NULL, NULL,
     "Login attempts of one session a minute."},
    {"limits", "exempt", OPTION_LIST, AT(exempt), "", 0, 256, R, NULL, network_check, NULL,
     "Networks that no limit on addresses applies to, as 10.0.0.0/8 or 2001:db8::/32. For load tests and gateways."},

    {"world", "seed", OPTION_INTEGER, AT(seed), "1", 0, UINT32_MAX, 0, NULL, NULL, NULL,
     "The number that the ground grows from. Another seed is another world; saved positions stay."},
    {"world", "size_m", OPTION_INTEGER, AT(size_m), "8192", 128, 524288, 0, NULL, NULL, NULL,
     "Edge of the square world in metres, a multiple of 128."},
    {"world", "spawn_radius_m", OPTION_INTEGER, AT(spawn_radius_m), "24", 1, 100000, 0, NULL, NULL, NULL,
     "How far from the middle of the world players begin who were never there before, in metres."},
    {"world", "wanderers", OPTION_INTEGER, AT(wanderers), "0", 0, 100000, 0, NULL, NULL, NULL,
     "Figures that nobody plays and that walk about near the middle of the world, to try out a full one. They take no player's place."},
    {"world", "wanderers_radius_m", OPTION_INTEGER, AT(wanderers_radius_m), "32", 1, 100000, 0, NULL, NULL, NULL,
     "How far from the middle the wanderers are at home, in metres."},

    {"store", "driver", OPTION_ENUM, AT(store_driver), "sqlite", 0, 0, 0, store_drivers, NULL, NULL,
     "What keeps accounts and places: sqlite, a file of the daemon's own, or postgresql, a server."},
    {"store", "path", OPTION_PATH, AT(store_path), "openmmo.db", 1, 400, 0, NULL, NULL, NULL,
     "sqlite: the database file."},
    {"store", "connection", OPTION_STRING, AT(store_connection), "dbname=openmmo", 0, 2000, OPTION_SECRET, NULL, pg_target_check, NULL,
     "postgresql: where it is, as libpq takes it (host=db.example port=5432 dbname=openmmo user=openmmo sslmode=verify-full, or "
     "postgresql://...). Better without a password: password_file, libpq's passfile and service files keep it apart."},
    {"store", "password_file", OPTION_STRING, AT(store_password_file), "", 0, 400, 0, NULL, NULL, NULL,
     "postgresql: file whose first line is the password. Relative to the state directory. Empty: none."},
    {"store", "pool_min", OPTION_INTEGER, AT(store_pool_min), "1", 1, 64, 0, NULL, NULL, NULL,
     "postgresql: connections for questions that are always open. One more is for saves."},
    {"store", "pool_max", OPTION_INTEGER, AT(store_pool_max), "4", 1, 64, 0, NULL, NULL, NULL,
     "postgresql: connections for questions at most. One beyond pool_min is closed when it was idle for a minute."},
    {"store", "prepared", OPTION_BOOL, AT(store_prepared), "yes", 0, 0, 0, NULL, NULL, NULL,
     "postgresql: prepare statements, and hold a lock on the database. No: nothing outlives a transaction, as behind pgbouncer in "
     "transaction mode."},
    {"store", "statement_timeout", OPTION_DURATION, AT(store_statement_ms), "1s", 10, 600000, 0, NULL, NULL, NULL,
     "postgresql: how long the server may work at one question. A save, and what reads a whole table, may take eight times as long."},
    {"store", "answer_timeout", OPTION_DURATION, AT(store_answer_ms), "1500ms", 50, 600000, 0, NULL, NULL, NULL,
     "postgresql: how long a question may wait for its answer in all; then the player is told to try again, and a connection that "
     "owes it is given up. A save, and what reads a whole table, may take eight times as long."},
    {"store", "flush", OPTION_DURATION, AT(flush_ms), "4s", 100, 300000, R, NULL, NULL, NULL,
     "How often positions are saved. After a crash players stand where they were at most this long, and a commit, before."},
    {"store", "auto_migrate", OPTION_BOOL, AT(auto_migrate), "yes", 0, 0, 0, NULL, NULL, NULL,
     "Bring an older database up to date at start. With no, openmmod --migrate does it."},
    {"store", "legacy_utc", OPTION_BOOL, AT(legacy_utc), "no", 0, 0, 0, NULL, NULL, NULL,
     "When openmmod --migrate takes over a database of the program that this one replaces: its times have no zone; read them as UTC. With no, they are in the zone that the database server is set to (a file's are always UTC)."},

    {"chat", "retention_days", OPTION_INTEGER, AT(chat_days), "30", 0, 3650, R | OPTION_LASTING, NULL, NULL, NULL,
     "How many days what was said is kept in the database, for operators who look into a complaint. 0: nothing is written down."},

    {"audit", "retention_days", OPTION_INTEGER, AT(audit_days), "365", 1, 3650, R | OPTION_LASTING, NULL, NULL, NULL,
     "How many days the database keeps what operators did."},

    {"reports", "per_hour", OPTION_INTEGER, AT(reports_per_hour), "5", 0, 1000, R, NULL, NULL, NULL,
     "How many reports about other players one account may make in an hour. 0: none are taken."},
    {"reports", "retention_days", OPTION_INTEGER, AT(reports_days), "365", 1, 3650, R | OPTION_LASTING, NULL, NULL, NULL,
     "How many days the database keeps reports that are closed, with the chat around them. Open ones stay."},

    {"accounts", "registration", OPTION_ENUM, AT(registration), "open", 0, 0, R, registrations, NULL, NULL,
     "Who can make an account: anybody, who has the code of an invitation (invites.create on the operators' socket), or nobody but an "
     "operator (accounts.create)."},
    {"accounts", "allowlist", OPTION_BOOL, AT(allowlist), "no", 0, 0, R, NULL, NULL, NULL,
     "Let only those log in who are listed (allowlist.add on the operators' socket), and staff. Nobody registers or comes as a guest then; who is here stays."},
    {"accounts", "email", OPTION_ENUM, AT(email), "optional", 0, 0, R, emails, NULL, NULL,
     "Whether a new account has an e-mail address. It is kept, and no two accounts have the same; none is ever written to."},
    {"accounts", "argon2_ops", OPTION_INTEGER, AT(argon2_ops), "2", 1, 20, 0, NULL, NULL, NULL,
     "Passes of argon2id over the memory, for new passwords."},
    {"accounts", "argon2_memory", OPTION_BYTES, AT(argon2_bytes), "19MiB", 8 << 10, 1 << 30, 0, NULL, NULL, NULL,
     "Memory of one argon2id hash, for new passwords. The default is OWASP's advice: 19 MiB with two passes."},
    {"accounts", "workers", OPTION_INTEGER, AT(workers), "1", 1, 64, 0, NULL, NULL, NULL,
     "Threads that hash passwords, at lower priority than the game. One core does about 36 a second."},
    {"accounts", "worker_queue", OPTION_INTEGER, AT(worker_queue), "256", 1, 65536, 0, NULL, NULL, NULL,
     "Passwords that may wait for a worker. Beyond that a login is told to try again in a moment."},

    {"auth", "guests", OPTION_BOOL, AT(guests), "no", 0, 0, R, NULL, NULL, NULL,
     "Let anybody play by a name alone that no account has: nothing is kept of him, and he may say the least."},
    {"auth", "resume_lifetime", OPTION_DURATION, AT(resume_lifetime_ms), "30d", 60000, RESUME_DAYS_MAX * UINT64_C(86400000), 0, NULL, NULL, NULL,
     "How long a token that a login handed out takes the place of the password."},
    {"auth", "refresh_lifetime", OPTION_DURATION, AT(refresh_lifetime_ms), "30d", 60000, RESUME_DAYS_MAX * UINT64_C(86400000), R, NULL, NULL, NULL,
     "How long a web client stays logged in that shows nothing: each use of its refresh token begins that time anew. Tokens that are handed out later follow a change."},
    {"auth", "linger", OPTION_DURATION, AT(linger_ms), "60s", 0, 600000, R, NULL, NULL, NULL,
     "How long the figure of a player whose connection dropped stands in the world and waits for him. He takes a place meanwhile. 0: not at all."},
    {"auth", "key", OPTION_PATH, AT(auth_key), "auth.key", 1, 400, 0, NULL, NULL, NULL,
     "File of the Ed25519 keys of tokens: the first line signs, the others, at most three, still verify. Made on first start, readable by the server alone. auth.rotate-key puts a new one in front; without the file all tokens end."},

    {"admin", "socket", OPTION_PATH, AT(admin_socket), "", 0, 107, 0, NULL, NULL, NULL,
     "Unix socket of the operators' console. Empty: admin.sock in $RUNTIME_DIRECTORY (systemd's), else /run/openmmo/admin.sock for "
     "root, else admin.sock in the state directory."},

    {"metrics", "listen", OPTION_LIST, AT(metrics_listen), "127.0.0.1:9477", 0, 1, 0, NULL, check_listen, NULL,
     "Address where Prometheus scrapes GET /metrics, and where GET /livez and /readyz are answered too. Leave it where only this machine, or "
     "a network of your own, comes to. Empty: there is none."},
    {"metrics", "public_metrics", OPTION_BOOL, AT(public_metrics), "no", 0, 0, 0, NULL, NULL, NULL,
     "Serve /metrics on the HTTP port too, to everybody. With no, it is not found there: behind a proxy on the same machine all the world "
     "would come from 127.0.0.1."},

    {"health", "tick_stall", OPTION_DURATION, AT(stall_ms), "5s", 1000, 600000, R, NULL, NULL, NULL,
     "/livez fails when the world has not ticked, or the control loop not turned, for so long."},

    {"trace", "endpoint", OPTION_STRING, AT(trace_endpoint), "", 0, 400, OPTION_SECRET, NULL, check_endpoint, NULL,
     "Where spans of logins, slow ticks and slow questions to the database are sent, as OTLP over HTTP in JSON: http://collector:4318/v1/traces. "
     "It may hold a user and a password (http://user:password@collector/): it is shown nowhere. Empty: none are."},
    {"trace", "one_in", OPTION_INTEGER, AT(trace_one_in), "1000", 0, 1000000000, 0, NULL, NULL, NULL,
     "One in so many ticks and questions that were not slow is sent too. 0: none."},

    {"errors", "dsn", OPTION_STRING, AT(errors_dsn), "", 0, 400, OPTION_SECRET, NULL, check_dsn, NULL,
     "Where what is logged at level error is reported, in Sentry's protocol: https://KEY@host/PROJECT. Names, addresses and what looks like a "
     "secret are left out. Empty: nothing is reported."},
    {"errors", "environment", OPTION_STRING, AT(errors_environment), "production", 1, 64, 0, NULL, NULL, NULL,
     "What those reports call this installation."},

    {"log", "level", OPTION_ENUM, AT(log_level), "info", 0, 0, R, levels, NULL, NULL,
     "The least that is logged."},
    {"log", "slow_tick", OPTION_DURATION, AT(slow_tick_ms), "50ms", 0, 600000, R, NULL, NULL, NULL,
     "A tick that ends later than this after it was due is logged with its phases: event=tick_slow. 0: none is."},
    {"log", "slow_statement", OPTION_DURATION, AT(slow_statement_ms), "500ms", 0, 600000, R, NULL, NULL, NULL,
     "A question to the database that takes longer, waiting included, is logged by its statement's name: event=statement_slow. 0: none is."},
};

static const struct option_flag flags[] = {
    {'c', "config", "FILE", NULL, "read this file, not " DEFAULT_FILE},
    {'t', "test", NULL, NULL, "check the configuration, say all that is wrong, exit 0 or 1"},
    {0, "journal", "FILE", NULL, "write a tick journal to this new file"},
    {0, "replay", "FILE", NULL, "run a tick journal again and compare its hashes"},
    {0, "migrate", NULL, NULL, "bring the database up to date and exit"},
    {0, "rotate-key", NULL, NULL, "sign tokens with a new key from now on and exit"},
    {0, "dry-run", NULL, NULL, "with --migrate: say what it would do, and change nothing"},
    {0, "backup", "FILE", NULL, "copy the database file, also while it is in use, and exit"},
    {0, "restore", "FILE", NULL, "put such a copy back, keep what was there beside it, and exit"},
    {0, "print-config", NULL, NULL, "print a sample configuration file"},
    {0, "print-man", NULL, NULL, "print the manual page openmmo.ini(5)"},
#if TEST_FAULTS
    {0, "burden", "FILE", NULL, "a planted fault: each step burns as many microseconds as this file says"},
#endif
    {'V', "version", NULL, NULL, "print the version"},
    {'h', "help", NULL, NULL, "print this text"},
};

static const char *const sections[] = {
    "server", "Who we are.",
    "net", "The game port: TLS 1.3 over TCP.",
    "http", "The HTTP port: web clients and REST. The times are absolute deadlines, not idle times.",
    "limits", "What strangers and players may do. The times are absolute deadlines, not idle times.",
    "world", "The ground.",
    "store", "The database.",
    "chat", "What players say.",
    "audit", "What operators do.",
    "reports", "What players report of each other.",
    "accounts", "Players' accounts and their passwords.",
    "auth", "Tokens that save the password on reconnecting.",
    "admin", "The operators' socket.",
    "metrics", "What is counted, for Prometheus.",
    "health", "Who asks whether the server is well.",
    "trace", "Spans, for a collector.",
    "errors", "Error reports.",
    "log", "The log, on stderr or in the systemd journal.",
    NULL,
};

/* What the stack before this one was told by its environment. */
static const struct { const char *variable, *instead; } retired[] = {
    {"DB_HOST", "set store.driver = postgresql, and host= in store.connection"},
    {"DB_PORT", "set port= in store.connection"},
    {"DB_NAME", "set dbname= in store.connection"},
    {"DB_USER", "set user= in store.connection"},
    {"DB_PASSWORD", "put it into a file and name that in store.password_file"},
    {"PORT", "set http.listen"},
    {"CLIENT_URL", "set http.cors_origins"},
    {"JWT_SECRET", "tokens are signed with the key in auth.key"},
};
/* clang-format on */

const struct options_table config_table = {
    .program = "openmmod",
    .about = "the OpenMMO game server",
    .environment = "OPENMMO",
    .rows = rows,
    .rows_n = ARRAY_N(rows),
    .flags = flags,
    .flags_n = ARRAY_N(flags),
    .sections = sections,
};

static int row_of(const char *name)
{
    return options_row(&config_table, name);
}

static const char *directory_from(const char *variable)
{
    const char *value = getenv(variable);

    return value != NULL && value[0] == '/' ? value : NULL;
}

/* Replace *path by an absolute one: under directory, and name where it is empty. -1: no memory, or
 * too long. */
static int resolve(char **path, const char *directory, const char *name)
{
    const char *relative = (*path)[0] != '\0' ? *path : name;
    char *absolute = NULL;

    if (relative[0] == '/')
        absolute = strdup(relative);
    else if (asprintf(&absolute, "%s/%s", directory, relative) < 0)
        absolute = NULL;
    if (absolute == NULL ||
        strlen(absolute) >= sizeof(((struct sessions_config *)0)->certificate)) {
        free(absolute);
        return -1;
    }
    free(*path);
    *path = absolute;
    return 0;
}

static int resolve_state(struct config *config)
{
    const char *home = directory_from("HOME"), *state = directory_from("STATE_DIRECTORY");
    char here[PATH_MAX], directory[PATH_MAX + 32];

    if (state != NULL)
        snprintf(directory, sizeof(directory), "%.*s", (int)strcspn(state, ":"),
                 state); /* systemd lists several */
    else if (directory_from("XDG_STATE_HOME") != NULL)
        snprintf(directory, sizeof(directory), "%s/openmmo", directory_from("XDG_STATE_HOME"));
    else if (home != NULL)
        snprintf(directory, sizeof(directory), "%s/.local/state/openmmo", home);
    else
        snprintf(directory, sizeof(directory), "/var/lib/openmmo");
    if (config->state[0] == '\0')
        return resolve(&config->state, "/", directory);
    if (getcwd(here, sizeof(here)) == NULL)
        return -1;
    return resolve(&config->state, here, "");
}

static int resolve_socket(struct config *config)
{
    const char *runtime = directory_from("RUNTIME_DIRECTORY");
    char directory[PATH_MAX];

    if (config->admin_socket[0] != '\0')
        return resolve(&config->admin_socket, config->state, "");
    if (runtime != NULL)
        snprintf(directory, sizeof(directory), "%.*s", (int)strcspn(runtime, ":"), runtime);
    else if (geteuid() == 0)
        snprintf(directory, sizeof(directory), "/run/openmmo");
    else
        snprintf(directory, sizeof(directory), "%s", config->state);
    return resolve(&config->admin_socket, directory, "admin.sock");
}

static int resolve_given(char **path, const char *directory)
{
    return (*path)[0] != '\0' ? resolve(path, directory, "") : 0;
}

static int resolve_paths(struct config *config)
{
    if (resolve_state(config) < 0 || resolve_socket(config) < 0 ||
        resolve(&config->certificate, config->state, "tls-certificate.pem") < 0 ||
        resolve(&config->key, config->state, "tls-key.pem") < 0 ||
        resolve_given(&config->https_certificate, config->state) < 0 ||
        resolve_given(&config->https_key, config->state) < 0 ||
        resolve_given(&config->assets, config->state) < 0 ||
        resolve(&config->store_path, config->state, "") < 0 ||
        (config->store_password_file[0] != '\0' &&
         resolve(&config->store_password_file, config->state, "") < 0) ||
        resolve(&config->auth_key, config->state, "") < 0)
        return -1;
    return 0;
}

/* A file that was named must be readable; new_is_fine: it may not be there yet. */
static void check_file(struct config *config, const char *row, const char *path, bool new_is_fine)
{
    int saved;

    if (options_source(config->options, (size_t)row_of(row)) == OPTION_FROM_DEFAULT ||
        access(path, R_OK) == 0)
        return;
    saved = errno;
    if (!new_is_fine || saved != ENOENT)
        options_complain(config->options, row_of(row), "%s cannot be read: %s", path,
                         strerror(saved));
}

/* A key that anybody can read: the start would refuse it (accounts/jws.c). */
static void check_auth_key(struct config *config)
{
    struct stat st;

    check_file(config, "auth.key", config->auth_key, true);
    if (stat(config->auth_key, &st) == 0 && (st.st_mode & (S_IRWXO | S_IWGRP)) != 0)
        options_complain(config->options, row_of("auth.key"),
                         "%s is open to others (mode %04o): chmod 600 it", config->auth_key,
                         (unsigned)(st.st_mode & 07777));
}

static void check_tls(struct config *config)
{
    struct error error;

    if (tls_check(config->certificate, config->key, &error) != 0)
        options_complain(config->options, row_of("net.certificate"), "%s", error.text);
    if (config->https_certificate[0] != '\0' &&
        tls_check(config->https_certificate, config->https_key, &error) != 0)
        options_complain(config->options, row_of("http.certificate"), "%s", error.text);
}

static void check_assets(struct config *config)
{
    DIR *folder = config->assets[0] != '\0' ? opendir(config->assets) : NULL;

    if (folder != NULL)
        closedir(folder);
    else if (config->assets[0] != '\0')
        options_complain(config->options, row_of("http.assets"), "%s cannot be read: %s",
                         config->assets, strerror(errno));
}

/* Only where it was asked for: a start does it by itself, and its memory is prepared first. */
static void check_as_start_would(struct config *config)
{
    if (options_flag(config->options, "test") == NULL)
        return;
    if (options_errors_n(config->options) == 0)
        check_tls(config);
    check_assets(config);
}

static bool given(const struct config *config, const char *row)
{
    return options_value(config->options, (size_t)row_of(row))[0] != '\0';
}

/* What one option says of another. */
static void check_between(struct config *config)
{
    if (given(config, "net.certificate") && !given(config, "net.key"))
        options_complain(config->options, row_of("net.certificate"), "needs net.key beside it");
    if (given(config, "net.key") && !given(config, "net.certificate"))
        options_complain(config->options, row_of("net.key"), "needs net.certificate beside it");
    if (given(config, "http.certificate") != given(config, "http.key"))
        options_complain(config->options, row_of("http.certificate"),
                         "http.certificate and http.key go together");
    if (config->http_proxy_header && config->http_trusted_proxies.items_n == 0)
        options_complain(config->options, row_of("http.proxy_header"),
                         "needs http.trusted_proxies: from whom");
    if (config->players_max > config->connections_max)
        options_complain(config->options, row_of("net.players_max"),
                         "%u players need net.connections_max of as many, not %u",
                         config->players_max, config->connections_max);
    if (config->store_pool_min > config->store_pool_max)
        options_complain(config->options, row_of("store.pool_min"),
                         "%u is more than store.pool_max, %u", config->store_pool_min,
                         config->store_pool_max);
}

/* What no row can say alone. */
static void check_whole(struct config *config)
{
    if (options_errors_n(config->options) == 0) /* else one of the two may have been refused */
        check_between(config);
    if (given(config, "net.certificate") && given(config, "net.key")) {
        check_file(config, "net.certificate", config->certificate, false);
        check_file(config, "net.key", config->key, false);
    }
    if (given(config, "http.certificate") && given(config, "http.key")) {
        check_file(config, "http.certificate", config->https_certificate, false);
        check_file(config, "http.key", config->https_key, false);
    }
    check_as_start_would(config);
    check_auth_key(config);
    if (config->store_driver == STORE_POSTGRESQL && config->store_password_file[0] != '\0')
        check_file(config, "store.password_file", config->store_password_file, false);
    if (config->size_m % 128 != 0)
        options_complain(config->options, row_of("world.size_m"),
                         "%u is no multiple of 128: the nearest are %u and %u", config->size_m,
                         config->size_m / 128 * 128, config->size_m / 128 * 128 + 128);
    if (strlen(config->admin_socket) > 107)
        options_complain(config->options, row_of("admin.socket"),
                         "%s is longer than the 107 bytes of a socket's path",
                         config->admin_socket);
}

static void warn_key(const char *path, config_say_fn *say, void *context)
{
    struct stat st;
    char line[700];

    if (stat(path, &st) < 0 || (st.st_mode & 0077) == 0)
        return;
    snprintf(line, sizeof(line), "%s: others than its owner can read this key: chmod 600 it", path);
    say(context, LOG_LEVEL_WARN, line);
}

static bool is_loopback(const char *text)
{
    struct sockaddr_storage address;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
    struct error error;
    socklen_t len;

    if (address_parse(text, &address, &len, &error) != 0)
        return false; /* it was refused already */
    if (address.ss_family == AF_INET)
        return ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

/* Passwords and tokens in plain, for all networks in between to read. */
static void warn_plain(const struct config *config, config_say_fn *say, void *context)
{
    const struct option_list *listen = &config->http_listen;
    bool secure = config->https_listen.items_n > 0 && config->https_redirect;
    char line[400];
    unsigned i = 0;

    while (i < listen->items_n && is_loopback(listen->items[i]))
        i++;
    if (i == listen->items_n || secure || config->http_trusted_proxies.items_n > 0)
        return;
    snprintf(line, sizeof(line),
             "http.listen: %s is plain HTTP: passwords can be read on the way. Set http.tls_listen "
             "with http.redirect, or http.trusted_proxies where a proxy in front speaks HTTPS",
             listen->items[i]);
    say(context, LOG_LEVEL_WARN, line);
}

/* What is allowed but hardly meant. */
static void warn_whole(const struct config *config, config_say_fn *say, void *context)
{
    uint32_t needed = config->connections_max + OTHER_FDS;
    struct rlimit files;
    char line[300];

    if (config->http_listen.items_n + config->https_listen.items_n > 0)
        needed += config->http_connections_max;

    warn_key(config->key, say, context);
    warn_key(config->auth_key, say, context);
    warn_plain(config, say, context);
    if (config->guests)
        say(context, LOG_LEVEL_WARN, "auth.guests: yes: anybody may play without an account");
    for (size_t i = 0; i < ARRAY_N(retired); i++) {
        if (getenv(retired[i].variable) == NULL)
            continue;
        snprintf(line, sizeof(line), "environment %s is not read: %s", retired[i].variable,
                 retired[i].instead);
        say(context, LOG_LEVEL_WARN, line);
    }
    if (config->queue_max > config->connections_max - config->players_max) {
        snprintf(
            line, sizeof(line),
            "net.connections_max: %u leave room for %u of the net.queue_max %u who may wait when "
            "the world is full",
            config->connections_max, config->connections_max - config->players_max,
            config->queue_max);
        say(context, LOG_LEVEL_WARN, line);
    }
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < needed) {
        snprintf(
            line, sizeof(line),
            "net.connections_max: %u connections need %u open files, this process may have %llu",
            config->connections_max, needed, (unsigned long long)files.rlim_max);
        say(context, LOG_LEVEL_WARN, line);
    }
}

/* Values as texts -> the struct, checked. -1: options_errors_n > 0, or out of memory. */
static int build(struct config *config)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (options_fill(config->options, config) < 0)
        return -1; /* no memory; what else is wrong is looked for in any case */
    if (config->io_threads == OPTION_AUTO_VALUE)
        config->io_threads = cores > 2 ? (uint32_t)(cores - 1 < 64 ? cores - 1 : 64) : 1;
    if (resolve_paths(config) < 0)
        options_complain(config->options, -1, "a path is too long: state directory %s",
                         config->state);
    else
        check_whole(config);
    return options_errors_n(config->options) > 0 ? -1 : 0;
}

/* One thing at a time: who asks for two must not believe that both were done. */
static void check_flags(struct config *config)
{
    int n = config->migrate + config->rotate_key + (config->backup != NULL) +
            (config->restore != NULL) + (config->replay != NULL);

    if (n > 1)
        options_complain(config->options, -1,
                         "--migrate, --rotate-key, --backup, --restore and --replay: give one");
    if (config->dry_run && !config->migrate)
        options_complain(config->options, -1, "--dry-run goes with --migrate");
}

/* What the command line alone says. */
static void take_flags(struct config *config)
{
    config->journal = options_flag(config->options, "journal");
    config->replay = options_flag(config->options, "replay");
#if TEST_FAULTS
    config->burden = options_flag(config->options, "burden");
#endif
    config->migrate = options_flag(config->options, "migrate") != NULL;
    config->rotate_key = options_flag(config->options, "rotate-key") != NULL;
    config->dry_run = options_flag(config->options, "dry-run") != NULL;
    config->backup = options_flag(config->options, "backup");
    config->restore = options_flag(config->options, "restore");
}

/* NULL only when out of memory; errors are in its options. */
static struct config *load(int argc, char *const argv[])
{
    struct config *config = calloc(1, sizeof(*config));
    const char *file;

    if (config == NULL)
        return NULL;
    config->argc = argc;
    config->argv = argv;
    config->options = options_new(&config_table);
    if (config->options == NULL) {
        free(config);
        return NULL;
    }
    options_arguments(config->options, argc, argv);
    options_environment(config->options, environ);
    file = options_flag(config->options, "config");
    if (file != NULL)
        options_file(config->options, file);
    else if (access(DEFAULT_FILE, F_OK) == 0)
        options_file(config->options, DEFAULT_FILE);
    take_flags(config);
    check_flags(config);
    (void)build(config);
    return config;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    options_clear(&config_table, config);
    options_free(config->options);
    free(config);
}

static void say_stderr(void *context, enum log_level level, const char *line)
{
    (void)context;
    fprintf(stderr, "openmmod: %s%s\n", level == LOG_LEVEL_WARN ? "warning: " : "", line);
}

/* --help and its like. Returns whether it was one. */
static bool answered(const struct options *options)
{
    if (options_flag(options, "help") != NULL)
        options_print_help(&config_table, stdout);
    else if (options_flag(options, "version") != NULL)
        printf("openmmod %s\n", PACKAGE_VERSION);
    else if (options_flag(options, "print-config") != NULL)
        options_print_ini(&config_table, stdout);
    else if (options_flag(options, "print-man") != NULL)
        config_page_print(stdout);
    else
        return false;
    return true;
}

int config_start(int argc, char *const argv[], struct config **config)
{
    struct config *loaded = load(argc, argv);
    int status = -1;

    *config = NULL;
    if (loaded == NULL) {
        say_stderr(NULL, LOG_LEVEL_ERROR, "out of memory");
        return 1;
    }
    if (answered(loaded->options)) {
        status = fflush(stdout) == 0 ? 0 : 1;
    } else if (options_errors_n(loaded->options) > 0) {
        for (size_t i = 0; i < options_errors_n(loaded->options); i++)
            say_stderr(NULL, LOG_LEVEL_ERROR, options_error(loaded->options, i));
        status = 1;
    } else {
        warn_whole(loaded, say_stderr, NULL);
        if (options_flag(loaded->options, "test") != NULL) {
            fprintf(stderr, "openmmod: configuration ok\n");
            status = 0;
        }
    }
    if (status < 0)
        *config = loaded;
    else
        config_free(loaded);
    return status;
}

static void note_waiting(struct config *config, const struct option_row *row)
{
    size_t n = strlen(config->waiting);

    snprintf(config->waiting + n, sizeof(config->waiting) - n, "%s%s.%s", n > 0 ? ", " : "",
             row->section, row->key);
}

struct config *config_reload(const struct config *old, config_say_fn *say, void *context)
{
    struct config *config = load(old->argc, old->argv);
    char line[200];

    if (config == NULL) {
        say(context, LOG_LEVEL_ERROR, "out of memory");
        return NULL;
    }
    for (size_t i = 0; options_errors_n(config->options) == 0 && i < config_table.rows_n; i++) {
        const struct option_row *row = &config_table.rows[i];

        if ((row->flags & OPTION_RELOAD) != 0 || !options_differ(old->options, config->options, i))
            continue;
        snprintf(line, sizeof(line), "%s.%s changed: restart to apply", row->section, row->key);
        say(context, LOG_LEVEL_WARN, line);
        note_waiting(config, row);
        options_take(config->options, old->options, i);
    }
    if (options_errors_n(config->options) > 0 || build(config) < 0) {
        for (size_t i = 0; i < options_errors_n(config->options); i++)
            say(context, LOG_LEVEL_ERROR, options_error(config->options, i));
        config_free(config);
        return NULL;
    }
    warn_whole(config, say, context);
    return config;
}

/* The same values, not built yet. NULL: out of memory. */
static struct config *copy(const struct config *old, struct error *error)
{
    struct config *config = calloc(1, sizeof(*config));

    if (config != NULL)
        config->options = options_copy(old->options);
    if (config == NULL || config->options == NULL) {
        free(config);
        error_set(error, "out of memory");
        return NULL;
    }
    config->argc = old->argc;
    config->argv = old->argv;
    take_flags(config);
    return config;
}

/* Takes it; NULL + error where it is wrong as a whole. */
static struct config *built(struct config *config, struct error *error)
{
    if (build(config) == 0)
        return config;
    error_set(error, "%s", options_error(config->options, 0));
    config_free(config);
    return NULL;
}

/* The row, or -1 + error: it is not for operators to set. */
static int row_to_set(const char *name, struct error *error)
{
    int row = row_of(name);
    const struct option_row *about = row >= 0 ? &rows[row] : NULL;

    if (about == NULL)
        return error_set(error, "there is no option %.100s", name);
    if ((about->flags & OPTION_SECRET) != 0)
        return error_set(error, "%s is a secret: it is told by the file only", name);
    if (about->type == OPTION_PATH)
        return error_set(error, "%s is a path: it is told by the file only", name);
    if ((about->flags & OPTION_RELOAD) == 0)
        return error_set(error, "%s takes a restart: change it in the file", name);
    if (!options_settable(about))
        return error_set(error, "%s deletes what cannot come back: it is told by the file only",
                         name);
    return row;
}

struct config *config_set(const struct config *old, const char *name, const char *value,
                          const char *by, struct error *error)
{
    int row = row_to_set(name, error);
    struct config *config = row >= 0 ? copy(old, error) : NULL;

    if (config == NULL)
        return NULL;
    if (value == NULL ? !options_unset(config->options, (size_t)row)
                      : options_set(config->options, (size_t)row, value, by, error) < 0) {
        if (value == NULL)
            error_set(error, "%s was not set by an operator", name);
        config_free(config);
        return NULL;
    }
    return built(config, error);
}

struct config *config_unset_all(const struct config *old, struct error *error)
{
    struct config *config = copy(old, error);

    for (size_t i = 0; config != NULL && i < config_table.rows_n; i++)
        (void)options_unset(config->options, i);
    return config != NULL ? built(config, error) : NULL;
}

/* mkdir -p. What is to be open to all (0755) is that under any umask. */
static int make_directory(const char *path, mode_t mode, struct error *error)
{
    char part[PATH_MAX];

    for (const char *slash = path; slash != NULL;) {
        slash = strchr(slash + 1, '/');
        snprintf(part, sizeof(part), "%.*s",
                 slash != NULL ? (int)(slash - path) : (int)strlen(path), path);
        if (mkdir(part, slash != NULL && mode == 0700 ? 0755 : mode) < 0) {
            if (errno == EEXIST)
                continue;
            return error_set(error, "cannot make the directory %s: %s", part, strerror(errno));
        }
        if (mode == 0755 && chmod(part, mode) < 0)
            return error_set(error, "cannot open the directory %s to all: %s", part,
                             strerror(errno));
    }
    return 0;
}

int config_make_directories(const struct config *config, struct error *error)
{
    char directory[PATH_MAX];
    const char *slash = strrchr(config->admin_socket, '/');

    if (make_directory(config->state, 0700, error) < 0)
        return -1;
    snprintf(directory, sizeof(directory), "%.*s", (int)(slash - config->admin_socket),
             config->admin_socket);
    return strcmp(directory, config->state) == 0 ? 0 : make_directory(directory, 0755, error);
}
