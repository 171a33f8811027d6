#include "job/supply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "codec/digest.h"
#include "job/supply_flat.h"
#include "store/ova.h"

enum { MANIFEST_MAX = 4 << 20 };

static const char stdin_name[] = "standard input";

/* An OVA on standard input. */
struct supply_stream {
	struct ova *ova;
	struct tar_member next; /* its header is read, unless is_over */
	bool is_over;
};

static bool
has_suffix(const char *name, const char *suffix)
{
	size_t n = strlen(name), k = strlen(suffix);

	return n > k && strcasecmp(name + n - k, suffix) == 0;
}

/* The member whose header was read last, whole. */
static int
read_member(struct supply_stream *t, size_t most, struct buf *b, struct err *e)
{
	char piece[16384];
	ssize_t n;

	if (t->next.size_bytes > most)
		return err_set(e, ERR_DATA, "%s has %ju bytes, more than %zu",
		    t->next.name, (uintmax_t)t->next.size_bytes, most);
	while ((n = ova_read(t->ova, piece, sizeof(piece), e)) > 0)
		buf_add(b, piece, (size_t)n);
	return n == -1 ? -1 : buf_check(b, e);
}

static int
advance(struct supply_stream *t, struct err *e)
{
	int64_t offset;
	int rc = ova_next(t->ova, &t->next, &offset, e);

	t->is_over = rc == 0;
	return rc == -1 ? -1 : 0;
}

static int
read_manifest(struct supply *s, struct err *e)
{
	struct package *p = &s->package;

	if (p->manifest_name != NULL)
		return err_set(e, ERR_DATA, "a second manifest, %s",
		    s->stream->next.name);
	p->manifest_name = strdup(s->stream->next.name);
	if (p->manifest_name == NULL)
		return err_sys(e, ERR_OS, "memory");
	if (read_member(s->stream, MANIFEST_MAX, &p->manifest_text, e) == -1)
		return -1;
	if (mf_parse(buf_text(&p->manifest_text), p->manifest_text.len,
		&p->manifest, e) == -1)
		return err_ctx(e, "%s", p->manifest_name);
	return 0;
}

/* To the next member that is neither manifest nor certificate. */
static int
pass_manifest(struct supply *s, struct err *e)
{
	struct supply_stream *t = s->stream;

	for (;;) {
		if (advance(t, e) == -1)
			return -1;
		if (t->is_over)
			return 0;
		if (has_suffix(t->next.name, ".mf")) {
			if (read_manifest(s, e) == -1)
				return -1;
		} else if (!has_suffix(t->next.name, ".cert")) {
			return 0;
		}
	}
}

/* The reader of archives has said it already. */
static int
blame_stdin(struct err *e)
{
	if (strncmp(e->text, stdin_name, strlen(stdin_name)) != 0)
		err_ctx(e, "%s", stdin_name);
	return -1;
}

/* What stands before a pipe may have failed, or have written a message. */
static int
check_begin(struct ova *o, struct err *e)
{
	const unsigned char *block;
	ssize_t n = ova_peek(o, &block, e);

	if (n == -1)
		return -1;
	if (n == 0)
		return err_set(e, ERR_DATA, "%s is empty", stdin_name);
	if (n < TAR_BLOCK_BYTES || memcmp(block + 257, "ustar", 5) != 0)
		return err_set(e, ERR_DATA, "%s is no OVA", stdin_name);
	return 0;
}

static int
read_descriptor(struct supply *s, struct err *e)
{
	struct package *p = &s->package;
	struct supply_stream *t = s->stream;

	if (advance(t, e) == -1)
		return -1;
	if (t->is_over)
		return err_set(e, ERR_DATA, "the archive is empty");
	if (!has_suffix(t->next.name, ".ovf"))
		return err_set(e, ERR_DATA,
		    "an OVA begins with its descriptor, this with %s",
		    t->next.name);
	p->descriptor_name = strdup(t->next.name);
	if (p->descriptor_name == NULL)
		return err_sys(e, ERR_OS, "memory");
	if (read_member(t, OVF_MAX_BYTES, &p->descriptor, e) == -1)
		return -1;
	if (ovf_parse(buf_text(&p->descriptor), p->descriptor.len, &p->ovf,
		e) == -1)
		return err_ctx(e, "%s", p->descriptor_name);
	return 0;
}

static int
open_stream(struct supply *s, struct err *e)
{
	s->is_stream = true;
	s->package.fd = -1;
	s->package.is_archive = true;
	s->package.path = strdup("-");
	s->stream = calloc(1, sizeof(*s->stream));
	if (s->stream == NULL || s->package.path == NULL)
		return err_sys(e, ERR_OS, "memory");
	s->stream->ova = ova_open(STDIN_FILENO, stdin_name, e);
	if (s->stream->ova == NULL || check_begin(s->stream->ova, e) == -1 ||
	    read_descriptor(s, e) == -1 || pass_manifest(s, e) == -1)
		return blame_stdin(e);
	return 0;
}

/* What is restored, by its descriptor and the digests of its files. */
static int
identify(struct supply *s, struct err *e)
{
	struct digest *d = digest_open(DIGEST_SHA256, e);
	const struct package *p = &s->package;
	char hex[DIGEST_HEX_SIZE];
	int rc = -1;

	if (d == NULL)
		return -1;
	if (digest_add(d, buf_text(&p->descriptor), p->descriptor.len, e) ==
		0 &&
	    digest_add(d, buf_text(&p->manifest_text), p->manifest_text.len,
		e) == 0 &&
	    digest_finish(d, hex, e) == 0) {
		memcpy(s->id, "sha256:", 7);
		memcpy(s->id + 7, hex, 64 + 1);
		rc = 0;
	}
	digest_free(d);
	return rc;
}

/* What the host is told of a point of mode vmdk takes the place of what the
 * point says. */
static int
take_flat(struct supply *s, struct err *e)
{
	const struct buf *text;

	s->flat = supply_flat_open(&s->package, e);
	if (s->flat == NULL)
		return e->class == ERR_NONE ? 0 : -1;
	text = supply_flat_descriptor(s->flat);
	ovf_free(&s->package.ovf);
	return ovf_parse(text->data, text->len, &s->package.ovf, e);
}

int
supply_open(struct supply *s, const char *source, struct err *e)
{
	int rc;

	*s = (struct supply){ 0 };
	rc = strcmp(source, "-") == 0 ? open_stream(s, e)
				      : package_open(source, &s->package, e);
	if (rc == 0 && !s->is_stream)
		rc = take_flat(s, e);
	if (rc == 0) {
		s->ignored = calloc(s->package.ovf.n_files + 1,
		    sizeof(*s->ignored));
		rc = s->ignored == NULL ? err_sys(e, ERR_OS, "memory")
					: identify(s, e);
	}
	if (rc == -1)
		supply_close(s);
	return rc;
}

const struct buf *
supply_descriptor(const struct supply *s)
{
	return s->flat == NULL ? &s->package.descriptor
			       : supply_flat_descriptor(s->flat);
}

const char *
supply_content(const struct supply *s, const char *href)
{
	return s->flat == NULL ? NULL : supply_flat_content(s->flat, href);
}

const struct mf *
supply_manifest(const struct supply *s)
{
	return s->package.manifest_name == NULL ? NULL : &s->package.manifest;
}

void
supply_ignore(struct supply *s, const struct ovf_file *f)
{
	s->ignored[f - s->package.ovf.files] = true;
}

/* Over members of a stream that the host does not want. */
static int
pass_ignored(struct supply *s, struct err *e)
{
	struct supply_stream *t = s->stream;
	const struct ovf *o = &s->package.ovf;
	const struct ovf_file *f;

	while (!t->is_over) {
		f = ovf_file_by_href(o, t->next.name);
		if (f == NULL || !s->ignored[f - o->files])
			break;
		if (pass_manifest(s, e) == -1)
			return -1;
	}
	return 0;
}

static int
begin_member(struct supply *s, const char *href, struct source *from,
    uint64_t *size_bytes, struct err *e)
{
	struct supply_stream *t = s->stream;

	if (pass_ignored(s, e) == -1)
		return -1;
	if (t->is_over)
		return err_set(e, ERR_DATA, "%s: there is no %s in the OVA",
		    stdin_name, href);
	if (strcmp(t->next.name, href) != 0)
		return err_set(e, ERR_DATA,
		    "%s: %s comes where the host wants %s; an OVA in another "
		    "order can be restored from a file",
		    stdin_name, t->next.name, href);
	*size_bytes = t->next.size_bytes;
	*from = ova_source(t->ova);
	return 0;
}

int
supply_begin(struct supply *s, const char *href, struct source *from,
    uint64_t *size_bytes, struct err *e)
{
	const struct package_file *f;
	int rc;

	if (s->is_stream)
		return begin_member(s, href, from, size_bytes, e);
	if (s->flat != NULL) {
		rc = supply_flat_begin(s->flat, href, from, e);
		*size_bytes = UINT64_MAX;
		if (rc != 0)
			return rc == 1 ? 0 : -1;
	}
	f = package_find(&s->package, href);
	if (f == NULL)
		return err_set(e, ERR_DATA, "%s: there is no %s",
		    s->package.path, href);
	s->reader = package_read_open(&s->package, f, e);
	if (s->reader == NULL)
		return -1;
	*size_bytes = f->size_bytes;
	*from = package_source(s->reader);
	return 0;
}

void
supply_drop(struct supply *s)
{
	if (s->flat != NULL)
		supply_flat_end(s->flat);
	package_read_close(s->reader);
	s->reader = NULL;
}

int
supply_end(struct supply *s, struct err *e)
{
	supply_drop(s);
	if (!s->is_stream || pass_manifest(s, e) == 0)
		return 0;
	return blame_stdin(e);
}

int
supply_finish(struct supply *s, struct err *e)
{
	if (!s->is_stream)
		return 0;
	if (pass_ignored(s, e) == -1)
		return blame_stdin(e);
	if (s->stream->is_over)
		return identify(s, e); /* with a manifest that came last */
	return err_set(e, ERR_DATA, "%s: the descriptor does not name %s",
	    stdin_name, s->stream->next.name);
}

void
supply_close(struct supply *s)
{
	package_read_close(s->reader);
	if (s->stream != NULL)
		ova_free(s->stream->ova);
	free(s->stream);
	free(s->ignored);
	supply_flat_free(s->flat);
	package_close(&s->package);
	*s = (struct supply){ 0 };
}
