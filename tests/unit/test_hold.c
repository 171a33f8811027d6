#include "store/hold.h"

#include <string.h>
#include "sandbox.h"
#include "sys/lock.h"

static const char descriptor[] =
    "<Envelope xmlns='http://schemas.dmtf.org/ovf/envelope/1'/>";

static void
put(const char *name, const char *text)
{
	sandbox_write(name, text, strlen(text), 0644);
}

static void
make_point(const char *vm)
{
	char record[500];

	snprintf(record, sizeof(record),
	    "{\"schema\":\"esxbk.backup/1\",\"time\":\"2026-11-24T00:30:04Z\","
	    "\"vm\":%s}",
	    vm);
	sandbox_open();
	CHECK_INT(mkdir(sandbox_path("p"), 0700), 0);
	put("p/web.ovf", descriptor);
	put("p/backup.json", record);
}

static struct hold *
hold(const char *path, struct err *e)
{
	struct package p;
	struct hold *h = NULL;

	if (CHECK_INT(package_open(sandbox_path(path), &p, e), 0))
		h = hold_open(&p, e);
	package_close(&p);
	return h;
}

static void
who_removes_points_waits_for_readers(void)
{
	struct hold *one, *two;
	struct lock *l;
	struct err e = { 0 };

	make_point("{\"instance_uuid\":\"502A3B4C-1\",\"bios_uuid\":\"1\"}");
	one = hold("p", &e);
	two = hold("p/web.ovf", &e);
	CHECK(one != NULL && two != NULL);
	CHECK_STR(e.text, "");
	CHECK(lock_open(sandbox_path(".r-502a3b4c"), true, &e) == NULL);
	CHECK_INT(e.class, ERR_TEMP);
	hold_free(one);
	hold_free(two);
	err_clear(&e);
	l = lock_open(sandbox_path(".r-502a3b4c"), true, &e);
	CHECK(l != NULL);
	CHECK(hold("p", &e) == NULL);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK(strstr(e.text, "points are being removed: ") != NULL);
	CHECK(strstr(e.text, ".r-502a3b4c is locked by another run") != NULL);
	lock_free(l);
	CHECK_STR(sandbox_names(), ".r-502a3b4c p");
	hold_free(NULL);
	sandbox_free();
}

static void
the_bios_uuid_stands_in_for_the_other(void)
{
	struct err e = { 0 };

	make_point("{\"instance_uuid\":\"\",\"bios_uuid\":\"42-1a2b3\"}");
	hold_free(hold("p", &e));
	CHECK_STR(sandbox_names(), ".r-421a2b30 p");
	sandbox_free();
	make_point("{}");
	hold_free(hold("p", &e));
	CHECK_STR(sandbox_names(), ".r-00000000 p");
	sandbox_free();
}

static void
what_is_no_point_leaves_no_lock(void)
{
	struct hold *h;
	struct err e = { 0 };

	make_point("{}");
	CHECK_INT(unlink(sandbox_path("p/backup.json")), 0);
	h = hold("p", &e);
	CHECK(h != NULL);
	CHECK_STR(sandbox_names(), "p");
	hold_free(h);
	sandbox_free();
}

static void
a_point_that_cannot_be_locked_is_read(void)
{
	struct hold *h;
	struct err e = { 0 };

	make_point("{\"bios_uuid\":\"1\"}");
	/* As good as a folder that cannot be written to, for root too. */
	CHECK_INT(mkdir(sandbox_path(".r-10000000"), 0700), 0);
	h = hold("p", &e);
	CHECK(h != NULL);
	CHECK_STR(e.text, "");
	hold_free(h);
	sandbox_free();
}

CHECK_MAIN(TEST(who_removes_points_waits_for_readers),
    TEST(the_bios_uuid_stands_in_for_the_other),
    TEST(what_is_no_point_leaves_no_lock),
    TEST(a_point_that_cannot_be_locked_is_read))
