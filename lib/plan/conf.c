#include "plan/conf.h"

#include <stdlib.h>
#include <string.h>
#include "base/names.h"
#include "sys/file.h"

int
conf_read(struct conf *c, const char *path, struct err *e)
{
	struct buf b = { 0 };
	int rc = -1;

	c->path = strdup(path);
	if (c->path == NULL) {
		err_sys(e, ERR_OS, "memory");
		goto out;
	}
	if (file_read(path, &b, e) == 0)
		c->root = json_read(path, b.data, b.len, e);
	if (c->root == NULL) {
		e->class = ERR_CONFIG;
		goto out;
	}
	rc = 0;
out:
	buf_free(&b);
	return rc;
}

void
conf_free(struct conf *c)
{
	free(c->path);
	json_decref(c->root);
	*c = (struct conf){ 0 };
}

/* No NAME of that kind; there are ... */
static void
not_found(const char *kind, const char *name, struct names *there,
    struct err *e)
{
	struct buf b = { 0 };

	names_tell(there, &b);
	err_set(e, ERR_NOTFOUND, "no %s '%s': %s", kind, name, buf_text(&b));
	buf_free(&b);
}

const struct conf_plan *
conf_plan(const struct conf *c, const char *name, struct err *e)
{
	struct names there = { 0 };
	size_t i;

	for (i = 0; i < c->n_plans; i++)
		if (strcmp(c->plans[i].name, name) == 0)
			return &c->plans[i];
	for (i = 0; i < c->n_plans; i++)
		names_add(&there, c->plans[i].name);
	not_found("plan", name, &there, e);
	return NULL;
}

const struct conf_site *
conf_site(const struct conf *c, const char *name, struct err *e)
{
	struct names there = { 0 };
	size_t i;

	for (i = 0; i < c->n_sites; i++)
		if (strcmp(c->sites[i].name, name) == 0)
			return &c->sites[i];
	for (i = 0; i < c->n_sites; i++)
		names_add(&there, c->sites[i].name);
	not_found("site", name, &there, e);
	return NULL;
}
