/* apart.c -- see apart.h. */
#include "bots/apart.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static uint32_t player_called(struct accounts *accounts, uint32_t players, const char *name)
{
    for (uint32_t i = 0; i < players; i++) {
        if (strcmp(accounts_at(accounts, i)->name, name) == 0)
            return i;
    }
    return BOARD_NOBODY;
}

int apart_read(const char *path, struct accounts *accounts, struct board *board,
               struct error *error)
{
    char name[TEXT_NAME_MAX_BYTES + 2];
    FILE *file = fopen(path, "r");
    int rc = 0;
    if (!file)
        return error_set(error, "%s: %s", path, strerror(errno));
    for (unsigned line = 1; rc == 0 && fgets(name, sizeof name, file); line++) {
        name[strcspn(name, "\n")] = '\0';
        uint32_t player = player_called(accounts, board->players, name);
        if (player == BOARD_NOBODY)
            rc = error_set(error, "%s:%u: none of the players is called that", path, line);
        else
            board_set_apart(board, player);
    }
    fclose(file);
    return rc;
}
