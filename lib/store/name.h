#ifndef STORE_NAME_H
#define STORE_NAME_H

#include <stdbool.h>
#include <stddef.h>

/*
 * name - file names made of names that come from a server
 * (esxbk-backup(5), NAMES).
 *
 * % / \ : " * ? < > |, control characters, invalid UTF-8, leading dots,
 * dashes and blanks, trailing dots and blanks are percent-encoded byte by byte
 * with upper-case hex, and so is the first letter of Windows' reserved names
 * (CON, nul.txt).  An empty name is "%00".  A result of more than 120 bytes is
 * cut at a character and gets "~" and the first 8 hex digits of the VM's
 * uuid.  Uncut results differ if the names do.
 */

/* uuid: the VM's instance or BIOS uuid.  force_uuid: always add "~uuid8"
 * (two VMs whose names collide).  free() the result; NULL without memory. */
char *name_local(const char *name, const char *uuid, bool force_uuid);

/* The same with longest bytes in place of 120. */
char *name_local_short(const char *name, const char *uuid, bool force_uuid,
    size_t longest);

/* First 8 hex digits of a uuid in lower case, 0 for what is missing; NULL has
 * none; out holds 9 bytes. */
void name_uuid8(const char *uuid, char out[9]);

/* One visible name in UTF-8: not empty, no dot in front, no '/', no control
 * character. */
bool name_is_file(const char *name);

#endif
