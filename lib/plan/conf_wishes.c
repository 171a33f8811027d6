#include "plan/conf_wishes.h"

size_t
conf_wishes(const struct conf_plan *p, struct conf_wish *wishes)
{
	bool replicates = p->replicate.n > 0;
	bool has_increments = !p->is_vmdk &&
	    p->strategy.full != CONF_FULL_ALWAYS &&
	    p->strategy.incremental != CONF_INC_OFF;
	size_t n = 0;

	if (replicates && p->has_retention)
		wishes[n++] = (struct conf_wish){ "W_NO_REPLICATE",
			"points are not replicated: not supported yet; as all "
			"await it, none is ever removed" };
	else if (replicates)
		wishes[n++] = (struct conf_wish){ "W_NO_REPLICATE",
			"points are not replicated: not supported yet" };
	if (p->has_restore_test)
		wishes[n++] = (struct conf_wish){ "W_NO_RESTORE_TEST",
			"restores are not tested: not supported yet" };
	if (has_increments)
		wishes[n++] = (struct conf_wish){ "W_NO_INCREMENTAL",
			"all backups are fulls: incrementals are not supported "
			"yet" };
	return n;
}
