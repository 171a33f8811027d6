#include "image/content.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

struct content {
	struct digest *digest;
	uint64_t capacity_bytes;
	uint64_t next; /* smallest number that may come */
};

bool
content_is_zero(const void *p, size_t n)
{
	static const unsigned char zeros[16];
	const unsigned char *b = p;

	if (n <= sizeof(zeros))
		return memcmp(b, zeros, n) == 0;
	/* Zero at the start and every byte equal to the one 16 before it. */
	return memcmp(b, zeros, sizeof(zeros)) == 0 &&
	    memcmp(b, b + sizeof(zeros), n - sizeof(zeros)) == 0;
}

static int
add_u64(struct content *c, uint64_t v, struct err *e)
{
	uint64_t le = htole64(v);

	return digest_add(c->digest, &le, sizeof(le), e);
}

static int
add_zeros(struct content *c, size_t n, struct err *e)
{
	static const unsigned char zeros[4096];
	size_t part;

	for (; n > 0; n -= part) {
		part = n < sizeof(zeros) ? n : sizeof(zeros);
		if (digest_add(c->digest, zeros, part, e) == -1)
			return -1;
	}
	return 0;
}

struct content *
content_open(uint64_t capacity_bytes, struct err *e)
{
	struct content *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		err_set(e, ERR_OS, "out of memory");
		return NULL;
	}
	c->capacity_bytes = capacity_bytes;
	c->digest = digest_open(DIGEST_SHA256, e);
	if (c->digest != NULL && add_u64(c, capacity_bytes, e) == 0)
		return c;
	content_free(c);
	return NULL;
}

/* The length that grain must have, 0 if it lies behind the disk's end. */
static size_t
grain_len(const struct content *c, uint64_t number)
{
	uint64_t rest;

	if (number > c->capacity_bytes / CONTENT_GRAIN_BYTES)
		return 0;
	rest = c->capacity_bytes - number * CONTENT_GRAIN_BYTES;
	return rest < CONTENT_GRAIN_BYTES ? (size_t)rest : CONTENT_GRAIN_BYTES;
}

int
content_add(struct content *c, uint64_t number, const void *grain, size_t n,
    struct err *e)
{
	if (number < c->next || n == 0 || n != grain_len(c, number))
		return err_set(e, ERR_BUG,
		    "content digest: grain %ju of %zu bytes out of turn",
		    (uintmax_t)number, n);
	c->next = number + 1;
	if (content_is_zero(grain, n))
		return 0;
	if (add_u64(c, number, e) == -1 ||
	    digest_add(c->digest, grain, n, e) == -1 ||
	    add_zeros(c, CONTENT_GRAIN_BYTES - n, e) == -1)
		return -1;
	return 0;
}

int
content_finish(struct content *c, char hex[DIGEST_HEX_SIZE], struct err *e)
{
	return digest_finish(c->digest, hex, e);
}

void
content_free(struct content *c)
{
	if (c == NULL)
		return;
	digest_free(c->digest);
	free(c);
}
