libclient_a_SOURCES += \
    src/client/game/camera.c src/client/game/camera.h \
    src/client/game/control.c src/client/game/control.h \
    src/client/game/interpolation.c src/client/game/interpolation.h \
    src/client/game/prediction.c src/client/game/prediction.h \
    src/client/game/sight.c src/client/game/sight.h \
    src/client/game/world.c src/client/game/world.h
