#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/log.h"
#include "base/utf8.h"
#include "cli/cmd.h"
#include "cli/progress.h"
#include "job/verify.h"

enum { SHOWN_BYTES = 64 << 20, SHOWN_FILES = 16 };

static const char *level = "hash";
static uint64_t threads = 2;

static const struct opt table[] = {
	{ 0, "level", "quick|hash|deep",
	    "files and sizes; digests too; each grain of the disks too (hash)",
	    OPT_CHOICE, &level },
	{ 'j', "jobs", "N", "files at once (2)", OPT_U64, &threads },
	{ 0 },
};

/* How the packages of one call came out. */
struct tally {
	size_t packages;
	size_t failed;
	size_t files;
	size_t damaged; /* files that are, or could not be read */
	int status;     /* 1 before all, else the most permanent failure's */
	struct err last;
};

/* How far it is: for each file its line, from 1, or 0. */
struct view {
	const struct verify_result *r;
	struct progress *shown;
	size_t *lines;
};

/* What no retry mends outranks what one may, damage outranks all. */
static bool
outranks(int status, int other)
{
	return other == 0 || status == ERR_NEGATIVE ||
	    (other != ERR_NEGATIVE && (other == ERR_IO || other == ERR_TEMP));
}

/* One line, whatever the name: as sha256sum has them, but for control
 * characters and what is not UTF-8, which become \\ooo. */
static void
add_name(struct buf *b, const char *s)
{
	size_t left = strlen(s), n;
	uint32_t c;

	for (; left > 0; s += n, left -= n) {
		n = utf8_next(s, left, &c);
		if (n == 0 || utf8_is_control(c)) {
			n = 1;
			buf_fmt(b, "\\%03o", (unsigned char)*s);
		} else if (c == '\\') {
			buf_puts(b, "\\\\");
		} else {
			buf_add(b, s, n);
		}
	}
}

static void
add_path(struct buf *b, const struct verify_result *r,
    const struct verify_file *f)
{
	if (f->name[0] == '\0') {
		add_name(b, r->path);
		return;
	}
	add_name(b, r->prefix);
	add_name(b, f->name);
}

static void
print_file(const struct verify_result *r, const struct verify_file *f)
{
	struct buf b = { 0 };
	struct err ignored = { 0 };

	add_path(&b, r, f);
	if (f->class == ERR_NONE) {
		if (!log_is_on(LOG_NORMAL))
			goto out;
		buf_puts(&b, ": OK\n");
	} else {
		char *why = strdup(f->why == NULL ? "" : f->why);

		/* It may hold what stands in the files. */
		if (why != NULL)
			utf8_make_line(why);
		buf_fmt(&b, ": FAILED (%s)\n", why == NULL ? "" : why);
		free(why);
	}
	if (buf_check(&b, &ignored) == 0)
		cmd_print("%s", buf_text(&b));
out:
	buf_free(&b);
}

static json_t *
list_files(const struct verify_result *r)
{
	static const char *const keys[] = { "sha1", "sha256", "sha512" };
	json_t *list = json_array(), *doc;
	size_t i;
	int kind;

	for (i = 0; i < r->n_files; i++) {
		const struct verify_file *f = &r->files[i];

		doc = json_object();
		json_set_text(doc, "file", f->name[0] == '\0' ? NULL : f->name);
		json_set_text(doc, "outcome",
		    f->class == ERR_NONE ? "ok" : "failed");
		json_set_text(doc, "reason", f->why);
		json_set_int(doc, "bytes", (long long)f->size_bytes);
		for (kind = 0; kind < VERIFY_DIGESTS; kind++)
			if (f->digests[kind] != NULL)
				json_set_text(doc, keys[kind],
				    f->digests[kind]);
		json_array_append_new(list, doc);
	}
	return list;
}

static json_t *
list_disks(const struct verify_result *r)
{
	json_t *list = json_array(), *doc;
	char cid[9];
	size_t i;

	for (i = 0; i < r->n_files; i++) {
		const struct verify_disk *d = r->files[i].disk;
		const char *name = r->files[i].name;

		if (d == NULL || !d->has_header)
			continue;
		snprintf(cid, sizeof(cid), "%08x", d->info.cid);
		doc = json_object();
		json_set_text(doc, "file", name[0] == '\0' ? NULL : name);
		json_set_int(doc, "capacity",
		    (long long)d->info.capacity_bytes);
		json_set_text(doc, "cid", cid);
		json_set_text(doc, "content_sha256",
		    d->content[0] == '\0' ? NULL : d->content);
		json_array_append_new(list, doc);
	}
	return list;
}

static json_t *
list_warnings(const struct verify_result *r)
{
	json_t *list = json_array(), *doc;
	size_t i;

	for (i = 0; i < r->n_warnings; i++) {
		doc = json_object();
		json_set_text(doc, "code", r->warnings[i].code);
		json_set_text(doc, "text", r->warnings[i].text);
		json_array_append_new(list, doc);
	}
	return list;
}

static void
print_document(const struct verify_result *r)
{
	json_t *doc = json_object();

	json_set_text(doc, "schema", "esxbk.result/1");
	json_set_text(doc, "type", "verify");
	json_set_text(doc, "path", r->path);
	json_set_text(doc, "level", verify_level_name(r->level));
	json_set_text(doc, "outcome",
	    r->exit != 0            ? "failed"
		: r->n_warnings > 0 ? "warn"
				    : "ok");
	json_set_int(doc, "exit", r->exit);
	json_set_text(doc, "class", err_class_name(r->exit));
	json_set(doc, "files", list_files(r));
	json_set(doc, "disks", list_disks(r));
	json_set_int(doc, "bytes", (long long)r->bytes);
	json_set(doc, "seconds", json_real((double)r->ms / 1000));
	json_set(doc, "warnings", list_warnings(r));
	json_set_err(doc, "error", &r->err);
	cmd_print_json(doc);
	json_decref(doc);
}

static void
print_summary(const struct tally *t, int status, const struct err *e)
{
	json_t *doc = cmd_begin_summary();

	json_set_int(doc, "packages", (long long)t->packages);
	json_set_int(doc, "ok", (long long)(t->packages - t->failed));
	json_set_int(doc, "failed", (long long)t->failed);
	json_set_int(doc, "files", (long long)t->files);
	json_set_int(doc, "damaged", (long long)t->damaged);
	cmd_end_summary(doc, status, e);
}

/* Of large files alone: a small one is done before it can be shown. */
static void
begin(void *self, const struct verify_result *r)
{
	struct watch_disk *disks = calloc(r->n_files + 1, sizeof(*disks));
	struct err ignored = { 0 };
	struct view *w = self;
	size_t i, n = 0;

	w->r = r;
	w->lines = calloc(r->n_files + 1, sizeof(*w->lines));
	for (i = 0; disks != NULL && w->lines != NULL && i < r->n_files; i++) {
		const struct verify_file *f = &r->files[i];

		if (f->size_bytes < SHOWN_BYTES || n == SHOWN_FILES)
			continue;
		disks[n].label = f->name[0] == '\0' ? r->path : f->name;
		disks[n].capacity_bytes = f->size_bytes;
		w->lines[i] = ++n;
	}
	if (n > 0)
		w->shown = progress_open(cmd_progress, disks, n, &ignored);
	free(disks);
}

static void
moved(void *self, size_t file, uint64_t bytes)
{
	const struct view *w = self;

	if (w->shown == NULL || w->lines[file] == 0)
		return;
	progress_set(w->shown, w->lines[file] - 1, bytes, bytes);
	if (bytes == w->r->files[file].size_bytes)
		progress_done(w->shown, w->lines[file] - 1);
}

static void
verify_one(const char *path, struct verify_conf *conf, struct tally *t)
{
	struct view w = { 0 };
	struct verify_result r;
	size_t i;

	conf->self = &w;
	verify_run(path, conf, &r);
	progress_free(w.shown);
	free(w.lines);
	for (i = 0; !cmd_json && i < r.n_files; i++)
		print_file(&r, &r.files[i]);
	for (i = 0; i < r.n_warnings; i++)
		log_warn("%s", r.warnings[i].text);
	print_document(&r);
	t->packages++;
	t->failed += r.exit != 0;
	t->files += r.n_files;
	t->damaged += r.n_damaged;
	if (r.exit != 0 && outranks(r.exit, t->status))
		t->status = r.exit;
	if (r.err.class != ERR_NONE) {
		if (t->last.class != ERR_NONE)
			log_error("%s", t->last.text);
		t->last = r.err;
	}
	verify_result_free(&r);
}

static enum verify_level
parse_level(void)
{
	return strcmp(level, "quick") == 0 ? VERIFY_QUICK
	    : strcmp(level, "hash") == 0   ? VERIFY_HASH
					   : VERIFY_DEEP;
}

/* The last line: damage before what could not be checked. */
static int
conclude(struct tally *t, struct err *e)
{
	if (t->last.class >= ERR_SIGNAL) {
		*e = t->last;
		return -1;
	}
	if (t->damaged == 0) {
		cmd_say("%s", t->last.text);
		return t->status;
	}
	if (t->last.class != ERR_NONE)
		log_error("%s", t->last.text);
	cmd_say("%zu of %zu files %s", t->damaged, t->files,
	    t->status == ERR_NEGATIVE ? "damaged" : "could not be read");
	return t->status;
}

static int
run(const char **operands, size_t n, struct err *e)
{
	struct verify_conf conf = { .level = parse_level(),
		.threads = (unsigned int)threads,
		.begin = begin,
		.moved = moved };
	struct tally t = { 0 };
	size_t i;
	int rc;

	if (n == 0)
		return err_set(e, ERR_USAGE, "what is to be checked?");
	if (threads == 0 || threads > 64)
		return err_set(e, ERR_USAGE, "--jobs: from 1 to 64");
	for (i = 0; i < n && t.last.class < ERR_SIGNAL; i++)
		verify_one(operands[i], &conf, &t);
	rc = conclude(&t, e);
	print_summary(&t, rc == -1 ? e->class : rc, &t.last);
	return rc;
}

int
main(int argc, char **argv)
{
	static const struct cmd c = { .name = "esxbk-verify",
		.about = "Check that backups are whole and undamaged.",
		.synopsis = "[OPTION]... PATH...",
		.tables = { table },
		.run = run };

	return cmd_main(&c, argc, argv);
}
