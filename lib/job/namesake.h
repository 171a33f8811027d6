#ifndef JOB_NAMESAKE_H
#define JOB_NAMESAKE_H

#include <stdbool.h>
#include <stddef.h>
#include "vsphere/inv.h"

/*
 * namesake - two VMs of one inventory whose files would be called the same.
 */
bool namesake_has(const struct inv *inv, size_t at);

#endif
