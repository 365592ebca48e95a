/* webclient.c -- see webclient.h. */
#include "webclient.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "http/webtext.h"

/* ---- the picture ---- */

static struct webclient_seen *find(struct webclient *client, const char *id)
{
    for (unsigned i = 0; i < client->seen_n; i++) {
        if (strcmp(client->seen[i].id, id) == 0)
            return &client->seen[i];
    }
    return NULL;
}

const struct webclient_seen *webclient_find(const struct webclient *client, const char *id)
{
    return find((struct webclient *)(uintptr_t)client, id);
}

static void place(struct webclient_seen *seen, json_t *position)
{
    seen->x = json_number_value(json_object_get(position, "x"));
    seen->y = json_number_value(json_object_get(position, "y"));
    seen->z = json_number_value(json_object_get(position, "z"));
    assert_int_equal(json_object_size(position), 3);
}

static void add(struct webclient *client, json_t *row)
{
    const char *id = json_string_value(json_object_get(row, "id"));
    const char *name = json_string_value(json_object_get(row, "username"));
    struct webclient_seen *seen = find(client, id);

    assert_int_equal(json_object_size(row), 3);
    assert_string_not_equal(id, client->sid);
    assert_null(seen);
    seen = &client->seen[client->seen_n++];
    assert_true(client->seen_n < WEBCLIENT_SEEN);
    snprintf(seen->id, sizeof(seen->id), "%s", id);
    snprintf(seen->username, sizeof(seen->username), "%s", name);
    place(seen, json_object_get(row, "position"));
}

static void take(struct webclient *client, const char *event, json_t *what)
{
    const char *id = json_string_value(json_object_get(what, "id"));
    struct webclient_seen *seen;

    if (strcmp(event, "player:joined") == 0) {
        client->joined++;
        assert_true(client->states > 0);
        add(client, what);
    } else if (strcmp(event, "player:moved") == 0) {
        client->moved++;
        assert_string_not_equal(id, client->sid);
        assert_non_null(find(client, id));
        place(find(client, id), json_object_get(what, "position"));
    } else if (strcmp(event, "player:left") == 0) {
        client->left++;
        seen = find(client, id);
        assert_non_null(seen);
        *seen = client->seen[--client->seen_n];
    } else if (strcmp(event, "game:state") == 0) {
        json_t *row;
        size_t i;

        client->states++;
        client->seen_n = 0; /* it is all there is to know */
        json_array_foreach(json_object_get(what, "players"), i, row) add(client, row);
    } else if (strcmp(event, "player:corrected") == 0) {
        json_t *position = json_object_get(what, "position");

        client->corrected++;
        client->corrected_x = json_number_value(json_object_get(position, "x"));
        client->corrected_z = json_number_value(json_object_get(position, "z"));
    } else {
        assert_string_equal(event, "chat:message");
        client->lines++;
        snprintf(client->line_id, sizeof(client->line_id), "%s", id);
        snprintf(client->line_name, sizeof(client->line_name), "%s",
                 json_string_value(json_object_get(what, "username")));
        snprintf(client->line, sizeof(client->line), "%s",
                 json_string_value(json_object_get(what, "message")));
        snprintf(client->line_time, sizeof(client->line_time), "%s",
                 json_string_value(json_object_get(what, "timestamp")));
    }
}

/* ---- handlers ---- */

static void on_connected(void *context, const char *sid)
{
    struct webclient *client = context;

    assert_string_equal(client->sid, "");
    snprintf(client->sid, sizeof(client->sid), "%s", sid);
}

static void on_refused(void *context, const char *text)
{
    struct webclient *client = context;

    snprintf(client->refused, sizeof(client->refused), "%s", text);
}

static bool on_writable(void *context)
{
    struct webclient *client = context;

    return !client->stuck && !client->between;
}

/* One frame off. Returns its bytes. */
static size_t take_frame(struct webclient *client, const uint8_t *bytes, size_t n)
{
    size_t head = 2, len = bytes[1];
    json_error_t error;
    json_t *packet;

    assert_true(n >= 2);
    assert_int_equal(bytes[0], 0x81);
    if (len == 126) {
        len = (size_t)bytes[2] << 8 | bytes[3];
        assert_true(len > 125);
        head = 4;
    } else if (len == 127) {
        len = 0;
        for (unsigned i = 2; i < 10; i++)
            len = len << 8 | bytes[i];
        assert_true(len > UINT16_MAX);
        head = 10;
    }
    assert_true(head + len <= n);
    assert_memory_equal(bytes + head, "42", 2);
    packet = json_loadb((const char *)bytes + head + 2, len - 2, JSON_REJECT_DUPLICATES, &error);
    if (packet == NULL)
        fail_msg("%s: %.*s", error.text, (int)len, (const char *)bytes + head);
    assert_int_equal(json_array_size(packet), 2);
    take(client, json_string_value(json_array_get(packet, 0)), json_array_get(packet, 1));
    json_decref(packet);
    return head + len;
}

static void on_frames(void *context, const struct iovec *parts, unsigned parts_n)
{
    struct webclient *client = context;
    size_t n = 0, at = 0;
    uint8_t *bytes;

    assert_false(client->stuck);
    assert_true(parts_n <= WEBPLAYER_PARTS_MAX);
    client->calls++;
    if (parts_n > client->parts_most)
        client->parts_most = parts_n;
    for (unsigned i = 0; i < parts_n; i++)
        n += parts[i].iov_len;
    bytes = malloc(n + 1);
    for (unsigned i = 0; i < parts_n; i++) {
        assert_true(parts[i].iov_len > 0);
        memcpy(bytes + at, parts[i].iov_base, parts[i].iov_len);
        at += parts[i].iov_len;
    }
    for (at = 0; at < n;)
        at += take_frame(client, bytes + at, n - at);
    client->bytes += n;
    free(bytes);
    if (client->leaves)
        webclient_leave(client);
}

static void on_acked(void *context, uint32_t ack, const char *error)
{
    struct webclient *client = context;

    client->last_ack = ack;
    client->acks++;
    client->errors += error != NULL;
    snprintf(client->error, sizeof(client->error), "%s", error != NULL ? error : "");
}

static void on_ended(void *context, const char *reason)
{
    struct webclient *client = context;

    assert_string_equal(client->ended, "");
    snprintf(client->ended, sizeof(client->ended), "%s", reason);
}

static const struct webplayer_handlers handlers = {on_connected, on_refused, on_writable,
                                                   on_frames,    on_acked,   on_ended};

/* ---- life ---- */

struct webclient *webclient_new(struct scene *scene, const char *token)
{
    struct webclient *client = calloc(1, sizeof(*client));
    struct sockaddr_storage address = {.ss_family = AF_INET};

    client->scene = scene;
    client->player =
        webplayer_new(sessions_host(scene->sessions, 0), &address, token, &handlers, client);
    assert_non_null(client->player);
    return client;
}

struct webclient *webclient_join(struct scene *scene, const char *name, double x_m, double z_m)
{
    struct webclient *client = webclient_new(scene, NULL);

    for (unsigned i = 0; i < 20 && client->sid[0] == '\0'; i++)
        scene_step(scene);
    webplayer_join(client->player, name, (double[3]){x_m, 0, z_m}, 1);
    for (unsigned i = 0; i < 20 && client->states == 0; i++)
        scene_step(scene);
    assert_int_equal(client->states, 1);
    assert_int_equal(client->acks, 1);
    return client;
}

void webclient_leave(struct webclient *client)
{
    webplayer_leave(client->player);
    client->player = NULL;
}

void webclient_free(struct webclient *client)
{
    webclient_leave(client);
    free(client);
}

/* ---- the world beside it ---- */

static double gap_m(struct space_cell a, struct space_cell b)
{
    double dx = abs(a.x - b.x) - 1, dz = abs(a.z - b.z) - 1;

    return SPACE_CELL_M * hypot(dx > 0 ? dx : 0, dz > 0 ? dz : 0);
}

static const struct snapshot_entity *own(const struct webclient *client,
                                         const struct snapshot *snapshot)
{
    char id[WEBPLAYER_ID_MAX];

    for (uint32_t slot = 0; slot < snapshot_slots_n(snapshot); slot++) {
        const struct snapshot_entity *e = snapshot_slot(snapshot, slot);

        if (e == NULL)
            continue;
        *webtext_id(id, WEBTEXT_KEY(e->session, e->id)) = '\0';
        if (strcmp(id, client->sid) == 0)
            return e;
    }
    return NULL;
}

static void compare_one(struct webclient *client, const struct snapshot_entity *self,
                        const struct snapshot_entity *e, unsigned *seen_n)
{
    double gap = gap_m(space_cell_of(self->state.pos), space_cell_of(e->state.pos));
    bool shown = e->layer == 0 || e->layer == self->layer;
    const struct webclient_seen *seen;
    char id[WEBPLAYER_ID_MAX];

    *webtext_id(id, WEBTEXT_KEY(e->session, e->id)) = '\0';
    seen = find(client, id);
    if (seen == NULL) {
        if (shown && gap < client->scene->config.view_m)
            fail_msg("%s is missing, %.0f m away", id, gap);
        return;
    }
    (*seen_n)++;
    if (!shown || gap > client->scene->config.view_m + 91)
        fail_msg("%s should not be seen", id);
    assert_int_equal(strlen(seen->username), e->name->len_bytes);
    assert_memory_equal(seen->username, e->name->bytes, e->name->len_bytes);
    if (fabs(seen->x - (double)e->state.pos.x / SPACE_UNITS_PER_M) > 0.001 ||
        fabs(seen->y - (double)e->state.pos.y / SPACE_UNITS_PER_M) > 0.001 ||
        fabs(seen->z - (double)e->state.pos.z / SPACE_UNITS_PER_M) > 0.001)
        fail_msg("%s is said to be at %f %f %f, and is at %f %f %f", id, seen->x, seen->y, seen->z,
                 (double)e->state.pos.x / SPACE_UNITS_PER_M,
                 (double)e->state.pos.y / SPACE_UNITS_PER_M,
                 (double)e->state.pos.z / SPACE_UNITS_PER_M);
}

void webclient_compare(struct webclient *client)
{
    struct snapshot *snapshot = sim_snapshot(client->scene->sim);
    const struct snapshot_entity *self = own(client, snapshot);
    unsigned seen_n = 0;

    assert_non_null(self);
    for (uint32_t slot = 0; slot < snapshot_slots_n(snapshot); slot++) {
        const struct snapshot_entity *e = snapshot_slot(snapshot, slot);

        if (e != NULL && e != self)
            compare_one(client, self, e, &seen_n);
    }
    assert_int_equal(seen_n, client->seen_n); /* and nobody who is not there */
    snapshot_unref(snapshot);
}
