#include <fcntl.h>
#include <signal.h>
#include "plan/slots.h"
#include "sandbox.h"

static const struct conf_site esx1 = { .name = "esx1", .vms = 2 };
static const struct conf_site esx2 = { .name = "esx2", .vms = 1 };

static void
begin(void)
{
	sandbox_open();
	setenv("RUNTIME_DIRECTORY", sandbox_path("locks"), 1);
}

static void
site_has_as_many_places_as_its_limit(void)
{
	struct err e = { 0 };
	struct lock *a, *b, *other;

	begin();
	a = slots_take(&esx1, &e);
	b = slots_take(&esx1, &e);
	CHECK(a != NULL && b != NULL);
	CHECK(slots_take(&esx1, &e) == NULL);
	CHECK_STR(e.text, ""); /* no error: they are taken */
	other = slots_take(&esx2, &e);
	CHECK(other != NULL);
	lock_free(a);
	a = slots_take(&esx1, &e);
	CHECK(a != NULL);
	lock_free(a);
	lock_free(b);
	lock_free(other);
	sandbox_free();
}

static void
dead_run_leaves_its_places_free(void)
{
	int ready[2];
	struct err e = { 0 };
	struct lock *l;
	pid_t pid;
	char c;

	begin();
	CHECK_INT(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		c = slots_take(&esx2, &e) != NULL ? 'y' : 'n';
		(void)!write(ready[1], &c, 1);
		for (;;)
			pause();
	}
	CHECK_INT(read(ready[0], &c, 1), 1);
	CHECK_INT(c, 'y');
	CHECK(slots_take(&esx2, &e) == NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	l = slots_take(&esx2, &e);
	CHECK(l != NULL);
	lock_free(l);
	close(ready[0]);
	close(ready[1]);
	sandbox_free();
}

static void
configuration_has_one_run_whatever_it_is_called(void)
{
	struct err e = { 0 };
	struct lock *l, *other;
	int here = open(".", O_RDONLY | O_DIRECTORY);

	begin();
	sandbox_write("a.json", "{}", 2, 0600);
	sandbox_write("b.json", "{}", 2, 0600);
	CHECK_INT(symlink("a.json", sandbox_path("c.json")), 0);
	CHECK_INT(chdir(sandbox_root), 0);
	l = slots_take_run(sandbox_path("a.json"), &e);
	CHECK(l != NULL);
	other = slots_take_run(sandbox_path("b.json"), &e);
	CHECK(other != NULL);
	CHECK(slots_take_run("a.json", &e) == NULL);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK(strstr(e.text, ".lock is locked by another run") != NULL);
	err_clear(&e);
	CHECK(slots_take_run("./c.json", &e) == NULL);
	CHECK_INT(e.class, ERR_TEMP);
	err_clear(&e);
	lock_free(l);
	l = slots_take_run("c.json", &e);
	CHECK(l != NULL);
	lock_free(l);
	lock_free(other);
	CHECK_INT(fchdir(here), 0);
	close(here);
	sandbox_free();
}

static void
folder_is_made_for_us_alone(void)
{
	struct err e = { 0 };
	struct lock *l;
	struct stat st;

	begin();
	setenv("RUNTIME_DIRECTORY", sandbox_path("a/b/locks"), 1);
	umask(0);
	l = slots_take(&esx2, &e);
	umask(022);
	CHECK(l != NULL);
	CHECK_INT(stat(sandbox_path("a/b/locks"), &st), 0);
	CHECK_INT(st.st_mode & 0777, 0700);
	CHECK_INT(access(sandbox_path("a/b/locks/esx2.0.lock"), F_OK), 0);
	lock_free(l);
	sandbox_free();
}

static void
lock_is_of_the_owner_of_its_folder(void)
{
	struct err e = { 0 };
	struct lock *l;
	struct stat st;
	uid_t owner = geteuid() == 0 ? 65534 : geteuid();

	begin();
	CHECK_INT(mkdir(sandbox_path("locks"), 0700), 0);
	CHECK_INT(chown(sandbox_path("locks"), owner, (gid_t)-1), 0);
	l = slots_take(&esx2, &e);
	CHECK(l != NULL);
	CHECK_INT(stat(sandbox_path("locks/esx2.0.lock"), &st), 0);
	CHECK_INT(st.st_uid, owner);
	lock_free(l);
	sandbox_free();
}

/* Not as root, whose next place is the machine's. */
static void
use_folder_of_all(void)
{
	struct err e = { 0 };
	struct lock *l;

	if (geteuid() == 0 && setuid(65534) == -1)
		abort();
	setenv("XDG_RUNTIME_DIR", sandbox_path("run"), 1);
	setenv("HOME", sandbox_path("home"), 1);
	l = slots_take(&esx2, &e);
	CHECK(l != NULL);
	CHECK_INT(access(sandbox_path("locks/esx2.0.lock"), F_OK), -1);
	/* With a login or without, it is the same place. */
	CHECK_INT(
	    access(sandbox_path("home/.local/state/esxbk/esx2.0.lock"), F_OK),
	    0);
	lock_free(l);
	unsetenv("HOME");
	unsetenv("STATE_DIRECTORY");
	unsetenv("XDG_STATE_HOME");
	l = slots_take(&esx2, &e);
	CHECK(l != NULL);
	CHECK_INT(access(sandbox_path("run/esxbk/esx2.0.lock"), F_OK), 0);
	lock_free(l);
}

/* Whoever may write there could hold our locks for ever. */
static void
folder_that_anybody_may_write_to_is_not_used(void)
{
	unsetenv("TMPDIR"); /* it may be root's alone */
	begin();
	CHECK_INT(mkdir(sandbox_path("locks"), 0700), 0);
	CHECK_INT(chmod(sandbox_path("locks"), 01777), 0);
	CHECK(geteuid() != 0 || chown(sandbox_root, 65534, (gid_t)-1) == 0);
	sandbox_in_child(use_folder_of_all);
	sandbox_free();
}

CHECK_MAIN(TEST(site_has_as_many_places_as_its_limit),
    TEST(dead_run_leaves_its_places_free),
    TEST(configuration_has_one_run_whatever_it_is_called),
    TEST(folder_is_made_for_us_alone), TEST(lock_is_of_the_owner_of_its_folder),
    TEST(folder_that_anybody_may_write_to_is_not_used))
