/* names.c -- see names.h.
 *
 * What the two threads share lies in a desk of its own, which whoever leaves last frees: the thread
 * may come back from its lookup long after everybody has gone. */
#define _GNU_SOURCE
#include "admin/names.h"

#include <pthread.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/thread.h"
#include "ops/postbox.h"

#define WAITING_MAX 64

struct question {
    struct postbox_item item; /* first */
    struct question *next;
    struct names *names;
    uint64_t tag;
    uid_t uid;
    char name[NAMES_NAME_MAX];
};

struct desk {
    pthread_mutex_t lock; /* over all of it */
    pthread_cond_t changed;
    struct question *oldest, **tail;
    unsigned waiting_n;
    bool looking;            /* the thread is out for a name */
    bool closed;             /* nobody wants one any more */
    bool left;               /* one of the two is gone */
    struct postbox *postbox; /* not used once it is closed */
};

struct names {
    struct desk *desk;
    struct postbox *postbox;
    pthread_t thread;
    names_found_fn *found; /* NULL: it is being freed */
    void *context;
};

static void look_up(struct question *question)
{
    struct passwd entry, *found = NULL;
    char room[4096];

    if (getpwuid_r(question->uid, &entry, room, sizeof(room), &found) == 0 && found != NULL)
        snprintf(question->name, sizeof(question->name), "%s", found->pw_name);
    else
        snprintf(question->name, sizeof(question->name), "%u", (unsigned)question->uid);
}

/* Control. */
static void answered(struct postbox_item *item)
{
    struct question *question = (struct question *)(void *)item;
    struct names *names = question->names;

    if (names->found != NULL)
        names->found(names->context, question->tag, question->name);
    free(question);
}

static void desk_destroy(struct desk *desk)
{
    while (desk->oldest != NULL) {
        struct question *next = desk->oldest->next;

        free(desk->oldest);
        desk->oldest = next;
    }
    pthread_cond_destroy(&desk->changed);
    pthread_mutex_destroy(&desk->lock);
    free(desk);
}

/* Under the lock, which is let go: the first leaves the desk to the other. */
static void desk_leave(struct desk *desk)
{
    bool last = desk->left;

    desk->left = true;
    pthread_mutex_unlock(&desk->lock);
    if (last)
        desk_destroy(desk);
}

static void *serve(void *context)
{
    struct desk *desk = context;

    pthread_mutex_lock(&desk->lock);
    while (!desk->closed) {
        struct question *question = desk->oldest;

        if (question == NULL) {
            pthread_cond_wait(&desk->changed, &desk->lock);
            continue;
        }
        desk->oldest = question->next;
        if (desk->oldest == NULL)
            desk->tail = &desk->oldest;
        desk->waiting_n--;
        desk->looking = true;
        pthread_mutex_unlock(&desk->lock);
        look_up(question);
        pthread_mutex_lock(&desk->lock);
        desk->looking = false;
        if (desk->closed)
            free(question);
        else
            postbox_post(desk->postbox, &question->item);
    }
    desk_leave(desk);
    return NULL;
}

static struct desk *desk_new(struct postbox *postbox)
{
    struct desk *desk = calloc(1, sizeof(*desk));

    if (desk == NULL)
        return NULL;
    pthread_mutex_init(&desk->lock, NULL);
    pthread_cond_init(&desk->changed, NULL);
    desk->tail = &desk->oldest;
    desk->postbox = postbox;
    return desk;
}

struct names *names_new(struct event_base *base, names_found_fn *found, void *context,
                        struct error *error)
{
    struct names *names = calloc(1, sizeof(*names));
    int failed;

    if (names == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    names->found = found;
    names->context = context;
    names->postbox = postbox_new(base, error);
    if (names->postbox == NULL)
        goto fail;
    names->desk = desk_new(names->postbox);
    if (names->desk == NULL) {
        error_set(error, "out of memory");
        goto fail;
    }
    failed = thread_start(&names->thread, "names", serve, names->desk);
    if (failed == 0)
        return names;
    error_set(error, "cannot start the thread that looks up names: %s", strerror(failed));
    desk_destroy(names->desk);
fail:
    postbox_free(names->postbox);
    free(names);
    return NULL;
}

int names_ask(struct names *names, uint64_t tag, uid_t uid)
{
    struct question *question = calloc(1, sizeof(*question));
    struct desk *desk = names->desk;
    bool full;

    if (question == NULL)
        return -1;
    question->item.run = answered;
    question->names = names;
    question->tag = tag;
    question->uid = uid;
    pthread_mutex_lock(&desk->lock);
    full = desk->waiting_n >= WAITING_MAX;
    if (!full) {
        *desk->tail = question;
        desk->tail = &question->next;
        desk->waiting_n++;
        pthread_cond_signal(&desk->changed);
    }
    pthread_mutex_unlock(&desk->lock);
    if (full)
        free(question);
    return full ? -1 : 0;
}

void names_free(struct names *names)
{
    bool looking;

    if (names == NULL)
        return;
    names->found = NULL;
    pthread_mutex_lock(&names->desk->lock);
    names->desk->closed = true;
    looking = names->desk->looking;
    pthread_cond_signal(&names->desk->changed);
    desk_leave(names->desk);
    if (looking)
        pthread_detach(names->thread);
    else
        pthread_join(names->thread, NULL);
    postbox_free(names->postbox); /* nothing is posted once it is closed */
    free(names);
}
