#include "net/http_fail.h"

#include <stdio.h>
#include <string.h>

enum more { NOTHING, ERRNO, DETAIL, BYTES };

static const struct meaning {
	CURLcode code;
	int class;
	enum more more;
	const char *text;
} meanings[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, ERR_UNAVAIL, NOTHING,
	    "cannot resolve the name" },
	{ CURLE_COULDNT_RESOLVE_PROXY, ERR_UNAVAIL, NOTHING,
	    "cannot resolve the proxy's name" },
	{ CURLE_COULDNT_CONNECT, ERR_UNAVAIL, ERRNO, "cannot connect" },
	{ CURLE_INTERFACE_FAILED, ERR_UNAVAIL, ERRNO, "cannot connect" },
	{ CURLE_PROXY, ERR_UNAVAIL, DETAIL, "cannot connect by the proxy" },
	{ CURLE_SSL_CONNECT_ERROR, ERR_PROTO, DETAIL, "TLS handshake failed" },
	{ CURLE_SSL_CIPHER, ERR_PROTO, DETAIL, "TLS handshake failed" },
	{ CURLE_SSL_CERTPROBLEM, ERR_PROTO, DETAIL, "TLS handshake failed" },
	{ CURLE_SSL_ISSUER_ERROR, ERR_PROTO, DETAIL, "TLS handshake failed" },
	{ CURLE_SSL_INVALIDCERTSTATUS, ERR_PROTO, DETAIL,
	    "TLS handshake failed" },
	{ CURLE_SSL_CACERT_BADFILE, ERR_USAGE, NOTHING,
	    "no CA certificates could be read; use --cacert or --thumbprint" },
	{ CURLE_UNSUPPORTED_PROTOCOL, ERR_PROTO, NOTHING,
	    "the answer is not HTTP" },
	{ CURLE_WEIRD_SERVER_REPLY, ERR_PROTO, DETAIL,
	    "the answer is not HTTP" },
	{ CURLE_PARTIAL_FILE, ERR_IO, BYTES, "transfer cut off" },
	{ CURLE_RECV_ERROR, ERR_IO, BYTES, "transfer broken" },
	{ CURLE_SEND_ERROR, ERR_IO, BYTES, "transfer broken" },
	{ CURLE_SEND_FAIL_REWIND, ERR_IO, BYTES, "transfer broken" },
	{ CURLE_READ_ERROR, ERR_IO, BYTES, "transfer broken" },
	{ CURLE_WRITE_ERROR, ERR_IO, BYTES, "transfer broken" },
	{ CURLE_BAD_CONTENT_ENCODING, ERR_IO, BYTES, "damaged compression" },
	{ CURLE_GOT_NOTHING, ERR_IO, NOTHING, "closed without an answer" },
	{ CURLE_OUT_OF_MEMORY, ERR_OS, NOTHING, "out of memory" },
	{ CURLE_FAILED_INIT, ERR_OS, NOTHING, "libcurl does not start" },
	{ CURLE_URL_MALFORMAT, ERR_PROTO, NOTHING, "bad URL" },
	{ CURLE_BAD_FUNCTION_ARGUMENT, ERR_BUG, NOTHING, "bad request" },
};

static const struct meaning *
find(CURLcode code)
{
	size_t i;

	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].code == code)
			return &meanings[i];
	return NULL;
}

/* The peer went away, which may pass; had it disagreed, OpenSSL would have
 * put an "error:0A000...:" into the words. */
static bool
is_lost_in_handshake(const struct http_fail *f)
{
	return f->code == CURLE_SSL_CONNECT_ERROR &&
	    (strstr(f->detail, "error:") == NULL ||
		strstr(f->detail, "unexpected eof") != NULL);
}

int
http_fail_stalled(const struct http_fail *f, struct err *e)
{
	if (!f->connected)
		return err_set(e, ERR_UNAVAIL, "%s: no connection within %u s",
		    f->where, f->stall_s);
	if (f->sent_all)
		return err_set(e, ERR_IO,
		    "%s: no answer for %u s after all %ju bytes", f->where,
		    f->stall_s, (uintmax_t)f->bytes);
	return err_set(e, ERR_IO, "%s: no byte for %u s after %ju bytes",
	    f->where, f->stall_s, (uintmax_t)f->bytes);
}

static int
sending_failed(const struct http_fail *f, const char *text, const char *detail,
    struct err *e)
{
	if (f->bytes == 0 && !f->sent_all)
		return err_set(e, ERR_UNAVAIL, "%s: connection lost: %s",
		    f->where, detail);
	return err_set(e, ERR_IO, "%s: %s after %s%ju bytes: %s", f->where,
	    text, f->sent_all ? "all " : "", (uintmax_t)f->bytes, detail);
}

int
http_fail_set(const struct http_fail *f, struct err *e)
{
	const struct meaning *m = find(f->code);
	const char *detail = f->detail[0] != '\0' ? f->detail
						  : curl_easy_strerror(f->code);

	/* What libcurl 7.88 says of an endless header line. */
	if (f->code == CURLE_OUT_OF_MEMORY && f->connected &&
	    (f->sends || f->bytes == 0))
		return err_set(e, ERR_PROTO, "%s: a header line is too long",
		    f->where);
	if (f->code == CURLE_OPERATION_TIMEDOUT)
		return http_fail_stalled(f, e);
	if (is_lost_in_handshake(f))
		return err_set(e, ERR_UNAVAIL,
		    "%s: connection lost in the TLS handshake", f->where);
	if ((m == NULL || m->class == ERR_IO) && !f->connected)
		return err_set(e, ERR_UNAVAIL, "%s: no connection: %s",
		    f->where, detail);
	if (m == NULL)
		return err_set(e, ERR_IO, "%s: %s", f->where,
		    curl_easy_strerror(f->code));
	if (m->class == ERR_IO && f->sends)
		return sending_failed(f, m->text, detail, e);
	if (m->more == ERRNO && f->os_errno != 0)
		return err_set(e, m->class, "%s: %s%s: %s", f->where, m->text,
		    f->by_proxy ? " to the proxy" : "",
		    strerrordesc_np(f->os_errno));
	if (m->more == DETAIL)
		return err_set(e, m->class, "%s: %s: %s", f->where, m->text,
		    detail);
	if (m->more == BYTES)
		return err_set(e, m->class, "%s: %s after %ju bytes: %s",
		    f->where, m->text, (uintmax_t)f->bytes, detail);
	return err_set(e, m->class, "%s: %s", f->where, m->text);
}
