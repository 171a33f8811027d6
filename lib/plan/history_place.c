#include "plan/history_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char *
history_place(struct err *e)
{
	static const char *const places[][2] = { { "STATE_DIRECTORY", "" },
		{ "XDG_STATE_HOME", "/esxbk" },
		{ "HOME", "/.local/state/esxbk" } };
	const char *base;
	char *path;
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		/* root has its own, unless it is told of another. */
		if (i == 2 && geteuid() == 0)
			break;
		base = getenv(places[i][0]);
		if (base == NULL || base[0] != '/')
			continue;
		if (asprintf(&path, "%s%s", base, places[i][1]) == -1)
			goto fail;
		return path;
	}
	if (asprintf(&path, "/var/lib/esxbk") != -1)
		return path;
fail:
	err_sys(e, ERR_OS, "memory");
	return NULL;
}
