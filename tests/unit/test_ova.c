#include "store/ova.h"

#include "tarmaker.h"

/* What the archive holds: "NAME=TEXT;" a member, then the error if any. */
static void
read_all(int fd, bool reads, struct buf *seen)
{
	struct err e = { 0 };
	struct ova *o = ova_open(fd, "x.ova", &e);
	struct tar_member m;
	int64_t offset;
	char chunk[7];
	ssize_t n = 0;
	int rc;

	if (!CHECK(o != NULL))
		return;
	while ((rc = ova_next(o, &m, &offset, &e)) == 1) {
		buf_fmt(seen, "%s=", m.name);
		while (reads && (n = ova_read(o, chunk, sizeof(chunk), &e)) > 0)
			buf_add(seen, chunk, (size_t)n);
		buf_char(seen, ';');
		if (n == -1)
			break;
	}
	if (e.class != ERR_NONE) {
		CHECK_INT(e.class, ERR_DATA);
		buf_puts(seen, e.text);
	} else {
		CHECK_INT(ova_next(o, &m, &offset, &e), 0);
	}
	ova_free(o);
	close(fd);
}

static void
check_archive(const struct buf *b, bool reads, const char *file,
    const char *pipe)
{
	struct buf seen = { 0 };

	read_all(tarmaker_file(b), reads, &seen);
	CHECK_STR(buf_text(&seen), file);
	buf_cut(&seen, 0);
	read_all(tarmaker_pipe(b), reads, &seen);
	CHECK_STR(buf_text(&seen), pipe);
	buf_free(&seen);
}

static void
make_good(struct buf *b)
{
	tarmaker_text(b, "web.ovf", "<Envelope/>");
	tarmaker_text(b, "empty", "");
	tarmaker_text(b, "web-disk1.vmdk", "some bytes");
	tarmaker_end(b);
}

static void
members_come_in_order_from_file_and_pipe(void)
{
	static const char read[] =
	    "web.ovf=<Envelope/>;empty=;web-disk1.vmdk=some bytes;";
	static const char skipped[] = "web.ovf=;empty=;web-disk1.vmdk=;";
	struct buf b = { 0 };

	make_good(&b);
	check_archive(&b, true, read, read);
	check_archive(&b, false, skipped, skipped);
	tarmaker_zeros(&b, 9000); /* GNU tar fills its record */
	check_archive(&b, true, read, read);
	buf_free(&b);
}

static void
a_member_read_in_part_does_not_shift_the_next(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct tar_member m;
	int64_t offset;
	char c[4];
	int fds[2], i;

	make_good(&b);
	fds[0] = tarmaker_file(&b);
	fds[1] = tarmaker_pipe(&b);
	for (i = 0; i < 2; i++) {
		struct ova *o = ova_open(fds[i], "x.ova", &e);

		CHECK_INT(ova_next(o, &m, &offset, &e), 1);
		CHECK_INT(offset, i == 0 ? 512 : -1);
		CHECK_INT(ova_read(o, c, sizeof(c), &e), 4);
		CHECK_INT(ova_next(o, &m, &offset, &e), 1);
		CHECK_INT(ova_next(o, &m, &offset, &e), 1);
		CHECK_STR(m.name, "web-disk1.vmdk");
		CHECK_INT(offset, i == 0 ? 2048 : -1);
		CHECK_INT(ova_read(o, c, sizeof(c), &e), 4);
		CHECK_MEM(c, "some", 4);
		ova_free(o);
		close(fds[i]);
	}
	buf_free(&b);
}

/* An archive may begin anywhere in a file. */
static void
reading_starts_where_the_file_stands(void)
{
	struct buf b = { 0 }, seen = { 0 };
	int fd;

	buf_puts(&b, "12345");
	make_good(&b);
	fd = tarmaker_file(&b);
	CHECK_INT(lseek(fd, 5, SEEK_SET), 5);
	read_all(fd, true, &seen);
	CHECK_STR(buf_text(&seen),
	    "web.ovf=<Envelope/>;empty=;web-disk1.vmdk=some bytes;");
	buf_free(&seen);
	buf_free(&b);
}

static void
a_cut_archive_is_told_with_its_numbers(void)
{
	static const struct {
		size_t bytes;
		const char *file, *pipe;
	} cases[] = {
		{ 0, "x.ova: the archive ends without its two blocks of zeros",
		    NULL },
		{ 100, "x.ova: the archive is cut in a header", NULL },
		{ 512,
		    "x.ova: the archive is cut: it has 0 of the 11 bytes of "
		    "web.ovf",
		    "web.ovf=;x.ova: the archive is cut: it has 0 of the 11 "
		    "bytes of web.ovf" },
		{ 515,
		    "x.ova: the archive is cut: it has 3 of the 11 bytes of "
		    "web.ovf",
		    "web.ovf=<En;x.ova: the archive is cut: it has 3 of the "
		    "11 bytes of web.ovf" },
		{ 1000,
		    "x.ova: the archive is cut: it has 11 of the 11 bytes of "
		    "web.ovf",
		    "web.ovf=<Envelope/>;x.ova: the archive is cut: it has "
		    "11 of the 11 bytes of web.ovf" },
		{ 1024,
		    "web.ovf=<Envelope/>;x.ova: the archive ends without its "
		    "two blocks of zeros",
		    NULL },
		{ 2560,
		    "web.ovf=<Envelope/>;empty=;web-disk1.vmdk=some bytes;"
		    "x.ova: the archive ends without its two blocks of zeros",
		    NULL },
		{ 3072,
		    "web.ovf=<Envelope/>;empty=;web-disk1.vmdk=some bytes;"
		    "x.ova: the archive ends without its two blocks of zeros",
		    NULL },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_at(cases[i].file);
		buf_cut(&b, 0);
		make_good(&b);
		buf_cut(&b, cases[i].bytes);
		check_archive(&b, true, cases[i].file,
		    cases[i].pipe == NULL ? cases[i].file : cases[i].pipe);
	}
	check_at(NULL);
	buf_free(&b);
}

static void
make_twice(struct buf *b)
{
	tarmaker_text(b, "a", "1");
	tarmaker_text(b, "a", "2");
}

static void
make_outside(struct buf *b)
{
	tarmaker_text(b, "../a", "1");
}

static void
make_below(struct buf *b)
{
	tarmaker_text(b, "b/a", "1");
}

static void
make_control(struct buf *b)
{
	tarmaker_text(b, "a\nb: OK", "1");
}

static void
make_link(struct buf *b)
{
	tarmaker_header(b, "a", 0);
	tarmaker_type(b, '2');
}

static void
make_device(struct buf *b)
{
	tarmaker_header(b, "a", 0);
	tarmaker_type(b, '4');
}

static void
make_pax(struct buf *b)
{
	tarmaker_header(b, "PaxHeaders", 20);
	tarmaker_type(b, 'x');
}

static void
make_garbage(struct buf *b)
{
	tarmaker_text(b, "a", "1");
	buf_fmt(b, "%512s", "no header");
}

static void
make_one_block(struct buf *b)
{
	tarmaker_text(b, "a", "1");
	tarmaker_zeros(b, TAR_BLOCK_BYTES);
	tarmaker_text(b, "b", "2");
}

static void
make_tail(struct buf *b)
{
	tarmaker_text(b, "a", "1");
	tarmaker_end(b);
	tarmaker_zeros(b, 2000);
	buf_char(b, 'x');
}

static void
make_huge(struct buf *b)
{
	tarmaker_header(b, "a", UINT64_C(1) << 59);
	buf_puts(b, "1");
}

static void
what_an_archive_must_not_hold_is_refused(void)
{
	static const struct {
		void (*make)(struct buf *b);
		const char *says;
	} cases[] = {
		{ make_twice, "a=1;x.ova: a is there twice" },
		{ make_outside,
		    "x.ova: the member '../a' has no plain file name" },
		{ make_below,
		    "x.ova: the member 'b/a' has no plain file name" },
		{ make_control,
		    "x.ova: the member 'a b: OK' has no plain file name" },
		{ make_link,
		    "x.ova: a is a symbolic link; an OVA has only regular "
		    "files" },
		{ make_device,
		    "x.ova: a is a device; an OVA has only regular files" },
		{ make_pax,
		    "x.ova: PaxHeaders is a pax header; an OVA has only "
		    "regular files" },
		{ make_garbage,
		    "a=1;x.ova: no tar header: the checksum is wrong" },
		{ make_one_block,
		    "a=1;x.ova: something stands behind the archive's end" },
		{ make_tail,
		    "a=1;x.ova: something stands behind the archive's end" },
	};
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_at(cases[i].says);
		buf_cut(&b, 0);
		cases[i].make(&b);
		check_archive(&b, true, cases[i].says, cases[i].says);
	}
	check_at(NULL);
	buf_cut(&b, 0);
	make_huge(&b);
	check_archive(&b, true,
	    "x.ova: the archive is cut: it has 1 of the 576460752303423488 "
	    "bytes of a",
	    "a=1;x.ova: the archive is cut: it has 1 of the "
	    "576460752303423488 bytes of a");
	buf_free(&b);
}

static void
the_number_of_members_has_an_end(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct tar_member m;
	struct ova *o;
	int64_t offset;
	char name[20];
	int i, n = 0, fd;

	for (i = 0; i <= OVA_MAX_MEMBERS; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		tarmaker_text(&b, name, "");
	}
	fd = tarmaker_file(&b);
	o = ova_open(fd, "x.ova", &e);
	while (ova_next(o, &m, &offset, &e) == 1)
		n++;
	CHECK_INT(n, OVA_MAX_MEMBERS);
	CHECK_STR(e.text, "x.ova: more than 8192 members");
	ova_free(o);
	close(fd);
	buf_free(&b);
}

static void
a_source_gives_one_member(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	struct tar_member m;
	struct source from;
	int64_t offset;
	char text[100];
	struct ova *o;
	int fd;

	make_good(&b);
	fd = tarmaker_pipe(&b);
	o = ova_open(fd, "x.ova", &e);
	from = ova_source(o);
	CHECK_INT(flow_read(&from, text, sizeof(text), &e), 0);
	CHECK_INT(ova_next(o, &m, &offset, &e), 1);
	CHECK_INT(flow_read(&from, text, sizeof(text), &e), 11);
	CHECK_MEM(text, "<Envelope/>", 11);
	CHECK_INT(flow_read(&from, text, sizeof(text), &e), 0);
	ova_free(o);
	ova_free(NULL);
	close(fd);
	buf_free(&b);
}

CHECK_MAIN(TEST(members_come_in_order_from_file_and_pipe),
    TEST(a_member_read_in_part_does_not_shift_the_next),
    TEST(reading_starts_where_the_file_stands),
    TEST(a_cut_archive_is_told_with_its_numbers),
    TEST(what_an_archive_must_not_hold_is_refused),
    TEST(the_number_of_members_has_an_end), TEST(a_source_gives_one_member))
