#include "base/clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t
clock_mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static time_t shift; /* from the machine's clock to the one we are told */

static void
read_shift(void)
{
	const char *told = getenv("ESXBK_NOW");
	time_t t;

	if (told != NULL && clock_parse_iso(told, &t) == 0)
		shift = t - time(NULL);
}

time_t
clock_now(void)
{
	pthread_once(&once, read_shift);
	return time(NULL) + shift;
}

void
clock_format_iso(time_t t, char out[CLOCK_ISO_SIZE])
{
	struct tm tm = { 0 };

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}

void
clock_format_stamp(time_t t, char out[CLOCK_STAMP_SIZE])
{
	struct tm tm = { 0 };

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(out, CLOCK_STAMP_SIZE, "%Y%m%d_%H%M%S", &tm) == 0)
		out[0] = '\0';
}

/* Reads n digits; strptime would take blanks and short fields. */
static bool
digits(const char **s, int n, int *out)
{
	int v = 0;

	for (; n > 0; n--, (*s)++) {
		if (**s < '0' || **s > '9')
			return false;
		v = v * 10 + (**s - '0');
	}
	*out = v;
	return true;
}

static bool
literal(const char **s, char c)
{
	if (**s != c)
		return false;
	(*s)++;
	return true;
}

/* timegm() normalises 31 February; a time that changes is no time. */
static int
to_time(struct tm *tm, time_t *out)
{
	struct tm same = *tm;
	time_t t = timegm(&same);

	if (same.tm_year != tm->tm_year || same.tm_mon != tm->tm_mon ||
	    same.tm_mday != tm->tm_mday || same.tm_hour != tm->tm_hour ||
	    same.tm_min != tm->tm_min || same.tm_sec != tm->tm_sec)
		return -1;
	*out = t;
	return 0;
}

static bool
zone(const char **s, int *seconds)
{
	int h, m, sign;

	*seconds = 0;
	if (literal(s, 'Z'))
		return **s == '\0';
	if (**s != '+' && **s != '-')
		return false;
	sign = **s == '+' ? 1 : -1;
	(*s)++;
	if (!digits(s, 2, &h) || !literal(s, ':') || !digits(s, 2, &m))
		return false;
	*seconds = sign * (h * 3600 + m * 60);
	return **s == '\0' && h < 24 && m < 60;
}

int
clock_parse_iso(const char *s, time_t *out)
{
	struct tm tm = { 0 };
	int offset;

	if (!digits(&s, 4, &tm.tm_year) || !literal(&s, '-') ||
	    !digits(&s, 2, &tm.tm_mon) || !literal(&s, '-') ||
	    !digits(&s, 2, &tm.tm_mday) || !literal(&s, 'T') ||
	    !digits(&s, 2, &tm.tm_hour) || !literal(&s, ':') ||
	    !digits(&s, 2, &tm.tm_min) || !literal(&s, ':') ||
	    !digits(&s, 2, &tm.tm_sec))
		return -1;
	if (literal(&s, '.'))
		s += strspn(s, "0123456789");
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (!zone(&s, &offset) || to_time(&tm, out) == -1)
		return -1;
	*out -= offset;
	return 0;
}

int
clock_parse_stamp(const char *s, time_t *out)
{
	struct tm tm = { 0 };

	if (!digits(&s, 4, &tm.tm_year) || !digits(&s, 2, &tm.tm_mon) ||
	    !digits(&s, 2, &tm.tm_mday) || !literal(&s, '_') ||
	    !digits(&s, 2, &tm.tm_hour) || !digits(&s, 2, &tm.tm_min) ||
	    !digits(&s, 2, &tm.tm_sec) || *s != '\0')
		return -1;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return to_time(&tm, out);
}
