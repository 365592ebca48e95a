/* figure.h -- what blocks say of an entity, beside struct snapshot_entity. Inside sim/ only. */
#ifndef OPENMMO_SIM_FIGURE_H
#define OPENMMO_SIM_FIGURE_H

#include <stdint.h>

#include "common/cellblock.h"

struct figure {
    struct cellblock_state wire; /* as of the last tick */
    uint32_t entered;            /* tick in which it got its in-cell index */
    uint32_t placed;             /* tick in which the place in `wire` changed last */
    uint32_t turned;             /* tick in which the rest of it did */
    uint32_t changed;            /* tick in which its identity version changed last */
};

#endif
