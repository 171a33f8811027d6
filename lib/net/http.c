#include "net/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/clock.h"
#include "base/log.h"
#include "net/http_fail.h"
#include "net/http_recv.h"
#include "net/http_send.h"
#include "net/http_tls.h"
#include "net/url.h"
#include "sys/sig.h"

#ifndef ESXBK_VERSION
#define ESXBK_VERSION "0"
#endif

enum {
	STALL_S = 300,
	MAX_STALL_S = 7 * 24 * 3600,
	BUFFER_BYTES = 512 * 1024,
	/* A POST sent into a connection that its server is just closing is
	 * sent again by libcurl: keep idle ones for a short time only. */
	MAX_IDLE_S = 30,
};

struct http {
	CURL *curl;
	struct http_tls tls;
	struct curl_slist *resolve; /* "NAME=ADDR" */
	unsigned int stall_s;
	uint64_t bwlimit;
	bool by_proxy;
	char error[CURL_ERROR_SIZE];
};

int
http_init(struct err *e)
{
	const curl_version_info_data *v;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, ERR_OS, "libcurl does not start");
	v = curl_version_info(CURLVERSION_NOW);
	if (v->version_num < 0x075700)
		return err_set(e, ERR_OS, "libcurl %s is too old: 7.87 needed",
		    v->version);
	if (v->ssl_version == NULL ||
	    strncmp(v->ssl_version, "OpenSSL/", 8) != 0)
		return err_set(e, ERR_OS,
		    "libcurl was built with %s: OpenSSL needed",
		    v->ssl_version == NULL ? "no TLS" : v->ssl_version);
	return 0;
}

void
http_cleanup(void)
{
	curl_global_cleanup();
}

/* Hex digits at s, pairs with or without a colon between; -1 if it is
 * something else. */
static int
parse_hex(const char *s, char *out, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;
	const char *d;

	for (; *s != '\0'; s++) {
		if (*s == ':' && n != 0 && n % 2 == 0 && s[-1] != ':' &&
		    s[1] != '\0')
			continue;
		d = strchr(digits, *s >= 'A' && *s <= 'F' ? *s + 32 : *s);
		if (d == NULL || n + 1 >= size)
			return -1;
		out[n++] = *d;
	}
	out[n] = '\0';
	return (int)n;
}

int
http_pin_parse(const char *text, char pin[HTTP_PIN_SIZE])
{
	static const struct {
		const char *prefix;
		int length;
	} kinds[] = { { "sha256:", 64 }, { "sha1:", 40 } };
	char hex[64 + 1];
	size_t i, n;
	int length;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		n = strlen(kinds[i].prefix);
		n = strncasecmp(text, kinds[i].prefix, n) == 0 ? n : 0;
		length = parse_hex(text + n, hex, sizeof(hex));
		if (length == kinds[i].length) {
			snprintf(pin, HTTP_PIN_SIZE, "%s%s", kinds[i].prefix,
			    hex);
			return 0;
		}
	}
	return -1;
}

static int
set_transport(struct http *h, const struct http_conf *conf)
{
	curl_off_t speed = conf->bwlimit > INT64_MAX
	    ? INT64_MAX
	    : (curl_off_t)conf->bwlimit;
	const char *proxy = conf->proxy == NULL ? "" : conf->proxy;
	CURL *c = h->curl;
	int bad = 0;

	h->by_proxy = proxy[0] != '\0';
	bad |= curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->error);
	bad |= curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	bad |= curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	/* Do not wait for a name server when we are told to stop. */
	bad |= curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	bad |= curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
	bad |= curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, (long)MAX_IDLE_S);
	bad |= curl_easy_setopt(c, CURLOPT_PROXY, proxy);
	bad |= curl_easy_setopt(c, CURLOPT_NOPROXY, "");
	bad |= curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_USERAGENT, "esxbk/" ESXBK_VERSION);
	bad |= curl_easy_setopt(c, CURLOPT_MAX_RECV_SPEED_LARGE, speed);
	bad |= curl_easy_setopt(c, CURLOPT_MAX_SEND_SPEED_LARGE, speed);
	return bad;
}

static int
add_line(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer == NULL)
		return -1;
	*list = longer;
	return 0;
}

static int
set_resolve(struct http *h, const char *const *list, struct err *e)
{
	unsigned char address[sizeof(struct in6_addr)];
	const char *eq;

	for (; list != NULL && *list != NULL; list++) {
		eq = strchr(*list, '=');
		if (eq == NULL || eq == *list ||
		    (inet_pton(AF_INET, eq + 1, address) != 1 &&
			inet_pton(AF_INET6, eq + 1, address) != 1))
			return err_set(e, ERR_USAGE,
			    "resolve %s: not NAME=ADDRESS", *list);
		if (add_line(&h->resolve, *list) == -1)
			return err_set(e, ERR_OS, "out of memory");
	}
	return 0;
}

static int
check_conf(const struct http_conf *conf, struct err *e)
{
	FILE *f;

	/* The proxy's certificate would meet the pin of the server. */
	if (conf->proxy != NULL && strncasecmp(conf->proxy, "https:", 6) == 0)
		return err_set(e, ERR_USAGE,
		    "a proxy is reached by http or socks5, not https");
	if (conf->cacert == NULL)
		return 0;
	f = fopen(conf->cacert, "re");
	if (f == NULL)
		return err_sys(e, ERR_USAGE, "CA file %s", conf->cacert);
	fclose(f);
	return 0;
}

struct http *
http_open(const struct http_conf *conf, struct err *e)
{
	struct http *h = NULL;

	if (check_conf(conf, e) == -1)
		return NULL;
	h = calloc(1, sizeof(*h));
	if (h == NULL || (h->curl = curl_easy_init()) == NULL) {
		err_set(e, ERR_OS, "libcurl: out of memory");
		goto out;
	}
	h->stall_s = conf->stall_s == 0 ? STALL_S : conf->stall_s;
	if (h->stall_s > MAX_STALL_S)
		h->stall_s = MAX_STALL_S;
	h->bwlimit = conf->bwlimit;
	h->tls.insecure = conf->insecure;
	if (conf->pin != NULL && http_pin_parse(conf->pin, h->tls.pin) == -1) {
		err_set(e, ERR_USAGE,
		    "thumbprint %s: neither SHA-256 nor SHA-1", conf->pin);
		goto out;
	}
	if (set_transport(h, conf) != 0) {
		err_set(e, ERR_OS, "libcurl refuses an option");
		goto out;
	}
	if (http_tls_apply(&h->tls, h->curl, conf->cacert, e) == -1 ||
	    set_resolve(h, conf->resolve, e) == -1)
		goto out;
	return h;
out:
	http_free(h);
	return NULL;
}

static bool
is_header(const char *s)
{
	for (; *s != '\0'; s++)
		if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

static int
add_range(const struct http_range *r, struct curl_slist **list, struct err *e)
{
	char line[80];
	uint64_t last;

	if (r->bytes == 0)
		return 0;
	if (__builtin_add_overflow(r->first, r->bytes - 1, &last))
		return err_set(e, ERR_BUG, "bad range");
	snprintf(line, sizeof(line), "Range: bytes=%ju-%ju",
	    (uintmax_t)r->first, (uintmax_t)last);
	if (add_line(list, line) == -1)
		return err_set(e, ERR_OS, "out of memory");
	return 0;
}

/* Without the empty ones libcurl would add values of its own. */
static int
make_headers(const struct http_req *req, struct curl_slist **list,
    struct err *e)
{
	const char *const *h;

	if (req->cookie != NULL && !is_header(req->cookie))
		return err_set(e, ERR_BUG, "bad cookie");
	if (req->source != NULL && (req->body != NULL || req->source_len < -1))
		return err_set(e, ERR_BUG, "bad body");
	if (add_line(list, "Expect:") == -1 ||
	    add_line(list, "Content-Type:") == -1)
		return err_set(e, ERR_OS, "out of memory");
	for (h = req->headers; h != NULL && *h != NULL; h++) {
		if (!is_header(*h))
			return err_set(e, ERR_BUG, "bad header");
		if (add_line(list, *h) == -1)
			return err_set(e, ERR_OS, "out of memory");
	}
	return add_range(&req->range, list, e);
}

/* libcurl wants "NAME:PORT:ADDRESS": only now is the port known. */
static int
make_resolve(const struct http *h, const struct url *u,
    struct curl_slist **list, struct err *e)
{
	size_t n = strlen(u->host);
	struct curl_slist *at;
	char entry[400];

	for (at = h->resolve; at != NULL; at = at->next) {
		if (strncasecmp(at->data, u->host, n) != 0 ||
		    at->data[n] != '=')
			continue;
		snprintf(entry, sizeof(entry), "%s:%u:%s", u->host, u->port,
		    at->data + n + 1);
		if (add_line(list, entry) == -1)
			return err_set(e, ERR_OS, "out of memory");
		break;
	}
	return 0;
}

static int
set_method(CURL *c, const struct http_req *req)
{
	bool head = strcmp(req->method, "HEAD") == 0;
	bool body = req->source == NULL &&
	    (req->body != NULL || strcmp(req->method, "POST") == 0);
	int bad = 0;

	bad |= curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	if (head)
		bad |= curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	if (body) {
		bad |= curl_easy_setopt(c, CURLOPT_POST, 1L);
		bad |= curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)req->body_len);
		bad |= curl_easy_setopt(c, CURLOPT_POSTFIELDS,
		    req->body == NULL ? "" : req->body);
	}
	bad |= curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST,
	    head ? NULL : req->method);
	return bad;
}

static int
perform(struct http_recv *r, const struct url *u, struct curl_slist *headers,
    struct curl_slist *resolve)
{
	const struct http_req *req = r->req;
	char *text = url_format(u);
	CURL *c = r->curl;
	int bad = http_recv_apply(r);
	CURLcode code = CURLE_OUT_OF_MEMORY;
	/* Only in a used connection does libcurl send a request again. */
	bool alone = req->fresh || req->source != NULL;

	if (text == NULL)
		return code;
	bad |= curl_easy_setopt(c, CURLOPT_URL, text);
	bad |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR,
	    u->plain ? "http" : "https");
	bad |= curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, alone ? 1L : 0L);
	bad |= curl_easy_setopt(c, CURLOPT_FORBID_REUSE,
	    req->source != NULL ? 1L : 0L);
	bad |= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)r->stall_s);
	bad |= curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	bad |= curl_easy_setopt(c, CURLOPT_RESOLVE, resolve);
	bad |= curl_easy_setopt(c, CURLOPT_COOKIE, req->cookie);
	bad |= curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING,
	    req->decode ? "" : NULL);
	bad |= set_method(c, req);
	bad |= curl_easy_setopt(c, CURLOPT_SOCKOPTFUNCTION, NULL);
	if (req->source != NULL)
		bad |= http_send_apply(r);
	if (bad == 0)
		code = curl_easy_perform(c);
	free(text);
	return code;
}

static struct http_fail
describe(struct http *h, const struct http_recv *r, CURLcode code)
{
	struct http_fail f = { .code = code,
		.where = r->where,
		.detail = h->error,
		.by_proxy = h->by_proxy,
		.connected = r->connected,
		.bytes = r->reply->bytes,
		.stall_s = r->stall_s };
	long os_errno = 0;

	curl_easy_getinfo(h->curl, CURLINFO_OS_ERRNO, &os_errno);
	f.os_errno = (int)os_errno;
	if (r->req->source == NULL)
		return f;
	f.sent_all = http_send_is_done(r);
	f.sends = !f.sent_all || r->reply->status == 0;
	if (f.sends)
		f.bytes = r->reply->sent;
	return f;
}

/* Which of the things that ended the transfer came first. */
static int
conclude(struct http *h, const struct http_recv *r, CURLcode code)
{
	struct http_fail f = describe(h, r, code);

	if (r->e->class != ERR_NONE)
		return -1;
	if (r->enough || r->refused_ms != 0)
		return 0;
	/* Who has it all and has said so: the words behind do not matter. */
	if (f.sent_all && r->reply->status != 0)
		return 0;
	if (code == CURLE_OK && r->req->source != NULL)
		return http_send_early(r);
	if (code == CURLE_OK && http_recv_is_cut(r)) {
		f.code = CURLE_PARTIAL_FILE;
		f.detail = "the connection was lost";
		return http_fail_set(&f, r->e);
	}
	if (code == CURLE_OK && http_recv_is_short(r)) {
		f.code = CURLE_PARTIAL_FILE;
		f.detail = "that is less than the range";
		return http_fail_set(&f, r->e);
	}
	if (code == CURLE_OK)
		return 0;
	if (h->tls.refusal != HTTP_TLS_FINE ||
	    code == CURLE_PEER_FAILED_VERIFICATION)
		return http_tls_explain(&h->tls, r->where, r->e);
	if (r->stalled)
		return http_fail_stalled(&f, r->e);
	return http_fail_set(&f, r->e);
}

static int
run(struct http *h, struct http_recv *r, const struct url *u, struct err *e)
{
	struct curl_slist *headers = NULL, *resolve = NULL;
	uint64_t start_ms = clock_mono_ms();
	CURLcode code;
	int rc = -1;

	if (make_headers(r->req, &headers, e) == -1 ||
	    make_resolve(h, u, &resolve, e) == -1)
		goto out;
	http_tls_begin(&h->tls);
	h->error[0] = '\0';
	code = perform(r, u, headers, resolve);
	if (r->req->source != NULL)
		r->reply->sent = http_send_bytes(r);
	rc = conclude(h, r, code);
	memcpy(r->reply->peer, h->tls.peer, sizeof(h->tls.peer));
	log_protocol("%s %s%s: %d, %ju bytes, %ju ms", r->req->method, r->where,
	    u->path, r->reply->status,
	    (uintmax_t)(r->reply->bytes + r->reply->sent),
	    (uintmax_t)(clock_mono_ms() - start_ms));
out:
	curl_slist_free_all(headers);
	curl_slist_free_all(resolve);
	return rc;
}

int
http_do(struct http *h, const struct http_req *req, struct http_reply *reply,
    struct err *e)
{
	char where[300];
	struct http_recv r = { .curl = h->curl,
		.tls = &h->tls,
		.req = req,
		.reply = reply,
		.e = e,
		.where = where,
		.stall_s = h->stall_s,
		.bwlimit = h->bwlimit,
		.start_ms = clock_mono_ms() };
	struct url u;
	int rc = -1;

	*reply = (struct http_reply){ .length = -1, .of = -1 };
	if (req->stall_s != 0 && req->stall_s < r.stall_s)
		r.stall_s = req->stall_s;
	if (sig_check(e) == -1 ||
	    (req->plain ? url_parse_web(req->url, &u, e)
			: url_parse(req->url, &u, e)) == -1)
		return -1;
	snprintf(where, sizeof(where),
	    strchr(u.host, ':') != NULL ? "[%s]:%u" : "%s:%u", u.host, u.port);
	if (strcmp(u.host, "*") == 0)
		err_set(e, ERR_BUG, "URL of any host");
	else
		rc = run(h, &r, &u, e);
	url_free(&u);
	return rc;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->curl);
	curl_slist_free_all(h->resolve);
	free(h);
}
