#include "base/secret.h"
#include "check.h"
#include "codec/json.h"

static const char *
line_of(const json_t *value)
{
	static char line[1200];
	struct buf b = { 0 };
	struct err e = { 0 };

	snprintf(line, sizeof(line), "%s",
	    json_write(value, JSON_LINE, &b, &e) == 0 ? buf_text(&b) : e.text);
	buf_free(&b);
	return line;
}

static void
broken_document_is_refused_with_its_place(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "f:1:0: '[' or '{' expected near end of file" },
		{ "3", "f:1:1: '[' or '{' expected near '3'" },
		{ "{\"a\":1,\n\"a\":2}",
		    "f:2:3: duplicate object key near '\"a\"'" },
		{ "{} x", "f:1:4: end of file expected near 'x'" },
		{ "{\"a\":\"\\u0000\"}",
		    "f:1:13: \\u0000 is not allowed "
		    "without JSON_ALLOW_NUL near "
		    "'\"\\u0000\"'" },
		{ "[\"\xff\"]", "f:1:2: unable to decode byte 0xff near '\"'" },
		{ "[1e999]", "f:1:6: real number overflow near '1e999'" },
		{ "[99999999999999999999]",
		    "f:1:21: too big integer near '99999999999999999999'" },
		{ "[NaN]", "f:1:4: invalid token near 'NaN'" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].text);
		CHECK(json_read("f", rows[i].text, strlen(rows[i].text), &e) ==
		    NULL);
		CHECK_INT(e.class, ERR_DATA);
		CHECK_STR(e.text, rows[i].why);
	}
}

static void
deep_document_ends_in_an_error_not_in_a_crash(void)
{
	static char deep[1 << 20];
	struct err e = { 0 };

	memset(deep, '[', sizeof(deep));
	CHECK(json_read("f", deep, sizeof(deep), &e) == NULL);
	CHECK_INT(e.class, ERR_DATA);
}

static void
huge_document_is_not_even_looked_at(void)
{
	struct err e = { 0 };

	CHECK(json_read("f", "", (64 << 20) + 1, &e) == NULL);
	CHECK_STR(e.text, "f: more than 64 MiB");
}

static void
text_from_a_server_becomes_valid(void)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{ NULL, "{\"k\":null}\n" },
		{ "", "{\"k\":\"\"}\n" },
		{ "w\xc3\xb6rk", "{\"k\":\"w\xc3\xb6rk\"}\n" },
		{ "a\xff\xc3", "{\"k\":\"a\xef\xbf\xbd\xef\xbf\xbd\"}\n" },
		{ "\xed\xa0\x80",
		    "{\"k\":\"\xef\xbf\xbd\xef\xbf\xbd"
		    "\xef\xbf\xbd\"}\n" },
		{ "a\n\"\\\x1b", "{\"k\":\"a\\n\\\"\\\\\\u001B\"}\n" },
	};
	json_t *o;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].text);
		o = json_object();
		json_set_text(o, "k", rows[i].text);
		CHECK_STR(line_of(o), rows[i].line);
		json_decref(o);
	}
}

static void
no_secret_gets_into_a_document(void)
{
	json_t *o = json_object();
	const char *mine = "login with hunter2 failed";

	secret_add("hunter2", 7);
	json_set_text(o, "error", mine);
	CHECK_STR(line_of(o), "{\"error\":\"login with ******* failed\"}\n");
	CHECK_STR(mine, "login with hunter2 failed");
	json_decref(o);
	secret_free();
}

static void
keys_keep_their_order_and_numbers_their_looks(void)
{
	json_t *o = json_object();
	struct buf b = { 0 };
	struct err e = { 0 };

	json_set_text(o, "schema", "esxbk.result/1");
	json_set_int(o, "bytes", 42949672960);
	json_set(o, "seconds", json_real(118.4));
	json_set_bool(o, "changed", 5);
	json_set_time(o, "started", 1795480204);
	json_set_time(o, "ended", 0);
	json_set(o, "a", json_array());
	CHECK_STR(line_of(o),
	    "{\"schema\":\"esxbk.result/1\",\"bytes\":42949672960,"
	    "\"seconds\":118.4,\"changed\":true,"
	    "\"started\":\"2026-11-24T00:30:04Z\",\"ended\":null,"
	    "\"a\":[]}\n");
	json_object_clear(o);
	json_set_int(o, "x", -1);
	CHECK_INT(json_write(o, JSON_INDENTED, &b, &e), 0);
	CHECK_STR(buf_text(&b), "{\n  \"x\": -1\n}\n");
	buf_free(&b);
	json_decref(o);
}

/* Half a result must not look like a whole one. */
static void
document_that_lost_a_value_is_not_written(void)
{
	json_t *o = json_object(), *list = json_array(), *item = json_object();
	struct buf b = { 0 };
	struct err e = { 0 };

	json_set(item, "lost", NULL);
	json_array_append_new(list, item);
	json_set(o, "list", list);
	CHECK_INT(json_write(o, JSON_LINE, &b, &e), -1);
	CHECK_INT(e.class, ERR_OS);
	CHECK_STR(e.text, "JSON document: out of memory");
	CHECK_INT(b.len, 0);
	json_decref(o);
	CHECK_INT(json_write(NULL, JSON_LINE, &b, &e), -1);
}

CHECK_MAIN(TEST(broken_document_is_refused_with_its_place),
    TEST(deep_document_ends_in_an_error_not_in_a_crash),
    TEST(huge_document_is_not_even_looked_at),
    TEST(text_from_a_server_becomes_valid),
    TEST(no_secret_gets_into_a_document),
    TEST(keys_keep_their_order_and_numbers_their_looks),
    TEST(document_that_lost_a_value_is_not_written))
