#include "store/point.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "store/record.h"
#include "sys/file.h"

struct search {
	const char *uuid;
	char *name; /* of the newest, or NULL */
	time_t when;
};

static bool
is_newer(const struct search *s, const char *name, time_t when)
{
	if (s->name == NULL || when != s->when)
		return s->name == NULL || when > s->when;
	return strcmp(name, s->name) > 0;
}

static int
look_at(struct search *s, int dirfd, const char *name, struct err *e)
{
	struct err why = { 0 };
	json_t *record = record_read(dirfd, name, &why);
	time_t when;
	int rc = 0;

	if (record == NULL) {
		if (why.class != ERR_NOTFOUND)
			log_warn("passed over %s", why.text);
		return 0;
	}
	when = record_time(record);
	if (record_is_of_vm(record, s->uuid) && is_newer(s, name, when)) {
		free(s->name);
		s->when = when;
		s->name = strdup(name);
		if (s->name == NULL)
			rc = err_sys(e, ERR_OS, "%s", name);
	}
	json_decref(record);
	return rc;
}

static int
look_at_all(struct search *s, DIR *d, const char *dir, struct err *e)
{
	struct dirent *entry;

	while ((errno = 0, entry = readdir(d)) != NULL)
		if (entry->d_name[0] != '.' &&
		    look_at(s, dirfd(d), entry->d_name, e) == -1)
			return -1;
	if (errno != 0)
		return err_sys(e, ERR_IO, "read %s", dir);
	return 0;
}

int
point_newest(const char *dir, const char *uuid, time_t *when, char **path,
    struct err *e)
{
	struct search s = { .uuid = uuid };
	int rc;
	DIR *d;

	d = opendir(dir);
	if (d == NULL && errno == ENOENT)
		return 0;
	if (d == NULL)
		return err_sys(e, ERR_OS, "open %s", dir);
	rc = look_at_all(&s, d, dir, e);
	closedir(d);
	if (rc == 0 && s.name != NULL) {
		*when = s.when;
		*path = file_join(dir, s.name);
		rc = *path == NULL ? err_sys(e, ERR_OS, "%s", dir) : 1;
	}
	free(s.name);
	return rc;
}
