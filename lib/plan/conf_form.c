#include "plan/conf_form.h"

#include <arpa/inet.h>
#include <string.h>
#include "base/num.h"
#include "base/selector.h"
#include "base/zone.h"
#include "net/http.h"
#include "net/url.h"
#include "plan/schedule.h"

enum { NAME_LENGTH = 40, STALL_MAX_S = 86400 };

int
conf_form_name(const char *text, struct err *e)
{
	size_t n = strlen(text);

	if (n == 0 || n > NAME_LENGTH ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") != n)
		return err_set(e, ERR_CONFIG,
		    "not a name: from 1 to %d of a-z, 0-9, _ and -",
		    NAME_LENGTH);
	/* It would be taken for an option. */
	if (text[0] == '-')
		return err_set(e, ERR_CONFIG, "a name cannot begin with -");
	return 0;
}

int
conf_form_credential(const char *text, struct err *e)
{
	if (strchr(text, '/') != NULL || text[0] == '.')
		return err_set(e, ERR_CONFIG, "%s: a name, no path", text);
	return 0;
}

int
conf_form_path(const char *text, struct err *e)
{
	if (text[0] != '/')
		return err_set(e, ERR_CONFIG, "%s: not an absolute path", text);
	return 0;
}

int
conf_form_duration(const char *text, struct err *e)
{
	uint64_t seconds;

	if (num_duration(text, &seconds, e) == -1)
		return -1;
	/* Ten thousand years are a mistake, and sums of times overflow. */
	if (seconds == 0 || seconds > (uint64_t)100 * 366 * 86400)
		return err_set(e, ERR_CONFIG, "%s: not from 1s to 36600d",
		    text);
	return 0;
}

int
conf_form_size(const char *text, struct err *e)
{
	uint64_t bytes;

	return num_size(text, &bytes, e);
}

int
conf_form_share(const char *text, struct err *e)
{
	unsigned int percent;
	uint64_t bytes;

	return num_share(text, &percent, &bytes, e);
}

int
conf_form_zone(const char *text, struct err *e)
{
	if (!zone_exists(text))
		return err_set(e, ERR_CONFIG,
		    "no time zone '%s' (one such as Europe/Paris or UTC)",
		    text);
	return 0;
}

int
conf_form_selector(const char *text, struct err *e)
{
	struct selector s;

	return selector_parse(&s, text, e);
}

int
conf_form_weekday(const char *text, struct err *e)
{
	if (schedule_weekday(text) == -1)
		return err_set(e, ERR_CONFIG,
		    "'%s': not sun, mon, tue, wed, thu, fri or sat", text);
	return 0;
}

static int
parse_schedule(enum schedule_kind kind, const char *text, struct err *e)
{
	struct schedule s = { 0 };

	return schedule_parse(&s, kind, text, e);
}

int
conf_form_daily(const char *text, struct err *e)
{
	return parse_schedule(SCHEDULE_DAILY, text, e);
}

int
conf_form_weekly(const char *text, struct err *e)
{
	return parse_schedule(SCHEDULE_WEEKLY, text, e);
}

int
conf_form_monthly(const char *text, struct err *e)
{
	return parse_schedule(SCHEDULE_MONTHLY, text, e);
}

int
conf_form_calendar(const char *text, struct err *e)
{
	return parse_schedule(SCHEDULE_CALENDAR, text, e);
}

int
conf_form_server(const char *text, struct err *e)
{
	struct url u = { 0 };
	int rc = url_parse_server(text, &u, e);

	url_free(&u);
	return rc;
}

int
conf_form_thumbprint(const char *text, struct err *e)
{
	char pin[HTTP_PIN_SIZE];

	if (http_pin_parse(text, pin) == -1)
		return err_set(e, ERR_CONFIG, "%s: not the form sha256:HEX",
		    text);
	if (strncmp(pin, "sha1:", 5) == 0)
		return err_set(e, ERR_CONFIG,
		    "SHA-1 can be forged, give the SHA-256 one (openssl x509 "
		    "-fingerprint -sha256)");
	return 0;
}

int
conf_form_resolve(const char *text, struct err *e)
{
	const char *is = strchr(text, '=');
	struct in6_addr address;

	if (is == NULL || is == text ||
	    (inet_pton(AF_INET, is + 1, &address) != 1 &&
		inet_pton(AF_INET6, is + 1, &address) != 1))
		return err_set(e, ERR_CONFIG, "%s: not the form NAME=ADDR",
		    text);
	return 0;
}

int
conf_form_stall(const char *text, struct err *e)
{
	uint64_t seconds;

	if (num_duration(text, &seconds, e) == -1)
		return -1;
	if (seconds == 0 || seconds > STALL_MAX_S)
		return err_set(e, ERR_CONFIG, "%s: not from 1s to 1d", text);
	return 0;
}

/* It does not show the text, which is a secret. */
int
conf_form_webhook(const char *text, struct err *e)
{
	if ((strncmp(text, "https://", 8) != 0 &&
		strncmp(text, "http://", 7) != 0) ||
	    strpbrk(text, " \"<>\\^`{|}") != NULL)
		return err_set(e, ERR_CONFIG,
		    "not a URL that begins with "
		    "https:// or http://");
	return 0;
}

int
conf_form_retention(const json_t *object, struct err *e)
{
	json_t *o = json_incref((json_t *)(uintptr_t)object), *value;
	bool keeps = false;
	const char *key;

	/* "all", or a time. */
	json_object_foreach(o, key, value) if (strcmp(key, "slot") != 0 &&
	    (json_is_string(value) || json_integer_value(value) > 0))
	    keeps = true;
	json_decref(o);
	if (!keeps)
		return err_set(e, ERR_CONFIG,
		    "keeps nothing: say how many (last, daily, ...); without "
		    "'retention' nothing is ever removed");
	return 0;
}

int
conf_form_notify(const json_t *object, struct err *e)
{
	if (json_object_get(object, "password") != NULL &&
	    json_object_get(object, "user") == NULL)
		return err_set(e, ERR_CONFIG, "'password' without 'user'");
	return 0;
}
