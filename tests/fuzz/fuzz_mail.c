#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"
#include "net/mail.h"
#include "net/mail_dialog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* ASCII in lines of no more than 998 bytes that end in CR LF, and no empty one
 * before the text but the one that ends the head. */
static const char *
check_wire(const char *message)
{
	static const char last[] = "\r\nContent-Transfer-Encoding: ";
	const char *body = strstr(message, "\r\n\r\n"), *p, *line = message;

	for (p = message; *p != '\0'; p++) {
		if ((unsigned char)*p > '~' ||
		    ((unsigned char)*p < ' ' && strchr("\r\n\t", *p) == NULL) ||
		    (*p == '\r') != (p[1] == '\n'))
			abort();
		if (*p != '\n')
			continue;
		if (p - 1 - line > 998)
			abort();
		line = p + 1;
	}
	if (body == NULL || line != p)
		abort();
	p = strstr(message, last);
	if (p == NULL || p > body || strchr(p + 2, '\n') != body + 1)
		abort();
	return body + 4;
}

static int
hex(char c)
{
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* What a reader makes of the body. */
static void
decode(const char *p, bool quoted, struct buf *b)
{
	for (; *p != '\0'; p++) {
		if (*p == '\r') {
			continue;
		} else if (!quoted || *p != '=') {
			buf_char(b, *p);
		} else if (p[1] == '\r') {
			p += 2;
		} else {
			buf_char(b, (char)(hex(p[1]) << 4 | hex(p[2])));
			p += 2;
		}
	}
}

static void
check_mail(const char *subject, const char *text)
{
	static const char *const to[] = { "a@b", NULL };
	const struct mail m = { .from = "c@d",
		.to = to,
		.subject = subject,
		.text = text };
	struct buf message = { 0 }, got = { 0 }, want = { 0 };
	struct err e = { 0 };
	const char *body;

	if (mail_format(&m, 0, "e@f", &message, &e) == -1) {
		if (strncmp(e.text, "subject: ", 9) != 0)
			abort();
		goto out;
	}
	body = check_wire(buf_text(&message));
	decode(body,
	    strstr(buf_text(&message), "quoted-printable\r\n\r\n") != NULL,
	    &got);
	utf8_add_valid(&want, text, strlen(text));
	if (want.len > 0 && want.data[want.len - 1] != '\n')
		buf_char(&want, '\n');
	if (strcmp(buf_text(&got), buf_text(&want)) != 0)
		abort();
out:
	buf_free(&message);
	buf_free(&got);
	buf_free(&want);
}

static void
check_shown(const char *s)
{
	size_t left = strlen(s), n;
	uint32_t c;

	for (; left > 0; s += n, left -= n) {
		n = utf8_next(s, left, &c);
		if (n == 0 || utf8_is_control(c))
			abort();
	}
}

static void
check_dialog(char *said, size_t n)
{
	static char rcpt[] = "RCPT TO:<a@b>\r\n";
	struct mail_dialog d = { .where = "h:25" };
	struct err e = { 0 };
	size_t i, len;

	for (i = 0; i < n; i += len) {
		char *end = memchr(said + i, '\n', n - i);

		len = end == NULL ? n - i : (size_t)(end - said) + 1 - i;
		if (i % 3 == 0)
			mail_dialog_hear(NULL, CURLINFO_HEADER_OUT, rcpt,
			    sizeof(rcpt) - 1, &d);
		mail_dialog_hear(NULL,
		    i % 5 == 1 ? CURLINFO_HEADER_OUT : CURLINFO_HEADER_IN,
		    said + i, len, &d);
	}
	if (mail_dialog_judge(&d, CURLE_SEND_ERROR, "", 1, 2, &e) == 0)
		abort();
	check_shown(e.text);
	mail_dialog_free(&d);
}

/* A subject, a text and what a server said, with NUL between. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *all = malloc(n + 3), *text, *said;

	if (all == NULL)
		return 0;
	if (n > 0)
		memcpy(all, data, n);
	memset(all + n, 0, 3);
	text = all + strlen(all) + 1;
	said = text > all + n ? text : text + strlen(text) + 1;
	check_mail(all, text > all + n ? "" : text);
	if (said < all + n)
		check_dialog(said, (size_t)(all + n - said));
	free(all);
	return 0;
}
