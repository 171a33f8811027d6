#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "image/vmdkr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct outcome {
	int rc;
	struct err e;
	uint64_t capacity, next, bytes, sum, position;
};

static int
take_header(void *self, const struct vmdkr_info *info, struct err *e)
{
	struct outcome *o = self;

	(void)e;
	if (info->capacity_bytes == 0 || o->capacity != 0)
		abort();
	o->capacity = info->capacity_bytes;
	return 0;
}

static int
take_grain(void *self, uint64_t number, const void *data, size_t n,
    struct err *e)
{
	const unsigned char *p = data;
	struct outcome *o = self;
	uint64_t rest = o->capacity - number * 65536;
	size_t i;

	(void)e;
	if (number < o->next || number * 65536 >= o->capacity ||
	    n != (rest < 65536 ? rest : 65536))
		abort();
	o->next = number + 1;
	o->bytes += n;
	for (i = 0; i < n; i += 61)
		o->sum = (o->sum ^ p[i]) * 0x100000001b3u + number;
	return 0;
}

/* seed 0: all at once. */
static void
read_stream(const uint8_t *data, size_t n, unsigned int seed, struct outcome *o)
{
	struct vmdkr_ops ops = { take_grain, take_header, o };
	struct vmdkr *r;
	size_t part;

	memset(o, 0, sizeof(*o));
	r = vmdkr_open(&ops, &o->e);
	if (r == NULL)
		abort();
	for (; n > 0 && o->rc == 0; data += part, n -= part) {
		seed = seed * 1103515245 + 12345 * (seed != 0);
		part = seed == 0 ? n : 1 + seed / 65536 % 1500;
		if (part > n)
			part = n;
		o->rc = vmdkr_write(r, data, part, &o->e);
	}
	if (o->rc == 0)
		o->rc = vmdkr_finish(r, &o->e);
	o->position = vmdkr_position(r);
	vmdkr_free(r);
}

/* Whatever the bytes are and however they are cut: one outcome. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct outcome a, b;

	read_stream(data, n, 0, &a);
	read_stream(data, n, 1 + (n > 0 ? data[n / 2] : 0), &b);
	if (a.rc != b.rc || a.e.class != b.e.class || a.sum != b.sum ||
	    a.bytes != b.bytes || strcmp(a.e.text, b.e.text) != 0)
		abort();
	if ((a.rc == 0) != (a.e.class == ERR_NONE) ||
	    (a.rc == -1 && a.e.text[0] == '\0'))
		abort();
	if (a.bytes > a.capacity || a.position > a.capacity)
		abort();
	return 0;
}
