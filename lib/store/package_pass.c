#include <string.h>
#include "store/package_internal.h"

static bool
is_companion(const struct package *p, const char *name, const char *suffix)
{
	size_t n = p->stem == NULL ? 0 : strlen(p->stem);

	return n > 0 && strncmp(name, p->stem, n) == 0 && name[n] == '.' &&
	    strcmp(name + n + 1, suffix) == 0;
}

/* Takes it over as the one of *name. */
static int
take_companion(const struct tar_member *m, const struct source *from,
    size_t limit, char **name, struct buf *b, struct err *fault)
{
	*name = strdup(m->name);
	if (*name == NULL)
		return err_sys(fault, ERR_OS, "memory");
	return package_read_small(m->name, m->size_bytes, from, limit, b,
	    fault);
}

static int
take_small(struct package *p, const struct tar_member *m,
    const struct source *from, struct package_faults *f, struct err *e)
{
	if (p->descriptor_name == NULL && package_ends_in(m->name, ".ovf")) {
		if (package_set_descriptor(p, m->name, e) == -1)
			return -1;
		if (package_read_small(m->name, m->size_bytes, from,
			OVF_MAX_BYTES, &p->descriptor, &f->descriptor) == 0)
			package_parse_descriptor(p, &f->descriptor);
	} else if (p->manifest_name == NULL && is_companion(p, m->name, "mf")) {
		if (take_companion(m, from, PACKAGE_MANIFEST_MAX,
			&p->manifest_name, &p->manifest_text,
			&f->manifest) == 0)
			package_parse_manifest(p, &f->manifest);
	} else if (p->certificate_name == NULL &&
	    is_companion(p, m->name, "cert")) {
		take_companion(m, from, PACKAGE_CERTIFICATE_MAX,
		    &p->certificate_name, &p->certificate, &f->certificate);
	} else {
		return 0;
	}
	return 1;
}

int
package_pass(struct package *p, const struct tar_member *m,
    const struct source *from, struct package_faults *f, struct err *e)
{
	if (package_list_add(p, m->name, m->size_bytes, 0, e) == -1)
		return -1;
	return take_small(p, m, from, f, e);
}
