#ifndef STORE_KEEP_H
#define STORE_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * keep - which points of one VM a retention policy keeps, and why
 * (esxbk-plan(5), RETENTION).
 *
 * A pure function of the points, the policy and a given now: it removes
 * nothing.  last, daily, weekly, monthly and yearly keep the newest point of
 * so many periods that have any, as restic's options of these names do.  From
 * weekly on that is the newest full of the period, unless any_slot is set or
 * the period has no full: chains are not to be held by their tails.
 *
 * Only sound points of this plan are counted: good ones all of whose parents
 * are there and good.  One that is not sound, as it may still hold what is
 * wanted most, goes no sooner for that: it stays while the policy would keep
 * it if all were sound, or no newer one is.  Judging what was kept once more
 * keeps all of it.
 */
enum { KEEP_ALL = -1 };

/* Clocks differ, and a point may bear the next free second: so much newer
 * than now is not of the future. */
enum { KEEP_SLACK_S = 60 * 60 };

struct keep_policy {
	int last, daily, weekly, monthly, yearly; /* KEEP_ALL: every one */
	uint64_t within_s; /* from the newest good point; 0: none */
	bool any_slot;     /* longer periods may keep an incremental */
};

/* Reasons, as bits. */
enum keep_reason {
	KEEP_LAST = 1 << 0,
	KEEP_DAILY = 1 << 1,
	KEEP_WEEKLY = 1 << 2,
	KEEP_MONTHLY = 1 << 3,
	KEEP_YEARLY = 1 << 4,
	KEEP_WITHIN = 1 << 5,
	KEEP_PARENT = 1 << 6, /* a kept point needs it */
	KEEP_PINNED = 1 << 7,
	KEEP_NOT_REPLICATED = 1 << 8, /* and sound */
	KEEP_NEWEST_GOOD = 1 << 9,
	KEEP_NEWEST_VERIFIED = 1 << 10,
	KEEP_OTHER = 1 << 11,      /* another plan's, or made by hand */
	KEEP_FUTURE = 1 << 12,     /* newer than now and KEEP_SLACK_S */
	KEEP_GUARD = 1 << 13,      /* the deletion guard stopped all */
	KEEP_UNSOUND = 1 << 14,    /* damaged, but its time is not over */
	KEEP_UNREADABLE = 1 << 15, /* next to one that cannot be read: never
				      given by keep_judge() */
};

struct keep_point {
	/* Given. */
	time_t when;
	const char *name; /* for ties and messages; borrowed */
	bool is_mine;     /* of this plan */
	bool is_full;     /* full or merged */
	bool is_good;     /* complete, not known to be damaged */
	bool is_verified; /* its newest verification found it sound */
	bool is_pinned;
	bool awaits_replica;
	int parent; /* index in the array, -1: none; a full needs none */
	uint64_t bytes;
	/* Found. */
	unsigned int reasons; /* 0: goes */
};

/*
 * Fills reasons.  Points are in any order; periods are natural ones in the
 * zone (base/zone), weeks are ISO's.  now decides nothing but KEEP_FUTURE.
 *
 * ERR_USAGE: the policy keeps nothing (it is empty); nothing is filled.
 */
int keep_judge(struct keep_point *points, size_t n,
    const struct keep_policy *policy, const char *zone, time_t now,
    struct err *e);

/*
 * Whether so many may go at once: ERR_NEGATIVE with both numbers if more than
 * max_delete would, or, with max_delete -1, more than the two chains of which
 * the most go and 30 % of the points that are mine: the chain whose time is
 * over, and the one that the newest verified point held until another was
 * verified, go the same night.  ERR_TEMP, whatever max_delete says, if the
 * clock is more than KEEP_SLACK_S behind the newest point that is mine.  Changes nothing: who heeds
 * it adds KEEP_GUARD.
 */
int keep_guard(const struct keep_point *points, size_t n, time_t now,
    int max_delete, struct err *e);

/* "last, weekly, parent" */
void keep_format(unsigned int reasons, struct buf *b);

#endif
