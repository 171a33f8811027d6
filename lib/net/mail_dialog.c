#include "net/mail_dialog.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/log.h"
#include "base/num.h"
#include "base/secret.h"
#include "base/utf8.h"

/* What else goes out is part of a login, and kept nowhere. */
static const char *const verbs[] = { "EHLO ", "HELO ", "STARTTLS", "AUTH ",
	"MAIL FROM:", "RCPT TO:", "DATA", "QUIT" };

static void
hear_command(struct mail_dialog *d, const char *line, size_t n)
{
	const char *verb = NULL;
	size_t i, len;

	for (i = 0; verb == NULL && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (n >= strlen(verbs[i]) &&
		    memcmp(line, verbs[i], strlen(verbs[i])) == 0)
			verb = verbs[i];
	/* libcurl takes its leave before we hear what went wrong. */
	d->is_over |= verb != NULL && strcmp(verb, "QUIT") == 0;
	if (verb == NULL || d->is_over)
		return;
	len = strcspn(verb, " :");
	snprintf(d->command, sizeof(d->command), "%.*s", (int)len, verb);
	d->address[0] = '\0';
	if (strcmp(d->command, "RCPT") == 0)
		snprintf(d->address, sizeof(d->address), "%.*s",
		    (int)(n - strlen(verb)), line + strlen(verb));
	d->address[strcspn(d->address, "\r\n")] = '\0';
	d->code = 0;
	d->reply[0] = '\0';
	log_protocol("%s > %s %s", d->where, d->command, d->address);
}

static void
add_refused(struct mail_dialog *d)
{
	buf_fmt(&d->refused, "%s%s: %s", d->n_refused == 0 ? "" : "; ",
	    d->address, d->reply);
	d->n_refused++;
}

/* "550-5.1.1 first", "550 5.1.1 last": one answer (RFC 5321, 4.2.1). */
static void
hear_reply(struct mail_dialog *d, const char *line, size_t n)
{
	uint64_t code;
	size_t at;

	if (d->is_over)
		return;
	while (n > 0 && strchr("\r\n ", line[n - 1]) != NULL)
		n--;
	if (n < 3 || num_scan(line, 3, 599, &code) == -1 || code < 200 ||
	    (n > 3 && line[3] != ' ' && line[3] != '-'))
		return;
	if (!d->goes_on)
		snprintf(d->reply, sizeof(d->reply), "%03u",
		    (unsigned int)code);
	at = strlen(d->reply);
	if (n > 4)
		snprintf(d->reply + at, sizeof(d->reply) - at, " %.*s",
		    (int)(n - 4), line + 4);
	d->code = (unsigned int)code;
	d->goes_on = n > 3 && line[3] == '-';
	if (d->goes_on)
		return;
	secret_mask(d->reply, strlen(d->reply));
	utf8_make_line(d->reply);
	log_protocol("%s < %s", d->where, d->reply);
	if (d->code >= 400 && strcmp(d->command, "RCPT") == 0)
		add_refused(d);
}

int
mail_dialog_hear(CURL *c, curl_infotype type, char *line, size_t n, void *data)
{
	(void)c;
	if (type == CURLINFO_HEADER_OUT)
		hear_command(data, line, n);
	else if (type == CURLINFO_HEADER_IN)
		hear_reply(data, line, n);
	return 0;
}

static int
refused_some(const struct mail_dialog *d, size_t n_to, struct err *e)
{
	if (d->n_refused >= n_to)
		return err_set(e, ERR_IO, "%s refuses %s", d->where,
		    buf_text(&d->refused));
	return err_set(e, ERR_IO, "%s refuses %zu of %zu recipients: %s",
	    d->where, d->n_refused, n_to, buf_text(&d->refused));
}

static int
no_answer(const struct mail_dialog *d, unsigned int timeout_s, struct err *e)
{
	if (d->command[0] == '\0')
		return err_set(e, ERR_UNAVAIL, "%s: no connection within %u s",
		    d->where, timeout_s);
	return err_set(e, ERR_IO, "%s: no answer to %s within %u s", d->where,
	    d->command, timeout_s);
}

/* The cases in which libcurl's result says it all. */
static int
judge_code(const struct mail_dialog *d, CURLcode code, const char *detail,
    struct err *e)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		return err_set(e, ERR_UNAVAIL, "%s: cannot resolve the name",
		    d->where);
	case CURLE_COULDNT_CONNECT:
		return err_set(e, ERR_UNAVAIL, "%s: cannot connect: %s",
		    d->where, detail);
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_set(e, ERR_PROTO, "%s: certificate not trusted: %s",
		    d->where, detail);
	case CURLE_USE_SSL_FAILED:
		return err_set(e, ERR_PROTO,
		    "%s: no STARTTLS there, and nothing is sent without",
		    d->where);
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
		/* OpenSSL's own words begin so; else the peer went away. */
		if (strstr(detail, "error:") == NULL)
			return err_set(e, ERR_UNAVAIL,
			    "%s: connection lost in the TLS handshake",
			    d->where);
		return err_set(e, ERR_PROTO, "%s: TLS handshake failed: %s",
		    d->where, detail);
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(e, ERR_CONFIG, "%s: no CA certificates there",
		    d->where);
	case CURLE_OUT_OF_MEMORY:
		return err_set(e, ERR_OS, "%s: out of memory", d->where);
	default:
		return 0;
	}
}

int
mail_dialog_judge(const struct mail_dialog *d, CURLcode code,
    const char *detail, unsigned int timeout_s, size_t n_to, struct err *e)
{
	bool login = code == CURLE_LOGIN_DENIED || code == CURLE_AUTH_ERROR;

	if (detail[0] == '\0')
		detail = curl_easy_strerror(code);
	if (code == CURLE_OK)
		return d->n_refused == 0 ? 0 : refused_some(d, n_to, e);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return no_answer(d, timeout_s, e);
	if (judge_code(d, code, detail, e) == -1)
		return -1;
	if (login && d->code < 400)
		return err_set(e, ERR_PERM,
		    "%s: no way to log in there (PLAIN, LOGIN)", d->where);
	if (login)
		return err_set(e, ERR_PERM, "%s: login refused: %s", d->where,
		    d->reply);
	if (d->code >= 400 && d->n_refused > 0 &&
	    strcmp(d->command, "RCPT") == 0)
		return refused_some(d, n_to, e);
	if (d->code >= 400)
		return err_set(e, ERR_IO, "%s refuses %s: %s", d->where,
		    d->command[0] == '\0' ? "us" : d->command, d->reply);
	if (d->command[0] == '\0')
		return err_set(e, ERR_UNAVAIL, "%s: no connection: %s",
		    d->where, detail);
	return err_set(e, ERR_IO, "%s: connection broken after %s: %s",
	    d->where, d->command, detail);
}

void
mail_dialog_free(struct mail_dialog *d)
{
	buf_free(&d->refused);
}
