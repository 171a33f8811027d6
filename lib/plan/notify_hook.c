#include "plan/notify_hook.h"

#include <string.h>
#include "base/secret.h"
#include "net/http.h"
#include "net/url.h"

static bool
is_healthchecks(const struct conf_notify *n, const struct url *u)
{
	if (n->style != CONF_STYLE_BY_URL)
		return n->style == CONF_STYLE_HEALTHCHECKS;
	return strcmp(u->host, "hc-ping.com") == 0 ||
	    memmem(u->path, strcspn(u->path, "?"), "/ping/", 6) != NULL;
}

static const char *
suffix(const struct conf_notify *n, const struct url *u, enum conf_event event)
{
	if (!is_healthchecks(n, u))
		return "";
	if (event == CONF_START)
		return "/start";
	return event == CONF_FAILURE ? "/fail" : "";
}

/* Whoever knows it may use it. */
static void
hide(const char *path, size_t n)
{
	if (n > 1)
		secret_add(path, n);
	if (path[n] == '?')
		secret_add(path + n, strlen(path + n));
}

int
notify_hook_url(const struct conf_notify *n, enum conf_event event,
    struct buf *b, struct err *e)
{
	size_t url_len = strcspn(n->url, "?"), path_len;
	struct url u;
	const char *more;

	if (url_parse_web(n->url, &u, e) == -1)
		return -1;
	path_len = strcspn(u.path, "?");
	hide(u.path, path_len);
	more = suffix(n, &u, event);
	if (more[0] != '\0' && n->url[url_len - 1] == '/')
		more++;
	buf_add(b, n->url, url_len);
	buf_fmt(b, "%s%s", more, n->url + url_len);
	url_free(&u);
	return buf_check(b, e);
}

static bool
may_pass(int status)
{
	return status == 408 || status == 429 || status >= 500;
}

/* What it says of --thumbprint and --cacert is for the command line. */
static void
drop_hint(struct err *e)
{
	char *hint = strstr(e->text, "; if it is this server's");

	if (hint != NULL)
		*hint = '\0';
}

/* A status is an answer, whatever became of the rest. */
static int
judge(const struct http_reply *reply, const char *host, int rc, struct err *e)
{
	if (reply->status >= 200 && reply->status < 300) {
		err_clear(e);
		return 0;
	}
	if (reply->status != 0) {
		err_clear(e);
		return err_set(e,
		    may_pass(reply->status) ? ERR_UNAVAIL : ERR_PROTO,
		    "%s answers %d%s", host, reply->status,
		    reply->status < 400 ? ", and redirects are not followed"
					: "");
	}
	drop_hint(e);
	/* It may have been heard; once more is better than never. */
	if (rc == -1 && e->class == ERR_IO)
		e->class = ERR_UNAVAIL;
	return rc;
}

static int
post(const struct conf_notify *n, const char *url, const struct buf *document,
    unsigned int timeout_s, struct err *e)
{
	static const char *const headers[] = { "Content-Type: application/json",
		NULL };
	struct http_conf conf = { .cacert = n->cacert, .stall_s = timeout_s };
	struct http_req req = { .method = "POST",
		.url = url,
		.headers = headers,
		.body = document->data,
		.body_len = document->len,
		.plain = true,
		.fresh = true,
		.limit_s = timeout_s };
	struct http_reply reply = { 0 };
	struct http *h = http_open(&conf, e);
	struct url u = { 0 };
	int rc = -1;

	if (h == NULL || url_parse_web(url, &u, e) == -1)
		goto out;
	rc = http_do(h, &req, &reply, e);
	rc = judge(&reply, u.host, rc, e);
out:
	url_free(&u);
	http_free(h);
	return rc;
}

int
notify_hook_post(const struct conf_notify *n, enum conf_event event,
    const struct buf *document, unsigned int timeout_s, struct err *e)
{
	struct buf url = { 0 };
	int rc = notify_hook_url(n, event, &url, e);

	if (rc == 0)
		rc = post(n, buf_text(&url), document, timeout_s, e);
	buf_free(&url);
	return rc;
}
