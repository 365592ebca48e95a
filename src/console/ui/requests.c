/* requests.c -- see requests.h. */
#include "requests.h"

#include <stdlib.h>
#include <string.h>

int requests_place(const struct requests *requests)
{
    for (int i = 0; i < REQUESTS_MAX; i++) {
        if (requests->flying[i].method[0] == '\0')
            return i;
    }
    return -1;
}

void requests_lost(struct requests *requests)
{
    for (int i = 0; i < REQUESTS_MAX; i++) {
        if (requests->flying[i].poll != NULL)
            requests->flying[i].poll->waiting = false;
        json_decref(requests->flying[i].params);
    }
    for (size_t i = 0; i < requests->deeds_n; i++)
        json_decref(requests->deeds[i].params);
    free(requests->deeds);
    memset(requests, 0, sizeof(*requests));
}

bool requests_take(struct requests *requests, int token, struct request *out)
{
    if (token < 0 || token >= REQUESTS_MAX || requests->flying[token].method[0] == '\0')
        return false;
    *out = requests->flying[token];
    memset(&requests->flying[token], 0, sizeof(requests->flying[token]));
    if (out->poll != NULL)
        out->poll->waiting = false;
    return true;
}

int requests_wait(struct requests *requests, const struct request *deed)
{
    if (requests->deeds_n == requests->deeds_room) {
        size_t room = requests->deeds_room * 2 + 8;
        struct request *deeds = realloc(requests->deeds, room * sizeof(*deeds));

        if (deeds == NULL) {
            json_decref(deed->params);
            return -1;
        }
        requests->deeds = deeds;
        requests->deeds_room = room;
    }
    requests->deeds[requests->deeds_n++] = *deed;
    return 0;
}

static int deeds_flying(const struct requests *requests)
{
    int n = 0;

    for (int i = 0; i < REQUESTS_MAX; i++)
        n += requests->flying[i].done != NULL;
    return n;
}

bool requests_next(struct requests *requests, struct request *out)
{
    if (requests->deeds_n == 0 || deeds_flying(requests) >= REQUESTS_DEEDS ||
        requests_place(requests) < 0)
        return false;
    *out = requests->deeds[0];
    requests->deeds_n--;
    memmove(requests->deeds, requests->deeds + 1, requests->deeds_n * sizeof(*out));
    return true;
}

bool requests_busy(const struct requests *requests)
{
    return requests->deeds_n > 0 || deeds_flying(requests) > 0;
}
