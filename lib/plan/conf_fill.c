#include <stdlib.h>
#include <string.h>
#include "base/num.h"
#include "base/secret.h"
#include "plan/conf_internal.h"
#include "plan/conf_schema.h"

const char *
conf_fill_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

uint64_t
conf_fill_seconds(const json_t *object, const char *key, uint64_t otherwise)
{
	const char *text = conf_fill_text(object, key);
	struct err ignored = { 0 };
	uint64_t seconds;

	if (text == NULL || num_duration(text, &seconds, &ignored) == -1)
		return otherwise;
	return seconds;
}

static unsigned int
number(const json_t *object, const char *key, unsigned int otherwise)
{
	const json_t *value = json_object_get(object, key);

	return value == NULL ? otherwise
			     : (unsigned int)json_integer_value(value);
}

static bool
truth(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

int
conf_fill_list(struct conf *c, const json_t *array, struct conf_list *l,
    struct err *e)
{
	size_t i;

	l->n = json_array_size(array);
	l->items = conf_new(c, l->n + 1, sizeof(*l->items), e);
	if (l->items == NULL)
		return -1;
	for (i = 0; i < l->n; i++)
		l->items[i] = json_string_value(json_array_get(array, i));
	return 0;
}

static int
fill_secret(struct conf *c, const json_t *o, struct conf_secret *s,
    struct err *e)
{
	const json_t *command = json_object_get(o, "command");

	if (o == NULL)
		return 0;
	if (command != NULL) {
		s->kind = CONF_SECRET_COMMAND;
		return conf_fill_list(c, command, &s->argv, e);
	}
	s->name = conf_fill_text(o, "file");
	s->kind = CONF_SECRET_FILE;
	if (s->name == NULL) {
		s->name = conf_fill_text(o, "credential");
		s->kind = CONF_CREDENTIAL;
	}
	return 0;
}

static int
fill_repo(struct conf *c, const char *name, const json_t *o, void *to,
    struct err *e)
{
	struct conf_repo *r = to;
	const char *share = conf_fill_text(o, "min_free");

	(void)c;
	r->name = name;
	r->path = conf_fill_text(o, "path");
	r->mounted = truth(o, "mounted");
	return share == NULL
	    ? 0
	    : num_share(share, &r->min_free_percent, &r->min_free_bytes, e);
}

static int
fill_site(struct conf *c, const char *name, const json_t *o, void *to,
    struct err *e)
{
	struct conf_site *s = to;
	const json_t *tls = json_object_get(o, "tls");
	const json_t *limits = json_object_get(o, "limits");
	const char *bwlimit = conf_fill_text(o, "bwlimit");

	s->name = name;
	s->server = conf_fill_text(o, "server");
	s->user = conf_fill_text(o, "user");
	s->proxy = conf_fill_text(o, "proxy");
	s->cacert = conf_fill_text(tls, "cacert");
	s->thumbprint = conf_fill_text(tls, "thumbprint");
	s->insecure = truth(tls, "insecure");
	s->stall_timeout_s = conf_fill_seconds(o, "stall_timeout", 0);
	s->vms = number(limits, "vms", 2);
	s->disks = number(limits, "disks", 2);
	if (bwlimit != NULL && num_size(bwlimit, &s->bwlimit, e) == -1)
		return -1;
	if (fill_secret(c, json_object_get(o, "password"), &s->password, e) ==
	    -1)
		return -1;
	return conf_fill_list(c, json_object_get(o, "resolve"), &s->resolve, e);
}

static unsigned int
events(const json_t *on)
{
	static const struct {
		const char *name;
		enum conf_event event;
	} known[] = {
		{ "start", CONF_START },
		{ "success", CONF_SUCCESS },
		{ "failure", CONF_FAILURE },
		{ "recovery", CONF_RECOVERY },
		{ "warning", CONF_WARNING },
	};
	unsigned int bits = 0;
	size_t i, k;

	if (on == NULL)
		return CONF_FAILURE | CONF_RECOVERY | CONF_WARNING;
	for (i = 0; i < json_array_size(on); i++)
		for (k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (strcmp(json_string_value(json_array_get(on, i)),
				known[k].name) == 0)
				bits |= (unsigned int)known[k].event;
	return bits;
}

static enum conf_style
style(const char *word)
{
	if (word == NULL)
		return CONF_STYLE_BY_URL;
	return strcmp(word, "plain") == 0 ? CONF_STYLE_PLAIN
					  : CONF_STYLE_HEALTHCHECKS;
}

static int
fill_notify(struct conf *c, const char *name, const json_t *o, void *to,
    struct err *e)
{
	struct conf_notify *n = to;
	const char *type = conf_fill_text(o, "type");

	n->name = name;
	n->kind = CONF_EXEC;
	if (strcmp(type, "email") == 0)
		n->kind = CONF_EMAIL;
	else if (strcmp(type, "webhook") == 0)
		n->kind = CONF_WEBHOOK;
	n->on = events(json_object_get(o, "on"));
	n->from = conf_fill_text(o, "from");
	n->via = conf_fill_text(o, "via");
	if (n->kind == CONF_EMAIL && n->via == NULL)
		n->via = "smtp://localhost";
	n->user = conf_fill_text(o, "user");
	n->url = conf_fill_text(o, "url");
	n->style = style(conf_fill_text(o, "style"));
	n->cacert = conf_fill_text(o, "cacert");
	n->timeout_s = conf_fill_seconds(o, "timeout", 30);
	if (conf_fill_list(c, json_object_get(o, "to"), &n->to, e) == -1 ||
	    conf_fill_list(c, json_object_get(o, "argv"), &n->argv, e) == -1)
		return -1;
	return fill_secret(c, json_object_get(o, "password"), &n->password, e);
}

static int
fill_target(struct conf *c, const char *name, const json_t *o, void *to,
    struct err *e)
{
	struct conf_target *t = to;

	(void)c;
	(void)e;
	t->name = name;
	t->path = conf_fill_text(o, "path");
	t->remote = conf_fill_text(o, "remote");
	t->is_rclone = t->remote != NULL;
	return 0;
}

static int
fill_plan(struct conf *c, const char *name, const json_t *o, void *to,
    struct err *e)
{
	return conf_fill_plan(c, name, o, to, e);
}

/* No message and no log shows what is secret in itself. */
static void
hush(const json_t *object, const struct conf_key *keys)
{
	const json_t *value;

	for (; keys->name != NULL; keys++) {
		value = json_object_get(object, keys->name);
		if (json_is_string(value) && conf_schema_is_secret(keys, value))
			secret_add(json_string_value(value),
			    json_string_length(value));
	}
}

/* An array of what a section has, of size bytes each. */
static int
fill_all(struct conf *c, const char *section, size_t size,
    int (*fill)(struct conf *, const char *, const json_t *, void *,
	struct err *),
    void **out, size_t *n, struct err *e)
{
	json_t *all = json_object_get(c->root, section), *value;
	const struct conf_key *key = conf_schema_find(conf_schema, section,
	    strlen(section));
	const char *name;
	char *at;

	*n = 0;
	*out = at = conf_new(c, json_object_size(all) + 1, size, e);
	if (at == NULL)
		return -1;
	json_object_foreach(all, name, value)
	{
		hush(value, key->keys);
		if (fill(c, name, value, at + *n * size, e) == -1)
			return -1;
		(*n)++;
	}
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct conf_plan *p = a, *q = b;

	return strcmp(p->name, q->name);
}

int
conf_fill(struct conf *c, struct err *e)
{
	void *repos, *sites, *notifies, *targets, *plans;

	/* Plans refer to the others, and so come last. */
	if (fill_all(c, "repositories", sizeof(*c->repos), fill_repo, &repos,
		&c->n_repos, e) == -1 ||
	    fill_all(c, "sites", sizeof(*c->sites), fill_site, &sites,
		&c->n_sites, e) == -1 ||
	    fill_all(c, "notify", sizeof(*c->notifies), fill_notify, &notifies,
		&c->n_notifies, e) == -1 ||
	    fill_all(c, "targets", sizeof(*c->targets), fill_target, &targets,
		&c->n_targets, e) == -1)
		return -1;
	c->repos = repos;
	c->sites = sites;
	c->notifies = notifies;
	c->targets = targets;
	if (fill_all(c, "plans", sizeof(*c->plans), fill_plan, &plans,
		&c->n_plans, e) == -1)
		return -1;
	c->plans = plans;
	qsort(c->plans, c->n_plans, sizeof(*c->plans), by_name);
	return 0;
}
