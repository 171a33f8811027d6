#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "net/http_range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What is read means what is written. */
static void
judge(const struct http_range *r)
{
	struct http_range again;
	char text[100];

	if (r->of > INT64_MAX || r->first > r->of ||
	    r->bytes > r->of - r->first)
		abort();
	if (r->bytes == 0)
		snprintf(text, sizeof(text), "bytes */%ju", (uintmax_t)r->of);
	else
		snprintf(text, sizeof(text), "bytes %ju-%ju/%ju",
		    (uintmax_t)r->first, (uintmax_t)(r->first + r->bytes - 1),
		    (uintmax_t)r->of);
	if (http_range_parse(text, &again) == -1 || again.first != r->first ||
	    again.bytes != r->bytes || again.of != r->of)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf b = { 0 };
	struct http_range r = { 0 };

	buf_add(&b, data, n);
	if (http_range_parse(buf_text(&b), &r) == 0)
		judge(&r);
	buf_free(&b);
	return 0;
}
