#ifndef NET_MAIL_H
#define NET_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * mail - one message to an SMTP server (libcurl; RFC 5321, 5322, 2047, 8314).
 *
 * smtp:// with STARTTLS demanded, or smtps://; the certificate is checked in
 * any case but with smtp:// to a loopback address, where a local server may
 * have no TLS at all.  A password is sent over TLS only.
 */
struct mail {
	const char *via; /* "smtps://smtp.example.org", "smtp://host:587" */
	const char *user, *password; /* or NULL */
	const char *cacert;          /* or NULL */
	const char *from;
	const char *const *to; /* NULL at the end */
	const char *subject;   /* UTF-8 */
	const char *text;      /* UTF-8, lines ending in \n */
	unsigned int timeout_s;
};

/* The whole message with its head, as it goes out: pure but for the date and
 * the message id. */
int mail_format(const struct mail *m, long long now, const char *id,
    struct buf *b, struct err *e);

/* ERR_UNAVAIL no connection; ERR_PROTO TLS; ERR_PERM login refused; ERR_IO
 * refused by the server, with its words. */
int mail_send(const struct mail *m, struct err *e);

#endif
