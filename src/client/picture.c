#include "picture.h"

#include <math.h>
#include <poll.h>
#include <string.h>

#include "files.h"
#include "net/connection.h"
#include "start.h"
#include "ui/hud.h"
#include "view.h"

#define SETTLE_US                                                                                  \
    500000 /* after the first block: others' first blocks come with the next ticks                 \
            */
#define NAMELESS_US 5000000 /* a name that does not come is not waited for longer */

struct picture {
    const struct arguments *arguments;
    struct view view;
    struct connection *connection;
    struct heightfield *bare; /* without a server */
    struct camera camera;
};

static void wait_for_network(struct picture *p, uint64_t until_us)
{
    short events;
    uint64_t now = view_clock_us();
    struct pollfd fd = {.fd = session_fd(connection_session(p->connection), &events)};
    fd.events = events;
    if (until_us > now)
        poll(&fd, 1, (int)((until_us - now) / 1000) < 20 ? (int)((until_us - now) / 1000) : 20);
}

/* Why the session ended, as one line. */
static int say_end(const struct session *session, struct error *error)
{
    const struct session_end *end = session_end(session);
    char pins[FILES_PATH_MAX];
    if (end->kind == SESSION_END_KEY_CHANGED &&
        files_path(FILES_CONFIG, "known-servers", pins, NULL) == 0)
        return error_set(error, "%s: %s If it was installed anew, take its line out of %s.",
                         session_server(session), end->text, pins);
    return error_set(error, "%s: %s", session_server(session), end->text);
}

/* Until the world and the figures around are there, or the time is over. */
static int wait_for_world(struct picture *p, struct error *error)
{
    static const struct movement_intent standing = {0};
    uint64_t start = view_clock_us(), now = start, last = start, ready_at = 0;
    uint64_t deadline = start + (uint64_t)p->arguments->timeout_s * 1000000;
    struct session *session = connection_session(p->connection);
    for (; now < deadline; now = view_clock_us()) {
        if (connection_pump(p->connection, now) == SESSION_ENDED)
            return say_end(session, error);
        struct movement_intent still = standing;
        if (connection_playing(p->connection))
            still.yaw = world_prediction(connection_world(p->connection))->state.yaw;
        connection_advance(p->connection, &still, now - last);
        if (connection_world(
                p->connection)) /* who walks is in mid-step when the picture is taken */
            world_show(connection_world(p->connection), now, now - last);
        last = now;
        if (connection_playing(p->connection)) {
            if (!ready_at)
                ready_at = now;
            bool complete = world_complete(connection_world(p->connection));
            if (now >= ready_at + (complete ? SETTLE_US : NAMELESS_US))
                return 0;
        }
        wait_for_network(p, deadline);
    }
    return error_set(error, "%s: the world was not there within %u s (%s)", session_server(session),
                     p->arguments->timeout_s, session_stage(session));
}

static int enter(struct picture *p, struct error *error)
{
    struct session_login login;
    struct connection_handlers handlers = {0};
    char pins[FILES_PATH_MAX];
    bool complete;
    if (start_login(p->arguments, &login, &complete, error) != 0 ||
        files_path(FILES_CONFIG, "known-servers", pins, error) != 0)
        return -1;
    if (!complete)
        return error_set(error,
                         "no password and no token for %s: use --password-file or --token-file",
                         login.user);
    p->connection = connection_new(&handlers, pins, p->arguments->token_file, error);
    if (!p->connection)
        return -1;
    connection_login(p->connection, &login, view_clock_us());
    if (wait_for_world(p, error) != 0)
        return -1;
    return gfx_set_world(p->view.gfx, world_field(connection_world(p->connection)), error);
}

static int make_bare(struct picture *p, struct error *error)
{
    p->bare = heightfield_new(p->arguments->seed, VIEW_BACKDROP_SIZE_M);
    if (!p->bare)
        return error_set(error, "out of memory");
    return gfx_set_world(p->view.gfx, p->bare, error);
}

static int draw(struct picture *p, uint64_t frame_us, struct error *error)
{
    struct world *world = p->connection ? connection_world(p->connection) : NULL;
    struct world_shown shown = {0};
    const struct heightfield *field = p->bare;
    if (world) {
        shown = world_show(world, view_clock_us(), frame_us);
        field = world_field(world);
    } else {
        shown.self.y = heightfield_at(field, 0, 0);
    }
    uint32_t width, height;
    gfx_size(p->view.gfx, &width, &height);
    struct camera_view eye = camera_follow(&p->camera, shown.self, field, 1);
    struct gfx_frame frame = view_frame(&p->view, eye, world, &shown);
    ui_list_begin(&p->view.list, (float)width, (float)height);
    ui_text_begin(p->view.text, p->view.gfx, &p->view.list);
    const struct hud_room room = {.scale = 1};
    hud_draw_plates(p->view.text, &p->view.list, &frame, &shown, &room);
    ui_text_end(p->view.text, p->view.gfx);
    frame.ui = ui_list_view(&p->view.list);
    frame.ui_n = 1;
    frame.aovs = 1u << p->arguments->aov;
    return gfx_draw(p->view.gfx, &frame, error);
}

/* Behind one's figure, or as --look says. */
static void aim(struct picture *p)
{
    const struct arguments_look *look = &p->arguments->look;
    float yaw = 0;
    if (p->connection)
        yaw = (float)world_prediction(connection_world(p->connection))->state.yaw *
              (float)(2 * M_PI / 65536);
    camera_init(&p->camera, yaw);
    if (!look->given)
        return;
    p->camera.yaw_rad = remainderf(-look->yaw_degrees * (float)(M_PI / 180), (float)(2 * M_PI));
    p->camera.pitch_rad = look->pitch_degrees * (float)(M_PI / 180);
    p->camera.distance_m = p->camera.distance_shown_m = look->distance_m;
}

static int run(struct picture *p, struct error *error)
{
    if (view_init(&p->view, p->arguments, NULL, error) != 0)
        return -1;
    if ((p->arguments->server ? enter(p, error) : make_bare(p, error)) != 0)
        return -1;
    aim(p);
    uint64_t last = view_clock_us();
    for (unsigned i = 0; i < p->arguments->frames; i++) {
        uint64_t now = view_clock_us();
        if (p->connection)
            connection_pump(p->connection, now);
        if (draw(p, now - last, error) != 0)
            return -1;
        last = now;
    }
    return gfx_write(p->view.gfx, p->arguments->aov, p->arguments->screenshot, error);
}

int picture_run(const struct arguments *arguments, struct error *error)
{
    struct picture p = {.arguments = arguments};
    int result = run(&p, error) == 0 ? 0 : 1;
    view_fini(&p.view);
    connection_free(p.connection);
    heightfield_free(p.bare);
    return result == 0 && p.view.validation_n > 0 ? 3 : result;
}
