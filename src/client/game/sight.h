/* sight.h -- what the ground hides. Pure but for the height field; any thread. */
#ifndef OPENMMO_CLIENT_SIGHT_H
#define OPENMMO_CLIENT_SIGHT_H

#include "common/heightfield.h"
#include "common/space.h"

/* By how many metres the straight line from the eye to the point stays above the ground where it
 * comes nearest to it; negative: the ground is in between. Looked at every 2 m or less, for lines
 * of up to 100 m. */
float sight_clearance_m(const struct heightfield *field, struct space_pos eye,
                        struct space_pos point);

#endif
