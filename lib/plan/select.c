#include "plan/select.h"

#include <stdlib.h>
#include <string.h>

static int
add_miss(struct select *s, const struct selector *one, size_t found,
    const struct err *why, struct err *e)
{
	struct select_miss *m = &s->misses[s->n_misses];

	*m = (struct select_miss){ .what = one->what,
		.text = strdup(why->text),
		.is_absent = found == 0 };
	if (m->text == NULL)
		return err_sys(e, ERR_OS, "memory");
	s->n_misses++;
	return 0;
}

/* One that fails leaves what it would have picked alone. */
static int
apply(struct select *s, const struct selector *one,
    const struct selector_vm *vms, size_t n, bool *scratch, struct err *e)
{
	struct err why = { 0 };
	size_t found;

	memcpy(scratch, s->picked, n * sizeof(*scratch));
	if (selector_apply(one, vms, n, scratch, &found, &why) == -1)
		return add_miss(s, one, found, &why, e);
	memcpy(s->picked, scratch, n * sizeof(*scratch));
	return 0;
}

int
select_vms(struct select *s, const struct conf_list *selectors,
    const struct selector_vm *vms, size_t n, struct err *e)
{
	bool *scratch = calloc(n + 1, sizeof(*scratch));
	struct selector one;
	size_t i;
	int rc = -1;

	*s = (struct select){
		.picked = calloc(n + 1, sizeof(*s->picked)),
		.misses = calloc(selectors->n + 1, sizeof(*s->misses)),
	};
	if (scratch == NULL || s->picked == NULL || s->misses == NULL) {
		err_sys(e, ERR_OS, "memory");
		goto out;
	}
	for (i = 0; i < selectors->n; i++) {
		if (selector_parse(&one, selectors->items[i], e) == -1)
			goto out;
		/* Only removals: they are taken from all VMs. */
		if (i == 0 && one.removes)
			memset(s->picked, true, n * sizeof(*s->picked));
		if (apply(s, &one, vms, n, scratch, e) == -1)
			goto out;
	}
	for (i = 0; i < n; i++)
		s->n_picked += s->picked[i];
	rc = 0;
out:
	free(scratch);
	return rc;
}

void
select_free(struct select *s)
{
	while (s->n_misses > 0)
		free(s->misses[--s->n_misses].text);
	free(s->misses);
	free(s->picked);
	*s = (struct select){ 0 };
}
