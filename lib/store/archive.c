#include "store/archive.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "codec/tar.h"
#include "store/listing.h"
#include "store/name.h"
#include "sys/afile.h"

struct archive {
	struct afile *file;
	char *path;
	char *descriptor; /* STEM.ovf */
	char *manifest;   /* STEM.mf */
	time_t when;
	uint64_t room_bytes; /* the descriptor's, whole blocks */
	struct listing files;
	uint64_t *starts; /* of the headers, in the order of files */
	size_t n_starts;
	bool has_descriptor;
	bool is_busy; /* a file is open */
	bool is_spoilt;
};

struct archive_file {
	struct archive *archive;
	char *name;
	uint64_t start; /* of its header */
	uint64_t bytes;
	bool made; /* and not committed */
};

static int
no_memory(struct err *e)
{
	return err_sys(e, ERR_OS, "memory");
}

static int
write_zeros(struct archive *a, uint64_t n, struct err *e)
{
	static const char zeros[8 * TAR_BLOCK_BYTES];

	while (n > 0) {
		size_t part = n < sizeof(zeros) ? (size_t)n : sizeof(zeros);

		if (afile_write(a->file, zeros, part, e) == -1)
			return -1;
		n -= part;
	}
	return 0;
}

static int
format_header(const struct archive *a, const char *name, uint64_t bytes,
    unsigned char block[TAR_BLOCK_BYTES], struct err *e)
{
	struct tar_member m = { .size_bytes = bytes, .mtime = a->when };
	size_t n = strlen(name);

	if (n > TAR_PART_BYTES)
		return err_set(e, ERR_DATA,
		    "%s: the name is too long for a tar archive", name);
	memcpy(m.name, name, n + 1);
	return tar_format(&m, block, e);
}

/* In the place that was left for it. */
static int
write_header(struct archive *a, const char *name, uint64_t start,
    uint64_t bytes, struct err *e)
{
	unsigned char block[TAR_BLOCK_BYTES];

	if (format_header(a, name, bytes, block, e) == -1)
		return -1;
	return afile_write_at(a->file, start, block, sizeof(block), e);
}

static int
leave_room(struct archive *a, uint64_t bytes, struct err *e)
{
	unsigned char block[TAR_BLOCK_BYTES];

	if (bytes > UINT32_MAX)
		return err_set(e, ERR_DATA, "a descriptor of %ju bytes",
		    (uintmax_t)bytes);
	a->room_bytes = bytes + tar_padding(bytes);
	if (format_header(a, a->descriptor, bytes, block, e) == -1)
		return -1;
	return write_zeros(a, sizeof(block) + a->room_bytes, e);
}

static int
set_names(struct archive *a, const char *path, const char *stem)
{
	a->path = strdup(path);
	if (asprintf(&a->descriptor, "%s.ovf", stem) == -1)
		a->descriptor = NULL;
	if (asprintf(&a->manifest, "%s.mf", stem) == -1)
		a->manifest = NULL;
	return a->path == NULL || a->descriptor == NULL || a->manifest == NULL
	    ? -1
	    : 0;
}

struct archive *
archive_open(const char *path, const char *stem, time_t when,
    uint64_t descriptor_bytes, struct err *e)
{
	struct archive *a = calloc(1, sizeof(*a));

	if (a == NULL || set_names(a, path, stem) == -1) {
		no_memory(e);
		goto fail;
	}
	a->when = when;
	if (!name_is_file(stem)) {
		err_set(e, ERR_BUG, "'%s' is no stem of an archive", stem);
		goto fail;
	}
	a->file = strcmp(path, "-") == 0
	    ? afile_open_spool(STDOUT_FILENO, "standard output",
		  afile_spool_dir(), e)
	    : afile_open(path, AFILE_NEW, 0444, e);
	if (a->file == NULL || leave_room(a, descriptor_bytes, e) == -1)
		goto fail;
	return a;
fail:
	archive_free(a);
	return NULL;
}

const char *
archive_path(const struct archive *a)
{
	return a->path;
}

uint64_t
archive_bytes(const struct archive *a)
{
	return afile_bytes(a->file);
}

static int
check_name(const struct archive *a, const char *name, struct err *e)
{
	unsigned char block[TAR_BLOCK_BYTES];

	/* It may come from a server. */
	if (!name_is_file(name))
		return err_set(e, ERR_DATA, "'%s' is no file name", name);
	if (strcmp(name, a->descriptor) == 0 || strcmp(name, a->manifest) == 0)
		return err_set(e, ERR_DATA, "'%s' is the name of our own file",
		    name);
	if (listing_find(&a->files, name) != NULL)
		return err_set(e, ERR_DATA, "'%s' is in %s already", name,
		    a->path);
	return format_header(a, name, 0, block, e);
}

static struct archive_file *
create(struct archive *a, const char *name, struct err *e)
{
	struct archive_file *f;

	if (a->is_busy) {
		err_set(e, ERR_BUG, "two files of %s at once", a->path);
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (f != NULL)
		f->name = strdup(name);
	if (f == NULL || f->name == NULL) {
		no_memory(e);
		free(f);
		return NULL;
	}
	f->archive = a;
	f->start = afile_bytes(a->file);
	f->made = a->is_busy = true;
	if (write_zeros(a, TAR_BLOCK_BYTES, e) == -1) {
		archive_file_free(f);
		return NULL;
	}
	return f;
}

struct archive_file *
archive_file_open(struct archive *a, const char *name, struct err *e)
{
	return check_name(a, name, e) == -1 ? NULL : create(a, name, e);
}

int
archive_file_write(struct archive_file *f, const void *data, size_t n,
    struct err *e)
{
	if (afile_write(f->archive->file, data, n, e) == -1)
		return -1;
	f->bytes += n;
	return 0;
}

static int
finish(struct archive_file *f, struct err *e)
{
	struct archive *a = f->archive;

	if (write_zeros(a, tar_padding(f->bytes), e) == -1 ||
	    write_header(a, f->name, f->start, f->bytes, e) == -1)
		return -1;
	f->made = a->is_busy = false;
	return 0;
}

static int
remember(struct archive *a, const struct archive_file *f, const char *hex,
    struct err *e)
{
	uint64_t *starts;

	starts = reallocarray(a->starts, a->n_starts + 1, sizeof(*starts));
	if (starts == NULL)
		return no_memory(e);
	a->starts = starts;
	if (listing_add(&a->files, f->name, hex, e) == -1)
		return -1;
	a->starts[a->n_starts++] = f->start;
	return 0;
}

int
archive_file_commit(struct archive_file *f, const char *hex, struct err *e)
{
	struct archive *a = f->archive;

	if (remember(a, f, hex, e) == -1)
		return -1;
	if (finish(f, e) == 0)
		return 0;
	listing_remove(&a->files, f->name);
	a->n_starts--;
	return -1;
}

/* What cannot be cut off must never be published. */
static int
cut(struct archive *a, uint64_t start, struct err *e)
{
	if (afile_cut(a->file, start, e) == 0)
		return 0;
	a->is_spoilt = true;
	return -1;
}

void
archive_file_free(struct archive_file *f)
{
	struct err e = { 0 };

	if (f == NULL)
		return;
	if (f->made) {
		f->archive->is_busy = false;
		if (cut(f->archive, f->start, &e) == -1)
			log_warn("%s: %s", f->archive->path, e.text);
	}
	free(f->name);
	free(f);
}

int
archive_file_remove(struct archive *a, const char *name, struct err *e)
{
	const struct listing_entry *last = a->n_starts == 0
	    ? NULL
	    : &a->files.entries[a->n_starts - 1];

	if (a->is_busy || a->has_descriptor || last == NULL ||
	    strcmp(last->name, name) != 0)
		return err_set(e, ERR_BUG, "%s is not the last file of %s",
		    name, a->path);
	listing_remove(&a->files, name);
	return cut(a, a->starts[--a->n_starts], e);
}

int
archive_put_descriptor(struct archive *a, const void *data, size_t n,
    struct err *e)
{
	char *text;
	int rc = -1;

	if (a->has_descriptor)
		return err_set(e, ERR_BUG, "a second descriptor for %s",
		    a->path);
	if (n > a->room_bytes)
		return err_set(e, ERR_TEMP,
		    "the descriptor has %zu bytes, room was left for %ju", n,
		    (uintmax_t)a->room_bytes);
	text = malloc(a->room_bytes + 1);
	if (text == NULL)
		return no_memory(e);
	memcpy(text, data, n);
	/* White space behind the last tag means nothing in XML. */
	memset(text + n, ' ', a->room_bytes - n);
	if (n < a->room_bytes)
		text[a->room_bytes - 1] = '\n';
	if (afile_write_at(a->file, TAR_BLOCK_BYTES, text, a->room_bytes, e) ==
		0 &&
	    write_header(a, a->descriptor, 0, a->room_bytes, e) == 0)
		rc = listing_add_data(&a->files, a->descriptor, text,
		    a->room_bytes, e);
	free(text);
	a->has_descriptor = rc == 0;
	return rc;
}

static int
write_manifest(struct archive *a, enum digest_kind kind, struct err *e)
{
	struct archive_file *f = NULL;
	struct buf b = { 0 };
	int rc = -1;

	if (listing_format(&a->files, kind, &b, e) == 0)
		f = create(a, a->manifest, e);
	if (f != NULL && archive_file_write(f, buf_text(&b), b.len, e) == 0)
		rc = finish(f, e);
	archive_file_free(f);
	buf_free(&b);
	return rc;
}

int
archive_commit(struct archive *a, enum digest_kind kind, struct err *e)
{
	if (a->is_spoilt || !a->has_descriptor)
		return err_set(e, ERR_BUG, "%s is not complete", a->path);
	if (write_manifest(a, kind, e) == -1 ||
	    write_zeros(a, 2 * TAR_BLOCK_BYTES, e) == -1)
		return -1;
	return afile_commit(a->file, e);
}

void
archive_free(struct archive *a)
{
	if (a == NULL)
		return;
	afile_free(a->file);
	listing_free(&a->files);
	free(a->starts);
	free(a->path);
	free(a->descriptor);
	free(a->manifest);
	free(a);
}
