#include "plan/overview_internal.h"

#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "plan/overview_show.h"

time_t
overview_judge_slot(const struct history *h)
{
	time_t slot = 0;
	size_t i;

	for (i = 0; i < h->n; i++)
		if (h->runs[i].n > 0 && h->runs[i].slot > slot)
			slot = h->runs[i].slot;
	return slot;
}

static bool
is(const char *s, const char *word)
{
	return s != NULL && strcmp(s, word) == 0;
}

static const char *
or_empty(const char *s)
{
	return s == NULL ? "" : s;
}

static bool
came_to_it(const struct overview_row *row)
{
	return row->last != NULL && row->run != NULL && row->run->n > 0;
}

/* When the newest try of it failed, 0: it did not. */
static time_t
failed_at(const struct overview_row *row)
{
	const struct history_vm *vm = row->last;

	if (row->run == NULL)
		return 0;
	if (!came_to_it(row)) /* a run in vain: the plan as a whole failed */
		return row->run->started;
	if (!is(vm->outcome, "failed") &&
	    (!is(vm->outcome, "skipped") || vm->exit == 0))
		return 0;
	return vm->started != 0 ? vm->started : row->run->started;
}

static const char *
why(const struct overview_row *row)
{
	const char *text = or_empty(
	    came_to_it(row) ? row->last->text : row->run->text);

	return text[0] == '\0' ? "the run says no more" : text;
}

static int
exit_of(const struct overview_row *row)
{
	return came_to_it(row) ? row->last->exit : row->run->exit;
}

/*
 * Each run of a slot names the VMs that are still to be backed up.  One whose
 * point is older than the slot, and that no run of it names, was not selected,
 * or the list of VMs was not whole.
 */
static bool
is_left_out(const struct overview_row *row, const struct history *h)
{
	time_t slot = h == NULL ? 0 : overview_judge_slot(h);
	bool looked = false;
	size_t i;

	if (slot == 0 || row->newest == NULL || row->newest->when >= slot)
		return false;
	for (i = 0; i < h->n; i++) {
		const struct history_run *r = &h->runs[i];

		if (row->last != NULL && row->last >= r->vms &&
		    row->last < r->vms + r->n && r->slot >= slot)
			return false;
		looked = looked ||
		    (r->slot == slot && r->n > 0 && r->ended != 0 &&
			r->exit == 0);
	}
	return looked;
}

static bool
has_unread(const struct overview_row *row)
{
	size_t i;

	for (i = 0; row->folder != NULL && i < row->folder->n_unread; i++)
		if (row->newest == NULL ||
		    row->folder->unread[i] > row->newest->when)
			return true;
	return false;
}

static bool
is_damaged(const struct overview_row *row)
{
	return has_unread(row) ||
	    (row->newest != NULL && !catalog_is_good(row->newest));
}

static bool
is_unverified(const struct overview_row *row)
{
	const struct conf_plan *plan = row->plan;
	size_t i;

	if (row->good == NULL || row->good->verified != 0)
		return false;
	for (i = 0; i < plan->n_verifies; i++)
		if (plan->verifies[i].every_s == 0)
			return true;
	return false;
}

/* The newest word on it is that it will not be backed up again. */
static bool
tells_end(const struct overview_row *row, const char *outcome)
{
	return row->last != NULL && is(row->last->outcome, outcome) &&
	    (row->newest == NULL || row->newest->when < row->last->ended);
}

static enum overview_state
state_of(const struct overview_row *row, time_t now)
{
	const struct catalog_point *good = row->good, *newest = row->newest;
	const struct history_vm *last = row->last;
	time_t failed = failed_at(row);

	if (tells_end(row, "skipped") && last->exit == 0)
		return OVERVIEW_DROPPED;
	if (tells_end(row, "vanished"))
		return OVERVIEW_VANISHED;
	/* A run that found its own point damaged failed, too. */
	if (failed != 0 && (good == NULL || good->when < failed) &&
	    (newest == NULL || newest->when < failed))
		return OVERVIEW_FAILED;
	if (is_damaged(row))
		return OVERVIEW_DAMAGED;
	if (good == NULL)
		return OVERVIEW_NEVER;
	if (row->is_late)
		return OVERVIEW_LATE;
	if (newest->when > now + OVERVIEW_SKEW_S)
		return OVERVIEW_AHEAD;
	if (good->is_partial)
		return OVERVIEW_PARTIAL;
	if (is_unverified(row))
		return OVERVIEW_UNVERIFIED;
	if (came_to_it(row) && row->last->exit != 0)
		return OVERVIEW_WARNED;
	return came_to_it(row) && is(last->outcome, "warn") ? OVERVIEW_WARNED
							    : OVERVIEW_OK;
}

static enum overview_level
level_of(const struct overview_row *row, const struct overview_plan *p)
{
	bool running = p->last != NULL && p->last->ended == 0;

	switch (row->state) {
	case OVERVIEW_FAILED:
		return row->is_late || row->good == NULL || is_damaged(row)
		    ? OVERVIEW_CRITICAL
		    : OVERVIEW_WARNING;
	case OVERVIEW_NEVER: /* a plan that only people start may wait */
		return row->plan->schedule.kind == SCHEDULE_NONE
		    ? OVERVIEW_WARNING
		    : OVERVIEW_CRITICAL;
	case OVERVIEW_UNREADABLE:
	case OVERVIEW_LATE:
	case OVERVIEW_DAMAGED:
		return OVERVIEW_CRITICAL;
	case OVERVIEW_UNVERIFIED: /* its run may not have come to that yet */
		return running ? OVERVIEW_GOOD : OVERVIEW_WARNING;
	case OVERVIEW_WARNED:
		return row->last->exit == 0 ? OVERVIEW_GOOD : OVERVIEW_WARNING;
	case OVERVIEW_OK:
	case OVERVIEW_DROPPED:
		return OVERVIEW_GOOD;
	default:
		return OVERVIEW_WARNING;
	}
}

static void
tell_damage(const struct overview_row *row, struct buf *b)
{
	const struct catalog_point *p = row->newest;

	if (has_unread(row))
		buf_puts(b, "the record of a newer point cannot be read");
	else if (p->is_damaged)
		buf_fmt(b, "%s is damaged", p->name);
	else
		buf_fmt(b, "%s needs a point that is missing or damaged",
		    p->name);
	if (row->good == NULL)
		buf_puts(b, "; there is no good one");
	else if (has_unread(row) || row->good != p)
		buf_fmt(b, "; the newest good one is %s", row->good->name);
}

static void
tell_end(const struct overview_row *row, struct buf *b)
{
	const char *text = or_empty(row->last->text);

	buf_puts(b, text[0] == '\0' ? "not found on the server" : text);
}

static void
tell_age(const struct overview_row *row, const struct history *h, struct buf *b)
{
	char age[OVERVIEW_AGE_SIZE], over[OVERVIEW_AGE_SIZE];

	overview_words_age(row->age_s, age);
	overview_words_age(row->age_s - row->plan->stale_after_s, over);
	buf_fmt(b, "the newest good point is %s old, %s more than allowed", age,
	    over);
	if (is_left_out(row, h))
		buf_puts(b, "; the newest run does not name it");
}

static void
tell_ahead(const struct overview_row *row, time_t now, struct buf *b)
{
	char age[OVERVIEW_AGE_SIZE];

	overview_words_age((uint64_t)(row->newest->when - now), age);
	buf_fmt(b, "%s is %s newer than this machine's clock",
	    row->newest->name, age);
}

static void
tell(const struct overview_row *row, const struct history *h, time_t now,
    struct buf *b)
{
	switch (row->state) {
	case OVERVIEW_FAILED:
		buf_fmt(b, "exit %d: %s", exit_of(row), why(row));
		if (is_damaged(row)) {
			buf_puts(b, "; ");
			tell_damage(row, b);
		}
		break;
	case OVERVIEW_LATE:
		tell_age(row, h, b);
		break;
	case OVERVIEW_NEVER:
		buf_puts(b, "it was never backed up");
		break;
	case OVERVIEW_DAMAGED:
		tell_damage(row, b);
		break;
	case OVERVIEW_VANISHED:
	case OVERVIEW_DROPPED:
		tell_end(row, b);
		break;
	case OVERVIEW_AHEAD:
		tell_ahead(row, now, b);
		break;
	case OVERVIEW_PARTIAL:
		if (came_to_it(row) && is(row->last->outcome, "partial") &&
		    or_empty(row->last->text)[0] != '\0')
			buf_puts(b, row->last->text);
		else
			buf_fmt(b, "%s does not hold each device",
			    row->good->name);
		break;
	case OVERVIEW_UNVERIFIED:
		buf_fmt(b, "%s has not been verified", row->good->name);
		break;
	case OVERVIEW_WARNED:
		buf_puts(b, why(row));
		break;
	default:
		break;
	}
}

static int
finish(struct overview_row *row, struct buf *text, struct err *e)
{
	int rc = buf_check(text, e);

	if (rc == 0) {
		row->text = text->len == 0 ? strdup("") : buf_steal(text);
		if (row->text == NULL)
			rc = err_sys(e, ERR_OS, "memory");
	}
	buf_free(text);
	return rc;
}

int
overview_judge(struct overview_row *row, const struct overview_plan *p,
    time_t now, struct err *e)
{
	struct buf text = { 0 };

	row->is_late = row->good != NULL && row->plan->stale_after_s != 0 &&
	    row->age_s > row->plan->stale_after_s;
	row->state = state_of(row, now);
	row->level = level_of(row, p);
	tell(row, p->source->history, now, &text);
	return finish(row, &text, e);
}

int
overview_judge_plan(struct overview_row *row, const struct overview_plan *p,
    struct err *e)
{
	struct buf text = { 0 };
	const struct history *h = p->source->history;

	row->run = p->last;
	row->state = OVERVIEW_NEVER;
	if (p->source->problem != NULL) {
		row->state = OVERVIEW_UNREADABLE;
		buf_puts(&text, p->source->problem);
	} else if (h->n == 0) {
		buf_puts(&text, "the plan has never run");
	} else if (p->last->ended == 0) {
		buf_puts(&text, "its first run has not ended, or was killed");
	} else if (p->last->exit != 0) {
		row->state = OVERVIEW_FAILED;
		buf_fmt(&text, "exit %d: %s", p->last->exit, why(row));
	} else {
		buf_puts(&text, "its runs made no points");
	}
	row->level = level_of(row, p);
	return finish(row, &text, e);
}
