#include "job/namesake.h"

#include <stdlib.h>
#include <strings.h>
#include "store/name.h"

bool
namesake_has(const struct inv *inv, size_t at)
{
	char *mine = name_local(inv->entries[at].name, "", false), *other;
	bool found = false;
	size_t i;

	for (i = 0; mine != NULL && !found && i < inv->n; i++) {
		if (i == at)
			continue;
		other = name_local(inv->entries[i].name, "", false);
		found = other != NULL && strcasecmp(mine, other) == 0;
		free(other);
	}
	free(mine);
	return found;
}
