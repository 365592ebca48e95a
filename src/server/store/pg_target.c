/* pg_target.c -- a list of settings, and a search that goes through its host names one by one.
 *
 * libpq takes lists: host=a,b hostaddr=1.2.3.4,::1 port=1,2. A search makes one entry of each
 * address that a name has; what is a socket's folder or an address already stays as it is. */
#include "store/pg_target.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netdb.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/pg_values.h"

#define LIST_MAX      4096 /* bytes of a list of hosts */
#define PASSWORD_MAX  1024
#define ADDRESSES_MAX 8 /* of one name */
#define RESOLV_CONF   "/etc/resolv.conf"

struct pg_target {
    struct event_base *base;
    struct evdns_base *dns; /* once a name was to be looked up */
    struct stat servers;    /* of the file, as it was read; zeroed: there was none */
    struct pg_words words;  /* keywords: constant or owned; values: owned */
    size_t words_n;
    char place[512];
    unsigned cancelled_n; /* look-ups that libevent has not ended yet */
    bool closed;          /* freed, once they are */
};

struct pg_search {
    struct pg_target *target;
    pg_search_fn *done;
    void *context;
    struct event *turn;                        /* begins, and ends, from the loop */
    struct evdns_getaddrinfo_request *request; /* under way */
    unsigned at;                               /* entry of the lists */
    struct error error;
    char hosts[LIST_MAX], addresses[LIST_MAX], ports[LIST_MAX];
    unsigned entries_n;
};

static const char *value_of(const struct pg_target *target, const char *keyword)
{
    for (size_t i = 0; i < target->words_n; i++)
        if (strcmp(target->words.keywords[i], keyword) == 0)
            return target->words.values[i];
    return "";
}

static int add_word(struct pg_target *target, const char *keyword, const char *value)
{
    char *copy_keyword = strdup(keyword), *copy = strdup(value);

    if (!copy_keyword || !copy || target->words_n + 1 >= PG_TARGET_WORDS_MAX) {
        free(copy_keyword);
        free(copy);
        return -1;
    }
    target->words.keywords[target->words_n] = copy_keyword;
    target->words.values[target->words_n++] = copy;
    return 0;
}

static void clear_words(struct pg_target *target)
{
    for (size_t i = 0; i < target->words_n; i++) {
        char *value = (char *)(uintptr_t)target->words.values[i];

        sodium_memzero(value, strlen(value));
        free(value);
        free((char *)(uintptr_t)target->words.keywords[i]);
    }
    memset(&target->words, 0, sizeof(target->words));
    target->words_n = 0;
}

/* Takes over what libpq lists. */
static int add_options(struct pg_target *target, const PQconninfoOption *options)
{
    for (; options->keyword; options++)
        if (options->val && options->val[0] && strcmp(options->keyword, "service") != 0 &&
            add_word(target, options->keyword, options->val) < 0)
            return -1;
    return 0;
}

static PQconninfoOption *parse(const char *connection, struct error *error)
{
    char *words = NULL;
    PQconninfoOption *options = PQconninfoParse(connection, &words);

    /* libpq quotes what it does not understand, which may be a password. */
    if (!options) {
        const char *quoted = words ? strpbrk(words, "\"\n") : NULL;

        error_set(error, "it is no libpq connection string: %.*s",
                  words ? (int)(quoted ? quoted - words : 200) : 13,
                  words ? words : "out of memory");
        PQfreemem(words);
    }
    return options;
}

int pg_target_check(const char *connection, struct error *error)
{
    PQconninfoOption *options = parse(connection, error);

    PQconninfoFree(options);
    return options ? 0 : -1;
}

static int read_password(struct pg_target *target, const char *path, struct error *error)
{
    char line[PASSWORD_MAX] = "";
    FILE *file = fopen(path, "re");
    int rc = -1;

    if (!file)
        return error_set(error, "cannot read the database's password from %s: %m", path);
    if (!fgets(line, sizeof(line), file))
        error_set(error, "the database's password file %s is empty", path);
    else if (line[strcspn(line, "\r\n")] = '\0', add_word(target, "password", line) < 0)
        error_set(error, "out of memory");
    else
        rc = 0;
    sodium_memzero(line, sizeof(line));
    fclose(file);
    return rc;
}

/* What we want of every connection, where nobody said otherwise. */
static int add_defaults(struct pg_target *target)
{
    static const char *const defaults[][2] = {
        {"fallback_application_name", "openmmod"},
        {"client_encoding", "UTF8"},
        {"gssencmode", "disable"}, /* it may ask a key server, and wait for it */
        {"keepalives_idle", "30"},
        {"keepalives_interval", "10"},
        {"keepalives_count", "3"},
    };

    for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
        if (!value_of(target, defaults[i][0])[0] &&
            add_word(target, defaults[i][0], defaults[i][1]) < 0)
            return -1;
    return 0;
}

/* The service is left in for the first connection, which reads its file. */
static int add_service(struct pg_target *target, const PQconninfoOption *options)
{
    for (; options->keyword; options++)
        if (strcmp(options->keyword, "service") == 0 && options->val && options->val[0])
            return add_word(target, "service", options->val);
    return 0;
}

struct pg_target *pg_target_new(struct event_base *base, const char *connection,
                                const char *password_file, struct error *error)
{
    PQconninfoOption *options = parse(connection, error);
    struct pg_target *target = options ? calloc(1, sizeof(*target)) : NULL;

    if (!options)
        return NULL;
    if (!target || add_options(target, options) < 0 || add_service(target, options) < 0 ||
        add_defaults(target) < 0) {
        error_set(error, "out of memory");
        goto fail;
    }
    target->base = base;
    if (password_file && password_file[0] && read_password(target, password_file, error) < 0)
        goto fail;
    PQconninfoFree(options);
    return target;
fail:
    PQconninfoFree(options);
    pg_target_free(target);
    return NULL;
}

static void release(evutil_socket_t fd, short what, void *context)
{
    struct pg_target *target = context;

    (void)fd, (void)what;
    if (target->dns)
        evdns_base_free(target->dns, 0);
    clear_words(target);
    free(target);
}

void pg_target_free(struct pg_target *target)
{
    if (!target)
        return;
    if (target->cancelled_n > 0)
        target->closed = true; /* libevent still needs its base for them */
    else
        release(-1, 0, target);
}

const struct pg_words *pg_target_words(struct pg_target *target)
{
    return &target->words;
}

int pg_target_learn(struct pg_target *target, PGconn *conn, struct error *error)
{
    PQconninfoOption *options = PQconninfo(conn);
    int rc = -1;

    clear_words(target);
    if (options && add_options(target, options) == 0 && add_defaults(target) == 0)
        rc = 0;
    PQconninfoFree(options);
    snprintf(target->place, sizeof(target->place), "%s:%s/%s", PQhost(conn), PQport(conn),
             PQdb(conn));
    return rc == 0 ? 0 : error_set(error, "out of memory");
}

const char *pg_target_place(const struct pg_target *target)
{
    return target->place;
}

/* Entry number `at` of a list with commas; where the list has only one and `lone` is allowed, that
 * one. False: there is none. */
static bool entry_of(const char *list, unsigned at, bool lone, char *out, size_t out_bytes)
{
    const char *end;

    if (lone && !strchr(list, ','))
        at = 0;
    for (; at > 0; at--) {
        list = strchr(list, ',');
        if (!list)
            return false;
        list++;
    }
    end = strchrnul(list, ',');
    snprintf(out, out_bytes, "%.*s", (int)(end - list), list);
    return true;
}

static bool append(char *list, bool first, const char *item)
{
    size_t used = strlen(list);
    int n = snprintf(list + used, LIST_MAX - used, "%s%s", first ? "" : ",", item);

    return n >= 0 && (size_t)n < LIST_MAX - used;
}

static void add_entry(struct pg_search *search, const char *host, const char *address)
{
    bool first = search->entries_n == 0;
    char port[16] = "";

    entry_of(value_of(search->target, "port"), search->at, true, port, sizeof(port));
    if (append(search->hosts, first, host) && append(search->addresses, first, address) &&
        append(search->ports, first, port))
        search->entries_n++;
}

static bool is_address(const char *host)
{
    unsigned char room[16];

    return inet_pton(AF_INET, host, room) == 1 || inet_pton(AF_INET6, host, room) == 1;
}

static void finish(struct pg_search *search)
{
    struct pg_words words = search->target->words;
    size_t n = 0;

    if (search->entries_n == 0) {
        search->done(search->context, NULL, &search->error);
        return;
    }
    for (size_t i = 0; i < search->target->words_n; i++) {
        const char *keyword = words.keywords[i];

        if (strcmp(keyword, "host") == 0 || strcmp(keyword, "hostaddr") == 0 ||
            strcmp(keyword, "port") == 0)
            continue;
        words.keywords[n] = keyword;
        words.values[n++] = words.values[i];
    }
    if (n + 3 < PG_TARGET_WORDS_MAX) {
        words.keywords[n] = "host";
        words.values[n++] = search->hosts;
        words.keywords[n] = "hostaddr";
        words.values[n++] = search->addresses;
        words.keywords[n] = "port";
        words.values[n++] = search->ports;
    }
    words.keywords[n] = NULL;
    words.values[n] = NULL;
    search->done(search->context, &words, NULL);
}

/* The base may not go from within its own callback. */
static void cancelled(struct pg_search *search)
{
    static const struct timeval at_once = {0, 0};
    struct pg_target *target = search->target;

    free(search);
    if (--target->cancelled_n == 0 && target->closed)
        (void)event_base_once(target->base, -1, EV_TIMEOUT, release, target, &at_once);
}

static void looked_up(int result, struct evutil_addrinfo *list, void *context)
{
    struct pg_search *search = context;
    char host[256] = "", address[INET6_ADDRSTRLEN];
    unsigned n = 0;

    if (result == EVUTIL_EAI_CANCEL) {
        cancelled(search);
        return;
    }
    search->request = NULL;
    entry_of(value_of(search->target, "host"), search->at, false, host, sizeof(host));
    for (struct evutil_addrinfo *one = list; one && n < ADDRESSES_MAX; one = one->ai_next) {
        if (getnameinfo(one->ai_addr, one->ai_addrlen, address, sizeof(address), NULL, 0,
                        NI_NUMERICHOST) != 0)
            continue;
        add_entry(search, host, address);
        n++;
    }
    if (list)
        evutil_freeaddrinfo(list);
    if (n == 0)
        error_set(&search->error, "PostgreSQL: host name %s cannot be looked up: %s", host,
                  result ? evutil_gai_strerror(result) : "it has no address");
    search->at++;
    event_active(search->turn, EV_TIMEOUT, 0);
}

static bool servers_changed(struct pg_target *target)
{
    struct stat was = target->servers;

    if (stat(RESOLV_CONF, &target->servers) < 0)
        memset(&target->servers, 0, sizeof(target->servers));
    return was.st_dev != target->servers.st_dev || was.st_ino != target->servers.st_ino ||
           was.st_size != target->servers.st_size ||
           was.st_mtim.tv_sec != target->servers.st_mtim.tv_sec ||
           was.st_mtim.tv_nsec != target->servers.st_mtim.tv_nsec;
}

/* The machine moved to another network. What is under way goes on with the new ones; that an old
 * one failed is forgotten, so this is not done where nothing changed. */
static void read_servers_again(struct pg_target *target)
{
    if (!servers_changed(target) || evdns_base_clear_nameservers_and_suspend(target->dns) != 0)
        return;
    (void)evdns_base_resolv_conf_parse(target->dns, DNS_OPTION_NAMESERVERS, RESOLV_CONF);
    (void)evdns_base_resume(target->dns);
}

/* Without name servers those in /etc/hosts are still found. */
static struct evdns_base *dns_of(struct pg_target *target)
{
    if (target->dns) {
        read_servers_again(target);
        return target->dns;
    }
    target->dns = evdns_base_new(target->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    (void)servers_changed(target);
    if (target->dns)
        (void)evdns_base_resolv_conf_parse(target->dns, DNS_OPTIONS_ALL, RESOLV_CONF);
    return target->dns;
}

static void ask_for(struct pg_search *search, const char *host)
{
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct evdns_base *dns = dns_of(search->target);
    struct evdns_getaddrinfo_request *request;

    if (!dns) {
        looked_up(EVUTIL_EAI_MEMORY, NULL, search);
        return;
    }
    /* What it knows at once it says from within; then there is no request. */
    request = evdns_getaddrinfo(dns, host, NULL, &hints, looked_up, search);
    if (request)
        search->request = request;
}

/* From the loop: the next entry, or the end. */
static void turn(evutil_socket_t fd, short what, void *context)
{
    struct pg_search *search = context;
    const char *hosts = value_of(search->target, "host");
    const char *addresses = value_of(search->target, "hostaddr");
    char host[256] = "", address[64] = "";
    bool more;

    (void)fd, (void)what;
    for (;;) {
        more = entry_of(hosts, search->at, false, host, sizeof(host));
        if (addresses[0])
            more = entry_of(addresses, search->at, false, address, sizeof(address)) || more;
        if (!more) {
            finish(search);
            event_free(search->turn);
            free(search);
            return;
        }
        if (!address[0] && host[0] && host[0] != '/' && host[0] != '@' && !is_address(host)) {
            ask_for(search, host);
            return;
        }
        add_entry(search, host, address[0] ? address : is_address(host) ? host : "");
        search->at++;
        host[0] = address[0] = '\0';
    }
}

struct pg_search *pg_search_start(struct pg_target *target, pg_search_fn *done, void *context)
{
    struct pg_search *search = calloc(1, sizeof(*search));

    if (!search)
        return NULL;
    *search = (struct pg_search){.target = target, .done = done, .context = context};
    search->turn = evtimer_new(target->base, turn, search);
    if (!search->turn) {
        free(search);
        return NULL;
    }
    event_active(search->turn, EV_TIMEOUT, 0);
    return search;
}

void pg_search_cancel(struct pg_search *search)
{
    if (!search)
        return;
    event_free(search->turn);
    search->turn = NULL;
    if (!search->request) {
        free(search);
        return;
    }
    search->target->cancelled_n++;
    evdns_getaddrinfo_cancel(search->request); /* looked_up frees it, now or later */
}
