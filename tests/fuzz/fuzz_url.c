#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
same_part(CURLU *c, CURLUPart part, const char *want)
{
	char *got = NULL;

	if (curl_url_get(c, part, &got, 0) != CURLUE_OK ||
	    strcmp(got, want) != 0)
		abort();
	curl_free(got);
}

/* libcurl must see the host that we have judged. */
static void
curl_agrees(const struct url *u, const char *text)
{
	CURLU *c = curl_url();
	char host[300], port[8], *got = NULL;

	snprintf(host, sizeof(host), "%s%s%s",
	    strchr(u->host, ':') != NULL ? "[" : "", u->host,
	    strchr(u->host, ':') != NULL ? "]" : "");
	snprintf(port, sizeof(port), "%u", u->port);
	if (curl_url_set(c, CURLUPART_URL, text, CURLU_PATH_AS_IS) != CURLUE_OK)
		abort();
	/* It writes an IPv6 address anew. */
	if (host[0] != '[')
		same_part(c, CURLUPART_HOST, host);
	same_part(c, CURLUPART_PORT, port);
	if (curl_url_get(c, CURLUPART_USER, &got, 0) != CURLUE_NO_USER)
		abort();
	curl_url_cleanup(c);
}

static void
judge(const struct url *u)
{
	char *text = url_format(u), *again;
	struct err e = { 0 };
	struct url v;

	if (url_parse(text, &v, &e) == -1)
		abort();
	again = url_format(&v);
	if (strcmp(text, again) != 0)
		abort();
	if (strcmp(u->host, "*") != 0)
		curl_agrees(u, text);
	url_free(&v);
	free(text);
	free(again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct url u;

	buf_add(&b, data, n);
	if (url_parse(buf_text(&b), &u, &e) == 0)
		judge(&u);
	url_free(&u);
	if (url_parse_server(buf_text(&b), &u, &e) == 0)
		judge(&u);
	url_free(&u);
	buf_free(&b);
	return 0;
}
