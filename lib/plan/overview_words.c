#include <stdio.h>
#include <string.h>
#include "plan/overview_show.h"
#include "store/name.h"

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR };

const char *
overview_words_state(enum overview_state state)
{
	static const char *const names[OVERVIEW_STATES] = {
		[OVERVIEW_UNREADABLE] = "unreadable",
		[OVERVIEW_FAILED] = "failed",
		[OVERVIEW_LATE] = "late",
		[OVERVIEW_NEVER] = "never",
		[OVERVIEW_DAMAGED] = "damaged",
		[OVERVIEW_VANISHED] = "vanished",
		[OVERVIEW_AHEAD] = "ahead",
		[OVERVIEW_PARTIAL] = "partial",
		[OVERVIEW_UNVERIFIED] = "unverified",
		[OVERVIEW_WARNED] = "warned",
		[OVERVIEW_OK] = "ok",
		[OVERVIEW_DROPPED] = "dropped",
	};

	return names[state];
}

const char *
overview_words_level(enum overview_level level)
{
	static const char *const names[] = { "OK", "WARNING", "CRITICAL",
		"UNKNOWN" };

	return names[level];
}

void
overview_words_age(uint64_t seconds, char out[OVERVIEW_AGE_SIZE])
{
	if (seconds < 2 * HOUR)
		snprintf(out, OVERVIEW_AGE_SIZE, "%ju min",
		    (uintmax_t)(seconds / MINUTE));
	else if (seconds < 3 * DAY)
		snprintf(out, OVERVIEW_AGE_SIZE, "%ju h",
		    (uintmax_t)(seconds / HOUR));
	else
		snprintf(out, OVERVIEW_AGE_SIZE, "%ju d",
		    (uintmax_t)(seconds / DAY));
}

void
overview_words_time(time_t t, char out[OVERVIEW_TIME_SIZE])
{
	struct tm tm = { 0 };

	if (t == 0)
		snprintf(out, OVERVIEW_TIME_SIZE, "never");
	else if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, OVERVIEW_TIME_SIZE, "%Y-%m-%d %H:%M", &tm) == 0)
		snprintf(out, OVERVIEW_TIME_SIZE, "?");
}

void
overview_words_name(const struct overview_row *row, struct buf *b)
{
	char uuid8[9];

	if (row->name == NULL) {
		buf_puts(b, "-");
		return;
	}
	if (row->is_namesake) {
		name_uuid8(row->uuid, uuid8);
		buf_fmt(b, "%s (%s)", row->name, uuid8);
	} else {
		buf_puts(b, row->name);
	}
}

void
overview_words_kind(const struct overview_row *row,
    char out[OVERVIEW_KIND_SIZE])
{
	const struct catalog_point *p = row->good;
	int chain = p == NULL ? 0 : overview_chain(row, p);

	if (p == NULL)
		snprintf(out, OVERVIEW_KIND_SIZE, "-");
	else if (p->mode != NULL && strcmp(p->mode, "vmdk") == 0)
		snprintf(out, OVERVIEW_KIND_SIZE, "vmdk");
	else if (p->is_full || chain < 0)
		snprintf(out, OVERVIEW_KIND_SIZE, p->is_full ? "full" : "inc");
	else
		snprintf(out, OVERVIEW_KIND_SIZE, "inc %d", chain);
}

void
overview_words_run(const struct history_run *r, struct buf *b)
{
	if (r == NULL)
		buf_puts(b, "never");
	else if (r->ended == 0)
		buf_puts(b, "not ended");
	else if (r->exit == 0)
		buf_puts(b, "ok");
	else if (r->exit == ERR_PARTIAL)
		buf_puts(b, "partial (3)");
	else
		buf_fmt(b, "failed (%d)", r->exit);
}

/* A uuid comes from a server or a record: only one that a shell leaves alone
 * gets into a command. */
static void
add_run(const struct overview_row *row, const char *how, struct buf *b)
{
	buf_fmt(b, "esxbk-plan run %s", row->plan->name);
	if (row->name != NULL && row->uuid[0] != '\0' &&
	    strspn(row->uuid, "0123456789abcdefABCDEF-") == strlen(row->uuid))
		buf_fmt(b, " --vm uuid:%s", row->uuid);
	buf_puts(b, how);
}

static void
add_quoted(struct buf *b, const char *s)
{
	buf_char(b, '\'');
	for (; *s != '\0'; s++)
		if (*s == '\'')
			buf_puts(b, "'\\''");
		else
			buf_char(b, *s);
	buf_char(b, '\'');
}

void
overview_words_command(const struct overview_row *row, struct buf *b)
{
	switch (row->state) {
	case OVERVIEW_UNREADABLE:
		buf_puts(b, "findmnt -T ");
		add_quoted(b, row->plan->repo->path);
		break;
	case OVERVIEW_FAILED:
	case OVERVIEW_LATE:
	case OVERVIEW_NEVER:
		add_run(row, "", b);
		break;
	case OVERVIEW_DAMAGED:
		add_run(row, " --level full", b);
		break;
	case OVERVIEW_UNVERIFIED:
		buf_fmt(b, "esxbk-plan verify %s", row->plan->name);
		break;
	case OVERVIEW_AHEAD:
		buf_puts(b, "timedatectl");
		break;
	case OVERVIEW_VANISHED:
	case OVERVIEW_PARTIAL:
	case OVERVIEW_WARNED:
		buf_fmt(b, "esxbk-plan check %s", row->plan->name);
		break;
	default:
		break;
	}
}

void
overview_words_verdict(const struct overview *o, struct buf *b)
{
	buf_fmt(b,
	    "%zu VM%s: %zu protected, %zu at risk, %zu failed; %zu "
	    "unprotected",
	    o->vms, o->vms == 1 ? "" : "s", o->protected, o->at_risk, o->failed,
	    o->n_unprotected);
}
