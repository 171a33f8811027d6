#include "store/hold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "store/name.h"
#include "sys/file.h"
#include "sys/lock.h"

struct hold {
	struct lock *lock; /* NULL: none is needed, or to be had */
};

static const char *
vm_uuid(const json_t *record)
{
	const json_t *vm = json_object_get(record, "vm");
	const char *uuid = json_string_value(
	    json_object_get(vm, "instance_uuid"));

	if (uuid == NULL || *uuid == '\0')
		uuid = json_string_value(json_object_get(vm, "bios_uuid"));
	return uuid;
}

/* The folder that holds the point, by a path without links and dots. */
static char *
parent_folder(const struct package *p)
{
	char proc[64];

	snprintf(proc, sizeof(proc), "/proc/self/fd/%d/..", p->fd);
	return realpath(proc, NULL);
}

static char *
lock_path(const struct package *p)
{
	char *folder = parent_folder(p), *path = NULL, uuid8[9], name[16];

	name_uuid8(vm_uuid(p->record), uuid8);
	snprintf(name, sizeof(name), ".r-%s", uuid8);
	if (folder != NULL)
		path = file_join(folder, name);
	free(folder);
	return path;
}

static int
take(struct hold *h, const struct package *p, struct err *e)
{
	char *path = lock_path(p);
	struct err own = { 0 };

	if (path == NULL)
		err_sys(&own, ERR_OS, "find the point's folder");
	else
		h->lock = lock_open(path, false, &own);
	free(path);
	if (h->lock != NULL)
		return 0;
	if (own.class == ERR_TEMP) {
		*e = own;
		return err_ctx(e, "%s: points are being removed", p->path);
	}
	log_warn("%s is read without a lock: %s", p->path, own.text);
	return 0;
}

struct hold *
hold_open(const struct package *p, struct err *e)
{
	struct hold *h = calloc(1, sizeof(*h));

	if (h == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	if (p->record != NULL && take(h, p, e) == -1) {
		free(h);
		return NULL;
	}
	return h;
}

void
hold_free(struct hold *h)
{
	if (h == NULL)
		return;
	lock_free(h->lock);
	free(h);
}
