/* Any name gives a file name that is safe and short, the same each time. */
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"
#include "store/name.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static void
must(bool truth)
{
	if (!truth)
		abort();
}

static void
judge(const char *s)
{
	size_t n = strlen(s), at, len;
	uint32_t c;

	must(n > 0 && n <= 129);
	must(strchr(".- ", s[0]) == NULL && strchr(". ", s[n - 1]) == NULL);
	for (at = 0; at < n; at += len) {
		len = utf8_next(s + at, n - at, &c);
		must(len > 0 && !utf8_is_control(c));
		must(len > 1 || strchr("/\\:\"*?<>|", s[at]) == NULL);
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
	char *name = strndup((const char *)data, n), *a, *b;
	bool force = n > 0 && (data[0] & 1) != 0;

	must(name != NULL);
	a = name_local(name, name, force);
	b = name_local(name, name, force);
	must(a != NULL && b != NULL && strcmp(a, b) == 0);
	judge(a);
	free(a);
	free(b);
	free(name);
	return 0;
}
