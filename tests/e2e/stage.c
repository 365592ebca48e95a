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

void stage_expect_walking(struct player *player, uint64_t ms)
{
    struct space_pos from = player->self.pos;

    player_walk(player, 0x5000, MOVEMENT_WALK);
    UNTIL(party, ms, distance_m(player->self.pos, from) > 1 || player->gone);
    assert_false(player->gone);
    player_stand(player);
    UNTIL(party, ms, player_is_still(player));
}
