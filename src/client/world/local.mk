libclient_a_SOURCES += \
    src/client/world/terrain.c src/client/world/terrain.h \
    src/client/world/terrain_mesh.c src/client/world/terrain_mesh.h
