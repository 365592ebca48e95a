libclient_a_SOURCES +=
