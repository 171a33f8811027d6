#include <stdlib.h>
#include "base/buf.h"
#include "check.h"

static void
empty_buffer_is_a_text(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };
	char *p;

	CHECK_STR(buf_text(&b), "");
	CHECK_INT(buf_check(&b, &e), 0);
	buf_cut(&b, 0);
	p = buf_steal(&b);
	CHECK_STR(p, "");
	free(p);
	buf_free(&b);
	buf_free(&b);
}

static void
bytes_arrive_in_order(void)
{
	struct buf b = { 0 };
	char *p;

	buf_add(&b, "a\0b", 3);
	buf_puts(&b, "cd");
	buf_char(&b, 'e');
	buf_fmt(&b, "%d%s", 42, "f");
	CHECK_INT(b.len, 9);
	CHECK_MEM(b.data, "a\0bcde42f", 10);
	buf_cut(&b, 100);
	CHECK_INT(b.len, 9);
	buf_cut(&b, 1);
	CHECK_STR(buf_text(&b), "a");
	buf_puts(&b, "z");
	p = buf_steal(&b);
	CHECK_STR(p, "az");
	CHECK_INT(b.len, 0);
	CHECK_STR(buf_text(&b), "");
	free(p);
}

static void
large_buffer_keeps_what_it_holds(void)
{
	struct buf b = { 0 };
	size_t i, wrong = 0;

	for (i = 0; i < 100000; i++)
		buf_char(&b, (char)(i % 251));
	for (i = 0; i < 100000; i++)
		if (b.data[i] != (char)(i % 251))
			wrong++;
	CHECK_INT(b.len, 100000);
	CHECK_INT(wrong, 0);
	buf_free(&b);
}

static void
limit_refuses_the_byte_too_many(void)
{
	struct buf b = { .limit = 4 };
	struct err e = { 0 };

	buf_puts(&b, "1234");
	CHECK_INT(buf_check(&b, &e), 0);
	buf_char(&b, '5');
	buf_cut(&b, 0);
	buf_char(&b, '6');
	CHECK_STR(buf_text(&b), "");
	CHECK_INT(buf_check(&b, &e), -1);
	CHECK_INT(e.class, ERR_DATA);
	CHECK_STR(e.text, "more than 4 bytes");
	CHECK(buf_steal(&b) == NULL);
	err_clear(&e);
	buf_puts(&b, "again");
	CHECK_INT(buf_check(&b, &e), -1);
	buf_free(&b);
	buf_puts(&b, "less");
	CHECK_STR(buf_text(&b), "less");
	buf_free(&b);
}

static void
length_that_cannot_be_fails_without_a_crash(void)
{
	struct buf b = { 0 };
	struct err e = { 0 };

	buf_puts(&b, "x");
	buf_add(&b, "", SIZE_MAX);
	CHECK_INT(buf_check(&b, &e), -1);
	CHECK_INT(e.class, ERR_OS);
	CHECK_STR(e.text, "out of memory");
	CHECK_STR(buf_text(&b), "x");
	buf_free(&b);
	buf_add(&b, "", SIZE_MAX / 2);
	CHECK(b.failed);
	buf_free(&b);
}

CHECK_MAIN(TEST(empty_buffer_is_a_text), TEST(bytes_arrive_in_order),
    TEST(large_buffer_keeps_what_it_holds),
    TEST(limit_refuses_the_byte_too_many),
    TEST(length_that_cannot_be_fails_without_a_crash))
