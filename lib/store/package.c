#include "store/package.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/ova.h"
#include "store/package_internal.h"
#include "store/record.h"

enum { CHUNK_BYTES = 65536 };

static int
no_memory(struct err *e)
{
	return err_sys(e, ERR_OS, "memory");
}

bool
package_ends_in(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && strcasecmp(s + n - m, suffix) == 0;
}

int
package_read_small(const char *name, uint64_t size_bytes,
    const struct source *from, size_t limit, struct buf *b, struct err *e)
{
	char chunk[CHUNK_BYTES];
	ssize_t n;

	if (size_bytes > limit)
		return err_set(e, ERR_DATA, "%s: %ju bytes, at most %zu", name,
		    (uintmax_t)size_bytes, limit);
	while ((n = flow_read(from, chunk, sizeof(chunk), e)) > 0)
		buf_add(b, chunk, (size_t)n);
	return n == -1 ? -1 : buf_check(b, e);
}

static int
read_whole(const struct package *p, const struct package_file *f, size_t limit,
    struct buf *b, struct err *e)
{
	struct package_reader *r = package_read_open(p, f, e);
	struct source from;
	int rc;

	if (r == NULL)
		return -1;
	from = package_source(r);
	rc = package_read_small(f->name, f->size_bytes, &from, limit, b, e);
	package_read_close(r);
	return rc;
}

/* A file by name, before the files are listed.  1: read; 0: not there. */
static int
read_small(const struct package *p, const char *name, size_t limit,
    struct buf *b, struct err *e)
{
	char own[NAME_MAX + 1];
	struct package_file local = { .name = own };
	const struct package_file *f = &local;
	struct stat st;

	if (p->is_archive) {
		f = package_find(p, name);
		if (f == NULL)
			return 0;
	} else if (fstatat(p->fd, name, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		return errno == ENOENT ? 0 : err_sys(e, ERR_OS, "%s", name);
	} else if (!S_ISREG(st.st_mode)) {
		return err_set(e, ERR_DATA, "%s is no regular file", name);
	} else {
		local.size_bytes = (uint64_t)st.st_size;
		/* fstatat() has refused a longer one. */
		snprintf(own, sizeof(own), "%s", name);
	}
	return read_whole(p, f, limit, b, e) == -1 ? -1 : 1;
}

static void
load_record(struct package *p, struct err *e)
{
	struct buf b = { 0 };

	if (read_small(p, RECORD_FILE, RECORD_MAX_BYTES, &b, e) == 1)
		p->record = record_parse(RECORD_FILE, buf_text(&b), b.len, e);
	buf_free(&b);
}

void
package_parse_descriptor(struct package *p, struct err *e)
{
	if (ovf_parse(p->descriptor.data, p->descriptor.len, &p->ovf, e) == -1)
		err_ctx(e, "%s", p->descriptor_name);
}

void
package_parse_manifest(struct package *p, struct err *e)
{
	if (mf_parse(buf_text(&p->manifest_text), p->manifest_text.len,
		&p->manifest, e) == -1)
		err_ctx(e, "%s", p->manifest_name);
}

static void
load_descriptor(struct package *p, struct err *e)
{
	int rc = read_small(p, p->descriptor_name, OVF_MAX_BYTES,
	    &p->descriptor, e);

	if (rc == 0)
		err_set(e, ERR_NOTFOUND, "%s is not there", p->descriptor_name);
	else if (rc == 1)
		package_parse_descriptor(p, e);
}

/* STEM.suffix: *name is NULL if it is not there. */
static int
load_companion(struct package *p, const char *suffix, size_t limit, char **name,
    struct buf *b, struct err *e)
{
	char *own;
	int rc;

	if (asprintf(&own, "%s.%s", p->stem, suffix) == -1)
		return no_memory(e);
	rc = read_small(p, own, limit, b, e);
	if (rc == 0)
		free(own);
	else
		*name = own;
	return rc;
}

static void
load_companions(struct package *p, struct package_faults *f)
{
	if (load_companion(p, "mf", PACKAGE_MANIFEST_MAX, &p->manifest_name,
		&p->manifest_text, &f->manifest) == 1)
		package_parse_manifest(p, &f->manifest);
	load_companion(p, "cert", PACKAGE_CERTIFICATE_MAX, &p->certificate_name,
	    &p->certificate, &f->certificate);
}

/* The names are the descriptor's but for what stands behind the dot. */
int
package_set_descriptor(struct package *p, const char *name, struct err *e)
{
	const char *dot = strrchr(name, '.');

	p->stem = strndup(name, (size_t)(dot - name));
	if (p->stem == NULL)
		return no_memory(e);
	if (package_ends_in(name, ".ovf"))
		p->descriptor_name = strdup(name);
	else if (asprintf(&p->descriptor_name, "%s.ovf", p->stem) == -1)
		p->descriptor_name = NULL;
	return p->descriptor_name == NULL ? no_memory(e) : 0;
}

/* Was the point of this name made with this descriptor? */
static bool
is_of_point(const json_t *record, const char *descriptor)
{
	const char *point = json_string_value(json_object_get(record, "point"));
	size_t n = strlen(descriptor) - strlen(".ovf");

	return point != NULL && strncmp(point, descriptor, n) == 0 &&
	    point[n] == '_' && strchr(point + n + 1, '_') != NULL;
}

/* The folder's descriptor, how many there are in *n.  One that belongs to the
 * record goes before others. */
static char *
find_in_folder(const struct package *p, size_t *n, struct err *e)
{
	int fd = openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char *found = NULL;

	*n = 0;
	if (d == NULL) {
		if (fd != -1)
			close(fd);
		err_sys(e, ERR_OS, "read folder");
		return NULL;
	}
	while ((entry = readdir(d)) != NULL) {
		if (!package_ends_in(entry->d_name, ".ovf"))
			continue;
		++*n;
		if (found != NULL && !is_of_point(p->record, entry->d_name))
			continue;
		free(found);
		found = strdup(entry->d_name);
	}
	closedir(d);
	return found;
}

/* What the record's point is called tells what a lost descriptor was. */
static char *
guess_descriptor(const struct package *p)
{
	const char *point = json_string_value(
	    json_object_get(p->record, "point"));
	size_t n = point == NULL ? 0 : strlen(point);
	char *name;

	/* STEM_YYYYMMDD_HHMMSS */
	if (n <= 16 || strchr(point, '/') != NULL ||
	    asprintf(&name, "%.*s.ovf", (int)(n - 16), point) == -1)
		return NULL;
	return name;
}

static int
pick_in_folder(struct package *p, struct package_faults *f, struct err *e)
{
	size_t n;
	char *name = find_in_folder(p, &n, e);
	int rc;

	if (name == NULL && e->class == ERR_NONE && p->record != NULL)
		name = guess_descriptor(p);
	if (name == NULL)
		return err_set(e, ERR_DATA,
		    "no backup: there is no descriptor (.ovf) in the folder");
	if (n > 1)
		err_set(&f->whole, ERR_DATA, "%zu descriptors (.ovf)", n);
	rc = n > 1 && p->record == NULL
	    ? err_set(e, ERR_DATA, "%zu descriptors (.ovf): give one of them",
		  n)
	    : package_set_descriptor(p, name, e);
	free(name);
	return rc;
}

/* name: of a descriptor or manifest in the folder; NULL: look for it. */
static int
survey_folder(struct package *p, const char *folder, const char *name,
    struct package_faults *f, struct err *e)
{
	p->fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->fd == -1)
		return err_sys(e, ERR_OS, "open folder");
	load_record(p, &f->record);
	if ((name == NULL ? pick_in_folder(p, f, e)
			  : package_set_descriptor(p, name, e)) == -1)
		return -1;
	load_descriptor(p, &f->descriptor);
	load_companions(p, f);
	return package_list(p, e);
}

static bool
is_tar(int fd)
{
	char block[TAR_BLOCK_BYTES];

	return pread(fd, block, sizeof(block), 0) == sizeof(block) &&
	    memcmp(block + 257, "ustar", 5) == 0;
}

/* The path comes before all errors of a package, by package_survey(). */
static void
drop_name(struct err *e, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(e->text, name, n) == 0 &&
	    strncmp(e->text + n, ": ", 2) == 0)
		memmove(e->text, e->text + n + 2, strlen(e->text + n + 2) + 1);
}

/* All that can be found before the first fault. */
static int
list_archive(struct package *p, struct package_faults *f, struct err *e)
{
	static const char name[] = "archive";
	struct ova *o = ova_open(p->fd, name, e);
	struct tar_member m;
	int64_t offset;
	int rc = -1;

	if (o == NULL)
		return -1;
	while ((rc = ova_next(o, &m, &offset, &f->whole)) == 1)
		if (package_list_add(p, m.name, m.size_bytes, (uint64_t)offset,
			e) == -1)
			break;
	ova_free(o);
	drop_name(&f->whole, name);
	if (rc == -1 && f->whole.class != ERR_DATA) {
		*e = f->whole;
		return -1;
	}
	return e->class == ERR_NONE ? 0 : -1;
}

static int
survey_archive(struct package *p, struct package_faults *f, struct err *e)
{
	const char *name = NULL;
	size_t i;

	p->is_archive = true;
	p->fd = open(p->path, O_RDONLY | O_CLOEXEC);
	if (p->fd == -1)
		return err_sys(e, ERR_OS, "open");
	if (!is_tar(p->fd))
		return err_set(e, ERR_DATA,
		    "no backup: neither a point, an .ovf nor an .ova");
	if (list_archive(p, f, e) == -1)
		return -1;
	for (i = p->n_files; i > 0; i--)
		if (package_ends_in(p->files[i - 1].name, ".ovf"))
			name = p->files[i - 1].name;
	if (name == NULL && f->whole.class == ERR_NONE)
		return err_set(e, ERR_DATA,
		    "no backup: there is no descriptor (.ovf) in the archive");
	if (name == NULL)
		return 0;
	if (package_set_descriptor(p, name, e) == -1)
		return -1;
	load_descriptor(p, &f->descriptor);
	load_companions(p, f);
	return 0;
}

static int
survey_beside(struct package *p, struct package_faults *f, struct err *e)
{
	const char *slash = strrchr(p->path, '/');
	const char *name = slash == NULL ? p->path : slash + 1;
	char *folder = slash == NULL
	    ? strdup(".")
	    : strndup(p->path, (size_t)(name - p->path));
	int rc = -1;

	if (folder == NULL)
		no_memory(e);
	else
		rc = survey_folder(p, folder, name, f, e);
	free(folder);
	return rc;
}

static int
survey(struct package *p, struct package_faults *f, struct err *e)
{
	struct stat st;

	if (stat(p->path, &st) == -1)
		return err_sys(e,
		    errno == ENOENT || errno == ENOTDIR ? ERR_NOTFOUND : ERR_OS,
		    "open");
	if (S_ISDIR(st.st_mode))
		return survey_folder(p, p->path, NULL, f, e);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_DATA,
		    "no backup: neither a folder nor a file");
	if (package_ends_in(p->path, ".ovf") || package_ends_in(p->path, ".mf"))
		return survey_beside(p, f, e);
	return survey_archive(p, f, e);
}

int
package_survey(const char *path, struct package *p, struct package_faults *f,
    struct err *e)
{
	*p = (struct package){ .fd = -1, .path = strdup(path) };
	*f = (struct package_faults){ 0 };
	if (p->path == NULL)
		no_memory(e);
	else if (survey(p, f, e) == 0)
		return 0;
	package_close(p);
	return err_ctx(e, "%s", path);
}

int
package_open(const char *path, struct package *p, struct err *e)
{
	struct package_faults f;
	const struct err *parts[] = { &f.whole, &f.descriptor, &f.manifest,
		&f.certificate, &f.record };
	size_t i;

	if (package_survey(path, p, &f, e) == -1)
		return -1;
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i]->class == ERR_NONE)
			continue;
		*e = *parts[i];
		package_close(p);
		return err_ctx(e, "%s", path);
	}
	return 0;
}

const struct package_file *
package_find(const struct package *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->n_files; i++)
		if (strcmp(p->files[i].name, name) == 0)
			return &p->files[i];
	return NULL;
}

static ssize_t
read_reader(void *self, void *p, size_t n, struct err *e)
{
	return package_read(self, p, n, e);
}

struct source
package_source(struct package_reader *r)
{
	return (struct source){ read_reader, r };
}

void
package_close(struct package *p)
{
	/* Of an empty value, 0 is no file. */
	bool had_fd = p->path != NULL && p->fd != -1;

	while (p->n_files > 0)
		free(p->files[--p->n_files].name);
	while (p->n_strange > 0)
		free(p->strange[--p->n_strange]);
	free(p->files);
	free(p->strange);
	free(p->path);
	free(p->stem);
	free(p->descriptor_name);
	free(p->manifest_name);
	free(p->certificate_name);
	buf_free(&p->descriptor);
	buf_free(&p->manifest_text);
	buf_free(&p->certificate);
	ovf_free(&p->ovf);
	mf_free(&p->manifest);
	json_decref(p->record);
	if (had_fd)
		close(p->fd);
	*p = (struct package){ 0 };
}
