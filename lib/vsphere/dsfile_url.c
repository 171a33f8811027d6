#include "vsphere/dsfile_url.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What stands between slashes; from a slash that separates on, whose own form
 * is slash. */
static void
add_name(struct buf *b, const char *name, const char *slash, bool twice)
{
	struct buf once = { 0 };
	const char *p;

	url_add_encoded(&once, name);
	for (p = buf_text(&once); *p != '\0'; p++) {
		if (strncmp(p, "%2F", 3) == 0) {
			buf_puts(b, slash);
			p += 2;
		} else if (*p == '%' && twice && strncmp(p, "%20", 3) != 0) {
			buf_puts(b, "%25");
		} else {
			buf_char(b, *p);
		}
	}
	if (once.failed)
		b->failed = true;
	buf_free(&once);
}

char *
dsfile_url_make(const struct url *server, const char *datacenter,
    const char *datastore, const char *path, enum dsfile_form form)
{
	bool names = form != DSFILE_ONCE, all = form == DSFILE_ALL_TWICE;
	struct url u = *server;
	struct buf b = { 0 };
	char *text = NULL;

	buf_puts(&b, "/folder/");
	add_name(&b, path, "/", all);
	buf_puts(&b, "?dcPath=");
	add_name(&b, datacenter, "%2F", names);
	buf_puts(&b, "&dsName=");
	add_name(&b, datastore, names ? "%252F" : "%2F", names);
	if (!b.failed) {
		u.path = b.data;
		text = url_format(&u);
	}
	buf_free(&b);
	return text;
}
