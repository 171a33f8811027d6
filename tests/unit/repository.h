/*
 * repository - points for unit tests, in a sandbox: a folder with a record and
 * a small disk each.
 */
#ifndef UNIT_REPOSITORY_H
#define UNIT_REPOSITORY_H

#include "sandbox.h"

/* Makes the folder of a VM's points. */
static inline void
repository_folder(const char *name)
{
	CHECK_INT(mkdir(sandbox_path(name), 0755), 0);
}

/* path: "vm/point".  record: backup.json, NULL for none. */
static inline void
repository_put(const char *path, const char *record)
{
	char name[400];

	CHECK_INT(mkdir(sandbox_path(path), 0755), 0);
	snprintf(name, sizeof(name), "%s/disk.vmdk", path);
	sandbox_write(name, "disk", 4, 0444);
	snprintf(name, sizeof(name), "%s/backup.json", path);
	if (record != NULL)
		sandbox_write(name, record, strlen(record), 0444);
}

/* A point of the VM with this uuid; more: further keys, each with a comma in
 * front.  Its time is that in its name. */
static inline void
repository_point(const char *vm, const char *name, const char *uuid,
    const char *more)
{
	char record[2000], path[300];
	const char *t = strstr(name, "_2") + 1;

	snprintf(path, sizeof(path), "%s/%s", vm, name);
	snprintf(record, sizeof(record),
	    "{\"schema\":\"esxbk.backup/1\",\"point\":\"%s\","
	    "\"time\":\"%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ\",\"mode\":\"ovf\","
	    "\"vm\":{\"name\":\"%s\",\"moid\":\"12\","
	    "\"instance_uuid\":\"%s\",\"bios_uuid\":\"b-%s\"},"
	    "\"server\":{\"host\":\"esx1\"}%s}",
	    name, t, t + 4, t + 6, t + 9, t + 11, t + 13, vm, uuid, uuid, more);
	repository_put(path, record);
}

#define FULL ",\"kind\":\"full\",\"plan\":\"nightly\""
#define INC(parent) \
	",\"kind\":\"inc\",\"plan\":\"nightly\",\"parent\":\"" parent "\""

#endif
