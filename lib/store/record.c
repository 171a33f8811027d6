#include "store/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"

enum { CHUNK = 65536 };

static const char *
text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int
check(const char *name, const json_t *record, struct err *e)
{
	const char *schema = text(record, "schema"), *t = text(record, "time");
	size_t files = json_array_size(json_object_get(record, "disks")) +
	    json_array_size(json_object_get(record, "files"));
	time_t when;

	if (schema == NULL || strcmp(schema, RECORD_SCHEMA) != 0)
		return err_set(e, ERR_DATA, "%s: schema '%.40s' is not %s",
		    name, schema == NULL ? "" : schema, RECORD_SCHEMA);
	if (t == NULL || clock_parse_iso(t, &when) == -1)
		return err_set(e, ERR_DATA, "%s: time '%.40s' is no time", name,
		    t == NULL ? "" : t);
	if (files > RECORD_MAX_FILES)
		return err_set(e, ERR_DATA, "%s: %zu files, at most %d", name,
		    files, RECORD_MAX_FILES);
	return 0;
}

json_t *
record_parse(const char *name, const void *p, size_t n, struct err *e)
{
	json_t *record = json_read(name, p, n, e);

	if (record != NULL && check(name, record, e) == -1) {
		json_decref(record);
		record = NULL;
	}
	return record;
}

static int
read_all(int fd, struct buf *b, struct err *e)
{
	char chunk[CHUNK];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "read");
		buf_add(b, chunk, (size_t)n);
		if (buf_check(b, e) == -1)
			return -1;
	}
	return 0;
}

static int
open_record(int dirfd, const char *folder, struct err *e)
{
	struct stat st;
	int sub, fd;

	sub = openat(dirfd, folder,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub == -1)
		return err_sys(e,
		    errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			? ERR_NOTFOUND
			: ERR_OS,
		    "open folder");
	/* O_NONBLOCK: a FIFO in place of the file must not hang us. */
	fd = openat(sub, RECORD_FILE,
	    O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1)
		err_sys(e,
		    errno == ENOENT      ? ERR_NOTFOUND
			: errno == ELOOP ? ERR_DATA
					 : ERR_OS,
		    "open " RECORD_FILE);
	close(sub);
	if (fd != -1 && (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))) {
		err_set(e, ERR_DATA, RECORD_FILE " is no regular file");
		close(fd);
		fd = -1;
	}
	return fd;
}

json_t *
record_read(int dirfd, const char *folder, struct err *e)
{
	struct buf b = { .limit = RECORD_MAX_BYTES };
	json_t *record = NULL;
	int fd;

	fd = open_record(dirfd, folder, e);
	if (fd != -1 && read_all(fd, &b, e) == 0)
		record = record_parse(RECORD_FILE, buf_text(&b), b.len, e);
	if (fd != -1)
		close(fd);
	buf_free(&b);
	if (record == NULL)
		err_ctx(e, "%s", folder);
	return record;
}

time_t
record_time(const json_t *record)
{
	const char *t = text(record, "time");
	time_t when = 0;

	if (t == NULL || clock_parse_iso(t, &when) == -1)
		return 0;
	return when;
}

bool
record_is_of_vm(const json_t *record, const char *uuid)
{
	static const char *const keys[] = { "instance_uuid", "bios_uuid" };
	const json_t *vm = json_object_get(record, "vm");
	const char *got;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		got = text(vm, keys[i]);
		if (got != NULL && strcasecmp(got, uuid) == 0)
			return true;
	}
	return false;
}
