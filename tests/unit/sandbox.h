/*
 * sandbox - a folder of its own and processes of their own for a unit test.
 */
#ifndef UNIT_SANDBOX_H
#define UNIT_SANDBOX_H

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "sys/file.h"

static char sandbox_root[200];

static inline void
sandbox_open(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(sandbox_root, sizeof(sandbox_root), "%s/unit.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(sandbox_root) == NULL)
		abort();
}

static inline void
sandbox_free(void)
{
	struct err e = { 0 };

	CHECK_INT(file_remove_tree(sandbox_root, &e), 0);
}

/* A path in the folder: good until four more were asked for. */
static inline const char *
sandbox_path(const char *name)
{
	static char paths[4][600];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", sandbox_root, name);
	return path;
}

/* "TEXT" with the path of name in place of a "%s". */
static inline const char *
sandbox_text(const char *format, const char *name)
{
	static char text[1200];
	const char *at = strstr(format, "%s");

	if (at == NULL)
		return format;
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - format), format,
	    sandbox_path(name), at + 2);
	return text;
}

static inline void
sandbox_write(const char *name, const char *text, size_t n, mode_t mode)
{
	FILE *f = fopen(sandbox_path(name), "w");

	if (f == NULL || fwrite(text, 1, n, f) != n || fclose(f) == EOF ||
	    chmod(sandbox_path(name), mode) == -1)
		abort();
}

static inline const char *
sandbox_read(const char *name)
{
	static char text[4000];
	struct buf b = { 0 };
	struct err e = { 0 };

	snprintf(text, sizeof(text), "%s",
	    file_read(sandbox_path(name), &b, &e) == 0 ? buf_text(&b)
						       : "(not there)");
	buf_free(&b);
	return text;
}

static inline int
sandbox_by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "a b c": what is in the folder, sorted. */
static inline const char *
sandbox_names(void)
{
	static char list[1000];
	char *names[50];
	struct dirent *entry;
	DIR *d = opendir(sandbox_root);
	size_t n = 0, i;

	list[0] = '\0';
	while (d != NULL && (entry = readdir(d)) != NULL && n < 50)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			names[n++] = strdup(entry->d_name);
	if (d != NULL)
		closedir(d);
	qsort(names, n, sizeof(names[0]), sandbox_by_name);
	for (i = 0; i < n; i++) {
		strcat(strcat(list, i > 0 ? " " : ""), names[i]);
		free(names[i]);
	}
	return list;
}

/* For what changes the whole process: a signal, once seen, stays. */
static inline void
sandbox_in_child(void (*run)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		check_state.failures = 0;
		run();
		_exit(check_state.failures > 0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

#endif
