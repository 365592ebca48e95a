libclient_a_SOURCES += \
    src/client/ui/chat.c src/client/ui/chat.h \
    src/client/ui/fonts.c src/client/ui/fonts.h \
    src/client/ui/hud.c src/client/ui/hud.h \
    src/client/ui/imgui_shim.cpp src/client/ui/imgui_shim.h \
    src/client/ui/input.h \
    src/client/ui/list.c src/client/ui/list.h \
    src/client/ui/screens.c src/client/ui/screens.h \
    src/client/ui/shape.c src/client/ui/shape.h \
    src/client/ui/text.c src/client/ui/text.h
