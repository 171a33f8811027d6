#ifndef BASE_WATCH_H
#define BASE_WATCH_H

#include <stddef.h>
#include <stdint.h>

/*
 * watch - who wants to know how far the files of a transfer are.
 *
 * begin() once, from the thread that started it; then moved() and done() from
 * any thread; end() once.  The labels are valid during begin().
 */
struct watch_disk {
	const char *label;
	uint64_t capacity_bytes; /* 0: it is no disk, or unknown */
};

struct watch {
	void (*begin)(void *self, const struct watch_disk *disks, size_t n);
	/* position: on the virtual disk; bytes: transferred. */
	void (*moved)(void *self, size_t i, uint64_t position, uint64_t bytes);
	void (*done)(void *self, size_t i);
	void (*end)(void *self);
	void *self;
};

#endif
