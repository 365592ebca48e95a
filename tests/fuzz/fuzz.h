/* fuzz.h -- what a fuzz target is: one function over any bytes, which aborts where a promise is
 * broken. libFuzzer calls it with clang; replay_main.c calls it with the corpus in every check. */
#ifndef OPENMMO_TESTS_FUZZ_H
#define OPENMMO_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The name and result are libFuzzer's. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes);

/* A promise: unlike assert it is kept in every build. */
#define MUST(fine)                                                                                 \
    do {                                                                                           \
        if (!(fine)) {                                                                             \
            fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #fine);                     \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#endif
