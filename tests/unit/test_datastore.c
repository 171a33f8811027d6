#include "vsphere/datastore.h"

#include "check.h"

/* Whose free space and kind is looked at before a snapshot is made. */
static void
disk_is_on_the_datastore_that_its_file_names(void)
{
	static char name[] = "100% [a/b]";
	static const struct datastore d = { .name = name };
	static const struct {
		const char *file;
		bool holds;
	} rows[] = {
		{ "[100%25 [a%2fb]] web/web.vmdk", true },
		{ "[100% [a/b]] web.vmdk", true },
		{ "[100%25 [a%2fb2]] web/web.vmdk", false },
		{ "[100%25] web/web.vmdk", false },
		{ "100%25 [a%2fb]] web/web.vmdk", false },
		{ "[100%25 [a%2fb]]", false },
		{ "", false },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].file);
		CHECK_INT(datastore_holds(&d, rows[i].file), rows[i].holds);
	}
}

CHECK_MAIN(TEST(disk_is_on_the_datastore_that_its_file_names))
