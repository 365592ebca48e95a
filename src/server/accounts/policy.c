/* policy.c -- see policy.h. */
#include "accounts/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "accounts/allowlist.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "ops/metrics.h"

#define USUAL_TEXT "The server is under maintenance."

struct policy {
    char *file;
    struct policy_mode maintenance, drain;
    const struct allowlist *allowlist;
    bool listed_only;
};

/* -- the file ---------------------------------------------------------------------------------- */

/* What an operator wrote by hand is shown, not judged: only its first line, and that made fit. */
static void read_text(int fd, char text[PROTOCOL_TEXT_MAX + 1])
{
    char bytes[PROTOCOL_TEXT_MAX];
    ssize_t n = read(fd, bytes, sizeof(bytes));
    const char *end = n > 0 ? memchr(bytes, '\n', (size_t)n) : NULL;
    struct error error;

    if (end != NULL)
        n = end - bytes;
    text_sanitise(bytes, n > 0 ? (size_t)n : 0, text, PROTOCOL_TEXT_MAX + 1);
    if (text_chat_check(text, strlen(text), &error) != 0)
        strcpy(text, USUAL_TEXT);
}

/* A file that is there and cannot be read is there. */
static void look_for_file(struct policy *policy)
{
    struct policy_mode *mode = &policy->maintenance;
    int fd = open(policy->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat stat = {.st_mtime = 0};

    if (fd < 0 && errno == ENOENT)
        return;
    mode->on = true;
    strcpy(mode->text, USUAL_TEXT);
    mode->since_ms = clock_wall_ms();
    if (fd >= 0 && fstat(fd, &stat) == 0) {
        mode->since_ms = (uint64_t)stat.st_mtime * 1000;
        read_text(fd, mode->text);
    }
    if (fd >= 0)
        close(fd);
    log_event(LOG_LEVEL_WARN, "maintenance", "the server starts under maintenance: see its file",
              LOG_TEXT("file", policy->file), LOG_TEXT("text", mode->text));
}

/* In one step: an older text, or the new one. */
static int write_file(const struct policy *policy, const char *text, struct error *error)
{
    size_t path_bytes = strlen(policy->file) + sizeof("~");
    char *path = malloc(path_bytes);
    int fd = -1, rc = -1;

    if (path == NULL)
        return error_set(error, "out of memory");
    snprintf(path, path_bytes, "%s~", policy->file);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && dprintf(fd, "%s\n", text) == (int)strlen(text) + 1 && fsync(fd) == 0 &&
        rename(path, policy->file) == 0)
        rc = 0;
    else
        error_set(error, "the file %.200s cannot be written, so it ends with this run: %s",
                  policy->file, strerror(errno));
    if (fd >= 0)
        close(fd);
    if (rc < 0 && fd >= 0)
        unlink(path);
    free(path);
    return rc;
}

/* -- the modes --------------------------------------------------------------------------------- */

static void begin(struct policy_mode *mode, const char *by)
{
    if (!mode->on)
        mode->since_ms = clock_wall_ms();
    mode->on = true;
    snprintf(mode->by, sizeof(mode->by), "%s", by);
}

int policy_begin_maintenance(struct policy *policy, const char *text, const char *by,
                             struct error *error)
{
    struct policy_mode *mode = &policy->maintenance;

    begin(mode, by);
    snprintf(mode->text, sizeof(mode->text), "%s", text);
    metrics_set(METRIC_MAINTENANCE, 1);
    return write_file(policy, mode->text, error);
}

int policy_end_maintenance(struct policy *policy, struct error *error)
{
    policy->maintenance.on = false;
    metrics_set(METRIC_MAINTENANCE, 0);
    if (unlink(policy->file) == 0 || errno == ENOENT)
        return 0;
    return error_set(error, "the file %.200s cannot be removed, so the next start finds it: %s",
                     policy->file, strerror(errno));
}

void policy_drain(struct policy *policy, uint32_t retry_after_s, const char *by)
{
    if (retry_after_s > 0)
        begin(&policy->drain, by);
    policy->drain.on = retry_after_s > 0;
    policy->drain.retry_after_s = retry_after_s;
    metrics_set(METRIC_DRAINING, policy->drain.on);
}

void policy_set_allowlist(struct policy *policy, const struct allowlist *allowlist)
{
    policy->allowlist = allowlist;
}

void policy_set_listed_only(struct policy *policy, bool listed_only)
{
    policy->listed_only = listed_only;
}

bool policy_listed_only(const struct policy *policy)
{
    return policy->listed_only;
}

const struct policy_mode *policy_maintenance(const struct policy *policy)
{
    return &policy->maintenance;
}

const struct policy_mode *policy_draining(const struct policy *policy)
{
    return &policy->drain;
}

/* -- judging ----------------------------------------------------------------------------------- */

static bool refuse(struct policy_refusal *refusal, enum protocol_reason reason, uint32_t retry_s,
                   const char *text)
{
    refusal->reason = reason;
    refusal->retry_after_ms = retry_s * 1000;
    snprintf(refusal->text, sizeof(refusal->text), "%s", text);
    return false;
}

static bool listed(const struct policy *policy, uint64_t player)
{
    return policy->allowlist != NULL && player != 0 && allowlist_has(policy->allowlist, player);
}

bool policy_admits(const struct policy *policy, const struct policy_guest *guest,
                   struct policy_refusal *refusal)
{
    if (policy == NULL || guest->staff || guest->here)
        return true;
    if (policy->listed_only && !listed(policy, guest->player))
        return refuse(refusal, PROTOCOL_REASON_NOT_LISTED, 0,
                      "This server takes only those on its list: ask its operators.");
    if (policy->maintenance.on && !listed(policy, guest->player))
        return refuse(refusal, PROTOCOL_REASON_MAINTENANCE, 0, policy->maintenance.text);
    if (policy->drain.on && !guest->returns)
        return refuse(refusal, PROTOCOL_REASON_BUSY, policy->drain.retry_after_s,
                      "The server takes nobody new just now: try again later.");
    return true;
}

bool policy_lets_in(const struct policy *policy, const struct policy_guest *guest,
                    struct policy_refusal *refusal)
{
    bool admitted = policy_admits(policy, guest, refusal);

    if (!admitted)
        metrics_add(METRIC_LOGINS_CLOSED, 1);
    return admitted;
}

/* -- beginning and end ------------------------------------------------------------------------- */

struct policy *policy_new(const char *file)
{
    struct policy *policy = calloc(1, sizeof(*policy));

    if (policy != NULL)
        policy->file = strdup(file);
    if (policy == NULL || policy->file == NULL) {
        policy_free(policy);
        return NULL;
    }
    look_for_file(policy);
    metrics_set(METRIC_MAINTENANCE, policy->maintenance.on);
    metrics_set(METRIC_DRAINING, 0);
    return policy;
}

void policy_free(struct policy *policy)
{
    if (policy == NULL)
        return;
    free(policy->file);
    free(policy);
}
