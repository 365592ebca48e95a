bin_PROGRAMS += openmmo-client
openmmo_client_SOURCES = src/client/main.c
# Dear ImGui is C++: a dummy C++ source makes automake link with the C++ compiler.
nodist_EXTRA_openmmo_client_SOURCES = dummy.cxx
openmmo_client_CFLAGS = $(AM_CFLAGS) $(CLIENT_CFLAGS)
openmmo_client_LDADD = $(CLIENT_LIBS)
dist_man_MANS += man/openmmo-client.6

CLIENT_CFLAGS = $(OPENSSL_CFLAGS) $(GLFW_CFLAGS) $(VULKAN_CFLAGS) $(CGLM_CFLAGS) $(FREETYPE_CFLAGS) \
    $(HARFBUZZ_CFLAGS) $(FRIBIDI_CFLAGS) $(FONTCONFIG_CFLAGS) -isystem /usr/include/stb
CLIENT_LIBS = libclient.a $(GLFW_LIBS) $(FREETYPE_LIBS) $(HARFBUZZ_LIBS) $(FRIBIDI_LIBS) \
    $(FONTCONFIG_LIBS) -limgui -lstb $(COMMON_LIBS) -lm -ldl

noinst_LIBRARIES += libclient.a
libclient_a_CFLAGS = $(AM_CFLAGS) $(CLIENT_CFLAGS)
libclient_a_CXXFLAGS = $(AM_CXXFLAGS)
libclient_a_SOURCES = \
    src/client/app.c src/client/app.h \
    src/client/arguments.c src/client/arguments.h \
    src/client/files.c src/client/files.h \
    src/client/picture.c src/client/picture.h \
    src/client/settings.c src/client/settings.h \
    src/client/start.c src/client/start.h \
    src/client/view.c src/client/view.h \
    src/client/window.c src/client/window.h

include src/client/gfx/local.mk
include src/client/world/local.mk
include src/client/net/local.mk
include src/client/game/local.mk
include src/client/ui/local.mk
