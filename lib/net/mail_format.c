#include "net/mail.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "base/utf8.h"

enum {
	LINE_MAX = 998,   /* RFC 5322, 2.1.1: must */
	LINE_SHOULD = 78, /* should */
	QP_MAX = 76,      /* RFC 2045, 6.7 */
	WORD_MAX = 75,    /* of an encoded word: RFC 2047, 2 */
};

static const char word_begin[] = "=?utf-8?q?", word_end[] = "?=";

/* In any locale (RFC 5322, 3.3). */
static int
add_date(long long now, struct buf *b, struct err *e)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)now;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		return err_set(e, ERR_OS, "mail: no date of %lld", now);
	buf_fmt(b, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n",
	    days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900,
	    tm.tm_hour, tm.tm_min, tm.tm_sec);
	return 0;
}

static int
add_addresses(const struct mail *m, struct buf *b, struct err *e)
{
	const char *const *to;

	if (mail_check_address(m->from, e) == -1)
		return err_ctx(e, "from");
	buf_fmt(b, "From: %s\r\nTo:", m->from);
	for (to = m->to; *to != NULL; to++) {
		if (mail_check_address(*to, e) == -1)
			return err_ctx(e, "to");
		/* One a line: no line gets too long. */
		buf_fmt(b, "%s %s", to == m->to ? "" : ",\r\n", *to);
	}
	buf_puts(b, "\r\n");
	if (to == m->to)
		return err_set(e, ERR_CONFIG, "to: nobody");
	return 0;
}

/* --- the subject ------------------------------------------------------- */

static int
check_subject(const char *s, struct err *e)
{
	size_t n = strlen(s), len;
	uint32_t c;

	for (; n > 0; s += len, n -= len) {
		len = utf8_next(s, n, &c);
		if (len == 0)
			return err_set(e, ERR_CONFIG, "subject: not UTF-8");
		if (utf8_is_control(c))
			return err_set(e, ERR_CONFIG,
			    "subject: more than one line, or a control "
			    "character");
	}
	return 0;
}

/* Length of the blank, if any, and the word at s. */
static size_t
word_len(const char *s)
{
	return strspn(s, " ") + strcspn(s + strspn(s, " "), " ");
}

/* Whether it can stand as it is, folded at its blanks: each word fits, and
 * nothing looks like an encoded word or is lost by unfolding. */
static bool
is_plain_subject(const char *s)
{
	size_t n = strlen(s), len;
	const char *p;

	if (n == 0 || s[0] == ' ' || s[n - 1] == ' ' ||
	    strstr(s, "=?") != NULL || strstr(s, "  ") != NULL)
		return false;
	for (p = s; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			return false;
	for (p = s; *p != '\0'; p += len) {
		len = word_len(p);
		if (len > LINE_SHOULD - sizeof("Subject:"))
			return false;
	}
	return true;
}

static void
add_plain_subject(const char *s, struct buf *b)
{
	size_t column = strlen("Subject: "), len;

	buf_puts(b, "Subject: ");
	for (; *s != '\0'; s += len) {
		len = word_len(s);
		if (column + len > LINE_SHOULD) {
			buf_puts(b, "\r\n");
			column = 0;
		}
		buf_add(b, s, len);
		column += len;
	}
	buf_puts(b, "\r\n");
}

/* The n bytes of one character, as "q" encodes them; out has 3 for each. */
static size_t
encode_q(const char *s, size_t n, char *out)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t at = 0;
	unsigned char c;

	for (; n > 0; s++, n--) {
		c = (unsigned char)*s;
		if (c == ' ') {
			out[at++] = '_';
		} else if (c > ' ' && c <= '~' &&
		    strchr("=?_\"(),.:;<>@[\\]", c) == NULL) {
			out[at++] = (char)c;
		} else {
			out[at++] = '=';
			out[at++] = hex[c >> 4];
			out[at++] = hex[c & 15];
		}
	}
	return at;
}

/* Each encoded word has whole characters (RFC 2047, 5 (3)); blanks between
 * two of them are not part of the text. */
static void
add_encoded_subject(const char *s, struct buf *b)
{
	size_t n = strlen(s), len, coded, column;
	char q[3 * 4];
	uint32_t c;

	buf_fmt(b, "Subject: %s", word_begin);
	column = strlen("Subject: ") + strlen(word_begin);
	for (; n > 0; s += len, n -= len) {
		len = utf8_next(s, n, &c);
		coded = encode_q(s, len, q);
		if (column + coded + strlen(word_end) > WORD_MAX) {
			buf_fmt(b, "%s\r\n %s", word_end, word_begin);
			column = 1 + strlen(word_begin);
		}
		buf_add(b, q, coded);
		column += coded;
	}
	buf_fmt(b, "%s\r\n", word_end);
}

/* --- the text ---------------------------------------------------------- */

static bool
is_plain_text(const char *s)
{
	size_t column = 0;

	for (; *s != '\0'; s++) {
		column = *s == '\n' ? 0 : column + 1;
		if (column > LINE_MAX ||
		    ((*s < ' ' || *s > '~') && *s != '\n' && *s != '\t'))
			return false;
	}
	return true;
}

static void
add_plain_text(const char *s, struct buf *b)
{
	size_t n;

	for (; *s != '\0'; s += n + (s[n] == '\n' ? 1 : 0)) {
		n = strcspn(s, "\n");
		buf_add(b, s, n);
		buf_puts(b, "\r\n");
	}
}

/* A blank at the end of a line would be lost on the way. */
static bool
is_qp_literal(const char *s)
{
	if (*s == ' ' || *s == '\t')
		return s[1] != '\n' && s[1] != '\0';
	return *s > ' ' && *s <= '~' && *s != '=';
}

static void
add_qp_text(const char *s, struct buf *b)
{
	size_t column = 0, need;

	for (; *s != '\0'; s++) {
		if (*s == '\n') {
			buf_puts(b, "\r\n");
			column = 0;
			continue;
		}
		need = is_qp_literal(s) ? 1 : 3;
		/* Room for the "=" of a soft line break. */
		if (column + need > QP_MAX - 1) {
			buf_puts(b, "=\r\n");
			column = 0;
		}
		if (need == 1)
			buf_char(b, *s);
		else
			buf_fmt(b, "=%02X", (unsigned char)*s);
		column += need;
	}
	if (column > 0)
		buf_puts(b, "\r\n");
}

static int
add_text(const char *text, struct buf *b, struct err *e)
{
	bool plain = is_plain_text(text);
	struct buf valid = { 0 };
	int rc;

	buf_fmt(b,
	    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: %s\r\n\r\n",
	    plain ? "7bit" : "quoted-printable");
	if (plain) {
		add_plain_text(text, b);
		return 0;
	}
	utf8_add_valid(&valid, text, strlen(text));
	add_qp_text(buf_text(&valid), b);
	rc = buf_check(&valid, e);
	buf_free(&valid);
	return rc;
}

static bool
is_message_id(const char *id)
{
	size_t n = strlen(id);

	return n < 250 && strchr(id, '@') != NULL &&
	    n ==
	    strspn(id,
		"0123456789abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ@.-_");
}

int
mail_format(const struct mail *m, long long now, const char *id, struct buf *b,
    struct err *e)
{
	if (!is_message_id(id))
		return err_set(e, ERR_BUG, "mail: bad message id");
	if (check_subject(m->subject, e) == -1 || add_date(now, b, e) == -1 ||
	    add_addresses(m, b, e) == -1)
		return -1;
	buf_fmt(b, "Message-ID: <%s>\r\n", id);
	if (is_plain_subject(m->subject))
		add_plain_subject(m->subject, b);
	else
		add_encoded_subject(m->subject, b);
	/* No holiday greeting in return (RFC 3834). */
	buf_puts(b, "Auto-Submitted: auto-generated\r\n");
	if (add_text(m->text, b, e) == -1 || buf_check(b, e) == -1)
		return err_ctx(e, "mail");
	return 0;
}
