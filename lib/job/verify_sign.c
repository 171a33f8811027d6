#include "base/clock.h"
#include "codec/signature.h"
#include "job/verify_internal.h"

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
	const struct buf *text = &v->p.certificate;
	struct signature_signer signer = { 0 };
	struct signature c;
	struct err e = { 0 };

	if (v->p.manifest_name == NULL) {
		verify_fail(f, ERR_NEGATIVE,
		    "there is no manifest that it could sign");
		return;
	}
	if (v->conf->level == VERIFY_QUICK ||
	    v->faults.certificate.class != ERR_NONE)
		return;
	if (signature_parse(buf_text(text), text->len, v->p.manifest_name, &c,
		&e) == -1 ||
	    signature_check(&c, buf_text(&v->p.manifest_text),
		v->p.manifest_text.len, &signer, &e) == -1)
		verify_fail(f, e.class == ERR_DATA ? ERR_NEGATIVE : e.class,
		    "%s", e.text);
	else
		warn_of_dates(v, &signer);
}
