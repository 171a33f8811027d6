#ifndef JOB_VERIFY_INTERNAL_H
#define JOB_VERIFY_INTERNAL_H

#include <stdatomic.h>
#include "base/flow.h"
#include "job/verify.h"
#include "store/ova.h"
#include "store/package.h"

/*
 * verify_internal - what the parts of verify share: first the names are
 * gathered, then each file is looked at, then all of it is judged.
 */
struct verify {
	const struct verify_conf *conf;
	struct verify_result *r;
	struct package p;
	struct package_faults faults;
	bool is_single; /* p is no more than one disk, at offset 0 */
	bool is_folder; /* the path: it should be a point */
	bool is_pipe;   /* what passed cannot be read again */
	atomic_ullong bytes;
};

/* How to look at a file. */
struct verify_way {
	enum verify_level level;
	bool digests[VERIFY_DIGESTS]; /* to compute */
	bool is_disk;                 /* it must be a streamOptimized disk */
	bool is_gzip;
	uint64_t raw_bytes; /* it is a raw disk of this size, 0: it is none */
};

/* In verify.c */
struct verify_file *verify_add_file(struct verify_result *r, const char *name,
    struct err *e);
struct verify_file *verify_find_file(const struct verify_result *r,
    const char *name);
int verify_warn(struct verify_result *r, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The first reason counts. */
void verify_fail(struct verify_file *f, int class, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Takes a file's bytes and notes in f what they say; its size if is_there is
 * not set.  -1: signal, memory; what is wrong with the file is in f. */
int verify_look(struct verify *v, struct verify_file *f,
    const struct verify_way *way, const struct source *from, struct err *e);

/* The end of a disk of which no more than the header was looked at. */
int verify_look_end(struct verify_file *f, struct package_reader *r,
    struct err *e);

/* The digests of a file that is in memory. */
int verify_look_data(struct verify_file *f, const struct verify_way *way,
    const void *p, size_t n, struct err *e);

/* In verify_pass.c: what comes on standard input, all in one pass. */
int verify_pass(struct verify *v, struct err *e);

/* In verify_names.c: all names of files that descriptor, manifest, record or
 * the package itself have. */
int verify_names(struct verify *v, struct err *e);
struct verify_way verify_names_way(const struct verify *v, const char *name);
bool verify_names_is_small(const struct verify *v, const char *name);

/* A point of mode vmdk: its descriptor names no files. */
bool verify_names_is_flat(const struct verify *v);

/* What this version cannot check. */
int verify_names_support(const struct verify *v, struct err *e);
const json_t *verify_names_record(const struct verify *v, const char *name);

/* In verify_sign.c: the manifest's signature in a .cert. */
void verify_sign(struct verify *v, struct verify_file *f);

/* In verify_judge.c: does all of it agree? */
int verify_judge(struct verify *v, struct err *e);

#endif
