#include "net/mail.h"

#include <string.h>
#include "net/mail_server.h"

/* RFC 5321, 4.5.3.1 */
enum { LOCAL_MAX = 64, ADDRESS_MAX = 254, LABEL_MAX = 63 };

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

/* RFC 5321, Dot-string: no quoted one, nobody has such an address. */
static bool
is_local_part(const char *p, size_t n)
{
	char before = '.';
	size_t i;

	if (n > LOCAL_MAX)
		return false;
	for (i = 0; i < n; before = p[i++]) {
		if (p[i] == '.' && before != '.')
			continue;
		if (!is_alnum(p[i]) &&
		    (p[i] == '\0' ||
			strchr("!#$%&'*+-/=?^_`{|}~", p[i]) == NULL))
			return false;
	}
	return before != '.';
}

static bool
is_domain(const char *p)
{
	size_t n;

	for (;; p += n + 1) {
		n = strcspn(p, ".");
		if (n == 0 || n > LABEL_MAX || p[0] == '-' || p[n - 1] == '-')
			return false;
		while (n > 0 && (is_alnum(*p) || *p == '-')) {
			p++;
			n--;
		}
		if (n > 0)
			return false;
		if (*p == '\0')
			return true;
	}
}

int
mail_check_address(const char *text, struct err *e)
{
	const char *at = strchr(text, '@');

	if (at != NULL && strlen(text) <= ADDRESS_MAX &&
	    is_local_part(text, (size_t)(at - text)) && is_domain(at + 1))
		return 0;
	return err_set(e, ERR_CONFIG,
	    "%.100s: not a mail address (user@example.org)", text);
}

int
mail_check_server(const char *via, struct err *e)
{
	struct mail_server s;
	int rc = mail_server_parse(via, &s, e);

	mail_server_free(&s);
	return rc;
}
