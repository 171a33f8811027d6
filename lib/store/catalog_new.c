#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "store/catalog_internal.h"
#include "store/name.h"
#include "sys/file.h"

/* Has a VM other than this written there, be it in vain so far? */
static bool
has_other_lock(const char *path, const char *uuid)
{
	char mine[16], uuid8[9];
	struct dirent *entry;
	bool found = false;
	DIR *d;

	name_uuid8(uuid, uuid8);
	snprintf(mine, sizeof(mine), ".w-%s", uuid8);
	d = opendir(path);
	while (d != NULL && !found && (entry = readdir(d)) != NULL)
		found = strncmp(entry->d_name, ".w-", 3) == 0 &&
		    strcmp(entry->d_name, mine) != 0;
	if (d != NULL)
		closedir(d);
	return found;
}

static bool
is_taken(const struct catalog *c, const char *name, const char *uuid)
{
	char *path = file_join(c->path, name);
	bool taken = path == NULL || strcasecmp(name, CATALOG_RUNS) == 0;
	size_t i;

	for (i = 0; !taken && i < c->n; i++)
		taken = strcasecmp(c->folders[i].name, name) == 0;
	taken = taken || has_other_lock(path, uuid);
	free(path);
	return taken;
}

char *
catalog_new_folder(const struct catalog *c, const struct catalog_vm_id *vm,
    struct err *e)
{
	const char *uuid = catalog_record_uuid(vm);
	char *name = name_local(vm->name, uuid, false);

	if (name != NULL && is_taken(c, name, uuid)) {
		free(name);
		name = name_local(vm->name, uuid, true);
	}
	if (name == NULL)
		err_sys(e, ERR_OS, "memory");
	return name;
}
