#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "plan/conf.h"
#include "sys/file.h"

static const char everybody[] = "/etc/esxbk/esxbk.json";

/* ~/.config/esxbk/esxbk.json, or NULL; a relative $XDG_CONFIG_HOME is to be
 * ignored, says its specification. */
static char *
own_path(void)
{
	const char *dir = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char *config = NULL, *path;

	if (dir != NULL && dir[0] == '/')
		return file_join(dir, "esxbk/esxbk.json");
	if (home == NULL || home[0] != '/')
		return NULL;
	config = file_join(home, ".config");
	path = config == NULL ? NULL : file_join(config, "esxbk/esxbk.json");
	free(config);
	return path;
}

char *
conf_path(const char *given, struct err *e)
{
	const char *named = given != NULL ? given : getenv("ESXBK_CONFIG");
	char *path = NULL;

	if (named != NULL && named[0] != '\0') {
		path = strdup(named);
	} else {
		if (geteuid() != 0)
			path = own_path();
		/* A first plan is made where it can be. */
		if (path != NULL && access(path, F_OK) == -1 &&
		    access(everybody, F_OK) == 0) {
			free(path);
			path = NULL;
		}
		if (path == NULL)
			path = strdup(everybody);
	}
	if (path == NULL)
		err_sys(e, ERR_OS, "memory");
	return path;
}
