/* screens.h -- login and registration, progress, the lost connection, the changed key, the menu.
 *
 * Owns what is typed; draws by imgui_shim and answers with what the player chose. Knows no session.
 * One thread. */
#ifndef OPENMMO_CLIENT_SCREENS_H
#define OPENMMO_CLIENT_SCREENS_H

#include <stdbool.h>

#include "common/protocol.h"
#include "common/text.h"
#include "settings.h"

enum screens_kind {
    SCREENS_NONE, /* playing */
    SCREENS_LOGIN,
    SCREENS_PROGRESS,
    SCREENS_LOST,
    SCREENS_KEY_CHANGED,
    SCREENS_MENU,
    SCREENS_PASSWORD, /* out of the menu: a new one */
};

enum screens_act {
    SCREENS_ACT_NONE,
    SCREENS_ACT_LOGIN,    /* the form is sound: server, user, password (empty: by the kept token) */
    SCREENS_ACT_REGISTER, /* and email, invite */
    SCREENS_ACT_CODE,     /* and invite: an operator's code, for which password is the new one */
    SCREENS_ACT_GUEST,    /* server and user alone */
    SCREENS_ACT_CANCEL,   /* back to the form */
    SCREENS_ACT_RECONNECT,
    SCREENS_ACT_ACCEPT_KEY,
    SCREENS_ACT_RESUME,
    SCREENS_ACT_DISCONNECT, /* and stay remembered */
    SCREENS_ACT_PASSWORD,   /* its page */
    SCREENS_ACT_CHANGE,     /* it is filled in: old, password */
    SCREENS_ACT_LOG_OUT,    /* and be forgotten */
    SCREENS_ACT_QUIT,
};

enum screens_tab { SCREENS_TAB_LOGIN, SCREENS_TAB_REGISTER, SCREENS_TAB_CODE, SCREENS_TAB_GUEST };

struct screens {
    enum screens_kind kind;
    unsigned tab; /* enum screens_tab */
    char server[SETTINGS_SERVER_MAX + 1];
    char user[TEXT_NAME_MAX_BYTES + 1];
    char email[PROTOCOL_EMAIL_MAX + 1];
    char invite[PROTOCOL_CODE_MAX + 1];
    char password[TEXT_PASSWORD_MAX_BYTES + 1];
    char old[TEXT_PASSWORD_MAX_BYTES + 1]; /* PASSWORD: the one that it replaces */
    char again[TEXT_PASSWORD_MAX_BYTES + 1];
    char trouble[640]; /* what went wrong, for the player; empty: nothing */
    bool fresh;        /* the screen was just opened: give a field the keyboard */
};

/* What the screens show of the rest; texts are borrowed for the call. */
struct screens_view {
    float seconds;           /* any running time, for what turns */
    const char *stage;       /* PROGRESS: "logging in" */
    const char *server;      /* "host:port" */
    const char *server_name; /* may be empty */
    const char *end_text;    /* LOST: why */
    const char *retry_text;  /* LOST: why the last try to come back failed; empty: none did */
    bool end_was_playing;
    int countdown_s;                     /* LOST: till the next try by itself; -1: none */
    const char *key_known, *key_offered; /* KEY_CHANGED */
    bool has_token;                      /* LOGIN: for the server and name as typed */
};

/* Opens the login screen, filled in from the settings; nothing to free. */
void screens_init(struct screens *screens, const struct settings *settings);
void screens_fini(struct screens *screens); /* wipes the passwords */
/* Show another one. */
void screens_open(struct screens *screens, enum screens_kind kind);
/* Draw within an imgui frame. */
enum screens_act screens_draw(struct screens *screens, const struct screens_view *view);

#endif
