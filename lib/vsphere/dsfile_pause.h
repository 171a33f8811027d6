#ifndef VSPHERE_DSFILE_PAUSE_H
#define VSPHERE_DSFILE_PAUSE_H

#include <stdbool.h>
#include "base/err.h"

/*
 * dsfile_pause - waits before the same is tried again.
 */

/* -1 if a signal, or *stop (stop may be NULL), ends it. */
int dsfile_pause(unsigned int ms, const volatile bool *stop, struct err *e);

#endif
