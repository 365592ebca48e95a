/* stage.c -- see stage.h. */
#include "stage.h"

struct daemon server;
struct party *party;

int stage_set(void **state)
{
    daemon_make(&server, *state);
    party = party_new();
    return 0;
}

int stage_clear(void **state)
{
    (void)state;
    party_free(party);
    party = NULL;
    daemon_remove(&server);
    return 0;
}
