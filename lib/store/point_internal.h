#ifndef STORE_POINT_INTERNAL_H
#define STORE_POINT_INTERNAL_H

#include <pthread.h>
#include "store/point.h"

/*
 * point_internal - what point.c and point_file.c share.
 */
enum { POINT_DIGEST_KINDS = DIGEST_SHA512 + 1 };

struct point_entry {
	char *name;
	char hex[POINT_DIGEST_KINDS][DIGEST_HEX_SIZE]; /* "" if not known */
};

struct point {
	char *dir;
	char *stem;
	char *name;
	char *path;         /* dir/name */
	char *partial;      /* .name.partial */
	char *partial_path; /* dir/.name.partial */
	time_t when;
	int dirfd;
	int fd;               /* of the partial; locked, see point_sweep() */
	bool made;            /* the partial exists */
	pthread_mutex_t lock; /* guards entries and n */
	struct point_entry *entries;
	size_t n;
};

/* point_file_open() of any name. */
struct point_file *point_file_create(struct point *p, const char *name,
    struct err *e);

/* point_file_commit() of a file that is not for the manifest. */
int point_file_close(struct point_file *f, struct err *e);

/* Remembers a finished file for the manifest; digests: name not used. */
int point_file_record(struct point *p, const char *name,
    const struct point_entry *digests, struct err *e);

#endif
