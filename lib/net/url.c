#include "net/url.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/num.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, HOST_MAX = 253 };

static const char scheme[] = "https://", plain[] = "http://";
static const char no_memory[] = "out of memory";

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

/* "127.1" and "0x7f.1" are addresses for some resolvers and names for
 * others: what ends in a number must be a whole IPv4 address. */
static bool
is_name(const char *host)
{
	const char *last = strrchr(host, '.'), *p;
	struct in_addr v4;

	for (p = host; *p != '\0'; p++)
		if (!is_alnum(*p) && strchr("-_.", *p) == NULL)
			return false;
	if (!is_alnum(host[0]) || strstr(host, "..") != NULL)
		return false;
	last = last == NULL ? host : last + 1;
	if (last[strspn(last, "0123456789")] == '\0' ||
	    strncasecmp(last, "0x", 2) == 0)
		return inet_pton(AF_INET, host, &v4) == 1;
	return true;
}

static const char *
set_host(struct url *u, const char *p, size_t n, bool v6)
{
	struct in6_addr address;
	char *c;

	if (n == 0)
		return "no host";
	if (n > HOST_MAX)
		return "host too long";
	u->host = strndup(p, n);
	if (u->host == NULL)
		return no_memory;
	for (c = u->host; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (v6)
		return inet_pton(AF_INET6, u->host, &address) == 1
		    ? NULL
		    : "bad IPv6 address";
	if (strcmp(u->host, "*") == 0 || is_name(u->host))
		return NULL;
	return "bad host name";
}

/* rest: what is behind the host: nothing or ":PORT". */
static const char *
set_port(struct url *u, const char *rest, size_t n)
{
	uint64_t port = u->plain ? HTTP_PORT : HTTPS_PORT;

	if (n != 0 &&
	    (rest[0] != ':' ||
		num_scan(rest + 1, n - 1, UINT16_MAX, &port) == -1 ||
		port == 0))
		return "bad port";
	u->port = (uint16_t)port;
	return NULL;
}

static const char *
set_authority(struct url *u, const char *p, size_t n)
{
	bool v6 = n > 0 && p[0] == '[';
	const char *end, *why;

	if (memchr(p, '@', n) != NULL)
		return "a user name is not allowed";
	end = memchr(p, v6 ? ']' : ':', n);
	if (v6 && end == NULL)
		return "bad IPv6 address";
	if (!v6 && end != memrchr(p, ':', n))
		return "an IPv6 address needs brackets";
	if (v6)
		why = set_host(u, p + 1, (size_t)(end++ - p) - 1, true);
	else
		why = set_host(u, p, end == NULL ? n : (size_t)(end - p),
		    false);
	if (why != NULL)
		return why;
	return set_port(u, end, end == NULL ? 0 : n - (size_t)(end - p));
}

static const char *
set_path(struct url *u, const char *p)
{
	const char *slash = p[0] == '/' ? "" : "/";

	if (asprintf(&u->path, "%s%s", slash, p) != -1)
		return NULL;
	u->path = NULL;
	return no_memory;
}

static const char *
check_bytes(const char *p)
{
	for (; *p != '\0'; p++) {
		if (*p <= 0x20 || *p >= 0x7f)
			return "blanks and unencoded characters are not allowed";
		if (*p == '#')
			return "a fragment is not allowed";
	}
	return NULL;
}

/* From behind the scheme; the reason if it is no URL. */
static const char *
parse(const char *p, struct url *u)
{
	size_t n = strcspn(p, "/?");
	const char *why = check_bytes(p);

	if (why == NULL)
		why = set_authority(u, p, n);
	if (why == NULL)
		why = set_path(u, p + n);
	return why;
}

static int
parse_whole(const char *text, bool may_be_plain, struct url *u, struct err *e)
{
	const char *why = may_be_plain ? "neither http nor https" : "not https";

	*u = (struct url){ 0 };
	if (strnlen(text, URL_BYTES_MAX + 1) > URL_BYTES_MAX) {
		why = "too long";
	} else if (strncasecmp(text, scheme, sizeof(scheme) - 1) == 0) {
		why = parse(text + sizeof(scheme) - 1, u);
	} else if (may_be_plain &&
	    strncasecmp(text, plain, sizeof(plain) - 1) == 0) {
		u->plain = true;
		why = parse(text + sizeof(plain) - 1, u);
	}
	if (why == NULL)
		return 0;
	url_free(u);
	/* Not the text: a ticket may be in it. */
	return err_set(e, why == no_memory ? ERR_OS : ERR_PROTO, "bad URL: %s",
	    why);
}

int
url_parse(const char *text, struct url *u, struct err *e)
{
	return parse_whole(text, false, u, e);
}

int
url_parse_web(const char *text, struct url *u, struct err *e)
{
	return parse_whole(text, true, u, e);
}

int
url_parse_server(const char *text, struct url *u, struct err *e)
{
	const char *host = text, *why;

	*u = (struct url){ 0 };
	if (strncasecmp(text, scheme, sizeof(scheme) - 1) == 0)
		host += sizeof(scheme) - 1;
	if (strstr(host, "://") != NULL)
		why = "not https";
	else
		why = parse(host, u);
	if (why == NULL && strcmp(u->path, "/") != 0)
		why = "a path is not allowed";
	if (why == NULL && strcmp(u->host, "*") == 0)
		why = "bad host name";
	if (why == NULL)
		return 0;
	url_free(u);
	/* What stands before an '@' may be a password. */
	if (strchr(text, '@') != NULL)
		return err_set(e, ERR_USAGE,
		    "server: a user name is not allowed here, use --user");
	return err_set(e, why == no_memory ? ERR_OS : ERR_USAGE,
	    "server %s: %s", text, why);
}

char *
url_format(const struct url *u)
{
	bool v6 = strchr(u->host, ':') != NULL;
	char *text;

	if (asprintf(&text, "%s%s%s%s:%u%s", u->plain ? plain : scheme,
		v6 ? "[" : "", u->host, v6 ? "]" : "", u->port, u->path) == -1)
		return NULL;
	return text;
}

void
url_add_encoded(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (is_alnum(*s) || strchr("-._~", *s) != NULL)
			buf_char(b, *s);
		else
			buf_fmt(b, "%%%02X", (unsigned char)*s);
	}
}

void
url_free(struct url *u)
{
	free(u->host);
	free(u->path);
	*u = (struct url){ 0 };
}
