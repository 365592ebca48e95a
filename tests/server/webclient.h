/* webclient.h -- a web client as its transport sees it: what it is told goes into a picture of the
 * world, as the contract says; whatever breaks it fails the test. For a scene with io_threads 0. */
#ifndef OPENMMO_TEST_WEBCLIENT_H
#define OPENMMO_TEST_WEBCLIENT_H

#include "http/webplayer.h"
#include "scene.h"

#define WEBCLIENT_SEEN 2048

struct webclient_seen {
    char id[WEBPLAYER_ID_MAX], username[256];
    double x, y, z;
};

struct webclient {
    struct scene *scene;
    struct webplayer *player;
    char sid[WEBPLAYER_ID_MAX]; /* once connected */
    char refused[512], ended[512], error[512];
    unsigned acks, errors, last_ack;
    bool stuck;   /* takes nothing */
    bool between; /* two polls: what is said now waits, and what is new is not written */
    /* The picture. */
    struct webclient_seen seen[WEBCLIENT_SEEN];
    unsigned seen_n;
    unsigned states, joined, moved, left, corrected, lines, calls;
    double corrected_x, corrected_z;
    char line_id[32], line_name[256], line[1024], line_time[32];
    uint64_t bytes;
    unsigned parts_most;
    bool leaves; /* within the next call of frames */
};

/* token: NULL: a guest. */
struct webclient *webclient_new(struct scene *scene, const char *token);
/* It has joined and seen its state. */
struct webclient *webclient_join(struct scene *scene, const char *name, double x_m, double z_m);
void webclient_leave(struct webclient *client);
void webclient_free(struct webclient *client); /* leaves */
const struct webclient_seen *webclient_find(const struct webclient *client, const char *id);
/* The picture equals the world within view: none is missing that must be seen, none is there that
 * must not, and all are where they are. */
void webclient_compare(struct webclient *client);

#endif
