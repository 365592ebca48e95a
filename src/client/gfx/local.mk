libclient_a_SOURCES += \
    src/client/gfx/device.c src/client/gfx/device.h \
    src/client/gfx/faults.c src/client/gfx/faults.h \
    src/client/gfx/figure_mesh.c src/client/gfx/figure_mesh.h \
    src/client/gfx/frames.c src/client/gfx/frames.h \
    src/client/gfx/gfx.c src/client/gfx/gfx.h \
    src/client/gfx/memory.c src/client/gfx/memory.h \
    src/client/gfx/pass.h \
    src/client/gfx/pass_figures.c \
    src/client/gfx/pass_screen.c \
    src/client/gfx/pass_terrain.c \
    src/client/gfx/pass_ui.c \
    src/client/gfx/pipelines.c src/client/gfx/pipelines.h \
    src/client/gfx/readback.c src/client/gfx/readback.h \
    src/client/gfx/resource.c src/client/gfx/resource.h \
    src/client/gfx/scene.c src/client/gfx/scene.h \
    src/client/gfx/swapchain.c src/client/gfx/swapchain.h \
    src/client/gfx/targets.c src/client/gfx/targets.h \
    src/client/gfx/upload.c src/client/gfx/upload.h

# Shaders: GLSL to SPIR-V at build time, as C arrays named after the file (sky.frag -> sky_frag).
SHADERS = \
    src/client/gfx/shaders/figure.frag \
    src/client/gfx/shaders/figure.vert \
    src/client/gfx/shaders/figure_aov.frag \
    src/client/gfx/shaders/screen.vert \
    src/client/gfx/shaders/shadow.frag \
    src/client/gfx/shaders/shadow.vert \
    src/client/gfx/shaders/sky.frag \
    src/client/gfx/shaders/terrain.frag \
    src/client/gfx/shaders/terrain.vert \
    src/client/gfx/shaders/terrain_aov.frag \
    src/client/gfx/shaders/tone.frag \
    src/client/gfx/shaders/ui.frag \
    src/client/gfx/shaders/ui.vert
SHADER_INCLUDES = \
    src/client/gfx/shaders/globals.glsl \
    src/client/gfx/shaders/noise.glsl \
    src/client/gfx/shaders/sky.glsl
SHADER_ARRAYS = $(SHADERS:=.spv.h)

EXTRA_DIST += $(SHADERS) $(SHADER_INCLUDES)
CLEANFILES += $(SHADER_ARRAYS)
BUILT_SOURCES += $(SHADER_ARRAYS)

$(SHADER_ARRAYS): src/client/gfx/shaders/%.spv.h: src/client/gfx/shaders/% $(SHADER_INCLUDES)
	@$(MKDIR_P) $(@D)
	$(AM_V_GEN)$(GLSLANG) -V --quiet --target-env vulkan1.3 --vn $(subst .,_,$*) -o $@ $<
src/client/gfx/libclient_a-pipelines.$(OBJEXT): $(SHADER_ARRAYS)
