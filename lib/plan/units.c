#include "plan/units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"
#include "plan/units_internal.h"

#define SERVICE "esxbk-plan@"

const char units_marker[] =
    "# Made by esxbk-plan schedule from the configuration: edits are lost.";

bool
units_is_ours(const char *text)
{
	size_t n = sizeof(units_marker) - 1;

	return strncmp(text, units_marker, n) == 0 && text[n] == '\n';
}

int
units_add(struct units *u, char *name, struct buf *text, struct err *e)
{
	struct units_file *more;
	int rc = -1;

	if (name == NULL || buf_check(text, e) == -1)
		goto out;
	more = realloc(u->files, (u->n + 1) * sizeof(*more));
	if (more == NULL)
		goto out;
	u->files = more;
	more[u->n++] = (struct units_file){ name, buf_steal(text) };
	name = NULL;
	rc = 0;
out:
	buf_free(text);
	free(name);
	return rc == 0 ? 0 : err_sys(e, ERR_OS, "memory");
}

void
units_free(struct units *u)
{
	size_t i;

	for (i = 0; i < u->n; i++) {
		free(u->files[i].name);
		free(u->files[i].text);
	}
	free(u->files);
	*u = (struct units){ 0 };
}

int
units_check_path(const char *path, const char *what, struct err *e)
{
	size_t left = strlen(path), n;
	const char *s = path, *part;
	uint32_t c;

	if (path[0] != '/')
		return err_set(e, ERR_CONFIG, "%s '%s' is not absolute", what,
		    path);
	for (; left > 0; s += n, left -= n) {
		n = utf8_next(s, left, &c);
		if (n == 0 || utf8_is_control(c))
			return err_set(e, ERR_CONFIG,
			    "%s '%s': no control characters and nothing but "
			    "UTF-8 goes into a unit file or crontab",
			    what, path);
	}
	for (part = path; part != NULL; part = strchr(part, '/')) {
		part++;
		n = strcspn(part, "/");
		if ((n == 1 || n == 2) && strncmp(part, "..", n) == 0)
			return err_set(e, ERR_CONFIG,
			    "%s '%s': name it without '.' and '..'", what,
			    path);
	}
	return 0;
}

static char *
with_plan(const char *format, const char *plan)
{
	struct buf b = { 0 };

	buf_puts(&b, SERVICE);
	buf_puts(&b, plan);
	buf_puts(&b, format);
	return buf_steal(&b);
}

char *
units_timer(const char *plan)
{
	return with_plan(".timer", plan);
}

char *
units_drop_in(const char *plan)
{
	return with_plan(".service.d/esxbk.conf", plan);
}

int
units_plan_of(const char *name, char plan[UNITS_PLAN_SIZE])
{
	static const char *const ends[] = { ".timer", ".service.d/esxbk.conf",
		".service" };
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t prefix = sizeof(SERVICE) - 1, n, i;

	if (strncmp(name, SERVICE, prefix) != 0)
		return -1;
	name += prefix;
	n = strspn(name, letters);
	for (i = 0; i < 3 && strcmp(name + n, ends[i]) != 0; i++)
		;
	/* Only the template is a service, and it has no plan. */
	if (i == 3 || n >= UNITS_PLAN_SIZE || (n == 0) != (i == 2))
		return -1;
	snprintf(plan, UNITS_PLAN_SIZE, "%.*s", (int)n, name);
	return 0;
}
