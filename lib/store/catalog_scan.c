#include "store/catalog_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "store/name.h"

enum { STAMP_LENGTH = 15, MOST_NAMES = 100000, MOST_TOLD = 5 };

static const char merged[] = "_merged";

bool
catalog_scan_is_point(const char *name, time_t *when)
{
	char stamp[STAMP_LENGTH + 1];
	size_t n = strlen(name), tail = sizeof(merged) - 1;

	if (n > tail && strcmp(name + n - tail, merged) == 0)
		n -= tail;
	if (n < STAMP_LENGTH + 2 || name[n - STAMP_LENGTH - 1] != '_' ||
	    !name_is_file(name))
		return false;
	memcpy(stamp, name + n - STAMP_LENGTH, STAMP_LENGTH);
	stamp[STAMP_LENGTH] = '\0';
	return clock_parse_stamp(stamp, when) == 0;
}

static int
by_time(const void *a, const void *b)
{
	const struct catalog_name *one = a, *two = b;

	if (one->when != two->when)
		return one->when < two->when ? -1 : 1;
	return strcmp(one->name, two->name);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Room for one more of items of this size, in powers of two. */
static int
grow(void **items, size_t n, size_t size, struct err *e)
{
	void *more;

	if (n >= MOST_NAMES)
		return err_set(e, ERR_DATA, "more than %d names", MOST_NAMES);
	if (n > 0 && (n & (n - 1)) != 0)
		return 0;
	more = reallocarray(*items, n == 0 ? 1 : 2 * n, size);
	if (more == NULL)
		return err_sys(e, ERR_OS, "memory");
	*items = more;
	return 0;
}

static int
add_name(struct catalog_scan *s, const char *name, struct err *e)
{
	struct catalog_name entry = { 0 };

	if (!catalog_scan_is_point(name, &entry.when))
		return 0;
	if (grow((void **)&s->names, s->n, sizeof(*s->names), e) == -1)
		return -1;
	entry.name = strdup(name);
	if (entry.name == NULL)
		return err_sys(e, ERR_OS, "memory");
	s->names[s->n++] = entry;
	return 0;
}

static int
add_state(struct catalog_scan *s, const char *name, struct err *e)
{
	size_t n = strlen(name);

	if (n < 6 || strcmp(name + n - 5, ".json") != 0 || !name_is_file(name))
		return 0;
	if (grow((void **)&s->states, s->n_states, sizeof(*s->states), e) == -1)
		return -1;
	s->states[s->n_states] = strdup(name);
	if (s->states[s->n_states] == NULL)
		return err_sys(e, ERR_OS, "memory");
	s->n_states++;
	return 0;
}

static int
list(struct catalog_scan *s, int fd,
    int (*add)(struct catalog_scan *, const char *, struct err *),
    struct err *e)
{
	struct dirent *entry;
	DIR *d;
	int rc = 0, copy = dup(fd);

	d = copy == -1 ? NULL : fdopendir(copy);
	if (d == NULL) {
		err_sys(e, ERR_OS, "read folder");
		if (copy != -1)
			close(copy);
		return -1;
	}
	while (rc == 0 && (errno = 0, entry = readdir(d)) != NULL)
		rc = add(s, entry->d_name, e);
	if (rc == 0 && errno != 0)
		rc = err_sys(e, ERR_IO, "read folder");
	closedir(d);
	return rc;
}

static int
list_states(struct catalog_scan *s, struct err *e)
{
	s->state_fd = openat(s->fd, "state",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->state_fd == -1) {
		if (errno == ENOENT)
			return 0;
		return err_sys(e, ERR_IO, "open state");
	}
	if (list(s, s->state_fd, add_state, e) == -1)
		return err_ctx(e, "state");
	if (s->n_states > 0)
		qsort(s->states, s->n_states, sizeof(*s->states), by_text);
	return 0;
}

int
catalog_scan_open(struct catalog_scan *s, int dirfd, const char *repository,
    const char *folder, bool state, struct err *e)
{
	*s = (struct catalog_scan){ .repository = repository,
		.folder = folder,
		.state_fd = -1 };
	s->fd = openat(dirfd, folder,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->fd == -1 &&
	    (errno == ENOTDIR || errno == ELOOP || errno == ENOENT))
		return 0;
	if (s->fd == -1) {
		err_sys(e, ERR_IO, "open");
		goto fail;
	}
	if (list(s, s->fd, add_name, e) == -1)
		goto fail;
	if (s->n > 0)
		qsort(s->names, s->n, sizeof(*s->names), by_time);
	if (state && s->n > 0 && list_states(s, e) == -1)
		goto fail;
	return 1;
fail:
	catalog_scan_close(s);
	return err_ctx(e, "%s/%s", repository, folder);
}

void
catalog_scan_close(struct catalog_scan *s)
{
	if (s->n_passed > MOST_TOLD)
		log_warn("passed over %zu more in %s/%s",
		    s->n_passed - MOST_TOLD, s->repository, s->folder);
	while (s->n > 0)
		free(s->names[--s->n].name);
	free(s->names);
	while (s->n_states > 0)
		free(s->states[--s->n_states]);
	free(s->states);
	if (s->state_fd != -1)
		close(s->state_fd);
	if (s->fd != -1)
		close(s->fd);
	*s = (struct catalog_scan){ .fd = -1, .state_fd = -1 };
}

struct catalog_name *
catalog_scan_find(const struct catalog_scan *s, const char *name)
{
	struct catalog_name key = { .name = (char *)(uintptr_t)name };

	if (s->n == 0 || !catalog_scan_is_point(name, &key.when))
		return NULL;
	return bsearch(&key, s->names, s->n, sizeof(key), by_time);
}

void
catalog_scan_pass(struct catalog_scan *s, const struct err *why)
{
	if (s->n_passed++ < MOST_TOLD)
		log_warn("passed over %s/%s/%s", s->repository, s->folder,
		    why->text);
}
