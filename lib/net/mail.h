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
 * any case but one: smtp:// to a loopback address, without a user and a CA
 * file, where a local server may have no TLS at all.  A password is sent over
 * checked TLS only.
 */
struct mail {
	const char *via; /* "smtps://smtp.example.org", "smtp://host:587" */
	const char *user, *password; /* or NULL */
	const char *cacert;          /* or NULL */
	const char *from;
	const char *const *to; /* NULL at the end */
	const char *subject;   /* UTF-8, one line */
	const char *text;      /* UTF-8, lines ending in \n */
	unsigned int timeout_s;
};

/* "user@example.org", without a name or brackets; else ERR_CONFIG. */
int mail_check_address(const char *text, struct err *e);

/* What `via` takes: smtp:// or smtps://, a host, perhaps a port; else
 * ERR_CONFIG. */
int mail_check_server(const char *via, struct err *e);

/* The whole message with its head, as it goes out: pure.  id: "x@y".  Text of
 * ASCII goes as it is, other text or long lines as quoted-printable; bytes
 * that are no UTF-8 become U+FFFD.  A subject or address that is none, or that
 * would smuggle a line in, is ERR_CONFIG. */
int mail_format(const struct mail *m, long long now, const char *id,
    struct buf *b, struct err *e);

/* ERR_UNAVAIL no connection; ERR_PROTO TLS; ERR_PERM login refused; ERR_IO
 * refused by the server, with its words, or broken off.  If it refuses some of
 * the recipients, the others get their mail, and the error names the ones that
 * do not. */
int mail_send(const struct mail *m, struct err *e);

#endif
