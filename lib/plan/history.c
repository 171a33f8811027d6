#include "plan/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/log.h"
#include "plan/history_place.h"
#include "sys/file.h"

struct history_file {
	int fd;
	char *path;
	off_t bytes; /* of whole lines */
};

/* Each folder of the path below base, durably. */
static int
make_folders(const char *base, char *below, struct err *e)
{
	char *path = NULL, *at;
	int rc = 0;

	for (at = strchr(below, '/'); rc == 0 && at != NULL;
	     at = strchr(at + 1, '/')) {
		*at = '\0';
		path = file_join(base, below);
		*at = '/';
		rc = path == NULL ? err_sys(e, ERR_OS, "memory")
				  : file_mkdir(path, e);
		free(path);
	}
	return rc;
}

/* The folder of our own state may be the first thing that we make. */
static void
make_parents(const char *base)
{
	char *path = strdup(base), *at;

	for (at = path == NULL ? NULL : strchr(path + 1, '/'); at != NULL;
	     at = strchr(at + 1, '/')) {
		*at = '\0';
		mkdir(path, 0755);
		*at = '/';
	}
	if (path != NULL)
		mkdir(path, 0755);
	free(path);
}

static struct history_file *
create(const char *base, const char *run, const json_t *first, struct err *e)
{
	struct history_file *f = calloc(1, sizeof(*f));
	char *below = NULL;

	if (f == NULL ||
	    asprintf(&below, "runs/%.4s/%.2s/%s.json", run, run + 4, run) ==
		-1) {
		err_sys(e, ERR_OS, "memory");
		goto fail;
	}
	f->fd = -1;
	if (make_folders(base, below, e) == -1)
		goto fail;
	f->path = file_join(base, below);
	if (f->path == NULL) {
		err_sys(e, ERR_OS, "memory");
		goto fail;
	}
	f->fd = open(f->path,
	    O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
	    0644);
	if (f->fd == -1) {
		err_sys(e, err_class_of_errno(errno), "create %s", f->path);
		goto fail;
	}
	if (history_add(f, first, e) == -1) {
		unlink(f->path);
		goto fail;
	}
	free(below);
	return f;
fail:
	free(below);
	history_close(f);
	return NULL;
}

static void
sync_folder(const struct history_file *f)
{
	struct err e = { 0 };
	char *folder = strdup(f->path);

	if (folder != NULL) {
		*strrchr(folder, '/') = '\0';
		if (file_sync_dir(folder, &e) == -1)
			log_warn("%s", e.text);
	}
	free(folder);
}

struct history_file *
history_open(const struct conf_repo *repo, const char *plan, const char *run,
    const json_t *first, struct err *e)
{
	struct history_file *f;
	struct err why = { 0 };
	char *place;

	(void)plan; /* it is in the run's name */
	f = create(repo->path, run, first, &why);
	if (f == NULL) {
		place = history_place(e);
		if (place == NULL)
			return NULL;
		make_parents(place);
		f = create(place, run, first, e);
		free(place);
	}
	if (f != NULL)
		sync_folder(f);
	return f;
}

int
history_add(struct history_file *f, const json_t *line, struct err *e)
{
	struct buf b = { 0 };
	const char *at;
	size_t left;
	ssize_t n;
	int rc = json_write(line, JSON_LINE, &b, e);

	at = b.data;
	left = b.len;
	while (rc == 0 && left > 0) {
		n = write(f->fd, at, left);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			rc = err_sys(e, err_class_of_errno(errno), "write %s",
			    f->path);
			break;
		}
		at += n;
		left -= (size_t)n;
	}
	if (rc == 0 && fsync(f->fd) == -1)
		rc = err_sys(e, ERR_IO, "sync %s", f->path);
	/* Half a line would spoil the next one, too. */
	if (rc == 0)
		f->bytes += (off_t)b.len;
	else
		(void)!ftruncate(f->fd, f->bytes);
	buf_free(&b);
	return rc;
}

const char *
history_path(const struct history_file *f)
{
	return f->path;
}

void
history_close(struct history_file *f)
{
	if (f == NULL)
		return;
	if (f->fd != -1)
		close(f->fd);
	free(f->path);
	free(f);
}

void
history_free(struct history *h)
{
	struct history_run *run;

	while (h->n > 0) {
		run = &h->runs[--h->n];
		while (run->n > 0) {
			struct history_vm *vm = &run->vms[--run->n];

			free(vm->name);
			free(vm->moid);
			free(vm->uuid);
			free(vm->outcome);
			free(vm->text);
		}
		while (run->n_unprotected > 0)
			free(run->unprotected[--run->n_unprotected]);
		free(run->unprotected);
		free(run->vms);
		free(run->run);
		free(run->plan);
		free(run->text);
	}
	free(h->runs);
	*h = (struct history){ 0 };
}

static const struct history_vm *
find_vm(const struct history_run *run, const char *uuid)
{
	size_t i;

	for (i = 0; i < run->n; i++)
		if (strcasecmp(run->vms[i].uuid, uuid) == 0)
			return &run->vms[i];
	return NULL;
}

/* What a run tried, if it did: a VM that a killed one did not come to counts,
 * or the next night's would be as long. */
static bool
is_try(const struct history_run *run, const char *uuid, struct due_try *t)
{
	const struct history_vm *vm = uuid == NULL ? NULL : find_vm(run, uuid);

	if (vm != NULL) {
		*t = (struct due_try){ .ended = vm->ended != 0 ? vm->ended
							       : run->started,
			.exit = vm->exit };
		return true;
	}
	*t = (struct due_try){ .ended = run->ended != 0 ? run->ended
							: run->started,
		.exit = run->exit };
	return uuid == NULL ? run->n == 0 : run->exit == -1 && run->n > 0;
}

struct due_try *
history_tries(const struct history *h, time_t slot, const char *uuid, size_t *n,
    struct err *e)
{
	struct due_try *tries = calloc(h->n + 1, sizeof(*tries)), t;
	size_t i;

	*n = 0;
	if (tries == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	for (i = h->n; i-- > 0;)
		if (h->runs[i].slot == slot && is_try(&h->runs[i], uuid, &t))
			tries[(*n)++] = t;
	return tries;
}
