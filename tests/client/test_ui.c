/* The UI without a screen: a login typed by events, the chat's commands, text of many scripts, the
 * controls. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "game/control.h"
#include "game/sight.h"
#include "ui/chat.h"
#include "ui/hud.h"
#include "ui/imgui_shim.h"
#include "ui/list.h"
#include "ui/screens.h"
#include "ui/text.h"

#define WIDTH  1280.0f
#define HEIGHT 720.0f

/* The renderer stays away: textures are numbers. */
uint32_t gfx_ui_texture(struct gfx *gfx, uint32_t width, uint32_t height, bool rgba,
                        const void *pixels)
{
    (void)gfx;
    (void)width;
    (void)height;
    (void)rgba;
    (void)pixels;
    return 7;
}

void gfx_ui_texture_update(struct gfx *gfx, uint32_t texture, uint32_t x, uint32_t y,
                           uint32_t width, uint32_t height, const void *pixels)
{
    (void)gfx;
    (void)texture;
    (void)x;
    (void)y;
    (void)width;
    (void)height;
    (void)pixels;
}

struct ui {
    struct imgui *imgui;
    struct screens screens;
    struct screens_view view;
    enum screens_act act; /* the last that was not NONE */
    uint32_t triangles;
};

static void frame(struct ui *ui)
{
    imgui_begin(ui->imgui, WIDTH, HEIGHT, 1.0f / 60);
    enum screens_act act = screens_draw(&ui->screens, &ui->view);
    const struct gfx_ui *drawn = imgui_end(ui->imgui);
    ui->triangles = drawn->indices_n / 3;
    for (uint32_t i = 0; i < drawn->commands_n; i++) {
        const struct gfx_ui_command *c = &drawn->commands[i];
        assert_true(c->index_first + c->index_n <= drawn->indices_n);
        for (uint32_t n = 0; n < c->index_n; n++)
            assert_true(c->vertex_offset + drawn->indices[c->index_first + n] < drawn->vertices_n);
    }
    if (act != SCREENS_ACT_NONE)
        ui->act = act;
}

static void frames(struct ui *ui, unsigned n)
{
    while (n--)
        frame(ui);
}

/* Press and release within one frame, as fast hands and scripts do. */
static void key(struct ui *ui, enum input_key which)
{
    struct input_event event = {.kind = INPUT_KEY, .key = which, .down = true};
    imgui_event(ui->imgui, &event);
    event.down = false;
    imgui_event(ui->imgui, &event);
    frames(ui, 3);
}

static void type(struct ui *ui, const char *text)
{
    for (; *text; text++) {
        struct input_event event = {.kind = INPUT_TEXT, .codepoint = (unsigned char)*text};
        imgui_event(ui->imgui, &event);
        frame(ui);
    }
}

static void ui_init(struct ui *ui, const char *font)
{
    struct error error = {{0}};
    struct imgui_config config = {.font_path = font, .scale = 1};
    struct settings settings = {.server = "old.example:1"};
    uint32_t width, height;
    memset(ui, 0, sizeof(*ui));
    ui->imgui = imgui_new(&config, &error);
    assert_non_null(ui->imgui);
    assert_non_null(imgui_atlas(ui->imgui, &width, &height));
    assert_true(width > 0 && height > 0);
    imgui_set_texture(ui->imgui, 3);
    screens_init(&ui->screens, &settings);
    ui->view = (struct screens_view){.stage = "connecting",
                                     .server = "old.example:1",
                                     .server_name = "",
                                     .end_text = "the server is restarting",
                                     .retry_text = "Connection refused",
                                     .countdown_s = 3,
                                     .key_known = "sha256:00",
                                     .key_offered = "sha256:11"};
}

static void ui_fini(struct ui *ui)
{
    screens_fini(&ui->screens);
    imgui_free(ui->imgui);
}

static void test_login_by_keys(void **state)
{
    (void)state;
    struct ui ui;
    ui_init(&ui, NULL);
    frames(&ui, 4);
    assert_true(ui.triangles > 100);
    assert_true(imgui_wants_keyboard(ui.imgui)); /* the name has the keyboard: none is saved */
    type(&ui, "alice");
    key(&ui, INPUT_KEY_TAB);
    type(&ui, "correct horse");
    assert_int_equal(ui.act, SCREENS_ACT_NONE);
    key(&ui, INPUT_KEY_ENTER);
    assert_int_equal(ui.act, SCREENS_ACT_LOGIN);
    assert_string_equal(ui.screens.user, "alice");
    assert_string_equal(ui.screens.password, "correct horse");
    assert_string_equal(ui.screens.server, "old.example:1");
    /* Entering the world forgets the password. */
    screens_open(&ui.screens, SCREENS_NONE);
    assert_string_equal(ui.screens.password, "");
    ui_fini(&ui);
}

/* What was typed for a new password is no login's, should the connection drop meanwhile. */
static void test_new_password_is_no_login(void **state)
{
    (void)state;
    struct ui ui;
    ui_init(&ui, NULL);
    screens_open(&ui.screens, SCREENS_NONE);
    screens_open(&ui.screens, SCREENS_PASSWORD);
    strcpy(ui.screens.old, "correct horse");
    strcpy(ui.screens.password, "battery staple");
    screens_open(&ui.screens, SCREENS_LOST);
    assert_string_equal(ui.screens.old, "");
    assert_string_equal(ui.screens.password, "");
    ui_fini(&ui);
}

/* All of it between two frames, as on a slow machine: what was typed goes where it was meant. */
static void test_slow_frames_keep_the_order(void **state)
{
    (void)state;
    static const char name[] = "alice", password[] = "secret 99";
    struct ui ui;
    ui_init(&ui, NULL);
    frames(&ui, 4);
    struct input_event tab = {.kind = INPUT_KEY, .key = INPUT_KEY_TAB, .down = true}, enter = tab;
    for (unsigned i = 0; name[i]; i++)
        imgui_event(ui.imgui,
                    &(struct input_event){.kind = INPUT_TEXT, .codepoint = (unsigned char)name[i]});
    imgui_event(ui.imgui, &tab);
    tab.down = false;
    imgui_event(ui.imgui, &tab);
    for (unsigned i = 0; password[i]; i++)
        imgui_event(ui.imgui, &(struct input_event){.kind = INPUT_TEXT,
                                                    .codepoint = (unsigned char)password[i]});
    enter.key = INPUT_KEY_ENTER;
    imgui_event(ui.imgui, &enter);
    enter.down = false;
    imgui_event(ui.imgui, &enter);
    frames(&ui, 20);
    assert_string_equal(ui.screens.user, "alice");
    assert_string_equal(ui.screens.password, "secret 99");
    assert_int_equal(ui.act, SCREENS_ACT_LOGIN);
    ui_fini(&ui);
}

static void test_login_says_what_is_wrong(void **state)
{
    (void)state;
    struct ui ui;
    ui_init(&ui, NULL);
    frames(&ui, 4);
    type(&ui, "al");
    key(&ui, INPUT_KEY_ENTER);
    assert_int_equal(ui.act, SCREENS_ACT_NONE);
    assert_true(ui.screens.trouble[0]); /* too short a name */
    ui_fini(&ui);
}

static void test_registration_is_checked(void **state)
{
    (void)state;
    struct ui ui;
    ui_init(&ui, NULL);
    ui.screens.tab = SCREENS_TAB_REGISTER;
    frames(&ui, 4);
    type(&ui, "bobby");
    key(&ui, INPUT_KEY_TAB);
    key(&ui, INPUT_KEY_TAB);
    type(&ui, "long enough");
    key(&ui, INPUT_KEY_TAB);
    type(&ui, "long enouhg");
    key(&ui, INPUT_KEY_ENTER);
    assert_int_equal(ui.act, SCREENS_ACT_NONE);
    assert_string_equal(ui.screens.trouble, "The two passwords differ.");
    strcpy(ui.screens.again, ui.screens.password);
    ui.screens.fresh = true;
    frames(&ui, 3);
    key(&ui, INPUT_KEY_ENTER);
    assert_int_equal(ui.act, SCREENS_ACT_REGISTER);
    ui_fini(&ui);
}

static void test_a_code_sets_the_password(void **state)
{
    (void)state;
    struct ui ui;
    ui_init(&ui, NULL);
    ui.screens.tab = SCREENS_TAB_CODE;
    frames(&ui, 4);
    type(&ui, "bobby");
    strcpy(ui.screens.password, "long enough");
    strcpy(ui.screens.again, "long enough");
    key(&ui, INPUT_KEY_ENTER);
    assert_int_equal(ui.act, SCREENS_ACT_NONE);
    assert_string_equal(ui.screens.trouble, "Type the code that an operator gave you.");
    strcpy(ui.screens.invite, "01AB0-CDEFG-HJKMN-PQRST");
    ui.screens.fresh = true;
    frames(&ui, 3);
    key(&ui, INPUT_KEY_ENTER);
    assert_int_equal(ui.act, SCREENS_ACT_CODE);
    ui_fini(&ui);
}

static void test_every_screen_draws(void **state)
{
    (void)state;
    static const enum screens_kind kinds[] = {SCREENS_LOGIN, SCREENS_PROGRESS,
                                              SCREENS_LOST,  SCREENS_KEY_CHANGED,
                                              SCREENS_MENU,  SCREENS_PASSWORD};
    struct ui ui;
    ui_init(&ui, NULL);
    for (unsigned i = 0; i < ARRAY_N(kinds); i++) {
        screens_open(&ui.screens, kinds[i]);
        frames(&ui, 3);
        assert_true(ui.triangles > 50);
        assert_int_equal(ui.act, SCREENS_ACT_NONE);
    }
    screens_open(&ui.screens, SCREENS_NONE);
    frames(&ui, 2);
    assert_int_equal(ui.triangles, 0);
    ui_fini(&ui);
}

static void test_chat_commands(void **state)
{
    (void)state;
    static const struct {
        const char *line, *text; /* NULL: nothing is sent */
        enum protocol_channel channel;
        bool refused;
        const char *about; /* NULL: nobody, it is a line */
    } cases[] = {
        {"/report bob he shouts", "he shouts", PROTOCOL_CHANNEL_NEARBY, false, "bob"},
        {"/report \"Bob B\"  he shouts", "he shouts", PROTOCOL_CHANNEL_NEARBY, false, "Bob B"},
        {"/report bob", NULL, PROTOCOL_CHANNEL_NEARBY, true, NULL},
        {"/report \"bob he", NULL, PROTOCOL_CHANNEL_NEARBY, true, NULL},
        {"/report", NULL, PROTOCOL_CHANNEL_NEARBY, true, NULL},
        {"/reporter bob x", NULL, PROTOCOL_CHANNEL_NEARBY, true, NULL},
        {"hello", "hello", PROTOCOL_CHANNEL_NEARBY, false, NULL},
        {"/g all of you", "all of you", PROTOCOL_CHANNEL_GLOBAL, false, NULL},
        {"still here", "still here", PROTOCOL_CHANNEL_NEARBY, false, NULL},
        {"/g", NULL, PROTOCOL_CHANNEL_GLOBAL, false, NULL},
        {"now to all", "now to all", PROTOCOL_CHANNEL_GLOBAL, false, NULL},
        {"/n   hush", "hush", PROTOCOL_CHANNEL_NEARBY, false, NULL},
        {"", NULL, PROTOCOL_CHANNEL_NEARBY, false, NULL},
        {"   ", NULL, PROTOCOL_CHANNEL_NEARBY, false, NULL},
        {"/go home", NULL, PROTOCOL_CHANNEL_NEARBY, true, NULL},
        {"/kick bob", NULL, PROTOCOL_CHANNEL_NEARBY, true, NULL},
    };
    struct chat *chat = chat_new();
    for (unsigned i = 0; i < ARRAY_N(cases); i++) {
        struct chat_said said;
        const char *refused;
        bool send = chat_read_line(chat, cases[i].line, &said, &refused);
        assert_int_equal(send, cases[i].text != NULL);
        assert_int_equal(refused != NULL, cases[i].refused);
        if (send) {
            assert_string_equal(said.text, cases[i].text);
            assert_int_equal(said.channel, cases[i].channel);
            assert_string_equal(said.about, cases[i].about ? cases[i].about : "");
        }
    }
    chat_free(chat);
}

static void test_chat_is_typed_and_drawn(void **state)
{
    (void)state;
    struct ui ui;
    struct error error = {{0}};
    struct chat *chat = chat_new();
    struct ui_text *text = ui_text_new(&error);
    struct ui_list list;
    struct chat_said said = {0};
    struct chat_place place = {WIDTH, HEIGHT, 1, 10};
    bool sent = false;
    assert_non_null(text);
    ui_init(&ui, ui_text_font_file(text, 0));
    ui_list_init(&list);
    for (unsigned i = 0; i < 3 * CHAT_LINES_MAX; i++)
        chat_add(chat, PROTOCOL_CHANNEL_NEARBY, wire_text_of("bob"),
                 wire_text_of("\x1b[31mred \xff\xfe words"), 9);
    chat_open(chat);
    for (unsigned i = 0; i < 12; i++) {
        struct input_event event = {.kind = INPUT_TEXT, .codepoint = 'a' + i};
        if (i > 2 && i < 6)
            imgui_event(ui.imgui, &event);
        if (i == 8) {
            event = (struct input_event){.kind = INPUT_KEY, .key = INPUT_KEY_ENTER, .down = true};
            imgui_event(ui.imgui, &event);
        }
        imgui_begin(ui.imgui, WIDTH, HEIGHT, 1.0f / 60);
        ui_list_begin(&list, WIDTH, HEIGHT);
        ui_text_begin(text, NULL, &list);
        sent |= chat_draw(chat, text, &list, &place, &said);
        ui_text_end(text, NULL);
        imgui_end(ui.imgui);
        assert_true(ui_list_view(&list)->indices_n > 300);
    }
    assert_true(sent);
    assert_string_equal(said.text, "def");
    assert_false(chat_is_open(chat));
    ui_list_fini(&list);
    ui_text_free(text);
    chat_free(chat);
    ui_fini(&ui);
}

static float width_of(struct ui_text *text, const char *utf8)
{
    return ui_text_width(text, utf8, strlen(utf8), 20);
}

static void test_text_of_many_scripts(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "Alice",
        "Zo\xc3\xab \xc3\x85ngstr\xc3\xb6m",
        "\xd0\x94\xd0\xbc\xd0\xb8\xd1\x82\xd1\x80\xd0\xb8\xd0\xb9", /* Cyrillic */
        "\xd9\x85\xd8\xad\xd9\x85\xd8\xaf",                         /* Arabic */
        "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d abc 12",                  /* Hebrew and Latin */
        "\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99",                     /* CJK: no font here has it */
        "\xf0\x9f\x98\x80\xf0\x9f\x8f\xb4\xe2\x80\x8d\xe2\x98\xa0", /* emoji with a joiner */
        "e\xcc\x81\xcc\x82\xcc\x83",                                /* a pile of marks */
        "\xff\xc0\x80\xed\xa0\x80 broken \xf4\x90\x80\x80\xe2",     /* not UTF-8 */
        "\xe2\x80\xae"
        "abc", /* a bidi control */
    };
    struct error error = {{0}};
    struct ui_text *text = ui_text_new(&error);
    struct ui_list list;
    assert_non_null(text);
    ui_list_init(&list);
    ui_list_begin(&list, WIDTH, HEIGHT);
    ui_text_begin(text, NULL, &list);
    for (unsigned i = 0; i < ARRAY_N(lines); i++) {
        float width = width_of(text, lines[i]);
        uint32_t before = ui_list_view(&list)->indices_n;
        assert_true(width > 3 && width < 20 * 30);
        assert_true(ui_text_draw(text, &list, 10, 100, 20, UI_RGBA(255, 255, 255, 255), lines[i],
                                 strlen(lines[i])) == width);
        assert_true(ui_list_view(&list)->indices_n > before);
    }
    /* Widths are sane: longer is wider, a mark adds nothing, an empty line is nothing. */
    assert_true(width_of(text, "iiii") < width_of(text, "WWWW"));
    assert_true(fabsf(width_of(text, "e\xcc\x81") - width_of(text, "e")) < 1);
    assert_true(width_of(text, "") == 0);
    /* Arabic letters join: together they are narrower than each on its own. */
    assert_true(width_of(text, "\xd9\x85\xd8\xad\xd9\x85\xd8\xaf") <
                width_of(text, "\xd9\x85") + width_of(text, "\xd8\xad") +
                    width_of(text, "\xd9\x85") + width_of(text, "\xd8\xaf"));
    ui_list_fini(&list);
    ui_text_free(text);
}

static void test_text_fits(void **state)
{
    (void)state;
    struct error error = {{0}};
    struct ui_text *text = ui_text_new(&error);
    static const char line[] =
        "one two three \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9";
    assert_non_null(text);
    float two = width_of(text, "one two");
    assert_int_equal(ui_text_fit(text, line, strlen(line), 20, two + 2),
                     8); /* with the space after it */
    assert_int_equal(ui_text_fit(text, line, strlen(line), 20, 10000), strlen(line));
    size_t cut = ui_text_fit(text, line + 14, strlen(line + 14), 20, 30);
    assert_true(cut >= 2 && cut % 2 == 0 && cut < 16); /* between characters, not inside one */
    assert_int_equal(ui_text_fit(text, line, strlen(line), 20, 0), 1); /* always goes on */
    ui_text_free(text);
}

/* Many names at many sizes overrun the atlas: it begins anew and goes on. */
static void test_atlas_overrun(void **state)
{
    (void)state;
    struct error error = {{0}};
    struct ui_text *text = ui_text_new(&error);
    struct ui_list list;
    assert_non_null(text);
    ui_list_init(&list);
    for (unsigned round = 0; round < 40; round++) {
        ui_list_begin(&list, WIDTH, HEIGHT);
        ui_text_begin(text, NULL, &list);
        for (uint32_t c = 0x400; c < 0x480; c++) {
            char utf8[3] = {(char)(0xc0 | c >> 6), (char)(0x80 | (c & 63)), 0};
            ui_text_draw(text, &list, 0, 50, 60 + round % 36, UI_RGBA(1, 2, 3, 4), utf8, 2);
        }
        ui_text_end(text, NULL);
    }
    assert_true(ui_list_view(&list)->indices_n > 100);
    ui_list_fini(&list);
    ui_text_free(text);
}

static void press(struct control *control, struct camera *camera, enum input_key which, bool down)
{
    struct input_event event = {.kind = INPUT_KEY, .key = which, .down = down};
    control_event(control, camera, &event);
}

static void test_control(void **state)
{
    (void)state;
    struct control control = {0};
    struct camera camera;
    camera_init(&camera, 0);
    assert_int_equal(control_intent(&control, &camera, 77).flags, 0);
    assert_int_equal(control_intent(&control, &camera, 77).yaw,
                     77); /* standing keeps looking there */
    press(&control, &camera, INPUT_KEY_W, true);
    assert_int_equal(control_intent(&control, &camera, 77).heading, 0);
    press(&control, &camera, INPUT_KEY_A, true);
    assert_int_equal(control_intent(&control, &camera, 77).heading,
                     8192); /* ahead and left: an eighth, to the left */
    press(&control, &camera, INPUT_KEY_W, false);
    assert_int_equal(control_intent(&control, &camera, 77).heading, 16384);
    press(&control, &camera, INPUT_KEY_SHIFT, true);
    assert_int_equal(control_intent(&control, &camera, 77).flags, MOVEMENT_WALK | MOVEMENT_RUN);
    press(&control, &camera, INPUT_KEY_D, true);
    assert_int_equal(control_intent(&control, &camera, 77).flags, 0); /* left and right: nowhere */
    press(&control, &camera, INPUT_KEY_SPACE, true);
    press(&control, &camera, INPUT_KEY_SPACE, false);
    assert_int_equal(control_intent(&control, &camera, 77).flags,
                     MOVEMENT_JUMP); /* a tap between frames counts */
    assert_int_equal(control_intent(&control, &camera, 77).flags, 0);
    control_event(&control, &camera, &(struct input_event){.kind = INPUT_FOCUS, .down = false});
    assert_int_equal(control_intent(&control, &camera, 77).flags, 0);
}

static void test_mouse(void **state)
{
    (void)state;
    struct control control = {0};
    struct camera camera;
    camera_init(&camera, 0);
    struct input_event down = {.kind = INPUT_BUTTON, .button = INPUT_BUTTON_LEFT, .down = true},
                       up = down;
    struct input_event move = {.kind = INPUT_POINTER, .dx = 50};
    up.down = false;
    control_event(&control, &camera, &move);
    assert_true(camera.yaw_rad == 0); /* not taken: no turn */
    control_event(&control, &camera, &down);
    control_event(&control, &camera, &up);
    assert_true(control.captured); /* a click takes it */
    control_event(&control, &camera, &move);
    assert_true(camera.yaw_rad <
                0); /* the mouse to the right turns to the right: clockwise, yaw falls */
    control_release(&control);
    control_event(&control, &camera, &down);
    control_event(&control, &camera, &move);
    control_event(&control, &camera, &up);
    assert_false(control.captured); /* a drag lets go at its end */
    for (unsigned i = 0; i < 100; i++)
        control_event(&control, &camera, &(struct input_event){.kind = INPUT_WHEEL, .dy = 1});
    assert_true(camera.distance_m == CAMERA_DISTANCE_MIN_M);
}

/* Whatever the ground and the angle: never under it. */
static void test_camera_stays_above_ground(void **state)
{
    (void)state;
    struct heightfield *field = heightfield_new(9, 2048);
    struct camera camera;
    camera_init(&camera, 0);
    camera.distance_m = CAMERA_DISTANCE_MAX_M;
    for (int i = 0; i < 4000; i++) {
        struct space_pos feet = {i * 900, 0, -i * 700};
        feet.y = heightfield_at(field, feet.x, feet.z);
        camera_turn(&camera, 23, i % 200 < 100 ? 9 : -9);
        struct camera_view view = camera_follow(&camera, feet, field, 1.0f / 60);
        int32_t over = view.eye.y - heightfield_at(field, view.eye.x, view.eye.z);
        assert_true(over >= (int32_t)(CAMERA_CLEARANCE_M * SPACE_UNITS_PER_M) - 1);
        assert_true(isfinite(view.pitch_rad));
    }
    heightfield_free(field);
}

/* How many triangles the names of these two heads make, seen from the eye. */
static uint32_t plates_drawn(struct ui_text *text, const struct heightfield *field,
                             struct space_pos eye, const struct space_pos heads[2],
                             struct ui_rect taken)
{
    struct world_plate plates[2] = {{heads[0], "Alice", 10}, {heads[1], "Alice", 12}};
    struct world_shown shown = {.plates = plates, .plates_n = 2, .field = field};
    struct gfx_frame frame = {.eye = eye, .fov_y_rad = 1};
    const struct hud_room room = {1, taken};
    struct ui_list list;
    ui_list_init(&list);
    ui_list_begin(&list, WIDTH, HEIGHT);
    ui_text_begin(text, NULL, &list);
    hud_draw_plates(text, &list, &frame, &shown, &room);
    uint32_t triangles = ui_list_view(&list)->indices_n / 3;
    ui_list_fini(&list);
    return triangles;
}

/* A name is seen over a head in the open; not behind a hill, and not under a nearer name. */
static void test_plates_are_hidden(void **state)
{
    (void)state;
    const int32_t m = SPACE_UNITS_PER_M;
    const struct ui_rect nothing = {0};
    struct error error = {{0}};
    struct heightfield *field = heightfield_new(4, 8192);
    struct ui_text *text = ui_text_new(&error);
    assert_non_null(field);
    assert_non_null(text);
    /* Find a ridge: ground that stands over the line between two places 40 m apart. */
    struct space_pos eye = {0}, head = {0};
    bool found = false;
    for (int32_t i = 0; i < 400 && !found; i++) {
        eye = (struct space_pos){(i % 20 * 60 - 2000) * m, 0, (i / 20 * 60 - 2000) * m};
        head = (struct space_pos){eye.x, 0, eye.z - 40 * m};
        eye.y = heightfield_at(field, eye.x, eye.z) + 2 * m;
        head.y = heightfield_at(field, head.x, head.z) + 2 * m;
        int32_t middle = heightfield_at(field, eye.x, eye.z - 20 * m);
        found = middle > (eye.y + head.y) / 2 + m && abs(head.y - eye.y) < 8 * m;
    }
    assert_true(found);
    assert_true(sight_clearance_m(field, eye, head) < -0.9f);
    struct space_pos aside = {eye.x + 6 * m, head.y, head.z};
    const struct space_pos apart[2] = {head, aside}, together[2] = {head, head};
    uint32_t two = plates_drawn(text, NULL, eye, apart, nothing);
    assert_true(two > 0);
    assert_int_equal(plates_drawn(text, NULL, eye, together, nothing), two / 2);
    struct space_pos behind[2] = {head, head};
    assert_int_equal(plates_drawn(text, field, eye, behind, nothing), 0);
    /* Lifted over the ridge, both ends are in the open. */
    eye.y += 40 * m;
    behind[0].y = behind[1].y = eye.y;
    assert_true(sight_clearance_m(field, eye, behind[0]) > 1);
    assert_int_equal(plates_drawn(text, field, eye, behind, nothing), two / 2);
    ui_text_free(text);
    heightfield_free(field);
}

/* Of two names side by side the farther goes when a good part of it lies under the nearer. */
static void test_plates_do_not_clutter(void **state)
{
    (void)state;
    const int32_t m = SPACE_UNITS_PER_M;
    const struct ui_rect nothing = {0};
    const struct gfx_frame frame = {.fov_y_rad = 1};
    struct error error = {{0}};
    struct ui_text *text = ui_text_new(&error);
    assert_non_null(text);
    struct space_pos heads[2] = {{0, 0, -40 * m}, {0, 0, -40 * m}};
    uint32_t one = plates_drawn(text, NULL, frame.eye, heads, nothing);
    float x[3], y, depth_m;
    unsigned shown_at = 0, clear_at = 0;
    for (unsigned i = 1; i < 200 && !(shown_at && clear_at); i++) { /* a decimetre more each */
        const struct ui_rect right = {WIDTH / 2.0f, 0, WIDTH, HEIGHT};
        heads[1].x = (int32_t)i * m / 10;
        if (!shown_at && plates_drawn(text, NULL, frame.eye, heads, nothing) > one)
            shown_at = i;
        /* Where a quarter of a name is under the right half of the screen, it is just drawn: its
         * middle is a quarter of its width away from there. */
        struct space_pos alone[2] = {{-(int32_t)i * m / 10, 0, -40 * m}, {0, 0, 400 * m}};
        if (!clear_at && plates_drawn(text, NULL, frame.eye, alone, right) == one)
            clear_at = i;
    }
    assert_true(shown_at > 0 && clear_at > 0);
    for (unsigned i = 0; i < 3; i++) {
        struct space_pos at = {(i == 1   ? (int32_t)shown_at
                                : i == 2 ? -(int32_t)clear_at
                                         : 0) *
                                   m / 10,
                               0, -40 * m};
        assert_true(gfx_project(&frame, WIDTH, HEIGHT, at, &x[i], &y, &depth_m));
    }
    float width = 4 * (x[0] - x[2]), covered = 1 - (x[1] - x[0]) / width;
    print_message("drawn where less than %.0f %% is covered\n", 100 * covered);
    assert_true(covered > 0.1f && covered < 0.4f);
    ui_text_free(text);
}

/* How fast the world runs is said only while that is not real time, and all of it is on the screen.
 */
static void test_tempo_is_said(void **state)
{
    (void)state;
    static const unsigned permilles[] = {1000, 999, 400, 100};
    struct error error = {{0}};
    struct ui_text *text = ui_text_new(&error);
    assert_non_null(text);
    uint32_t drawn[ARRAY_N(permilles)];
    for (size_t i = 0; i < ARRAY_N(permilles); i++) {
        struct ui_list list;
        ui_list_init(&list);
        ui_list_begin(&list, WIDTH, HEIGHT);
        ui_text_begin(text, NULL, &list);
        hud_draw_tempo(text, &list, permilles[i], 1);
        drawn[i] = ui_list_view(&list)->indices_n;
        for (uint32_t v = 0; v < list.vertices_n; v++)
            assert_true(list.vertices[v].x >= 0 && list.vertices[v].x <= WIDTH &&
                        list.vertices[v].y >= 0 && list.vertices[v].y <= HEIGHT);
        ui_list_fini(&list);
    }
    assert_int_equal(drawn[0], 0);
    assert_true(drawn[2] > 0);
    assert_int_equal(drawn[1], drawn[2]); /* 99 %, never 100 */
    assert_int_equal(drawn[2], drawn[3]);
    ui_text_free(text);
}

/* A name makes way for what is read below it: the chat's lines. */
static void test_plates_make_way_for_the_chat(void **state)
{
    (void)state;
    const int32_t m = SPACE_UNITS_PER_M;
    const struct space_pos eye = {0}, heads[2] = {{-2 * m, -m / 2, -6 * m}, {3 * m, 0, -6 * m}};
    const struct ui_rect nothing = {0}, left = {0, 0, WIDTH / 2, HEIGHT};
    struct chat_place place = {WIDTH, HEIGHT, 1, 100};
    struct ui_list list;
    struct chat_said said;
    struct error error = {{0}};
    struct ui_text *text = ui_text_new(&error);
    struct chat *chat = chat_new();
    assert_non_null(text);
    assert_non_null(chat);
    uint32_t two = plates_drawn(text, NULL, eye, heads, nothing);
    assert_true(two > 0);
    assert_int_equal(plates_drawn(text, NULL, eye, heads, left), two / 2);
    /* The chat says where it stands: nowhere, then over its lines, and nowhere when they are old.
     */
    ui_list_init(&list);
    for (unsigned i = 0; i < 3; i++) {
        if (i == 1)
            chat_add(chat, PROTOCOL_CHANNEL_NEARBY, wire_text_of("Alice"), wire_text_of("tea"),
                     100);
        place.now_s = i == 2 ? 200 : 100;
        ui_list_begin(&list, WIDTH, HEIGHT);
        ui_text_begin(text, NULL, &list);
        assert_false(chat_draw(chat, text, &list, &place, &said));
        struct ui_rect area = chat_area(chat);
        assert_int_equal(area.y1 > area.y0, i == 1);
        assert_true(area.x1 < WIDTH && area.y0 > HEIGHT / 2);
    }
    ui_list_fini(&list);
    chat_free(chat);
    ui_text_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_login_by_keys),
        cmocka_unit_test(test_new_password_is_no_login),
        cmocka_unit_test(test_slow_frames_keep_the_order),
        cmocka_unit_test(test_login_says_what_is_wrong),
        cmocka_unit_test(test_registration_is_checked),
        cmocka_unit_test(test_a_code_sets_the_password),
        cmocka_unit_test(test_every_screen_draws),
        cmocka_unit_test(test_chat_commands),
        cmocka_unit_test(test_chat_is_typed_and_drawn),
        cmocka_unit_test(test_text_of_many_scripts),
        cmocka_unit_test(test_text_fits),
        cmocka_unit_test(test_atlas_overrun),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_mouse),
        cmocka_unit_test(test_camera_stays_above_ground),
        cmocka_unit_test(test_plates_are_hidden),
        cmocka_unit_test(test_plates_do_not_clutter),
        cmocka_unit_test(test_tempo_is_said),
        cmocka_unit_test(test_plates_make_way_for_the_chat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
