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
	int fd;               /* of the partial; locked, see point_sweep() */
	bool made;            /* the partial exists */
	pthread_mutex_t lock; /* guards files */
	struct listing files;
};

/* point_file_open() of any name. */
struct point_file *point_file_create(struct point *p, const char *name,
    struct err *e);

/* point_file_commit() of a file that is not for the manifest. */
int point_file_close(struct point_file *f, struct err *e);

#endif
