/* test_offscreen.c -- the program as scripts use it: pictures without a display, and one clear line
 * where it cannot. */
#define _GNU_SOURCE
#include <config.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <stb/stb_image.h>

#include "picture.h"

#define DEADLINE_MS 120000

static char folder[] = "/tmp/openmmo-offscreen-XXXXXX";
static char picture_path[64], output_path[64], password_path[64];
static char output[65536]; /* what the last run wrote */

static int client(const char *const arguments[])
{
    const char *argv[24] = {"./openmmo-client"};
    for (unsigned i = 0; arguments[i]; i++)
        argv[i + 1] = arguments[i];
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int out = open(output_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out, 1);
        dup2(out, 2);
        execv(argv[0], (char *const *)argv);
        _exit(127);
    }
    int status = 0;
    for (unsigned ms = 0; waitpid(pid, &status, WNOHANG) != pid; ms += 10) {
        if (ms > DEADLINE_MS) {
            kill(pid, SIGKILL);
            waitpid(pid, &status, 0);
            fail_msg("the client does not end");
        }
        poll(NULL, 0, 10);
    }
    FILE *file = fopen(output_path, "r");
    assert_non_null(file);
    output[fread(output, 1, sizeof(output) - 1, file)] = '\0';
    fclose(file);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Is there something to draw with at all? */
static void need_a_device(void)
{
    const char *arguments[] = {"--offscreen", "16x16", "--screenshot", picture_path, NULL};
    if (client(arguments) == 1 && picture_must_skip(output)) {
        print_message("SKIPPED: %s", output);
        skip();
    }
}

#define CLIENT(...) client((const char *[]){__VA_ARGS__, NULL})

static void test_pictures(void **state)
{
    (void)state;
    need_a_device();
    static const char *const aovs[] = {"colour", "depth", "id", "normal"};
    for (unsigned i = 0; i < ARRAY_N(aovs); i++) {
        int w, h, channels;
        unlink(picture_path);
        int status = CLIENT("--offscreen", "160x90", "--screenshot", picture_path, "--aov", aovs[i],
                            "--validation", "--seed", "5", "--frames", "3");
        if (status != 0)
            print_message("%s", output);
        assert_int_equal(status, 0);
        assert_true(stbi_info(picture_path, &w, &h, &channels));
        assert_int_equal(w, 160);
        assert_int_equal(h, 90);
    }
}

static uint8_t *draw(const char *seed, const char *hour)
{
    int w, h, channels;
    assert_int_equal(CLIENT("--offscreen", "96x64", "--screenshot", picture_path, "--seed", seed,
                            "--hour", hour),
                     0);
    uint8_t *pixels = stbi_load(picture_path, &w, &h, &channels, 3);
    assert_non_null(pixels);
    return pixels;
}

/* The options reach the picture: another seed or hour is another picture, the same is the same. */
static void test_seed_and_hour_count(void **state)
{
    (void)state;
    need_a_device();
    uint8_t *a = draw("1", "12"), *same = draw("1", "12"), *ground = draw("2", "12"),
            *sun = draw("1", "19");
    assert_memory_equal(a, same, 96 * 64 * 3);
    assert_memory_not_equal(a, ground, 96 * 64 * 3);
    assert_memory_not_equal(a, sun, 96 * 64 * 3);
    stbi_image_free(a);
    stbi_image_free(same);
    stbi_image_free(ground);
    stbi_image_free(sun);
}

static float *draw_depth(const char *look)
{
    size_t n = 96 * 64;
    char path[80];
    snprintf(path, sizeof(path), "%s/depth.bin", folder);
    assert_int_equal(
        CLIENT("--offscreen", "96x64", "--screenshot", path, "--aov", "depth", "--look", look), 0);
    float *depth = calloc(n, sizeof(*depth));
    FILE *file = fopen(path, "rb");
    assert_non_null(depth);
    assert_non_null(file);
    assert_int_equal(fread(depth, sizeof(*depth), n, file), n);
    fclose(file);
    return depth;
}

/* --look: down upon the ground in front of one's feet, and past the figure into the sky. */
static void test_look_aims(void **state)
{
    (void)state;
    need_a_device();
    float *down = draw_depth("90,-60,10"), *up = draw_depth("90,20,10"),
          *back = draw_depth("270,-60,10");
    size_t middle = 32 * 96 + 48;
    assert_true(down[middle] > 10 && down[middle] < 14);
    assert_true(isinf(up[96 * 2 + 48]));
    assert_memory_not_equal(down, back, 96 * 64 * sizeof(*down));
    free(down);
    free(up);
    free(back);
}

static void test_wrong_use_is_one_line(void **state)
{
    (void)state;
    need_a_device();
    static const struct {
        const char *arguments[8], *says;
        int status;
    } cases[] = {
        {{"--offscreen", "10x", "--screenshot", "x"}, "is no size", 2},
        {{"--offscreen", "64x64"}, "needs --screenshot", 2},
        {{"--screenshot", "x"}, "need --offscreen", 2},
        {{"--hour", "25"}, "is no hour", 2},
        {{"--look", "1,2"}, "is no look", 2},
        {{"--look", "1,nan,5"}, "is no look", 2},
        {{"--look", "0,0,5"}, "need --offscreen", 2},
        {{"--user", "a"}, "3 to 50 characters", 2},
        {{"world"}, "is not understood", 2},
        {{"--nope"}, "--nope is no option", 2},
        {{"-xy", "--help"}, "no options of one letter", 2},
        {{"--register=1"}, "--register=1 is no option, or is not used so", 2},
        {{"--size"}, "--size needs a value", 2},
        {{"--offscreen", "64x64", "--screenshot", "x", "--server", "a"}, "needs --user", 2},
        {{"--offscreen", "64x64", "--screenshot", "x", "--device", "no such card"},
         "no such card",
         1},
        {{"--offscreen", "64x64", "--screenshot", "/no/such/folder.png"}, "/no/such/folder.png", 1},
        {{"--server", "a:0"}, "display", 1}, /* no display comes first */
    };
    for (unsigned i = 0; i < ARRAY_N(cases); i++) {
        int status = client(cases[i].arguments);
        if (status != cases[i].status || !strstr(output, cases[i].says))
            fail_msg("case %u: status %d, \"%s\"", i, status, output);
        if (strchr(output, '\n') != output + strlen(output) - 1)
            fail_msg("case %u: not one line: \"%s\"", i, output);
    }
}

static void test_no_server_is_one_line(void **state)
{
    (void)state;
    int status = CLIENT("--offscreen", "64x64", "--screenshot", picture_path, "--server",
                        "127.0.0.1:1", "--user", "alice", "--password-file", password_path);
    assert_int_equal(status, 1);
    assert_non_null(strstr(output, "openmmo-client: 127.0.0.1:1: "));
    status = CLIENT("--offscreen", "64x64", "--screenshot", picture_path, "--server", "127.0.0.1:1",
                    "--user", "alice");
    assert_int_equal(status, 1);
    assert_non_null(strstr(output, "no password and no token"));
}

static void test_planted_faults_show(void **state)
{
    (void)state;
    need_a_device();
#ifdef TEST_FAULTS
    int status = CLIENT("--offscreen", "64x64", "--screenshot", picture_path, "--validation",
                        "--debug", "missing-barrier");
    assert_int_equal(status, 3);
    assert_non_null(strstr(output, "event=vulkan_validation"));
    status = CLIENT("--offscreen", "64x64", "--screenshot", picture_path, "--debug", "device-lost");
    assert_int_equal(status, 1);
    assert_non_null(strstr(output, "the graphics device was lost"));
#else
    assert_int_equal(CLIENT("--debug", "missing-barrier"), 2);
    assert_non_null(strstr(output, "--enable-test-faults"));
#endif
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(picture_path, sizeof(picture_path), "%s/picture.png", folder);
    snprintf(output_path, sizeof(output_path), "%s/output", folder);
    snprintf(password_path, sizeof(password_path), "%s/password", folder);
    FILE *file = fopen(password_path, "w");
    fputs("a long password\n", file);
    fclose(file);
    setenv("XDG_CONFIG_HOME", folder, 1);
    setenv("XDG_STATE_HOME", folder, 1);
    setenv("XDG_RUNTIME_DIR", folder, 1);
    setenv("ASAN_OPTIONS", "detect_leaks=0",
           0); /* the driver is unloaded before leaks are counted */
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    picture_use_software();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_seed_and_hour_count),
        cmocka_unit_test(test_look_aims),
        cmocka_unit_test(test_wrong_use_is_one_line),
        cmocka_unit_test(test_no_server_is_one_line),
        cmocka_unit_test(test_planted_faults_show),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
