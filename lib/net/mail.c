#include "net/mail.h"

#include <curl/curl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/secret.h"
#include "net/mail_dialog.h"
#include "net/mail_server.h"
#include "sys/machine.h"
#include "sys/sig.h"

/* An older name of it has one L more. */
#if LIBCURL_VERSION_NUM >= 0x080200
#define ALLOW_REFUSED CURLOPT_MAIL_RCPT_ALLOWFAILS
#else
#define ALLOW_REFUSED CURLOPT_MAIL_RCPT_ALLLOWFAILS
#endif

struct sending {
	const struct mail *mail;
	struct mail_server server;
	struct mail_dialog dialog;
	CURL *curl;
	struct curl_slist *to;
	struct buf message;
	size_t sent; /* of the message */
	char where[300];
	char error[CURL_ERROR_SIZE];
};

static size_t
on_read(char *p, size_t one, size_t n, void *arg)
{
	struct sending *s = arg;
	size_t left = s->message.len - s->sent;

	n *= one;
	if (n > left)
		n = left;
	memcpy(p, s->message.data + s->sent, n);
	s->sent += n;
	return n;
}

static size_t
on_write(char *p, size_t one, size_t n, void *arg)
{
	(void)p;
	(void)arg;
	return one * n;
}

static int
on_progress(void *arg, curl_off_t down_all, curl_off_t down, curl_off_t up_all,
    curl_off_t up)
{
	(void)arg;
	(void)down_all;
	(void)down;
	(void)up_all;
	(void)up;
	return sig_pending() == 0 ? 0 : 1;
}

/* An answer of the server may repeat the login as it went out: RFC 4648. */
static void
hide(const void *bytes, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = bytes;
	struct buf b = { 0 };
	uint32_t group;
	size_t i, k;

	for (i = 0; i < n; i += 3) {
		group = 0;
		for (k = 0; k < 3; k++)
			group = group << 8 | (i + k < n ? p[i + k] : 0);
		for (k = 0; k < 4; k++)
			buf_char(&b,
			    i + k > n ? '='
				      : digits[group >> (18 - 6 * k) & 63]);
	}
	if (buf_text(&b)[0] != '\0')
		secret_add(b.data, b.len);
	buf_free(&b);
}

static int
set_login(struct sending *s)
{
	const struct mail *m = s->mail;
	struct buf plain = { 0 };
	int bad = 0;

	if (m->user == NULL)
		return 0;
	/* Others would be tried first, and need more than a password. */
	bad |= curl_easy_setopt(s->curl, CURLOPT_LOGIN_OPTIONS,
	    "AUTH=PLAIN;AUTH=LOGIN");
	bad |= curl_easy_setopt(s->curl, CURLOPT_USERNAME, m->user);
	bad |= curl_easy_setopt(s->curl, CURLOPT_PASSWORD, m->password);
	hide(m->password, strlen(m->password));
	buf_char(&plain, '\0');
	buf_puts(&plain, m->user);
	buf_char(&plain, '\0');
	buf_puts(&plain, m->password);
	hide(plain.data, plain.len);
	buf_free(&plain);
	return bad;
}

static int
set_tls(struct sending *s)
{
	const struct mail *m = s->mail;
	CURL *c = s->curl;
	bool lax = s->server.is_loopback && !s->server.tls && m->user == NULL &&
	    m->cacert == NULL;
	int bad = 0;

	bad |= curl_easy_setopt(c, CURLOPT_USE_SSL,
	    (long)(lax ? CURLUSESSL_TRY : CURLUSESSL_ALL));
	bad |= curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	bad |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, lax ? 0L : 1L);
	bad |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, lax ? 0L : 2L);
	if (m->cacert != NULL) {
		bad |= curl_easy_setopt(c, CURLOPT_CAINFO, m->cacert);
		bad |= curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	}
	return bad;
}

static int
set_transport(struct sending *s)
{
	long limit_s = (long)s->mail->timeout_s;
	CURL *c = s->curl;
	char url[400];
	int bad = 0;

	snprintf(url, sizeof(url), "smtp%s://%s", s->server.tls ? "s" : "",
	    s->where);
	bad |= curl_easy_setopt(c, CURLOPT_URL, url);
	bad |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	bad |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	/* None of the environment's either. */
	bad |= curl_easy_setopt(c, CURLOPT_PROXY, "");
	bad |= curl_easy_setopt(c, CURLOPT_NOPROXY, "");
	bad |= curl_easy_setopt(c, CURLOPT_ERRORBUFFER, s->error);
	bad |= curl_easy_setopt(c, CURLOPT_TIMEOUT, limit_s);
	/* The answer to QUIT is beyond the other one. */
	bad |= curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT, limit_s);
	bad |= curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	bad |= curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	bad |= curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, mail_dialog_hear);
	bad |= curl_easy_setopt(c, CURLOPT_DEBUGDATA, &s->dialog);
	return bad;
}

static int
set_message(struct sending *s)
{
	CURL *c = s->curl;
	const char *const *to;
	struct curl_slist *longer;
	int bad = 0;

	for (to = s->mail->to; *to != NULL; to++) {
		longer = curl_slist_append(s->to, *to);
		if (longer == NULL)
			return 1;
		s->to = longer;
	}
	bad |= curl_easy_setopt(c, CURLOPT_MAIL_FROM, s->mail->from);
	bad |= curl_easy_setopt(c, CURLOPT_MAIL_RCPT, s->to);
	bad |= curl_easy_setopt(c, ALLOW_REFUSED, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	bad |= curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE,
	    (curl_off_t)s->message.len);
	bad |= curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	bad |= curl_easy_setopt(c, CURLOPT_READDATA, s);
	bad |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_write);
	return bad;
}

static int
make_message(struct sending *s, struct err *e)
{
	const char *at = strchr(s->mail->from, '@');
	char nonce[MACHINE_NONCE_SIZE], id[300];
	time_t now = clock_now();

	if (machine_nonce(nonce, e) == -1)
		return -1;
	snprintf(id, sizeof(id), "%lld.%s%s", (long long)now, nonce,
	    at == NULL ? "@" : at);
	return mail_format(s->mail, now, id, &s->message, e);
}

static int
check(const struct mail *m, struct err *e)
{
	if (m->cacert != NULL && access(m->cacert, R_OK) == -1)
		return err_sys(e, ERR_CONFIG, "CA file %s", m->cacert);
	if ((m->user == NULL) != (m->password == NULL))
		return err_set(e, ERR_CONFIG,
		    "mail: a user and a password go together");
	return 0;
}

static int
perform(struct sending *s, struct err *e)
{
	const char *detail = s->error;
	long os_errno = 0;
	size_t n_to = 0;
	CURLcode code;

	s->curl = curl_easy_init();
	if (s->curl == NULL || set_transport(s) != 0 || set_tls(s) != 0 ||
	    set_login(s) != 0 || set_message(s) != 0)
		return err_set(e, ERR_OS, "libcurl refuses an option");
	while (s->mail->to[n_to] != NULL)
		n_to++;
	code = curl_easy_perform(s->curl);
	if (code == CURLE_ABORTED_BY_CALLBACK && sig_check(e) == -1)
		return -1;
	curl_easy_getinfo(s->curl, CURLINFO_OS_ERRNO, &os_errno);
	if (code == CURLE_COULDNT_CONNECT && os_errno != 0)
		detail = strerrordesc_np((int)os_errno);
	return mail_dialog_judge(&s->dialog, code, detail, s->mail->timeout_s,
	    n_to, e);
}

int
mail_send(const struct mail *m, struct err *e)
{
	struct sending s = { .mail = m };
	int rc = -1;

	s.dialog.where = s.where;
	if (sig_check(e) == -1 || check(m, e) == -1 ||
	    make_message(&s, e) == -1 ||
	    mail_server_parse(m->via, &s.server, e) == -1)
		goto out;
	snprintf(s.where, sizeof(s.where),
	    strchr(s.server.at.host, ':') != NULL ? "[%s]:%u" : "%s:%u",
	    s.server.at.host, s.server.at.port);
	rc = perform(&s, e);
out:
	curl_easy_cleanup(s.curl); /* says QUIT */
	curl_slist_free_all(s.to);
	buf_free(&s.message);
	mail_dialog_free(&s.dialog);
	mail_server_free(&s.server);
	return rc;
}
