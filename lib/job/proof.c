#include "job/proof.h"

#include <string.h>
#include "base/log.h"

static int
check_names(const struct package *p, const struct mf *m, struct err *e)
{
	const char *name;
	size_t i;

	for (i = 0; i < m->n; i++) {
		name = m->entries[i].name;
		if (strcmp(name, p->descriptor_name) != 0 &&
		    ovf_file_by_href(&p->ovf, name) == NULL)
			return err_set(e, ERR_DATA,
			    "%s names %s, which is not in the descriptor",
			    p->manifest_name, name);
	}
	if (mf_find(m, p->descriptor_name) == NULL)
		return err_set(e, ERR_DATA, "%s does not name %s",
		    p->manifest_name, p->descriptor_name);
	for (i = 0; i < p->ovf.n_files; i++)
		if (mf_find(m, p->ovf.files[i].href) == NULL)
			return err_set(e, ERR_DATA, "%s does not name %s",
			    p->manifest_name, p->ovf.files[i].href);
	return 0;
}

static int
differ(const char *name, const char *ours, const struct mf_entry *m,
    struct err *e)
{
	return err_set(e, ERR_DATA, "%s has %s %s, the manifest says %s", name,
	    digest_name(m->kind), ours, m->hex);
}

static int
check_descriptor(const struct package *p, const struct mf *m, struct err *e)
{
	const struct mf_entry *entry = mf_find(m, p->descriptor_name);
	struct digest *d = digest_open(entry->kind, e);
	char hex[DIGEST_HEX_SIZE];
	int rc = -1;

	if (d == NULL)
		return -1;
	if (digest_add(d, buf_text(&p->descriptor), p->descriptor.len, e) ==
		0 &&
	    digest_finish(d, hex, e) == 0)
		rc = strcmp(hex, entry->hex) == 0
		    ? 0
		    : differ(p->descriptor_name, hex, entry, e);
	digest_free(d);
	return rc;
}

int
proof_manifest(const struct supply *s, struct err *e)
{
	const struct mf *m = supply_manifest(s);

	if (m == NULL)
		return 0;
	/* A point of mode vmdk has other files than the host is told of. */
	if (s->flat == NULL && check_names(&s->package, m, e) == -1)
		return -1;
	return check_descriptor(&s->package, m, e);
}

void
proof_want(const struct supply *s, struct upload *u)
{
	const struct mf *m = supply_manifest(s);
	const struct mf_entry *entry = m == NULL ? NULL : mf_find(m, u->file);
	int i;

	u->wants_content = supply_content(s, u->file) != NULL;
	for (i = 0; i < UPLOAD_KINDS; i++)
		u->wants[i] = m == NULL
		    ? s->is_stream /* it may turn up in the end */
		    : entry != NULL && i == (int)entry->kind &&
			!u->wants_content;
}

/* A stream made of a flat disk is another each time, what it holds is not. */
static int
prove_content(const struct supply *s, const struct upload *u, struct err *e)
{
	const char *recorded = supply_content(s, u->file);

	if (recorded == NULL || strcmp(recorded, u->content) == 0)
		return 0;
	return err_set(e, ERR_DATA,
	    "%s holds %s by its content digest, backup.json says %s", u->file,
	    u->content, recorded);
}

int
proof_file(const struct supply *s, const struct upload *u, struct err *e)
{
	const struct ovf_file *f = ovf_file_by_href(&s->package.ovf, u->file);
	const struct mf *m = supply_manifest(s);
	const struct mf_entry *entry = m == NULL ? NULL : mf_find(m, u->file);

	/* Of a stream nobody knew it before. */
	if (f != NULL && f->has_size && f->size != 0 &&
	    f->size != u->file_bytes)
		return err_set(e, ERR_DATA,
		    "%s has %ju bytes, the descriptor says %ju", u->file,
		    (uintmax_t)u->file_bytes, (uintmax_t)f->size);
	if (u->wants_content)
		return prove_content(s, u, e);
	if (entry == NULL || strcmp(u->hex[entry->kind], entry->hex) == 0)
		return 0;
	return differ(u->file, u->hex[entry->kind], entry, e);
}

/* The host's name for what was sent for an item: keys are known only once the
 * files have come. */
static const struct lease_item *
find_item(const struct lease_item *items, size_t n, const char *import_key)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(items[i].import_key, import_key) == 0)
			return &items[i];
	return NULL;
}

static const struct lease_checksum *
find_sum(const struct lease_checksum *sums, size_t n,
    const struct lease_item *item, const char *import_key)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((item != NULL && strcmp(sums[i].key, item->key) == 0) ||
		    strcmp(sums[i].key, import_key) == 0)
			return &sums[i];
	return NULL;
}

static int
compare(struct upload *u, const struct lease_checksum *c, struct err *e)
{
	const char *theirs;

	u->verdict = "unverified";
	if (c == NULL)
		return 0;
	theirs = u->host_sha1 ? c->sha1 : c->sha256;
	if (c->size != 0 && c->size != u->sent_bytes)
		return err_set(e, ERR_IO,
		    "%s: %ju bytes were sent, the host has %ju", u->file,
		    (uintmax_t)u->sent_bytes, (uintmax_t)c->size);
	if (theirs[0] == '\0')
		return 0;
	if (strcmp(theirs, u->host_hex) != 0)
		return err_set(e, ERR_IO,
		    "%s: what was sent has digest %s, the host has %s", u->file,
		    u->host_hex, theirs);
	u->verdict = "verified";
	return 0;
}

/* A host that knows no manifest is no failure; a broken line is. */
static int
get_sums(struct lease *l, struct lease_checksum **sums, size_t *n,
    struct err *e)
{
	struct err own = { 0 };

	if (lease_manifest(l, sums, n, &own) == 0)
		return 0;
	if (own.fault[0] != '\0' && own.class != ERR_PERM) {
		log_step("no manifest from the host: %s", own.text);
		return 0;
	}
	*e = own;
	return -1;
}

int
proof_host(struct lease *l, struct upload *uploads, size_t n,
    const struct import_spec *spec, struct err *e)
{
	struct lease_checksum *sums = NULL;
	const struct lease_item *items;
	size_t n_sums = 0, n_items, i;
	int rc;

	if (lease_reread(l, e) == -1 || get_sums(l, &sums, &n_sums, e) == -1)
		return -1;
	items = lease_items(l, &n_items);
	for (i = 0, rc = 0; rc == 0 && i < n; i++) {
		const char *id = spec->items[i].device_id;

		rc = compare(&uploads[i],
		    find_sum(sums, n_sums, find_item(items, n_items, id), id),
		    e);
	}
	lease_manifest_free(sums, n_sums);
	return rc;
}
