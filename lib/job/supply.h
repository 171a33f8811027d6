#ifndef JOB_SUPPLY_H
#define JOB_SUPPLY_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/flow.h"
#include "store/package.h"

/*
 * supply - the files of a backup, in the order in which a host wants them:
 * from a point, an .ovf or an OVA, or from an OVA on standard input.
 *
 * A stream is read once, in its own order: descriptor, manifest (or last),
 * then the files, which must be asked for in just that order.  { 0 } is empty;
 * one thread at a time.
 */
struct supply {
	struct package package; /* of a stream: what is known so far */
	bool is_stream;
	bool *ignored; /* for each of the descriptor's files */
	/* "sha256:..." of what is restored: of descriptor and manifest, once
	 * that is known. */
	char id[7 + 64 + 1];
	struct supply_stream *stream;
	struct supply_flat *flat; /* a point of mode vmdk, or NULL */
	struct package_reader *reader;
};

/* source: a path, or "-". */
int supply_open(struct supply *s, const char *source, struct err *e);

/* The descriptor as it goes to the host. */
const struct buf *supply_descriptor(const struct supply *s);

/* What must be the content digest of a disk that is made a stream, else NULL.
 */
const char *supply_content(const struct supply *s, const char *href);

/* The manifest, if there is one; of a stream it may turn up at the end. */
const struct mf *supply_manifest(const struct supply *s);

/* The host does not want this one: a stream's is passed over. */
void supply_ignore(struct supply *s, const struct ovf_file *f);

/* Begins a file of the descriptor's; *from gives its *size_bytes, UINT64_MAX if
 * nobody knows yet, and ends.
 * supply_end() goes on to what is behind it. */
int supply_begin(struct supply *s, const char *href, struct source *from,
    uint64_t *size_bytes, struct err *e);
int supply_end(struct supply *s, struct err *e);

/* Ends it where it is; nothing more can be had of a stream. */
void supply_drop(struct supply *s);

/* Nothing more is wanted: reads a stream to its end, and refuses it if there
 * is more than the descriptor names. */
int supply_finish(struct supply *s, struct err *e);
void supply_close(struct supply *s);

#endif
