#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "store/journal.h"
#include "store/point_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static char path[] = "/dev/shm/journal.XXXXXX";

static void
remove_folder(void)
{
	rmdir(path);
}

/* A folder that is nothing but a journal. */
static struct point *
folder(void)
{
	static struct point p = { .partial_path = path };

	if (p.fd == 0) {
		if (mkdtemp(path) == NULL)
			abort();
		atexit(remove_folder);
		p.fd = open(path, O_RDONLY | O_DIRECTORY);
		if (p.fd == -1)
			abort();
	}
	return &p;
}

static void
write_journal(const struct point *p, const uint8_t *data, size_t n)
{
	int fd = openat(p->fd, POINT_JOURNAL, O_WRONLY | O_CREAT | O_TRUNC,
	    0600);

	if (fd == -1 || write(fd, data, n) != (ssize_t)n || close(fd) == -1)
		abort();
}

static int
count(struct journal *j)
{
	unsigned int disk;
	uint64_t range;
	int n = 0;

	for (disk = 0; disk < 16; disk++)
		for (range = 0; range < 64; range++)
			n += journal_has(j, disk, range);
	return n;
}

/* What is read is read again, and one range more is one more. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint64_t more = 3;
	struct point *p = folder();
	struct err e = { 0 };
	struct journal *j;
	int had;

	write_journal(p, data, n);
	j = journal_open(p, &e);
	if (j == NULL) {
		if (e.class != ERR_DATA)
			abort();
		goto out;
	}
	had = count(j) + !journal_has(j, 2, more);
	if (journal_of(j) == NULL || journal_add(j, 2, &more, 1, &e) == -1)
		abort();
	journal_free(j);
	j = journal_open(p, &e);
	if (j == NULL || count(j) != had || !journal_has(j, 2, more))
		abort();
	journal_free(j);
out:
	unlinkat(p->fd, POINT_JOURNAL, 0);
	return 0;
}
