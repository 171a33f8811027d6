#include "base/log.h"
#include "plan/prune.h"

struct tally {
	size_t removed;
	uint64_t bytes;
};

/* What is in the way of one folder leaves the others their chance. */
static void
prune_one(const struct conf_plan *plan, const char *name,
    const struct prune_how *how, struct tally *t)
{
	struct err e = { 0 };
	struct prune p;

	if (prune_folder(&p, plan, name, how, &e) == -1)
		log_warn("%s", e.text);
	t->removed += p.n_removed;
	t->bytes += p.bytes;
	prune_free(&p);
}

int
prune_before(const struct conf_plan *plan, time_t now, json_t **result,
    struct err *e)
{
	const struct prune_how how = { .now = now, .max_delete = -1 };
	struct catalog c = { 0 };
	struct tally t = { 0 };
	uint64_t missing;
	size_t i;
	int rc = -1;

	*result = NULL;
	if (prune_missing(plan->repo, &missing, e) == -1)
		return -1;
	if (missing == 0 || !plan->has_retention)
		return 0;
	if (catalog_read(&c, plan->repo->path, CATALOG_NEWEST, false, e) == -1)
		goto out;
	for (i = 0; i < c.n; i++)
		prune_one(plan, c.folders[i].name, &how, &t);
	*result = json_object();
	json_set_int(*result, "missing", (long long)missing);
	json_set_int(*result, "removed", (long long)t.removed);
	json_set_int(*result, "bytes", (long long)t.bytes);
	rc = 0;
out:
	catalog_free(&c);
	return rc;
}
