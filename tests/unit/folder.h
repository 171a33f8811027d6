/*
 * folder - a folder for one test function: folder_make(), folder_remove(),
 * and what is in it.
 */
#ifndef UNIT_FOLDER_H
#define UNIT_FOLDER_H

#include <dirent.h>
#include <stdlib.h>
#include "base/buf.h"
#include "check.h"
#include "sys/file.h"

static char folder[200];

static inline void
folder_make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%s/unit.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(folder) == NULL)
		abort();
}

static inline void
folder_remove(void)
{
	struct err e = { 0 };

	CHECK_INT(file_remove_tree(folder, &e), 0);
}

/* A path in it: good until four more were asked for. */
static inline const char *
in_folder(const char *name)
{
	static char paths[4][400];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
	return path;
}

static inline int
folder_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static inline int
folder_wants(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

/* "a b c", in bytes' order. */
static inline const char *
names_in_folder(void)
{
	static char list[1000];
	struct dirent **names;
	int n = scandir(folder, &names, folder_wants, folder_order), i;

	list[0] = '\0';
	for (i = 0; i < n; i++) {
		if (strlen(list) + strlen(names[i]->d_name) + 2 < sizeof(list))
			strcat(strcat(list, i > 0 ? " " : ""),
			    names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return list;
}

/* All bytes of a file, to be freed. */
static inline struct buf
bytes_in_folder(const char *name)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	if (file_read(in_folder(name), &b, &e) == -1)
		buf_puts(&b, e.text);
	return b;
}

#endif
