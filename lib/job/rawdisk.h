#ifndef JOB_RAWDISK_H
#define JOB_RAWDISK_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "job/fetch.h"
#include "store/journal.h"
#include "store/point.h"
#include "vsphere/dsfile.h"

/*
 * rawdisk - one flat disk of a datastore into a sparse file of a point.
 *
 * Several connections fetch ranges and write them where they belong, runs of
 * zeros left out; one more thread reads what is there in order, for the digests
 * of file and content.  Finished ranges go to the journal once they are
 * durable; those that it has are not fetched again.  The first failure ends all
 * of it.  Memory: a megabyte a connection.
 */
enum { RAWDISK_RANGE_BYTES = 16 << 20 };

struct rawdisk {
	struct dsfile *from;
	struct point_file *to;
	struct journal *journal; /* or NULL */
	unsigned int index;      /* in the journal */
	bool is_resumed;         /* the file may hold what was begun */
	unsigned int lines;      /* connections */
	unsigned int retries;    /* of a range */
	struct fetch *f; /* the digests, bytes, position: of what is there */
	/* Called from the fetching threads now and then; may be NULL. */
	void (*moved)(void *self, struct fetch *f);
	void *self;
};

/* f->bytes: those fetched now. */
int rawdisk_run(const struct rawdisk *d, struct err *e);

/* The last range that the journal has is fetched again and compared: 1 the
 * same, or it has none; 0: another. */
int rawdisk_is_same(const struct rawdisk *d, struct err *e);

#endif
