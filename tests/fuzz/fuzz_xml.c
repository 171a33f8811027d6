#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "codec/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Reads all there is and gives the bytes of text. */
static size_t
walk(const struct xml_node *n)
{
	const struct xml_node *c;
	size_t sum = strlen(xml_text(n)) + strlen(xml_name(n)) +
	    strlen(xml_ns(n)) + strlen(xml_type(n));

	if (xml_attr(n, "a") != NULL)
		sum += strlen(xml_attr(n, "a"));
	if (xml_find(n, "a/b") != NULL && xml_child(n, "a") == NULL)
		abort();
	for (c = xml_child(n, NULL); c != NULL; c = xml_next(c, NULL))
		sum += walk(c);
	return sum;
}

/* What the writer makes of any string is text for the reader. */
static void
write_and_read(const uint8_t *data, size_t n)
{
	struct buf raw = { 0 }, b = { 0 }, again = { 0 };
	struct err e = { 0 };
	struct xml *x;

	buf_add(&raw, data, n);
	xml_add_elem(&b, "a", buf_text(&raw));
	x = xml_parse(b.data, b.len, &e);
	if (x == NULL)
		abort();
	xml_add_elem(&again, "a", xml_text(xml_root(x)));
	if (strcmp(buf_text(&again), buf_text(&b)) != 0)
		abort();
	xml_free(x);
	buf_free(&raw);
	buf_free(&b);
	buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = { 0 };
	struct xml *x = xml_parse(data, n, &e);

	if (x == NULL && (e.class == ERR_NONE || e.text[0] == '\0'))
		abort();
	if (x != NULL && walk(xml_root(x)) > 2 * n * (n + 1) + 1000)
		abort();
	xml_free(x);
	write_and_read(data, n);
	return 0;
}
