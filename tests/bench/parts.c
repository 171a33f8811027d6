/*
 * parts [-z] FILE [OUT] - what the parts of a backup or its check cost, each alone
 * on one core with its data in the cache.  Prints "PART CPU BYTES", seconds and
 * what was worked on, for
 *
 *	read	FILE, a streamOptimized VMDK, in pieces of 1 MiB
 *	write	it to OUT, if that is given, in pieces of 1 MiB
 *	digest	SHA-256 of FILE
 *	inflate	every grain of FILE
 *	content	SHA-256 of what the grains hold
 *
 * and with -z of FILE, a raw disk, but for the parts of it that are zero,
 *
 *	read	it, in pieces of 1 MiB
 *	deflate	every grain
 *
 * The parts after the first do not count what it takes to bring the data: a
 * backup gets it from the network, which is a part of its own (curl -o
 * /dev/null), a check from FILE.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include "codec/digest.h"
#include "codec/flate.h"
#include "image/content.h"
#include "image/vmdk.h"

enum { PIECE_BYTES = 1 << 20, PACKED_BYTES = 128 * 1024 };

struct part {
	const char *name;
	double cpu;
	uint64_t bytes;
};

struct file {
	const unsigned char *data;
	size_t len;
};

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
map(const char *path, struct file *f)
{
	struct stat st;
	void *p;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || fstat(fd, &st) == -1)
		err(EX_NOINPUT, "%s", path);
	f->len = (size_t)st.st_size;
	p = mmap(NULL, f->len, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		err(EX_OSERR, "%s", path);
	close(fd);
	f->data = p;
}

static void
fail(const struct err *e)
{
	errx(EX_SOFTWARE, "%s", e->text);
}

static struct digest *
open_digest(void)
{
	struct err e = { 0 };
	struct digest *d = digest_open(DIGEST_SHA256, &e);

	if (d == NULL)
		fail(&e);
	return d;
}

static void
hash(struct part *part, struct digest *d, const void *p, size_t n)
{
	struct err e = { 0 };
	double start = now();

	if (digest_add(d, p, n, &e) == -1)
		fail(&e);
	part->cpu += now() - start;
	part->bytes += n;
}

static void
put(struct part *part, int fd, const void *p, size_t n)
{
	double start = now();

	if (write(fd, p, n) != (ssize_t)n)
		err(EX_IOERR, "write");
	part->cpu += now() - start;
	part->bytes += n;
}

static size_t
inflate(struct part *part, struct flate *z, const void *p, size_t n, void *out,
    size_t size)
{
	size_t used, len = 0;
	double start = now();

	if (flate_inflate(z, p, n, &used, out, size, &len) == -1)
		errx(EX_DATAERR, "a grain does not inflate");
	part->cpu += now() - start;
	part->bytes += len;
	return len;
}

static void
get(struct part *part, const char *path)
{
	static unsigned char piece[PIECE_BYTES];
	double start;
	ssize_t n = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		err(EX_NOINPUT, "%s", path);
	start = now();
	while (n > 0) {
		n = read(fd, piece, sizeof(piece));
		if (n == -1)
			err(EX_IOERR, "%s", path);
		part->bytes += (uint64_t)n;
	}
	part->cpu += now() - start;
	close(fd);
}

/* One part after the other: together they would share the cache. */
static void
pass(const struct file *f, struct part *part, int fd)
{
	static unsigned char piece[PIECE_BYTES];
	struct digest *d = open_digest();
	size_t at, n;

	for (at = 0; at < f->len; at += n) {
		n = f->len - at < PIECE_BYTES ? f->len - at : PIECE_BYTES;
		memcpy(piece, f->data + at, n);
		if (fd != -1)
			put(part, fd, piece, n);
		else
			hash(part, d, piece, n);
	}
	digest_free(d);
}

static void
take_grain(struct part *parts, struct flate *z, const unsigned char *p,
    size_t n, struct digest *d)
{
	static unsigned char packed[PACKED_BYTES], out[2 * VMDK_GRAIN_BYTES];

	if (n > sizeof(packed))
		errx(EX_DATAERR, "a grain of %zu bytes", n);
	memcpy(packed, p, n);
	n = inflate(&parts[0], z, packed, n, out, sizeof(out));
	hash(&parts[1], d, out, n);
}

/* Bytes that the item with this marker takes: 64 bits of place or sectors,
 * 32 bits of size, 32 bits of type. */
static uint64_t
length_of(const unsigned char *p)
{
	uint64_t size = vmdk_u32(p + 8);

	if (size == 0)
		return VMDK_SECTOR_BYTES * (1 + vmdk_u64(p));
	size += VMDK_GRAIN_HEAD + VMDK_SECTOR_BYTES - 1;
	return size - size % VMDK_SECTOR_BYTES;
}

static void
walk(const struct file *f, struct part *parts)
{
	struct err e = { 0 };
	struct flate *z = flate_open(&e);
	struct digest *d = open_digest();
	struct vmdk_header h;
	const unsigned char *p;
	uint64_t at, n;

	if (z == NULL || f->len < VMDK_SECTOR_BYTES ||
	    vmdk_parse_header(f->data, &h, &e) == -1)
		fail(&e);
	at = h.overhead_sectors * VMDK_SECTOR_BYTES;
	for (; at < f->len && f->len - at >= VMDK_SECTOR_BYTES; at += n) {
		p = f->data + at;
		n = length_of(p);
		if (n == 0 || n > f->len - at)
			errx(EX_DATAERR, "cut at byte %ju", (uintmax_t)at);
		if (vmdk_u32(p + 8) != 0)
			take_grain(parts, z, p + VMDK_GRAIN_HEAD,
			    vmdk_u32(p + 8), d);
	}
	digest_free(d);
	flate_free(z);
}

static void
deflate(struct part *part, struct flate *z, const unsigned char *p, size_t n)
{
	static unsigned char packed[PACKED_BYTES];
	double start;
	size_t at;

	for (at = 0; at + VMDK_GRAIN_BYTES <= n; at += VMDK_GRAIN_BYTES) {
		if (content_is_zero(p + at, VMDK_GRAIN_BYTES))
			continue;
		start = now();
		flate_deflate(z, p + at, VMDK_GRAIN_BYTES, packed,
		    sizeof(packed));
		part->cpu += now() - start;
		part->bytes += VMDK_GRAIN_BYTES;
	}
}

static void
pack(const char *path, struct part *parts)
{
	static unsigned char piece[PIECE_BYTES];
	struct err e = { 0 };
	struct flate *z = flate_open(&e);
	double start, took;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		err(EX_NOINPUT, "%s", path);
	if (z == NULL)
		fail(&e);
	do {
		start = now();
		n = read(fd, piece, sizeof(piece));
		took = now() - start;
		if (n == -1)
			err(EX_IOERR, "%s", path);
		if (n == 0 || content_is_zero(piece, (size_t)n))
			continue;
		parts[0].cpu += took;
		parts[0].bytes += (uint64_t)n;
		deflate(&parts[1], z, piece, (size_t)n);
	} while (n > 0);
	flate_free(z);
	close(fd);
}

static int
create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd == -1)
		err(EX_CANTCREAT, "%s", path);
	return fd;
}

static int
tell(const struct part *parts, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (parts[i].bytes > 0)
			printf("%s %.6f %ju\n", parts[i].name, parts[i].cpu,
			    (uintmax_t)parts[i].bytes);
	return fflush(stdout) == 0 ? 0 : EX_IOERR;
}

int
main(int argc, char **argv)
{
	struct part parts[] = { { "read", 0, 0 }, { "write", 0, 0 },
		{ "digest", 0, 0 }, { "inflate", 0, 0 }, { "content", 0, 0 } };
	struct part packing[] = { { "read", 0, 0 }, { "deflate", 0, 0 } };
	struct file f;

	if (argc != 2 && argc != 3)
		errx(EX_USAGE, "usage: parts [-z] FILE [OUT]");
	if (strcmp(argv[1], "-z") == 0) {
		pack(argv[argc - 1], packing);
		return tell(packing, 2);
	}
	map(argv[1], &f);
	get(&parts[0], argv[1]);
	if (argc == 3)
		pass(&f, &parts[1], create(argv[2]));
	pass(&f, &parts[2], -1);
	walk(&f, &parts[3]);
	return tell(parts, sizeof(parts) / sizeof(parts[0]));
}
