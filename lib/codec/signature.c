#include "codec/signature.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"

/* RSA keys of 16384 bits. */
enum { SIGNATURE_MAX = 2048 };

/* The line "ALGORITHM(manifest)= HEX" of n bytes. */
static int
parse_line(const char *line, size_t n, const char *manifest,
    struct signature *s, struct err *e)
{
	const char *open = memchr(line, '(', n), *end = line + n, *p = end;
	size_t name = strlen(manifest);
	char algorithm[16] = "";

	while (p > line && strchr("0123456789abcdefABCDEF", p[-1]) != NULL)
		p--;
	s->hex = p;
	s->hex_len = (size_t)(end - p);
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
	if (digest_parse(algorithm, &s->kind) == -1)
		return err_set(e, ERR_DATA, "unknown algorithm '%.*s'",
		    n > 40 ? 40 : (int)n, line);
	return 0;
}

int
signature_parse(const char *cert, size_t n, const char *manifest,
    struct signature *s, struct err *e)
{
	const char *end = memchr(cert, '\n', n);
	size_t line = end == NULL ? n : (size_t)(end - cert);

	*s = (struct signature){ .pem = cert + line, .pem_len = n - line };
	while (line > 0 && (cert[line - 1] == '\r' || cert[line - 1] == ' '))
		line--;
	if (memchr(cert, '\0', n) != NULL)
		return err_set(e, ERR_DATA, "it is no text");
	return parse_line(cert, line, manifest, s, e);
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int
parse_hex(const char *hex, size_t n, unsigned char *out, struct err *e)
{
	size_t i;
	int d;

	if (n == 0 || n % 2 != 0 || n / 2 > SIGNATURE_MAX)
		return err_set(e, ERR_DATA, "a signature of %zu hex digits", n);
	memset(out, 0, n / 2);
	for (i = 0; i < n; i++) {
		d = digit(hex[i]);
		if (d < 0)
			return err_set(e, ERR_DATA,
			    "the signature is not in hex digits");
		out[i / 2] = (unsigned char)(out[i / 2] << 4 | d);
	}
	return 0;
}

/* A PEM text may say that it is encrypted: OpenSSL would ask for the pass
 * phrase, on the terminal or in what comes on standard input. */
static int
no_pass_phrase(char *buffer, int size, int is_writing, void *self)
{
	(void)buffer;
	(void)size;
	(void)is_writing;
	(void)self;
	return -1;
}

static X509 *
read_certificate(const char *pem, size_t n, struct err *e)
{
	BIO *b = n > INT_MAX ? NULL : BIO_new_mem_buf(pem, (int)n);
	X509 *x = NULL;

	if (b != NULL)
		x = PEM_read_bio_X509(b, NULL, no_pass_phrase, NULL);
	BIO_free(b);
	if (x == NULL)
		err_set(e, ERR_DATA, "it holds no certificate in PEM");
	return x;
}

static time_t
time_of(const ASN1_TIME *t)
{
	struct tm tm;

	return t == NULL || ASN1_TIME_to_tm(t, &tm) != 1 ? 0 : timegm(&tm);
}

static void
describe(X509 *x, struct signature_signer *s)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *text;
	long n = 0;

	*s = (struct signature_signer){ .begins = time_of(
					    X509_get0_notBefore(x)),
		.ends = time_of(X509_get0_notAfter(x)) };
	if (b != NULL &&
	    X509_NAME_print_ex(b, X509_get_subject_name(x), 0,
		XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) > 0)
		n = BIO_get_mem_data(b, &text);
	if (n > 0)
		snprintf(s->subject, sizeof(s->subject), "%.*s",
		    n > 255 ? 255 : (int)n, text);
	utf8_make_line(s->subject);
	BIO_free(b);
}

static int
verify(EVP_PKEY *key, enum digest_kind kind, const void *text, size_t n,
    const unsigned char *raw, size_t raw_len, struct err *e)
{
	EVP_MD *md = EVP_MD_fetch(NULL, digest_name(kind), NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int rc = -1;

	if (md == NULL || ctx == NULL ||
	    EVP_DigestVerifyInit(ctx, NULL, md, NULL, key) != 1)
		err_set(e, ERR_OS, "OpenSSL cannot check a signature with %s",
		    digest_name(kind));
	else if (EVP_DigestVerify(ctx, raw, raw_len, text, n) != 1)
		err_set(e, ERR_DATA,
		    "the signature is not one of this manifest by this "
		    "certificate");
	else
		rc = 0;
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md);
	return rc;
}

int
signature_check(const struct signature *s, const void *text, size_t n,
    struct signature_signer *signer, struct err *e)
{
	unsigned char raw[SIGNATURE_MAX];
	EVP_PKEY *key;
	X509 *x;
	int rc = -1;

	if (parse_hex(s->hex, s->hex_len, raw, e) == -1)
		return -1;
	x = read_certificate(s->pem, s->pem_len, e);
	if (x == NULL)
		goto out;
	describe(x, signer);
	key = X509_get0_pubkey(x); /* x's own */
	if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		err_set(e, ERR_DATA, "the certificate's key is not RSA");
	else
		rc = verify(key, s->kind, text, n, raw, s->hex_len / 2, e);
out:
	X509_free(x);
	/* Nobody asks for what OpenSSL has queued in this thread. */
	ERR_clear_error();
	return rc;
}
