#include "ui/screens.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "common/compiler.h"
#include "ui/imgui_shim.h"

#define PANEL_WIDTH 420

void screens_init(struct screens *s, const struct settings *settings)
{
    memset(s, 0, sizeof(*s));
    snprintf(s->server, sizeof(s->server), "%s",
             settings->server[0] ? settings->server : "localhost");
    snprintf(s->user, sizeof(s->user), "%s", settings->user);
    screens_open(s, SCREENS_LOGIN);
}

void screens_fini(struct screens *s)
{
    OPENSSL_cleanse(s->password, sizeof(s->password));
    OPENSSL_cleanse(s->again, sizeof(s->again));
    OPENSSL_cleanse(s->old, sizeof(s->old));
}

void screens_open(struct screens *s, enum screens_kind kind)
{
    if (s->kind == kind)
        return;
    if (kind == SCREENS_NONE || s->kind == SCREENS_PASSWORD) /* which shares fields with LOGIN */
        screens_fini(s);
    s->kind = kind;
    s->fresh = true;
}

static int complain(struct screens *s, const char *text)
{
    snprintf(s->trouble, sizeof(s->trouble), "%s", text);
    return -1;
}

/* Is the form fit to be sent? Else says what is wrong. */
static int check_form(struct screens *s, bool has_token)
{
    struct error error;
    char host[SETTINGS_HOST_MAX + 1];
    uint16_t port;
    size_t password = strlen(s->password);
    s->trouble[0] = '\0';
    if (settings_split_server(s->server, host, &port, &error) != 0 ||
        text_name_check(s->user, strlen(s->user), &error) != 0)
        return complain(s, error.text);
    if (s->tab == SCREENS_TAB_GUEST)
        return 0;
    if (s->tab == SCREENS_TAB_CODE && !s->invite[0])
        return complain(s, "Type the code that an operator gave you.");
    if (s->tab == SCREENS_TAB_LOGIN)
        return password > 0 || has_token ? 0 : complain(s, "Type your password.");
    if (password < TEXT_PASSWORD_MIN_BYTES)
        return complain(s, "A password has at least 8 characters.");
    if (strcmp(s->password, s->again) != 0)
        return complain(s, "The two passwords differ.");
    return 0;
}

static bool registration_fields(struct screens *s, unsigned password_focus)
{
    bool entered =
        imgui_field("E-mail (may be left empty)", s->email, sizeof(s->email), IMGUI_FIELD_PLAIN);
    entered |= imgui_field("Password", s->password, sizeof(s->password),
                           IMGUI_FIELD_PASSWORD | password_focus);
    entered |= imgui_field("Password again", s->again, sizeof(s->again), IMGUI_FIELD_PASSWORD);
    entered |= imgui_field("Invitation (where the server wants one)", s->invite, sizeof(s->invite),
                           IMGUI_FIELD_PLAIN);
    return entered;
}

/* For a code that an operator handed out: it sets a new password. */
static bool code_fields(struct screens *s, unsigned focus)
{
    bool entered = imgui_field("The operator's code", s->invite, sizeof(s->invite), focus);
    entered |= imgui_field("New password", s->password, sizeof(s->password), IMGUI_FIELD_PASSWORD);
    entered |= imgui_field("New password again", s->again, sizeof(s->again), IMGUI_FIELD_PASSWORD);
    return entered;
}

static const char *const tabs[] = {[SCREENS_TAB_LOGIN] = "Log in",
                                   [SCREENS_TAB_REGISTER] = "Register",
                                   [SCREENS_TAB_CODE] = "Code",
                                   [SCREENS_TAB_GUEST] = "Guest"};
static const char *const buttons[] = {[SCREENS_TAB_LOGIN] = "Enter the world",
                                      [SCREENS_TAB_REGISTER] = "Register and enter",
                                      [SCREENS_TAB_CODE] = "Set password and enter",
                                      [SCREENS_TAB_GUEST] = "Look round as a guest"};
static const enum screens_act acts[] = {[SCREENS_TAB_LOGIN] = SCREENS_ACT_LOGIN,
                                        [SCREENS_TAB_REGISTER] = SCREENS_ACT_REGISTER,
                                        [SCREENS_TAB_CODE] = SCREENS_ACT_CODE,
                                        [SCREENS_TAB_GUEST] = SCREENS_ACT_GUEST};

static enum screens_act draw_login(struct screens *s, const struct screens_view *view)
{
    imgui_panel_begin("login", -1, -1, PANEL_WIDTH);
    imgui_heading("OpenMMO");
    imgui_text_centred("one world, walked together");
    imgui_space(6);
    unsigned tab = s->tab;
    imgui_tabs(tabs, ARRAY_N(tabs), &s->tab);
    if (tab != s->tab)
        s->trouble[0] = '\0';
    imgui_space(4);
    unsigned name_focus = s->fresh && !s->user[0] ? IMGUI_FIELD_FOCUS : 0;
    unsigned password_focus = s->fresh && s->user[0] ? IMGUI_FIELD_FOCUS : 0;
    bool entered = imgui_field("Server", s->server, sizeof(s->server), IMGUI_FIELD_PLAIN);
    entered |= imgui_field("Name", s->user, sizeof(s->user), name_focus);
    if (s->tab == SCREENS_TAB_REGISTER)
        entered |= registration_fields(s, password_focus);
    else if (s->tab == SCREENS_TAB_CODE)
        entered |= code_fields(s, password_focus);
    else if (s->tab == SCREENS_TAB_GUEST)
        imgui_text_dim("No account, no password: nothing is kept of you, where the server takes "
                       "guests.");
    else
        entered |= imgui_field(
            view->has_token ? "Password (or leave it empty: you are remembered here)" : "Password",
            s->password, sizeof(s->password), IMGUI_FIELD_PASSWORD | password_focus);
    s->fresh = false;
    if (s->trouble[0]) {
        imgui_space(2);
        imgui_text_warn(s->trouble);
    }
    imgui_space(8);
    entered |= imgui_button(buttons[s->tab], 1, true, false);
    bool quit = imgui_button("Quit", 1, false, false);
    imgui_panel_end();
    if (quit)
        return SCREENS_ACT_QUIT;
    if (entered && check_form(s, view->has_token) == 0)
        return acts[s->tab];
    return SCREENS_ACT_NONE;
}

static enum screens_act draw_progress(const struct screens_view *view)
{
    char text[320];
    imgui_panel_begin("progress", -1, -1, PANEL_WIDTH);
    imgui_heading(view->server_name[0] ? view->server_name : "OpenMMO");
    imgui_text_centred(view->server);
    imgui_space(10);
    imgui_spinner(view->seconds);
    imgui_space(6);
    /* Stages are words; while one waits for a place it is the server's sentence. */
    size_t stage_n = strlen(view->stage);
    bool waiting = stage_n > 0 && view->stage[stage_n - 1] == '.';
    snprintf(text, sizeof(text), "%s%s", view->stage, waiting ? "" : "...");
    imgui_text_centred(text);
    if (waiting)
        imgui_text_centred("The world is full: your turn comes by itself.");
    imgui_space(10);
    bool cancel = imgui_button(waiting ? "Give up waiting" : "Cancel", 1, false, false);
    imgui_panel_end();
    return cancel ? SCREENS_ACT_CANCEL : SCREENS_ACT_NONE;
}

static enum screens_act draw_lost(const struct screens_view *view)
{
    char text[64], last_try[700];
    imgui_panel_begin("lost", -1, -1, PANEL_WIDTH);
    imgui_heading(view->end_was_playing ? "Disconnected" : "No connection");
    imgui_text_centred(view->server);
    imgui_space(8);
    imgui_text_warn(view->end_text);
    imgui_space(4);
    if (view->retry_text[0]) {
        snprintf(last_try, sizeof(last_try), "Last try: %s", view->retry_text);
        imgui_text_dim(last_try);
    }
    if (view->countdown_s >= 0) {
        snprintf(text, sizeof(text), "Trying again in %d s", view->countdown_s);
        imgui_text_dim(text);
    }
    imgui_space(8);
    bool again = imgui_button("Reconnect now", 1, true, false);
    bool back = imgui_button("Back to login", 1, false, false);
    imgui_panel_end();
    return again ? SCREENS_ACT_RECONNECT : back ? SCREENS_ACT_CANCEL : SCREENS_ACT_NONE;
}

static enum screens_act draw_key_changed(const struct screens_view *view)
{
    imgui_panel_begin("key", -1, -1, 640);
    imgui_heading("The server's key has changed");
    imgui_text_centred(view->server);
    imgui_space(8);
    imgui_text_warn("Either the server was installed anew, or somebody stands between you and it "
                    "and would read "
                    "your password. Nothing was sent yet.");
    imgui_space(6);
    imgui_text_dim("Known until now");
    imgui_text(view->key_known);
    imgui_text_dim("Shown today");
    imgui_text(view->key_offered);
    imgui_space(6);
    imgui_text_dim("Ask the operator to compare the fingerprint before you accept it.");
    imgui_space(8);
    bool leave = imgui_button("Leave", 0.5f, true, false);
    bool accept = imgui_button("Accept the new key", 0.5f, false, true);
    imgui_panel_end();
    return leave ? SCREENS_ACT_CANCEL : accept ? SCREENS_ACT_ACCEPT_KEY : SCREENS_ACT_NONE;
}

static enum screens_act draw_menu(const struct screens_view *view)
{
    static const struct {
        const char *label;
        enum screens_act act;
    } entries[] = {
        {"Resume", SCREENS_ACT_RESUME},
        {"Disconnect", SCREENS_ACT_DISCONNECT},
        {"Change password", SCREENS_ACT_PASSWORD},
        {"Log out", SCREENS_ACT_LOG_OUT},
        {"Quit", SCREENS_ACT_QUIT},
    };
    enum screens_act act = SCREENS_ACT_NONE;
    imgui_panel_begin("menu", -1, -1, 320);
    imgui_heading(view->server_name[0] ? view->server_name : "OpenMMO");
    imgui_text_centred(view->server);
    imgui_space(8);
    for (unsigned i = 0; i < ARRAY_N(entries); i++)
        if (imgui_button(entries[i].label, 1, i == 0, false))
            act = entries[i].act;
    imgui_space(8);
    imgui_rule();
    imgui_text_dim("WASD or arrows walk, Shift runs, Space jumps. Click takes the mouse to look "
                   "round, the wheel zooms. "
                   "Enter talks. F3 figures, F11 full screen, F12 picture.");
    imgui_panel_end();
    return act;
}

static enum screens_act draw_password(struct screens *s)
{
    imgui_panel_begin("password", -1, -1, PANEL_WIDTH);
    imgui_heading("Change password");
    imgui_space(6);
    bool entered = imgui_field("Your password", s->old, sizeof(s->old),
                               IMGUI_FIELD_PASSWORD | (s->fresh ? IMGUI_FIELD_FOCUS : 0));
    entered |= imgui_field("New password", s->password, sizeof(s->password), IMGUI_FIELD_PASSWORD);
    entered |= imgui_field("New password again", s->again, sizeof(s->again), IMGUI_FIELD_PASSWORD);
    s->fresh = false;
    if (s->trouble[0]) {
        imgui_space(2);
        imgui_text_warn(s->trouble);
    }
    imgui_space(8);
    entered |= imgui_button("Change it", 1, true, false);
    bool back = imgui_button("Back", 1, false, false);
    imgui_panel_end();
    if (back)
        return SCREENS_ACT_RESUME;
    if (!entered)
        return SCREENS_ACT_NONE;
    s->trouble[0] = '\0';
    if (!s->old[0])
        (void)complain(s, "Type your password.");
    else if (strlen(s->password) < TEXT_PASSWORD_MIN_BYTES)
        (void)complain(s, "A password has at least 8 characters.");
    else if (strcmp(s->password, s->again) != 0)
        (void)complain(s, "The two passwords differ.");
    else
        return SCREENS_ACT_CHANGE;
    return SCREENS_ACT_NONE;
}

enum screens_act screens_draw(struct screens *s, const struct screens_view *view)
{
    if (s->kind != SCREENS_NONE)
        imgui_veil(s->kind == SCREENS_LOGIN ? 0.25f : 0.45f);
    switch (s->kind) {
    case SCREENS_NONE:
        return SCREENS_ACT_NONE;
    case SCREENS_LOGIN:
        return draw_login(s, view);
    case SCREENS_PROGRESS:
        return draw_progress(view);
    case SCREENS_LOST:
        return draw_lost(view);
    case SCREENS_KEY_CHANGED:
        return draw_key_changed(view);
    case SCREENS_MENU:
        return draw_menu(view);
    case SCREENS_PASSWORD:
        return draw_password(s);
    }
    return SCREENS_ACT_NONE;
}
