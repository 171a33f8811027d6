#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stddef.h>

/*
 * secret - texts that no log line and no message may show.
 *
 * Whoever learns a secret (a password, a session cookie, a lease ticket)
 * adds it; log masks every added text in what it writes.  Texts of
 * less than 4 bytes are not masked: they would hide half of every line.
 * Any thread.
 */
void secret_add(const char *text, size_t n);

/* Replaces every added text in the n bytes at line by '*', in place. */
void secret_mask(char *line, size_t n);

/* Wipes and forgets all of them; at the end of the program. */
void secret_free(void);

#endif
