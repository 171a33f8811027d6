#include "job/preflight.h"

#include <stdlib.h>
#include "check.h"

static char system_label[] = "Hard disk 1", data_label[] = "Hard disk 2";

/* 4 KiB and more than any file system has. */
static struct vm_disk disks[] = {
	{ .label = system_label, .capacity_bytes = 4096 },
	{ .label = data_label, .capacity_bytes = UINT64_MAX / 2 },
};

static int
fits(uint64_t committed_bytes, const char *left_out, struct err *e)
{
	const struct vm vm = { .disks = disks,
		.n_disks = 2,
		.committed_bytes = committed_bytes };
	const char *const excluded[] = { left_out, NULL };

	err_clear(e);
	return preflight_spool(&vm, excluded, "/", e);
}

static void
archive_is_no_larger_than_its_disks(void)
{
	struct err e = { 0 };

	CHECK_INT(fits(4096, NULL, &e), 0);
	CHECK_INT(fits(UINT64_MAX / 4, NULL, &e), -1);
	CHECK_INT(e.class, ERR_IO);
	CHECK(strstr(e.text, "set TMPDIR to a larger place") != NULL);
	CHECK_INT(fits(UINT64_MAX / 4, system_label, &e), -1);
	CHECK_INT(fits(UINT64_MAX / 4, data_label, &e), 0);
	CHECK_STR(e.text, "");
}

CHECK_MAIN(TEST(archive_is_no_larger_than_its_disks))
