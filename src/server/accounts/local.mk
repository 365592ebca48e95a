libserver_a_SOURCES += \
    src/server/accounts/access.c src/server/accounts/access.h \
    src/server/accounts/accounts.c src/server/accounts/accounts.h \
    src/server/accounts/attempt.c src/server/accounts/attempt.h \
    src/server/accounts/change.c src/server/accounts/change.h \
    src/server/accounts/code.c src/server/accounts/code.h \
    src/server/accounts/email.c src/server/accounts/email.h \
    src/server/accounts/ban_table.c src/server/accounts/ban_table.h \
    src/server/accounts/bans.c src/server/accounts/bans.h \
    src/server/accounts/jws.c src/server/accounts/jws.h \
    src/server/accounts/keys.c src/server/accounts/keys.h \
    src/server/accounts/name.c src/server/accounts/name.h \
    src/server/accounts/password.c src/server/accounts/password.h \
    src/server/accounts/policy.c src/server/accounts/policy.h \
    src/server/accounts/refresh.c src/server/accounts/refresh.h \
    src/server/accounts/throttle.c src/server/accounts/throttle.h \
    src/server/accounts/token.c src/server/accounts/token.h \
    src/server/accounts/whence.c src/server/accounts/whence.h
