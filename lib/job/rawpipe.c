#include "job/rawpipe.h"

#include <unistd.h>
#include "job/rawdisk.h"
#include "sys/out.h"

static int
give(void *self, const void *data, size_t n, struct err *e)
{
	const struct rawpipe *p = self;

	p->f->bytes += n;
	atomic_fetch_add(&p->f->position, n);
	if (p->moved != NULL)
		p->moved(p->self, p->f);
	return out_write(STDOUT_FILENO, "standard output", data, n, e);
}

int
rawpipe_run(const struct rawpipe *p, struct err *e)
{
	struct dsfile_line *line = dsfile_line_open(p->from, e);
	struct rawpipe own = *p;
	const struct sink to = { give, &own };
	uint64_t at, n, size = dsfile_size(p->from);
	int rc = line == NULL ? -1 : 0;

	for (at = 0; rc == 0 && at < size; at += n) {
		n = size - at < RAWDISK_RANGE_BYTES ? size - at
						    : RAWDISK_RANGE_BYTES;
		rc = dsfile_read(line, at, n, p->retries, &to, NULL, e);
	}
	dsfile_line_free(line);
	p->f->used_bytes = p->f->bytes;
	return rc;
}
