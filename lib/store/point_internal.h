#ifndef STORE_POINT_INTERNAL_H
#define STORE_POINT_INTERNAL_H

#include <pthread.h>
#include "store/listing.h"
#include "store/point.h"

/*
 * point_internal - what point.c and point_file.c share.
 */
struct point {
	char *dir;
	char *stem;
	char *name;
	char *path;         /* dir/name */
	char *partial;      /* .name.partial */
	char *partial_path; /* dir/.name.partial */
	time_t when;
	int dirfd;
	int fd;          /* of the partial; locked, see point_sweep() */
	bool made;       /* the partial exists */
	bool is_resumed; /* it has files of an earlier run */
	bool has_journal;
	pthread_mutex_t lock; /* guards files */
	struct listing files;
};

/* A point without folder, names or files. */
struct point *point_new(const char *dir, const char *stem, struct err *e);
int point_set_names(struct point *p, time_t when, struct err *e);

/* Is what is open still called so? */
bool point_has_partial(const struct point *p);

/* Is name ".STEM_STAMP.partial" or ".STEM_STAMP_merged.partial"?  *when, unless
 * NULL, is the stamp. */
bool point_sweep_is_partial(const char *name, const char *stem, time_t *when);

/* Does somebody, maybe on another machine, hold the write lock of a VM other
 * than uuid's in this folder, on a file system that can tell? */
bool point_sweep_has_others(int dirfd, const char *uuid);

/* In a partial folder: what is finished of its sparse files. */
#define POINT_JOURNAL ".journal"

/* Removes kept files that are not part of the point any more. */
int point_resume_drop_strangers(struct point *p, struct err *e);

/* point_file_open() of any name. */
struct point_file *point_file_create(struct point *p, const char *name,
    struct err *e);

/* point_file_commit() of a file that is not for the manifest. */
int point_file_close(struct point_file *f, struct err *e);

#endif
