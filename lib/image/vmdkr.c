#include "image/vmdkr.h"

#include <stdlib.h>
#include <string.h>
#include "image/vmdki.h"

struct vmdkr {
	struct vmdkr_info info;
	struct vmdki *items;
	bool over; /* it failed, or was finished */
	size_t have;
	unsigned char scratch[VMDKI_ITEM_MAX]; /* have bytes of an item */
};

struct vmdkr *
vmdkr_open(const struct vmdkr_ops *ops, struct err *e)
{
	struct vmdkr *r = calloc(1, sizeof(*r));

	if (r == NULL) {
		err_set(e, ERR_OS, "out of memory");
		return NULL;
	}
	r->items = vmdki_open(ops, &r->info, e);
	if (r->items != NULL)
		return r;
	vmdkr_free(r);
	return NULL;
}

/* Takes one item, or what there is of it.  An item that lies whole in the
 * portion is used where it is. */
static int
advance(struct vmdkr *r, const unsigned char **p, size_t *n, struct err *e)
{
	size_t need = vmdki_need(r->items), part = need - r->have;
	bool direct = r->have == 0 && *n >= need;
	int rc;

	if (!direct && part > 0) {
		part = part < *n ? part : *n;
		memcpy(r->scratch + r->have, *p, part);
		r->have += part;
		*p += part;
		*n -= part;
		if (r->have < need)
			return 0;
	}
	rc = vmdki_take(r->items, direct ? *p : r->scratch, e);
	/* The beginning of a grain: it stays, the rest is added to it. */
	if (rc == 1)
		return 0;
	r->have = 0;
	if (direct) {
		*p += need;
		*n -= need;
	}
	return rc;
}

/* A grain may be no longer than the marker that told its length. */
static bool
is_complete(const struct vmdkr *r)
{
	return r->have > 0 && r->have == vmdki_need(r->items);
}

int
vmdkr_write(struct vmdkr *r, const void *p, size_t n, struct err *e)
{
	const unsigned char *at = p;
	int rc = 0;

	if (r->over)
		return err_set(e, ERR_IO,
		    "the reader of the VMDK has failed before");
	r->info.file_bytes += n;
	while (rc == 0 && vmdki_need(r->items) > 0 && (n > 0 || is_complete(r)))
		rc = advance(r, &at, &n, e);
	if (rc == 0 && n > 0)
		rc = vmdki_after_end(r->items, at, n, e);
	r->over = rc == -1;
	return rc;
}

static int
write_sink(void *self, const void *p, size_t n, struct err *e)
{
	return vmdkr_write(self, p, n, e);
}

struct sink
vmdkr_sink(struct vmdkr *r)
{
	return (struct sink){ write_sink, r };
}

int
vmdkr_finish(struct vmdkr *r, struct err *e)
{
	if (r->over)
		return err_set(e, ERR_IO,
		    "the reader of the VMDK has failed before");
	r->over = true;
	return vmdki_finish(r->items, r->have, e);
}

const struct vmdkr_info *
vmdkr_info(const struct vmdkr *r)
{
	return &r->info;
}

uint64_t
vmdkr_position(const struct vmdkr *r)
{
	return vmdki_position(r->items);
}

void
vmdkr_free(struct vmdkr *r)
{
	if (r == NULL)
		return;
	vmdki_free(r->items);
	free(r);
}
