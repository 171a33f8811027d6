#include "store/ova.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/name.h"
#include "sys/sig.h"

enum { SKIP_BYTES = 65536 };

struct ova {
	int fd;
	char *name;
	bool is_file;
	bool is_over;
	uint64_t at;      /* in the file; of a pipe: bytes read */
	uint64_t end;     /* of the file */
	uint64_t left;    /* of the present member */
	unsigned int pad; /* zeros behind it */
	uint64_t size;    /* of the present member */
	char *member;     /* its name, NULL before the first */
	size_t peeked;    /* bytes in first, given out from first_at on */
	size_t first_at;
	unsigned char first[TAR_BLOCK_BYTES];
	char **seen; /* all names */
	size_t n_seen;
	unsigned char scratch[SKIP_BYTES];
};

struct ova *
ova_open(int fd, const char *name, struct err *e)
{
	struct ova *o = calloc(1, sizeof(*o));
	struct stat st;
	off_t at;

	if (o != NULL)
		o->name = strdup(name);
	if (o == NULL || o->name == NULL) {
		err_sys(e, ERR_OS, "%s", name);
		goto fail;
	}
	o->fd = fd;
	if (fstat(fd, &st) == -1) {
		err_sys(e, ERR_IO, "%s", name);
		goto fail;
	}
	if (!S_ISREG(st.st_mode))
		return o;
	at = lseek(fd, 0, SEEK_CUR);
	if (at == -1) {
		err_sys(e, ERR_IO, "%s", name);
		goto fail;
	}
	o->is_file = true;
	o->at = (uint64_t)at;
	o->end = (uint64_t)st.st_size;
	return o;
fail:
	ova_free(o);
	return NULL;
}

/* A pipe may give nothing for hours: a signal must end that. */
static int
wait_readable(const struct ova *o, struct err *e)
{
	struct pollfd fds[2] = { { .fd = o->fd, .events = POLLIN },
		{ .fd = sig_fd(), .events = POLLIN } };

	if (sig_is_shielded())
		return 0;
	if (poll(fds, 2, -1) == -1 && errno != EINTR)
		return err_sys(e, ERR_OS, "%s: poll", o->name);
	return sig_check(e);
}

/* Some of the archive's bytes, 0 at its end. */
static ssize_t
read_some(struct ova *o, void *p, size_t n, struct err *e)
{
	ssize_t got;

	if (o->first_at < o->peeked) {
		got = (ssize_t)(o->peeked - o->first_at);
		got = (size_t)got < n ? got : (ssize_t)n;
		memcpy(p, o->first + o->first_at, (size_t)got);
		o->first_at += (size_t)got;
		return got;
	}
	do {
		if (!o->is_file && wait_readable(o, e) == -1)
			return -1;
		got = o->is_file ? pread(o->fd, p, n, (off_t)o->at)
				 : read(o->fd, p, n);
	} while (got == -1 && (errno == EINTR || errno == EAGAIN));
	if (got == -1)
		return err_sys(e, ERR_IO, "read %s", o->name);
	o->at += (uint64_t)got;
	return got;
}

/* Fewer than n only at the end. */
static ssize_t
read_full(struct ova *o, unsigned char *p, size_t n, struct err *e)
{
	size_t have = 0;
	ssize_t got;

	while (have < n) {
		got = read_some(o, p + have, n - have, e);
		if (got == -1)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

ssize_t
ova_peek(struct ova *o, const unsigned char **p, struct err *e)
{
	ssize_t got = read_full(o, o->first, sizeof(o->first), e);

	if (got == -1)
		return -1;
	o->peeked = (size_t)got;
	*p = o->first;
	return got;
}

static ssize_t
read_raw(void *self, void *p, size_t n, struct err *e)
{
	return read_some(self, p, n, e);
}

struct source
ova_raw(struct ova *o)
{
	return (struct source){ read_raw, o };
}

static int
cut_member(const struct ova *o, uint64_t have, struct err *e)
{
	return err_set(e, ERR_DATA,
	    "%s: the archive is cut: it has %ju of the %ju bytes of %s",
	    o->name, (uintmax_t)have, (uintmax_t)o->size, o->member);
}

ssize_t
ova_read(struct ova *o, void *p, size_t n, struct err *e)
{
	ssize_t got;

	if (o->left < n)
		n = (size_t)o->left;
	if (n == 0)
		return 0;
	got = read_some(o, p, n, e);
	if (got == 0)
		return cut_member(o, o->size - o->left, e);
	if (got > 0)
		o->left -= (uint64_t)got;
	return got;
}

static ssize_t
read_source(void *self, void *p, size_t n, struct err *e)
{
	return ova_read(self, p, n, e);
}

struct source
ova_source(struct ova *o)
{
	return (struct source){ read_source, o };
}

/* To the next header. */
static int
skip(struct ova *o, struct err *e)
{
	ssize_t got;

	if (o->is_file) {
		/* next() has seen that the file is as long. */
		o->at += o->left + o->pad;
		o->left = o->pad = 0;
		return 0;
	}
	while (o->left > 0)
		if (ova_read(o, o->scratch, sizeof(o->scratch), e) == -1)
			return -1;
	got = read_full(o, o->scratch, o->pad, e);
	if (got == -1)
		return -1;
	if ((size_t)got < o->pad)
		return cut_member(o, o->size, e);
	o->pad = 0;
	return 0;
}

static bool
is_zero(const unsigned char *p, size_t n)
{
	/* Each byte is the next one's, and the first is zero. */
	return n == 0 || (p[0] == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* Behind the first block of zeros. */
static int
finish(struct ova *o, struct err *e)
{
	ssize_t got;

	got = read_full(o, o->scratch, TAR_BLOCK_BYTES, e);
	if (got == -1)
		return -1;
	if (got < TAR_BLOCK_BYTES)
		return err_set(e, ERR_DATA,
		    "%s: the archive ends without its two blocks of zeros",
		    o->name);
	do {
		if (!is_zero(o->scratch, (size_t)got))
			return err_set(e, ERR_DATA,
			    "%s: something stands behind the archive's end",
			    o->name);
		if (sig_check(e) == -1)
			return -1;
		got = read_some(o, o->scratch, sizeof(o->scratch), e);
	} while (got > 0);
	o->is_over = true;
	return got == -1 ? -1 : 0;
}

static int
check_name(const struct ova *o, const char *name, struct err *e)
{
	size_t i;

	if (!name_is_file(name))
		return err_set(e, ERR_DATA,
		    "%s: the member '%s' has no plain file name", o->name,
		    name);
	for (i = 0; i < o->n_seen; i++)
		if (strcmp(o->seen[i], name) == 0)
			return err_set(e, ERR_DATA, "%s: %s is there twice",
			    o->name, name);
	if (o->n_seen == OVA_MAX_MEMBERS)
		return err_set(e, ERR_DATA, "%s: more than %d members", o->name,
		    OVA_MAX_MEMBERS);
	return 0;
}

static int
remember(struct ova *o, const char *name, struct err *e)
{
	char **seen = reallocarray(o->seen, o->n_seen + 1, sizeof(*seen));

	if (seen == NULL)
		return err_sys(e, ERR_OS, "%s", o->name);
	o->seen = seen;
	o->member = seen[o->n_seen] = strdup(name);
	if (o->member == NULL)
		return err_sys(e, ERR_OS, "%s", o->name);
	o->n_seen++;
	return 0;
}

/* Its name and size are known: are they good? */
static int
begin(struct ova *o, const struct tar_member *m, struct err *e)
{
	uint64_t room = o->at < o->end ? o->end - o->at : 0;

	if (check_name(o, m->name, e) == -1 || remember(o, m->name, e) == -1)
		return -1;
	o->left = o->size = m->size_bytes;
	o->pad = tar_padding(m->size_bytes);
	if (!o->is_file || o->left + o->pad <= room)
		return 0;
	return cut_member(o, o->left < room ? o->left : room, e);
}

/* The next header: 1, or 0 if zeros stand in its place. */
static int
read_header(struct ova *o, struct tar_member *m, struct err *e)
{
	ssize_t got = read_full(o, o->scratch, TAR_BLOCK_BYTES, e);
	int rc;

	if (got == -1)
		return -1;
	if (got < TAR_BLOCK_BYTES)
		return err_set(e, ERR_DATA,
		    got == 0 ? "%s: the archive ends without its two blocks "
			       "of zeros"
			     : "%s: the archive is cut in a header",
		    o->name);
	rc = tar_parse(o->scratch, m, e);
	return rc == -1 ? err_ctx(e, "%s", o->name) : rc;
}

int
ova_next(struct ova *o, struct tar_member *m, int64_t *offset, struct err *e)
{
	int rc;

	if (o->is_over)
		return 0;
	if (sig_check(e) == -1 || skip(o, e) == -1)
		return -1;
	rc = read_header(o, m, e);
	if (rc == 0)
		return finish(o, e);
	if (rc == -1 || begin(o, m, e) == -1)
		return -1;
	*offset = o->is_file ? (int64_t)o->at : -1;
	return 1;
}

void
ova_free(struct ova *o)
{
	if (o == NULL)
		return;
	while (o->n_seen > 0)
		free(o->seen[--o->n_seen]);
	free(o->seen);
	free(o->name);
	free(o);
}
