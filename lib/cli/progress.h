#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/watch.h"

/*
 * progress - how far the disks of this run are, on stderr.
 *
 * No thread of its own: progress_set() draws if it is time to.  On a terminal
 * that is one line a disk, drawn over at most five times a second and moved
 * out of the way of messages (base/log's hook); elsewhere a message a disk
 * every 10 s, or a JSON line a disk every second.  Any thread may call
 * progress_set() and progress_done(); all functions take NULL.  At most one
 * progress at a time.
 */
struct progress;

/* mode: "auto", "always", "never", "json".  "auto" shows nothing unless
 * stderr is a terminal that can move its cursor, and with -q.  The labels
 * are copied. */
struct progress *progress_open(const char *mode, const struct watch_disk *disks,
    size_t n, struct err *e);

/* position: of the last grain on the virtual disk, so that the percentage
 * does not depend on how well the disk compresses; moved: bytes transferred. */
void progress_set(struct progress *p, size_t disk, uint64_t position_bytes,
    uint64_t moved_bytes);
void progress_done(struct progress *p, size_t disk);

/* Shows a job's transfer with progress_open() and the rest; mode must last as
 * long. */
struct watch progress_watch(const char **mode);

/* The last lines stay on the screen. */
void progress_free(struct progress *p);

/* What one line tells; the caller measures the times. */
struct progress_state {
	const char *label; /* as it came from the server */
	uint64_t capacity_bytes;
	uint64_t position_bytes;
	uint64_t moved_bytes;
	uint64_t elapsed_ms; /* 0 and nothing moved: waiting */
	uint64_t recent_ms;  /* of this span are the next two: for speed */
	uint64_t recent_position_bytes;
	uint64_t recent_moved_bytes;
	bool done;
};

/* Appends a line without newline of at most columns; the label is cut or
 * padded to label_columns, less if there is no room. */
void progress_format(const struct progress_state *s, unsigned int label_columns,
    unsigned int columns, struct buf *b);
int progress_format_json(const struct progress_state *s, struct buf *b,
    struct err *e);

/* Columns of a label as it is shown: without control characters. */
unsigned int progress_format_columns(const char *label);

#endif
