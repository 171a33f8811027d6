#ifndef STORE_PACKAGE_H
#define STORE_PACKAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/flow.h"
#include "codec/json.h"
#include "codec/tar.h"
#include "image/mf.h"
#include "image/ovf.h"

/*
 * package - an OVF package as somebody hands it to us: a point, an .ovf with
 * its files beside it, or an OVA.
 *
 * Untrusted: no link is followed and nothing outside the package's folder is
 * opened; descriptor, manifest, certificate and record have limits of size.
 * Opening reads these small ones and the list of files, no disk.  What is
 * well-formed opens; whether the parts agree with each other is verify's
 * matter.  { 0 } is empty; after opening any thread may read.
 */
struct package_file {
	char *name; /* as an href would have it: "web01-disk1.vmdk" */
	uint64_t size_bytes;
	uint64_t offset; /* in the archive, else 0 */
};

struct package {
	char *path; /* as it was given */
	bool is_archive;
	int fd;     /* of the folder, or of the archive */
	char *stem; /* "web01" of "web01.ovf" */
	char *descriptor_name;
	struct buf descriptor; /* the text */
	struct ovf ovf;
	char *manifest_name; /* NULL: there is none */
	struct buf manifest_text;
	struct mf manifest;
	char *certificate_name; /* NULL: there is none */
	struct buf certificate;
	json_t *record; /* backup.json of a point, or NULL */
	/* Regular files in the package: of an archive all of them; of a folder
	 * those that descriptor or manifest name, and, in a point, all. */
	struct package_file *files;
	size_t n_files;
	char **strange; /* names in a folder that are no regular file */
	size_t n_strange;
};

/* What is not well-formed, part by part; { 0 } where all is well. */
struct package_faults {
	struct err whole; /* the archive; two descriptors */
	struct err descriptor;
	struct err manifest;
	struct err certificate;
	struct err record;
};

/* path: a point's folder, an .ovf, an .mf (the .ovf of its stem), or an .ova.
 * A folder with no or more than one descriptor, and anything else that is no
 * backup, is ERR_DATA; what is not there ERR_NOTFOUND; errors name path. */
int package_open(const char *path, struct package *p, struct err *e);

/* The same for who looks for damage: opens what can be told to be, or to have
 * been, a package.  A part with a fault is empty; descriptor_name is NULL if
 * an archive's is not to be found. */
int package_survey(const char *path, struct package *p,
    struct package_faults *f, struct err *e);
/* A package that passes on a pipe, member by member; it begins as { .fd = -1,
 * .is_archive = true } with a path.  1: from gave the descriptor, or its
 * manifest or certificate, which was read; 0: anything else, listed only, its
 * bytes are the caller's; -1. */
int package_pass(struct package *p, const struct tar_member *m,
    const struct source *from, struct package_faults *f, struct err *e);
const struct package_file *package_find(const struct package *p,
    const char *name);
void package_close(struct package *p);

/* The bytes of one of its files, from the start; shorter than size_bytes is
 * ERR_IO. */
struct package_reader;
struct package_reader *package_read_open(const struct package *p,
    const struct package_file *f, struct err *e);
ssize_t package_read(struct package_reader *r, void *to, size_t n,
    struct err *e);

/* n bytes from offset on, all of them. */
int package_read_at(struct package_reader *r, uint64_t offset, void *to,
    size_t n, struct err *e);
struct source package_source(struct package_reader *r); /* package_read() */

/* For a reader of its own by pread(), of a file in a folder. */
int package_read_fd(const struct package_reader *r);
void package_read_close(struct package_reader *r); /* NULL is fine */

#endif
