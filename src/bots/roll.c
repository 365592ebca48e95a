/* roll.c -- see roll.h. Rows in one array; a table with open addressing leads to them. */
#include "bots/roll.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_FIRST 1024

struct roll {
    uint32_t rows_n, room; /* room: a power of two */
    struct roll_row *rows;
    uint32_t *table; /* 2 * room: number + 1; 0: none */
};

static uint32_t slot_of(const struct roll *roll, uint64_t id)
{
    return (uint32_t)(id * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (2 * roll->room - 1);
}

/* Where the id is in the table, or would be. */
static uint32_t *place_of(const struct roll *roll, uint64_t id)
{
    uint32_t at = slot_of(roll, id);
    while (roll->table[at] && roll->rows[roll->table[at] - 1].id != id)
        at = (at + 1) & (2 * roll->room - 1);
    return &roll->table[at];
}

static int make_room(struct roll *roll, uint32_t room)
{
    struct roll_row *rows = aligned_alloc(sizeof *rows, room * sizeof *rows);
    uint32_t *table = calloc(2 * (size_t)room, sizeof *table);
    if (!rows || !table) {
        free(rows);
        free(table);
        return -1;
    }
    if (roll->rows_n)
        memcpy(rows, roll->rows, roll->rows_n * sizeof *rows);
    free(roll->rows);
    free(roll->table);
    roll->rows = rows;
    roll->table = table;
    roll->room = room;
    for (uint32_t i = 0; i < roll->rows_n; i++)
        *place_of(roll, rows[i].id) = i + 1;
    return 0;
}

struct roll *roll_new(void)
{
    struct roll *roll = calloc(1, sizeof *roll);
    if (roll && make_room(roll, ROWS_FIRST) == 0)
        return roll;
    free(roll);
    return NULL;
}

void roll_free(struct roll *roll)
{
    if (!roll)
        return;
    free(roll->rows);
    free(roll->table);
    free(roll);
}

uint32_t roll_number(struct roll *roll, uint64_t id)
{
    uint32_t *place = place_of(roll, id);
    if (*place)
        return *place - 1;
    if (roll->rows_n == ROLL_MAX)
        return ROLL_NONE;
    if (roll->rows_n == roll->room) {
        if (make_room(roll, 2 * roll->room) == -1)
            return ROLL_NONE;
        place = place_of(roll, id);
    }
    roll->rows[roll->rows_n] = (struct roll_row){.id = id};
    *place = ++roll->rows_n;
    return *place - 1;
}

uint32_t roll_find(const struct roll *roll, uint64_t id)
{
    const uint32_t *place = place_of(roll, id);
    return *place ? *place - 1 : ROLL_NONE;
}

void roll_forget(struct roll *roll)
{
    for (uint32_t i = 0; i < roll->rows_n; i++)
        roll->rows[i] = (struct roll_row){.id = roll->rows[i].id};
}

struct roll_row *roll_row(struct roll *roll, uint32_t number)
{
    return &roll->rows[number];
}
