/* compiler.h -- the few attributes that our headers use. */
#ifndef OPENMMO_COMMON_COMPILER_H
#define OPENMMO_COMMON_COMPILER_H

#define MUST_CHECK             __attribute__((warn_unused_result))
#define PRINTF_LIKE(at, first) __attribute__((format(printf, at, first)))
#define ARRAY_N(array)         (sizeof(array) / sizeof((array)[0]))

#endif
