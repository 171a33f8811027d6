#include "base/names.h"

enum { SHOWN_MAX = 20, SHOWN_BYTES = 600 };

void
names_add(struct names *list, const char *name)
{
	list->n++;
	if (list->left_out > 0 || list->n > SHOWN_MAX ||
	    list->shown.len > SHOWN_BYTES) {
		list->left_out++;
		return;
	}
	/* A name of more than a line would leave no room for the others. */
	buf_fmt(&list->shown, "%s'%.300s'", list->n == 1 ? "" : ", ", name);
}

void
names_tell(struct names *list, struct buf *out)
{
	if (list->n == 0)
		buf_puts(out, "there is none");
	else
		buf_fmt(out, "there %s %s", list->n == 1 ? "is" : "are",
		    buf_text(&list->shown));
	if (list->left_out > 0)
		buf_fmt(out, " and %zu more", list->left_out);
	buf_free(&list->shown);
	*list = (struct names){ 0 };
}
