#include "base/num.h"
#include "check.h"

typedef int parse(const char *s, uint64_t *out, struct err *e);

static void
number_is_taken_whole_or_refused(void)
{
	static const struct {
		const char *text;
		parse *parse;
		uint64_t value;
		const char *why; /* NULL: it is good */
	} rows[] = {
		{ "0", num_u64, 0, NULL },
		{ "007", num_u64, 7, NULL },
		{ "18446744073709551615", num_u64, UINT64_MAX, NULL },
		{ "18446744073709551616", num_u64, 0,
		    "18446744073709551616: not a number" },
		{ "99999999999999999999", num_u64, 0,
		    "99999999999999999999: not a number" },
		{ "", num_u64, 0, ": not a number" },
		{ "-1", num_u64, 0, "-1: not a number" },
		{ "+1", num_u64, 0, "+1: not a number" },
		{ " 1", num_u64, 0, " 1: not a number" },
		{ "1 ", num_u64, 0, "1 : not a number" },
		{ "0x10", num_u64, 0, "0x10: not a number" },
		{ "1.5", num_u64, 0, "1.5: not a number" },
		{ "4096", num_size, 4096, NULL },
		{ "64KiB", num_size, 65536, NULL },
		{ "64K", num_size, 65536, NULL },
		{ "40MiB", num_size, 41943040, NULL },
		{ "2GiB", num_size, 2147483648, NULL },
		{ "1T", num_size, 1099511627776, NULL },
		{ "16777215TiB", num_size, 18446742974197923840U, NULL },
		{ "16777216TiB", num_size, 0, "16777216TiB: too large" },
		{ "5GB", num_size, 0, "5GB: unknown unit 'GB'" },
		{ "5kB", num_size, 0, "5kB: unknown unit 'kB'" },
		{ "5 K", num_size, 0, "5 K: unknown unit ' K'" },
		{ "1.5G", num_size, 0, "1.5G: unknown unit '.5G'" },
		{ "K", num_size, 0, "K: not a number" },
		{ "90", num_duration, 90, NULL },
		{ "90s", num_duration, 90, NULL },
		{ "10m", num_duration, 600, NULL },
		{ "20h", num_duration, 72000, NULL },
		{ "30d", num_duration, 2592000, NULL },
		{ "2w", num_duration, 1209600, NULL },
		{ "1y", num_duration, 0, "1y: unknown unit 'y'" },
		{ "1h30m", num_duration, 0, "1h30m: unknown unit 'h30m'" },
		{ "99999999999999999w", num_duration, 0,
		    "99999999999999999w: too large" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };
		uint64_t got = 0;

		check_at(rows[i].text);
		CHECK_INT(rows[i].parse(rows[i].text, &got, &e),
		    rows[i].why == NULL ? 0 : -1);
		CHECK_STR(e.text, rows[i].why == NULL ? "" : rows[i].why);
		CHECK_INT(e.class, rows[i].why == NULL ? 0 : ERR_USAGE);
		if (rows[i].why == NULL)
			CHECK(got == rows[i].value);
	}
}

static void
number_without_an_end_is_read_up_to_its_length(void)
{
	uint64_t got = 5;

	CHECK_INT(num_scan("123x", 3, 123, &got), 0);
	CHECK_INT(got, 123);
	CHECK_INT(num_scan("123x", 4, UINT64_MAX, &got), -1);
	CHECK_INT(num_scan("124", 3, 123, &got), -1);
	CHECK_INT(num_scan("", 0, 123, &got), -1);
	CHECK_INT(num_scan("1\0", 2, 123, &got), -1);
	CHECK_INT(got, 123);
}

static void
people_read_sizes_and_times(void)
{
	static const struct {
		uint64_t value;
		const char *size, *seconds;
	} rows[] = {
		{ 0, "0 B", "0:00" },
		{ 59, "59 B", "0:59" },
		{ 1023, "1023 B", "17:03" },
		{ 1024, "1.0 KiB", "17:04" },
		{ 3599, "3.5 KiB", "59:59" },
		{ 3723, "3.6 KiB", "1:02:03" },
		{ 102399, "99.9 KiB", "28:26:39" },
		{ 102400, "100 KiB", "28:26:40" },
		{ 1610612736, "1.5 GiB", "447392:25:36" },
		{ UINT64_MAX, "15.9 EiB", "5124095576030431:00:15" },
	};
	char out[24];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].size);
		num_format_size(rows[i].value, out, 16);
		CHECK_STR(out, rows[i].size);
		num_format_seconds(rows[i].value, out, sizeof(out));
		CHECK_STR(out, rows[i].seconds);
	}
}

static void
share_is_a_percentage_or_a_size(void)
{
	static const struct {
		const char *text;
		unsigned int percent;
		uint64_t bytes;
		const char *error;
	} rows[] = {
		{ "5%", 5, 0, "" },
		{ "100%", 100, 0, "" },
		{ "2KiB", 0, 2048, "" },
		{ "101%", 0, 0, "101%: not a percentage from 0% to 100%" },
		{ "%", 0, 0, "%: not a percentage from 0% to 100%" },
		{ "5 %", 0, 0, "5 %: not a percentage from 0% to 100%" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned int percent = 7;
		uint64_t bytes = 7;
		struct err e = { 0 };

		check_at(rows[i].text);
		CHECK_INT(num_share(rows[i].text, &percent, &bytes, &e),
		    rows[i].error[0] == '\0' ? 0 : -1);
		CHECK_INT(percent, rows[i].percent);
		CHECK_INT(bytes, rows[i].bytes);
		CHECK_STR(e.text, rows[i].error);
	}
}

CHECK_MAIN(TEST(number_is_taken_whole_or_refused),
    TEST(number_without_an_end_is_read_up_to_its_length),
    TEST(people_read_sizes_and_times), TEST(share_is_a_percentage_or_a_size))
