#include "codec/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <strings.h>

struct digest {
	EVP_MD_CTX *ctx;
	enum digest_kind kind;
};

static const struct {
	const char *name;
	const char *dashed;
	size_t hex_len;
} kinds[] = {
	[DIGEST_SHA1] = { "SHA1", "SHA-1", 40 },
	[DIGEST_SHA256] = { "SHA256", "SHA-256", 64 },
	[DIGEST_SHA512] = { "SHA512", "SHA-512", 128 },
};

/* A system's policy may have switched an algorithm off. */
static int
fail(const struct digest *d, const char *what, struct err *e)
{
	return err_set(e, ERR_OS, "OpenSSL cannot %s %s", what,
	    digest_name(d->kind));
}

struct digest *
digest_open(enum digest_kind kind, struct err *e)
{
	struct digest *d = calloc(1, sizeof(*d));
	EVP_MD *md = NULL;
	bool ready = false;

	if (d == NULL) {
		err_set(e, ERR_OS, "out of memory");
		return NULL;
	}
	d->kind = kind;
	d->ctx = EVP_MD_CTX_new();
	md = EVP_MD_fetch(NULL, digest_name(kind), NULL);
	if (d->ctx != NULL && md != NULL)
		ready = EVP_DigestInit_ex(d->ctx, md, NULL) == 1;
	EVP_MD_free(md);
	if (ready)
		return d;
	fail(d, "start", e);
	digest_free(d);
	return NULL;
}

int
digest_add(struct digest *d, const void *p, size_t n, struct err *e)
{
	if (EVP_DigestUpdate(d->ctx, p, n) != 1)
		return fail(d, "compute", e);
	return 0;
}

int
digest_finish(struct digest *d, char hex[DIGEST_HEX_SIZE], struct err *e)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0, i;

	if (EVP_DigestFinal_ex(d->ctx, md, &n) != 1 ||
	    n != digest_hex_len(d->kind) / 2)
		return fail(d, "finish", e);
	for (i = 0; i < n; i++) {
		hex[2 * i] = digits[md[i] >> 4];
		hex[2 * i + 1] = digits[md[i] & 15];
	}
	hex[2 * n] = '\0';
	return 0;
}

void
digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

const char *
digest_name(enum digest_kind kind)
{
	return kinds[kind].name;
}

int
digest_parse(const char *name, enum digest_kind *kind)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcasecmp(name, kinds[i].name) == 0 ||
		    strcasecmp(name, kinds[i].dashed) == 0) {
			*kind = (enum digest_kind)i;
			return 0;
		}
	}
	return -1;
}

size_t
digest_hex_len(enum digest_kind kind)
{
	return kinds[kind].hex_len;
}
