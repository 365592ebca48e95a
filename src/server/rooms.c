/* rooms.c -- see rooms.h: one function a room, so that an option's way is read in one place. */
#include "server/rooms.h"

#include <stdio.h>

#include "accounts/accounts.h"
#include "http/http.h"
#include "play/sessions.h"
#include "store/retention.h"
#include "store/store.h"

#define STORE_QUEUE_SPARE 256  /* beyond a few questions a connection */
#define STORE_CONNECT_MS  3000 /* of a connection to PostgreSQL, with its statements */
#define STORE_BUSY_MS     2000 /* another program's lock: shorter ones are waited for */
#define RATE_BURST        10   /* at least, */
#define RATE_SHARE        4    /* else this part of a minute's at once */

static const char *const *texts(const struct option_list *list)
{
    return (const char *const *)list->items;
}

void rooms_store(const struct config *config, struct store_config *store)
{
    store->path = config->store_path;
    store->queue_max = 4 * config->connections_max + STORE_QUEUE_SPARE;
    store->kind = (enum store_kind)config->store_driver;
    store->busy_ms = STORE_BUSY_MS;
    store->pg.connection = config->store_connection;
    store->pg.password_file = config->store_password_file;
    store->pg.pool_min = config->store_pool_min;
    store->pg.pool_max = config->store_pool_max;
    store->pg.unprepared = !config->store_prepared;
    store->pg.statement_ms = config->store_statement_ms;
    store->pg.answer_ms = config->store_answer_ms;
    store->pg.connect_ms = STORE_CONNECT_MS;
    store->migrate = config->auto_migrate;
}

void rooms_accounts(const struct config *config, struct accounts_config *accounts)
{
    accounts->cost.ops = config->argon2_ops;
    accounts->cost.bytes = config->argon2_bytes;
    accounts->token_lifetime_s = config->resume_lifetime_ms / 1000;
    accounts->registration = (enum accounts_registration)config->registration;
    accounts->email = (enum accounts_email)config->email;
    accounts->guests = config->guests;
}

void rooms_days(const struct config *config, struct retention_days *days)
{
    days->chat = config->chat_days;
    days->audit = config->audit_days;
    days->reports = config->reports_days;
}

/* What a client is told of the ways in. */
static uint8_t logins_of(const struct config *config)
{
    unsigned logins = PROTOCOL_LOGIN_PASSWORD | PROTOCOL_LOGIN_TOKEN;

    if (config->registration != ACCOUNTS_CLOSED && !config->allowlist)
        logins |= PROTOCOL_LOGIN_REGISTER;
    if (config->registration == ACCOUNTS_INVITE && !config->allowlist)
        logins |= PROTOCOL_LOGIN_INVITE;
    if (config->guests && !config->allowlist)
        logins |= PROTOCOL_LOGIN_GUEST;
    if (config->email == ACCOUNTS_EMAIL_REQUIRED)
        logins |= PROTOCOL_LOGIN_EMAIL;
    if (config->email == ACCOUNTS_EMAIL_NONE)
        logins |= PROTOCOL_LOGIN_NO_EMAIL;
    return (uint8_t)logins;
}

void rooms_sessions(const struct config *config, struct sessions_config *sessions)
{
    sessions->io_threads = config->io_threads;
    sessions->single = !config->io_uring;
    snprintf(sessions->server_name, sizeof(sessions->server_name), "%s", config->name);
    snprintf(sessions->motd, sizeof(sessions->motd), "%s", config->motd);
    snprintf(sessions->certificate, sizeof(sessions->certificate), "%s", config->certificate);
    snprintf(sessions->key, sizeof(sessions->key), "%s", config->key);
    sessions->players_max = config->players_max;
    sessions->connections_max = config->connections_max;
    sessions->before_login_per_address = config->before_login_per_address;
    sessions->new_per_second = config->new_per_second;
    sessions->new_burst = config->new_burst;
    sessions->first_byte_ms = config->first_byte_ms;
    sessions->login_ms = config->login_ms;
    sessions->message_ms = config->message_ms;
    sessions->moves_per_second = config->moves_per_second;
    sessions->chats_per_10s = config->chats_per_10s;
    sessions->whos_per_second = config->whos_per_second;
    sessions->pings_per_second = config->pings_per_second;
    sessions->logins_per_minute = config->logins_per_minute;
    sessions->exempt = texts(&config->exempt);
    sessions->exempt_n = config->exempt.items_n;
    sessions->trusted_proxies = texts(&config->trusted_proxies);
    sessions->trusted_proxies_n = config->trusted_proxies.items_n;
    sessions->view_m = (uint16_t)config->view_m;
    sessions->player_budget_bytes = (uint32_t)config->player_budget_bytes;
    sessions->egress_bytes = config->egress_bytes;
    sessions->logins = logins_of(config);
}

/* So many a minute. */
static struct bucket_rate rate_of(uint32_t a_minute)
{
    uint32_t burst = a_minute / RATE_SHARE;

    return (struct bucket_rate){a_minute, 60000, burst > RATE_BURST ? burst : RATE_BURST};
}

void rooms_http(const struct config *config, uint16_t https_port, struct http_config *http)
{
    bool own = config->https_certificate[0] != '\0';
    const char *certificate = own ? config->https_certificate : config->certificate;

    if (config->https_listen.items_n == 0)
        certificate = NULL;
    http->certificate = certificate;
    http->key = own ? config->https_key : config->key;
    http->connections_max = config->http_connections_max;
    http->connections_per_address = config->http_per_address;
    http->new_per_second = config->http_new_per_second;
    http->new_burst = config->http_new_burst;
    http->head_ms = config->http_head_ms;
    http->body_ms = config->http_body_ms;
    http->idle_ms = config->http_idle_ms;
    http->taking_ms = config->http_taking_ms;
    http->head_bytes = (uint32_t)config->http_head_bytes;
    http->body_bytes = (uint32_t)config->http_body_bytes;
    http->ping_interval_ms = config->http_ping_interval_ms;
    http->ping_timeout_ms = config->http_ping_timeout_ms;
    http->connect_ms = config->http_connect_ms;
    http->trusted_proxies = texts(&config->http_trusted_proxies);
    http->trusted_proxies_n = config->http_trusted_proxies.items_n;
    http->proxy_header = config->http_proxy_header;
    http->exempt = texts(&config->exempt);
    http->exempt_n = config->exempt.items_n;
    http->cors_origins = texts(&config->cors_origins);
    http->cors_origins_n = config->cors_origins.items_n;
    http->cors_credentials = config->cors_credentials;
    http->assets = config->assets[0] != '\0' ? config->assets : NULL;
    http->assets_immutable = config->assets_immutable;
    http->rates[ROUTE_RATE_READ] = rate_of(config->reads_per_minute);
    http->rates[ROUTE_RATE_WRITE] = rate_of(config->writes_per_minute);
    http->rates[ROUTE_RATE_LOGIN] = rate_of(config->web_logins_per_minute);
    http->rates[ROUTE_RATE_CHEAP] = rate_of(config->cheap_per_minute);
    http->redirect_port = config->https_redirect ? https_port : 0;
}
