#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "image/ovf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check_files(const struct ovf *o)
{
	const struct ovf_file *f;
	size_t i;

	for (i = 0; i < o->n_files; i++) {
		f = &o->files[i];
		if (f->id[0] == '\0' || ovf_file_by_href(o, f->href) != f ||
		    f->size > INT64_MAX)
			abort();
		if (ovf_href_is_safe(f->href) &&
		    (f->href[0] == '/' || strstr(f->href, "../") == f->href ||
			strstr(f->href, "/../") != NULL ||
			strstr(f->href, "://") != NULL))
			abort();
	}
}

static const struct ovf_disk *
parent_of(const struct ovf *o, const struct ovf_disk *d)
{
	size_t i;

	if (d->parent_ref == NULL)
		return NULL;
	for (i = 0; i < o->n_disks; i++)
		if (strcmp(o->disks[i].id, d->parent_ref) == 0)
			return &o->disks[i];
	abort();
}

static void
check_disks(const struct ovf *o)
{
	const struct ovf_disk *d;
	size_t i, steps;

	for (i = 0; i < o->n_disks; i++) {
		d = &o->disks[i];
		if (d->has_capacity != (d->capacity_bytes > 0))
			abort();
		if (d->file != NULL &&
		    (d->file < o->files || d->file >= o->files + o->n_files))
			abort();
		for (steps = 0; d != NULL; d = parent_of(o, d))
			if (steps++ > o->n_disks)
				abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = { 0 };
	struct ovf o;
	size_t i;

	if (ovf_parse(data, n, &o, &e) == -1) {
		if (e.class == ERR_NONE || e.text[0] == '\0' || o.n_files != 0)
			abort();
		return 0;
	}
	if (o.version != 1 && o.version != 2)
		abort();
	check_files(&o);
	check_disks(&o);
	for (i = 0; i < o.n_networks; i++)
		if (o.networks[i][0] == '\0')
			abort();
	ovf_free(&o);
	return 0;
}
