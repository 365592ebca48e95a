/* order.c -- see order.h. */
#include "play/order.h"

#include "play/seat.h"

/* Bit i of the lower 16 to bit 2i. */
static uint32_t spread(uint32_t v)
{
    v &= 0xFFFF;
    v = (v | v << 8) & 0x00FF00FF;
    v = (v | v << 4) & 0x0F0F0F0F;
    v = (v | v << 2) & 0x33333333;
    return (v | v << 1) & 0x55555555;
}

/* West and south of the origin come first, not last: the curve has no gap there. */
uint32_t order_place(struct space_cell cell)
{
    return spread((uint32_t)cell.x ^ 0x8000) | spread((uint32_t)cell.z ^ 0x8000) << 1;
}

/* Merge two runs that are in order, by `next` alone. Of equal ones the first run's come first. */
static struct seat **merge(struct seat **end, struct seat *a, struct seat *b)
{
    while (a != NULL && b != NULL) {
        struct seat **lower = b->place < a->place ? &b : &a;

        *end = *lower;
        *lower = (*lower)->next;
        end = &(*end)->next;
    }
    *end = a != NULL ? a : b;
    while (*end != NULL)
        end = &(*end)->next;
    return end;
}

/* Take up to n off the front; *rest: what follows. */
static struct seat *cut(struct seat *first, uint32_t n, struct seat **rest)
{
    struct seat *last = first;

    for (uint32_t i = 1; last != NULL && i < n; i++)
        last = last->next;
    *rest = last != NULL ? last->next : NULL;
    if (last != NULL)
        last->next = NULL;
    return first;
}

void order_list(struct host_list *list)
{
    struct seat *previous = NULL;
    uint32_t runs = 2;

    for (uint32_t n = 1; runs > 1; n *= 2) { /* merge runs of n, two by two */
        struct seat *rest = list->first, **end = &list->first;

        for (runs = 0; rest != NULL; runs++) {
            struct seat *a = cut(rest, n, &rest), *b = cut(rest, n, &rest);
            end = merge(end, a, b);
        }
    }
    for (struct seat *seat = list->first; seat != NULL; seat = seat->next) {
        seat->previous = previous;
        previous = seat;
    }
    list->last = previous;
}

void order_seats(struct host_list *list, const struct snapshot *snapshot)
{
    for (struct seat *seat = list->first; seat != NULL; seat = seat->next) {
        const struct snapshot_entity *entity = snapshot_entity(snapshot, seat->entity);

        seat->place = entity != NULL ? order_place(space_cell_of(entity->state.pos)) : 0;
    }
    order_list(list);
}
