#include "net/pins.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

#define PINS_FILE_MAX (1024 * 1024)
#define PREFIX        " sha256:"

void pins_text(const uint8_t pin[LINK_PIN_BYTES], char text[PINS_TEXT_BYTES])
{
    memcpy(text, "sha256:", 7);
    for (unsigned i = 0; i < LINK_PIN_BYTES; i++)
        snprintf(text + 7 + 2 * i, 3, "%02x", pin[i]);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

/* True if the line is that server's; its key then is in pin, or *broken where it is none. */
static bool line_of(const char *line, size_t len, const char *server, uint8_t pin[LINK_PIN_BYTES],
                    bool *broken)
{
    size_t name = strlen(server);
    if (len <= name || memcmp(line, server, name) != 0 || line[name] != ' ')
        return false;
    *broken = len != name + strlen(PREFIX) + 2 * LINK_PIN_BYTES ||
              memcmp(line + name, PREFIX, strlen(PREFIX)) != 0;
    for (unsigned i = 0; i < LINK_PIN_BYTES && !*broken; i++) {
        int high = hex(line[name + strlen(PREFIX) + 2 * i]),
            low = hex(line[name + strlen(PREFIX) + 2 * i + 1]);
        if (high < 0 || low < 0)
            *broken = true;
        else
            pin[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

enum pins_answer pins_check(const char *path, const char *server, const uint8_t pin[LINK_PIN_BYTES],
                            uint8_t known[LINK_PIN_BYTES], struct error *error)
{
    size_t len;
    char *text = files_read(path, PINS_FILE_MAX, &len, error);
    if (!text)
        return errno == ENOENT ? PINS_NEW : PINS_UNREADABLE;
    enum pins_answer answer = PINS_NEW;
    for (char *line = text; line && *line && answer == PINS_NEW;) {
        char *end = strchr(line, '\n');
        bool broken = false;
        if (line_of(line, end ? (size_t)(end - line) : strlen(line), server, known, &broken)) {
            answer = memcmp(known, pin, LINK_PIN_BYTES) == 0 ? PINS_SAME : PINS_CHANGED;
            if (broken) {
                error_set(error, "the line of %s in %s is not understood", server, path);
                answer = PINS_UNREADABLE;
            }
        }
        line = end ? end + 1 : NULL;
    }
    free(text);
    return answer;
}

int pins_keep(const char *path, const char *server, const uint8_t pin[LINK_PIN_BYTES],
              struct error *error)
{
    if (strpbrk(server, " \t\n"))
        return error_set(error, "\"%s\" is no server address", server);
    size_t len = 0;
    char *old = files_read(path, PINS_FILE_MAX, &len, error);
    if (!old && errno != ENOENT)
        return -1;
    size_t room = len + strlen(server) + PINS_TEXT_BYTES + 4;
    char *text = malloc(room);
    if (!text) {
        free(old);
        return error_set(error, "out of memory");
    }
    size_t used = 0;
    for (char *line = old; line && *line;) {
        char *end = strchr(line, '\n');
        size_t n = end ? (size_t)(end - line) : strlen(line);
        uint8_t ignored[LINK_PIN_BYTES];
        bool broken;
        if (!line_of(line, n, server, ignored, &broken)) {
            memcpy(text + used, line, n);
            text[used + n] = '\n';
            used += n + 1;
        }
        line = end ? end + 1 : NULL;
    }
    char key[PINS_TEXT_BYTES];
    pins_text(pin, key);
    used += (size_t)snprintf(text + used, room - used, "%s %s\n", server, key);
    int result = files_write(path, text, used, error);
    free(text);
    free(old);
    return result;
}
