#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "image/content.h"
#include "image/vmdkr.h"
#include "job/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* A little more than a grain table. */
enum { GRAIN = 65536, CAPACITY_MAX = 34 << 20 };

/* What the disk holds: to look at its own bytes could fill its holes. */
static uint8_t image[CAPACITY_MAX + 65536];

/* Input: 4 bytes of capacity, then extents: 3 bytes of place in units of 64
 * bytes, 2 bytes of length, a byte that is its content.  What is not written
 * is a hole. */
static uint64_t
make_image(int fd, const uint8_t *data, size_t n)
{
	uint32_t words = 0, at, len;
	uint64_t capacity;

	memcpy(&words, data, 4);
	capacity = (uint64_t)(1 + words % (CAPACITY_MAX / 512)) * 512;
	for (data += 4; n >= 10; data += 6, n -= 6) {
		at = (data[0] | data[1] << 8 | (uint32_t)data[2] << 16) * 64;
		len = data[3] | (uint32_t)data[4] << 8;
		at %= CAPACITY_MAX;
		memset(image + at, data[5], len);
		if (pwrite(fd, image + at, len, at) != (ssize_t)len)
			abort();
	}
	if (ftruncate(fd, (off_t)capacity) == -1)
		abort();
	return capacity;
}

/* Reads the stream back and holds it against the image. */
struct judge {
	uint64_t next; /* all before is judged */
	uint64_t capacity;
};

static void
check_hole(struct judge *j, uint64_t to)
{
	if (!content_is_zero(image + j->next, to - j->next))
		abort();
	j->next = to;
}

static int
take_grain(void *self, uint64_t number, const void *grain, size_t n,
    struct err *e)
{
	struct judge *j = self;

	(void)e;
	check_hole(j, number * GRAIN);
	if (memcmp(image + j->next, grain, n) != 0)
		abort();
	j->next += n;
	return 0;
}

static uint64_t
pack_image(int fd, struct judge *j, unsigned int threads, size_t portion)
{
	static uint8_t bytes[200000];
	struct vmdkw_conf conf = { j->capacity, 1, "ide", "7" };
	struct vmdkr_ops ops = { take_grain, NULL, j };
	struct err e = { 0 };
	struct pack *p = pack_open(fd, &conf, threads, &e);
	struct vmdkr *r = vmdkr_open(&ops, &e);
	struct source from;
	uint64_t sum = 0;
	ssize_t i, n;

	if (p == NULL || r == NULL)
		abort();
	from = pack_source(p);
	while ((n = flow_read(&from, bytes, portion, &e)) > 0) {
		if (vmdkr_write(r, bytes, (size_t)n, &e) == -1)
			abort();
		for (i = 0; i < n; i++)
			sum = (sum ^ bytes[i]) * 0x100000001b3u;
	}
	if (n == -1 || vmdkr_finish(r, &e) == -1 ||
	    vmdkr_info(r)->zero_grains > 0 || vmdkr_info(r)->warning != NULL)
		abort();
	check_hole(j, j->capacity);
	vmdkr_free(r);
	pack_free(p);
	return sum;
}

/* Whatever a disk holds and wherever its holes are: it comes back, and the
 * stream is the same however it is made. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct judge a = { 0 }, b;
	int fd;

	if (n < 4)
		return 0;
	fd = memfd_create("disk", MFD_CLOEXEC);
	if (fd == -1)
		abort();
	a.capacity = make_image(fd, data, n);
	b = a;
	if (pack_image(fd, &a, 1, 200000) !=
	    pack_image(fd, &b, 3, 1 + data[n / 2] * 700u))
		abort();
	close(fd);
	memset(image, 0, sizeof(image));
	return 0;
}
