#include "job/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "store/archive.h"
#include "store/point.h"

/* One of the two. */
struct target {
	struct point *point;
	struct archive *archive;
};

struct target_file {
	struct point_file *point;
	struct archive_file *archive;
};

static struct target *
new_target(struct point *point, struct archive *archive, struct err *e)
{
	struct target *t = calloc(1, sizeof(*t));

	if (t == NULL || (point == NULL && archive == NULL)) {
		err_sys(e, ERR_OS, "memory");
		point_free(point);
		archive_free(archive);
		free(t);
		return NULL;
	}
	t->point = point;
	t->archive = archive;
	return t;
}

struct target *
target_open_point(const char *dir, const char *stem, time_t when, struct err *e)
{
	return new_target(point_open(dir, stem, when, e), NULL, e);
}

struct target *
target_open_archive(const char *path, const char *stem, time_t when,
    uint64_t descriptor_bytes, struct err *e)
{
	return new_target(NULL,
	    archive_open(path, stem, when, descriptor_bytes, e), e);
}

struct target *
target_of_point(struct point *p, struct err *e)
{
	return new_target(p, NULL, e);
}

struct point *
target_as_point(const struct target *t)
{
	return t->point;
}

bool
target_is_sequential(const struct target *t)
{
	return t->archive != NULL;
}

const char *
target_point(const struct target *t)
{
	return t->point == NULL ? "" : point_name(t->point);
}

time_t
target_time(const struct target *t)
{
	return t->point == NULL ? 0 : point_time(t->point);
}

const char *
target_path(const struct target *t)
{
	const char *path = t->point != NULL ? point_path(t->point)
					    : archive_path(t->archive);

	return strcmp(path, "-") == 0 ? NULL : path;
}

struct target_file *
target_file_open(struct target *t, const char *name, struct err *e)
{
	struct target_file *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	if (t->point != NULL)
		f->point = point_file_open(t->point, name, e);
	else
		f->archive = archive_file_open(t->archive, name, e);
	if (f->point == NULL && f->archive == NULL) {
		free(f);
		return NULL;
	}
	return f;
}

int
target_file_write(struct target_file *f, const void *data, size_t n,
    struct err *e)
{
	return f->point != NULL ? point_file_write(f->point, data, n, e)
				: archive_file_write(f->archive, data, n, e);
}

int
target_file_commit(struct target_file *f, const char *hex, struct err *e)
{
	return f->point != NULL ? point_file_commit(f->point, hex, e)
				: archive_file_commit(f->archive, hex, e);
}

void
target_file_free(struct target_file *f)
{
	if (f == NULL)
		return;
	point_file_free(f->point);
	archive_file_free(f->archive);
	free(f);
}

int
target_file_remove(struct target *t, const char *name, struct err *e)
{
	return t->point != NULL ? point_file_remove(t->point, name, e)
				: archive_file_remove(t->archive, name, e);
}

int
target_put_descriptor(struct target *t, const char *stem, const void *data,
    size_t n, struct err *e)
{
	char *name;
	int rc;

	if (t->archive != NULL)
		return archive_put_descriptor(t->archive, data, n, e);
	if (asprintf(&name, "%s.ovf", stem) == -1)
		return err_sys(e, ERR_OS, "memory");
	rc = point_put(t->point, name, data, n, e);
	free(name);
	return rc;
}

int
target_commit(struct target *t, enum digest_kind kind, const json_t *record,
    struct err *e)
{
	if (t->point != NULL)
		return point_commit(t->point, kind, record, e);
	log_step("archive of %ju bytes", (uintmax_t)archive_bytes(t->archive));
	return archive_commit(t->archive, kind, e);
}

void
target_free(struct target *t)
{
	if (t == NULL)
		return;
	point_free(t->point);
	archive_free(t->archive);
	free(t);
}
