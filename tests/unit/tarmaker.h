/*
 * tarmaker - tar archives, good and bad, for unit tests.
 */
#ifndef UNIT_TARMAKER_H
#define UNIT_TARMAKER_H

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "base/buf.h"
#include "check.h"
#include "codec/tar.h"

static inline void
tarmaker_header(struct buf *b, const char *name, uint64_t size)
{
	struct tar_member m = { .size_bytes = size };
	unsigned char block[TAR_BLOCK_BYTES];
	struct err e = { 0 };

	snprintf(m.name, sizeof(m.name), "%s", name);
	if (tar_format(&m, block, &e) == -1)
		abort();
	buf_add(b, block, sizeof(block));
}

/* The last header is made one of another type, and its sum right again. */
static inline void
tarmaker_type(struct buf *b, char type)
{
	unsigned char *h = (unsigned char *)b->data + b->len - TAR_BLOCK_BYTES;
	unsigned int sum = 0, i;

	h[156] = (unsigned char)type;
	memset(h + 148, ' ', 8);
	for (i = 0; i < TAR_BLOCK_BYTES; i++)
		sum += h[i];
	snprintf((char *)h + 148, 8, "%06o", sum);
}

static inline void
tarmaker_zeros(struct buf *b, size_t n)
{
	for (; n > 0; n--)
		buf_char(b, '\0');
}

static inline void
tarmaker_add(struct buf *b, const char *name, const void *p, size_t n)
{
	tarmaker_header(b, name, n);
	buf_add(b, p, n);
	tarmaker_zeros(b, tar_padding(n));
}

static inline void
tarmaker_text(struct buf *b, const char *name, const char *text)
{
	tarmaker_add(b, name, text, strlen(text));
}

static inline void
tarmaker_end(struct buf *b)
{
	tarmaker_zeros(b, 2 * TAR_BLOCK_BYTES);
}

/* A file, read from its start, or a pipe, that holds b. */
static inline int
tarmaker_file(const struct buf *b)
{
	int fd = memfd_create("tar", MFD_CLOEXEC);

	if (fd == -1 || write(fd, buf_text(b), b->len) != (ssize_t)b->len ||
	    lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

static inline int
tarmaker_pipe(const struct buf *b)
{
	int fds[2];

	/* A pipe holds 64 KiB without a reader. */
	if (b->len > 65536 || pipe(fds) == -1 ||
	    write(fds[1], buf_text(b), b->len) != (ssize_t)b->len)
		abort();
	close(fds[1]);
	return fds[0];
}

#endif
