/* heightfield.h -- how high the ground is. Integer only (a test greps for floating-point types).
 *
 * A seeded fractal of value noise on a lattice of 1 m; between lattice points the height is
 * interpolated on the two triangles of the 1 m square, split along the diagonal from (x+1, z) to
 * (x, z+1), which is the diagonal that the client's mesh draws. Tiles become a second source behind
 * the same functions. Immutable after heightfield_new; any thread. */
#ifndef OPENMMO_COMMON_HEIGHTFIELD_H
#define OPENMMO_COMMON_HEIGHTFIELD_H

#include <stdint.h>

#define HEIGHTFIELD_HASH_BYTES 32

struct heightfield; /* opaque */

/* seed: any. size_m: edge of the square world, 128..1048576/2 m, a multiple of 128; x and z run
 * from -size/2 to size/2. NULL when out of memory. */
struct heightfield *heightfield_new(uint32_t seed, int32_t size_m);
void heightfield_free(struct heightfield *field); /* NULL is fine */

/* Height at a lattice point, in 1/64 m, 0..65535. x_m, z_m in metres, any value (beyond the world
 * it goes on). */
int32_t heightfield_sample(const struct heightfield *field, int32_t x_m, int32_t z_m);

/* Height at any place, in 1/4096 m, by the triangle it lies on. x, z in 1/4096 m. */
int32_t heightfield_at(const struct heightfield *field, int32_t x, int32_t z);

/* As given to heightfield_new. */
int32_t heightfield_size_m(const struct heightfield *field);
uint32_t heightfield_seed(const struct heightfield *field); /* likewise */

/* Identity of the world: BLAKE2b-256 over format version, seed, size and a fixed grid of samples.
 */
void heightfield_hash(const struct heightfield *field, uint8_t hash[HEIGHTFIELD_HASH_BYTES]);

#endif
