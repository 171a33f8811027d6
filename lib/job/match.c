#include "job/match.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/num.h"

bool
match_is_excluded(const char *label, const char *const *excluded)
{
	for (; excluded != NULL && *excluded != NULL; excluded++)
		if (strcmp(label, *excluded) == 0)
			return true;
	return false;
}

/* "/vm-42/ParaVirtualSCSIController1:3" is controller type, bus and unit. */
static bool
parse_key(const char *key, char *type, size_t size, uint64_t *bus,
    uint64_t *unit)
{
	const char *name = strrchr(key, '/'), *colon;
	size_t n, digits = 0;

	name = name == NULL ? key : name + 1;
	colon = strrchr(name, ':');
	if (colon == NULL)
		return false;
	n = (size_t)(colon - name);
	while (digits < n && name[n - digits - 1] >= '0' &&
	    name[n - digits - 1] <= '9')
		digits++;
	if (n - digits == 0 || n - digits >= size)
		return false;
	memcpy(type, name, n - digits);
	type[n - digits] = '\0';
	return num_scan(name + n - digits, digits, INT32_MAX, bus) == 0 &&
	    num_scan(colon + 1, strlen(colon + 1), INT32_MAX, unit) == 0;
}

static const struct vm_device *
find_controller(const struct vm *vm, const char *type, int bus)
{
	size_t i;

	for (i = 0; i < vm->n_devices; i++)
		if (vm->devices[i].bus == bus &&
		    strcmp(vm->devices[i].type, type) == 0)
			return &vm->devices[i];
	return NULL;
}

static int
find_by_key(const struct vm *vm, const char *key)
{
	const struct vm_device *controller;
	uint64_t bus, unit;
	char type[80];
	size_t i;

	if (!parse_key(key, type, sizeof(type), &bus, &unit))
		return -1;
	controller = find_controller(vm, type, (int)bus);
	for (i = 0; controller != NULL && i < vm->n_disks; i++)
		if (vm->disks[i].controller_key == controller->key &&
		    vm->disks[i].unit == (int)unit)
			return (int)i;
	return -1;
}

/* A key of an unknown form: the k-th disk of the lease is the k-th that can
 * be in a snapshot. */
static int
find_by_order(const struct vm *vm, size_t k)
{
	const char *code;
	size_t i;

	for (i = 0; i < vm->n_disks; i++)
		if (device_problem(&vm->disks[i], &code) == NULL && k-- == 0)
			return (int)i;
	return -1;
}

static bool
ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcasecmp(s + n - m, end) == 0;
}

static bool
is_nvram(const struct lease_item *item)
{
	return ends_in(item->target, ".nvram") || ends_in(item->key, "nvram");
}

static int
add(struct match *m, const struct lease_item *item, char *file,
    const char *label, const struct vm_disk *disk, int index)
{
	struct fetch *f = &m->fetches[m->n];

	if (file == NULL)
		return -1;
	m->files[m->n] = file;
	m->keys[m->n] = strdup(item->key);
	if (m->keys[m->n++] == NULL)
		return -1;
	f->item = item;
	f->is_disk = item->is_disk;
	f->file = file;
	f->label = label;
	f->disk = index;
	f->capacity_bytes = disk == NULL ? 0 : disk->capacity_bytes;
	return 0;
}

static int
add_disk(const struct vm *vm, const struct lease_item *item, const char *stem,
    const char *const *excluded, size_t nth, struct match *m)
{
	int index = find_by_key(vm, item->key);
	const struct vm_disk *disk;
	char *file;

	if (index == -1)
		index = find_by_order(vm, nth);
	disk = index == -1 ? NULL : &vm->disks[index];
	if (disk != NULL && match_is_excluded(disk->label, excluded)) {
		log_step("%s: left out as asked", disk->label);
		return 0;
	}
	if (asprintf(&file, "%s-disk%zu.vmdk", stem, nth + 1) == -1)
		return -1;
	return add(m, item, file, disk == NULL ? file : disk->label, disk,
	    index);
}

static int
add_other(const struct lease_item *item, const char *stem, struct match *m)
{
	char *file;

	if (!is_nvram(item)) {
		log_step("%s is no part of a backup", item->target);
		return 0;
	}
	if (asprintf(&file, "%s.nvram", stem) == -1)
		return -1;
	return add(m, item, file, "nvram", NULL, -1);
}

static int
refuse_doubles(const struct match *m, struct err *e)
{
	size_t i, j;

	for (i = 0; i < m->n; i++)
		for (j = 0; j < i; j++) {
			if (strcmp(m->files[i], m->files[j]) == 0)
				return err_set(e, ERR_PROTO,
				    "the lease offers %s twice",
				    m->fetches[i].label);
			if (m->fetches[i].disk != -1 &&
			    m->fetches[i].disk == m->fetches[j].disk)
				return err_set(e, ERR_PROTO,
				    "two files of the lease are %s",
				    m->fetches[i].label);
		}
	return 0;
}

int
match_items(const struct vm *vm, const struct lease_item *items, size_t n,
    const char *stem, const char *const *excluded, struct match *m,
    struct err *e)
{
	size_t i, disks = 0;
	int rc = 0;

	m->fetches = calloc(n + 1, sizeof(*m->fetches));
	m->files = calloc(n + 1, sizeof(*m->files));
	m->keys = calloc(n + 1, sizeof(*m->keys));
	if (m->fetches == NULL || m->files == NULL || m->keys == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; rc == 0 && i < n; i++) {
		if (items[i].target[0] == '\0' && !items[i].is_disk)
			continue; /* nothing to name it by */
		rc = items[i].is_disk
		    ? add_disk(vm, &items[i], stem, excluded, disks++, m)
		    : add_other(&items[i], stem, m);
	}
	if (rc == -1)
		return err_set(e, ERR_OS, "out of memory");
	return refuse_doubles(m, e);
}

int
match_bind(struct match *m, const struct lease_item *items, size_t n,
    struct err *e)
{
	size_t i, j;

	for (i = 0; i < m->n; i++) {
		for (j = 0; j < n && strcmp(items[j].key, m->keys[i]) != 0; j++)
			;
		if (j == n)
			return err_set(e, ERR_PROTO,
			    "the new lease does not offer %s",
			    m->fetches[i].label);
		m->fetches[i].item = &items[j];
	}
	return 0;
}

int
match_begin_watch(const struct match *m, const struct watch *w, struct err *e)
{
	struct watch_disk *disks;
	size_t i;

	if (w == NULL)
		return 0;
	disks = calloc(m->n + 1, sizeof(*disks));
	if (disks == NULL)
		return err_sys(e, ERR_OS, "memory");
	for (i = 0; i < m->n; i++) {
		disks[i].label = m->fetches[i].label;
		disks[i].capacity_bytes = m->fetches[i].capacity_bytes;
	}
	w->begin(w->self, disks, m->n);
	free(disks);
	return 0;
}

void
match_free(struct match *m)
{
	size_t i;

	for (i = 0; i < m->n; i++) {
		free(m->files[i]);
		free(m->keys[i]);
	}
	free(m->files);
	free(m->keys);
	free(m->fetches);
	*m = (struct match){ 0 };
}
