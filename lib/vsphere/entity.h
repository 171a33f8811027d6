#ifndef VSPHERE_ENTITY_H
#define VSPHERE_ENTITY_H

#include "base/buf.h"

/*
 * entity - names of inventory objects, in which the API escapes '%', '/'
 * and '\' as %25, %2f and %5c (ManagedEntity.name).
 */
void entity_unescape(char *name); /* in place */
void entity_add_escaped(struct buf *b, const char *name);

#endif
