/* test_alerts.c -- real alerts of a real daemon: raised, seen by the topic, in the log and as a
 * metric, and over again. */
#include "stage.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "stage_store.h"

#define METRIC_AWAY "openmmo_alert_active{alert=\"StoreAway\"}"

/* What a console that has subscribed was told, all of it. */
static char told[1 << 20];
static size_t told_n;
static int console = -1;

static void subscribe(void)
{
    static const char request[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subscribe\","
                                  "\"params\":{\"topic\":\"alerts\",\"interval_ms\":200}}\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    told_n = 0;
    told[0] = '\0';
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", server.admin_path);
    console = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(console, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(console, request, sizeof(request) - 1, MSG_NOSIGNAL),
                     sizeof(request) - 1);
}

/* The last whole notification has that in it. */
static bool hears(const char *what)
{
    struct pollfd ready = {console, POLLIN, 0};
    char *last;

    while (poll(&ready, 1, 0) > 0 && told_n < sizeof(told) - 1) {
        ssize_t n = recv(console, told + told_n, sizeof(told) - 1 - told_n, 0);

        assert_true(n > 0);
        told_n += (size_t)n;
    }
    while (told_n > 0 && told[told_n - 1] != '\n')
        told_n--; /* the rest of it is lost: another one comes */
    told[told_n] = '\0';
    if (told_n == 0)
        return false;
    told[told_n - 1] = '\0';
    last = strrchr(told, '\n');
    last = last != NULL ? last + 1 : told;
    told[told_n - 1] = '\n';
    return strstr(last, what) != NULL;
}

static bool list_has(const char *what)
{
    return strstr(daemon_ask(&server, "alerts.list", "{}"), what) != NULL;
}

/* The database hangs: who plays goes on, and five seconds later operators know. */
static void test_the_database_hangs(void **state)
{
    struct player *player;

    (void)state;
    daemon_start(&server, NULL);
    player = player_new_account(party, &server, "alice"); /* her places are saved as she walks */
    player_walk(player, 0x2000, MOVEMENT_WALK);
    subscribe();
    UNTIL(party, DEADLINE_MS, hears("\"active\":[]"));
    assert_int_equal(daemon_metric(&server, METRIC_AWAY), 0);
    pg_cluster_freeze(&cluster, true);
    UNTIL(party, 4 * DEADLINE_MS, hears("\"active\":[{\"alert\":\"StoreAway\""));
    assert_true(daemon_said(&server, "event=alert_raised alert=StoreAway severity=page value=1"));
    assert_int_equal(daemon_metric(&server, METRIC_AWAY), 1);
    assert_true(list_has("\"advice\":\"server.status says its error"));
    assert_non_null(
        strstr(daemon_ask(&server, "server.status", "{}"), "\"alerts\":{\"active\":1,\"page\":1}"));
    pg_cluster_freeze(&cluster, false);
    UNTIL(party, 4 * DEADLINE_MS, hears("\"active\":[],\"recent\":[{\"alert\":\"StoreAway\""));
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "event=alert_cleared alert=StoreAway"));
    assert_int_equal(daemon_metric(&server, METRIC_AWAY), 0);
    stage_expect_walking(player, DEADLINE_MS);
    close(console);
}

/* A self-signed certificate that is good for so many days. */
static void write_certificate(const char *certificate, const char *key, long days)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    FILE *file;

    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1 + days);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 60 * 60 * 24 * days);
    X509_set_pubkey(x, pkey);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
    file = fopen(certificate, "w");
    assert_true(file != NULL && PEM_write_X509(file, x) == 1);
    fclose(file);
    file = fopen(key, "w");
    assert_true(file != NULL && PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(file);
    X509_free(x);
    EVP_PKEY_free(pkey);
}

/* Five days are left; a new one is there, but not in use before it is loaded. */
static void test_the_certificate_expires(void **state)
{
    char certificate[160], key[160], certificate_option[200], key_option[200];
    const char *const extra[] = {certificate_option, key_option, NULL};

    (void)state;
    snprintf(certificate, sizeof(certificate), "%s/c.pem", server.dir);
    snprintf(key, sizeof(key), "%s/k.pem", server.dir);
    snprintf(certificate_option, sizeof(certificate_option), "--net.certificate=%s", certificate);
    snprintf(key_option, sizeof(key_option), "--net.key=%s", key);
    write_certificate(certificate, key, 5);
    daemon_start(&server, extra);
    UNTIL(NULL, DEADLINE_MS, list_has("\"alert\":\"CertificateExpiring\""));
    assert_true(daemon_said(&server, "event=alert_raised alert=CertificateExpiring"));
    write_certificate(certificate, key, 300);
    assert_true(list_has("\"active\":[{\"alert\":\"CertificateExpiring\""));
    assert_non_null(strstr(daemon_ask(&server, "server.reload", "{}"), "\"outcome\""));
    UNTIL(NULL, DEADLINE_MS,
          list_has("\"active\":[],\"recent\":[{\"alert\":\"CertificateExpiring\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED_POSTGRESQL(test_the_database_hangs, NULL),
        STAGED(test_the_certificate_expires, NULL),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
