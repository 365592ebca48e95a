/* accounts.c -- see accounts.h. */
#include "bots/accounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#define LINE_MAX_BYTES (TEXT_NAME_MAX_BYTES + TEXT_PASSWORD_MAX_BYTES + PROTOCOL_TOKEN_MAX + 8)
#define PASSWORD_CHARS 24

struct accounts {
    char *path; /* NULL: kept nowhere */
    char prefix[64];
    char invite[PROTOCOL_CODE_MAX + 1];
    size_t players, known; /* known: read from the file, may be more than players */
    unsigned invented;
    struct account *rows;
    bool shared; /* the rows are a mapping */
};

static void random_letters(char *out, size_t n)
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* 32 */
    unsigned char bytes[64];
    if (RAND_bytes(bytes, (int)n) != 1)
        abort(); /* no randomness: nothing that is said here would be a secret */
    for (size_t i = 0; i < n; i++)
        out[i] = letters[bytes[i] % 32];
    out[n] = '\0';
}

void accounts_rename(struct accounts *accounts, struct account *account)
{
    char tag[5];
    random_letters(tag, 4);
    memset(account, 0, sizeof *account);
    snprintf(account->name, sizeof account->name, "%s-%s-%u", accounts->prefix, tag,
             ++accounts->invented);
    random_letters(account->password, PASSWORD_CHARS);
    memcpy(account->invite, accounts->invite, sizeof account->invite);
}

void accounts_invite(struct accounts *accounts, const char *code)
{
    snprintf(accounts->invite, sizeof accounts->invite, "%s", code);
    for (size_t i = 0; i < accounts->players; i++)
        memcpy(accounts->rows[i].invite, accounts->invite, sizeof accounts->invite);
}

/* One field up to the separator; NULL if there is none or it does not fit. */
static char *take_field(char *at, char separator, char *out, size_t room)
{
    char *end = strchr(at, separator);
    if (!end || end == at || (size_t)(end - at) >= room)
        return NULL;
    memcpy(out, at, (size_t)(end - at));
    out[end - at] = '\0';
    return end + 1;
}

static int parse_line(char *line, struct account *account)
{
    memset(account, 0, sizeof *account);
    char *at = take_field(line, '\t', account->name, sizeof account->name);
    if (at)
        at = take_field(at, '\t', account->password, sizeof account->password);
    if (at)
        at = take_field(at, '\n', account->token, sizeof account->token);
    if (!at || *at)
        return -1;
    if (strcmp(account->token, "-") == 0)
        account->token[0] = '\0';
    account->registered = true;
    return 0;
}

static struct account *add_row(struct accounts *accounts)
{
    size_t n = accounts->known + 1;
    struct account *rows = realloc(accounts->rows, n * sizeof *rows);
    if (!rows)
        return NULL;
    accounts->rows = rows;
    accounts->known = n;
    return &rows[n - 1];
}

static int read_file(struct accounts *accounts, struct error *error)
{
    char line[LINE_MAX_BYTES];
    FILE *file = fopen(accounts->path, "re");
    if (!file && errno == ENOENT)
        return 0;
    if (!file)
        return error_set(error, "cannot read %s: %s", accounts->path, strerror(errno));
    int rc = 0;
    for (unsigned n = 1; rc == 0 && fgets(line, sizeof line, file); n++) {
        struct account *row = add_row(accounts);
        if (!row)
            rc = error_set(error, "out of memory");
        else if (parse_line(line, row) == -1)
            rc = error_set(error, "%s:%u: not a line of name, password and token", accounts->path,
                           n);
    }
    if (rc == 0 && ferror(file))
        rc = error_set(error, "cannot read %s: %s", accounts->path, strerror(errno));
    fclose(file);
    OPENSSL_cleanse(line, sizeof line);
    return rc;
}

struct accounts *accounts_load(const char *path, const char *prefix, size_t players,
                               struct error *error)
{
    struct accounts *accounts = calloc(1, sizeof *accounts);
    if (accounts && path)
        accounts->path = strdup(path);
    if (!accounts || (path && !accounts->path)) {
        error_set(error, "out of memory");
        goto fail;
    }
    snprintf(accounts->prefix, sizeof accounts->prefix, "%s", prefix);
    accounts->players = players;
    if (path && read_file(accounts, error) == -1)
        goto fail;
    while (accounts->known < players) {
        struct account *row = add_row(accounts);
        if (!row) {
            error_set(error, "out of memory");
            goto fail;
        }
        accounts_rename(accounts, row);
    }
    return accounts;
fail:
    accounts_free(accounts);
    return NULL;
}

void accounts_free(struct accounts *accounts)
{
    if (!accounts)
        return;
    if (accounts->rows)
        OPENSSL_cleanse(accounts->rows, accounts->known * sizeof *accounts->rows);
    if (accounts->shared)
        munmap(accounts->rows, accounts->known * sizeof *accounts->rows);
    else
        free(accounts->rows);
    free(accounts->path);
    free(accounts);
}

int accounts_share(struct accounts *accounts, struct error *error)
{
    size_t bytes = accounts->known * sizeof *accounts->rows;
    struct account *rows =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rows == MAP_FAILED)
        return error_set(error, "no memory for the accounts: %s", strerror(errno));
    memcpy(rows, accounts->rows, bytes);
    OPENSSL_cleanse(accounts->rows, bytes);
    free(accounts->rows);
    accounts->rows = rows;
    accounts->shared = true;
    return 0;
}

struct account *accounts_at(struct accounts *accounts, size_t i)
{
    return &accounts->rows[i];
}

static int write_rows(const struct accounts *accounts, FILE *file)
{
    for (size_t i = 0; i < accounts->known; i++) {
        const struct account *row = &accounts->rows[i];
        if (row->registered && fprintf(file, "%s\t%s\t%s\n", row->name, row->password,
                                       row->token[0] ? row->token : "-") < 0)
            return -1;
    }
    return fflush(file) == 0 && fsync(fileno(file)) == 0 ? 0 : -1;
}

int accounts_save(const struct accounts *accounts, struct error *error)
{
    char fresh[4096];
    if (!accounts->path)
        return 0;
    if (snprintf(fresh, sizeof fresh, "%s.XXXXXX", accounts->path) >= (int)sizeof fresh)
        return error_set(error, "cannot write %s: the name is too long", accounts->path);
    int fd = mkstemp(fresh); /* mode 0600 */
    FILE *file = fd == -1 ? NULL : fdopen(fd, "w");
    if (!file) {
        error_set(error, "cannot write %s: %s", fresh, strerror(errno));
        if (fd != -1) {
            close(fd);
            unlink(fresh);
        }
        return -1;
    }
    int rc = write_rows(accounts, file);
    int failed_with = errno;
    if (fclose(file) != 0 && rc == 0) {
        rc = -1;
        failed_with = errno;
    }
    if (rc == 0 && rename(fresh, accounts->path) != 0) {
        rc = -1;
        failed_with = errno;
    }
    if (rc == 0)
        return 0;
    unlink(fresh);
    return error_set(error, "cannot write %s: %s", accounts->path, strerror(failed_with));
}
