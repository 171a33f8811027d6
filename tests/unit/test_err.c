#include <errno.h>
#include "base/err.h"
#include "base/utf8.h"
#include "check.h"

static void
first_failure_wins(void)
{
	struct err e = { 0 };

	CHECK_INT(err_ctx(&e, "nothing failed yet"), -1);
	CHECK_STR(e.text, "");
	CHECK_INT(err_set(&e, ERR_DATA, "grain %d", 7), -1);
	CHECK_INT(err_set(&e, ERR_IO, "later"), -1);
	errno = EIO;
	CHECK_INT(err_sys(&e, ERR_OS, "later"), -1);
	CHECK_INT(e.class, ERR_DATA);
	CHECK_STR(e.text, "grain 7");
	CHECK_INT(err_ctx(&e, "disk %s", "d0"), -1);
	CHECK_INT(err_ctx(&e, "export vm01"), -1);
	CHECK_STR(e.text, "export vm01: disk d0: grain 7");
	err_clear(&e);
	CHECK_INT(e.class, ERR_NONE);
	CHECK_STR(e.text, "");
}

static void
reason_of_the_system_ends_the_line(void)
{
	struct err e = { 0 };

	errno = ENOSPC;
	CHECK_INT(err_sys(&e, ERR_IO, "write %s", ".d0.partial"), -1);
	CHECK_STR(e.text, "write .d0.partial: No space left on device");
	CHECK_INT(errno, ENOSPC);
}

static void
long_path_does_not_hide_the_reason(void)
{
	static const char end[] = ": No space left on device";
	char path[3000];
	struct err e = { 0 };

	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	errno = ENOSPC;
	err_sys(&e, ERR_IO, "write %s", path);
	CHECK_INT(strlen(e.text), sizeof(e.text) - 1);
	CHECK_STR(e.text + strlen(e.text) - strlen(end), end);
	CHECK_INT(err_ctx(&e, "disk %s", path), -1);
	CHECK_STR(e.text + strlen(e.text) - strlen(end), end);
	err_clear(&e);
	errno = ENOSPC;
	err_sys(&e, ERR_IO, "write x");
	CHECK_INT(err_ctx(&e, "disk %s", path), -1);
	CHECK_INT(strlen(e.text), sizeof(e.text) - 1);
	CHECK(strncmp(e.text, "disk ppp", 8) == 0);
	CHECK(strstr(e.text, "pp: write x: No space left") != NULL);
}

/* One line, as a terminal may show it. */
static void
text_of_a_server_is_one_harmless_line(void)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{ "a\nb\r\tc", "a b  c" },
		{ "\x1b[31mred", " [31mred" },
		{ "a\xc2\x9b"
		  "31m",
		    "a 31m" },
		{ "a\x7f", "a " },
		{ "w\xc3\xb6rk \xe2\x82\xac", "w\xc3\xb6rk \xe2\x82\xac" },
		{ "a\xe2\x80\xaez", "a z" },
		{ "a\x80z", "a?z" },
		{ "a\xffz", "a?z" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].line);
		err_set(&e, ERR_PROTO, "%s", rows[i].text);
		CHECK_STR(e.text, rows[i].line);
	}
}

static void
cut_leaves_no_half_character(void)
{
	static const char *const characters[] = { "\xc3\xb6", "\xe2\x82\xac",
		"\xf0\x9f\x98\x80" };
	char text[1300];
	size_t i, at, n, len;
	uint32_t c;

	for (i = 0; i < 3; i++) {
		struct err e = { 0 };

		check_at(characters[i]);
		strcpy(text, "x");
		while (strlen(text) < 1200)
			strcat(text, characters[i]);
		err_set(&e, ERR_DATA, "%s", text);
		n = strlen(e.text);
		CHECK(n > 990);
		for (at = 0; at < n; at += len) {
			len = utf8_next(e.text + at, n - at, &c);
			if (!CHECK(len != 0))
				break;
		}
		CHECK(strchr(e.text, '?') == NULL);
	}
}

static void
class_tells_what_to_do(void)
{
	static const struct {
		int errnum, class;
	} rows[] = {
		{ ENOSPC, ERR_IO },
		{ EDQUOT, ERR_IO },
		{ EIO, ERR_IO },
		{ EROFS, ERR_CREATE },
		{ EACCES, ERR_CREATE },
		{ EEXIST, ERR_CREATE },
		{ ENOENT, ERR_CREATE },
		{ ENOTDIR, ERR_CREATE },
		{ EMFILE, ERR_OS },
	};
	static const int again[] = { ERR_UNAVAIL, ERR_IO, ERR_TEMP };
	static const int never[] = { ERR_NONE, ERR_DATA, ERR_PERM, ERR_CREATE };
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_INT(err_class_of_errno(rows[i].errnum), rows[i].class);
	for (i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
		e.class = again[i];
		CHECK(err_is_temporary(&e));
	}
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		e.class = never[i];
		CHECK(!err_is_temporary(&e));
	}
	CHECK_STR(err_class_name(ERR_NONE), "ok");
	CHECK_STR(err_class_name(ERR_NOTFOUND), "notfound");
	CHECK_STR(err_class_name(ERR_SIGNAL + 15), "signal");
	CHECK_STR(err_class_name(99), "unknown");
}

CHECK_MAIN(TEST(first_failure_wins), TEST(reason_of_the_system_ends_the_line),
    TEST(long_path_does_not_hide_the_reason),
    TEST(text_of_a_server_is_one_harmless_line),
    TEST(cut_leaves_no_half_character), TEST(class_tells_what_to_do))
