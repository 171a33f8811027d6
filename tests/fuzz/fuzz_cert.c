#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/utf8.h"
#include "codec/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Few mutations of base64 are a certificate: what stands behind the first line
 * is one in DER, unless the first byte says that all is as it is. */
static void
make_text(const uint8_t *data, size_t n, struct buf *b)
{
	const uint8_t *end = memchr(data, '\n', n), *der;
	unsigned char line[65];
	size_t left, part;

	if (data[0] == '!' || end == NULL) {
		buf_add(b, data + 1, n - 1);
		return;
	}
	der = end + 1;
	left = n - (size_t)(der - data);
	buf_add(b, data, n - left);
	buf_puts(b, "-----BEGIN CERTIFICATE-----\n");
	for (; left > 0; der += part, left -= part) {
		part = left < 48 ? left : 48;
		EVP_EncodeBlock(line, der, (int)part);
		buf_fmt(b, "%s\n", (const char *)line);
	}
	buf_puts(b, "-----END CERTIFICATE-----\n");
}

static bool
is_inside(const struct buf *b, const char *p, size_t n)
{
	return p >= b->data && p <= b->data + b->len &&
	    n <= (size_t)(b->data + b->len - p);
}

/* Its parts lie in it, and whatever is wrong with it is called that. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct signature_signer signer = { 0 };
	struct signature s;
	struct buf b = { 0 };
	struct err e = { 0 };
	char line[sizeof(signer.subject)];
	int rc;

	if (n < 2 || n > 1 << 16)
		return 0;
	make_text(data, n, &b);
	if (buf_check(&b, &e) == -1)
		abort();
	rc = signature_parse(b.data, b.len, "web.mf", &s, &e);
	if (rc == 0 &&
	    (!is_inside(&b, s.hex, s.hex_len) ||
		!is_inside(&b, s.pem, s.pem_len)))
		abort();
	if (rc == 0)
		rc = signature_check(&s, "hello\n", 6, &signer, &e);
	if ((rc == -1) != (e.class == ERR_DATA) ||
	    (rc == 0) != (e.class == ERR_NONE))
		abort();
	strcpy(line, signer.subject);
	utf8_make_line(line);
	if (strcmp(line, signer.subject) != 0)
		abort();
	buf_free(&b);
	return 0;
}
