#ifndef NET_MAIL_SERVER_H
#define NET_MAIL_SERVER_H

#include <stdbool.h>
#include "base/err.h"
#include "net/url.h"

/*
 * mail_server - what `via` of a mail says, taken apart.
 *
 * { 0 } is empty; mail_server_free() it in any case.
 */
struct mail_server {
	struct url at; /* host and port */
	bool tls;      /* from the first byte: smtps */
	bool is_loopback;
};

/* ERR_CONFIG without the text: a password may be in it. */
int mail_server_parse(const char *via, struct mail_server *s, struct err *e);
void mail_server_free(struct mail_server *s);

#endif
