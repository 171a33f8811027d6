#include "net/http_range.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include "base/num.h"

/* Digits up to stop, which is left behind. */
static int
take_number(const char **p, char stop, uint64_t *out)
{
	const char *end = strchr(*p, stop);

	if (end == NULL ||
	    num_scan(*p, (size_t)(end - *p), INT64_MAX, out) == -1)
		return -1;
	*p = end + (stop != '\0');
	return 0;
}

int
http_range_parse(const char *text, struct http_range *out)
{
	static const char unit[] = "bytes ";
	uint64_t first = 0, last = 0, of;
	bool is_none;

	if (strncasecmp(text, unit, sizeof(unit) - 1) != 0)
		return -1;
	text += sizeof(unit) - 1;
	is_none = strncmp(text, "*/", 2) == 0;
	if (is_none)
		text += 2;
	else if (take_number(&text, '-', &first) == -1 ||
	    take_number(&text, '/', &last) == -1)
		return -1;
	if (take_number(&text, '\0', &of) == -1)
		return -1;
	if (!is_none && (first > last || last >= of))
		return -1;
	*out = (struct http_range){ first, is_none ? 0 : last - first + 1, of };
	return 0;
}

int
http_range_check(const struct http_range *wanted, int status,
    const struct http_range *said, int64_t length, const char *where,
    struct err *e)
{
	if (status == 200)
		return err_set(e, ERR_PROTO,
		    "%s: the server ignores ranges (HTTP status 200)", where);
	if (said == NULL || said->bytes == 0)
		return err_set(e, ERR_PROTO,
		    "%s: HTTP status 206 without a good Content-Range", where);
	if (wanted->of != 0 && said->of != wanted->of)
		return err_set(e, ERR_PROTO,
		    "%s: the file has now %ju bytes, it had %ju", where,
		    (uintmax_t)said->of, (uintmax_t)wanted->of);
	if (said->first != wanted->first || said->bytes != wanted->bytes)
		return err_set(e, ERR_PROTO,
		    "%s: asked for bytes %ju-%ju, the answer has %ju-%ju",
		    where, (uintmax_t)wanted->first,
		    (uintmax_t)(wanted->first + wanted->bytes - 1),
		    (uintmax_t)said->first,
		    (uintmax_t)(said->first + said->bytes - 1));
	if (length != -1 && (uint64_t)length != wanted->bytes)
		return err_set(e, ERR_PROTO,
		    "%s: Content-Length %jd of a range of %ju bytes", where,
		    (intmax_t)length, (uintmax_t)wanted->bytes);
	return 0;
}
