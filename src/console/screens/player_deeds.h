/* player_deeds.h -- what an operator does to players, from the list of them and from one's page:
 * keys, dialogs and requests. */
#ifndef OPENMMO_CONSOLE_PLAYER_DEEDS_H
#define OPENMMO_CONSOLE_PLAYER_DEEDS_H

#include "console/ui/screen.h"

/* Whom: what is kept of one who may be in view no more. */
struct player_target {
    char session[24], account[24], name[256], address[64]; /* account: "0" of a guest */
    double x, z;
};
/* As a target of deeds; copies what they need. */
void player_target_of(struct player_target *target, const struct model_player *player);

enum {
    PLAYER_KICK = KEYS_OWN,
    PLAYER_BAN,
    PLAYER_MUTE,
    PLAYER_UNMUTE,
    PLAYER_TELEPORT,
    PLAYER_SUMMON,
    PLAYER_MESSAGE,
    PLAYER_LIFT,
    PLAYER_DEEDS, /* a screen's further actions begin here */
};

/* The rows of a screen's table of keys. */
/* clang-format off */
#define PLAYER_DEEDS_ROWS \
    {{'K', KEYS_F(9)}, PLAYER_KICK,     "K, F9", "Kick", "end the session; asks first"}, \
    {{'B'},            PLAYER_BAN,      "B",     "Ban",  "ban the account; asks first"}, \
    {{'M'},            PLAYER_MUTE,     "M",     "Mute", "take no chat from the player; asks first"}, \
    {{'U'},            PLAYER_UNMUTE,   "U",     NULL,   "take chat again"}, \
    {{'W'},            PLAYER_MESSAGE,  "W",     "Word", "write a word that only this player is told"}, \
    {{'T'},            PLAYER_TELEPORT, "T",     NULL,   "put elsewhere; asks where"}, \
    {{'S'},            PLAYER_SUMMON,   "S",     NULL,   "put where another player is; asks whose place"}, \
    {{'L'},            PLAYER_LIFT,     "L",     NULL,   "end a ban; asks first"}
/* clang-format on */

/* Begin it: most ask first. targets: copied. n 0: it is said that nobody is there. False: it is no
 * such action, or PLAYER_LIFT without anybody. */
bool player_deeds_act(struct ui *ui, int action, const struct player_target *targets, size_t n);
/* End the ban of an account whose name is asked for. preset: may be empty. */
void player_deeds_lift(struct ui *ui, const char *preset);

#endif
