#ifndef VSPHERE_VERSION_H
#define VSPHERE_VERSION_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

/*
 * version - which version of the vSphere API to speak.
 *
 * The server's vimServiceVersions.xml may begin with an internal build
 * version, and it may be newer than this program: the choice is the newest
 * of our own list that the server names too.
 */
int version_choose(const char *xml, size_t n, char *out, size_t size,
    struct err *e);

/* "6.7.3" is at least 6.7. */
bool version_is_at_least(const char *version, int major, int minor);

#endif
