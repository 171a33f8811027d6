#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/log.h"
#include "store/catalog_internal.h"

int
catalog_pin(const char *folder, const struct catalog_point *p,
    const json_t *pin, struct err *e)
{
	struct err why = { 0 };
	struct lock *l = catalog_remove_lock(folder, &p->vm, 'r', false, &why);
	int fd = -1, rc = -1;

	if (l == NULL && why.class == ERR_TEMP) {
		*e = why;
		return err_ctx(e, "%s: points are being removed", folder);
	}
	if (l == NULL)
		log_warn("%s is pinned without a lock: %s", p->name, why.text);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1)
		err_sys(e, err_class_of_errno(errno), "open %s", folder);
	else if (catalog_remove_check(fd, p, e) == -1)
		err_ctx(e, "%s", folder);
	else
		rc = catalog_set_state(folder, p->name, "pin", pin, e);
	if (fd != -1)
		close(fd);
	lock_free(l);
	return rc;
}
