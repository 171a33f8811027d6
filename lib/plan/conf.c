#include "plan/conf.h"

#include <stdlib.h>
#include <string.h>
#include "base/names.h"
#include "plan/conf_internal.h"
#include "plan/conf_judge.h"

struct conf_block {
	struct conf_block *next;
	max_align_t values[];
};

void *
conf_new(struct conf *c, size_t n, size_t size, struct err *e)
{
	struct conf_block *b = NULL;
	size_t bytes;

	if (!__builtin_mul_overflow(n, size, &bytes) &&
	    !__builtin_add_overflow(bytes, sizeof(*b), &bytes))
		b = calloc(1, bytes);
	if (b == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	b->next = c->blocks;
	c->blocks = b;
	return b->values;
}

void
conf_free(struct conf *c)
{
	struct conf_block *next;

	for (; c->blocks != NULL; c->blocks = next) {
		next = c->blocks->next;
		free(c->blocks);
	}
	free(c->path);
	json_decref(c->root);
	json_decref(c->files);
	json_decref(c->effective);
	*c = (struct conf){ 0 };
}

int
conf_at(const struct conf *c, const char *section, const char *name,
    const char *key, struct err *e)
{
	struct buf at = { 0 }, file = { 0 };
	const char *path;

	buf_fmt(&file, "%s/%s", section, name);
	path = json_string_value(json_object_get(c->files, buf_text(&file)));
	conf_judge_point(&at, section);
	conf_judge_point(&at, name);
	if (key != NULL)
		conf_judge_point(&at, key);
	err_ctx(e, "%s: %s", path == NULL ? c->path : path, buf_text(&at));
	e->class = ERR_CONFIG;
	buf_free(&at);
	buf_free(&file);
	return -1;
}

void
conf_none(const struct conf *c, const char *kind, const char *section,
    const char *name, int class, struct err *e)
{
	json_t *all = json_object_get(c->root, section), *value;
	struct names there = { 0 };
	struct buf b = { 0 };
	const char *other;

	json_object_foreach(all, other, value) names_add(&there, other);
	names_tell(&there, &b);
	if (class == ERR_CONFIG)
		buf_fmt(&b, " ('esxbk-plan set /%s/%s KEY=VALUE...' makes it)",
		    section, name);
	err_set(e, class, "no %s '%s': %s", kind, name, buf_text(&b));
	buf_free(&b);
}

const struct conf_plan *
conf_plan(const struct conf *c, const char *name, struct err *e)
{
	size_t i;

	for (i = 0; i < c->n_plans; i++)
		if (strcmp(c->plans[i].name, name) == 0)
			return &c->plans[i];
	conf_none(c, "plan", "plans", name, ERR_NOTFOUND, e);
	return NULL;
}

const struct conf_site *
conf_site(const struct conf *c, const char *name, struct err *e)
{
	size_t i;

	for (i = 0; i < c->n_sites; i++)
		if (strcmp(c->sites[i].name, name) == 0)
			return &c->sites[i];
	conf_none(c, "site", "sites", name, ERR_NOTFOUND, e);
	return NULL;
}
