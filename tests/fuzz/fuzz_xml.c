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

/* A copy is a document of its own, whose copy is the same. */
static void
copy_and_read(const struct xml_node *n)
{
	struct buf once = { 0 }, twice = { 0 };
	struct err e = { 0 };
	struct xml *x;

	if (xml_add_copy(&once, n, "copy", &e) == -1)
		abort();
	x = xml_parse(once.data, once.len, &e);
	/* Escapes may be longer than what they stand for. */
	if (x == NULL && strstr(e.text, "a tag of more than") == NULL)
		abort();
	if (x != NULL &&
	    (xml_add_copy(&twice, xml_root(x), "copy", &e) == -1 ||
		strcmp(twice.data, once.data) != 0 ||
		walk(xml_root(x)) - strlen(xml_name(xml_root(x))) !=
		    walk(n) - strlen(xml_name(n))))
		abort();
	xml_free(x);
	buf_free(&once);
	buf_free(&twice);
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
	if (x != NULL) {
		copy_and_read(xml_root(x));
		if (xml_child(xml_root(x), NULL) != NULL)
			copy_and_read(xml_child(xml_root(x), NULL));
	}
	xml_free(x);
	write_and_read(data, n);
	return 0;
}
