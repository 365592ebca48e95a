libserver_a_SOURCES += src/server/admin/admin.h
