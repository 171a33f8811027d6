#include <string.h>
#include <unistd.h>
#include "job/verify_internal.h"

static const char input[] = "standard input";

static int
pass_disk(struct verify *v, struct ova *o, struct err *e)
{
	struct verify_file *f = verify_add_file(v->r, "", e);
	struct source from = ova_raw(o);
	struct verify_way way;

	if (f == NULL)
		return -1;
	v->is_single = true;
	way = verify_names_way(v, "");
	return verify_look(v, f, &way, &from, e);
}

static int
pass_member(struct verify *v, struct ova *o, const struct tar_member *m,
    struct err *e)
{
	struct source from = ova_source(o);
	struct verify_file *f;
	struct verify_way way;
	int rc;

	rc = package_pass(&v->p, m, &from, &v->faults, e);
	if (rc == -1)
		return -1;
	f = verify_add_file(v->r, m->name, e);
	if (f == NULL)
		return -1;
	f->is_there = true;
	f->size_bytes = m->size_bytes;
	if (rc == 1)
		return 0;
	way = verify_names_way(v, m->name);
	return verify_look(v, f, &way, &from, e);
}

static int
pass_archive(struct verify *v, struct ova *o, struct err *e)
{
	struct tar_member m;
	int64_t offset;
	int rc;

	while ((rc = ova_next(o, &m, &offset, &v->faults.whole)) == 1)
		if (pass_member(v, o, &m, e) == -1)
			return -1;
	if (rc == -1 && v->faults.whole.class != ERR_DATA) {
		*e = v->faults.whole;
		return -1;
	}
	if (v->p.descriptor_name == NULL && rc == 0)
		return err_set(e, ERR_DATA,
		    "%s: no backup: there is no descriptor (.ovf) in the "
		    "archive",
		    input);
	return verify_names_support(v, e) == -1 ? -1 : verify_names(v, e);
}

/* What it is, its first bytes tell. */
static int
pass(struct verify *v, struct ova *o, struct err *e)
{
	const unsigned char *p;
	ssize_t n = ova_peek(o, &p, e);
	int rc;

	if (n == -1)
		return -1;
	if (n >= 4 && memcmp(p, "KDMV", 4) == 0)
		rc = pass_disk(v, o, e);
	else if (n == TAR_BLOCK_BYTES && memcmp(p + 257, "ustar", 5) == 0)
		rc = pass_archive(v, o, e);
	else
		return err_set(e, ERR_DATA,
		    "%s: no backup: it begins neither as an OVA nor as a VMDK",
		    input);
	return rc == -1 ? -1 : verify_judge(v, e);
}

int
verify_pass(struct verify *v, struct err *e)
{
	struct ova *o = NULL;
	int rc = -1;

	v->is_pipe = true;
	v->p = (struct package){ .fd = -1,
		.path = strdup("-"),
		.is_archive = true };
	v->r->prefix = strdup("-/");
	if (v->p.path == NULL || v->r->prefix == NULL)
		err_sys(e, ERR_OS, "memory");
	else if ((o = ova_open(STDIN_FILENO, input, e)) != NULL)
		rc = pass(v, o, e);
	ova_free(o);
	return rc;
}
