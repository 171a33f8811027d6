#include "plan.h"

#include <stdlib.h>
#include <string.h>

static const char *config;

const struct opt plan_table[] = {
	{ 0, "config", "FILE", "the configuration", OPT_TEXT, &config },
	{ 0 },
};

char *
plan_conf_path(struct err *e)
{
	return conf_path(config, e);
}

int
plan_end(int rc, const struct err *e)
{
	cmd_end_summary(cmd_begin_summary(), rc == -1 ? e->class : rc, e);
	return rc;
}

int
plan_read_conf(struct conf *c, struct err *e)
{
	char *path = plan_conf_path(e);
	int rc = path == NULL ? -1 : conf_read(c, path, e);

	free(path);
	return rc;
}

const struct conf_plan **
plan_choose(const struct conf *c, const char **names, size_t n_names, size_t *n,
    struct err *e)
{
	const struct conf_plan **plans;
	size_t i;

	*n = n_names == 0 ? c->n_plans : n_names;
	plans = calloc(*n + 1, sizeof(*plans));
	if (plans == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	for (i = 0; i < *n; i++) {
		plans[i] = n_names == 0 ? &c->plans[i]
					: conf_plan(c, names[i], e);
		if (plans[i] == NULL) {
			free(plans);
			return NULL;
		}
	}
	return plans;
}

const struct conf_plan **
plan_choose_some(const struct conf *c, const char **names, size_t n_names,
    size_t *n, struct err *e)
{
	const struct conf_plan **plans = plan_choose(c, names, n_names, n, e);

	if (plans == NULL || *n > 0)
		return plans;
	err_set(e, ERR_EMPTY,
	    "there is no plan in %s: 'esxbk-plan add' makes one", c->path);
	free(plans);
	return NULL;
}

bool
plan_repo_is_twin(const struct conf *c, size_t at)
{
	size_t i;

	for (i = 0; i < at; i++)
		if (strcmp(c->repos[i].path, c->repos[at].path) == 0)
			return true;
	return false;
}
