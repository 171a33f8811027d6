#ifndef CODEC_SIGNATURE_H
#define CODEC_SIGNATURE_H

#include <stddef.h>
#include <time.h>
#include "base/err.h"
#include "codec/digest.h"

/*
 * signature - is this text signed with that certificate's key?  (RSA, PKCS#1
 * v1.5, as an OVF package's .cert has it.)
 *
 * Who the signer is, and who vouches for him, is not looked into.  All input
 * is untrusted: what is wrong with it is ERR_DATA.
 */

/* A .cert: "SHA256(web.mf)= hex of the signature", then the certificate. */
struct signature {
	enum digest_kind kind;
	const char *hex;
	size_t hex_len;
	const char *pem; /* the first certificate in it counts */
	size_t pem_len;
};

struct signature_signer {
	char subject[256]; /* one line */
	time_t begins;     /* when the certificate becomes valid */
	time_t ends;
};

/* The n bytes of a .cert that is to sign that manifest; s points into them. */
int signature_parse(const char *cert, size_t n, const char *manifest,
    struct signature *s, struct err *e);
int signature_check(const struct signature *s, const void *text, size_t n,
    struct signature_signer *signer, struct err *e);

#endif
