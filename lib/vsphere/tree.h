#ifndef VSPHERE_TREE_H
#define VSPHERE_TREE_H

#include "vsphere/props.h"

/*
 * tree - objects of the inventory found by their reference, and their places
 * in it.
 *
 * Works on properties that hold "name" and "parent" ("parentVApp" of a VM in a
 * vApp); a server may say that the tree has no end.
 */
enum { TREE_DEPTH_MAX = 64, TREE_PATH_MAX = 4096 };

/* Before any tree_find(). */
void tree_sort(struct props *p);

/* NULL if it is not among them. */
const struct props_object *tree_find(const struct props *sorted,
    const struct moref *ref);
const struct props_object *tree_parent(const struct props *sorted,
    const struct props_object *o);

/* "DC/vm/folder/NAME", from below root on: names as the server has them, so
 * that a '/' within one is %2f.  NULL if it is longer than TREE_PATH_MAX, or
 * without memory; free() it. */
char *tree_path(const struct props *sorted, const struct moref *root,
    const struct props_object *o);

/* The object's name, unescaped; free() it. */
char *tree_name(const struct props_object *o);

#endif
