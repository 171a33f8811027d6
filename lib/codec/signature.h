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
struct signature_signer {
	char subject[256]; /* one line */
	time_t begins;     /* when the certificate becomes valid */
	time_t ends;
};

/* pem: the first certificate in it; hex: the signature. */
int signature_check(enum digest_kind kind, const void *text, size_t n,
    const char *hex, size_t hex_len, const char *pem, size_t pem_len,
    struct signature_signer *signer, struct err *e);

#endif
