#include <string.h>
#include "base/clock.h"
#include "codec/signature.h"
#include "job/verify_internal.h"

/* A .cert: "SHA256(web.mf)= hex of the signature", then the certificate. */
struct cert {
	enum digest_kind kind;
	const char *hex;
	size_t hex_len;
	const char *pem;
	size_t pem_len;
};

/* The line "ALGORITHM(manifest)= HEX" of n bytes. */
static int
parse_line(const char *line, size_t n, const char *manifest, struct cert *c,
    struct err *e)
{
	const char *open = memchr(line, '(', n), *end = line + n, *p = end;
	size_t name = strlen(manifest);
	char algorithm[16] = "";

	while (p > line && strchr("0123456789abcdefABCDEF", p[-1]) != NULL)
		p--;
	c->hex = p;
	c->hex_len = (size_t)(end - p);
	while (p > line && (p[-1] == ' ' || p[-1] == '='))
		p--;
	if (open == NULL || p == end || p[-1] != ')' || open >= p)
		return err_set(e, ERR_DATA,
		    "its first line is not of the form SHA256(%s)= hex",
		    manifest);
	if ((size_t)(p - 1 - (open + 1)) != name ||
	    memcmp(open + 1, manifest, name) != 0)
		return err_set(e, ERR_DATA, "it signs another file than %s",
		    manifest);
	n = (size_t)(open - line);
	while (n > 0 && line[n - 1] == ' ')
		n--;
	if (n < sizeof(algorithm))
		memcpy(algorithm, line, n);
	if (digest_parse(algorithm, &c->kind) == -1)
		return err_set(e, ERR_DATA, "unknown algorithm '%.*s'",
		    n > 40 ? 40 : (int)n, line);
	return 0;
}

static int
parse(const struct buf *text, const char *manifest, struct cert *c,
    struct err *e)
{
	const char *p = buf_text(text), *end = memchr(p, '\n', text->len);
	size_t n = end == NULL ? text->len : (size_t)(end - p);

	c->pem = p + n;
	c->pem_len = text->len - n;
	while (n > 0 && (p[n - 1] == '\r' || p[n - 1] == ' '))
		n--;
	if (memchr(p, '\0', text->len) != NULL)
		return err_set(e, ERR_DATA, "it is no text");
	return parse_line(p, n, manifest, c, e);
}

static void
warn_of_dates(struct verify *v, const struct signature_signer *s)
{
	char when[CLOCK_ISO_SIZE];
	time_t now = clock_now();
	bool is_over = s->ends < now;

	if (!is_over && s->begins <= now)
		return;
	clock_format_iso(is_over ? s->ends : s->begins, when);
	verify_warn(v->r, "W_CERTIFICATE_DATE",
	    "%s: the certificate of %s is valid %s %s only", v->r->path,
	    s->subject, is_over ? "until" : "from", when);
}

void
verify_sign(struct verify *v, struct verify_file *f)
{
	struct signature_signer signer = { 0 };
	struct cert c = { 0 };
	struct err e = { 0 };

	if (v->p.manifest_name == NULL) {
		verify_fail(f, ERR_NEGATIVE,
		    "there is no manifest that it could sign");
		return;
	}
	if (v->conf->level == VERIFY_QUICK ||
	    v->faults.certificate.class != ERR_NONE)
		return;
	if (parse(&v->p.certificate, v->p.manifest_name, &c, &e) == -1 ||
	    signature_check(c.kind, buf_text(&v->p.manifest_text),
		v->p.manifest_text.len, c.hex, c.hex_len, c.pem, c.pem_len,
		&signer, &e) == -1)
		verify_fail(f, e.class == ERR_DATA ? ERR_NEGATIVE : e.class,
		    "%s", e.text);
	else
		warn_of_dates(v, &signer);
}
