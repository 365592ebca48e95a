/* sessions.c -- see sessions.h. The slots, the address table and the acceptor are control's; what
 * the io threads say comes back to sessions_arriving.c. */
#include "play/sessions.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "net/address.h"
#include "net/network.h"
#include "net/tls.h"
#include "ops/metrics.h"
#include "ops/postbox.h"
#include "play/acceptor.h"
#include "play/balance.h"
#include "play/host.h"
#include "play/sessions_inside.h"

#define ADDRESSES_SPARE 16384 /* addresses remembered beyond those that are connected */
#define CONNECTIONS_TOP 1000000
#define GUEST_SLOWER    4 /* what a guest may say, and ask of others */

void login_request_free(struct login_request *request)
{
    if (request == NULL)
        return;
    explicit_bzero(request, sizeof(*request));
    free(request);
}

void sessions_load(const struct sessions *sessions, unsigned thread, struct balance_load *load)
{
    host_load(sessions->hosts[thread], load);
    load->sessions_n = sessions->hosts_load[thread];
}

/* One thread with room is enough: those that lag behind have the fewest chances anyway. */
bool sessions_have_room(const struct sessions *sessions)
{
    for (unsigned i = 0; i < sessions->hosts_n; i++) {
        if (host_has_room(sessions->hosts[i]))
            return true;
    }
    return false;
}

static bool have_room(void *context)
{
    return sessions_have_room(context);
}

/* Control: an io thread has ended. */
static void host_ended(void *context, unsigned number)
{
    struct sessions *sessions = context;

    if (sessions->ended != NULL)
        sessions->ended(sessions->ended_context, number);
}

/* ---- answers ---- */

void sessions_wait(struct sessions *sessions, uint64_t session, const char *text)
{
    struct slot *slot = sessions_slot_find(sessions, session);

    if (slot == NULL || host_wait(sessions->hosts[slot->thread], session, text) != 0)
        return;
    sessions_logged_in(sessions, slot);
}

void sessions_answer(struct sessions *sessions, uint64_t session, const struct login_answer *answer)
{
    struct slot *slot = sessions_slot_find(sessions, session);

    if (slot == NULL)
        return;
    if (host_answer(sessions->hosts[slot->thread], session, answer) != 0)
        return; /* out of memory: its own wait ends it */
    if (answer->reason == PROTOCOL_REASON_NONE)
        sessions_logged_in(sessions, slot);
}

void sessions_disconnect(struct sessions *sessions, uint64_t session, enum protocol_reason reason,
                         uint32_t retry_after_ms, const char *text)
{
    struct slot *slot = sessions_slot_find(sessions, session);

    if (slot == NULL || slot->ending)
        return;
    slot->ending =
        host_disconnect(sessions->hosts[slot->thread], session, reason, retry_after_ms, text) == 0;
}

unsigned sessions_disconnect_from(struct sessions *sessions, const struct network *network,
                                  enum protocol_reason reason, const char *text)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < sessions->slots_n; i++) {
        struct slot *slot = &sessions->slots[i];

        if (!sessions_is_from(slot, network))
            continue;
        sessions_disconnect(sessions, sessions_slot_id(sessions, slot), reason, 0, text);
        n++;
    }
    return n;
}

void sessions_mute(struct sessions *sessions, uint64_t session, uint64_t until_ms, const char *text)
{
    struct slot *slot = sessions_slot_find(sessions, session);

    if (slot != NULL && host_mute(sessions->hosts[slot->thread], session, until_ms, text) != 0)
        log_event(LOG_LEVEL_WARN, "mute_lost", "out of memory: a mute holds from the next login on",
                  LOG_U64("session", session));
}

void sessions_notice(struct sessions *sessions, uint64_t session, const char *text)
{
    struct slot *slot = sessions_slot_find(sessions, session);

    if (slot != NULL && host_announce(sessions->hosts[slot->thread], session, text) != 0)
        log_event(LOG_LEVEL_WARN, "announce_lost", "out of memory: a player is not told",
                  LOG_U64("session", session));
}

void sessions_announce(struct sessions *sessions, const char *text)
{
    for (unsigned i = 0; i < sessions->hosts_n; i++) {
        if (host_announce(sessions->hosts[i], 0, text) != 0)
            log_event(LOG_LEVEL_WARN, "announce_lost", "out of memory: not all players are told",
                      LOG_U64("thread", i));
    }
}

static void on_drained(evutil_socket_t fd, short what, void *context)
{
    struct sessions *sessions = context;
    void (*done)(void *) = sessions->done;

    (void)fd;
    (void)what;
    sessions->done = NULL;
    if (done != NULL)
        done(sessions->done_context);
}

void sessions_drain(struct sessions *sessions, const struct sessions_goodbye *goodbye,
                    void (*done)(void *context), void *context)
{
    acceptor_close(sessions->acceptor);
    sessions->draining = true;
    sessions->done = done;
    sessions->done_context = context;
    for (unsigned i = 0; i < sessions->hosts_n; i++) {
        if (host_drain(sessions->hosts[i], goodbye) != 0)
            log_event(LOG_LEVEL_WARN, "drain_failed", "out of memory: players are not told",
                      LOG_U64("thread", i));
    }
    sessions_drain_check(sessions);
}

/* ---- settings ---- */

static void limits_of(const struct sessions_config *config, struct host_settings *settings)
{
    const struct bucket_rate allow[HOST_LIMITS_N] = {
        [HOST_LIMIT_MOVE] = {config->moves_per_second, 1000, 2 * config->moves_per_second},
        [HOST_LIMIT_CHAT] = {config->chats_per_10s, 10000, config->chats_per_10s},
        [HOST_LIMIT_WHO] = {config->whos_per_second, 1000, 2 * config->whos_per_second},
        [HOST_LIMIT_PING] = {config->pings_per_second, 1000, 2 * config->pings_per_second},
        [HOST_LIMIT_LOGIN] = {config->logins_per_minute, 60000, config->logins_per_minute},
    };

    for (unsigned i = 0; i < HOST_LIMITS_N; i++) {
        struct bucket_rate *flood = &settings->flood[i];
        uint64_t ten_seconds;
        settings->allow[i] = allow[i];
        if (settings->allow[i].burst == 0)
            settings->allow[i].burst = 1;
        settings->guest[i] = settings->allow[i];
        if (i == HOST_LIMIT_CHAT || i == HOST_LIMIT_WHO) {
            settings->guest[i].period_ms *= GUEST_SLOWER;
            settings->guest[i].burst = (settings->allow[i].burst + GUEST_SLOWER - 1) / GUEST_SLOWER;
        }
        /* ten times over is nine times refused; ten seconds of that are borne */
        flood->tokens = 9 * allow[i].tokens;
        flood->period_ms = allow[i].period_ms;
        ten_seconds = (uint64_t)flood->tokens * 10000 / flood->period_ms;
        flood->burst = ten_seconds < 9 ? 9 : (uint32_t)ten_seconds;
    }
}

/* One copy, for one io thread. tls: a new reference is taken. */
static struct host_settings *settings_new(const struct sessions *sessions,
                                          const struct sessions_config *config, SSL_CTX *tls,
                                          struct error *error)
{
    struct host_settings *settings = calloc(1, sizeof(*settings));

    if (settings != NULL)
        settings->shape = interest_shape_new(sessions->serial, config->view_m,
                                             heightfield_size_m(sessions->world.field));
    if (settings == NULL || settings->shape == NULL) {
        host_settings_free(settings);
        error_set(error, "out of memory");
        return NULL;
    }
    SSL_CTX_up_ref(tls);
    settings->tls = tls;
    memcpy(settings->server_name, config->server_name, sizeof(settings->server_name));
    memcpy(settings->motd, config->motd, sizeof(settings->motd));
    settings->players_max = config->players_max;
    settings->first_byte_ms = config->first_byte_ms;
    settings->login_ms = config->login_ms;
    settings->message_ms = config->message_ms;
    settings->view_m = config->view_m;
    settings->player_budget_bytes = config->player_budget_bytes;
    settings->egress_bytes = config->egress_bytes;
    settings->logins = config->logins;
    limits_of(config, settings);
    return settings;
}

static struct address_limits address_limits_of(const struct sessions_config *config)
{
    return (struct address_limits){
        .before_login = config->before_login_per_address,
        .opening = {config->new_per_second, 1000, config->new_burst > 0 ? config->new_burst : 1}};
}

int sessions_reconfigure(struct sessions *sessions, const struct sessions_config *config,
                         struct error *error)
{
    struct host_settings *settings[METRICS_THREADS_MAX] = {NULL};
    char fingerprint[TLS_FINGERPRINT_BYTES];
    struct address_limits limits = address_limits_of(config);
    struct network_list *proxies;
    SSL_CTX *tls;
    unsigned i;

    if (config->connections_max > sessions->slots_n)
        return error_set(error, "connections_max cannot grow from %u to %u while running: restart",
                         sessions->slots_n, config->connections_max);
    tls = tls_context_new(config->certificate, config->key, PROTOCOL_ALPN, error);
    proxies = network_list_new(config->trusted_proxies, config->trusted_proxies_n, error);
    if (tls == NULL || proxies == NULL)
        goto failed;
    sessions->serial++;
    for (i = 0; i < sessions->hosts_n; i++) {
        settings[i] = settings_new(sessions, config, tls, error);
        if (settings[i] == NULL)
            goto failed;
    }
    if (tls_fingerprint(tls, fingerprint, error) != 0 ||
        address_table_exempt(sessions->addresses, config->exempt, config->exempt_n, error) != 0)
        goto failed;
    /* From here on nothing fails but for want of memory. */
    SSL_CTX_free(tls);
    acceptor_trust(sessions->acceptor, proxies, config->first_byte_ms);
    memcpy(sessions->fingerprint, fingerprint, sizeof(fingerprint));
    address_table_set_limits(sessions->addresses, &limits);
    sessions->connections_max = config->connections_max;
    for (i = 0; i < sessions->hosts_n; i++) {
        if (host_apply(sessions->hosts[i], settings[i]) != 0)
            log_event(LOG_LEVEL_ERROR, "reload_incomplete",
                      "out of memory: an io thread keeps its old settings", LOG_U64("thread", i));
    }
    return 0;
failed:
    for (i = 0; i < sessions->hosts_n; i++)
        host_settings_free(settings[i]);
    network_list_free(proxies);
    SSL_CTX_free(tls);
    return -1;
}

/* ---- life ---- */

static int slots_new(struct sessions *sessions, const struct sessions_config *config,
                     struct error *error)
{
    struct address_limits limits = address_limits_of(config);

    if (config->connections_max == 0 || config->connections_max > CONNECTIONS_TOP)
        return error_set(error, "connections_max must be 1 to %d", CONNECTIONS_TOP);
    sessions->slots_n = sessions->connections_max = config->connections_max;
    sessions->slots = calloc(sessions->slots_n, sizeof(*sessions->slots));
    sessions->addresses = address_table_new(sessions->slots_n + ADDRESSES_SPARE, &limits);
    if (sessions->slots == NULL || sessions->addresses == NULL)
        return error_set(error, "out of memory");
    for (uint32_t i = 0; i < sessions->slots_n; i++) {
        struct slot *slot = &sessions->slots[i];
        slot->next_free = i + 1 < sessions->slots_n ? i + 1 : SESSIONS_NO_SLOT;
        sessions_slot_init(sessions, slot);
    }
    return address_table_exempt(sessions->addresses, config->exempt, config->exempt_n, error);
}

static int acceptor_make(struct sessions *sessions, const struct sessions_config *config,
                         struct error *error)
{
    const struct acceptor_handlers handlers = {have_room, sessions_arrived, sessions};
    struct network_list *proxies =
        network_list_new(config->trusted_proxies, config->trusted_proxies_n, error);

    if (proxies == NULL)
        return -1;
    sessions->acceptor =
        acceptor_new(sessions->base, config->sockets, config->sockets_n, &handlers, error);
    if (sessions->acceptor == NULL) {
        network_list_free(proxies);
        return -1;
    }
    acceptor_trust(sessions->acceptor, proxies, config->first_byte_ms);
    return 0;
}

static int hosts_new(struct sessions *sessions, const struct sessions_config *config, SSL_CTX *tls,
                     struct error *error)
{
    unsigned threads_n = config->io_threads > 0 ? config->io_threads : 1;

    if (threads_n > METRICS_THREADS_MAX)
        return error_set(error, "at most %d io threads", METRICS_THREADS_MAX);
    sessions->hosts = calloc(threads_n, sizeof(struct host *));
    sessions->hosts_load = calloc(threads_n, sizeof(*sessions->hosts_load));
    if (sessions->hosts == NULL || sessions->hosts_load == NULL)
        return error_set(error, "out of memory");
    for (unsigned i = 0; i < threads_n; i++) {
        struct host_config host = {
            .base = config->io_threads == 0 ? sessions->base : NULL,
            .number = i,
            .single = config->single,
            .world = &sessions->world,
            .pressure = &sessions->pressure,
            .commands = config->commands[i],
            .worst = config->worst,
            .tally = config->tally,
            .mailbox = &config->mailboxes[i],
            .slots_n = sessions->slots_n,
            .ended = host_ended,
        };
        struct host_settings *settings = settings_new(sessions, config, tls, error);
        if (settings == NULL)
            return -1;
        sessions_hear(sessions, &host);
        sessions->hosts[i] = host_new(&host, settings, error);
        if (sessions->hosts[i] == NULL)
            return -1;
        sessions->hosts_n++;
    }
    for (unsigned i = 0; i < threads_n; i++) {
        if (host_start(sessions->hosts[i], error) != 0)
            return -1;
    }
    return 0;
}

static SSL_CTX *certificate_load(struct sessions *sessions, const struct sessions_config *config,
                                 struct error *error)
{
    bool made;
    SSL_CTX *tls;

    if (tls_ensure_certificate(config->certificate, config->key, &made, error) != 0)
        return NULL;
    tls = tls_context_new(config->certificate, config->key, PROTOCOL_ALPN, error);
    if (tls != NULL && tls_fingerprint(tls, sessions->fingerprint, error) != 0) {
        SSL_CTX_free(tls);
        return NULL;
    }
    if (tls != NULL && made)
        log_event(
            LOG_LEVEL_INFO, "certificate_made", "made a certificate: clients will pin its key",
            LOG_TEXT("file", config->certificate), LOG_TEXT("fingerprint", sessions->fingerprint));
    return tls;
}

struct sessions *sessions_new(struct event_base *control, const struct sessions_config *config,
                              const struct sessions_handlers *handlers, struct error *error)
{
    struct sessions *sessions = calloc(1, sizeof(*sessions));
    SSL_CTX *tls = NULL;

    if (sessions == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    sessions->base = control;
    sessions->handlers = *handlers;
    sessions->tally = config->tally;
    sessions->free_first = 0;
    sessions->serial = 1;
    sessions_arriving_init(sessions);
    sessions->world.field = config->field;
    sessions->world.epoch = config->epoch;
    heightfield_hash(config->field, sessions->world.hash);
    sessions->drained = event_new(control, -1, 0, on_drained, sessions);
    sessions->postbox = postbox_new(control, error);
    if (sessions->postbox == NULL || sessions->drained == NULL ||
        slots_new(sessions, config, error) != 0 || acceptor_make(sessions, config, error) != 0)
        goto failed;
    tls = certificate_load(sessions, config, error);
    if (tls == NULL || hosts_new(sessions, config, tls, error) != 0)
        goto failed;
    SSL_CTX_free(tls); /* each io thread has its own reference */
    return sessions;
failed:
    SSL_CTX_free(tls);
    sessions_free(sessions);
    return NULL;
}

void sessions_open(struct sessions *sessions)
{
    acceptor_open(sessions->acceptor);
}

void sessions_free(struct sessions *sessions)
{
    if (sessions == NULL)
        return;
    sessions->freeing = true;
    acceptor_free(sessions->acceptor);
    for (unsigned i = 0; i < sessions->hosts_n; i++) /* all of them: they post to each other */
        host_stop(sessions->hosts[i]);
    for (unsigned i = 0; i < sessions->hosts_n; i++)
        host_free(sessions->hosts[i]);
    postbox_free(sessions->postbox); /* runs what the hosts said last */
    if (sessions->drained != NULL)
        event_free(sessions->drained);
    address_table_free(sessions->addresses);
    free(sessions->hosts);
    free(sessions->hosts_load);
    free(sessions->slots);
    free(sessions);
}

/* ---- small things ---- */

void sessions_wake(struct sessions *sessions, unsigned thread)
{
    host_wake(sessions->hosts[thread]);
}

void sessions_tempo(struct sessions *sessions, uint16_t permille)
{
    for (unsigned i = 0; i < sessions->hosts_n; i++)
        host_tempo(sessions->hosts[i], permille);
}

void sessions_stalled(struct sessions *sessions, uint32_t stalled_ms)
{
    for (unsigned i = 0; i < sessions->hosts_n; i++)
        host_stalled(sessions->hosts[i], stalled_ms);
}

struct io *sessions_io(const struct sessions *sessions, unsigned thread)
{
    return sessions->hosts[thread]->io;
}

void sessions_on_end(struct sessions *sessions, void (*ended)(void *context, unsigned thread),
                     void *context)
{
    sessions->ended = ended;
    sessions->ended_context = context;
}

struct host *sessions_host(const struct sessions *sessions, unsigned thread)
{
    return sessions->hosts[thread];
}

unsigned sessions_threads(const struct sessions *sessions)
{
    return sessions->hosts_n;
}

unsigned sessions_floor(const struct sessions *sessions, unsigned thread)
{
    return host_floor(sessions->hosts[thread]);
}

bool sessions_stuck(const struct sessions *sessions, unsigned thread)
{
    struct balance_load load;

    host_load(sessions->hosts[thread], &load);
    return load.stuck;
}

bool sessions_exempt(const struct sessions *sessions, const struct sockaddr_storage *address)
{
    return address_is_exempt(sessions->addresses, (const struct sockaddr *)address);
}

const char *sessions_fingerprint(const struct sessions *sessions)
{
    return sessions->fingerprint;
}

uint16_t sessions_port(const struct sessions *sessions, unsigned i)
{
    return acceptor_port(sessions->acceptor, i);
}
