/* witness.c -- see witness.h. */
#include "witness.h"

#include <sys/resource.h>

struct player *witness;

unsigned witness_stage(const char *ini, const char *const *extra, unsigned files_max)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < files_max ? files.rlim_max : files_max;
    setrlimit(RLIMIT_NOFILE, &files);
    daemon_make(&server, ini);
    daemon_start(&server, extra);
    party = party_new();
    player_leave(player_new_account(party, &server, "witness"));
    party_free(party);
    return (unsigned)files.rlim_cur;
}

int witness_unstage(void **state)
{
    (void)state;
    if (daemon_running(&server))
        assert_int_equal(daemon_terminate(&server), 0);
    daemon_remove(&server);
    return 0;
}

int witness_comes(void **state)
{
    (void)state;
    party = party_new();
    witness = player_returns(party, &server, "witness");
    player_walk(witness, 0, MOVEMENT_WALK);
    return 0;
}

int witness_leaves(void **state)
{
    int failed =
        witness->gone || witness->notices_n > 0 || witness->dropped > 0 || !daemon_running(&server);

    (void)state;
    if (failed)
        print_error("the witness: gone %d (%s), notices %u, dropped %u\n", witness->gone,
                    witness->closed.text, witness->notices_n, witness->dropped);
    party_free(party);
    return failed;
}
