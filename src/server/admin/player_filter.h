/* player_filter.h -- whom a list of players is cut down to: what an operator types, word by word.
 *
 *   rtt>100 kind=web bjo      who is on the web, further than 100 ms, and is called something with
 * "bjo"
 *
 * All words must hold. A word is a condition (a figure's name, one of < > =, a number; or
 * kind=native, kind=web, is=guest, is=away), else a part of the name, in any case, or of the
 * address. A condition that is not finished ("rtt>") holds for everybody, so that a list can be cut
 * while it is typed. Pure; any thread. */
#ifndef OPENMMO_ADMIN_PLAYER_FILTER_H
#define OPENMMO_ADMIN_PLAYER_FILTER_H

#include <stdbool.h>

#include "play/presence.h"

#define PLAYER_FILTER_MAX   200 /* bytes; what is beyond is not looked at */
#define PLAYER_FILTER_WORDS 16  /* further ones are not looked at */

struct player_filter {
    struct player_filter_word {
        const struct player_filter_figure *figure; /* NULL: text */
        char sign;                                 /* < > =; 0: not finished */
        double number;
        const char *text; /* lies in words */
    } words[PLAYER_FILTER_WORDS];
    unsigned words_n;
    char room[PLAYER_FILTER_MAX + 1];
};

/* text: NULL: everybody. The filter must stay where it is. */
void player_filter_parse(struct player_filter *filter, const char *text);
/* Do all words hold for that player? */
bool player_filter_holds(const struct player_filter *filter, const struct presence_row *row);

#endif
