#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "image/mf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
write_all(const struct mf *m, struct buf *b)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		mf_add_line(b, m->entries[i].kind, m->entries[i].name,
		    m->entries[i].hex);
}

/* What was read can be written, and is read again as the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf once = { 0 }, twice = { 0 };
	struct err e = { 0 };
	struct mf m, again;
	size_t i;

	if (mf_parse((const char *)data, n, &m, &e) == -1) {
		if (e.class != ERR_DATA || strncmp(e.text, "line ", 5) != 0 ||
		    m.n != 0)
			abort();
		return 0;
	}
	for (i = 0; i < m.n; i++) {
		if (mf_find(&m, m.entries[i].name) != &m.entries[i] ||
		    strlen(m.entries[i].hex) !=
			digest_hex_len(m.entries[i].kind))
			abort();
	}
	write_all(&m, &once);
	if (mf_parse(buf_text(&once), once.len, &again, &e) == -1)
		abort();
	write_all(&again, &twice);
	if (again.n != m.n || strcmp(buf_text(&once), buf_text(&twice)) != 0)
		abort();
	buf_free(&once);
	buf_free(&twice);
	mf_free(&m);
	mf_free(&again);
	return 0;
}
