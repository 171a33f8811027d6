#include "plan.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/num.h"
#include "base/utf8.h"
#include "plan/repo.h"
#include "store/catalog.h"
#include "sys/file.h"

static const char *format = "table";

static const struct opt table[] = {
	{ 0, "format", "table|path", "a table for people, or just the paths",
	    OPT_CHOICE, &format },
	{ 0 },
};

/* What is asked for: all, those of a plan, or those of a VM. */
struct question {
	const char *plan;
	const char *vm;
};

struct row {
	const char *repository;
	const struct catalog_folder *folder;
	const struct catalog_point *point;
};

struct answer {
	struct catalog *catalogs;
	size_t n_catalogs;
	struct row *rows;
	size_t n, room;
	size_t n_passed; /* folders that could not be read */
	uint64_t bytes;
	size_t n_unread; /* repositories, and why the last was not */
	struct err unread;
};

static bool
is_asked(const struct question *q, const struct catalog_point *p)
{
	return q->plan == NULL ||
	    (p->plan != NULL && strcmp(p->plan, q->plan) == 0);
}

/* A VM that was renamed has older points of another name. */
static bool
is_of_vm(const struct catalog_folder *f, const char *vm)
{
	return strcmp(f->name, vm) == 0 ||
	    (f->n > 0 && strcmp(f->points[f->n - 1].vm.name, vm) == 0);
}

/* Of one VM only its folder is read as a whole. */
static int
read_vm(struct catalog *c, const char *path, const char *vm, struct err *e)
{
	struct catalog_folder *f, all;
	int rc = catalog_read(c, path, CATALOG_NEWEST, false, e);
	size_t i, n = c->n;

	c->n = 0;
	for (i = 0; i < n; i++) {
		f = &c->folders[i];
		all = (struct catalog_folder){ 0 };
		if (rc == 0 && is_of_vm(f, vm))
			rc = catalog_read_folder(&all, path, f->name,
			    CATALOG_ALL, true, e);
		catalog_folder_free(f);
		if (all.name != NULL)
			c->folders[c->n++] = all;
	}
	return rc;
}

static int
read_one(struct catalog *c, const struct conf_repo *r, const struct question *q,
    struct err *e)
{
	int rc;

	if (repo_check_mounted(r, e) == -1)
		return -1;
	if (q->vm != NULL)
		rc = read_vm(c, r->path, q->vm, e);
	else
		rc = catalog_read(c, r->path, CATALOG_ALL, true, e);
	return rc == 0 ? 0 : err_ctx(e, "repository %s", r->name);
}

/* One that cannot be read hides nothing of the others. */
static int
pass_over(struct answer *a, struct err *e)
{
	if (e->class > ERR_SIGNAL)
		return -1;
	if (a->n_unread++ > 0)
		log_error("%s", a->unread.text);
	a->unread = *e;
	err_clear(e);
	return 0;
}

static int
add_row(struct answer *a, const struct row *row, struct err *e)
{
	struct row *more;

	if (a->n == a->room) {
		a->room = a->room == 0 ? 64 : 2 * a->room;
		more = reallocarray(a->rows, a->room, sizeof(*more));
		if (more == NULL)
			return err_sys(e, ERR_OS, "memory");
		a->rows = more;
	}
	a->rows[a->n++] = *row;
	a->bytes += row->point->stored;
	return 0;
}

static int
add_catalog(struct answer *a, const struct catalog *c, const struct question *q,
    struct err *e)
{
	size_t i, k;

	for (i = 0; i < c->n; i++)
		for (k = 0; k < c->folders[i].n; k++) {
			const struct row row = { c->path, &c->folders[i],
				&c->folders[i].points[k] };

			if (is_asked(q, row.point) && add_row(a, &row, e) == -1)
				return -1;
		}
	return 0;
}

static unsigned int
widest(const struct answer *a, const char *(*text)(const struct row *),
    unsigned int least, unsigned int most)
{
	unsigned int width = least, columns;
	size_t i;

	for (i = 0; i < a->n; i++) {
		columns = utf8_columns(text(&a->rows[i]));
		width = columns > width ? columns : width;
	}
	return width > most ? most : width;
}

static const char *
vm_name(const struct row *r)
{
	return r->point->vm.name;
}

static const char *
point_name(const struct row *r)
{
	return r->point->name;
}

static const char *
plan_name(const struct row *r)
{
	return r->point->plan == NULL ? "-" : r->point->plan;
}

static void
add_verified(struct buf *b, const struct catalog_point *p)
{
	char when[CLOCK_ISO_SIZE];

	clock_format_iso(p->verified, when);
	if (p->verified == 0)
		buf_fmt(b, "%-16s", "-");
	else
		buf_fmt(b, "%-5s %.10s", p->verified_level, when);
}

static void
add_notes(struct buf *b, const struct catalog_point *p)
{
	static const char *const words[] = { "pinned", "damaged",
		"chain broken", "partial", "renamed" };
	const bool holds[] = { p->is_pinned, p->is_damaged,
		p->is_broken && !p->is_damaged, p->is_partial, p->is_renamed };
	const char *between = "  ";
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!holds[i])
			continue;
		buf_fmt(b, "%s%s", between, words[i]);
		between = ", ";
	}
}

static void
print_row(const struct row *r, unsigned int vm, unsigned int point,
    unsigned int plan)
{
	const struct catalog_point *p = r->point;
	char when[CLOCK_ISO_SIZE], size[16];
	struct buf b = { 0 };

	clock_format_iso(p->when, when);
	num_format_size(p->stored, size, sizeof(size));
	utf8_add_column(&b, p->vm.name, vm, vm);
	buf_puts(&b, "  ");
	utf8_add_column(&b, p->name, point, 0);
	buf_fmt(&b, "  %s  %-4s  ", when, p->is_full ? "full" : "inc");
	utf8_add_column(&b, p->mode, 4, 4);
	buf_fmt(&b, "  %9s  ", size);
	utf8_add_column(&b, plan_name(r), plan, plan);
	buf_puts(&b, "  ");
	add_verified(&b, p);
	add_notes(&b, p);
	cmd_print("%s\n", buf_text(&b));
	buf_free(&b);
}

static void
print_table(const struct answer *a)
{
	unsigned int vm = widest(a, vm_name, 2, 40);
	unsigned int point = widest(a, point_name, 5, 1000);
	unsigned int plan = widest(a, plan_name, 4, 40);
	size_t i;

	if (a->n == 0)
		return;
	cmd_print("%-*s  %-*s  %-20s  KIND  MODE  %9s  %-*s  %-16s  NOTES\n",
	    (int)vm, "VM", (int)point, "POINT", "TIME", "SIZE", (int)plan,
	    "PLAN", "VERIFIED");
	for (i = 0; i < a->n; i++)
		print_row(&a->rows[i], vm, point, plan);
}

static json_t *
vm_json(const struct catalog_vm_id *vm)
{
	json_t *o = json_object();

	json_set_text(o, "name", vm->name);
	json_set_text(o, "moid", vm->moid);
	json_set_text(o, "uuid",
	    vm->instance_uuid[0] != '\0' ? vm->instance_uuid : vm->bios_uuid);
	json_set_text(o, "server", vm->server);
	return o;
}

static json_t *
verified_json(const struct catalog_point *p)
{
	json_t *o;

	if (p->verified == 0)
		return json_null();
	o = json_object();
	json_set_time(o, "time", p->verified);
	json_set_text(o, "level", p->verified_level);
	json_set_time(o, "deep", p->deep_verified);
	return o;
}

static json_t *
bytes_json(const struct catalog_point *p)
{
	json_t *o = json_object();

	json_set_int(o, "provisioned", (long long)p->provisioned);
	json_set_int(o, "transferred", (long long)p->transferred);
	json_set_int(o, "stored", (long long)p->stored);
	return o;
}

static void
print_json(const struct row *r)
{
	const struct catalog_point *p = r->point;
	json_t *o = json_object();

	json_set_text(o, "schema", "esxbk.result/1");
	json_set_text(o, "type", "point");
	json_set_text(o, "repository", r->repository);
	json_set_text(o, "folder", r->folder->name);
	json_set_text(o, "point", p->name);
	json_set(o, "vm", vm_json(&p->vm));
	json_set_time(o, "time", p->when);
	json_set_text(o, "kind", p->is_full ? "full" : "inc");
	json_set_text(o, "mode", p->mode);
	json_set_text(o, "parent", p->parent);
	json_set_int(o, "chain", p->chain);
	json_set_text(o, "plan", p->plan);
	json_set(o, "bytes", bytes_json(p));
	json_set(o, "seconds", json_real(p->seconds));
	json_set(o, "verified", verified_json(p));
	json_set_bool(o, "good", catalog_is_good(p));
	json_set_bool(o, "damaged", p->is_damaged);
	json_set_bool(o, "partial", p->is_partial);
	json_set_bool(o, "renamed", p->is_renamed);
	json_set_bool(o, "pinned", p->is_pinned);
	cmd_print_json(o);
	json_decref(o);
}

static void
print_paths(const struct answer *a)
{
	const struct row *r;

	for (r = a->rows; r < a->rows + a->n; r++)
		cmd_print("%s/%s/%s\n", r->repository, r->folder->name,
		    r->point->name);
}

static void
print_answer(const struct answer *a)
{
	size_t i;

	if (!cmd_json && strcmp(format, "path") == 0)
		print_paths(a);
	else if (!cmd_json)
		print_table(a);
	for (i = 0; i < a->n; i++)
		print_json(&a->rows[i]);
}

/* A word is a plan's name first. */
static struct question
ask(const struct conf *c, const char *word, const struct conf_plan **plan)
{
	struct question q = { .vm = word };
	size_t i;

	*plan = NULL;
	for (i = 0; word != NULL && i < c->n_plans; i++)
		if (strcmp(c->plans[i].name, word) == 0)
			*plan = &c->plans[i];
	if (*plan != NULL)
		q = (struct question){ .plan = word };
	return q;
}

/* What could not be read may be all that was asked for. */
static int
conclude(const struct answer *a, const struct question *q, struct err *e)
{
	if (a->n_unread > 0 && (a->n_unread == a->n_catalogs || a->n == 0)) {
		*e = a->unread;
		return -1;
	}
	if (a->n_unread > 0) {
		cmd_say("%s", a->unread.text);
		return ERR_PARTIAL;
	}
	if (a->n == 0 && q->vm != NULL)
		return err_set(e, ERR_NOTFOUND,
		    "there is no plan '%s' and no point of a VM of that name",
		    q->vm);
	if (a->n_passed > 0 && q->vm == NULL)
		return err_set(e, ERR_PARTIAL,
		    "folders that could not be read: %zu", a->n_passed);
	return 0;
}

/* Rows point into all catalogues: each is read before the first is shown. */
static int
read_all(struct answer *a, const struct conf *c, const struct conf_plan *plan,
    const struct question *q, struct err *e)
{
	size_t i;
	int rc;

	a->catalogs = calloc(c->n_repos + 1, sizeof(*a->catalogs));
	if (a->catalogs == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < c->n_repos; i++) {
		const struct conf_repo *r = &c->repos[i];
		struct catalog *into = &a->catalogs[a->n_catalogs];

		if (plan != NULL ? plan->repo != r : plan_repo_is_twin(c, i))
			continue;
		a->n_catalogs++;
		if (read_one(into, r, q, e) == 0)
			rc = add_catalog(a, into, q, e);
		else
			rc = pass_over(a, e);
		if (rc == -1)
			return -1;
		a->n_passed += into->n_passed;
	}
	return 0;
}

static int
points(const char **operands, size_t n, struct err *e)
{
	const struct conf_plan *plan;
	struct answer a = { 0 };
	struct question q;
	struct conf c = { 0 };
	json_t *doc;
	int rc = -1;

	if (n > 1)
		return err_set(e, ERR_USAGE, "one plan or VM at a time");
	if (plan_read_conf(&c, e) == -1)
		goto out;
	q = ask(&c, n == 0 ? NULL : operands[0], &plan);
	if (read_all(&a, &c, plan, &q, e) == -1)
		goto out;
	if (a.n > 0 || a.n_unread == 0)
		print_answer(&a);
	rc = conclude(&a, &q, e);
out:
	doc = cmd_begin_summary();
	json_set_int(doc, "points", (long long)a.n);
	json_set_int(doc, "bytes", (long long)a.bytes);
	cmd_end_summary(doc, rc == -1 ? e->class : rc,
	    rc == ERR_PARTIAL ? &a.unread : e);
	while (a.n_catalogs > 0)
		catalog_free(&a.catalogs[--a.n_catalogs]);
	free(a.catalogs);
	free(a.rows);
	conf_free(&c);
	return rc;
}

const struct cmd plan_points = { .name = "points",
	.about = "List the points that the repositories hold.",
	.synopsis = "[OPTION]... [PLAN|VM]",
	.tables = { table, plan_table },
	.run = points };
