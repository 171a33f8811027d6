#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"
#include "codec/tar.h"

#define WHEN 1795480204 /* 2026-11-24T00:30:04Z */
#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static struct tar_member
member(const char *name, uint64_t bytes)
{
	struct tar_member m = { .size_bytes = bytes, .mtime = WHEN };

	strcpy(m.name, name);
	return m;
}

/* What tar(5) says, byte by byte. */
static void
header_is_plain_ustar(void)
{
	static const struct {
		size_t at;
		size_t n;
		const char *bytes;
	} fields[] = {
		{ 0, 11, "web01.ovf\0" },
		{ 100, 8, "0000444" },
		{ 108, 8, "0000000" },
		{ 116, 8, "0000000" },
		{ 124, 12, "00000011147" },
		{ 136, 12, "15301155214" },
		{ 156, 1, "0" },
		{ 157, 2, "\0" },
		{ 257, 8, "ustar\00000" },
		{ 265, 2, "\0" },
		{ 329, 8, "0000000" },
		{ 337, 8, "0000000" },
		{ 345, 2, "\0" },
	};
	struct tar_member m = member("web01.ovf", 4711);
	unsigned char block[TAR_BLOCK_BYTES];
	struct err e = { 0 };
	unsigned int sum = 8 * ' ', i;
	char text[9];

	CHECK_INT(tar_format(&m, block, &e), 0);
	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		CHECK_MEM(block + fields[i].at, fields[i].bytes, fields[i].n);
	for (i = 0; i < TAR_BLOCK_BYTES; i++)
		sum += i >= 148 && i < 156 ? 0 : block[i];
	snprintf(text, sizeof(text), "%06o", sum);
	CHECK_MEM(block + 148, text, 7);
	CHECK_INT(block[155], ' ');
}

static void
size_of_8_gib_and_more_is_base_256(void)
{
	static const struct {
		uint64_t bytes;
		const char *field;
	} rows[] = {
		{ 0, "00000000000" },
		{ ((uint64_t)8 << 30) - 1, "77777777777" },
		{ (uint64_t)8 << 30, "\x80\0\0\0\0\0\0\2\0\0\0\0" },
		{ ((uint64_t)1 << 60) - 1,
		    "\x80\0\0\0\x0f\xff\xff\xff\xff\xff\xff\xff" },
	};
	unsigned char block[TAR_BLOCK_BYTES];
	struct err e = { 0 };
	struct tar_member m, again;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].field);
		m = member("d.vmdk", rows[i].bytes);
		CHECK_INT(tar_format(&m, block, &e), 0);
		CHECK_MEM(block + 124, rows[i].field, 12);
		CHECK_INT(tar_parse(block, &again, &e), 1);
		CHECK_INT(again.size_bytes, rows[i].bytes);
		CHECK_INT(again.mtime, WHEN);
	}
	check_at(NULL);
	m = member("d.vmdk", (uint64_t)1 << 60);
	CHECK_INT(tar_format(&m, block, &e), -1);
	CHECK_STR(e.text,
	    "d.vmdk: 1152921504606846976 bytes are too many for a tar archive");
}

static void
long_names_fit_or_are_refused(void)
{
	static const struct {
		const char *name;
		const char *prefix; /* NULL: refused */
	} rows[] = {
		{ HUNDRED, "" },
		{ HUNDRED "x", NULL },
		{ "a/" HUNDRED, "a" },
		{ "a/b/" HUNDRED, "a/b" },
		{ "/a/" HUNDRED, "/a" },
		{ TEN "/" HUNDRED "/x", TEN "/" HUNDRED },
		{ TEN "/" HUNDRED "x/", NULL },
		{ HUNDRED TEN TEN TEN TEN TEN "12345/" HUNDRED,
		    HUNDRED TEN TEN TEN TEN TEN "12345" },
		{ HUNDRED "/" TEN TEN TEN TEN TEN TEN "/x", HUNDRED },
		{ "", NULL },
	};
	unsigned char block[TAR_BLOCK_BYTES];
	struct tar_member m, again;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].name);
		m = member(rows[i].name, 1);
		CHECK_INT(tar_format(&m, block, &e),
		    rows[i].prefix == NULL ? -1 : 0);
		if (rows[i].prefix == NULL) {
			CHECK_INT(e.class, ERR_DATA);
			continue;
		}
		CHECK_MEM(block + 345, rows[i].prefix, strlen(rows[i].prefix));
		CHECK_INT(tar_parse(block, &again, &e), 1);
		CHECK_STR(again.name, rows[i].name);
	}
}

static void
set_checksum(unsigned char *block)
{
	unsigned int sum = 0, i;
	char text[9];

	memset(block + 148, ' ', 8);
	for (i = 0; i < TAR_BLOCK_BYTES; i++)
		sum += block[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(block + 148, text, 7);
}

static void
foreign_headers_are_read_or_refused_with_the_reason(void)
{
	static const struct {
		size_t at;
		const char *bytes;
		size_t n;
		const char *refusal; /* NULL: it is read */
	} rows[] = {
		{ 257, "ustar  ", 8, NULL }, /* GNU tar's own format */
		{ 156, "\0", 1, NULL },
		{ 124, "       11147", 12, NULL },
		{ 124, "000000011147", 12, NULL },
		{ 124, "11147 \0     ", 12, NULL },
		{ 265, "root\0", 5, NULL },
		{ 156, "1", 1,
		    "web01.ovf is a hard link; an OVA has only regular files" },
		{ 156, "2", 1,
		    "web01.ovf is a symbolic link; an OVA has only regular "
		    "files" },
		{ 156, "3", 1,
		    "web01.ovf is a device; an OVA has only regular files" },
		{ 156, "5", 1,
		    "web01.ovf is a folder; an OVA has only regular files" },
		{ 156, "x", 1,
		    "web01.ovf is a pax header; an OVA has only regular "
		    "files" },
		{ 156, "L", 1,
		    "web01.ovf is a long name of GNU tar; an OVA has only "
		    "regular files" },
		{ 156, "S", 1,
		    "web01.ovf is a sparse file; an OVA has only regular "
		    "files" },
		{ 156, "?", 1,
		    "web01.ovf is of an unknown type; an OVA has only regular "
		    "files" },
		{ 124, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12,
		    "web01.ovf: no valid size" },
		{ 124, "\x80\0\0\0\x10\0\0\0\0\0\0\0", 12,
		    "web01.ovf: no valid size" },
		{ 124, "\x80\1\0\0\0\0\0\0\0\0\0\0", 12,
		    "web01.ovf: no valid size" },
		{ 124, "00000000x11 ", 12, "web01.ovf: no valid size" },
		{ 124, "-0000000011 ", 12, "web01.ovf: no valid size" },
		{ 124, "000 000011  ", 12, "web01.ovf: no valid size" },
		{ 124, "            ", 12, "web01.ovf: no valid size" },
		{ 136, "later", 5, "web01.ovf: no valid time" },
		{ 0, "", 1, "a tar header without a name" },
		{ 257, "\0\0\0\0\0\0\0", 8, "no tar header of format ustar" },
	};
	struct tar_member m = member("web01.ovf", 4711);
	unsigned char good[TAR_BLOCK_BYTES], block[TAR_BLOCK_BYTES];
	struct err e = { 0 };
	size_t i;

	CHECK_INT(tar_format(&m, good, &e), 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err_clear(&e);
		check_at(rows[i].bytes);
		memcpy(block, good, sizeof(block));
		memcpy(block + rows[i].at, rows[i].bytes, rows[i].n);
		set_checksum(block);
		CHECK_INT(tar_parse(block, &m, &e),
		    rows[i].refusal == NULL ? 1 : -1);
		CHECK_STR(e.text,
		    rows[i].refusal == NULL ? "" : rows[i].refusal);
		if (rows[i].refusal == NULL)
			CHECK_INT(m.size_bytes, 4711);
	}
}

static void
any_flipped_bit_is_seen(void)
{
	struct tar_member m = member("web01.ovf", 4711);
	unsigned char good[TAR_BLOCK_BYTES], block[TAR_BLOCK_BYTES];
	struct err e = { 0 };
	int i, seen = 0;

	CHECK_INT(tar_format(&m, good, &e), 0);
	for (i = 0; i < TAR_BLOCK_BYTES; i++) {
		/* That NUL may as well be a blank. */
		if (i == 154)
			continue;
		err_clear(&e);
		memcpy(block, good, sizeof(block));
		block[i] ^= 4;
		if (tar_parse(block, &m, &e) == -1 && e.class == ERR_DATA)
			seen++;
	}
	CHECK_INT(seen, TAR_BLOCK_BYTES - 1);
}

static void
end_of_the_archive_is_a_block_of_zeros(void)
{
	unsigned char block[TAR_BLOCK_BYTES] = { 0 };
	struct err e = { 0 };
	struct tar_member m;

	CHECK_INT(tar_parse(block, &m, &e), 0);
	block[511] = 1;
	CHECK_INT(tar_parse(block, &m, &e), -1);
	CHECK_STR(e.text, "no tar header: the checksum is wrong");
	CHECK_INT(tar_padding(0), 0);
	CHECK_INT(tar_padding(1), 511);
	CHECK_INT(tar_padding(511), 1);
	CHECK_INT(tar_padding(512), 0);
	CHECK_INT(tar_padding(((uint64_t)1 << 60) - 1), 1);
}

/* An archive with a sparse member of 9 GiB. */
static void
make_large(const char *path)
{
	const uint64_t bytes = (uint64_t)9 << 30;
	struct tar_member m = member("large.vmdk", bytes);
	unsigned char block[TAR_BLOCK_BYTES];
	struct err e = { 0 };
	FILE *f = fopen(path, "w");

	if (f == NULL)
		abort();
	CHECK_INT(tar_format(&m, block, &e), 0);
	CHECK_INT(fwrite(block, 1, sizeof(block), f), sizeof(block));
	CHECK_INT(fseeko(f, (off_t)bytes, SEEK_CUR), 0);
	m = member("web01.mf", 0);
	CHECK_INT(tar_format(&m, block, &e), 0);
	CHECK_INT(fwrite(block, 1, sizeof(block), f), sizeof(block));
	CHECK_INT(ftruncate(fileno(f), (off_t)bytes + 5 * TAR_BLOCK_BYTES), 0);
	CHECK_INT(fclose(f), 0);
}

static void
member_of_9_gib_is_read_by_other_tars(void)
{
	static const char *const readers[] = {
		"command -v tar >/dev/null || exit 77; "
		"tar -tvf \"$F\" | grep -q ' 9663676416 .* large.vmdk$' && "
		"test \"$(tar -tf \"$F\" | tail -n 1)\" = web01.mf",
		"command -v bsdtar >/dev/null || exit 77; "
		"bsdtar -tvf \"$F\" | grep -q ' 9663676416 .* large.vmdk$' && "
		"test \"$(bsdtar -tf \"$F\" | tail -n 1)\" = web01.mf",
		"command -v python3 >/dev/null || exit 77; python3 -c '"
		"import os, tarfile; "
		"print([(m.name, m.size) for m in "
		"tarfile.open(os.environ[\"F\"]).getmembers()])' | grep -qxF "
		"\"[('large.vmdk', 9663676416), ('web01.mf', 0)]\"",
	};
	const char *tmp = getenv("TMPDIR");
	char path[300];
	size_t i;
	int rc;

	snprintf(path, sizeof(path), "%s/large.%ld.tar",
	    tmp == NULL ? "/tmp" : tmp, (long)getpid());
	make_large(path);
	setenv("F", path, 1);
	for (i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		check_at(readers[i]);
		rc = system(readers[i]);
		CHECK(WIFEXITED(rc) &&
		    (WEXITSTATUS(rc) == 0 || WEXITSTATUS(rc) == 77));
	}
	CHECK_INT(unlink(path), 0);
}

CHECK_MAIN(TEST(header_is_plain_ustar),
    TEST(size_of_8_gib_and_more_is_base_256),
    TEST(long_names_fit_or_are_refused),
    TEST(foreign_headers_are_read_or_refused_with_the_reason),
    TEST(any_flipped_bit_is_seen), TEST(end_of_the_archive_is_a_block_of_zeros),
    TEST(member_of_9_gib_is_read_by_other_tars))
