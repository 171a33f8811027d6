#include <stdlib.h>
#include <string.h>
#include "base/names.h"
#include "plan/units_internal.h"

/* A word for sh(1); cron takes a "%" for a newline, if no backslash is in
 * front, and that also within quotes. */
static int
add_word(struct buf *b, const char *s, const char *what, struct err *e)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_./+:=@,-";
	bool quote = s[strspn(s, plain)] != '\0';

	if (units_check_path(s, what, e) == -1)
		return -1;
	if (strchr(s, '\\') != NULL)
		return err_set(e, ERR_CONFIG,
		    "%s '%s': not every cron reads a backslash in the same way",
		    what, s);
	if (quote)
		buf_char(b, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '%')
			buf_char(b, '\\');
		if (*s == '\'')
			buf_puts(b, "'\\'");
		buf_char(b, *s);
	}
	if (quote)
		buf_char(b, '\'');
	return 0;
}

/* A schedule that nobody would start is worse than none. */
static int
refuse_calendars(const struct conf *c, struct err *e)
{
	struct names list = { 0 };
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < c->n_plans; i++)
		if (c->plans[i].schedule.kind == SCHEDULE_CALENDAR)
			names_add(&list, c->plans[i].name);
	if (list.n == 0)
		return 0;
	names_tell(&list, &b);
	err_set(e, ERR_CONFIG,
	    "plans with on_calendar, which only systemd knows: %s; give them "
	    "daily, weekly or monthly, or use --format=systemd",
	    buf_text(&b));
	buf_free(&b);
	return -1;
}

int
units_cron(struct units *u, const struct conf *c, const struct units_how *how,
    struct err *e)
{
	struct buf b = { 0 };

	*u = (struct units){ 0 };
	if (refuse_calendars(c, e) == -1)
		return -1;
	buf_fmt(&b, "%s\n*/15 * * * * ", units_marker);
	if (how->user != NULL)
		buf_fmt(&b, "%s ", how->user);
	if (add_word(&b, how->program, "program", e) == -1)
		goto fail;
	buf_puts(&b, " run --due -q");
	if (how->config != NULL) {
		buf_puts(&b, " --config ");
		if (add_word(&b, how->config, "configuration", e) == -1)
			goto fail;
	}
	buf_char(&b, '\n');
	return units_add(u, strdup("esxbk"), &b, e);
fail:
	buf_free(&b);
	return -1;
}
