#include "job/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "job/verify_internal.h"
#include "store/hold.h"
#include "sys/pool.h"

static int
no_memory(struct err *e)
{
	return err_sys(e, ERR_OS, "memory");
}

void
verify_fail(struct verify_file *f, int class, const char *fmt, ...)
{
	va_list ap;

	if (f->class != ERR_NONE)
		return;
	f->class = class;
	va_start(ap, fmt);
	if (vasprintf(&f->why, fmt, ap) == -1)
		f->why = NULL;
	va_end(ap);
}

struct verify_file *
verify_find_file(const struct verify_result *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->n_files; i++)
		if (strcmp(r->files[i].name, name) == 0)
			return &r->files[i];
	return NULL;
}

struct verify_file *
verify_add_file(struct verify_result *r, const char *name, struct err *e)
{
	struct verify_file *f = verify_find_file(r, name);

	if (f != NULL)
		return f;
	f = reallocarray(r->files, r->n_files + 1, sizeof(*f));
	if (f == NULL) {
		no_memory(e);
		return NULL;
	}
	r->files = f;
	f += r->n_files;
	*f = (struct verify_file){ .name = strdup(name) };
	if (f->name == NULL) {
		no_memory(e);
		return NULL;
	}
	r->n_files++;
	return f;
}

int
verify_warn(struct verify_result *r, const char *code, const char *fmt, ...)
{
	struct verify_warning *more;
	va_list ap;
	int rc;

	more = reallocarray(r->warnings, r->n_warnings + 1, sizeof(*more));
	if (more == NULL)
		return -1;
	r->warnings = more;
	more += r->n_warnings;
	more->code = code;
	va_start(ap, fmt);
	rc = vasprintf(&more->text, fmt, ap);
	va_end(ap);
	r->n_warnings += rc != -1;
	return rc == -1 ? -1 : 0;
}

static bool
ends_in(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && strcasecmp(s + n - m, suffix) == 0;
}

static bool
begins_as_disk(const char *path)
{
	/* O_NONBLOCK: a FIFO must not hang us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char magic[4];
	bool is_disk;

	if (fd == -1)
		return false;
	is_disk = pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	    memcmp(magic, "KDMV", sizeof(magic)) == 0;
	close(fd);
	return is_disk;
}

/* One disk by itself is a package of one file at offset 0. */
static int
open_single(struct verify *v, struct err *e)
{
	struct package *p = &v->p;
	struct stat st;

	*p = (struct package){ .fd = -1,
		.path = strdup(v->r->path),
		.is_archive = true };
	p->files = calloc(1, sizeof(*p->files));
	if (p->path == NULL || p->files == NULL ||
	    (p->files[0].name = strdup("")) == NULL)
		return no_memory(e);
	p->n_files = 1;
	p->fd = open(p->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (p->fd == -1 || fstat(p->fd, &st) == -1)
		return err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_OS,
		    "%s: open", p->path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_DATA, "%s: no backup: it is no file",
		    p->path);
	p->files[0].size_bytes = (uint64_t)st.st_size;
	v->is_single = true;
	return 0;
}

static int
open_package(struct verify *v, struct err *e)
{
	const char *path = v->r->path;
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    (ends_in(path, ".vmdk") ||
		(!ends_in(path, ".ovf") && !ends_in(path, ".mf") &&
		    begins_as_disk(path))))
		return open_single(v, e);
	v->is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	return package_survey(path, &v->p, &v->faults, e);
}

/* What stands before the names of files. */
static int
set_prefix(struct verify *v, struct err *e)
{
	const char *path = v->r->path;
	const char *slash = strrchr(path, '/');
	size_t n = strlen(path);
	bool is_beside = !v->p.is_archive &&
	    (ends_in(path, ".ovf") || ends_in(path, ".mf"));

	if (v->is_single)
		v->r->prefix = strdup(path);
	else if (is_beside)
		v->r->prefix = strndup(path,
		    slash == NULL ? 0 : (size_t)(slash + 1 - path));
	else if (asprintf(&v->r->prefix, "%s%s", path,
		     n > 0 && path[n - 1] == '/' ? "" : "/") == -1)
		v->r->prefix = NULL;
	return v->r->prefix == NULL ? no_memory(e) : 0;
}

static int
look_at_bytes(struct verify *v, struct verify_file *f,
    const struct package_file *at, struct err *e)
{
	struct verify_way way = verify_names_way(v, f->name);
	struct package_reader *r;
	struct source from;
	struct err own = { 0 };
	int rc = -1;

	r = package_read_open(&v->p, at, &own);
	if (r == NULL) {
		verify_fail(f, own.class, "%s", own.text);
		return 0;
	}
	from = package_source(r);
	if (verify_look(v, f, &way, &from, e) == 0 &&
	    (v->conf->level == VERIFY_DEEP || way.is_gzip ||
		verify_look_end(f, r, e) == 0))
		rc = 0;
	package_read_close(r);
	return rc;
}

static int
look(struct pool *pool, void *arg, size_t i, struct err *e)
{
	struct verify *v = arg;
	struct verify_file *f = &v->r->files[i];
	const struct package_file *at = package_find(&v->p, f->name);

	(void)pool;
	if (at == NULL || verify_names_is_small(v, f->name))
		return 0;
	return look_at_bytes(v, f, at, e);
}

/* Of every file, before any is looked at. */
static void
note_sizes(struct verify *v)
{
	const struct package_file *at;
	size_t i;

	for (i = 0; i < v->r->n_files; i++) {
		at = package_find(&v->p, v->r->files[i].name);
		if (at == NULL)
			continue;
		v->r->files[i].is_there = true;
		v->r->files[i].size_bytes = at->size_bytes;
	}
	if (v->conf->begin != NULL)
		v->conf->begin(v->conf->self, v->r);
}

static int
look_at_all(struct verify *v, struct err *e)
{
	note_sizes(v);
	return pool_run(look, v, v->r->n_files, v->conf->threads, e);
}

static int
check_package(struct verify *v, struct err *e)
{
	struct hold *h = NULL;
	int rc = -1;

	if (open_package(v, e) == -1)
		return -1;
	h = hold_open(&v->p, e);
	if (h != NULL && set_prefix(v, e) == 0 &&
	    verify_names_support(v, e) == 0 && verify_names(v, e) == 0 &&
	    look_at_all(v, e) == 0)
		rc = verify_judge(v, e);
	hold_free(h);
	return rc;
}

/* Damage outranks what could not be read. */
static void
count(struct verify_result *r)
{
	size_t i;

	for (i = 0; i < r->n_files; i++) {
		const struct verify_file *f = &r->files[i];

		if (f->class == ERR_NONE)
			continue;
		r->n_damaged++;
		if (r->exit != ERR_NEGATIVE)
			r->exit = f->class;
	}
}

static void
free_files(struct verify_result *r)
{
	int kind;

	while (r->n_files > 0) {
		struct verify_file *f = &r->files[--r->n_files];

		for (kind = 0; kind < VERIFY_DIGESTS; kind++)
			free(f->digests[kind]);
		free(f->name);
		free(f->why);
		free(f->fault);
		free(f->disk);
	}
	free(r->files);
	r->files = NULL;
}

int
verify_run(const char *path, const struct verify_conf *conf,
    struct verify_result *r)
{
	struct verify v = { .conf = conf, .r = r };
	uint64_t start = clock_mono_ms();
	int rc;

	*r = (struct verify_result){ .level = conf->level,
		.path = strdup(path) };
	if (r->path == NULL)
		rc = no_memory(&r->err);
	else
		rc = strcmp(path, "-") == 0 ? verify_pass(&v, &r->err)
					    : check_package(&v, &r->err);
	r->bytes = atomic_load(&v.bytes);
	r->ms = clock_mono_ms() - start;
	if (rc == 0) {
		count(r);
	} else {
		free_files(r); /* nothing is known of them yet */
		r->exit = r->err.class;
	}
	package_close(&v.p);
	return rc;
}

void
verify_result_free(struct verify_result *r)
{
	size_t i;

	free_files(r);
	for (i = 0; i < r->n_warnings; i++)
		free(r->warnings[i].text);
	free(r->warnings);
	free(r->path);
	free(r->prefix);
	*r = (struct verify_result){ 0 };
}

const char *
verify_level_name(enum verify_level level)
{
	static const char *const names[] = { "quick", "hash", "deep" };

	return names[level];
}
