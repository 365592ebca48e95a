/* entrance.h -- who comes: from what a stranger says to a person who asks to be let on. Bans are
 * looked at, accounts asked, guests named, and who comes back gets his session again. For presence
 * only; control thread. */
#ifndef OPENMMO_PLAY_ENTRANCE_H
#define OPENMMO_PLAY_ENTRANCE_H

#include "play/presence.h"

/* As sessions_handlers want them; context: the presence. login takes the request. */
void entrance_login(void *context, struct login_request *request);
/* True: the web client may have a seat; else ask->why says why not. */
bool entrance_seat(void *context, struct seat_ask *ask);
/* True: nobody may come from that address, and why. */
bool entrance_barred(void *context, const struct sockaddr_storage *address,
                     char why[PROTOCOL_TEXT_MAX + 1]);

#endif
