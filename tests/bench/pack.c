/*
 * pack RAW THREADS OUT - a raw disk as a streamOptimized VMDK, as it is made
 * on its way to a host.
 */
#include "job/pack.h"
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20 };

static void
fail(const struct err *e)
{
	errx(EX_SOFTWARE, "%s", e->text);
}

static struct pack *
start(const char *path, unsigned int threads)
{
	struct vmdkw_conf conf = { .cid = 1,
		.adapter = "lsilogic",
		.hardware = "19" };
	struct err e = { 0 };
	struct stat st;
	struct pack *p;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || fstat(fd, &st) == -1)
		err(EX_NOINPUT, "%s", path);
	conf.capacity_bytes = (uint64_t)st.st_size;
	p = pack_open(fd, &conf, threads, &e);
	if (p == NULL)
		fail(&e);
	return p;
}

int
main(int argc, char **argv)
{
	static char piece[PIECE_BYTES];
	struct err e = { 0 };
	struct source from;
	struct pack *p;
	ssize_t n;
	int out;

	if (argc != 4)
		errx(EX_USAGE, "usage: pack RAW THREADS OUT");
	p = start(argv[1], (unsigned int)strtoul(argv[2], NULL, 10));
	out = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (out == -1)
		err(EX_CANTCREAT, "%s", argv[3]);
	from = pack_source(p);
	while ((n = flow_read(&from, piece, sizeof(piece), &e)) > 0)
		if (write(out, piece, (size_t)n) != n)
			err(EX_IOERR, "write");
	if (n == -1)
		fail(&e);
	pack_free(p);
	return close(out) == 0 ? 0 : EX_IOERR;
}
