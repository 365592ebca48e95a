/* test_assets.c -- which files of a folder are served, under which paths; ranges; MIME types. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/compiler.h"
#include "http/assets.h"
#include "http/mime.h"
#include "http/range.h"

static char folder[64];

static void in_folder(const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", folder, name);
}

static void put(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    in_folder(name, path);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* Seconds: of the file's time. */
static void date(const char *name, long seconds)
{
    struct timespec times[2] = {{seconds, 0}, {seconds, 0}};
    char path[256];

    in_folder(name, path);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static int make(void **state)
{
    static const char *const folders[] = {"sub", "sub/deep", "assets", ".git"};
    char path[256];

    (void)state;
    strcpy(folder, "/tmp/openmmo-assets-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    for (size_t i = 0; i < ARRAY_N(folders); i++) {
        in_folder(folders[i], path);
        if (mkdir(path, 0700) != 0)
            return -1;
    }
    put("index.html", "<h1>");
    put("app.js", "let a");
    put("sub/deep/x.css", "a{}");
    put("assets/app-1f2e.js", "let a");
    put(".secret", "s");
    put("sub/.secret", "s");
    put(".git/config", "s");
    put("\xff.txt", "s");
    put("a b\xc3\xa4.txt", "s");
    in_folder("link", path);
    if (symlink("/etc/passwd", path) != 0)
        return -1;
    in_folder("linked", path);
    if (symlink("sub", path) != 0)
        return -1;
    in_folder("pipe", path);
    return mkfifo(path, 0600);
}

static int remove_all(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

static void test_list(void **state)
{
    static const char *const there[] = {"/index.html", "/app.js", "/sub/deep/x.css",
                                        "/assets/app-1f2e.js", "/a b\xc3\xa4.txt"};
    static const char *const not_there[] = {"",
                                            "/",
                                            "index.html",
                                            "/.secret",
                                            "/sub/.secret",
                                            "/.git/config",
                                            "/link",
                                            "/linked/deep/x.css",
                                            "/pipe",
                                            "/\xff.txt",
                                            "/sub",
                                            "/sub/../app.js",
                                            "/./app.js",
                                            "//app.js",
                                            "/../etc/passwd",
                                            "/app.js/"};
    struct error error;
    struct assets *assets = assets_new(folder, "assets", NULL, &error);

    (void)state;
    assert_non_null(assets);
    for (size_t i = 0; i < ARRAY_N(there); i++)
        if (!assets_find(assets, there[i]))
            fail_msg("%s", there[i]);
    for (size_t i = 0; i < ARRAY_N(not_there); i++)
        if (assets_find(assets, not_there[i]))
            fail_msg("%s", not_there[i]);
    assert_int_equal(assets_n(assets), ARRAY_N(there));
    assert_string_equal(assets_find(assets, "/app.js")->type, "text/javascript; charset=utf-8");
    assert_false(assets_find(assets, "/app.js")->immutable);
    assert_true(assets_find(assets, "/assets/app-1f2e.js")->immutable);
    /* By what they hold, not by their names. */
    assert_string_equal(assets_find(assets, "/app.js")->etag,
                        assets_find(assets, "/assets/app-1f2e.js")->etag);
    assert_string_not_equal(assets_find(assets, "/app.js")->etag,
                            assets_find(assets, "/index.html")->etag);
    assets_unref(assets);
    assert_null(assets_new("/nonexistent", "", NULL, &error));
    assert_non_null(strstr(error.text, "/nonexistent"));
}

/* A folder on the way, or the file itself, becomes a link after it was looked at. */
static void test_open(void **state)
{
    struct error error;
    struct assets *assets = assets_new(folder, "", NULL, &error);
    const struct asset *deep = assets_find(assets, "/sub/deep/x.css");
    char path[256], aside[256];
    uint64_t size;
    bool changed;
    int fd = assets_open(assets, deep, &size, &changed);

    (void)state;
    assert_true(fd >= 0 && size == 3 && !changed);
    close(fd);
    in_folder("sub", path);
    in_folder("aside", aside);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(assets_open(assets, deep, &size, &changed), -1);
    assert_int_equal(symlink("aside", path), 0);
    assert_int_equal(assets_open(assets, deep, &size, &changed), -1);
    unlink(path);
    assert_int_equal(rename(aside, path), 0);
    put("sub/deep/x.css", "b{}}");
    fd = assets_open(assets, deep, &size, &changed);
    assert_true(fd >= 0 && size == 4 && changed);
    close(fd);
    /* Nor is it a file any more: who opened the pipe would wait for one who writes. */
    in_folder("sub/deep/x.css", path);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(assets_open(assets, deep, &size, &changed), -1);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    alarm(20);
    assert_int_equal(assets_open(assets, deep, &size, &changed), -1);
    alarm(0);
    unlink(path);
    put("sub/deep/x.css", "b{}}");
    assets_unref(assets);
}

static void test_again(void **state)
{
    struct error error;
    struct assets *before, *after, *third;
    char etag[ETAG_BYTES];

    (void)state;
    date("app.js", 1000000000);
    before = assets_new(folder, "", NULL, &error);
    strcpy(etag, assets_find(before, "/app.js")->etag);
    assert_string_equal(assets_find(before, "/app.js")->modified, "Sun, 09 Sep 2001 01:46:40 GMT");
    put("app.js", "let b"); /* of the same size, and then of the same time: not read again */
    date("app.js", 1000000000);
    after = assets_new(folder, "", before, &error);
    assert_string_equal(assets_find(after, "/app.js")->etag, etag);
    date("app.js", 1000000001);
    third = assets_ref(assets_new(folder, "", after, &error));
    assert_string_not_equal(assets_find(third, "/app.js")->etag, etag);
    assets_unref(before);
    assets_unref(after);
    assets_unref(third);
    assert_non_null(assets_find(third, "/app.js")); /* another reference */
    assets_unref(third);
    assets_unref(NULL);
}

static void test_packed(void **state)
{
    struct error error;
    struct assets *assets;

    (void)state;
    put("app.js.gz", "packed");
    date("app.js", 1000000000);
    date("app.js.gz", 1000000000);
    assets = assets_new(folder, "", NULL, &error);
    assert_non_null(assets_find(assets, "/app.js")->gz);
    assert_null(assets_find(assets, "/app.js.gz")->gz);
    assets_unref(assets);
    date("app.js.gz", 999999999); /* of an older one */
    assets = assets_new(folder, "", NULL, &error);
    assert_null(assets_find(assets, "/app.js")->gz);
    assets_unref(assets);
}

static void test_ranges(void **state)
{
    static const struct {
        const char *header;
        uint64_t size;
        enum range_result result;
        uint64_t first, last;
    } cases[] = {
        {NULL, 100, RANGE_ALL, 0, 0},
        {"bytes=0-0", 100, RANGE_PART, 0, 0},
        {"bytes=0-99", 100, RANGE_PART, 0, 99},
        {"bytes=0-100", 100, RANGE_PART, 0, 99},
        {"bytes=10-", 100, RANGE_PART, 10, 99},
        {"bytes=99-", 100, RANGE_PART, 99, 99},
        {"bytes=100-", 100, RANGE_NONE, 0, 0},
        {"bytes=100-200", 100, RANGE_NONE, 0, 0},
        {"bytes=-1", 100, RANGE_PART, 99, 99},
        {"bytes=-100", 100, RANGE_PART, 0, 99},
        {"bytes=-101", 100, RANGE_PART, 0, 99},
        {"bytes=-0", 100, RANGE_NONE, 0, 0},
        {"bytes=0-", 0, RANGE_NONE, 0, 0},
        {"bytes=-1", 0, RANGE_NONE, 0, 0},
        {"Bytes=5-6", 100, RANGE_PART, 5, 6},
        {"bytes=6-5", 100, RANGE_ALL, 0, 0},
        {"bytes=0-1,5-6", 100, RANGE_ALL, 0, 0}, /* several: all of it, as RFC 9110 allows */
        {"bytes=", 100, RANGE_ALL, 0, 0},
        {"bytes=-", 100, RANGE_ALL, 0, 0},
        {"bytes=a-b", 100, RANGE_ALL, 0, 0},
        {"bytes=1-2x", 100, RANGE_ALL, 0, 0},
        {"bytes= 1-2", 100, RANGE_ALL, 0, 0},
        {"bytes=1", 100, RANGE_ALL, 0, 0},
        {"bytes=--1", 100, RANGE_ALL, 0, 0},
        {"bytes=+1-2", 100, RANGE_ALL, 0, 0},
        {"bytes=0x1-2", 100, RANGE_ALL, 0, 0},
        {"bytes=99999999999999999999-", 100, RANGE_ALL, 0, 0},
        {"bytes=1-99999999999999999999", 100, RANGE_ALL, 0, 0},
        {"items=0-1", 100, RANGE_ALL, 0, 0},
        {"", 100, RANGE_ALL, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_N(cases); i++) {
        uint64_t first = 0, last = 0;
        enum range_result result = range_find(cases[i].header, cases[i].size, &first, &last);
        if (result != cases[i].result ||
            (result == RANGE_PART && (first != cases[i].first || last != cases[i].last)))
            fail_msg("%s: %d %llu %llu", cases[i].header, result, (unsigned long long)first,
                     (unsigned long long)last);
    }
}

static void test_types(void **state)
{
    (void)state;
    assert_string_equal(mime_of("/a/b.HTML"), "text/html; charset=utf-8");
    assert_string_equal(mime_of("x.ktx2"), "image/ktx2");
    assert_string_equal(mime_of("x.wasm"), "application/wasm");
    assert_string_equal(mime_of("x.js.exe"), "application/octet-stream");
    assert_string_equal(mime_of("/a.js/b"), "application/octet-stream");
    assert_string_equal(mime_of("js"), "application/octet-stream");
    assert_string_equal(mime_of("x."), "application/octet-stream");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),   cmocka_unit_test(test_open),   cmocka_unit_test(test_again),
        cmocka_unit_test(test_packed), cmocka_unit_test(test_ranges), cmocka_unit_test(test_types),
    };

    return cmocka_run_group_tests(tests, make, remove_all);
}
