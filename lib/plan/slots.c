#include "plan/slots.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first of the places that can be used.  RUNTIME_DIRECTORY is systemd's
 * word for the one that it made for us, which is /run/esxbk: who is that user
 * by hand meets it there.  What a login sets and cron does not comes last, or
 * one user would have two places. */
static const struct place {
	const char *variable; /* NULL: none */
	const char *below;
} places[] = {
	{ "RUNTIME_DIRECTORY", "" },
	{ NULL, "/run/esxbk" },
	{ "HOME", "/.local/state/esxbk" },
	{ "STATE_DIRECTORY", "" },
	{ "XDG_STATE_HOME", "/esxbk" },
	{ "XDG_RUNTIME_DIR", "/esxbk" },
};

static int
folder_of(const struct place *p, char *out, size_t size)
{
	const char *base = p->variable == NULL ? "" : getenv(p->variable);

	if (base == NULL || (p->variable != NULL && base[0] != '/'))
		return -1;
	return snprintf(out, size, "%s%s", base, p->below) < (int)size ? 0 : -1;
}

/* Also its parents; nothing of it need survive. */
static int
make_folder(char *path)
{
	struct stat st;
	char *slash;

	for (slash = strchr(path + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return -1;
	/* Whoever may write there could hold our locks for ever. */
	if (stat(path, &st) == -1 || (st.st_mode & S_IWOTH) != 0)
		return -1;
	return access(path, R_OK | W_OK | X_OK);
}

static int
find_folder(char *out, size_t size, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (folder_of(&places[i], out, size) == 0 &&
		    make_folder(out) == 0)
			return 0;
	return err_set(e, ERR_CREATE,
	    "no folder for locks: neither in HOME nor in XDG_RUNTIME_DIR");
}

/* Root by hand must not leave a lock that the folder's owner cannot open. */
static void
hand_over(const char *path, const char *folder)
{
	struct stat st;

	if (geteuid() == 0 && stat(folder, &st) == 0 && st.st_uid != 0)
		(void)!lchown(path, st.st_uid, st.st_gid);
}

static struct lock *
take(const char *name, struct err *e)
{
	char folder[PATH_MAX], *path;
	struct lock *l;

	if (find_folder(folder, sizeof(folder), e) == -1)
		return NULL;
	if (asprintf(&path, "%s/%s.lock", folder, name) == -1) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	l = lock_open(path, true, e);
	if (l != NULL)
		hand_over(path, folder);
	free(path);
	return l;
}

struct lock *
slots_take(const struct conf_site *site, struct err *e)
{
	struct err why = { 0 };
	struct lock *lock;
	unsigned int i;
	char name[80];

	for (i = 0; i < site->vms; i++) {
		snprintf(name, sizeof(name), "%.60s.%u", site->name, i);
		lock = take(name, &why);
		if (lock != NULL)
			return lock;
		if (why.class != ERR_TEMP) {
			*e = why;
			return NULL;
		}
		err_clear(&why);
	}
	return NULL;
}

/* FNV-1a: only to make a short name of a path. */
static uint64_t
hash(const char *s)
{
	uint64_t h = 14695981039346656037u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h;
}

struct lock *
slots_take_run(const char *config, struct err *e)
{
	char name[40], *path = realpath(config, NULL);

	snprintf(name, sizeof(name), "run-%016jx",
	    (uintmax_t)hash(path == NULL ? config : path));
	free(path);
	return take(name, e);
}
