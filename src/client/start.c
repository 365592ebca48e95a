#include "start.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "files.h"

#define SECRET_FILE_MAX 8192

/* The file's first line into out. 0, or -1 + error (errno ENOENT: not there). */
static int read_secret(const char *path, char *out, size_t out_bytes, struct error *error)
{
    size_t len;
    char *text = files_read(path, SECRET_FILE_MAX, &len, error);
    if (!text)
        return -1;
    size_t line = strcspn(text, "\r\n");
    int result = 0;
    if (line == 0 || line >= out_bytes) {
        errno = EINVAL;
        result = error_set(error, "%s: the first line is %s", path, line ? "too long" : "empty");
    } else {
        memcpy(out, text, line);
        out[line] = '\0';
    }
    OPENSSL_cleanse(text, len);
    free(text);
    return result;
}

static int read_secrets(const struct arguments *a, struct session_login *login, struct error *error)
{
    char server[SETTINGS_SERVER_MAX + 1];
    if (a->password_file &&
        read_secret(a->password_file, login->password, sizeof(login->password), error) != 0)
        return -1;
    if (a->registering) {
        login->kind = SESSION_LOGIN_REGISTER;
        return 0;
    }
    if (a->token_file &&
        read_secret(a->token_file, login->token, sizeof(login->token), error) != 0 &&
        errno != ENOENT)
        return -1;
    settings_join_server(login->host, login->port, server);
    if (!login->token[0] && !a->token_file &&
        settings_token_load(server, login->user, login->token) != 0)
        login->token[0] = '\0';
    login->kind = login->token[0] ? SESSION_LOGIN_TOKEN : SESSION_LOGIN_PASSWORD;
    return 0;
}

int start_login(const struct arguments *a, struct session_login *login, bool *complete,
                struct error *error)
{
    memset(login, 0, sizeof(*login));
    *complete = false;
    if (a->server && settings_split_server(a->server, login->host, &login->port, error) != 0)
        return -1;
    if (a->email && strlen(a->email) > PROTOCOL_EMAIL_MAX)
        return error_set(error, "the e-mail address is too long");
    snprintf(login->email, sizeof(login->email), "%s", a->email ? a->email : "");
    snprintf(login->invite, sizeof(login->invite), "%s", a->invite ? a->invite : "");
    snprintf(login->user, sizeof(login->user), "%s", a->user ? a->user : "");
    if (!a->server || !a->user)
        return 0;
    if (read_secrets(a, login, error) != 0)
        return -1;
    *complete = login->password[0] || login->token[0];
    return 0;
}
