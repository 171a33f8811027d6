#ifndef NET_MAIL_DIALOG_H
#define NET_MAIL_DIALOG_H

#include <curl/curl.h>
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"

/*
 * mail_dialog - what is said between us and an SMTP server, as libcurl tells
 * it line by line: it keeps the last answer's words, and who was refused.
 *
 * { 0 } with where is the beginning; mail_dialog_free() it.
 */
struct mail_dialog {
	const char *where;  /* "host:port" */
	char command[12];   /* the last one's verb, "" before any */
	char address[300];  /* its argument, if it is RCPT */
	char reply[400];    /* the last answer, on one line */
	unsigned int code;  /* of it; 0: none came */
	bool goes_on;       /* it has another line */
	bool is_over;       /* we said QUIT */
	struct buf refused; /* "a@b: 550 no such user; c@d: ..." */
	size_t n_refused;
};

/* A CURLOPT_DEBUGFUNCTION; data is the dialog. */
int mail_dialog_hear(CURL *c, curl_infotype type, char *line, size_t n,
    void *data);

/* What a result of libcurl means, detail its own words or ""; -1 with *e set,
 * or 0 if everybody got the mail. */
int mail_dialog_judge(const struct mail_dialog *d, CURLcode code,
    const char *detail, unsigned int timeout_s, size_t n_to, struct err *e);

void mail_dialog_free(struct mail_dialog *d);

#endif
