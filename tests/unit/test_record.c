#include <fcntl.h>
#include "check.h"
#include "store/record.h"

static void
foreign_record_is_refused_with_the_reason(void)
{
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "[]", "b: schema '' is not esxbk.backup/1" },
		{ "{}", "b: schema '' is not esxbk.backup/1" },
		{ "{\"schema\":1}", "b: schema '' is not esxbk.backup/1" },
		{ "{\"schema\":\"esxbk.backup/2\"}",
		    "b: schema 'esxbk.backup/2' is not esxbk.backup/1" },
		{ "{\"schema\":\"esxbk.backup/1\"}", "b: time '' is no time" },
		{ "{\"schema\":\"esxbk.backup/1\",\"time\":\"today\"}",
		    "b: time 'today' is no time" },
		{ "{\"schema\":\"esxbk.backup/1\",",
		    "b:1:27: string or '}' expected near end of file" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].text);
		CHECK(record_parse("b", rows[i].text, strlen(rows[i].text),
			  &e) == NULL);
		CHECK_INT(e.class, ERR_DATA);
		CHECK_STR(e.text, rows[i].why);
	}
}

#define HEAD "{\"schema\":\"esxbk.backup/1\",\"time\":\"2026-11-24T00:30:04Z\""

static void
record_knows_its_vm_and_time(void)
{
	static const struct {
		const char *text, *uuid;
		bool same;
	} rows[] = {
		{ HEAD ",\"vm\":{\"instance_uuid\":\"5029-A\"}}", "5029-a",
		    true },
		{ HEAD ",\"vm\":{\"bios_uuid\":\"5029-A\"}}", "5029-a", true },
		{ HEAD ",\"vm\":{\"instance_uuid\":\"5029-AB\"}}", "5029-a",
		    false },
		{ HEAD ",\"vm\":{\"instance_uuid\":[],\"bios_uuid\":null}}",
		    "5029-a", false },
		{ HEAD ",\"vm\":\"5029-a\"}", "5029-a", false },
		{ HEAD "}", "5029-a", false },
	};
	json_t *record;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].text);
		record = record_parse("b", rows[i].text, strlen(rows[i].text),
		    &e);
		if (!CHECK(record != NULL))
			continue;
		CHECK(record_is_of_vm(record, rows[i].uuid) == rows[i].same);
		CHECK_INT(record_time(record), 1795480204);
		json_decref(record);
	}
}

static void
record_of_too_many_files_is_refused(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	json_t *record;
	int i;

	buf_puts(&b, HEAD ",\"disks\":[0,0],\"files\":[0");
	for (i = 3; i < RECORD_MAX_FILES; i++)
		buf_puts(&b, ",0");
	buf_puts(&b, "]}");
	record = record_parse("b", buf_text(&b), b.len, &e);
	CHECK_STR(e.text, "");
	json_decref(record);
	buf_cut(&b, b.len - 2);
	buf_puts(&b, ",0]}");
	CHECK(record_parse("b", buf_text(&b), b.len, &e) == NULL);
	CHECK_INT(e.class, ERR_DATA);
	CHECK_STR(e.text, "b: 1025 files, at most 1024");
	buf_free(&b);
}

static void
folder_without_a_record_is_no_point(void)
{
	struct err e = { 0 };

	CHECK(record_read(AT_FDCWD, "/dev", &e) == NULL);
	CHECK_INT(e.class, ERR_NOTFOUND);
	CHECK_STR(e.text, "/dev: open backup.json: No such file or directory");
	err_clear(&e);
	CHECK(record_read(AT_FDCWD, "/dev/null", &e) == NULL);
	CHECK_INT(e.class, ERR_NOTFOUND);
}

CHECK_MAIN(TEST(foreign_record_is_refused_with_the_reason),
    TEST(record_knows_its_vm_and_time),
    TEST(record_of_too_many_files_is_refused),
    TEST(folder_without_a_record_is_no_point))
