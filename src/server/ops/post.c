/* post.c -- see post.h. */
#include "ops/post.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL_MS     5000L
#define CONNECT_MS 2000L
#define RETRY_S    3600 /* the longest pause that an answer can ask for */

struct post {
    CURL *curl;
    const _Atomic bool *stop;
};

void post_init(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* What is answered is not read. */
static size_t swallow(char *bytes, size_t size, size_t n, void *context)
{
    (void)bytes, (void)context;
    return size * n;
}

/* A moment that is past, or a number below 0, asks for nothing. */
static uint32_t asked_s(curl_off_t retry_after)
{
    if (retry_after < 0)
        return 0;
    return retry_after > RETRY_S ? RETRY_S : (uint32_t)retry_after;
}

static int look(void *context, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
                curl_off_t up)
{
    const struct post *post = context;

    (void)down_all, (void)down, (void)up_all, (void)up;
    return atomic_load_explicit(post->stop, memory_order_relaxed); /* a flag by itself */
}

struct post *post_new(const _Atomic bool *stop)
{
    struct post *post = calloc(1, sizeof(*post));

    if (post == NULL)
        return NULL;
    post->stop = stop;
    post->curl = curl_easy_init();
    if (post->curl == NULL) {
        free(post);
        return NULL;
    }
    curl_easy_setopt(post->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(post->curl, CURLOPT_TIMEOUT_MS, ALL_MS);
    curl_easy_setopt(post->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(post->curl, CURLOPT_QUICK_EXIT, 1L); /* else it waits for name servers */
    curl_easy_setopt(post->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(post->curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(post->curl, CURLOPT_USERAGENT, "openmmod");
    curl_easy_setopt(post->curl, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(post->curl, CURLOPT_XFERINFOFUNCTION, look);
    curl_easy_setopt(post->curl, CURLOPT_XFERINFODATA, post);
    curl_easy_setopt(post->curl, CURLOPT_NOPROGRESS, 0L);
    return post;
}

void post_free(struct post *post)
{
    if (post == NULL)
        return;
    curl_easy_cleanup(post->curl);
    free(post);
}

void post_send(struct post *post, const char *url, const char *type, const char *header,
               const char *body, struct post_answer *answer)
{
    char error[CURL_ERROR_SIZE] = "", line[120];
    struct curl_slist *headers, *more;
    curl_off_t retry_after = 0;
    CURLcode code;

    memset(answer, 0, sizeof(*answer));
    snprintf(line, sizeof(line), "Content-Type: %s", type);
    headers = curl_slist_append(NULL, line);
    more = header != NULL ? curl_slist_append(headers, header) : headers;
    headers = more != NULL ? more : headers;
    curl_easy_setopt(post->curl, CURLOPT_ERRORBUFFER, error);
    curl_easy_setopt(post->curl, CURLOPT_URL, url);
    curl_easy_setopt(post->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(post->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(post->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
    code = curl_easy_perform(post->curl);
    if (code == CURLE_OK) {
        curl_easy_getinfo(post->curl, CURLINFO_RESPONSE_CODE, &answer->status);
        curl_easy_getinfo(post->curl, CURLINFO_RETRY_AFTER, &retry_after);
        answer->retry_after_s = asked_s(retry_after);
        if (answer->status < 200 || answer->status > 299)
            snprintf(answer->why, sizeof(answer->why), "it answers %ld", answer->status);
    } else
        snprintf(answer->why, sizeof(answer->why), "%s",
                 error[0] != '\0' ? error : curl_easy_strerror(code));
    curl_easy_setopt(post->curl, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(post->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
}
