#ifndef JOB_RAWPIPE_H
#define JOB_RAWPIPE_H

#include "base/err.h"
#include "job/fetch.h"
#include "vsphere/dsfile.h"

/*
 * rawpipe - one flat disk to standard output, in order, over one connection.
 */
struct rawpipe {
	struct dsfile *from;
	unsigned int retries;                       /* of a range */
	struct fetch *f;                            /* bytes, position */
	void (*moved)(void *self, struct fetch *f); /* may be NULL */
	void *self;
};

int rawpipe_run(const struct rawpipe *p, struct err *e);

#endif
