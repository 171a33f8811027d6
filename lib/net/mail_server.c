#include "net/mail_server.h"

#include <stdio.h>
#include <string.h>

enum { SMTP_PORT = 25, SMTPS_PORT = 465 };

static bool
is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 ||
	    (strncmp(host, "127.", 4) == 0 &&
		host[strspn(host, "0123456789.")] == '\0');
}

static bool
has_port(const char *authority)
{
	const char *v6 = strchr(authority, ']');

	return strchr(v6 == NULL ? authority : v6, ':') != NULL;
}

int
mail_server_parse(const char *via, struct mail_server *s, struct err *e)
{
	struct err why = { 0 };
	const char *rest;
	char text[300];

	*s = (struct mail_server){ 0 };
	s->tls = strncmp(via, "smtps://", 8) == 0;
	if (!s->tls && strncmp(via, "smtp://", 7) != 0)
		return err_set(e, ERR_CONFIG,
		    "mail server: neither smtp:// nor smtps://");
	rest = via + (s->tls ? 8 : 7);
	if (strpbrk(rest, "/?#") != NULL)
		return err_set(e, ERR_CONFIG,
		    "mail server: nothing may stand behind host and port");
	/* The rules for host and port are those of any URL. */
	if (snprintf(text, sizeof(text), "https://%s", rest) >=
	    (int)sizeof(text))
		return err_set(e, ERR_CONFIG, "mail server: too long");
	if (url_parse(text, &s->at, &why) == -1)
		return err_set(e, ERR_CONFIG, "mail server: %s", why.text);
	if (strcmp(s->at.host, "*") == 0)
		return err_set(e, ERR_CONFIG,
		    "mail server: bad URL: bad host name");
	if (!has_port(rest))
		s->at.port = s->tls ? SMTPS_PORT : SMTP_PORT;
	s->is_loopback = is_loopback(s->at.host);
	return 0;
}

void
mail_server_free(struct mail_server *s)
{
	url_free(&s->at);
}
