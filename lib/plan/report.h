#ifndef PLAN_REPORT_H
#define PLAN_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include "base/buf.h"
#include "codec/json.h"
#include "plan/overview.h"

/*
 * report - what the last 30 days came to, for people and for machines
 * (esxbk-plan(1), "report").  Pure.
 *
 * The overview must have been made of all points, and of the runs since
 * report_since().
 */
enum { REPORT_DAYS = 30, REPORT_COLUMNS = 78 };

struct report_space {
	const struct conf_repo *repo;
	const struct catalog *catalog; /* NULL: it could not be read */
	const char *problem;           /* why */
	uint64_t free_bytes;
	bool knows_free;
};

struct report {
	const struct overview *overview;
	const struct report_space *repos;
	size_t n_repos;
};

/* Points of one mode, of all repositories. */
struct report_mode {
	size_t points;
	uint64_t provisioned, transferred, stored;
	double seconds;
};

time_t report_since(time_t now);

/* is_vmdk: of mode vmdk, else ovf. */
void report_mode(const struct report *r, bool is_vmdk, struct report_mode *m);

/* What a repository holds, and how much of it is of the last 30 days. */
struct report_stored {
	size_t points;
	uint64_t bytes, new_bytes;
};
void report_stored(const struct report_space *s, time_t now,
    struct report_stored *out);

/* Lines of at most REPORT_COLUMNS, as mail carries them. */
void report_text(const struct report *r, struct buf *b);

/* Fills the document esxbk.report/1 (esxbk-result(5), REPORT). */
void report_json(const struct report *r, json_t *doc);

#endif
