#include "job/place.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/clock.h"
#include "codec/digest.h"
#include "store/name.h"
#include "sys/file.h"
#include "sys/sig.h"

enum { WAIT_MS = 2000, STEP_MS = 20 };

int
place_init(struct place *p, const char *dir, const char *archive, struct err *e)
{
	char *copy;

	*p = (struct place){ 0 };
	if (archive != NULL && strcmp(archive, "-") == 0)
		return 0;
	copy = strdup(archive == NULL ? dir : archive);
	if (copy != NULL)
		p->folder = strdup(archive == NULL ? copy : dirname(copy));
	free(copy);
	p->file = archive;
	return p->folder == NULL ? err_sys(e, ERR_OS, "memory") : 0;
}

bool
place_is_stdout(const struct place *p)
{
	return p->folder == NULL;
}

/* A name of any parts, in the bytes that such a lock's name may have. */
static int
lock_name(struct place *p, const struct url *server, const char *uuid,
    struct err *e)
{
	uintmax_t user = geteuid();
	char hex[DIGEST_HEX_SIZE], name[8 + DIGEST_HEX_SIZE];
	struct digest *d = digest_open(DIGEST_SHA256, e);
	struct buf b = { 0 };
	int rc = -1;

	buf_fmt(&b, "%ju %s %u %s", user, server->host,
	    (unsigned int)server->port, uuid);
	if (d == NULL || buf_check(&b, e) == -1 ||
	    digest_add(d, b.data, b.len, e) == -1 ||
	    digest_finish(d, hex, e) == -1)
		goto out;
	snprintf(name, sizeof(name), "esxbk/%s", hex);
	p->lock = lock_open_name(name, "this VM's export to standard output",
	    e);
	if (p->lock == NULL)
		goto out;
	if (asprintf(&p->repository, "-:uid=%ju", user) == -1)
		p->repository = NULL;
	rc = 0;
out:
	buf_free(&b);
	digest_free(d);
	return rc;
}

/* Who looks whether anybody is at work holds it for a moment, too. */
static struct lock *
lock_patiently(const char *path, struct err *e)
{
	uint64_t end = clock_mono_ms() + WAIT_MS;
	struct err busy = { 0 };
	struct lock *l;

	while ((l = lock_open(path, true, &busy)) == NULL &&
	    busy.class == ERR_TEMP && sig_pending() == 0 &&
	    clock_mono_ms() < end) {
		err_clear(&busy);
		sig_sleep_ms(STEP_MS);
	}
	if (l == NULL && sig_check(e) == 0)
		*e = busy;
	return l;
}

static int
lock_folder(struct place *p, const char *uuid, struct err *e)
{
	char uuid8[9], name[16], *path;

	name_uuid8(uuid, uuid8);
	if (p->file == NULL && file_mkdir(p->folder, e) == -1)
		return -1;
	snprintf(name, sizeof(name), ".w-%s", uuid8);
	path = file_join(p->folder, name);
	if (path == NULL)
		return err_sys(e, ERR_OS, "memory");
	p->lock = lock_patiently(path, e);
	free(path);
	/* A mark must not depend on where we were started. */
	p->repository = realpath(p->folder, NULL);
	if (p->repository == NULL)
		p->repository = strdup(p->folder);
	return p->lock == NULL ? -1 : 0;
}

int
place_lock(struct place *p, const struct url *server, const char *uuid,
    struct err *e)
{
	if ((place_is_stdout(p) ? lock_name(p, server, uuid, e)
				: lock_folder(p, uuid, e)) == -1)
		return -1;
	return p->repository == NULL ? err_sys(e, ERR_OS, "memory") : 0;
}

/* 0 if it is a folder that we can write to, else an errno. */
static int
try_folder(const char *path)
{
	char *inside = file_join(path, ".");
	int rc = inside == NULL ? ENOMEM : 0;

	if (rc == 0 &&
	    faccessat(AT_FDCWD, inside, W_OK | X_OK, AT_EACCESS) == -1)
		rc = errno;
	free(inside);
	return rc;
}

int
place_look(const struct place *p, struct err *e)
{
	char *copy;
	int rc;

	if (place_is_stdout(p))
		return 0;
	rc = try_folder(p->folder);
	if (rc == ENOENT && p->file == NULL) {
		copy = strdup(p->folder);
		rc = copy == NULL ? ENOMEM : try_folder(dirname(copy));
		free(copy);
	}
	errno = rc;
	return rc == 0
	    ? 0
	    : err_sys(e, err_class_of_errno(rc), "write to %s", p->folder);
}

int
place_check_name(const struct place *p, struct err *e)
{
	if (p->file != NULL &&
	    faccessat(AT_FDCWD, p->file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_set(e, ERR_CREATE, "%s: exists already", p->file);
	return 0;
}

void
place_free(struct place *p)
{
	lock_free(p->lock);
	free(p->folder);
	free(p->repository);
	*p = (struct place){ 0 };
}
