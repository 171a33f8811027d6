#include "net/http_recv.h"

#include <string.h>
#include <strings.h>
#include "base/clock.h"
#include "base/secret.h"
#include "net/http_range.h"
#include "net/http_send.h"
#include "sys/sig.h"

enum {
	MAX_HEAD_BYTES = 256 * 1024,
	MAX_DROPPED_BYTES = 64 * 1024, /* of a body that nobody wants */
	REFUSAL_MS = 3000, /* for the words of one who wants no more of ours */
};

/* One who has refused the body need not be heard to the end. */
static bool
is_refusal_over(const struct http_recv *r, uint64_t now)
{
	return r->refused_ms != 0 && now - r->refused_ms >= REFUSAL_MS;
}

/* libcurl calls this about once a second, and whenever it wakes up. */
static int
on_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
    curl_off_t up)
{
	struct http_recv *r = arg;
	/* Header lines do not count: the head must come within the time. */
	uint64_t moved = (uint64_t)down + (uint64_t)up;
	uint64_t now = clock_mono_ms();

	(void)down_all;
	(void)up_all;
	if (sig_check(r->e) == -1 || is_refusal_over(r, now))
		return 1;
	if (r->req->stop != NULL && *r->req->stop) {
		err_set(r->e, ERR_TEMP, "%s: stopped", r->where);
		return 1;
	}
	if (moved != r->moved) {
		r->moved = moved;
		r->last_ms = now;
	}
	if (r->req->limit_s != 0 &&
	    now - r->start_ms >= r->req->limit_s * 1000ULL) {
		err_set(r->e, ERR_IO, "%s: no whole answer within %u s",
		    r->where, r->req->limit_s);
		return 1;
	}
	r->stalled = now - r->last_ms >= r->stall_s * 1000ULL;
	return r->stalled ? 1 : 0;
}

static int
on_connected(void *arg, char *peer_ip, char *own_ip, int peer_port,
    int own_port)
{
	struct http_recv *r = arg;

	(void)peer_ip;
	(void)own_ip;
	(void)peer_port;
	(void)own_port;
	r->connected = true;
	r->last_ms = clock_mono_ms();
	http_tls_record(r->tls, r->curl);
	return CURL_PREREQFUNC_OK;
}

static size_t
trim(const char **p, size_t n)
{
	while (n > 0 && strchr(" \t\r\n", (*p)[n - 1]) != NULL)
		n--;
	while (n > 0 && (**p == ' ' || **p == '\t')) {
		(*p)++;
		n--;
	}
	return n;
}

/* What is sent back later must not smuggle a header in. */
static bool
is_printable(const char *p, size_t n)
{
	for (; n > 0; p++, n--)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	return true;
}

/* The value of a header line up to stop; false if it is another header or
 * its value does not fit. */
static bool
take_header(const char *line, size_t n, const char *name, char stop, char *out,
    size_t size)
{
	size_t name_len = strlen(name);
	const char *end;

	if (n < name_len || strncasecmp(line, name, name_len) != 0)
		return false;
	line += name_len;
	n -= name_len;
	end = memchr(line, stop, n);
	n = trim(&line, end == NULL ? n : (size_t)(end - line));
	if (n == 0 || n >= size || !is_printable(line, n))
		return false;
	memcpy(out, line, n);
	out[n] = '\0';
	return true;
}

static void
take_cookie(struct http_reply *reply, const char *line, size_t n)
{
	char pair[sizeof(reply->set_cookie)];
	const char *value;
	size_t len;

	/* The first is the session's; more would be masked for ever. */
	if (reply->set_cookie[0] != '\0' ||
	    !take_header(line, n, "Set-Cookie:", ';', pair, sizeof(pair)))
		return;
	value = strchr(pair, '=');
	if (value == NULL || value == pair)
		return;
	value++;
	len = strlen(value);
	if (len >= 2 && value[0] == '"' && value[len - 1] == '"')
		secret_add(value + 1, len - 2);
	else
		secret_add(value, len);
	memcpy(reply->set_cookie, pair, strlen(pair) + 1);
}

/* Only one that says one thing counts. */
static void
take_range(struct http_recv *r, const char *line, size_t n)
{
	static const char name[] = "Content-Range:";
	char text[100];

	if (n < sizeof(name) - 1 ||
	    strncasecmp(line, name, sizeof(name) - 1) != 0)
		return;
	if (r->range == HTTP_RECV_NONE &&
	    take_header(line, n, name, '\n', text, sizeof(text)) &&
	    http_range_parse(text, &r->said) == 0)
		r->range = HTTP_RECV_RANGE;
	else
		r->range = HTTP_RECV_BAD;
}

/* The body must not begin if it is not what was asked for. */
static int
judge_range(struct http_recv *r)
{
	int status = r->reply->status;
	bool is_known = r->range == HTTP_RECV_RANGE;

	if (is_known)
		r->reply->of = (int64_t)r->said.of;
	if (r->req->range.bytes == 0 || (status != 200 && status != 206))
		return 0;
	return http_range_check(&r->req->range, status,
	    is_known ? &r->said : NULL, r->reply->length, r->where, r->e);
}

static int
end_head(struct http_recv *r)
{
	curl_off_t length = -1;
	long status = 0;

	r->in_head = false;
	r->last_ms = clock_mono_ms();
	curl_easy_getinfo(r->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(r->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (status < 200)
		return 0;
	r->reply->status = (int)status;
	r->reply->length = length;
	if (r->req->source != NULL && status >= 300 && !http_send_is_done(r))
		r->refused_ms = r->last_ms;
	return judge_range(r);
}

static size_t
on_header(char *line, size_t one, size_t n, void *arg)
{
	struct http_recv *r = arg;
	char *type = r->reply->content_type, *c, coding[64];

	n *= one;
	r->head_bytes += n;
	if (r->head_bytes > MAX_HEAD_BYTES) {
		err_set(r->e, ERR_PROTO, "%s: more than %d bytes of headers",
		    r->where, MAX_HEAD_BYTES);
		return 0;
	}
	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		r->in_head = true;
		r->chunked = false;
		r->range = HTTP_RECV_NONE;
		r->reply->modified[0] = '\0';
	}
	if (!r->in_head)
		return n; /* trailers of a chunked body */
	if (n > 0 && (line[0] == '\r' || line[0] == '\n'))
		return end_head(r) == -1 ? 0 : n;
	take_cookie(r->reply, line, n);
	take_range(r, line, n);
	take_header(line, n, "Last-Modified:", '\n', r->reply->modified,
	    sizeof(r->reply->modified));
	if (take_header(line, n, "Transfer-Encoding:", ';', coding,
		sizeof(coding)))
		r->chunked = strcasestr(coding, "chunked") != NULL;
	if (take_header(line, n, "Content-Type:", ';', type,
		sizeof(r->reply->content_type)))
		for (c = type; *c != '\0'; c++)
			if (*c >= 'A' && *c <= 'Z')
				*c = (char)(*c - 'A' + 'a');
	return n;
}

static bool
is_beyond_range(const struct http_recv *r, size_t n)
{
	return r->reply->status == 206 && r->req->range.bytes != 0 &&
	    n > r->req->range.bytes - r->reply->bytes;
}

static size_t
on_body(char *p, size_t one, size_t n, void *arg)
{
	struct http_recv *r = arg;
	int status = r->reply->status, rc;

	n *= one;
	if (r->req->sink.write == NULL ||
	    !(r->req->any_status || status == 200 || status == 206)) {
		r->dropped += n;
		r->enough = r->dropped > MAX_DROPPED_BYTES;
		return r->enough ? 0 : n;
	}
	if (is_beyond_range(r, n)) {
		err_set(r->e, ERR_PROTO,
		    "%s: more than the %ju bytes of the range", r->where,
		    (uintmax_t)r->req->range.bytes);
		return 0;
	}
	rc = flow_write(&r->req->sink, p, n, r->e);
	r->last_ms = clock_mono_ms();
	if (rc == -1)
		return 0;
	r->reply->bytes += n;
	return n;
}

bool
http_recv_is_cut(const struct http_recv *r)
{
	int status = r->reply->status;

	return !r->chunked && r->reply->length == -1 && !r->tls->closed &&
	    strcmp(r->req->method, "HEAD") != 0 && status != 204 &&
	    status != 304;
}

bool
http_recv_is_short(const struct http_recv *r)
{
	return r->reply->status == 206 && r->req->sink.write != NULL &&
	    r->reply->bytes < r->req->range.bytes;
}

int
http_recv_apply(struct http_recv *r)
{
	CURL *c = r->curl;
	int bad = 0;

	r->last_ms = clock_mono_ms();
	bad |= curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	bad |= curl_easy_setopt(c, CURLOPT_XFERINFODATA, r);
	bad |= curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	bad |= curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, on_connected);
	bad |= curl_easy_setopt(c, CURLOPT_PREREQDATA, r);
	bad |= curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	bad |= curl_easy_setopt(c, CURLOPT_HEADERDATA, r);
	bad |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	bad |= curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	return bad;
}
