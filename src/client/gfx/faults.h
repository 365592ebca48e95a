/* faults.h -- faults that tests plant, to show that their checks can fail. Built in only with
 * TEST_FAULTS. */
#ifndef OPENMMO_CLIENT_GFX_FAULTS_H
#define OPENMMO_CLIENT_GFX_FAULTS_H

#include "common/compiler.h"
#include "common/error.h"

enum fault {
    FAULT_NONE,
    FAULT_FLIP_DIAGONAL,   /* the ground's squares are split along the other diagonal */
    FAULT_SHIFT_TERRAIN,   /* the ground lies one metre too far north */
    FAULT_TILTED_VIEW,     /* the camera looks two degrees too high */
    FAULT_WRONG_ID,        /* a figure's id goes to its neighbour */
    FAULT_SUN_IGNORED,     /* the light does not follow the hour */
    FAULT_DEPTH_BY_SUN,    /* the hour leaks into positions */
    FAULT_MISSING_BARRIER, /* barriers change layouts but wait for nothing */
    FAULT_OUT_OF_MEMORY,   /* the device gives no memory after its first block */
    FAULT_DEVICE_LOST,     /* the third submission fails */
    FAULT_OUT_OF_DATE,     /* every third presentation finds the swapchain out of date */
    FAULT_NO_IMAGE         /* every third time the window gives no image, as a hidden one does */
};

struct device;

/* The fault of that name (NULL: none) into *fault. -1 + error where it is unknown or faults are not
 * built in. */
int faults_parse(const char *name, enum fault *fault, struct error *error) MUST_CHECK;

/* Put the device's fault into its function table, where it is of that kind. After the table is
 * loaded. */
void faults_plant(struct device *device);

#endif
