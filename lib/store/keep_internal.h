#ifndef STORE_KEEP_INTERNAL_H
#define STORE_KEEP_INTERNAL_H

#include "store/keep.h"

/* The point that point i cannot be read without, -1: none. */
int keep_needs(const struct keep_point *points, size_t n, size_t i);

#endif
