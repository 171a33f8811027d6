#include <errno.h>
#include <sys/statvfs.h>
#include "plan/prune.h"

int
prune_missing(const struct conf_repo *repo, uint64_t *bytes, struct err *e)
{
	uint64_t wanted = repo->min_free_bytes, free_bytes, total;
	struct statvfs v;

	*bytes = 0;
	if (statvfs(repo->path, &v) == -1)
		return err_sys(e,
		    errno == ENOENT ? ERR_NOTFOUND : err_class_of_errno(errno),
		    "%s", repo->path);
	free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
	total = (uint64_t)v.f_blocks * v.f_frsize;
	if (repo->min_free_percent > 0)
		wanted = total / 100 * repo->min_free_percent;
	if (free_bytes < wanted)
		*bytes = wanted - free_bytes;
	return 0;
}
