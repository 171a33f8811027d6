#include "store/listing.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "image/mf.h"

static int
grow(struct listing *l, const char *name, struct err *e)
{
	struct listing_entry *entries;

	entries = reallocarray(l->entries, l->n + 1, sizeof(*entries));
	if (entries == NULL)
		return err_sys(e, ERR_OS, "%s", name);
	l->entries = entries;
	entries[l->n] = (struct listing_entry){ .name = strdup(name) };
	if (entries[l->n].name == NULL)
		return err_sys(e, ERR_OS, "%s", name);
	l->n++;
	return 0;
}

int
listing_add(struct listing *l, const char *name, const char *hex, struct err *e)
{
	int kind;

	if (grow(l, name, e) == -1)
		return -1;
	for (kind = 0; kind < LISTING_KINDS; kind++)
		if (strlen(hex) == digest_hex_len((enum digest_kind)kind))
			memcpy(l->entries[l->n - 1].hex[kind], hex,
			    strlen(hex) + 1);
	return 0;
}

static int
hash(enum digest_kind kind, const void *data, size_t n,
    char hex[DIGEST_HEX_SIZE], struct err *e)
{
	struct digest *d = digest_open(kind, e);
	int rc = -1;

	if (d != NULL && digest_add(d, data, n, e) == 0)
		rc = digest_finish(d, hex, e);
	digest_free(d);
	return rc;
}

int
listing_add_data(struct listing *l, const char *name, const void *data,
    size_t n, struct err *e)
{
	int kind;

	if (grow(l, name, e) == -1)
		return -1;
	/* Which of them the manifest wants is known when it is written. */
	for (kind = 0; kind < LISTING_KINDS; kind++)
		if (hash((enum digest_kind)kind, data, n,
			l->entries[l->n - 1].hex[kind], e) == -1) {
			listing_remove(l, name);
			return -1;
		}
	return 0;
}

const struct listing_entry *
listing_find(const struct listing *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->entries[i].name, name) == 0)
			return &l->entries[i];
	return NULL;
}

void
listing_remove(struct listing *l, const char *name)
{
	const struct listing_entry *found = listing_find(l, name);
	size_t i;

	if (found == NULL)
		return;
	i = (size_t)(found - l->entries);
	free(l->entries[i].name);
	l->n--;
	memmove(&l->entries[i], &l->entries[i + 1],
	    (l->n - i) * sizeof(*l->entries));
}

static bool
is_descriptor(const char *name)
{
	size_t n = strlen(name);

	return n > 4 && strcmp(name + n - 4, ".ovf") == 0;
}

static int
add_lines(const struct listing *l, enum digest_kind kind, bool descriptors,
    struct buf *b, struct err *e)
{
	const struct listing_entry *entry;

	for (entry = l->entries; entry < l->entries + l->n; entry++) {
		if (is_descriptor(entry->name) != descriptors)
			continue;
		if (entry->hex[kind][0] == '\0')
			return err_set(e, ERR_BUG, "%s has no %s digest",
			    entry->name, digest_name(kind));
		mf_add_line(b, kind, entry->name, entry->hex[kind]);
	}
	return 0;
}

int
listing_format(const struct listing *l, enum digest_kind kind, struct buf *b,
    struct err *e)
{
	if (add_lines(l, kind, true, b, e) == -1 ||
	    add_lines(l, kind, false, b, e) == -1)
		return -1;
	return buf_check(b, e);
}

void
listing_free(struct listing *l)
{
	while (l->n > 0)
		free(l->entries[--l->n].name);
	free(l->entries);
	*l = (struct listing){ 0 };
}
