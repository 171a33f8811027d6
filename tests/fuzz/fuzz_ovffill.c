#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "image/ovf.h"
#include "image/ovffill.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What it gave names just these files. */
static void
check_out(const struct buf *out, const struct ovffill_file *files, size_t n)
{
	struct err e = { 0 };
	struct ovf o = { 0 };
	size_t i, disk = 0;

	if (ovf_parse(out->data, out->len, &o, &e) == -1 || o.n_files != n)
		abort();
	for (i = 0; i < n; i++) {
		if (strcmp(o.files[i].href, files[i].href) != 0)
			abort();
		if (files[i].is_disk && o.disks[disk++].file != &o.files[i])
			abort();
	}
	if (disk != o.n_disks)
		abort();
	ovf_free(&o);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct ovffill_file files[] = { { "a-disk1.vmdk", true },
		{ "a<&\"-disk2.vmdk", true }, { "a.nvram", false } };
	size_t first, many;

	for (first = 0; first < 3; first++)
		for (many = 1; first + many <= 3; many++) {
			struct buf in = { 0 }, out = { 0 };
			struct err e = { 0 };

			buf_add(&in, data, n);
			if (ovffill(&in, files + first, many, &out, &e) == 0)
				check_out(&out, files + first, many);
			else if (e.class == ERR_NONE || e.text[0] == '\0')
				abort();
			buf_free(&in);
			buf_free(&out);
		}
	return 0;
}
