#include "job/supply_flat.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "image/ovffill.h"
#include "job/pack.h"

enum { DISKS_MAX = 1024, THREADS = 2 };

struct flat {
	const char *href; /* of the record, as the other strings */
	const char *file;
	const char *content;
	uint64_t capacity_bytes;
	uint32_t cid;
};

struct supply_flat {
	const struct package *package;
	struct flat *flats;
	size_t n;
	char *nvram; /* its name, or NULL */
	struct buf descriptor;
	struct package_reader *reader;
	struct pack *pack;
};

static const char *
text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

static int
read_disk(const struct package *p, const json_t *disk, struct flat *f,
    struct err *e)
{
	const json_t *capacity = json_object_get(disk, "capacity");
	const char *cid = text_of(disk, "cid");
	const struct package_file *file;

	f->href = text_of(disk, "descriptor");
	f->file = text_of(disk, "file");
	f->content = text_of(disk, "content_sha256");
	f->cid = cid == NULL ? 1 : (uint32_t)strtoul(cid, NULL, 16);
	if (f->href == NULL || f->file == NULL || !json_is_integer(capacity) ||
	    json_integer_value(capacity) <= 0)
		return err_set(e, ERR_DATA,
		    "backup.json does not say which files its disks are");
	f->capacity_bytes = (uint64_t)json_integer_value(capacity);
	file = package_find(p, f->file);
	if (file == NULL)
		return err_set(e, ERR_DATA, "there is no %s", f->file);
	if (file->size_bytes != f->capacity_bytes)
		return err_set(e, ERR_DATA,
		    "%s has %ju bytes, backup.json says %ju", f->file,
		    (uintmax_t)file->size_bytes, (uintmax_t)f->capacity_bytes);
	return 0;
}

static int
read_disks(struct supply_flat *s, struct err *e)
{
	const json_t *disks = json_object_get(s->package->record, "disks");
	size_t i, n = json_array_size(disks);

	if (n == 0 || n > DISKS_MAX)
		return err_set(e, ERR_DATA, "backup.json has %zu disks", n);
	s->flats = calloc(n, sizeof(*s->flats));
	if (s->flats == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < n; i++)
		if (read_disk(s->package, json_array_get(disks, i),
			&s->flats[s->n++], e) == -1)
			return -1;
	return 0;
}

static int
fill_descriptor(struct supply_flat *s, struct err *e)
{
	struct ovffill_file *files = calloc(s->n + 1, sizeof(*files));
	size_t i, n = s->n;
	int rc;

	if (files == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < s->n; i++)
		files[i] = (struct ovffill_file){ s->flats[i].href, true };
	if (package_find(s->package, s->nvram) != NULL)
		files[n++] = (struct ovffill_file){ s->nvram, false };
	rc = ovffill(&s->package->descriptor, files, n, &s->descriptor, e);
	free(files);
	return rc == -1 ? err_ctx(e, "%s", s->package->descriptor_name) : 0;
}

struct supply_flat *
supply_flat_open(const struct package *p, struct err *e)
{
	const char *mode = text_of(p->record, "mode");
	struct supply_flat *s;

	if (mode == NULL || strcmp(mode, "vmdk") != 0)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL || asprintf(&s->nvram, "%s.nvram", p->stem) == -1) {
		err_sys(e, ERR_OS, "memory");
		free(s);
		return NULL;
	}
	s->package = p;
	if (read_disks(s, e) == 0 && fill_descriptor(s, e) == 0)
		return s;
	err_ctx(e, "%s", p->path);
	supply_flat_free(s);
	return NULL;
}

const struct buf *
supply_flat_descriptor(const struct supply_flat *s)
{
	return &s->descriptor;
}

uint64_t
supply_flat_used(const struct supply_flat *s)
{
	uint64_t sum = 0, bytes;
	struct stat st;
	size_t i;

	for (i = 0; i < s->n; i++) {
		bytes = s->flats[i].capacity_bytes;
		if (fstatat(s->package->fd, s->flats[i].file, &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    (uint64_t)st.st_blocks * 512 < bytes)
			bytes = (uint64_t)st.st_blocks * 512;
		if (__builtin_add_overflow(sum, bytes, &sum))
			return UINT64_MAX;
	}
	return sum;
}

static const struct flat *
find(const struct supply_flat *s, const char *href)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->flats[i].href, href) == 0)
			return &s->flats[i];
	return NULL;
}

const char *
supply_flat_content(const struct supply_flat *s, const char *href)
{
	const struct flat *f = find(s, href);

	return f == NULL ? NULL : f->content;
}

int
supply_flat_begin(struct supply_flat *s, const char *href, struct source *from,
    struct err *e)
{
	const struct flat *f = find(s, href);
	struct vmdkw_conf conf;

	if (f == NULL)
		return 0;
	s->reader = package_read_open(s->package,
	    package_find(s->package, f->file), e);
	if (s->reader == NULL)
		return -1;
	conf = (struct vmdkw_conf){ .capacity_bytes = f->capacity_bytes,
		.cid = f->cid,
		.adapter = "lsilogic",
		.hardware = "4" };
	s->pack = pack_open(package_read_fd(s->reader), &conf, THREADS, e);
	if (s->pack == NULL)
		return -1;
	*from = pack_source(s->pack);
	return 1;
}

void
supply_flat_end(struct supply_flat *s)
{
	pack_free(s->pack);
	package_read_close(s->reader);
	s->pack = NULL;
	s->reader = NULL;
}

void
supply_flat_free(struct supply_flat *s)
{
	if (s == NULL)
		return;
	supply_flat_end(s);
	buf_free(&s->descriptor);
	free(s->nvram);
	free(s->flats);
	free(s);
}
