/* mime.c -- see mime.h. */
#include "http/mime.h"

#include <string.h>
#include <strings.h>

#include "common/compiler.h"

static const struct {
    const char *ending, *type;
} types[] = {
    /* clang-format off */
    {"avif",        "image/avif"},
    {"bin",         "application/octet-stream"},
    {"css",         "text/css; charset=utf-8"},
    {"gif",         "image/gif"},
    {"glb",         "model/gltf-binary"},
    {"gltf",        "model/gltf+json"},
    {"gz",          "application/gzip"},
    {"htm",         "text/html; charset=utf-8"},
    {"html",        "text/html; charset=utf-8"},
    {"ico",         "image/x-icon"},
    {"jpeg",        "image/jpeg"},
    {"jpg",         "image/jpeg"},
    {"js",          "text/javascript; charset=utf-8"},
    {"json",        "application/json; charset=utf-8"},
    {"ktx2",        "image/ktx2"},
    {"map",         "application/json; charset=utf-8"},
    {"md",          "text/markdown; charset=utf-8"},
    {"mjs",         "text/javascript; charset=utf-8"},
    {"mp3",         "audio/mpeg"},
    {"mp4",         "video/mp4"},
    {"ogg",         "audio/ogg"},
    {"otf",         "font/otf"},
    {"pdf",         "application/pdf"},
    {"png",         "image/png"},
    {"svg",         "image/svg+xml"},
    {"ttf",         "font/ttf"},
    {"txt",         "text/plain; charset=utf-8"},
    {"wasm",        "application/wasm"},
    {"wav",         "audio/wav"},
    {"webm",        "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp",        "image/webp"},
    {"woff",        "font/woff"},
    {"woff2",       "font/woff2"},
    {"xml",         "application/xml"},
    {"zip",         "application/zip"},
    /* clang-format on */
};

const char *mime_of(const char *name)
{
    const char *dot = strrchr(name, '.'), *slash = strrchr(name, '/');

    for (size_t i = 0; dot && (!slash || dot > slash) && i < ARRAY_N(types); i++)
        if (strcasecmp(dot + 1, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}
