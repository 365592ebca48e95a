/* test_window.c -- gfx in a real window, on a display of its own (Xvfb): frames, a resize, a
 * minimised window, a swapchain that goes out of date; with validation on and no message from it.
 */
#define _GNU_SOURCE
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>
#include <vulkan/vulkan_core.h>

#include "picture.h"

#define DISPLAY_TIMEOUT_MS 15000

VkResult glfwCreateWindowSurface(VkInstance instance, GLFWwindow *window,
                                 const VkAllocationCallbacks *callbacks, VkSurfaceKHR *surface);

struct fixture {
    pid_t display; /* 0: none */
    GLFWwindow *window;
    struct picture_scene scene;
    struct gfx *gfx;
    unsigned messages_n;
};

static struct fixture fixture;

/* Start Xvfb; it chooses a free number and writes it to us. Returns -1 where it is not installed.
 */
static int start_display(void)
{
    char number[16] = ":", *end;
    size_t used = 1;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    fixture.display = fork();
    if (!fixture.display) {
        int null = open("/dev/null", O_RDWR);
        char fd[16];

        dup2(null, 1);
        dup2(null, 2);
        close(fds[0]);
        snprintf(fd, sizeof(fd), "%d", fds[1]);
        execlp("Xvfb", "Xvfb", "-displayfd", fd, "-screen", "0", "800x600x24", "-nolisten", "tcp",
               (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    /* The number and its newline may come apart; before the newline is read the pipe must stay
     * open. */
    while (!strchr(number, '\n') && used < sizeof(number) - 1) {
        struct pollfd ready = {.fd = fds[0], .events = POLLIN};
        ssize_t n = -1;

        if (poll(&ready, 1, DISPLAY_TIMEOUT_MS) == 1)
            n = read(fds[0], number + used, sizeof(number) - 1 - used);
        if (n < 1)
            break;
        used += (size_t)n;
    }
    close(fds[0]);
    end = strchr(number, '\n');
    if (!end)
        return -1;
    *end = '\0';
    setenv("DISPLAY", number, 1);
    unsetenv("WAYLAND_DISPLAY");
    return 0;
}

static int make_surface(void *context, void *instance, uint64_t *surface, struct error *error)
{
    VkSurfaceKHR made;

    if (glfwCreateWindowSurface(instance, context, NULL, &made) != VK_SUCCESS)
        return error_set(error, "no surface");
    *surface = (uint64_t)(uintptr_t)made;
    return 0;
}

static void count_message(void *context, const char *text)
{
    struct fixture *f = context;

    if (!f->messages_n++)
        print_message("%s\n", text);
}

static void open_gfx(const char *fault)
{
    struct gfx_config config = {
        .make_surface = make_surface,
        .surface_context = fixture.window,
        .width = 320,
        .height = 180,
        .validation = true,
        .on_validation = count_message,
        .validation_context = &fixture,
        .fault = fault,
        .field = fixture.scene.field,
    };
    struct error error = {""};

    config.instance_extensions = glfwGetRequiredInstanceExtensions(&config.instance_extensions_n);
    fixture.messages_n = 0;
    fixture.gfx = gfx_new(&config, &error);
    if (!fixture.gfx && picture_must_skip(error.text)) {
        print_message("SKIPPED: %s\n", error.text);
        skip();
    }
    if (!fixture.gfx)
        fail_msg("%s", error.text);
}

static void draw(unsigned frames)
{
    struct error error = {""};

    for (unsigned i = 0; i < frames; i++) {
        glfwPollEvents();
        if (gfx_draw(fixture.gfx, &fixture.scene.frame, &error))
            fail_msg("%s", error.text);
    }
}

static void close_gfx(void)
{
    gfx_free(fixture.gfx);
    fixture.gfx = NULL;
    assert_int_equal(fixture.messages_n, 0);
}

static void on_glfw_error(int code, const char *text)
{
    print_message("glfw %d: %s\n", code, text);
}

static int setup(void **state)
{
    (void)state;
    picture_use_software();
    picture_scene_draw(&fixture.scene, picture_seed());
    if (start_display())
        return 0; /* no Xvfb here: the tests skip */
    glfwSetErrorCallback(on_glfw_error);
    if (!glfwInit())
        return -1;
    glfwWindowHint(GLFW_CLIENT_API, GLFW_NO_API);
    fixture.window = glfwCreateWindow(320, 180, "openmmo test", NULL, NULL);
    return fixture.window ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    gfx_free(fixture.gfx);
    if (fixture.window)
        glfwDestroyWindow(fixture.window);
    glfwTerminate();
    if (fixture.display > 0) {
        kill(fixture.display, SIGTERM);
        waitpid(fixture.display, NULL, 0);
    }
    picture_scene_fini(&fixture.scene);
    return 0;
}

static void need_window(void)
{
    if (!fixture.window) {
        print_message("SKIPPED: no window: Xvfb is not installed or did not start\n");
        skip();
    }
}

/* How many distinct colours the picture has: a picture of something has many. */
static unsigned colours_of(const uint8_t *pixels, uint32_t n)
{
    static uint8_t seen[1 << 15];
    unsigned count = 0;

    memset(seen, 0, sizeof(seen));
    for (uint32_t i = 0; i < n; i++) {
        unsigned at = (unsigned)(pixels[i * 4] >> 3 << 10 | pixels[i * 4 + 1] >> 3 << 5 |
                                 pixels[i * 4 + 2] >> 3);

        count += !seen[at];
        seen[at] = 1;
    }
    return count;
}

static void test_shows_frames_and_follows_size(void **state)
{
    uint32_t width, height;
    struct error error = {""};
    uint8_t *pixels;

    (void)state;
    need_window();
    open_gfx(NULL);
    draw(4);
    gfx_size(fixture.gfx, &width, &height);
    assert_int_equal(width, 320);
    glfwSetWindowSize(fixture.window, 400, 260);
    for (int i = 0; i < 200 && width != 400; i++) { /* the server answers when it likes */
        int w, h;

        glfwWaitEventsTimeout(0.05);
        glfwGetFramebufferSize(fixture.window, &w, &h);
        gfx_resize(fixture.gfx, (uint32_t)w, (uint32_t)h);
        draw(1);
        gfx_size(fixture.gfx, &width, &height);
    }
    assert_int_equal(width, 400);
    assert_int_equal(height, 260);
    draw(3);
    pixels = gfx_read(fixture.gfx, GFX_AOV_COLOUR, &width, &height, &error);
    assert_non_null(pixels);
    assert_true(colours_of(pixels, width * height) > 50);
    free(pixels);
    draw(2); /* reading does not disturb what follows */
    glfwSetWindowSize(fixture.window, 320, 180);
    close_gfx();
}

static void test_minimised_frames_are_skipped(void **state)
{
    (void)state;
    need_window();
    open_gfx(NULL);
    draw(1);
    gfx_resize(fixture.gfx, 0, 0);
    draw(3);
    gfx_resize(fixture.gfx, 320, 180);
    draw(3);
    close_gfx();
}

static void test_out_of_date_swapchain_is_rebuilt(void **state)
{
    (void)state;
    need_window();
#ifdef TEST_FAULTS
    open_gfx("out-of-date");
    draw(10);
    close_gfx();
#else
    print_message("SKIPPED: planted faults need --enable-test-faults\n");
    skip();
#endif
}

/* Hidden between the question whether it shows and the picture: frames fall out, nothing ends. */
static void test_hidden_window_is_no_error(void **state)
{
    (void)state;
    need_window();
    open_gfx(NULL);
    draw(2);
    glfwHideWindow(fixture.window);
    draw(4);
    glfwShowWindow(fixture.window);
    draw(4);
    close_gfx();
#ifdef TEST_FAULTS
    open_gfx("no-image");
    draw(10);
    close_gfx();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shows_frames_and_follows_size),
        cmocka_unit_test(test_minimised_frames_are_skipped),
        cmocka_unit_test(test_out_of_date_swapchain_is_rebuilt),
        cmocka_unit_test(test_hidden_window_is_no_error),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
