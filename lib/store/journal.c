#include "store/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/num.h"
#include "base/span.h"
#include "store/point_internal.h"
#include "store/record.h"

/* A disk of 62 TiB has 4 million ranges of 16 MiB; a damaged line must not
 * take all memory. */
enum {
	DISKS_MAX = 256,
	RANGE_MAX = 1 << 22,
	JOURNAL_MAX_BYTES = 256 << 20,
	HEAD_MAX_BYTES = RECORD_MAX_BYTES,
};

/* A bit a range. */
struct ranges {
	unsigned char *bits;
	size_t bytes;
};

struct journal {
	int fd;
	json_t *of;
	pthread_mutex_t lock; /* guards the rest */
	uint64_t bytes;       /* of whole lines */
	struct ranges disks[DISKS_MAX];
};

static int
mark(struct journal *j, uint64_t disk, uint64_t range, struct err *e)
{
	struct ranges *r = &j->disks[disk];
	size_t need = range / 8 + 1;
	unsigned char *more;

	if (need > r->bytes) {
		need += need / 2;
		more = realloc(r->bits, need);
		if (more == NULL)
			return err_sys(e, ERR_OS, "memory");
		memset(more + r->bytes, 0, need - r->bytes);
		r->bits = more;
		r->bytes = need;
	}
	r->bits[range / 8] |= (unsigned char)(1 << range % 8);
	return 0;
}

static struct journal *
new_journal(struct point *p, int flags, struct err *e)
{
	struct journal *j = calloc(1, sizeof(*j));

	if (j == NULL) {
		err_sys(e, ERR_OS, "memory");
		return NULL;
	}
	pthread_mutex_init(&j->lock, NULL);
	j->fd = openat(p->fd, POINT_JOURNAL,
	    flags | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (j->fd == -1) {
		err_sys(e, err_class_of_errno(errno), "open %s/%s",
		    p->partial_path, POINT_JOURNAL);
		journal_free(j);
		return NULL;
	}
	p->has_journal = true;
	return j;
}

/* What stands behind the last whole line would be read as one with the next:
 * "1" and "0 7" are "10 7". */
static int
cut(struct journal *j, struct err *e)
{
	return ftruncate(j->fd, (off_t)j->bytes) == -1
	    ? err_sys(e, ERR_IO, "truncate %s", POINT_JOURNAL)
	    : 0;
}

static int
append(struct journal *j, const struct buf *b, struct err *e)
{
	struct err ignored = { 0 };
	const char *at = b->data;
	size_t n = b->len;
	ssize_t w;

	if (buf_check(b, e) == -1)
		return -1;
	while (n > 0) {
		w = write(j->fd, at, n);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1) {
			err_sys(e, err_class_of_errno(errno), "write %s",
			    POINT_JOURNAL);
			cut(j, &ignored);
			return -1;
		}
		at += w;
		n -= (size_t)w;
	}
	j->bytes += b->len;
	return fdatasync(j->fd) == -1
	    ? err_sys(e, ERR_IO, "fdatasync %s", POINT_JOURNAL)
	    : 0;
}

struct journal *
journal_create(struct point *p, const json_t *of, struct err *e)
{
	struct journal *j = new_journal(p, O_RDWR | O_CREAT | O_TRUNC, e);
	struct buf b = { 0 };

	if (j != NULL && json_write(of, JSON_LINE, &b, e) == 0 &&
	    append(j, &b, e) == 0)
		j->of = json_deep_copy(of);
	buf_free(&b);
	if (j != NULL && j->of != NULL)
		return j;
	if (e->class == ERR_NONE)
		err_set(e, ERR_OS, "out of memory");
	journal_free(j);
	return NULL;
}

/* The first line that is none ends it: it was being written. */
static int
read_ranges(struct journal *j, struct span text, struct err *e)
{
	const char *start = text.p;
	struct span line, disk;
	uint64_t d, range;

	while (memchr(text.p, '\n', text.n) != NULL) {
		line = span_cut(&text, '\n');
		disk = span_word(&line);
		line = span_trim(line);
		if (num_scan(disk.p, disk.n, DISKS_MAX - 1, &d) == -1 ||
		    num_scan(line.p, line.n, RANGE_MAX - 1, &range) == -1)
			break;
		if (mark(j, d, range, e) == -1)
			return -1;
		j->bytes += (uint64_t)(text.p - start);
		start = text.p;
	}
	return cut(j, e);
}

static int
parse(struct journal *j, struct span text, struct err *e)
{
	struct span head;

	if (memchr(text.p, '\n', text.n) == NULL)
		return err_set(e, ERR_DATA, "%s is cut", POINT_JOURNAL);
	head = span_cut(&text, '\n');
	if (head.n > HEAD_MAX_BYTES)
		return err_set(e, ERR_DATA, "%s begins with %zu bytes of JSON",
		    POINT_JOURNAL, head.n);
	j->bytes = head.n + 1;
	j->of = json_read(POINT_JOURNAL, head.p, head.n, e);
	return j->of == NULL ? -1 : read_ranges(j, text, e);
}

static int
read_text(struct journal *j, struct buf *b, struct err *e)
{
	char chunk[16384];
	struct stat st;
	ssize_t n;

	if (fstat(j->fd, &st) == -1)
		return err_sys(e, ERR_OS, "%s", POINT_JOURNAL);
	if (!S_ISREG(st.st_mode) || st.st_size > JOURNAL_MAX_BYTES)
		return err_set(e, ERR_DATA, "%s is no journal", POINT_JOURNAL);
	while ((n = read(j->fd, chunk, sizeof(chunk))) > 0)
		buf_add(b, chunk, (size_t)n);
	return n == -1 ? err_sys(e, ERR_IO, "read %s", POINT_JOURNAL)
		       : buf_check(b, e);
}

struct journal *
journal_open(struct point *p, struct err *e)
{
	struct journal *j = new_journal(p, O_RDWR, e);
	struct buf b = { .limit = JOURNAL_MAX_BYTES };
	int rc = -1;

	if (j != NULL && read_text(j, &b, e) == 0)
		rc = parse(j, (struct span){ buf_text(&b), b.len }, e);
	buf_free(&b);
	if (rc == 0)
		return j;
	journal_free(j);
	return NULL;
}

const json_t *
journal_of(const struct journal *j)
{
	return j->of;
}

bool
journal_has(struct journal *j, unsigned int disk, uint64_t range)
{
	bool has = false;

	pthread_mutex_lock(&j->lock);
	if (disk < DISKS_MAX && range / 8 < j->disks[disk].bytes)
		has = (j->disks[disk].bits[range / 8] >> range % 8 & 1) != 0;
	pthread_mutex_unlock(&j->lock);
	return has;
}

bool
journal_knows(struct journal *j, unsigned int disk)
{
	bool knows;

	pthread_mutex_lock(&j->lock);
	knows = disk < DISKS_MAX && j->disks[disk].bytes > 0;
	pthread_mutex_unlock(&j->lock);
	return knows;
}

int
journal_add(struct journal *j, unsigned int disk, const uint64_t *ranges,
    size_t n, struct err *e)
{
	struct buf b = { 0 };
	int rc = 0;
	size_t i;

	if (disk >= DISKS_MAX)
		return err_set(e, ERR_BUG, "disk %u", disk);
	pthread_mutex_lock(&j->lock);
	for (i = 0; rc == 0 && i < n; i++) {
		buf_fmt(&b, "%u %ju\n", disk, (uintmax_t)ranges[i]);
		rc = ranges[i] < RANGE_MAX
		    ? mark(j, disk, ranges[i], e)
		    : err_set(e, ERR_BUG, "range %ju", (uintmax_t)ranges[i]);
	}
	if (rc == 0)
		rc = append(j, &b, e);
	pthread_mutex_unlock(&j->lock);
	buf_free(&b);
	return rc;
}

void
journal_free(struct journal *j)
{
	size_t i;

	if (j == NULL)
		return;
	for (i = 0; i < DISKS_MAX; i++)
		free(j->disks[i].bits);
	if (j->fd != -1)
		close(j->fd);
	pthread_mutex_destroy(&j->lock);
	json_decref(j->of);
	free(j);
}
