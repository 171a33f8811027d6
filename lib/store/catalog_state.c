#include "store/catalog_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "store/name.h"

enum { LIMIT_BYTES = 65536, LONGEST_NAME = 256 };

static int
read_file(int fd, const char *name, struct buf *b, struct err *e)
{
	char chunk[4096];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_DATA, "%s is no regular file", name);
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		buf_add(b, chunk, (size_t)n);
	if (n == -1)
		return err_sys(e, ERR_IO, "read %s", name);
	return buf_check(b, e) == -1 ? err_ctx(e, "%s", name) : 0;
}

json_t *
catalog_state_read(int state_fd, const char *point, const char *kind,
    struct err *e)
{
	struct buf b = { .limit = LIMIT_BYTES };
	char name[2 * LONGEST_NAME];
	json_t *value = NULL;
	int fd;

	snprintf(name, sizeof(name), "%s.%s.json", point, kind);
	/* O_NONBLOCK: a FIFO in place of the file must not hang us. */
	fd = openat(state_fd, name,
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1 && errno == ENOENT)
		return NULL;
	if (fd == -1) {
		err_sys(e, ERR_IO, "open %s", name);
		return NULL;
	}
	if (read_file(fd, name, &b, e) == 0)
		value = json_read(name, buf_text(&b), b.len, e);
	close(fd);
	buf_free(&b);
	return value;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
has_state(const struct catalog_scan *s, const char *point, const char *kind)
{
	char name[2 * LONGEST_NAME];
	const char *key = name;

	snprintf(name, sizeof(name), "%s.%s.json", point, kind);
	return s->n_states > 0 &&
	    bsearch(&key, s->states, s->n_states, sizeof(key), by_text) != NULL;
}

static time_t
sound_at(const json_t *verify, const char *level)
{
	const char *text = json_string_value(
	    json_object_get(json_object_get(verify, "sound"), level));
	time_t t = 0;

	return text == NULL || clock_parse_iso(text, &t) == -1 ? 0 : t;
}

static void
fill_verify(struct catalog_point *p, const json_t *verify)
{
	static const char *const levels[] = { "quick", "hash", "deep" };
	size_t i;
	time_t t;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		t = sound_at(verify, levels[i]);
		if (t == 0 || t < p->verified)
			continue;
		p->verified = t;
		snprintf(p->verified_level, sizeof(p->verified_level), "%s",
		    levels[i]);
	}
	p->deep_verified = sound_at(verify, "deep");
	p->hash_verified = sound_at(verify, "hash");
	if (p->hash_verified < p->deep_verified)
		p->hash_verified = p->deep_verified;
	p->is_damaged = json_is_object(json_object_get(verify, "damage"));
}

void
catalog_state_fill(struct catalog_point *p, struct catalog_scan *s)
{
	struct err why = { 0 };
	json_t *verify;

	/* Whatever is in it: somebody wanted the point to stay. */
	p->is_pinned = has_state(s, p->name, "pin");
	if (!has_state(s, p->name, "verify"))
		return;
	verify = catalog_state_read(s->state_fd, p->name, "verify", &why);
	if (verify != NULL)
		fill_verify(p, verify);
	else if (why.class != ERR_NONE)
		log_warn("%s/%s: state of %s: %s", s->repository, s->folder,
		    p->name, why.text);
	/* It may be damaged, and the one before it the last that is good. */
	s->is_uncertain = s->is_uncertain ||
	    (why.class != ERR_NONE && why.class != ERR_DATA);
	json_decref(verify);
}

/* "POINT.KIND.json"; a kind has no dot, but a point's name may.  Also what a
 * killed writer of it left, ".POINT.KIND.json.partial". */
static bool
is_of(const char *name, const char *point)
{
	size_t n = strlen(point);
	const char *tail = ".json";

	if (name[0] == '.' && point[0] != '.') {
		name++;
		tail = ".json.partial";
	}
	if (strncmp(name, point, n) != 0 || name[n] != '.')
		return false;
	name += n + 1;
	return *name != '.' && strcmp(name + strcspn(name, "."), tail) == 0;
}

static int
remove_all(DIR *d, const char *point, struct err *e)
{
	struct dirent *entry;

	while ((errno = 0, entry = readdir(d)) != NULL)
		if (is_of(entry->d_name, point) &&
		    unlinkat(dirfd(d), entry->d_name, 0) == -1 &&
		    errno != ENOENT)
			return err_sys(e, err_class_of_errno(errno),
			    "remove state/%s", entry->d_name);
	return errno == 0 ? 0 : err_sys(e, ERR_IO, "read state");
}

int
catalog_state_remove(int folder_fd, const char *point, struct err *e)
{
	int fd = openat(folder_fd, "state",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d;
	int rc;

	if (fd == -1 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	d = fd == -1 ? NULL : fdopendir(fd);
	if (d == NULL) {
		err_sys(e, ERR_IO, "open state");
		if (fd != -1)
			close(fd);
		return -1;
	}
	rc = remove_all(d, point, e);
	closedir(d);
	return rc;
}
