#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * url - https URLs (and http ones, where somebody asks for them), taken apart
 * strictly.
 *
 * No user info, no fragment, no control characters or blanks; the host is
 * a name, an IPv4 address, an IPv6 address in brackets, or "*" (a lease URL
 * of an ESXi host).  { 0 } is an empty value; url_free() it.
 */
enum { URL_BYTES_MAX = 8192 }; /* a lease URL has about 100 */

struct url {
	char *host;    /* lower case; IPv6 without brackets */
	uint16_t port; /* 443, or 80, if none is given */
	char *path;    /* begins with '/', as given, with the query */
	bool plain;    /* http */
};

/* ERR_PROTO without the text: a lease's URL holds a ticket. */
int url_parse(const char *text, struct url *u, struct err *e);

/* The same, where http is fine, too. */
int url_parse_web(const char *text, struct url *u, struct err *e);

/* "HOST", "HOST:PORT", "[V6]", "[V6]:PORT" or an https URL without path, as
 * given to --server; path becomes "/".  ERR_USAGE with the text. */
int url_parse_server(const char *text, struct url *u, struct err *e);

/* "https://host:port" + path (or http); free() it; NULL only without memory. */
char *url_format(const struct url *u);

/* A path segment or query value with everything but A-Za-z0-9-._~ percent
 * encoded, appended to b. */
void url_add_encoded(struct buf *b, const char *s);

void url_free(struct url *u);

#endif
