#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * file - files and folders of this machine, by path.
 *
 * Errors name the path and carry the text of errno.
 */

/* Appends the whole file to b; more than b->limit bytes are ERR_DATA. */
int file_read(const char *path, struct buf *b, struct err *e);

/* The same for a file that others may have put there: ERR_DATA if it is a
 * link, or no file but a device or a pipe, which might hold us up. */
int file_read_plain(const char *path, struct buf *b, struct err *e);

/* The first line of a secret's file: it must be regular, belong to us or
 * root and give nothing to group and others, unless any_mode.  The line is
 * added to base/secret.  NULL on failure; free() it. */
char *file_read_secret(const char *path, bool any_mode, struct err *e);

/* The same of a credential: $CREDENTIALS_DIRECTORY/NAME, of any mode, if systemd
 * set that, else /etc/esxbk/credentials/NAME. */
char *file_read_credential(const char *name, struct err *e);

/* First line of what fd gives until its end, as a secret. */
char *file_read_secret_fd(int fd, struct err *e);

/* Makes one folder (0755 and the umask), durably: its parent is synced.  One
 * that exists is fine. */
int file_mkdir(const char *path, struct err *e);

/* fsync of a folder: makes names in it durable, where the file system can do
 * that.  Of an open one: -1 with errno. */
int file_sync_dir(const char *path, struct err *e);
int file_fsync_dir(int fd);

/* Bytes free for us on the file system that holds path. */
int file_free_bytes(const char *path, uint64_t *bytes, struct err *e);

/* Removes a folder and all in it, without following links. */
int file_remove_tree(const char *path, struct err *e);

/* "dir/name", malloc'ed; NULL only without memory. */
char *file_join(const char *dir, const char *name);

#endif
