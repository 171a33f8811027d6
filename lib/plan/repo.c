#include "plan/repo.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

int
repo_check_mounted(const struct conf_repo *repo, struct err *e)
{
	struct stat st, root;

	if (!repo->mounted || stat(repo->path, &st) == -1 ||
	    stat("/", &root) == -1 || st.st_dev != root.st_dev)
		return 0;
	return err_set(e, ERR_CREATE, "repository %s: nothing is mounted at %s",
	    repo->name, repo->path);
}

int
repo_check(const struct conf_repo *repo, struct err *e)
{
	struct stat st;

	if (stat(repo->path, &st) == -1)
		return err_sys(e,
		    errno == EIO || errno == ESTALE ? ERR_IO : ERR_CREATE,
		    "repository %s: %s", repo->name, repo->path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_CREATE, "repository %s: %s is no folder",
		    repo->name, repo->path);
	if (repo_check_mounted(repo, e) == -1)
		return -1;
	if (access(repo->path, R_OK | W_OK | X_OK) == -1)
		return err_sys(e, err_class_of_errno(errno),
		    "repository %s: %s", repo->name, repo->path);
	return 0;
}
