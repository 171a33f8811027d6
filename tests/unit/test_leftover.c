#include "store/leftover.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"
#include "sandbox.h"

static void
enter(void)
{
	sandbox_open();
	CHECK_INT(chdir(sandbox_root), 0);
}

static void
leave(void)
{
	CHECK_INT(chdir("/"), 0);
	sandbox_free();
}

static void
only_unfinished_points_are_found(void)
{
	static const char *const names[] = { "web_20261124_003004",
		".web_20261124_003004", ".web_20261124_003004.partial",
		".web_20261124_003004_merged.partial",
		".web_20261199_003004.partial", ".partial", "state",
		".20261124_003004.partial", "web_20261124_003004.partial" };
	struct leftover *list;
	struct err e = { 0 };
	size_t n, i;

	enter();
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK_INT(mkdir(names[i], 0755), 0);
	CHECK_INT(symlink("/", ".web_20261124_003005.partial"), 0);
	close(open(".web_20261124_003006.partial", O_CREAT | O_WRONLY, 0644));
	close(open(".web_20261124_003004_merged.partial/.journal",
	    O_CREAT | O_WRONLY, 0644));
	CHECK_INT(leftover_find(".", &list, &n, &e), 0);
	if (CHECK_INT(n, 2)) {
		CHECK_STR(list[0].name, ".web_20261124_003004.partial");
		CHECK_INT(list[0].when, 1795480204);
		CHECK(!list[0].can_be_resumed);
		CHECK(list[1].can_be_resumed);
	}
	leftover_free(list, n);
	CHECK_INT(leftover_find("gone", &list, &n, &e), -1);
	CHECK_STR(e.text, "open gone: No such file or directory");
	leftover_free(list, n);
	leave();
}

static void
what_somebody_works_on_stays(void)
{
	char name[] = ".web_20261124_003004.partial";
	struct leftover *list, l = { .name = name }, *none;
	struct err e = { 0 };
	size_t n, n_none;
	int fd, lock;

	enter();
	CHECK_INT(mkdir(name, 0755), 0);
	fd = open(name, O_RDONLY | O_DIRECTORY);
	CHECK_INT(flock(fd, LOCK_EX), 0);
	CHECK_INT(leftover_find(".", &none, &n_none, &e), 0);
	CHECK_INT(n_none, 0);
	leftover_free(none, n_none);
	CHECK_INT(leftover_remove(".", &l, &e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK_STR(e.text, "./.web_20261124_003004.partial is in use");
	close(fd);
	err_clear(&e);
	lock = open(".w-0badcafe", O_RDWR | O_CREAT, 0644);
	CHECK_INT(flock(lock, LOCK_EX), 0);
	CHECK_INT(leftover_find(".", &list, &n, &e), 0);
	CHECK_INT(n, 1);
	leftover_free(list, n);
	CHECK_INT(leftover_remove(".", &l, &e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK_INT(access(name, F_OK), 0);
	close(lock);
	err_clear(&e);
	CHECK_INT(leftover_remove(".", &l, &e), 0);
	CHECK_INT(access(name, F_OK), -1);
	leave();
}

/* A prune was killed when the point was hidden. */
static void
what_was_known_of_it_goes_with_it(void)
{
	char gone[] = ".web_20261124_003004.partial";
	char back[] = ".web_20261124_003005.partial";
	static const char *const files[] = {
		"state/web_20261124_003004.verify.json",
		"state/web_20261124_003005.verify.json",
	};
	struct leftover l = { .name = gone }, m = { .name = back };
	struct err e = { 0 };
	size_t i;

	enter();
	CHECK_INT(mkdir(gone, 0755), 0);
	CHECK_INT(mkdir(back, 0755), 0);
	CHECK_INT(mkdir("web_20261124_003005", 0755), 0);
	CHECK_INT(mkdir("state", 0755), 0);
	for (i = 0; i < 2; i++)
		close(open(files[i], O_CREAT | O_WRONLY, 0644));
	CHECK_INT(leftover_remove(".", &l, &e), 0);
	CHECK_INT(leftover_remove(".", &m, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_INT(access(gone, F_OK), -1);
	CHECK_INT(access(back, F_OK), -1);
	CHECK_INT(access(files[0], F_OK), -1);
	CHECK_INT(access(files[1], F_OK), 0);
	leave();
}

CHECK_MAIN(TEST(only_unfinished_points_are_found),
    TEST(what_somebody_works_on_stays), TEST(what_was_known_of_it_goes_with_it))
