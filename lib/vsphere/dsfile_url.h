#ifndef VSPHERE_DSFILE_URL_H
#define VSPHERE_DSFILE_URL_H

#include "base/err.h"
#include "net/url.h"

/*
 * dsfile_url - the URL of a file on a datastore.
 *
 * Servers that take a name for one of their inventory undo its escapes once
 * more than HTTP does: there '+', '%' and their like must be encoded twice,
 * in the names of datacenter and datastore, or in the file's as well.  Blanks
 * are always %20, which all understand.
 */
enum dsfile_form {
	DSFILE_ONCE,
	DSFILE_NAMES_TWICE,
	DSFILE_ALL_TWICE,
	DSFILE_FORMS
};

/* free() it; NULL without memory.  Forms of plain names are equal. */
char *dsfile_url_make(const struct url *server, const char *datacenter,
    const char *datastore, const char *path, enum dsfile_form form);

#endif
