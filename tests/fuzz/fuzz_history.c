/* Whatever stands in a run's file: it is one run, with its name's plan. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "plan/history.h"
#include "sys/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define FILE_NAME "/runs/2025/11/20251127_010003-nightly-1a2b3c4d.json"

static char root[] = "/dev/shm/history.XXXXXX";
static char path[sizeof(root) + sizeof(FILE_NAME)];

static void
remove_root(void)
{
	struct err e = { 0 };

	(void)file_remove_tree(root, &e);
}

static void
make_root(void)
{
	static const size_t ends[] = { 5, 10, 13 };
	char c;
	size_t i;

	if (path[0] != '\0')
		return;
	if (mkdtemp(root) == NULL ||
	    setenv("STATE_DIRECTORY", "/none", 1) == -1)
		abort();
	atexit(remove_root);
	strcat(strcpy(path, root), FILE_NAME);
	for (i = 0; i < 3; i++) {
		c = path[strlen(root) + ends[i]];
		path[strlen(root) + ends[i]] = '\0';
		if (mkdir(path, 0700) == -1)
			abort();
		path[strlen(root) + ends[i]] = c;
	}
}

static void
judge(const struct history_run *r)
{
	size_t i;

	if (strcmp(r->plan, "nightly") != 0 || r->text == NULL ||
	    r->exit < -1 || r->exit > 255)
		abort();
	for (i = 0; i < r->n; i++)
		if (r->vms[i].name == NULL || r->vms[i].uuid == NULL ||
		    r->vms[i].exit < 0 || r->vms[i].exit > 255)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct conf_repo repo = { .path = root };
	struct err e = { 0 };
	struct history h;
	size_t tries;
	int fd;

	make_root();
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || write(fd, data, n) != (ssize_t)n || close(fd) == -1)
		abort();
	if (history_read(&h, &repo, "nightly", 0, 1, &e) == -1 || h.n != 1)
		abort();
	judge(&h.runs[0]);
	free(history_tries(&h, h.runs[0].slot, NULL, &tries, &e));
	if (tries > 1)
		abort();
	free(history_tries(&h, h.runs[0].slot,
	    h.runs[0].n > 0 ? h.runs[0].vms[0].uuid : "x", &tries, &e));
	if (tries > 1)
		abort();
	history_free(&h);
	return 0;
}
