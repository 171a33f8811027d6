#ifndef IMAGE_MF_H
#define IMAGE_MF_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"
#include "codec/digest.h"

/*
 * mf - the OVF manifest (DSP0243): "SHA256(file)= hex", one line a file.
 *
 * Read liberally (blanks before the bracket and around '=', CRLF, upper-case
 * hex, empty lines, "SHA2-256" as OpenSSL 3 has it), written in the one form that sha256sum -c, VMware and
 * virt-v2v all take.
 */
struct mf_entry {
	enum digest_kind kind;
	unsigned int line; /* in the manifest, from 1 */
	bool is_odd;       /* VMware's tools refuse a line of this form */
	char *name;
	char hex[DIGEST_HEX_SIZE]; /* lower case */
};

struct mf {
	struct mf_entry *entries;
	size_t n;
};

/* A name twice, an unknown algorithm or any other line is ERR_DATA with the
 * line's number; at most MF_MAX_ENTRIES lines.  *m is empty on failure. */
enum { MF_MAX_ENTRIES = 10000 };
int mf_parse(const char *p, size_t n, struct mf *m, struct err *e);
const struct mf_entry *mf_find(const struct mf *m, const char *name);
void mf_free(struct mf *m);

/* Appends one line. */
void mf_add_line(struct buf *b, enum digest_kind kind, const char *name,
    const char *hex);

#endif
