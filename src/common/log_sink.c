/* log_sink.c -- see log_sink.h. */
#include <config.h> /* _GNU_SOURCE */

#include "common/log_sink.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-journal.h>

#define FIELDS_MAX 32

static const int level_priorities[] = {3, 4, 6, 7}; /* syslog's */

/* systemd tells by JOURNAL_STREAM=device:inode which stream leads to the journal. sd_journal_sendv
 * calls it a success when there is no journal at all, so its socket must be there too. */
bool log_sink_has_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode &&
           access("/run/systemd/journal/socket", F_OK) == 0;
}

/* A pipe that nobody empties must not stop the world, whose threads all log. */
static bool stderr_takes(bool patient)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

    return poll(&out, 1, patient ? -1 : 0) != 0; /* an error is for write to find */
}

static int write_whole(const char *bytes, size_t n, bool patient)
{
    while (n > 0) {
        ssize_t done;

        if (!stderr_takes(patient))
            return -1;
        done = write(STDERR_FILENO, bytes, n);
        if (done < 0 && (errno == EINTR || (patient && errno == EAGAIN)))
            continue;
        if (done <= 0)
            return -1; /* nobody to tell */
        bytes += done;
        n -= (size_t)done;
    }
    return 0;
}

static int write_stderr(const struct log_record *record, bool patient)
{
    char text[LOG_LINE_MAX + 80], date[40];
    time_t seconds = (time_t)(record->time_ms / 1000);
    struct tm tm;
    int n;

    gmtime_r(&seconds, &tm);
    strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
    n = snprintf(text, sizeof(text), "time=%s.%03dZ level=%s %s\n", date,
                 (int)(record->time_ms % 1000), log_level_name(record->level), record->text);
    if (n <= 0)
        return -1;
    return write_whole(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1, patient);
}

static int write_journal(const struct log_record *record)
{
    char priority[16], identifier[80];
    struct iovec iov[FIELDS_MAX + 2];
    size_t at = strlen(record->text) + 1;
    int n = 0;

    snprintf(priority, sizeof(priority), "PRIORITY=%d", level_priorities[record->level]);
    snprintf(identifier, sizeof(identifier), "SYSLOG_IDENTIFIER=%.60s",
             program_invocation_short_name);
    iov[n++] = (struct iovec){priority, strlen(priority)};
    iov[n++] = (struct iovec){identifier, strlen(identifier)};
    for (; at < record->n && n < FIELDS_MAX + 2; at += iov[n++].iov_len + 1)
        iov[n] = (struct iovec){(char *)(uintptr_t)&record->text[at], strlen(&record->text[at])};
    return sd_journal_sendv(iov, n) < 0 ? -1 : 0;
}

int log_sink_write(const struct log_record *record, bool patient)
{
    bool for_journal = strlen(record->text) + 1 < record->n;

    if (for_journal && write_journal(record) == 0)
        return 0;
    return write_stderr(record, patient);
}

void log_sink_gap(struct log_record *record, int64_t time_ms, uint64_t lost)
{
    int n = snprintf(record->text, sizeof(record->text),
                     "event=log_lost lost=%llu msg=\"the log was not read in time\"",
                     (unsigned long long)lost);

    record->time_ms = time_ms;
    record->level = LOG_LEVEL_WARN;
    record->n = (uint32_t)n + 1;
}
