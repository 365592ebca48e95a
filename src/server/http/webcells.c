/* webcells.c -- see webcells.h. */
#include "http/webcells.h"

#include <stdlib.h>
#include <string.h>

#include "http/webtext.h"
#include "sim/command.h"

#define CHUNK_BYTES ((size_t)256 * 1024)
#define ALIGNMENT   ((size_t)8)
#define LINES_MAX   64 /* chat lines whose text is kept in one look */
#define CELLS_FIRST 64

struct chunk {
    struct chunk *next;
    size_t room, used;
    _Alignas(16) char bytes[];
};

struct line {
    uint64_t sequence;
    const char *bytes;
    size_t n;
};

struct webcells {
    uint32_t tick, before;
    struct webfigure *figures;
    struct webchange *changes;
    uint32_t figures_n, figures_room, changes_n;
    struct webcell *cells;
    uint32_t *table;                 /* number + 1 of a chain's first, by hash */
    uint32_t cells_room, cells_free; /* room: a power of two; so is the table's */
    struct chunk *chunks, *current;
    struct line lines[LINES_MAX];
    unsigned lines_n;
    char *scratch;
};

/* ---- text's room ---- */

/* At least n bytes, until the next look; arena_keep says how many of them. */
static char *arena_take(struct webcells *cells, size_t n)
{
    struct chunk **link = cells->current != NULL ? &cells->current : &cells->chunks;

    for (; *link != NULL; link = &(*link)->next) {
        if ((*link)->room - (*link)->used >= n) {
            cells->current = *link;
            return (*link)->bytes + (*link)->used;
        }
    }
    *link = malloc(sizeof(struct chunk) + (n > CHUNK_BYTES ? n : CHUNK_BYTES));
    if (*link == NULL)
        return NULL;
    **link = (struct chunk){.room = n > CHUNK_BYTES ? n : CHUNK_BYTES};
    cells->current = *link;
    return (*link)->bytes;
}

static void arena_keep(struct webcells *cells, size_t n)
{
    n = (n + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    cells->current->used += n;
    if (cells->current->used > cells->current->room)
        cells->current->used = cells->current->room;
}

static void arena_empty(struct webcells *cells)
{
    for (struct chunk *chunk = cells->chunks; chunk != NULL; chunk = chunk->next)
        chunk->used = 0;
    cells->current = cells->chunks;
    cells->lines_n = 0;
}

/* ---- cells ---- */

static uint32_t hash(const struct webcells *cells, struct space_cell at, uint8_t layer)
{
    uint64_t x = (uint64_t)(uint32_t)at.x << 32 | (uint32_t)at.z;

    x = (x ^ layer) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint32_t)(x >> 32) & (cells->cells_room - 1);
}

static uint32_t find(const struct webcells *cells, struct space_cell at, uint8_t layer)
{
    uint32_t number = cells->cells_room > 0 ? cells->table[hash(cells, at, layer)] : 0;

    while (number != 0) {
        const struct webcell *cell = &cells->cells[number - 1];

        if (cell->at.x == at.x && cell->at.z == at.z && cell->layer == layer)
            return number - 1;
        number = cell->chain;
    }
    return WEBCELLS_NONE;
}

/* Twice as many. */
static int cells_grow(struct webcells *cells)
{
    uint32_t before = cells->cells_room, room = before > 0 ? 2 * before : CELLS_FIRST;
    struct webcell *bigger = realloc(cells->cells, room * sizeof(*bigger));
    uint32_t *table;

    if (bigger == NULL)
        return -1;
    cells->cells = bigger;
    table = calloc(room, sizeof(*table));
    if (table == NULL)
        return -1;
    free(cells->table);
    cells->table = table;
    cells->cells_room = room;
    for (uint32_t i = 0; i < before; i++) { /* all are used */
        uint32_t *head = &table[hash(cells, bigger[i].at, bigger[i].layer)];

        bigger[i].chain = *head;
        *head = i + 1;
    }
    for (uint32_t i = room; i-- > before;) {
        bigger[i] = (struct webcell){.chain = cells->cells_free};
        cells->cells_free = i + 1;
    }
    return 0;
}

static uint32_t make(struct webcells *cells, struct space_cell at, uint8_t layer)
{
    uint32_t number = find(cells, at, layer), *head;

    if (number != WEBCELLS_NONE)
        return number;
    if (cells->cells_free == 0 && cells_grow(cells) != 0)
        return WEBCELLS_NONE;
    number = cells->cells_free - 1;
    cells->cells_free = cells->cells[number].chain;
    head = &cells->table[hash(cells, at, layer)];
    cells->cells[number] = (struct webcell){
        .at = at, .layer = layer, .used = true, .first = WEBCELLS_NONE, .chain = *head};
    *head = number + 1;
    return number;
}

static void forget(struct webcells *cells, uint32_t number)
{
    struct webcell *cell = &cells->cells[number];
    uint32_t *link = &cells->table[hash(cells, cell->at, cell->layer)];

    while (*link != number + 1)
        link = &cells->cells[*link - 1].chain;
    *link = cell->chain;
    cell->used = false;
    cell->chain = cells->cells_free;
    cells->cells_free = number + 1;
}

static void take_out(struct webcells *cells, uint32_t slot)
{
    struct webfigure *figure = &cells->figures[slot];
    struct webcell *cell = &cells->cells[figure->cell];

    *(figure->previous != WEBCELLS_NONE ? &cells->figures[figure->previous].next : &cell->first) =
        figure->next;
    if (figure->next != WEBCELLS_NONE)
        cells->figures[figure->next].previous = figure->previous;
    if (--cell->members_n == 0)
        forget(cells, figure->cell);
}

static int put_in(struct webcells *cells, uint32_t slot, struct space_cell at, uint8_t layer)
{
    struct webfigure *figure = &cells->figures[slot];
    uint32_t number = make(cells, at, layer);
    struct webcell *cell;

    if (number == WEBCELLS_NONE)
        return -1;
    cell = &cells->cells[number];
    figure->cell = number;
    figure->previous = WEBCELLS_NONE;
    figure->next = cell->first;
    if (cell->first != WEBCELLS_NONE)
        cells->figures[cell->first].previous = slot;
    cell->first = slot;
    cell->members_n++;
    cell->changed = cells->tick;
    figure->since = figure->moved = cells->tick;
    return 0;
}

/* ---- looking ---- */

static void note(struct webcells *cells, uint32_t slot, bool gone)
{
    cells->changes[cells->changes_n++] =
        (struct webchange){.slot = slot, .gone = gone, .key = cells->figures[slot].key};
}

static void look_at(struct webcells *cells, uint32_t slot, const struct snapshot_entity *entity)
{
    struct webfigure *figure = &cells->figures[slot];
    uint64_t key = entity != NULL ? WEBTEXT_KEY(entity->session, entity->id) : 0;
    struct space_cell at;

    if (figure->entity != 0 && (entity == NULL || entity->id != figure->entity ||
                                key != figure->key || entity->version != figure->version)) {
        note(cells, slot, true);
        take_out(cells, slot);
        figure->entity = 0;
    }
    if (entity == NULL)
        return;
    at = space_cell_up(entity->cell, 0);
    figure->name = entity->name;
    if (figure->entity == 0) {
        figure->key = key;
        figure->version = entity->version;
        figure->pos = entity->state.pos;
        if (put_in(cells, slot, at, entity->layer) == 0)
            figure->entity = entity->id;
        return;
    }
    if (cells->cells[figure->cell].at.x != at.x || cells->cells[figure->cell].at.z != at.z ||
        cells->cells[figure->cell].layer != entity->layer) {
        note(cells, slot, false);
        take_out(cells, slot);
        if (put_in(cells, slot, at, entity->layer) != 0) {
            cells->changes[cells->changes_n - 1].gone = true;
            figure->entity = 0;
        }
    } else if (figure->pos.x != entity->state.pos.x || figure->pos.z != entity->state.pos.z ||
               figure->pos.y != entity->state.pos.y) {
        figure->moved = cells->cells[figure->cell].changed = cells->tick;
    }
    figure->pos = entity->state.pos;
}

static int figures_grow(struct webcells *cells, uint32_t n)
{
    uint32_t room = cells->figures_room > 0 ? cells->figures_room : 64;
    struct webfigure *figures;
    struct webchange *changes;

    while (room < n)
        room *= 2;
    if (room != cells->figures_room) {
        figures = realloc(cells->figures, room * sizeof(*figures));
        if (figures != NULL)
            cells->figures = figures;
        changes = realloc(cells->changes, room * sizeof(*changes));
        if (changes != NULL)
            cells->changes = changes;
        if (figures == NULL || changes == NULL)
            return -1;
        cells->figures_room = room;
    }
    if (n > cells->figures_n) {
        memset(&cells->figures[cells->figures_n], 0,
               (n - cells->figures_n) * sizeof(*cells->figures));
        cells->figures_n = n;
    }
    return 0;
}

int webcells_look(struct webcells *cells, const struct snapshot *snapshot)
{
    if (cells->tick == snapshot_tick(snapshot))
        return 0;
    cells->changes_n = 0;
    if (figures_grow(cells, snapshot_slots_n(snapshot)) != 0)
        return -1;
    arena_empty(cells);
    cells->before = cells->tick;
    cells->tick = snapshot_tick(snapshot);
    for (uint32_t slot = 0; slot < cells->figures_n; slot++) {
        const struct snapshot_entity *entity = snapshot_slot(snapshot, slot);

        if (entity != NULL || cells->figures[slot].entity != 0)
            look_at(cells, slot, entity);
    }
    return 0;
}

/* ---- text ---- */

const struct webfigure *webcells_frame(struct webcells *cells, uint32_t slot)
{
    struct webfigure *figure = &cells->figures[slot];
    char *to;

    if (figure->made_frame == cells->tick)
        return figure;
    to = arena_take(cells, WEBTEXT_MOVED_MAX);
    if (to == NULL)
        return NULL;
    figure->frame = to;
    figure->frame_n = (uint16_t)(webtext_moved(to, figure->key, figure->pos) - to);
    figure->made_frame = cells->tick;
    arena_keep(cells, figure->frame_n);
    return figure;
}

const struct webfigure *webcells_row(struct webcells *cells, uint32_t slot)
{
    struct webfigure *figure = &cells->figures[slot];
    char *to;

    if (figure->made_row == cells->tick)
        return figure;
    to = arena_take(cells, WEBTEXT_ROW_MAX);
    if (to == NULL)
        return NULL;
    figure->row = to;
    figure->row_n = (uint16_t)(webtext_row(to, figure->key, figure->name->bytes,
                                           figure->name->len_bytes, figure->pos) -
                               to);
    figure->made_row = cells->tick;
    arena_keep(cells, figure->row_n);
    return figure;
}

/* Its text of ticks before is forgotten. */
static void begin(const struct webcells *cells, struct webcell *cell)
{
    if (cell->made == cells->tick)
        return;
    cell->made = cells->tick;
    cell->rows = NULL;
    for (unsigned k = 0; k < WEBCELLS_RUNS; k++)
        cell->runs[k].bytes = NULL;
}

int webcells_rows(struct webcells *cells, struct webcell *cell)
{
    char *to, *end;
    size_t most = 0;

    begin(cells, cell);
    if (cell->rows != NULL)
        return 0;
    for (uint32_t slot = cell->first; slot != WEBCELLS_NONE; slot = cells->figures[slot].next)
        most += WEBTEXT_ROW_BYTES(cells->figures[slot].name->len_bytes) + 1;
    to = arena_take(cells, most);
    if (to == NULL)
        return -1;
    end = to;
    for (uint32_t slot = cell->first; slot != WEBCELLS_NONE; slot = cells->figures[slot].next) {
        struct webfigure *figure = &cells->figures[slot];
        char *row = end;

        end = webtext_row(end, figure->key, figure->name->bytes, figure->name->len_bytes,
                          figure->pos);
        figure->row = row;
        figure->row_n = (uint16_t)(end - row);
        figure->made_row = cells->tick;
        *end++ = ',';
    }
    cell->rows = to;
    cell->rows_n = (uint32_t)(end - to);
    arena_keep(cells, cell->rows_n);
    return 0;
}

unsigned webcells_reach(const struct webcells *cells, uint32_t have)
{
    unsigned k = 0;

    while (k < WEBCELLS_RUNS && cells->tick - have > UINT32_C(1) << k)
        k++;
    return k;
}

/* Of all members the frames of those that moved, one behind the other. */
static char *put_moved(struct webcells *cells, const struct webcell *cell, unsigned k, char *to)
{
    uint32_t span = UINT32_C(1) << k;
    char *end = to;

    for (uint32_t slot = cell->first; slot != WEBCELLS_NONE; slot = cells->figures[slot].next) {
        struct webfigure *figure = &cells->figures[slot];

        figure->at[k] = WEBCELLS_NONE;
        if (cells->tick - figure->moved >= span || cells->tick - figure->since < span)
            continue;
        figure->at[k] = (uint32_t)(end - to);
        if (figure->made_frame == cells->tick) {
            memcpy(end, figure->frame, figure->frame_n);
        } else {
            figure->frame = end;
            figure->frame_n = (uint16_t)(webtext_moved(end, figure->key, figure->pos) - end);
            figure->made_frame = cells->tick;
        }
        end += figure->frame_n;
    }
    return end;
}

const struct webrun *webcells_run(struct webcells *cells, struct webcell *cell, unsigned k)
{
    struct webrun *run = &cell->runs[k];
    uint32_t span = UINT32_C(1) << k;
    uint32_t *came;
    char *to;

    begin(cells, cell);
    if (run->bytes != NULL)
        return run;
    came = (uint32_t *)(void *)arena_take(cells, cell->members_n * sizeof(*came));
    if (came == NULL)
        return NULL;
    run->came_n = 0;
    for (uint32_t slot = cell->first; slot != WEBCELLS_NONE; slot = cells->figures[slot].next) {
        if (cells->tick - cells->figures[slot].since < span)
            came[run->came_n++] = slot;
    }
    run->came = came;
    arena_keep(cells, run->came_n * sizeof(*came));
    to = arena_take(cells, cell->members_n * WEBTEXT_MOVED_MAX);
    if (to == NULL)
        return NULL;
    run->bytes = to;
    run->bytes_n = (uint32_t)(put_moved(cells, cell, k, to) - to);
    arena_keep(cells, run->bytes_n);
    return run;
}

const char *webcells_line(struct webcells *cells, const struct snapshot_chat_line *line,
                          uint64_t wall_ms, size_t *n)
{
    struct webtext_line text = {.text = line->text->bytes,
                                .text_n = line->text->len_bytes,
                                .name = "server",
                                .name_n = 6,
                                .wall_ms = wall_ms};
    char *to;

    for (unsigned i = 0; i < cells->lines_n; i++) {
        if (cells->lines[i].sequence == line->sequence) {
            *n = cells->lines[i].n;
            return cells->lines[i].bytes;
        }
    }
    if (line->name != NULL) {
        text.key = WEBTEXT_KEY(line->session, line->entity);
        text.name = line->name->bytes;
        text.name_n = line->name->len_bytes;
    }
    if (text.text_n > PROTOCOL_TEXT_MAX || text.name_n > TEXT_NAME_MAX_BYTES)
        return NULL;
    to = arena_take(cells, WEBTEXT_CHAT_MAX);
    if (to == NULL)
        return NULL;
    *n = (size_t)(webtext_chat(to, &text) - to);
    arena_keep(cells, *n);
    if (cells->lines_n < LINES_MAX)
        cells->lines[cells->lines_n++] = (struct line){line->sequence, to, *n};
    return to;
}

/* ---- small things ---- */

uint32_t webcells_tick(const struct webcells *cells)
{
    return cells->tick;
}

uint32_t webcells_before(const struct webcells *cells)
{
    return cells->before;
}

uint32_t webcells_figures_n(const struct webcells *cells)
{
    return cells->figures_n;
}

const struct webfigure *webcells_figure(const struct webcells *cells, uint32_t slot)
{
    return &cells->figures[slot];
}

const struct webchange *webcells_changes(const struct webcells *cells, uint32_t *n)
{
    *n = cells->changes_n;
    return cells->changes;
}

struct webcell *webcells_find(struct webcells *cells, struct space_cell level0, uint8_t layer)
{
    uint32_t number = find(cells, level0, layer);

    return number != WEBCELLS_NONE ? &cells->cells[number] : NULL;
}

const struct webcell *webcells_numbered(const struct webcells *cells, uint32_t number)
{
    return &cells->cells[number];
}

char *webcells_scratch(struct webcells *cells)
{
    return cells->scratch;
}

struct webcells *webcells_new(void)
{
    struct webcells *cells = calloc(1, sizeof(*cells));

    if (cells == NULL)
        return NULL;
    cells->scratch = malloc(WEBCELLS_SCRATCH);
    if (cells->scratch == NULL) {
        free(cells);
        return NULL;
    }
    return cells;
}

void webcells_free(struct webcells *cells)
{
    if (cells == NULL)
        return;
    while (cells->chunks != NULL) {
        struct chunk *next = cells->chunks->next;

        free(cells->chunks);
        cells->chunks = next;
    }
    free(cells->figures);
    free(cells->changes);
    free(cells->cells);
    free(cells->table);
    free(cells->scratch);
    free(cells);
}
