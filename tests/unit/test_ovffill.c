#include <stdlib.h>
#include "check.h"
#include "image/ovf.h"
#include "image/ovffill.h"

#define HEAD                                                    \
	"<?xml version=\"1.0\"?>\n<Envelope "                   \
	"xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\" "     \
	"xmlns:ovf=\"http://schemas.dmtf.org/ovf/envelope/1\" " \
	"xmlns:vmw=\"http://www.vmware.com/schema/ovf\">\n"
#define DISK(id) "<Disk ovf:capacity=\"1024\" ovf:diskId=\"" id "\"/>"
#define SECTION(disks) "<DiskSection><Info>d</Info>" disks "</DiskSection>"
#define SYSTEM                                                            \
	"<VirtualSystem ovf:id=\"web\"><Info>v</Info>"                    \
	"<VirtualHardwareSection><Info>h</Info></VirtualHardwareSection>" \
	"</VirtualSystem></Envelope>"

static const struct ovffill_file files[] = { { "web-disk1.vmdk", true },
	{ "a&b <2>.vmdk", true }, { "web.nvram", false } };

/* files[first..first + n) */
static int
fill(const char *text, size_t first, size_t n, struct buf *out, struct err *e)
{
	struct buf in = { 0 };
	int rc;

	buf_puts(&in, text);
	rc = ovffill(&in, files + first, n, out, e);
	buf_free(&in);
	return rc;
}

static void
files_stand_where_a_reader_looks(void)
{
	struct buf out = { 0 };
	struct err e = { 0 };
	struct ovf o = { 0 };

	CHECK_INT(fill(HEAD "<References/>\n" SECTION(DISK("d1") DISK("d2"))
			   SYSTEM,
		      0, 3, &out, &e),
	    0);
	CHECK_STR(e.text, "");
	CHECK_STR(buf_text(&out),
	    HEAD "<References>\n"
		 "    <File ovf:href=\"web-disk1.vmdk\" ovf:id=\"file1\"/>\n"
		 "    <File ovf:href=\"a&amp;b &lt;2&gt;.vmdk\" "
		 "ovf:id=\"file2\"/>\n"
		 "    <File ovf:href=\"web.nvram\" ovf:id=\"file3\"/>\n"
		 "  </References>\n"
		 "<DiskSection><Info>d</Info>"
		 "<Disk ovf:fileRef=\"file1\" ovf:capacity=\"1024\" "
		 "ovf:diskId=\"d1\"/>"
		 "<Disk ovf:fileRef=\"file2\" ovf:capacity=\"1024\" "
		 "ovf:diskId=\"d2\"/></DiskSection>"
		 "<VirtualSystem ovf:id=\"web\"><Info>v</Info>"
		 "<VirtualHardwareSection><Info>h</Info>"
		 "<vmw:ExtraConfig ovf:required=\"false\" vmw:key=\"nvram\" "
		 "vmw:value=\"ovf:/file/file3\"/></VirtualHardwareSection>"
		 "</VirtualSystem></Envelope>");
	CHECK_INT(ovf_parse(buf_text(&out), out.len, &o, &e), 0);
	CHECK_INT(o.n_files, 3);
	CHECK(o.n_disks == 2 && o.disks[1].file == &o.files[1]);
	CHECK_STR(o.files[1].href, "a&b <2>.vmdk");
	ovf_free(&o);
	buf_free(&out);
}

/* As other hosts write it: a prefix, an end tag of its own, blanks. */
static void
other_writings_are_filled_too(void)
{
	static const char *const rows[] = {
		HEAD "<References></References>" SECTION(DISK("d1")) SYSTEM,
		HEAD "<References >\n  </References>" SECTION(DISK("d1"))
		    SYSTEM,
		HEAD "<ovf:References/><ovf:DiskSection><ovf:Info/>"
		     "<ovf:Disk\n ovf:capacity=\"1\" ovf:diskId=\"d1\"/>"
		     "</ovf:DiskSection>" SYSTEM,
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = { 0 };
		struct err e = { 0 };
		struct ovf o = { 0 };

		check_at(rows[i]);
		CHECK_INT(fill(rows[i], 0, 1, &out, &e), 0);
		CHECK_STR(e.text, "");
		CHECK_INT(ovf_parse(buf_text(&out), out.len, &o, &e), 0);
		CHECK(o.n_disks == 1 && o.n_files == 1 &&
		    o.disks[0].file == &o.files[0]);
		ovf_free(&o);
		buf_free(&out);
	}
}

static void
what_cannot_be_filled_is_refused(void)
{
	static const char form[] =
	    "the descriptor has a form that cannot be given files";
	static const struct {
		const char *text, *why;
		size_t first, n;
	} rows[] = {
		{ HEAD SECTION(DISK("d1")) SYSTEM, form, 0, 1 },
		{ HEAD "<References/>" SYSTEM, form, 0, 1 },
		{ HEAD "<References/>" SECTION(DISK("d1") DISK("d2")) SYSTEM,
		    "the descriptor has 2 disks, the backup 1", 0, 1 },
		{ HEAD "<References/>" SECTION(DISK("d1")) SYSTEM, form, 0, 2 },
		/* It names a file already. */
		{ HEAD "<References><File ovf:id=\"f\" ovf:href=\"x\"/>"
		       "</References>" SECTION(DISK("d1")) SYSTEM,
		    form, 0, 1 },
		/* What only looks like it. */
		{ HEAD "<!-- <References/> --><References/>" SECTION(DISK("d1"))
			SYSTEM,
		    "Disk 'd1': there is no File 'file1'", 0, 1 },
		{ HEAD "<References/><!-- <Disk -->" SECTION(DISK("d1")) SYSTEM,
		    form, 0, 1 },
		/* No hardware to set the NVRAM in. */
		{ HEAD "<References/></Envelope>", form, 2, 1 },
		{ "", form, 0, 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = { 0 };
		struct err e = { 0 };

		check_at(rows[i].text);
		CHECK_INT(
		    fill(rows[i].text, rows[i].first, rows[i].n, &out, &e), -1);
		CHECK_INT(e.class, ERR_DATA);
		CHECK_STR(e.text, rows[i].why);
		buf_free(&out);
	}
}

CHECK_MAIN(TEST(files_stand_where_a_reader_looks),
    TEST(other_writings_are_filled_too), TEST(what_cannot_be_filled_is_refused))
