#define ZLIB_CONST
#include <stdlib.h>
#include <zlib.h>
#include "base/buf.h"
#include "check.h"
#include "codec/gunzip.h"

/* A file in memory, in portions. */
struct file {
	const char *data;
	size_t len, at, portion;
	bool fails; /* at its end */
};

static ssize_t
read_file(void *self, void *p, size_t n, struct err *e)
{
	struct file *f = self;
	size_t left = f->len - f->at;

	if (left == 0 && f->fails)
		return err_set(e, ERR_IO, "tape torn");
	if (f->portion != 0 && n > f->portion)
		n = f->portion;
	if (n > left)
		n = left;
	memcpy(p, f->data + f->at, n);
	f->at += n;
	return (ssize_t)n;
}

static void
pack(struct buf *b, const char *p, size_t n, int level)
{
	Bytef name[] = "disk.vmdk", comment[] = "c", extra[] = "ab\1\0x";
	gz_header header = { .name = name,
		.comment = comment,
		.extra = extra,
		.extra_len = 5,
		.hcrc = 1 };
	size_t size = n + n / 100 + 1000;
	char *out = malloc(size);
	z_stream z = { 0 };

	deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	if (level == 9)
		deflateSetHeader(&z, &header);
	z.next_in = (const Bytef *)p;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)size;
	CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_add(b, out, size - z.avail_out);
	deflateEnd(&z);
	free(out);
}

/* All that is in f, read in pieces of that size. */
static int
unpack(struct file *f, size_t piece, struct buf *out, struct err *e)
{
	struct source from = { read_file, f }, inside;
	struct gunzip *g = gunzip_open(&from, e);
	char *p = malloc(piece);
	ssize_t n;

	f->at = 0;
	buf_cut(out, 0);
	inside = gunzip_source(g);
	while ((n = flow_read(&inside, p, piece, e)) > 0)
		buf_add(out, p, (size_t)n);
	/* The end stays the end, and an error an error. */
	CHECK_INT(flow_read(&inside, p, piece, &(struct err){ 0 }), n);
	gunzip_free(g);
	free(p);
	return (int)n;
}

/* Half of it can be packed, half cannot. */
static char *
make_content(size_t n)
{
	char *p = malloc(n);
	uint32_t x = 1;
	size_t i;

	for (i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = i % 8192 < 4096 ? 'a' : (char)(x >> 24);
	}
	return p;
}

static void
content_comes_out_whatever_the_portions(void)
{
	static const size_t portions[] = { 1, 7, 65536, 0 };
	static const size_t pieces[] = { 1, 1000, 131072, 4000000 };
	static const size_t size = 600000;
	char *content = make_content(size), name[60];
	struct buf gz = { 0 }, out = { 0 };
	size_t i, j;

	pack(&gz, content, 100000, 6);
	pack(&gz, content + 100000, 0, 6);
	pack(&gz, content + 100000, 300000, 9);
	pack(&gz, content + 400000, 200000, 0);
	for (i = 0; i < 4; i++)
		for (j = 0; j < 4; j++) {
			struct file f = { gz.data, gz.len, 0, portions[i],
				false };
			struct err e = { 0 };

			snprintf(name, sizeof(name), "portions %zu, pieces %zu",
			    portions[i], pieces[j]);
			check_at(name);
			CHECK_INT(unpack(&f, pieces[j], &out, &e), 0);
			CHECK_STR(e.text, "");
			if (CHECK_INT(out.len, size))
				CHECK_MEM(out.data, content, size);
		}
	free(content);
	buf_free(&gz);
	buf_free(&out);
}

static void
empty_content_is_fine(void)
{
	struct buf gz = { 0 }, out = { 0 };
	struct err e = { 0 };

	pack(&gz, "", 0, 6);
	CHECK_INT(unpack(&(struct file){ gz.data, gz.len, 0, 0, false }, 10,
		      &out, &e),
	    0);
	CHECK_STR(e.text, "");
	CHECK_INT(out.len, 0);
	buf_free(&gz);
	buf_free(&out);
}

static void
every_cut_is_seen(void)
{
	struct buf gz = { 0 }, out = { 0 };
	char want[80];
	struct err e;
	size_t one, i;

	pack(&gz, "hello, world", 12, 9);
	one = gz.len;
	pack(&gz, "more", 4, 6);
	for (i = 0; i < gz.len; i++) {
		struct file f = { gz.data, i, 0, 0, false };

		snprintf(want, sizeof(want), "cut to %zu bytes", i);
		check_at(want);
		err_clear(&e);
		CHECK_INT(unpack(&f, 100, &out, &e), i == one ? 0 : -1);
		snprintf(want, sizeof(want),
		    "the gzip data is cut off after %zu bytes", i);
		CHECK_STR(e.text,
		    i == 0         ? "this is no gzip data"
			: i == one ? ""
				   : want);
		CHECK_INT(e.class, i == one ? ERR_NONE : ERR_IO);
	}
	buf_free(&gz);
	buf_free(&out);
}

/* Each byte of the content, the check sum and the length counts. */
static void
every_damaged_byte_is_seen(void)
{
	struct buf gz = { 0 }, out = { 0 };
	struct err e;
	char name[40];
	size_t i;

	pack(&gz, "hello, world", 12, 6);
	for (i = 10; i < gz.len; i++) {
		struct file f = { gz.data, gz.len, 0, 0, false };

		snprintf(name, sizeof(name), "byte %zu", i);
		check_at(name);
		err_clear(&e);
		gz.data[i] ^= 0x01;
		CHECK_INT(unpack(&f, 100, &out, &e), -1);
		CHECK_INT(e.class, ERR_IO);
		gz.data[i] ^= 0x01;
	}
	buf_free(&gz);
	buf_free(&out);
}

static void
what_is_wrong_is_said(void)
{
	static const struct {
		size_t at; /* from the end */
		char with;
		const char *text;
	} rows[] = {
		{ 1, 'x', "the gzip data is damaged at byte 32: wrong length" },
		{ 8, 'x',
		    "the gzip data is damaged at byte 28: wrong check sum" },
		{ 22, '\x07',
		    "the gzip data is damaged at byte 11: invalid block "
		    "type" },
		{ 30, '\x09',
		    "the gzip data is damaged at byte 4: unknown compression "
		    "method" },
		{ 31, 'x', "this is no gzip data" },
		{ 32, 'x', "this is no gzip data" },
	};
	struct buf out = { 0 };
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf gz = { 0 };

		check_at(rows[i].text);
		err_clear(&e);
		pack(&gz, "hello, world", 12, 6);
		CHECK_INT(gz.len, 32);
		gz.data[gz.len - rows[i].at] = rows[i].with;
		CHECK_INT(unpack(&(struct file){ gz.data, gz.len, 0, 0, false },
			      100, &out, &e),
		    -1);
		CHECK_STR(e.text, rows[i].text);
		/* What came before the damage is given. */
		CHECK_STR(buf_text(&out), i < 2 ? "hello, world" : "");
		buf_free(&gz);
	}
	buf_free(&out);
}

static void
what_follows_must_be_gzip(void)
{
	static const struct {
		const char *tail;
		size_t n;
		const char *text;
	} rows[] = {
		{ "\n", 1,
		    "something that is no gzip data follows at byte 32" },
		{ "\0\0\0\0", 4,
		    "something that is no gzip data follows at byte 32" },
		{ "\x1f", 1, "the gzip data is cut off after 33 bytes" },
		{ "\x1f\x8c", 2,
		    "something that is no gzip data follows at byte 34" },
	};
	struct buf out = { 0 };
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf gz = { 0 };

		check_at(rows[i].text);
		err_clear(&e);
		pack(&gz, "hello, world", 12, 6);
		buf_add(&gz, rows[i].tail, rows[i].n);
		CHECK_INT(unpack(&(struct file){ gz.data, gz.len, 0, 0, false },
			      100, &out, &e),
		    -1);
		CHECK_STR(e.text, rows[i].text);
		CHECK_STR(buf_text(&out), "hello, world");
		buf_free(&gz);
	}
	buf_free(&out);
}

static void
error_of_the_file_is_the_one_told(void)
{
	struct buf gz = { 0 }, out = { 0 };
	struct err e = { 0 };

	pack(&gz, "hello, world", 12, 6);
	CHECK_INT(
	    unpack(&(struct file){ gz.data, 20, 0, 0, true }, 100, &out, &e),
	    -1);
	CHECK_STR(e.text, "tape torn");
	err_clear(&e);
	CHECK_INT(unpack(&(struct file){ gz.data, gz.len, 0, 0, true }, 100,
		      &out, &e),
	    -1);
	CHECK_STR(e.text, "tape torn");
	buf_free(&gz);
	buf_free(&out);
}

CHECK_MAIN(TEST(content_comes_out_whatever_the_portions),
    TEST(empty_content_is_fine), TEST(every_cut_is_seen),
    TEST(every_damaged_byte_is_seen), TEST(what_is_wrong_is_said),
    TEST(what_follows_must_be_gzip), TEST(error_of_the_file_is_the_one_told))
