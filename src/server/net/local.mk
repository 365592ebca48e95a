libserver_a_SOURCES +=
