#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "plan/toolresult.h"

/*
 * What a tool printed before it ended, whatever became of it: the exit status
 * is taken from the first byte.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct child_end end = { 0 };
	struct toolresult_list list;
	struct toolresult r;
	struct err e = { 0 };

	if (size == 0)
		return 0;
	end.exit = data[0];
	buf_add(&end.output, data + 1, size - 1);
	toolresult_read(&r, "tool", "backup", &end);
	if (r.summary == NULL && r.exit != ERR_BUG)
		abort();
	if ((r.exit == 0) != (r.text[0] == '\0'))
		abort();
	toolresult_free(&r);
	toolresult_list_read(&list, &end.output, &e);
	toolresult_list_free(&list);
	buf_free(&end.output);
	return 0;
}
