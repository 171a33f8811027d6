#include "check.h"
#include "net/mail.h"
#include "net/mail_dialog.h"

static const char *const one[] = { "ops@example.org", NULL };

/* The message, or NULL and *e. */
static const char *
format(const struct mail *given, struct buf *b, struct err *e)
{
	struct mail m = *given;

	if (m.from == NULL)
		m.from = "esxbk@example.org";
	if (m.to == NULL)
		m.to = one;
	if (m.subject == NULL)
		m.subject = "hello";
	if (m.text == NULL)
		m.text = "";
	buf_cut(b, 0);
	return mail_format(&m, 1764208804, "1.a-b@example.org", b, e) == 0
	    ? buf_text(b)
	    : NULL;
}

/* From the line that begins so to the next that is not folded. */
static const char *
header(const char *message, const char *name)
{
	static char text[2000];
	const char *at = strstr(message, name), *end = at;

	while (end != NULL && (end = strstr(end, "\r\n")) != NULL) {
		end += 2;
		if (*end != ' ')
			break;
	}
	snprintf(text, sizeof(text), "%.*s",
	    at == NULL || end == NULL ? 0 : (int)(end - at), at);
	return text;
}

static const char *
body(const char *message)
{
	const char *at = strstr(message, "\r\n\r\n");

	return at == NULL ? NULL : at + 4;
}

static void
message_is_whole_and_of_the_usual_form(void)
{
	static const char *const to[] = { "ops@example.org", "root@localhost",
		NULL };
	struct mail m = { .to = to,
		.subject = "esxbk: nightly ok",
		.text = "good\n.\n..\n.x\n\n\tlast" };
	struct buf b = { 0 };
	struct err e = { 0 };

	CHECK_STR(format(&m, &b, &e),
	    "Date: Thu, 27 Nov 2025 02:00:04 +0000\r\n"
	    "From: esxbk@example.org\r\n"
	    "To: ops@example.org,\r\n root@localhost\r\n"
	    "Message-ID: <1.a-b@example.org>\r\n"
	    "Subject: esxbk: nightly ok\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n"
	    "\r\n"
	    "good\r\n.\r\n..\r\n.x\r\n\r\n\tlast\r\n");
	CHECK_STR(e.text, "");
	buf_free(&b);
}

static void
subject_keeps_its_words_and_its_lines_short(void)
{
	static const struct {
		const char *subject, *header;
	} rows[] = {
		{ "",
		    "Subject: =?utf-8?q?"
		    "?=\r\n" },
		{ "a", "Subject: a\r\n" },
		{ "esxbk: prod-daily FAILED: 1 of 12 VMs (db01: cannot reach "
		  "the server. ab)",
		    "Subject: esxbk: prod-daily FAILED: 1 of 12 VMs (db01: "
		    "cannot reach the server.\r\n ab)\r\n" },
		{ "123456789 123456789 123456789 123456789 123456789 123456789 "
		  "123456789",
		    "Subject: 123456789 123456789 123456789 123456789 "
		    "123456789 123456789 123456789\r\n" },
		{ "123456789 123456789 123456789 123456789 123456789 123456789 "
		  "1234567890",
		    "Subject: 123456789 123456789 123456789 123456789 "
		    "123456789 123456789\r\n 1234567890\r\n" },
		{ "two  blanks", "Subject: =?utf-8?q?two__blanks?=\r\n" },
		{ " in front", "Subject: =?utf-8?q?_in_front?=\r\n" },
		{ "behind ", "Subject: =?utf-8?q?behind_?=\r\n" },
		{ "=?utf-8?q?x?=",
		    "Subject: =?utf-8?q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=\r\n" },
		{ "caf\xc3\xa9 (a_b)",
		    "Subject: =?utf-8?q?caf=C3=A9_=28a=5Fb=29?=\r\n" },
		/* A character is never cut. */
		{ "\xe5\x82\x99\xe4\xbb\xbd\xe5\xa4\xb1\xe6\x95\x97"
		  "\xe5\x82\x99\xe4\xbb\xbd\xe5\xa4\xb1\xe6\x95\x97",
		    "Subject: =?utf-8?q?=E5=82=99=E4=BB=BD=E5=A4=B1"
		    "=E6=95=97=E5=82=99=E4=BB=BD?=\r\n"
		    " =?utf-8?q?=E5=A4=B1=E6=95=97?=\r\n" },
		{ "0123456789012345678901234567890123456789012345678901234567"
		  "89012345678901234567890123456789",
		    "Subject: =?utf-8?q?0123456789012345678901234567890123456"
		    "78901234567890123?=\r\n"
		    " =?utf-8?q?456789012345678901234567890123456789?="
		    "\r\n" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mail m = { .subject = rows[i].subject };
		struct err e = { 0 };
		const char *text = format(&m, &b, &e);

		check_at(rows[i].subject);
		if (CHECK(text != NULL))
			CHECK_STR(header(text, "Subject: "), rows[i].header);
	}
	buf_free(&b);
}

static void
nobody_smuggles_a_line_into_the_head(void)
{
	static const char *const nobody[] = { NULL };
	static const char *const lines[] = { "a@b\r\nBcc: c@d", NULL };
	static const char *const second[] = { "a@b", "c d@e", NULL };
	static const struct {
		struct mail m;
		const char *why;
	} rows[] = {
		{ { .subject = "a\r\nBcc: c@d" },
		    "subject: more than one line, or a control character" },
		{ { .subject = "a\nb" },
		    "subject: more than one line, or a control character" },
		{ { .subject = "a\x1b[1m" },
		    "subject: more than one line, or a control character" },
		{ { .subject = "a\xff" }, "subject: not UTF-8" },
		{ { .from = "a@b\nTo: c@d" },
		    "from: a@b To: c@d: not a mail address "
		    "(user@example.org)" },
		{ { .to = lines },
		    "to: a@b  Bcc: c@d: not a mail address "
		    "(user@example.org)" },
		{ { .to = second },
		    "to: c d@e: not a mail address (user@example.org)" },
		{ { .to = nobody }, "to: nobody" },
	};
	struct buf b = { 0 };
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err_clear(&e);
		CHECK(format(&rows[i].m, &b, &e) == NULL);
		CHECK_INT(e.class, ERR_CONFIG);
		CHECK_STR(e.text, rows[i].why);
	}
	err_clear(&e);
	CHECK(mail_format(&rows[0].m, 0, "a@b>\r\n", &b, &e) == -1);
	CHECK_STR(e.text, "mail: bad message id");
	buf_free(&b);
}

static void
text_beyond_ascii_is_made_fit_for_any_server(void)
{
	static const struct {
		const char *text, *body;
	} rows[] = {
		{ "\xc3\xa9\n", "=C3=A9\r\n" },
		{ "\xc3\xa9 = \t\nx \n.\n", "=C3=A9 =3D =09\r\nx=20\r\n.\r\n" },
		{ "a\rb\n", "a=0Db\r\n" },
		{ "\xc3\xa9 at the end ", "=C3=A9 at the end=20\r\n" },
		{ "bad \xff\xc3\n", "bad =EF=BF=BD=EF=BF=BD\r\n" },
		/* 75 columns and the "=" of a soft break */
		{ "\xc3\xa9"
		  "456789 123456789 123456789 123456789 123456789 123456789 "
		  "123456789 123\n",
		    "=C3=A9456789 123456789 123456789 123456789 123456789 "
		    "123456789 123456789 12=\r\n3\r\n" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mail m = { .text = rows[i].text };
		struct err e = { 0 };
		const char *text = format(&m, &b, &e);

		check_at(rows[i].text);
		if (!CHECK(text != NULL))
			continue;
		CHECK_STR(header(text, "Content-Transfer-Encoding"),
		    "Content-Transfer-Encoding: quoted-printable\r\n");
		CHECK_STR(body(text), rows[i].body);
	}
	buf_free(&b);
}

/* RFC 5322: 998 bytes and no more. */
static void
long_line_is_broken_softly(void)
{
	char line[1001];
	struct mail m = { .text = line };
	struct buf b = { 0 };
	struct err e = { 0 };
	const char *text, *at, *end;
	size_t lines = 0, n;

	for (n = 998; n <= 999; n++) {
		memset(line, 'x', n);
		strcpy(line + n, "\n");
		text = format(&m, &b, &e);
		if (!CHECK(text != NULL))
			break;
		lines = 0;
		for (at = body(text); (end = strstr(at, "\r\n")) != NULL;
		     at = end + 2) {
			CHECK(end - at <= (n == 998 ? 998 : 76));
			lines++;
		}
		CHECK_INT(lines, n == 998 ? 1 : 14);
	}
	buf_free(&b);
}

static void
address_is_one_that_a_server_takes(void)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{ "ops@example.org", true },
		{ "root@localhost", true },
		{ "a.b+c-d_e'f=g@x-y.example.org", true },
		{ "1@2.3", true },
		{ "", false },
		{ "root", false },
		{ "@example.org", false },
		{ "ops@", false },
		{ "a@b@c", false },
		{ ".a@b", false },
		{ "a.@b", false },
		{ "a..b@c", false },
		{ "a@b..c", false },
		{ "a@.b", false },
		{ "a@b.", false },
		{ "a@-b", false },
		{ "a@b-", false },
		{ "a@b_c", false },
		{ "a b@c", false },
		{ "<a@b>", false },
		{ "Ops <ops@example.org>", false },
		{ "a@b,c@d", false },
		{ "\"a\"@b", false },
		{ "a@[127.0.0.1]", false },
		{ "caf\xc3\xa9@b", false },
		{ "a@b\n", false },
		{ "a@b>\r\nDATA", false },
	};
	char longest[300];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].text);
		CHECK_INT(mail_check_address(rows[i].text, &e),
		    rows[i].good ? 0 : -1);
		CHECK_INT(e.class, rows[i].good ? ERR_NONE : ERR_CONFIG);
	}
	for (i = 64; i <= 65; i++) {
		struct err e = { 0 };

		snprintf(longest, sizeof(longest), "%0*d@b", (int)i, 1);
		CHECK_INT(mail_check_address(longest, &e), i == 64 ? 0 : -1);
		err_clear(&e);
		snprintf(longest, sizeof(longest), "a@%0*d", (int)i - 1, 1);
		CHECK_INT(mail_check_address(longest, &e), i == 64 ? 0 : -1);
	}
}

static void
server_is_a_host_and_no_more(void)
{
	static const struct {
		const char *via, *why; /* NULL: it is good */
	} rows[] = {
		{ "smtp://localhost", NULL },
		{ "smtps://smtp.example.org", NULL },
		{ "smtp://smtp.example.org:587", NULL },
		{ "smtp://[::1]:25", NULL },
		{ "smtp.example.org",
		    "mail server: neither smtp:// nor smtps://" },
		{ "https://smtp.example.org",
		    "mail server: neither smtp:// nor smtps://" },
		{ "smtp://", "mail server: bad URL: no host" },
		{ "smtp://h:0", "mail server: bad URL: bad port" },
		{ "smtp://*", "mail server: bad URL: bad host name" },
		{ "smtp://u:secret@h",
		    "mail server: bad URL: a user name is not allowed" },
		{ "smtp://h/name",
		    "mail server: nothing may stand behind host and port" },
		{ "smtp://h\r\nx",
		    "mail server: bad URL: blanks and unencoded characters "
		    "are not allowed" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].via);
		CHECK_INT(mail_check_server(rows[i].via, &e),
		    rows[i].why == NULL ? 0 : -1);
		CHECK_STR(e.text, rows[i].why == NULL ? "" : rows[i].why);
	}
}

static void
hear(struct mail_dialog *d, const char *said)
{
	char line[300];

	snprintf(line, sizeof(line), "%s\r\n", said + 1);
	mail_dialog_hear(NULL,
	    said[0] == '<' ? CURLINFO_HEADER_OUT : CURLINFO_HEADER_IN, line,
	    strlen(line), d);
}

/* What a server may say, and what is made of it. */
static void
refusal_is_told_in_the_words_of_the_server(void)
{
	static const struct {
		const char *said[8];
		CURLcode code;
		int class;
		const char *text;
	} rows[] = {
		{ { ">220 hello", "<EHLO me", ">250-a", ">250 b", "<DATA",
		      ">354 go", ">250 ok" },
		    CURLE_OK, ERR_NONE, "" },
		{ { ">554 no service" }, CURLE_WEIRD_SERVER_REPLY, ERR_IO,
		    "h:25 refuses us: 554 no service" },
		{ { ">220 hello", "<RCPT TO:<a@b>", ">550-5.1.1 nobody",
		      ">550 5.1.1 of that name" },
		    CURLE_SEND_ERROR, ERR_IO,
		    "h:25 refuses 1 of 2 recipients: <a@b>: 550 5.1.1 nobody "
		    "5.1.1 of that name" },
		{ { ">220 hello", "<RCPT TO:<a@b>", ">550 no", "<RCPT TO:<c@d>",
		      ">452 full", "<QUIT", ">221 bye" },
		    CURLE_SEND_ERROR, ERR_IO,
		    "h:25 refuses <a@b>: 550 no; <c@d>: 452 full" },
		{ { ">220 hello", "<DATA", ">354 go",
		      ">554 5.7.1 \x1b[1mspam" },
		    CURLE_SEND_ERROR, ERR_IO,
		    "h:25 refuses DATA: 554 5.7.1  [1mspam" },
		{ { ">220 hello", "<AUTH PLAIN", ">334", "<AHUAc2VjcmV0",
		      ">535 no" },
		    CURLE_LOGIN_DENIED, ERR_PERM,
		    "h:25: login refused: 535 no" },
		{ { ">220 hello", "<EHLO me", ">250 AUTH NTLM" },
		    CURLE_LOGIN_DENIED, ERR_PERM,
		    "h:25: no way to log in there (PLAIN, LOGIN)" },
		{ { ">220 hello", "<EHLO me", ">250 b" }, CURLE_USE_SSL_FAILED,
		    ERR_PROTO,
		    "h:25: no STARTTLS there, and nothing is sent without" },
		{ { NULL }, CURLE_OPERATION_TIMEDOUT, ERR_UNAVAIL,
		    "h:25: no connection within 9 s" },
		{ { ">220 hello", "<MAIL FROM:<a@b>" },
		    CURLE_OPERATION_TIMEDOUT, ERR_IO,
		    "h:25: no answer to MAIL within 9 s" },
		{ { ">220 hello", "<DATA", ">354 go" }, CURLE_RECV_ERROR,
		    ERR_IO, "h:25: connection broken after DATA: detail" },
		{ { NULL }, CURLE_RECV_ERROR, ERR_UNAVAIL,
		    "h:25: no connection: detail" },
		{ { ">x", ">55", ">99999 y", "> 250 z" }, CURLE_RECV_ERROR,
		    ERR_UNAVAIL, "h:25: no connection: detail" },
	};
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mail_dialog d = { .where = "h:25" };
		struct err e = { 0 };

		check_at(rows[i].text);
		for (k = 0; k < 8 && rows[i].said[k] != NULL; k++)
			hear(&d, rows[i].said[k]);
		CHECK_INT(
		    mail_dialog_judge(&d, rows[i].code, "detail", 9, 2, &e),
		    rows[i].class == ERR_NONE ? 0 : -1);
		CHECK_INT(e.class, rows[i].class);
		CHECK_STR(e.text, rows[i].text);
		mail_dialog_free(&d);
	}
}

CHECK_MAIN(TEST(message_is_whole_and_of_the_usual_form),
    TEST(subject_keeps_its_words_and_its_lines_short),
    TEST(nobody_smuggles_a_line_into_the_head),
    TEST(text_beyond_ascii_is_made_fit_for_any_server),
    TEST(long_line_is_broken_softly), TEST(address_is_one_that_a_server_takes),
    TEST(server_is_a_host_and_no_more),
    TEST(refusal_is_told_in_the_words_of_the_server))
