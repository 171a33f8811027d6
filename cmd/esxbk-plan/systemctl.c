#include "systemctl.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/log.h"
#include "sys/file.h"
#include "sys/proc.h"

/* sd_booted(3) */
static bool
runs_here(void)
{
	struct stat st;

	return lstat("/run/systemd/system/", &st) == 0;
}

static int
type(const struct buf *command, struct err *e)
{
	struct buf out = { .limit = 65536 };
	struct err failed = { 0 };
	int rc;

	if (buf_check(command, e) == -1)
		return -1;
	log_step("%s", buf_text(command));
	rc = proc_capture(buf_text(command), &out, &failed);
	buf_free(&out);
	if (rc == 0)
		return 0;
	return err_set(e,
	    failed.class > ERR_SIGNAL ? failed.class : (int)ERR_OS, "%s: %s",
	    buf_text(command), failed.text);
}

/* Names of timers are letters, digits, "_", "-" and "@": no quotes. */
int
systemctl_stop(const struct place *p, struct err *e)
{
	struct buf command = { 0 };
	size_t i, n = 0;
	int rc = 0;

	if (!runs_here())
		return 0;
	buf_puts(&command, "systemctl disable --now");
	for (i = 0; i < p->n; i++)
		if (place_is_timer(&p->files[i]) && p->files[i].new == NULL) {
			buf_fmt(&command, " %s", p->files[i].name);
			n++;
		}
	if (n > 0)
		rc = type(&command, e);
	buf_free(&command);
	return rc;
}

static bool
is_enabled(const struct place *p, const struct place_file *f)
{
	char *wants = file_join(p->folder, "timers.target.wants"), *path;
	bool is = false;

	path = wants == NULL ? NULL : file_join(wants, f->name);
	if (path != NULL)
		is = access(path, F_OK) == 0;
	free(path);
	free(wants);
	return is;
}

static size_t
name_timers(const struct place *p, struct buf *names)
{
	const struct place_file *f;
	size_t i, n = 0;

	for (i = 0; i < p->n; i++) {
		f = &p->files[i];
		if (f->new == NULL || !place_is_timer(f) ||
		    (!place_changes(f) && is_enabled(p, f)))
			continue;
		buf_fmt(names, " %s", f->name);
		n++;
	}
	return n;
}

int
systemctl_start(const struct place *p, struct err *e)
{
	struct buf names = { 0 }, command = { 0 };
	size_t i, n = name_timers(p, &names);
	bool changes = false;
	int rc = 0;

	for (i = 0; i < p->n; i++)
		changes |= place_changes(&p->files[i]);
	if (!runs_here()) {
		if (n > 0)
			log_warn("systemd does not run here; where it does: "
				 "systemctl enable --now%s",
			    buf_text(&names));
		goto out;
	}
	if (changes) {
		buf_puts(&command, "systemctl daemon-reload");
		rc = type(&command, e);
	}
	/* A timer that runs already is to forget its old time. */
	if (rc == 0 && n > 0) {
		buf_cut(&command, 0);
		buf_fmt(&command, "systemctl enable%s && systemctl restart%s",
		    buf_text(&names), buf_text(&names));
		rc = buf_check(&names, e) == -1 ? -1 : type(&command, e);
	}
out:
	buf_free(&names);
	buf_free(&command);
	return rc;
}
