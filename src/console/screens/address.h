/* address.h -- one address: how it stands, who is connected from there, which accounts logged in
 * from there; and what is done to addresses, here and in the list. A page (screen.h). */
#ifndef OPENMMO_CONSOLE_SCREEN_ADDRESS_H
#define OPENMMO_CONSOLE_SCREEN_ADDRESS_H

#include "console/ui/screen.h"

extern const struct screen SCREEN_ADDRESS;

/* Open it for this one, which is no account. Copied. */
void address_open(struct ui *ui, const struct model_address *address);

/* How it stands and what it did, in at most six lines from that row on. Returns the row below them
 * and a blank one. */
int address_draw(const struct ui *ui, const struct model_address *address, struct canvas *canvas,
                 int row);

/* Deeds, for the screens that show addresses. */
enum { ADDRESS_BAN = KEYS_OWN, ADDRESS_UNLOCK, ADDRESS_LIFT, ADDRESS_DEEDS };

/* clang-format off */
#define ADDRESS_DEEDS_ROWS \
    {{'B', KEYS_F(9)}, ADDRESS_BAN, "B, F9", "Ban", "ban the address (of IPv6 the /64), behind a dialog"}, \
    {{'U'}, ADDRESS_UNLOCK, "U", "Unlock", "take off the lock that wrong passwords brought"}, \
    {{'L'}, ADDRESS_LIFT, "L", "Lift", "lift the ban that stands against it, behind a dialog"}
/* clang-format on */

/* True: it was one. What it is about: n addresses, borrowed; 0: none, and it says so. */
bool address_act(struct ui *ui, int action, const struct model_address *const *addresses, size_t n);

#endif
