#ifndef CODEC_TAR_H
#define CODEC_TAR_H

#include <stdint.h>
#include <time.h>
#include "base/err.h"

/*
 * tar - a member's header in a tar archive, as an OVA has them: ustar, only
 * regular files, and from 8 GiB on GNU's base-256 size, which vSphere reads;
 * it does not read pax headers.
 *
 * Behind the header come the member's bytes and tar_padding() zeros, behind
 * the last member two blocks of zeros.
 */
enum {
	TAR_BLOCK_BYTES = 512,
	TAR_PART_BYTES = 100, /* longest name without a '/' */
	TAR_NAME_SIZE = 155 + 1 + TAR_PART_BYTES + 1,
};

struct tar_member {
	char name[TAR_NAME_SIZE];
	uint64_t size_bytes;
	time_t mtime; /* one before 1970 is written as 0 */
};

/* Mode 0444, uid and gid 0, no user's or group's name.  ERR_DATA if the name
 * or the size does not fit. */
int tar_format(const struct tar_member *m, unsigned char block[TAR_BLOCK_BYTES],
    struct err *e);

/* 1: a member, 0: a block of zeros, -1: ERR_DATA.  The name is any bytes:
 * it is the caller's to refuse "../x". */
int tar_parse(const unsigned char block[TAR_BLOCK_BYTES], struct tar_member *m,
    struct err *e);

/* Zeros from the last byte of a member to the next header. */
unsigned int tar_padding(uint64_t size_bytes);

#endif
