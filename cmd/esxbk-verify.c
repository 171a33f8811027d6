#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/log.h"
#include "base/utf8.h"
#include "cli/cmd.h"
#include "job/verify.h"

static const char *level = "hash";
static uint64_t threads = 2;

static const struct opt table[] = {
	{ 0, "level", "quick|hash|deep",
	    "files and sizes; digests too; each grain of the disks too",
	    OPT_CHOICE, &level },
	{ 'j', "jobs", "N", "files at once", OPT_U64, &threads },
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

/* What no retry mends outranks what one may, damage outranks all. */
static bool
outranks(int status, int other)
{
	return other == 0 || status == ERR_NEGATIVE ||
	    (other != ERR_NEGATIVE &&
		(other == ERR_IO || other == ERR_TEMP || other == ERR_OS));
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

static void
verify_one(const char *path, const struct verify_conf *conf, struct tally *t)
{
	struct verify_result r;
	size_t i;

	verify_run(path, conf, &r);
	for (i = 0; !cmd_json && i < r.n_files; i++)
		print_file(&r, &r.files[i]);
	for (i = 0; i < r.n_warnings; i++)
		log_warn("%s", r.warnings[i].text);
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
	if (t->last.class >= ERR_SIGNAL || t->damaged == 0) {
		*e = t->last;
		return e->class == ERR_NONE ? 0 : -1;
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
		.threads = (unsigned int)threads };
	struct tally t = { 0 };
	size_t i;

	if (n == 0)
		return err_set(e, ERR_USAGE, "what is to be checked?");
	if (threads == 0 || threads > 64)
		return err_set(e, ERR_USAGE, "--jobs: from 1 to 64");
	for (i = 0; i < n && t.last.class < ERR_SIGNAL; i++)
		verify_one(operands[i], &conf, &t);
	return conclude(&t, e);
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
