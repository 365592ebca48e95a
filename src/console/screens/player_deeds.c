/* player_deeds.c -- see player_deeds.h. */
#include "player_deeds.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"

/* clang-format off */

static const struct dialog_kind KICK = {
    .verb = "Kick", .done = "kicked", .many = "players", .method = "players.kick",
    .what = "The session ends at once; the place is saved. The player is told why and may come back. This goes to the audit log.",
    .fields = {{.label = "reason", .param = "reason"}},
};
static const struct dialog_kind BAN = {
    .verb = "Ban", .done = "banned", .many = "accounts", .method = "bans.add",
    .what = "The account is here no more at once, and cannot log in for that time. The player is told why and until when. "
            "This goes to the audit log; L ends it.",
    .fields = {{.label = "reason", .param = "reason", .instead = "no reason was given"},
               {.label = DIALOG_HOW_LONG, .param = "duration", .preset = "1d"}},
};
static const struct dialog_kind MUTE = {
    .verb = "Mute", .done = "muted", .many = "players", .method = "players.mute",
    .what = "No chat is taken from the player for that time. He is told why, nobody else. This goes to the audit log; U ends it.",
    .fields = {{.label = "reason", .param = "reason", .instead = "no reason was given"},
               {.label = DIALOG_HOW_LONG, .param = "duration", .preset = "1h"}},
};
static const struct dialog_kind UNMUTE = {.done = "unmuted", .method = "players.unmute"};
static const struct dialog_kind MESSAGE = {
    .verb = "Write to", .done = "told", .many = "players", .method = "players.message",
    .what = "Nobody else is told. It is said in the server's name and goes to the audit log.",
    .fields = {{.label = "text", .param = "text"}},
    .write_first = true,
};
static const struct dialog_kind TELEPORT = {
    .verb = "Teleport", .done = "teleported", .many = "players", .method = "players.teleport",
    .what = "Whole metres from the world's middle, x to the east, z to the south; onto the ground there, beyond the edge means the edge. "
            "This goes to the audit log.",
    .fields = {{.label = "x", .param = "x", .instead = "0", .number = true}, {.label = "z", .param = "z", .instead = "0", .number = true}},
    .write_first = true,
};
static const struct dialog_kind SUMMON = {
    .verb = "Summon", .done = "summoned", .many = "players", .method = "players.summon",
    .what = "Put where another player is. This goes to the audit log.",
    .fields = {{.label = "to whom", .param = "to"}},
    .write_first = true,
};
static const struct dialog_kind LIFT = {
    .verb = "Lift the ban of", .done = "lifted the ban of", .many = "accounts", .method = "bans.lift",
    .what = "The account may log in again at once. This goes to the audit log.",
};
static const struct dialog_kind LIFT_BY_NAME = {
    .verb = "Lift a ban", .done = "lifted the ban", .many = "accounts", .method = "bans.lift",
    .what = "The account may log in again at once. This goes to the audit log.",
    .fields = {{.label = "whose (the account's name)", .param = "player"}},
    .write_first = true,
};

enum by { BY_SESSION, BY_ACCOUNT, BY_ACCOUNT_OR_NAME };

static const struct deed {
    int action;
    const struct dialog_kind *kind;
    enum by by;
    bool at_once; /* without a dialog: it hurts nobody and can be undone */
} DEEDS[] = {
    {PLAYER_KICK,     &KICK,     BY_SESSION,         false},
    {PLAYER_BAN,      &BAN,      BY_ACCOUNT,         false},
    {PLAYER_MUTE,     &MUTE,     BY_ACCOUNT_OR_NAME, false},
    {PLAYER_UNMUTE,   &UNMUTE,   BY_ACCOUNT_OR_NAME, true},
    {PLAYER_MESSAGE,  &MESSAGE,  BY_SESSION,         false},
    {PLAYER_TELEPORT, &TELEPORT, BY_SESSION,         false},
    {PLAYER_SUMMON,   &SUMMON,   BY_SESSION,         false},
    {PLAYER_LIFT,     &LIFT,     BY_ACCOUNT,         false},
};
/* clang-format on */

void player_target_of(struct player_target *target, const struct model_player *player)
{
    memset(target, 0, sizeof(*target));
    snprintf(target->session, sizeof(target->session), "%s", player->session);
    snprintf(target->account, sizeof(target->account), "%s", player->account);
    snprintf(target->name, sizeof(target->name), "%s", player->name);
    snprintf(target->address, sizeof(target->address), "%s", player->address);
    target->x = player->x;
    target->z = player->z;
}

static bool is_guest(const struct player_target *target)
{
    return strcmp(target->account, "0") == 0;
}

/* An account by its number: a name that is seen may be another's since its owner was renamed; a
 * guest has no number. */
static json_t *params_of(enum by by, const struct player_target *target)
{
    if (by == BY_SESSION)
        return json_pack("{s:s}", "session", target->session);
    return is_guest(target) ? json_pack("{s:s}", "player", target->name)
                            : json_pack("{s:s}", "id", target->account);
}

static void add(struct ui *ui, const struct deed *deed, const struct player_target *target)
{
    char about[128];

    if (deed->at_once) {
        ui_do(ui, deed->kind->method, params_of(deed->by, target), deed->kind->done, target->name);
        return;
    }
    about[0] = '\0';
    if (target->address[0] != '\0')
        snprintf(about, sizeof(about), "from %s", target->address);
    dialog_add(ui, params_of(deed->by, target), target->name, about);
}

static long whole(double metres)
{
    return (long)(metres < 0 ? metres - 0.5 : metres + 0.5);
}

/* Where the first of them is now: most are moved by a little. */
static void preset_place(struct ui *ui, const struct player_target *target)
{
    char number[24];

    snprintf(number, sizeof(number), "%ld", whole(target->x));
    dialog_preset(ui, 0, number);
    snprintf(number, sizeof(number), "%ld", whole(target->z));
    dialog_preset(ui, 1, number);
}

static void begin(struct ui *ui, const struct deed *deed, const struct player_target *targets,
                  size_t n)
{
    size_t guests = 0;

    for (size_t i = 0; i < n && deed->by == BY_ACCOUNT; i++)
        guests += is_guest(&targets[i]);
    if (guests > 0 && guests == n) {
        ui_say(ui, true, "%s is a guest: there is no account to ban", targets[0].name);
        return;
    }
    if (!deed->at_once)
        dialog_open(ui, deed->kind);
    for (size_t i = 0; i < n; i++) {
        if (deed->by != BY_ACCOUNT || !is_guest(&targets[i]))
            add(ui, deed, &targets[i]);
    }
    if (deed->action == PLAYER_TELEPORT)
        preset_place(ui, &targets[0]);
    if (guests > 0)
        ui_say(ui, true, "%zu guests are left out: they have no account to ban", guests);
}

bool player_deeds_act(struct ui *ui, int action, const struct player_target *targets, size_t n)
{
    for (size_t i = 0; i < ARRAY_N(DEEDS); i++) {
        if (DEEDS[i].action != action || (action == PLAYER_LIFT && n == 0))
            continue;
        if (n == 0)
            ui_say(ui, true, "nobody is under the cursor");
        else
            begin(ui, &DEEDS[i], targets, n);
        return true;
    }
    return false;
}

void player_deeds_lift(struct ui *ui, const char *preset)
{
    dialog_open(ui, &LIFT_BY_NAME);
    dialog_preset(ui, 0, preset);
}
