/* board.c -- see board.h. Rows of the hash are claimed by compare-and-swap and never emptied, only
 * marked as left and claimed again, so that a search may stop at the first that nobody ever had. */
#include "bots/board.h"

#include <stddef.h>
#include <sys/mman.h>

#define ROWS_A_PLAYER 4
#define ROW_LEFT      UINT64_MAX /* no entity has this id, nor 0 */

struct board_row {
    _Atomic uint64_t entity; /* 0: never used; ROW_LEFT: free again */
    _Atomic uint32_t player; /* + 1; 0: not filled in yet, or free */
};

static size_t place(size_t *bytes, size_t n, size_t size)
{
    size_t at = (*bytes + 63) & ~(size_t)63;
    *bytes = at + n * size;
    return at;
}

struct board *board_new(uint32_t players, uint32_t processes)
{
    struct board *board;
    size_t bytes = sizeof(struct board);
    uint32_t rows_n = 64;
    while (rows_n < players * ROWS_A_PLAYER)
        rows_n *= 2;
    size_t trails = place(&bytes, players, sizeof(struct trail));
    size_t reports = place(&bytes, processes, sizeof(struct report));
    size_t rows = place(&bytes, rows_n, sizeof(struct board_row));
    size_t apart = place(&bytes, players, sizeof(board->apart[0]));
    char *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    board = (void *)base;
    board->players = players;
    board->processes = processes;
    board->trails = (void *)(base + trails);
    board->reports = (void *)(base + reports);
    board->rows = (void *)(base + rows);
    board->apart = (void *)(base + apart);
    board->rows_n = rows_n;
    board->bytes = bytes;
    return board;
}

void board_free(struct board *board)
{
    if (board)
        munmap(board, board->bytes);
}

static uint32_t first_row(const struct board *board, uint64_t entity)
{
    return (uint32_t)(entity * UINT64_C(0x9E3779B97F4A7C15) >> 32) & (board->rows_n - 1);
}

void board_enter(struct board *board, uint64_t entity, uint32_t player)
{
    uint32_t at = first_row(board, entity);
    for (uint32_t n = 0; n < board->rows_n; n++, at = (at + 1) & (board->rows_n - 1)) {
        struct board_row *row = &board->rows[at];
        uint64_t was = atomic_load_explicit(&row->entity, memory_order_relaxed);
        if (was != 0 && was != ROW_LEFT)
            continue;
        /* acq_rel: whoever left it has said before that it is nobody's */
        if (!atomic_compare_exchange_strong_explicit(&row->entity, &was, entity,
                                                     memory_order_acq_rel, memory_order_relaxed))
            continue;
        atomic_store_explicit(&row->player, player + 1, memory_order_release);
        return;
    }
}

static struct board_row *row_of(const struct board *board, uint64_t entity)
{
    uint32_t at = first_row(board, entity);
    for (uint32_t n = 0; n < board->rows_n; n++, at = (at + 1) & (board->rows_n - 1)) {
        uint64_t held = atomic_load_explicit(&board->rows[at].entity, memory_order_acquire);
        if (held == entity)
            return &board->rows[at];
        if (held == 0)
            break;
    }
    return NULL;
}

void board_leave(struct board *board, uint64_t entity)
{
    struct board_row *row = row_of(board, entity);
    if (!row)
        return;
    atomic_store_explicit(&row->player, 0, memory_order_relaxed);
    atomic_store_explicit(&row->entity, ROW_LEFT, memory_order_release); /* nobody's before */
}

uint32_t board_player(const struct board *board, uint64_t entity)
{
    const struct board_row *row = entity != 0 && entity != ROW_LEFT ? row_of(board, entity) : NULL;
    uint32_t player = row ? atomic_load_explicit(&row->player, memory_order_acquire) : 0;
    return player ? player - 1 : BOARD_NOBODY;
}

void board_set_apart(struct board *board, uint32_t player)
{
    if (atomic_exchange_explicit(&board->apart[player], 1, memory_order_relaxed) == 0)
        atomic_fetch_add_explicit(&board->apart_n, 1, memory_order_relaxed);
}
