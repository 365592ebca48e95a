#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

#define CONFIG_FILE "client.conf"
#define TOKENS_FILE "tokens"
#define CONFIG_MAX  65536
#define TOKENS_BYTES                                                                               \
    (SETTINGS_TOKENS_MAX * (SETTINGS_SERVER_MAX + TEXT_NAME_MAX_BYTES + PROTOCOL_TOKEN_MAX + 4))

static void keep(char *to, size_t room, const char *from, size_t len)
{
    if (len >= room)
        return; /* a value that cannot be ours */
    memcpy(to, from, len);
    to[len] = '\0';
}

void settings_load(struct settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    char path[FILES_PATH_MAX];
    if (files_path(FILES_CONFIG, CONFIG_FILE, path, NULL) != 0)
        return;
    size_t len = 0;
    char *text = files_read(path, CONFIG_MAX, &len, NULL);
    if (!text)
        return;
    for (char *line = text; line && *line;) {
        char *end = strchr(line, '\n');
        size_t n = end ? (size_t)(end - line) : strlen(line);
        if (n >= 7 && memcmp(line, "server=", 7) == 0)
            keep(settings->server, sizeof(settings->server), line + 7, n - 7);
        else if (n >= 5 && memcmp(line, "user=", 5) == 0)
            keep(settings->user, sizeof(settings->user), line + 5, n - 5);
        line = end ? end + 1 : NULL;
    }
    free(text);
}

int settings_save(const struct settings *settings, struct error *error)
{
    char path[FILES_PATH_MAX];
    if (files_path(FILES_CONFIG, CONFIG_FILE, path, error) != 0)
        return -1;
    char text[sizeof(*settings) + 128];
    int n = snprintf(text, sizeof(text),
                     "# Written by openmmo-client: the last server and name.\nserver=%s\nuser=%s\n",
                     settings->server, settings->user);
    return files_write(path, text, (size_t)n, error);
}

static char *tokens_read(char path[FILES_PATH_MAX])
{
    size_t len;
    if (files_path(FILES_STATE, TOKENS_FILE, path, NULL) != 0)
        return NULL;
    return files_read(path, TOKENS_BYTES, &len, NULL);
}

/* If the line is "server TAB user TAB token", the token; else NULL. *len: its length. */
static const char *token_of(const char *line, size_t line_len, const char *server, const char *user,
                            size_t *len)
{
    size_t server_len = strlen(server), user_len = strlen(user);
    size_t before = server_len + 1 + user_len + 1;
    if (line_len <= before || memcmp(line, server, server_len) != 0 || line[server_len] != '\t' ||
        memcmp(line + server_len + 1, user, user_len) != 0 || line[before - 1] != '\t')
        return NULL;
    *len = line_len - before;
    return line + before;
}

int settings_token_load(const char *server, const char *user, char token[PROTOCOL_TOKEN_MAX + 1])
{
    char path[FILES_PATH_MAX];
    char *text = tokens_read(path);
    int found = -1;
    for (char *line = text; line && *line && found != 0;) {
        char *end = strchr(line, '\n');
        size_t n = end ? (size_t)(end - line) : strlen(line);
        size_t len;
        const char *at = token_of(line, n, server, user, &len);
        if (at && len > 0 && len <= PROTOCOL_TOKEN_MAX) {
            memcpy(token, at, len);
            token[len] = '\0';
            found = 0;
        }
        line = end ? end + 1 : NULL;
    }
    free(text);
    return found;
}

int settings_token_save(const char *server, const char *user, const char *token,
                        struct error *error)
{
    char path[FILES_PATH_MAX];
    if (strpbrk(server, "\t\n") || strpbrk(user, "\t\n") || strpbrk(token, "\t\n"))
        return error_set(error, "a server, name or token with a tab or line end cannot be kept");
    if (files_path(FILES_STATE, TOKENS_FILE, path, error) != 0)
        return -1;
    char *old = tokens_read(path);
    char *text = malloc(TOKENS_BYTES + 1);
    if (!text) {
        free(old);
        return error_set(error, "out of memory");
    }
    size_t used = 0;
    unsigned kept = 0;
    if (token[0]) {
        used = (size_t)snprintf(text, TOKENS_BYTES, "%s\t%s\t%s\n", server, user, token);
        kept = 1;
    }
    for (char *line = old; line && *line && kept < SETTINGS_TOKENS_MAX;) {
        char *end = strchr(line, '\n');
        size_t n = end ? (size_t)(end - line) : strlen(line);
        size_t len;
        if (n > 0 && !token_of(line, n, server, user, &len) && used + n + 1 <= TOKENS_BYTES) {
            memcpy(text + used, line, n);
            text[used + n] = '\n';
            used += n + 1;
            kept++;
        }
        line = end ? end + 1 : NULL;
    }
    int result = files_write(path, text, used, error);
    free(text);
    free(old);
    return result;
}

int settings_split_server(const char *server, char *host, uint16_t *port, struct error *error)
{
    const char *host_at = server, *host_end, *colon;
    if (server[0] == '[') {
        host_at = server + 1;
        host_end = strchr(server, ']');
        if (!host_end || (host_end[1] != '\0' && host_end[1] != ':'))
            return error_set(error, "\"%s\" is no server address: write [address]:port", server);
        colon = host_end[1] == ':' ? host_end + 1 : NULL;
    } else {
        colon = strchr(server, ':');
        if (colon && strchr(colon + 1, ':'))
            colon = NULL; /* a bare IPv6 address */
        host_end = colon ? colon : server + strlen(server);
    }
    size_t len = (size_t)(host_end - host_at);
    if (len == 0 || len > SETTINGS_HOST_MAX || strpbrk(server, " \t\n"))
        return error_set(error, "\"%.80s\" is no server address: write host or host:port", server);
    unsigned long number = PROTOCOL_DEFAULT_PORT;
    if (colon) {
        char *end;
        number = strtoul(colon + 1, &end, 10);
        if (colon[1] < '0' || colon[1] > '9' || *end || number < 1 || number > 65535)
            return error_set(error, "\"%s\" is no port: 1 to 65535", colon + 1);
    }
    memcpy(host, host_at, len);
    host[len] = '\0';
    *port = (uint16_t)number;
    return 0;
}

void settings_join_server(const char *host, uint16_t port, char server[SETTINGS_SERVER_MAX + 1])
{
    snprintf(server, SETTINGS_SERVER_MAX + 1, strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}
