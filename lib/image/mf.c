#include "image/mf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct span {
	const char *p;
	size_t n;
};

/* A line taken apart; its spans point into the manifest. */
struct line {
	struct span algorithm, name, hex;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

static void
drop_blanks(struct span *s)
{
	while (s->n > 0 && is_blank(s->p[s->n - 1]))
		s->n--;
}

static bool
drop_char(struct span *s, char c)
{
	if (s->n == 0 || s->p[s->n - 1] != c)
		return false;
	s->n--;
	return true;
}

/* From the end, since the name may hold brackets and '='. */
static bool
split(struct span s, struct line *l)
{
	size_t end, open;

	drop_blanks(&s);
	end = s.n;
	while (s.n > 0 && is_hex(s.p[s.n - 1]))
		s.n--;
	l->hex = (struct span){ s.p + s.n, end - s.n };
	drop_blanks(&s);
	if (!drop_char(&s, '='))
		return false;
	drop_blanks(&s);
	if (!drop_char(&s, ')'))
		return false;
	for (open = 0; open < s.n && s.p[open] != '('; open++)
		continue;
	if (open + 1 >= s.n || memchr(s.p, '\0', s.n) != NULL)
		return false;
	l->name = (struct span){ s.p + open + 1, s.n - open - 1 };
	l->algorithm = (struct span){ s.p, open };
	drop_blanks(&l->algorithm);
	return true;
}

/* "SHA256 (f) = " is sha256sum --tag's, "SHA2-256(f)= " openssl dgst's. */
static bool
is_odd(const struct line *l, enum digest_kind kind)
{
	const char *name = digest_name(kind);
	size_t n = strlen(name);

	return l->algorithm.n != n || memcmp(l->algorithm.p, name, n) != 0 ||
	    l->algorithm.p[n] != '(';
}

static int
parse_kind(const struct line *l, enum digest_kind *kind, struct err *e)
{
	char name[16] = "";

	if (l->algorithm.n < sizeof(name))
		memcpy(name, l->algorithm.p, l->algorithm.n);
	if (strcmp(name, "SHA2-256") == 0 || strcmp(name, "SHA2-512") == 0)
		memmove(name + 3, name + 5, sizeof("256"));
	if (digest_parse(name, kind) == -1)
		return err_set(e, ERR_DATA, "unknown algorithm '%.*s'",
		    (int)(l->algorithm.n > 40 ? 40 : l->algorithm.n),
		    l->algorithm.p);
	return 0;
}

static int
parse_entry(const struct line *l, struct mf_entry *entry, struct err *e)
{
	size_t i;

	if (parse_kind(l, &entry->kind, e) == -1)
		return -1;
	if (l->hex.n != digest_hex_len(entry->kind))
		return err_set(e, ERR_DATA, "%s has %zu hex digits, not %zu",
		    digest_name(entry->kind), l->hex.n,
		    digest_hex_len(entry->kind));
	/* Bit 5 is lower case, and no digit lacks it. */
	for (i = 0; i < l->hex.n; i++)
		entry->hex[i] = (char)(l->hex.p[i] | 0x20);
	entry->hex[i] = '\0';
	entry->is_odd = is_odd(l, entry->kind);
	entry->name = strndup(l->name.p, l->name.n);
	if (entry->name == NULL)
		return err_set(e, ERR_OS, "out of memory");
	return 0;
}

static struct mf_entry *
new_entry(struct mf *m, struct err *e)
{
	struct mf_entry *more;

	if (m->n == MF_MAX_ENTRIES) {
		err_set(e, ERR_DATA, "more than %d entries", MF_MAX_ENTRIES);
		return NULL;
	}
	/* Grows at 0, 16, 32, 64, ... entries. */
	if (m->n == 0 || (m->n >= 16 && (m->n & (m->n - 1)) == 0)) {
		more = reallocarray(m->entries, m->n == 0 ? 16 : m->n * 2,
		    sizeof(*more));
		if (more == NULL) {
			err_set(e, ERR_OS, "out of memory");
			return NULL;
		}
		m->entries = more;
	}
	return &m->entries[m->n];
}

static int
parse_line(struct span s, unsigned int number, struct mf *m, struct err *e)
{
	struct mf_entry *entry;
	struct line l;

	drop_char(&s, '\r');
	drop_blanks(&s);
	if (s.n == 0)
		return 0;
	if (!split(s, &l))
		return err_set(e, ERR_DATA,
		    "not of the form SHA256(file)= hex");
	entry = new_entry(m, e);
	if (entry == NULL || parse_entry(&l, entry, e) == -1)
		return -1;
	entry->line = number;
	m->n++;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	const struct mf_entry *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order != 0 ? order : (*x)->line < (*y)->line ? -1 : 1;
}

static int
check_unique(const struct mf *m, struct err *e)
{
	const struct mf_entry **sorted;
	int rc = 0;
	size_t i;

	sorted = calloc(m->n + 1, sizeof(*sorted));
	if (sorted == NULL)
		return err_set(e, ERR_OS, "out of memory");
	for (i = 0; i < m->n; i++)
		sorted[i] = &m->entries[i];
	qsort(sorted, m->n, sizeof(*sorted), by_name);
	for (i = 1; i < m->n && rc == 0; i++) {
		if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
			rc = err_set(e, ERR_DATA,
			    "line %u: '%.200s' is on line %u too",
			    sorted[i]->line, sorted[i]->name,
			    sorted[i - 1]->line);
	}
	free(sorted);
	return rc;
}

int
mf_parse(const char *p, size_t n, struct mf *m, struct err *e)
{
	unsigned int line = 0;
	const char *end;
	struct span s;

	*m = (struct mf){ 0 };
	while (n > 0) {
		end = memchr(p, '\n', n);
		s = (struct span){ p, end != NULL ? (size_t)(end - p) : n };
		line++;
		if (parse_line(s, line, m, e) == -1) {
			err_ctx(e, "line %u", line);
			goto fail;
		}
		if (end != NULL)
			s.n++;
		p += s.n;
		n -= s.n;
	}
	if (check_unique(m, e) == 0)
		return 0;
fail:
	mf_free(m);
	return -1;
}

const struct mf_entry *
mf_find(const struct mf *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (strcmp(m->entries[i].name, name) == 0)
			return &m->entries[i];
	return NULL;
}

void
mf_free(struct mf *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		free(m->entries[i].name);
	free(m->entries);
	*m = (struct mf){ 0 };
}

void
mf_add_line(struct buf *b, enum digest_kind kind, const char *name,
    const char *hex)
{
	buf_fmt(b, "%s(%s)= %s\n", digest_name(kind), name, hex);
}
