#include "base/num.h"

#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

int
num_scan(const char *s, size_t n, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	size_t i;

	if (n == 0)
		return -1;
	for (i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9' ||
		    __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(s[i] - '0'), &v))
			return -1;
	}
	if (v > max)
		return -1;
	*out = v;
	return 0;
}

int
num_u64(const char *s, uint64_t *out, struct err *e)
{
	if (num_scan(s, strlen(s), UINT64_MAX, out) == -1)
		return err_set(e, ERR_USAGE, "%s: not a number", s);
	return 0;
}

static int
with_unit(const char *s, const struct unit *units, uint64_t *out, struct err *e)
{
	size_t digits = strspn(s, "0123456789");
	uint64_t v;

	if (num_scan(s, digits, UINT64_MAX, &v) == -1)
		return err_set(e, ERR_USAGE, "%s: not a number", s);
	for (; units->name != NULL; units++) {
		if (strcmp(s + digits, units->name) != 0)
			continue;
		if (__builtin_mul_overflow(v, units->factor, out))
			return err_set(e, ERR_USAGE, "%s: too large", s);
		return 0;
	}
	return err_set(e, ERR_USAGE, "%s: unknown unit '%s'", s, s + digits);
}

int
num_size(const char *s, uint64_t *bytes, struct err *e)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "K", 1ULL << 10 },
		{ "KiB", 1ULL << 10 },
		{ "M", 1ULL << 20 },
		{ "MiB", 1ULL << 20 },
		{ "G", 1ULL << 30 },
		{ "GiB", 1ULL << 30 },
		{ "T", 1ULL << 40 },
		{ "TiB", 1ULL << 40 },
		{ NULL, 0 },
	};

	return with_unit(s, units, bytes, e);
}

int
num_share(const char *s, unsigned int *percent, uint64_t *bytes, struct err *e)
{
	size_t n = strlen(s);
	uint64_t v;

	*percent = 0;
	*bytes = 0;
	if (n == 0 || s[n - 1] != '%')
		return num_size(s, bytes, e);
	if (num_scan(s, n - 1, 100, &v) == -1)
		return err_set(e, ERR_USAGE,
		    "%s: not a percentage from 0%% to 100%%", s);
	*percent = (unsigned int)v;
	return 0;
}

int
num_duration(const char *s, uint64_t *seconds, struct err *e)
{
	static const struct unit units[] = {
		{ "", 1 },
		{ "s", 1 },
		{ "m", 60 },
		{ "h", 3600 },
		{ "d", 86400 },
		{ "w", 604800 },
		{ NULL, 0 },
	};

	return with_unit(s, units, seconds, e);
}

void
num_format_size(uint64_t bytes, char *out, size_t size)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB",
		"PiB", "EiB" };
	uint64_t whole = bytes, rest = 0;
	size_t i = 0;

	while (whole >= 1024 && i + 1 < sizeof(names) / sizeof(names[0])) {
		rest = whole % 1024;
		whole /= 1024;
		i++;
	}
	/* No floating point: printf's decimal point follows the locale. */
	if (i == 0 || whole >= 100)
		snprintf(out, size, "%ju %s", (uintmax_t)whole, names[i]);
	else
		snprintf(out, size, "%ju.%ju %s", (uintmax_t)whole,
		    (uintmax_t)(rest * 10 / 1024), names[i]);
}

void
num_format_seconds(uint64_t seconds, char *out, size_t size)
{
	uintmax_t h = seconds / 3600, m = seconds / 60 % 60, s = seconds % 60;

	if (h != 0)
		snprintf(out, size, "%ju:%02ju:%02ju", h, m, s);
	else
		snprintf(out, size, "%ju:%02ju", m, s);
}
