/*
 * dsserver - a server with one file on its datastore, a session at it, and the
 * pauses that the client would make, which it makes not.
 *
 * It answers well but for what its steps say; its log has a line a request
 * and a pause.
 */
#ifndef UNIT_DSSERVER_H
#define UNIT_DSSERVER_H

#include <sys/socket.h>
#include "httpstory.h"
#include "vsphere/dsfile.h"
#include "vsphere/dsfile_pause.h"
#include "wirefake.h"

enum { DSSERVER_BYTES = 1000, DSSERVER_BYTES_MAX = 192 << 10 };

#define DSSERVER_NAME "[ds1] web/web-flat.vmdk"
#define DSSERVER_DATE "Mon, 02 Jan 2023 03:04:05 GMT"

/* What becomes of the next request. */
struct dsserver_step {
	enum { DS_END, DS_SERVE, DS_SAY, DS_CUT, DS_RESET, DS_SILENT } how;
	const char *text; /* of DS_SAY: the answer, head and body */
	int bytes; /* of DS_CUT, DS_RESET: the body's until then, -1: no head */
};

#define DSSERVER_STATUS(status)                                                \
	{                                                                      \
		DS_SAY, "HTTP/1.1 " status " X\r\nContent-Length: 2\r\n\r\nno" \
	}
/* An answer to HEAD has no body. */
#define DSSERVER_HEAD(status)                                                \
	{                                                                    \
		DS_SAY, "HTTP/1.1 " status " X\r\nContent-Length: 2\r\n\r\n" \
	}

static struct {
	struct tlsserver server;
	struct vim *v;
	const struct dsserver_step *step; /* ends with DS_END */
	const char *modified;             /* DSSERVER_DATE if NULL */
	bool logs_urls;
	bool logs_cookies;
	int size;
	struct buf log;       /* guarded by server.lock while that runs */
	volatile bool *stops; /* set by the next pause */
} dsserver;

static char dsserver_file[DSSERVER_BYTES_MAX];
static unsigned int dsserver_stall_s = 60; /* valgrind is slow */

int
dsfile_pause(unsigned int ms, const volatile bool *stop, struct err *e)
{
	pthread_mutex_lock(&dsserver.server.lock);
	buf_fmt(&dsserver.log, "pause %u\n", ms);
	pthread_mutex_unlock(&dsserver.server.lock);
	if (dsserver.stops != NULL)
		*dsserver.stops = true;
	if (stop != NULL && *stop)
		return err_set(e, ERR_TEMP, "stopped");
	return 0;
}

static inline void
dsserver_note(const char *request)
{
	const char *range = strstr(request, "\r\nRange: bytes=");
	const char *cookie = strstr(request, "\r\nCookie: ");
	struct buf *b = &dsserver.log;

	pthread_mutex_lock(&dsserver.server.lock);
	buf_add(b, request, strcspn(request, dsserver.logs_urls ? "\r" : " "));
	if (dsserver.logs_urls)
		buf_cut(b, b->len - strlen(" HTTP/1.1"));
	if (range != NULL)
		buf_fmt(b, " %.*s", (int)strcspn(range + 15, "\r"), range + 15);
	if (dsserver.logs_cookies)
		buf_fmt(b, " %.*s",
		    cookie == NULL ? 0 : (int)strcspn(cookie + 10, "\r"),
		    cookie == NULL ? "" : cookie + 10);
	buf_char(b, '\n');
	pthread_mutex_unlock(&dsserver.server.lock);
}

/* The whole file or the range asked for, up to limit bytes of it. */
static inline void
dsserver_serve(SSL *ssl, const char *request, int limit)
{
	const char *range = strstr(request, "\r\nRange: bytes=");
	int from = 0, to = dsserver.size - 1, n;
	char head[500];

	if (range != NULL && sscanf(range + 15, "%d-%d", &from, &to) != 2)
		abort();
	n = snprintf(head, sizeof(head),
	    "HTTP/1.1 %d X\r\nContent-Length: %d\r\nLast-Modified: %s\r\n",
	    range != NULL ? 206 : 200, to - from + 1,
	    dsserver.modified != NULL ? dsserver.modified : DSSERVER_DATE);
	if (range != NULL)
		snprintf(head + n, sizeof(head) - (size_t)n,
		    "Content-Range: bytes %d-%d/%d\r\n", from, to,
		    dsserver.size);
	tlsserver_say(ssl, head);
	tlsserver_say(ssl, "\r\n");
	n = to - from + 1 < limit ? to - from + 1 : limit;
	if (n > 0 && strncmp(request, "HEAD ", 5) != 0)
		tlsserver_send(ssl, dsserver_file + from, (size_t)n);
}

static inline bool
dsserver_script(struct tlsserver *s, SSL *ssl)
{
	static const struct dsserver_step well = { DS_SERVE };
	struct linger now = { .l_onoff = 1 };
	const struct dsserver_step *step = &well;
	const char *request = tlsserver_request(s);

	dsserver_note(request);
	if (dsserver.step != NULL && dsserver.step->how != DS_END)
		step = dsserver.step++;
	if (step->how == DS_SAY)
		tlsserver_say(ssl, step->text);
	if (step->how == DS_SILENT)
		tlsserver_hang(ssl);
	if (step->how == DS_SERVE)
		dsserver_serve(ssl, request, dsserver.size);
	if (step->how == DS_CUT || step->how == DS_RESET) {
		if (step->bytes != -1)
			dsserver_serve(ssl, request, step->bytes);
		nap(100);
	}
	if (step->how == DS_CUT)
		SSL_shutdown(ssl);
	if (step->how == DS_RESET)
		setsockopt(SSL_get_fd(ssl), SOL_SOCKET, SO_LINGER, &now,
		    sizeof(now));
	return step->how == DS_SAY || step->how == DS_SERVE;
}

static inline void
dsserver_begin(const struct dsserver_step *steps)
{
	struct vim_conf conf = { .user = "u", .password = "p", .run = "r" };
	struct err e = { 0 };
	char at[40];
	int i;

	buf_free(&dsserver.log);
	memset(&dsserver, 0, sizeof(dsserver));
	dsserver.size = DSSERVER_BYTES;
	for (i = 0; i < DSSERVER_BYTES_MAX; i++)
		dsserver_file[i] = (char)(i * 7 + i / 256);
	dsserver.step = steps;
	dsserver.server.script = dsserver_script;
	tlsserver_start(&dsserver.server);
	snprintf(at, sizeof(at), "127.0.0.1:%u", dsserver.server.port);
	conf.server = at;
	conf.http.pin = dsserver.server.pin;
	conf.http.stall_s = dsserver_stall_s;
	wirefake.logins = 0;
	dsserver.v = vim_open(&conf, &e);
	CHECK_STR(e.text, "");
}

/* Every step was taken, and this is the log. */
static inline void
dsserver_end(const char *log)
{
	vim_free(dsserver.v);
	tlsserver_stop(&dsserver.server);
	CHECK(dsserver.step == NULL || dsserver.step->how == DS_END);
	if (log != NULL)
		CHECK_STR(buf_text(&dsserver.log), log);
	buf_free(&dsserver.log);
}

/* An error's text, with the server's port as PORT. */
static inline const char *
dsserver_error(const struct err *e)
{
	static char text[sizeof(e->text)];
	char port[8];
	const char *at;

	snprintf(port, sizeof(port), ":%u", dsserver.server.port);
	at = strstr(e->text, port);
	if (at == NULL)
		return e->text;
	snprintf(text, sizeof(text), "%.*s:PORT%s", (int)(at - e->text),
	    e->text, at + strlen(port));
	return text;
}

#endif
