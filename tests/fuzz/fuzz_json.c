/* backup.json as it is read; what was read can be written and read again. */
#include <stdlib.h>
#include <string.h>
#include "store/record.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static void
write_and_read(const json_t *value)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	json_t *again;

	if (json_write(value, JSON_INDENTED, &b, &e) == 0) {
		again = json_read("again", b.data, b.len, &e);
		if (again == NULL)
			abort();
		json_decref(again);
	}
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
	struct err e = { 0 }, ignored = { 0 };
	json_t *value = json_read("f", data, n, &e), *record;

	if ((value == NULL) != (e.class == ERR_DATA))
		abort();
	record = record_parse("f", data, n, &ignored);
	if (record != NULL) {
		(void)record_is_of_vm(record, "5029abcd");
		(void)record_time(record);
	}
	if (value != NULL)
		write_and_read(value);
	json_decref(record);
	json_decref(value);
	return 0;
}
