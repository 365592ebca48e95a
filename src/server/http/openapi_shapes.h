/* openapi_shapes.h -- what answers look like, by the names that routes use: each shape is one row
 * of a table and one array of fields. Pure; any thread. */
#ifndef OPENMMO_HTTP_OPENAPI_SHAPES_H
#define OPENMMO_HTTP_OPENAPI_SHAPES_H

#include <jansson.h>

/* "components.schemas" of all shapes, as JSON Schema. NULL when out of memory. */
json_t *openapi_shapes(void);
/* A reference to one; "[Name]": to an array of them. */
json_t *openapi_shape_of(const char *name);

#endif
