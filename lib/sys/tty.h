#ifndef SYS_TTY_H
#define SYS_TTY_H

#include <stdbool.h>
#include "base/err.h"

/*
 * tty - the person at the terminal.
 */

bool tty_is_stderr(void);

/* Columns of stderr's terminal, 80 if unknown. */
unsigned int tty_columns(void);

/* Asks on /dev/tty without echo; the answer is added to base/secret.
 * NULL with ERR_USAGE if there is no terminal.  free() the answer. */
char *tty_ask_secret(const char *prompt, struct err *e);

#endif
