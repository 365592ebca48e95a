#include "window.h"

#include <stdlib.h>

#define GLFW_INCLUDE_VULKAN
#include <GLFW/glfw3.h>

#include "common/compiler.h"

#define EVENTS_MAX 512 /* between two pumps; more are dropped, oldest kept */

struct window {
    GLFWwindow *glfw;
    struct input_event events[EVENTS_MAX];
    unsigned events_first, events_n;
    double pointer_x, pointer_y;
    bool pointer_known, captured;
    int restore[4]; /* x, y, width, height before full screen */
};

static void push(struct window *w, struct input_event event)
{
    if (w->events_n < EVENTS_MAX)
        w->events[(w->events_first + w->events_n++) % EVENTS_MAX] = event;
}

static enum input_key key_of(int key)
{
    static const struct {
        int theirs;
        enum input_key ours;
    } keys[] = {
        {GLFW_KEY_ESCAPE, INPUT_KEY_ESCAPE},
        {GLFW_KEY_ENTER, INPUT_KEY_ENTER},
        {GLFW_KEY_KP_ENTER, INPUT_KEY_ENTER},
        {GLFW_KEY_TAB, INPUT_KEY_TAB},
        {GLFW_KEY_BACKSPACE, INPUT_KEY_BACKSPACE},
        {GLFW_KEY_INSERT, INPUT_KEY_INSERT},
        {GLFW_KEY_DELETE, INPUT_KEY_DELETE},
        {GLFW_KEY_LEFT, INPUT_KEY_LEFT},
        {GLFW_KEY_RIGHT, INPUT_KEY_RIGHT},
        {GLFW_KEY_UP, INPUT_KEY_UP},
        {GLFW_KEY_DOWN, INPUT_KEY_DOWN},
        {GLFW_KEY_PAGE_UP, INPUT_KEY_PAGE_UP},
        {GLFW_KEY_PAGE_DOWN, INPUT_KEY_PAGE_DOWN},
        {GLFW_KEY_HOME, INPUT_KEY_HOME},
        {GLFW_KEY_END, INPUT_KEY_END},
        {GLFW_KEY_SPACE, INPUT_KEY_SPACE},
        {GLFW_KEY_LEFT_SHIFT, INPUT_KEY_SHIFT},
        {GLFW_KEY_RIGHT_SHIFT, INPUT_KEY_SHIFT},
        {GLFW_KEY_W, INPUT_KEY_W},
        {GLFW_KEY_A, INPUT_KEY_A},
        {GLFW_KEY_S, INPUT_KEY_S},
        {GLFW_KEY_D, INPUT_KEY_D},
        {GLFW_KEY_T, INPUT_KEY_T},
        {GLFW_KEY_C, INPUT_KEY_C},
        {GLFW_KEY_V, INPUT_KEY_V},
        {GLFW_KEY_X, INPUT_KEY_X},
        {GLFW_KEY_Y, INPUT_KEY_Y},
        {GLFW_KEY_Z, INPUT_KEY_Z},
        {GLFW_KEY_F3, INPUT_KEY_F3},
        {GLFW_KEY_F11, INPUT_KEY_F11},
        {GLFW_KEY_F12, INPUT_KEY_F12},
    };
    for (unsigned i = 0; i < ARRAY_N(keys); i++)
        if (keys[i].theirs == key)
            return keys[i].ours;
    return INPUT_KEY_NONE;
}

static void on_key(GLFWwindow *glfw, int key, int scancode, int action, int mods)
{
    (void)scancode;
    struct input_event event = {
        .kind = INPUT_KEY, .key = key_of(key), .down = action != GLFW_RELEASE};
    event.repeat = action == GLFW_REPEAT;
    event.mods = (mods & GLFW_MOD_SHIFT ? INPUT_MOD_SHIFT : 0) |
                 (mods & GLFW_MOD_CONTROL ? INPUT_MOD_CONTROL : 0) |
                 (mods & GLFW_MOD_ALT ? INPUT_MOD_ALT : 0);
    if (event.key != INPUT_KEY_NONE)
        push(glfwGetWindowUserPointer(glfw), event);
}

static void on_text(GLFWwindow *glfw, unsigned codepoint)
{
    push(glfwGetWindowUserPointer(glfw),
         (struct input_event){.kind = INPUT_TEXT, .codepoint = codepoint});
}

static void on_pointer(GLFWwindow *glfw, double x, double y)
{
    struct window *w = glfwGetWindowUserPointer(glfw);
    struct input_event event = {.kind = INPUT_POINTER, .x = (float)x, .y = (float)y};
    if (w->pointer_known) {
        event.dx = (float)(x - w->pointer_x);
        event.dy = (float)(y - w->pointer_y);
    }
    w->pointer_x = x;
    w->pointer_y = y;
    w->pointer_known = true;
    push(w, event);
}

static void on_button(GLFWwindow *glfw, int button, int action, int mods)
{
    (void)mods;
    if (button >= 0 && button < INPUT_BUTTONS_N)
        push(glfwGetWindowUserPointer(glfw),
             (struct input_event){.kind = INPUT_BUTTON,
                                  .button = (enum input_button)button,
                                  .down = action == GLFW_PRESS});
}

static void on_wheel(GLFWwindow *glfw, double dx, double dy)
{
    (void)dx;
    push(glfwGetWindowUserPointer(glfw),
         (struct input_event){.kind = INPUT_WHEEL, .dy = (float)dy});
}

static void on_focus(GLFWwindow *glfw, int focused)
{
    push(glfwGetWindowUserPointer(glfw),
         (struct input_event){.kind = INPUT_FOCUS, .down = focused != 0});
}

static int say(struct error *error, const char *what)
{
    const char *why = NULL;
    glfwGetError(&why);
    return error_set(error, "%s: %s", what, why ? why : "no reason given");
}

struct window *window_new(uint32_t width, uint32_t height, const char *title, struct error *error)
{
    struct window *w = calloc(1, sizeof(*w));
    if (!w) {
        error_set(error, "out of memory");
        return NULL;
    }
    if (!glfwInit()) {
        say(error, "no display (for a picture without one see --offscreen)");
        free(w);
        return NULL;
    }
    glfwWindowHint(GLFW_CLIENT_API, GLFW_NO_API);
    glfwWindowHintString(GLFW_X11_CLASS_NAME, "openmmo-client");
    if (glfwVulkanSupported())
        w->glfw = glfwCreateWindow((int)width, (int)height, title, NULL, NULL);
    if (!w->glfw) {
        say(error, "cannot open a window");
        window_free(w);
        return NULL;
    }
    glfwSetWindowUserPointer(w->glfw, w);
    glfwSetWindowSizeLimits(w->glfw, 320, 240, GLFW_DONT_CARE, GLFW_DONT_CARE);
    glfwSetKeyCallback(w->glfw, on_key);
    glfwSetCharCallback(w->glfw, on_text);
    glfwSetCursorPosCallback(w->glfw, on_pointer);
    glfwSetMouseButtonCallback(w->glfw, on_button);
    glfwSetScrollCallback(w->glfw, on_wheel);
    glfwSetWindowFocusCallback(w->glfw, on_focus);
    return w;
}

void window_free(struct window *w)
{
    if (!w)
        return;
    if (w->glfw)
        glfwDestroyWindow(w->glfw);
    glfwTerminate();
    free(w);
}

const char *const *window_instance_extensions(struct window *w, uint32_t *n)
{
    (void)w;
    return glfwGetRequiredInstanceExtensions(n);
}

int window_make_surface(void *window, void *instance, uint64_t *surface, struct error *error)
{
    struct window *w = window;
    VkSurfaceKHR made = VK_NULL_HANDLE;
    if (glfwCreateWindowSurface((VkInstance)instance, w->glfw, NULL, &made) != VK_SUCCESS)
        return say(error, "cannot draw into the window");
    *surface = (uint64_t)made;
    return 0;
}

void window_pump(struct window *w, double timeout_s)
{
    (void)w;
    if (timeout_s > 0)
        glfwWaitEventsTimeout(timeout_s);
    else
        glfwPollEvents();
}

bool window_event(struct window *w, struct input_event *event)
{
    if (w->events_n == 0)
        return false;
    *event = w->events[w->events_first];
    w->events_first = (w->events_first + 1) % EVENTS_MAX;
    w->events_n--;
    return true;
}

bool window_closing(const struct window *w)
{
    return glfwWindowShouldClose(w->glfw);
}

void window_size(const struct window *w, uint32_t *width, uint32_t *height)
{
    int x, y;
    glfwGetFramebufferSize(w->glfw, &x, &y);
    /* A window that is not mapped takes no pictures either: presenting to it would wait for ever.
     */
    if (glfwGetWindowAttrib(w->glfw, GLFW_ICONIFIED) || !glfwGetWindowAttrib(w->glfw, GLFW_VISIBLE))
        x = y = 0;
    *width = (uint32_t)x;
    *height = (uint32_t)y;
}

float window_scale(const struct window *w)
{
    float x, y;
    glfwGetWindowContentScale(w->glfw, &x, &y);
    return x < 0.5f ? 1 : x > 4 ? 4 : x;
}

void window_capture(struct window *w, bool captured)
{
    if (w->captured == captured)
        return;
    w->captured = captured;
    w->pointer_known = false; /* GLFW moves the pointer: that is no turn */
    glfwSetInputMode(w->glfw, GLFW_CURSOR, captured ? GLFW_CURSOR_DISABLED : GLFW_CURSOR_NORMAL);
}

bool window_is_fullscreen(const struct window *w)
{
    return glfwGetWindowMonitor(w->glfw) != NULL;
}

void window_fullscreen(struct window *w, bool fullscreen)
{
    GLFWmonitor *monitor = glfwGetPrimaryMonitor();
    const GLFWvidmode *mode = monitor ? glfwGetVideoMode(monitor) : NULL;
    if (fullscreen == window_is_fullscreen(w) || (fullscreen && !mode))
        return;
    int *r = w->restore;
    if (fullscreen) {
        glfwGetWindowPos(w->glfw, &r[0], &r[1]);
        glfwGetWindowSize(w->glfw, &r[2], &r[3]);
        glfwSetWindowMonitor(w->glfw, monitor, 0, 0, mode->width, mode->height, mode->refreshRate);
    } else {
        glfwSetWindowMonitor(w->glfw, NULL, r[0], r[1], r[2], r[3], GLFW_DONT_CARE);
    }
}

const char *window_clipboard_get(void *window)
{
    const char *text = glfwGetClipboardString(((struct window *)window)->glfw);
    return text ? text : "";
}

void window_clipboard_set(void *window, const char *text)
{
    glfwSetClipboardString(((struct window *)window)->glfw, text);
}
