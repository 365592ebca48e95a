/* respond.c -- see respond.h. */
#include "http/respond.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    /* clang-format off */
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    /* clang-format on */
};

static const char *const days[7] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

const char *respond_reason(int status)
{
    for (size_t i = 0; i < ARRAY_N(reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Status";
}

/* Not strftime: its names follow the locale. */
void respond_date(int64_t unix_s, char text[RESPOND_DATE_BYTES])
{
    time_t time = (time_t)unix_s;
    struct tm tm;

    gmtime_r(&time, &tm);
    snprintf(text, RESPOND_DATE_BYTES, "%s, %02u %s %04u %02u:%02u:%02u GMT",
             days[(unsigned)tm.tm_wday % 7], (unsigned)tm.tm_mday % 100,
             months[(unsigned)tm.tm_mon % 12], (unsigned)(tm.tm_year + 1900) % 10000,
             (unsigned)tm.tm_hour % 100, (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

const char *respond_now(struct respond_clock *clock, int64_t unix_s)
{
    if (clock->second != unix_s || clock->text[0] == '\0') {
        clock->second = unix_s;
        respond_date(unix_s, clock->text);
    }
    return clock->text;
}

int64_t respond_date_parse(const char *text)
{
    char again[RESPOND_DATE_BYTES], month[4] = "", day[4] = "";
    struct tm tm = {0};
    int64_t unix_s;

    if (strlen(text) != RESPOND_DATE_BYTES - 1 ||
        sscanf(text, "%3s, %2d %3s %4d %2d:%2d:%2d GMT", day, &tm.tm_mday, month, &tm.tm_year,
               &tm.tm_hour, &tm.tm_min, &tm.tm_sec) != 7)
        return -1;
    while (tm.tm_mon < 12 && strcmp(months[tm.tm_mon], month) != 0)
        tm.tm_mon++;
    if (tm.tm_mon == 12 || tm.tm_year < 1970)
        return -1;
    tm.tm_year -= 1900;
    unix_s = timegm(&tm);
    respond_date(unix_s, again);
    return strcmp(again, text) == 0 ? unix_s : -1; /* the 31st of February, a wrong weekday */
}

void respond_lines(struct respond *respond, const char *lines, size_t len_bytes)
{
    if (len_bytes > respond->room - respond->n) {
        respond->full = true;
        return;
    }
    memcpy(respond->bytes + respond->n, lines, len_bytes);
    respond->n += len_bytes;
}

void respond_begin(struct respond *respond, char *bytes, size_t room, int status)
{
    char line[64];
    int n = snprintf(line, sizeof(line), "HTTP/1.1 %03u %s\r\n", (unsigned)status % 1000,
                     respond_reason(status));

    respond->bytes = bytes;
    respond->room = room;
    respond->n = 0;
    respond->full = false;
    respond_lines(respond, line, (size_t)n);
}

void respond_header(struct respond *respond, const char *name, const char *value)
{
    size_t name_n = strlen(name), value_n = strlen(value);
    char *at = respond->bytes + respond->n;

    for (size_t i = 0; i < value_n; i++)
        if (((unsigned char)value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f)
            return;
    if (name_n + value_n + 4 > respond->room - respond->n) {
        respond->full = true;
        return;
    }
    memcpy(at, name, name_n);
    memcpy(at + name_n, ": ", 2);
    memcpy(at + name_n + 2, value, value_n);
    memcpy(at + name_n + 2 + value_n, "\r\n", 2);
    respond->n += name_n + value_n + 4;
}

void respond_number(struct respond *respond, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    respond_header(respond, name, text);
}

int respond_end(struct respond *respond)
{
    respond_lines(respond, "\r\n", 2);
    return respond->full ? -1 : (int)respond->n;
}
