#include "net/http_send.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include "base/clock.h"

enum {
	BUFFER_BYTES = 256 * 1024, /* more gains nothing */
	UNSENT_BYTES = 128 * 1024,
	MIN_PORTION = 16 * 1024,
	PORTIONS_A_SECOND = 8, /* of a limited bandwidth */
};

/* The source must have nothing behind the bytes that were announced. */
static int
read_end(struct http_recv *r)
{
	char more;
	ssize_t n = flow_read(r->req->source, &more, 1, r->e);

	if (n == -1)
		return -1;
	if (n != 0)
		return err_set(r->e, ERR_DATA,
		    "%s: there is more to send than %jd bytes", r->where,
		    (intmax_t)r->req->source_len);
	r->all_given = true;
	return 0;
}

static ssize_t
read_part(struct http_recv *r, char *p, size_t room)
{
	uint64_t left = r->req->source_len < 0
	    ? UINT64_MAX
	    : (uint64_t)r->req->source_len - r->given;
	ssize_t n;

	/* libcurl counts what has gone out whole: the first is one record, so
	 * that "nothing was sent" is true. */
	if (r->given == 0 && room > MIN_PORTION)
		room = MIN_PORTION;
	if (room > r->portion)
		room = r->portion;
	if (room > left)
		room = (size_t)left;
	if (room == 0)
		return 0;
	n = flow_read(r->req->source, p, room, r->e);
	if (n == -1)
		return -1;
	if (n == 0 && r->req->source_len >= 0)
		return err_set(r->e, ERR_DATA,
		    "%s: there is less to send than %jd bytes: %ju", r->where,
		    (intmax_t)r->req->source_len, (uintmax_t)r->given);
	r->given += (uint64_t)n;
	if (n == 0)
		r->all_given = true;
	else if ((uint64_t)n == left && read_end(r) == -1)
		return -1;
	return n;
}

static size_t
on_read(char *p, size_t one, size_t n, void *arg)
{
	struct http_recv *r = arg;
	ssize_t got;

	/* A chunked body would end well if it ended here. */
	if (r->refused_ms != 0)
		return r->req->source_len < 0 ? CURL_READFUNC_ABORT : 0;
	got = read_part(r, p, one * n);
	r->last_ms = clock_mono_ms();
	return got == -1 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* Megabytes that wait in the kernel for a slow line would look like progress
 * first and like silence then. */
static int
on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	int n = UNSENT_BYTES;

	(void)arg;
	(void)purpose;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &n, sizeof(n));
	return CURL_SOCKOPT_OK;
}

/* A large portion at a small rate would be a burst and a long silence. */
static size_t
portion_of(uint64_t bwlimit)
{
	uint64_t n = bwlimit / PORTIONS_A_SECOND;

	if (bwlimit == 0 || n > BUFFER_BYTES)
		return BUFFER_BYTES;
	return n < MIN_PORTION ? MIN_PORTION : (size_t)n;
}

int
http_send_apply(struct http_recv *r)
{
	CURL *c = r->curl;
	int bad = 0;

	r->portion = portion_of(r->bwlimit);
	if (r->req->source_len == 0 && read_end(r) == -1)
		return CURLE_ABORTED_BY_CALLBACK;
	bad |= curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)r->req->source_len);
	bad |= curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE,
	    (long)BUFFER_BYTES);
	bad |= curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, on_socket);
	bad |= curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	bad |= curl_easy_setopt(c, CURLOPT_READDATA, r);
	return bad;
}

uint64_t
http_send_bytes(const struct http_recv *r)
{
	curl_off_t n = 0;

	/* With chunks their heads are in it, too. */
	curl_easy_getinfo(r->curl, CURLINFO_SIZE_UPLOAD_T, &n);
	return (uint64_t)n < r->given ? (uint64_t)n : r->given;
}

bool
http_send_is_done(const struct http_recv *r)
{
	return r->all_given && http_send_bytes(r) == r->given;
}

int
http_send_early(const struct http_recv *r)
{
	return err_set(r->e, ERR_IO, "%s: answer %d after only %ju bytes",
	    r->where, r->reply->status, (uintmax_t)http_send_bytes(r));
}
