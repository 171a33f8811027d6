#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "codec/gunzip.h"

enum { MOST = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct file {
	const uint8_t *data;
	size_t left, portion;
};

static ssize_t
read_file(void *self, void *p, size_t n, struct err *e)
{
	struct file *f = self;

	(void)e;
	if (n > f->portion)
		n = f->portion;
	if (n > f->left)
		n = f->left;
	if (n > 0)
		memcpy(p, f->data, n);
	f->data += n;
	f->left -= n;
	return (ssize_t)n;
}

/* Up to MOST bytes of what is inside, in pieces of that size. */
static ssize_t
unpack(struct file *f, size_t piece, struct buf *out, struct err *e)
{
	struct source from = { read_file, f }, inside;
	struct gunzip *g = gunzip_open(&from, e);
	char p[1024];
	ssize_t got;

	inside = gunzip_source(g);
	while ((got = flow_read(&inside, p, piece, e)) > 0 && out->len < MOST) {
		if ((size_t)got > piece)
			abort();
		buf_add(out, p, (size_t)got);
	}
	gunzip_free(g);
	return got;
}

/* The same bytes give the same, however they are cut. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct file whole = { data, n, n + 1 }, cut = { data, n, 3 };
	struct buf a = { 0 }, b = { 0 };
	struct err e = { 0 }, f = { 0 };
	ssize_t rc = unpack(&whole, 1024, &a, &e);
	ssize_t again = unpack(&cut, 13, &b, &f);
	size_t common = a.len < b.len ? a.len : b.len;

	if (common > 0 && memcmp(a.data, b.data, common) != 0)
		abort();
	if (common < MOST &&
	    (a.len != b.len || rc != again || strcmp(e.text, f.text) != 0))
		abort();
	if ((rc == -1) != (e.text[0] != '\0') ||
	    (rc == -1 && e.class != ERR_IO))
		abort();
	buf_free(&a);
	buf_free(&b);
	return 0;
}
