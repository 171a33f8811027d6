#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "store/ova.h"
#include "store/package.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Few mutations keep a checksum: those of all blocks that look like headers
 * are set right, unless the first byte says not to. */
static void
set_checksums(unsigned char *p, size_t n)
{
	unsigned int sum, i;

	for (; n >= TAR_BLOCK_BYTES;
	     n -= TAR_BLOCK_BYTES, p += TAR_BLOCK_BYTES) {
		if (memcmp(p + 257, "ustar", 5) != 0)
			continue;
		memset(p + 148, ' ', 8);
		for (i = 0, sum = 0; i < TAR_BLOCK_BYTES; i++)
			sum += p[i];
		for (i = 0; i < 6; i++, sum >>= 3)
			p[153 - i] = (unsigned char)('0' + (sum & 7));
		p[154] = '\0';
	}
}

/* Names of the members, and the error; what is read has the size it says. */
static uint64_t
walk(int fd, bool reads, size_t n, struct err *e)
{
	struct ova *o = ova_open(fd, "x", e);
	struct tar_member m;
	uint64_t sum = 0;
	int64_t offset;
	char chunk[1000];
	ssize_t got = 0;

	if (o == NULL)
		abort();
	while (ova_next(o, &m, &offset, e) == 1) {
		uint64_t bytes = 0;

		if (offset < 0 || (uint64_t)offset + m.size_bytes > n)
			abort();
		while (
		    reads && (got = ova_read(o, chunk, sizeof(chunk), e)) > 0)
			bytes += (uint64_t)got;
		if (reads && (got == -1 || bytes != m.size_bytes))
			abort();
		sum = sum * 31 + m.size_bytes + (unsigned char)m.name[0];
	}
	if (e->class != ERR_NONE && e->class != ERR_DATA)
		abort();
	ova_free(o);
	return sum;
}

static void
open_package(int fd)
{
	struct package p;
	struct package_faults f;
	struct err e = { 0 };
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (package_survey(path, &p, &f, &e) == -1) {
		if (e.class != ERR_DATA)
			abort();
		return;
	}
	for (i = 0; i < p.n_files; i++)
		if (package_find(&p, p.files[i].name) != &p.files[i])
			abort();
	if (f.descriptor.class != ERR_NONE && p.ovf.n_files > 0)
		abort();
	package_close(&p);
}

/* Read or skipped, the members are the same, and the package's. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err read = { 0 }, skipped = { 0 };
	unsigned char *copy;
	int fd;

	if (n < 1 || n > 1 << 20)
		return 0;
	copy = malloc(n);
	fd = memfd_create("ova", MFD_CLOEXEC);
	if (copy == NULL || fd == -1)
		abort();
	memcpy(copy, data + 1, n - 1);
	if (data[0] != '!')
		set_checksums(copy, n - 1);
	if (write(fd, copy, n - 1) != (ssize_t)(n - 1) ||
	    lseek(fd, 0, SEEK_SET) != 0)
		abort();
	if (walk(fd, true, n - 1, &read) != walk(fd, false, n - 1, &skipped) ||
	    strcmp(read.text, skipped.text) != 0)
		abort();
	open_package(fd);
	close(fd);
	free(copy);
	return 0;
}
