#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "check.h"
#include "store/point.h"
#include "sys/file.h"
#include "sys/pool.h"

#define WHEN 1795480204 /* 2026-11-24T00:30:04Z */
#define UUID "5029abcd-1"
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char root[200];

/* What another VM's sweep does between two calls of ours, once. */
static enum { NO_SWEEP, SWEPT, BEING_SWEPT } sweep;
static int sweeper = -1;

int
mkdirat(int dir, const char *path, mode_t mode)
{
	int rc = (int)syscall(SYS_mkdirat, dir, path, mode);

	if (sweep == SWEPT)
		unlinkat(dir, path, AT_REMOVEDIR);
	if (sweep == BEING_SWEPT) {
		sweeper = openat(dir, path, O_RDONLY | O_DIRECTORY);
		flock(sweeper, LOCK_EX);
	}
	sweep = NO_SWEEP;
	return rc;
}

static void
make_root(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(root, sizeof(root), "%s/point.XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(root) == NULL)
		abort();
}

static void
remove_root(void)
{
	struct err e = { 0 };

	CHECK_INT(file_remove_tree(root, &e), 0);
}

/* Paths in root: good until four more were asked for. */
static const char *
in_root(const char *name)
{
	static char paths[4][400];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "a b c", sorted. */
static const char *
names_in(const char *dir)
{
	static char list[1000];
	char *names[50];
	struct dirent *entry;
	DIR *d = opendir(dir);
	size_t n = 0, i;

	list[0] = '\0';
	while (d != NULL && (entry = readdir(d)) != NULL && n < 50)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			names[n++] = strdup(entry->d_name);
	if (d != NULL)
		closedir(d);
	qsort(names, n, sizeof(names[0]), by_name);
	for (i = 0; i < n; i++) {
		strcat(strcat(list, i > 0 ? " " : ""), names[i]);
		free(names[i]);
	}
	return list;
}

static const char *
text_of(const char *path)
{
	static char text[4000];
	struct buf b = { 0 };
	struct err e = { 0 };

	snprintf(text, sizeof(text), "%s",
	    file_read(path, &b, &e) == 0 ? buf_text(&b) : "(not there)");
	buf_free(&b);
	return text;
}

static void
write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		abort();
}

static json_t *
record_of(const char *uuid, const char *bios, time_t when)
{
	json_t *record = json_object(), *vm = json_object();

	json_set_text(record, "schema", "esxbk.backup/1");
	json_set_time(record, "time", when);
	json_set_text(vm, "instance_uuid", uuid);
	json_set_text(vm, "bios_uuid", bios);
	json_set(record, "vm", vm);
	return record;
}

static int
write_disk(struct point *p, const char *name, struct err *e)
{
	struct point_file *f = point_file_open(p, name, e);
	struct sink s;
	int rc = -1;

	if (f == NULL)
		return -1;
	s = point_file_sink(f);
	if (flow_write(&s, "disk", 4, e) == 0 &&
	    point_file_write(f, "!", 1, e) == 0)
		rc = point_file_commit(f, HEX, e);
	point_file_free(f);
	return rc;
}

/* A committed point, as short as can be. */
static void
make_point(const char *stem, const char *uuid, const char *bios, time_t when)
{
	struct err e = { 0 };
	struct point *p = point_open(root, stem, when, &e);
	json_t *record = record_of(uuid, bios, when);

	CHECK(p != NULL && point_commit(p, DIGEST_SHA256, record, &e) == 0);
	CHECK_STR(e.text, "");
	json_decref(record);
	point_free(p);
}

static void
point_appears_whole_and_described(void)
{
	static const char *const files[] = { "web.mf", "web.ovf",
		"web-disk1.vmdk", "backup.json" };
	struct err e = { 0 };
	struct point *p;
	struct stat st;
	json_t *record = record_of("u", NULL, WHEN);
	char path[600];
	size_t i;

	make_root();
	p = point_open(in_root("repo"), "web", WHEN, &e);
	if (!CHECK(p != NULL))
		return;
	CHECK_STR(point_name(p), "web_20261124_003004");
	CHECK_STR(point_path(p), in_root("repo/web_20261124_003004"));
	CHECK_STR(point_stem(p), "web");
	CHECK_INT(point_time(p), WHEN);
	CHECK_INT(write_disk(p, "web-disk1.vmdk", &e), 0);
	CHECK_INT(point_put(p, "web.ovf", "", 0, &e), 0);
	CHECK_STR(names_in(in_root("repo")), ".web_20261124_003004.partial");
	CHECK_INT(point_commit(p, DIGEST_SHA256, record, &e), 0);
	CHECK_STR(names_in(in_root("repo")), "web_20261124_003004");
	CHECK_STR(names_in(point_path(p)),
	    "backup.json web-disk1.vmdk web.mf web.ovf");
	CHECK_STR(text_of(in_root("repo/web_20261124_003004/web.mf")),
	    "SHA256(web.ovf)= " HEX "\n"
	    "SHA256(web-disk1.vmdk)= " HEX "\n");
	CHECK_STR(text_of(in_root("repo/web_20261124_003004/backup.json")),
	    "{\n  \"schema\": \"esxbk.backup/1\",\n"
	    "  \"time\": \"2026-11-24T00:30:04Z\",\n  \"vm\": {\n"
	    "    \"instance_uuid\": \"u\",\n    \"bios_uuid\": null\n"
	    "  }\n}\n");
	CHECK_STR(text_of(in_root("repo/web_20261124_003004/web-disk1.vmdk")),
	    "disk!");
	for (i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", point_path(p), files[i]);
		CHECK_INT(stat(path, &st), 0);
		CHECK_INT(st.st_mode & 07777, 0444);
	}
	CHECK_INT(stat(point_path(p), &st), 0);
	CHECK_INT(st.st_mode & 07022, 0);
	json_decref(record);
	point_free(p);
	CHECK_STR(names_in(in_root("repo")), "web_20261124_003004");
	remove_root();
}

static void
manifest_can_use_any_digest(void)
{
	struct err e = { 0 };
	struct point *p;
	json_t *record = record_of("u", NULL, WHEN);

	make_root();
	p = point_open(root, "web", WHEN, &e);
	CHECK_INT(point_put(p, "web.ovf", "x", 1, &e), 0);
	CHECK_INT(point_commit(p, DIGEST_SHA1, record, &e), 0);
	CHECK_STR(text_of(in_root("web_20261124_003004/web.mf")),
	    "SHA1(web.ovf)= 11f6ad8ec52a2984abaafd7c3b516503785c2072\n");
	point_free(p);
	p = point_open(root, "web", WHEN + 9, &e);
	CHECK_INT(write_disk(p, "d.vmdk", &e), 0);
	CHECK_INT(point_commit(p, DIGEST_SHA512, record, &e), -1);
	CHECK_INT(e.class, ERR_BUG);
	CHECK_STR(e.text, "d.vmdk has no SHA512 digest");
	point_free(p);
	json_decref(record);
	remove_root();
}

static void
failed_backup_leaves_nothing(void)
{
	struct err e = { 0 };
	struct point *p;
	struct point_file *f;

	make_root();
	p = point_open(root, "web", WHEN, &e);
	CHECK_INT(write_disk(p, "a.vmdk", &e), 0);
	f = point_file_open(p, "b.vmdk", &e);
	CHECK_INT(point_file_write(f, "half", 4, &e), 0);
	CHECK_STR(names_in(in_root(".web_20261124_003004.partial")),
	    "a.vmdk b.vmdk");
	point_file_free(f);
	CHECK_STR(names_in(in_root(".web_20261124_003004.partial")), "a.vmdk");
	point_free(p);
	CHECK_STR(names_in(root), "");
	remove_root();
}

static void
file_taken_out_is_in_no_manifest(void)
{
	struct err e = { 0 };
	struct point *p;
	json_t *record = record_of("u", NULL, WHEN);

	make_root();
	p = point_open(root, "web", WHEN, &e);
	CHECK_INT(write_disk(p, "a", &e), 0);
	CHECK_INT(write_disk(p, "b", &e), 0);
	CHECK_INT(write_disk(p, "c", &e), 0);
	CHECK_INT(point_file_remove(p, "b", &e), 0);
	CHECK_INT(write_disk(p, "b", &e), 0);
	CHECK_INT(point_file_remove(p, "a", &e), 0);
	CHECK_INT(point_file_remove(p, "a", &e), -1);
	CHECK_INT(e.class, ERR_CREATE);
	err_clear(&e);
	CHECK_INT(point_commit(p, DIGEST_SHA256, record, &e), 0);
	CHECK_STR(names_in(point_path(p)), "b backup.json c web.mf");
	CHECK_STR(text_of(in_root("web_20261124_003004/web.mf")),
	    "SHA256(c)= " HEX "\nSHA256(b)= " HEX "\n");
	json_decref(record);
	point_free(p);
	remove_root();
}

static void
killed_backup_is_never_taken_for_one(void)
{
	struct err e = { 0 };
	struct point *p;
	int status;
	pid_t pid;

	make_root();
	pid = fork();
	if (pid == 0) {
		p = point_open(root, "web", WHEN, &e);
		if (p != NULL && write_disk(p, "a.vmdk", &e) == 0)
			raise(SIGKILL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	CHECK_STR(names_in(root), ".web_20261124_003004.partial");
	p = point_open(root, "web", WHEN, &e);
	CHECK_STR(point_name(p), "web_20261124_003005");
	point_free(p);
	CHECK_INT(point_sweep(root, "web", UUID, NULL, &e), 0);
	CHECK_STR(names_in(root), "");
	remove_root();
}

static void
sweep_takes_only_what_is_ours_and_dead(void)
{
	static const char *const dead[] = { ".web_20261124_003004.partial",
		".web_20261124_003004_merged.partial" };
	static const char *const kept[] = { ".web_old_20261124_003004.partial",
		".web_20261124_003004_x.partial",
		".web_20261324_003004.partial", ".web_2026.partial",
		".web_.partial", ".we_20261124_003004.partial",
		"web_20261124_003004", "web_20261124_003004.partial" };
	struct err e = { 0 };
	struct point *live;
	char path[600];
	size_t i;

	make_root();
	live = point_open(root, "web", WHEN + 5, &e);
	for (i = 0; i < 2; i++) {
		CHECK_INT(mkdir(in_root(dead[i]), 0755), 0);
		snprintf(path, sizeof(path), "%s/disk", in_root(dead[i]));
		write_text(path, "half");
	}
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		CHECK_INT(mkdir(in_root(kept[i]), 0755), 0);
	CHECK_INT(symlink("web_20261124_003004",
		      in_root(".web_20261124_003006.partial")),
	    0);
	write_text(in_root(".web_20261124_003007.partial"), "a file");
	/* What a prune that was killed left of a point, with its state. */
	CHECK_INT(mkdir(in_root("state"), 0755), 0);
	snprintf(path, sizeof(path),
	    "%s/web_20261124_003004_merged.verify.json", in_root("state"));
	write_text(path, "{}");
	CHECK_INT(point_sweep(root, "web", UUID, NULL, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_INT(rmdir(in_root("state")), 0);
	for (i = 0; i < 2; i++)
		CHECK(access(in_root(dead[i]), F_OK) == -1);
	CHECK_STR(names_in(root),
	    ".we_20261124_003004.partial .web_.partial "
	    ".web_2026.partial .web_20261124_003004_x.partial "
	    ".web_20261124_003006.partial .web_20261124_003007.partial "
	    ".web_20261124_003009.partial .web_20261324_003004.partial "
	    ".web_old_20261124_003004.partial web_20261124_003004 "
	    "web_20261124_003004.partial");
	point_free(live);
	CHECK_INT(point_sweep(in_root("nowhere"), "web", UUID, NULL, &e), 0);
	remove_root();
}

static void
taken_second_gives_the_next(void)
{
	struct err e = { 0 };
	struct point *a, *b;

	make_root();
	make_point("web", "u", NULL, WHEN);
	a = point_open(root, "web", WHEN, &e);
	b = point_open(root, "web", WHEN, &e);
	CHECK_STR(point_name(a), "web_20261124_003005");
	CHECK_STR(point_name(b), "web_20261124_003006");
	CHECK_INT(point_time(b), WHEN + 2);
	point_free(a);
	point_free(b);
	remove_root();
}

static void
new_point_outlives_the_sweep_of_a_namesake(void)
{
	struct err e = { 0 };
	struct point *p;

	make_root();
	sweep = SWEPT;
	p = point_open(root, "web", WHEN, &e);
	CHECK_STR(e.text, "");
	CHECK(p != NULL);
	if (p != NULL)
		CHECK_STR(point_name(p), "web_20261124_003005");
	point_free(p);
	CHECK_STR(names_in(root), "");
	sweep = BEING_SWEPT;
	p = point_open(root, "web", WHEN, &e);
	CHECK_STR(e.text, "");
	CHECK_STR(names_in(root),
	    ".web_20261124_003004.partial .web_20261124_003005.partial");
	point_free(p);
	CHECK_STR(names_in(root), ".web_20261124_003004.partial");
	CHECK_INT(close(sweeper), 0);
	remove_root();
}

static void
name_taken_meanwhile_is_not_overwritten(void)
{
	struct err e = { 0 };
	struct point *p;
	json_t *record = record_of("u", NULL, WHEN);
	char want[600];

	make_root();
	p = point_open(root, "web", WHEN, &e);
	CHECK_INT(mkdir(point_path(p), 0755), 0);
	CHECK_INT(point_commit(p, DIGEST_SHA256, record, &e), -1);
	CHECK_INT(e.class, ERR_CREATE);
	snprintf(want, sizeof(want),
	    "rename %s to web_20261124_003004: File exists",
	    in_root(".web_20261124_003004.partial"));
	CHECK_STR(e.text, want);
	point_free(p);
	CHECK_STR(names_in(root), "web_20261124_003004");
	CHECK_STR(names_in(in_root("web_20261124_003004")), "");
	json_decref(record);
	remove_root();
}

static void
record_that_nobody_could_read_is_no_backup(void)
{
	static char long_name[1 << 20];
	struct err e = { 0 };
	struct point *p;
	json_t *record = record_of("u", NULL, WHEN);
	char want[600];

	make_root();
	memset(long_name, 'x', sizeof(long_name) - 1);
	json_set_text(record, "tool", long_name);
	p = point_open(root, "web", WHEN, &e);
	CHECK_INT(point_commit(p, DIGEST_SHA256, record, &e), -1);
	CHECK_INT(e.class, ERR_DATA);
	snprintf(want, sizeof(want), "%s/backup.json: more than 1048576 bytes",
	    in_root(".web_20261124_003004.partial"));
	CHECK_STR(e.text, want);
	point_free(p);
	CHECK_STR(names_in(root), "");
	json_decref(record);
	remove_root();
}

static void
folder_that_cannot_be_made_is_refused(void)
{
	struct err e = { 0 };
	char want[600];

	make_root();
	write_text(in_root("file"), "");
	CHECK(point_open(in_root("file"), "web", WHEN, &e) == NULL);
	CHECK_INT(e.class, ERR_CREATE);
	snprintf(want, sizeof(want), "make folder %s: Not a directory",
	    in_root("file"));
	CHECK_STR(e.text, want);
	err_clear(&e);
	CHECK(point_open(in_root("no/parent"), "web", WHEN, &e) == NULL);
	CHECK_INT(e.class, ERR_CREATE);
	snprintf(want, sizeof(want),
	    "make folder %s: No such file or directory", in_root("no/parent"));
	CHECK_STR(e.text, want);
	/* Nobody can make a folder there, not even root. */
	err_clear(&e);
	CHECK(point_open("/proc", "web", WHEN, &e) == NULL);
	CHECK_INT(e.class, ERR_CREATE);
	CHECK_STR(e.text,
	    "make folder /proc/.web_20261124_003004.partial: "
	    "No such file or directory");
	remove_root();
}

static void
file_name_from_a_server_stays_in_the_folder(void)
{
	static const struct {
		const char *name, *text;
		int class;
	} rows[] = {
		{ "", "'' is no file name", ERR_DATA },
		{ "..", "'..' is no file name", ERR_DATA },
		{ ".x", "'.x' is no file name", ERR_DATA },
		{ "a/b", "'a/b' is no file name", ERR_DATA },
		{ "/etc/x", "'/etc/x' is no file name", ERR_DATA },
		{ "a\nb", "'a b' is no file name", ERR_DATA },
		{ "a\xff", "'a?' is no file name", ERR_DATA },
		{ "backup.json", "'backup.json' is the name of our own file",
		    ERR_DATA },
		{ "web.mf", "'web.mf' is the name of our own file", ERR_DATA },
	};
	struct point *p;
	struct err e = { 0 };
	char want[600];
	size_t i;

	make_root();
	p = point_open(root, "web", WHEN, &e);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err_clear(&e);
		check_at(rows[i].name);
		CHECK(point_file_open(p, rows[i].name, &e) == NULL);
		CHECK_INT(e.class, rows[i].class);
		CHECK_STR(e.text, rows[i].text);
	}
	err_clear(&e);
	CHECK_INT(write_disk(p, "twice", &e), 0);
	CHECK_INT(write_disk(p, "twice", &e), -1);
	CHECK_INT(e.class, ERR_CREATE);
	snprintf(want, sizeof(want), "create %s/twice: File exists",
	    in_root(".web_20261124_003004.partial"));
	CHECK_STR(e.text, want);
	point_free(p);
	err_clear(&e);
	CHECK(point_open(root, "a/b", WHEN, &e) == NULL);
	CHECK_STR(e.text, "'a/b' is no stem of a point");
	remove_root();
}

static void
file_that_cannot_grow_is_named(void)
{
	static char block[8192];
	struct rlimit old, small;
	struct err e = { 0 };
	struct point *p;
	struct point_file *f;
	char want[600];

	make_root();
	signal(SIGXFSZ, SIG_IGN);
	p = point_open(root, "web", WHEN, &e);
	f = point_file_open(p, "d.vmdk", &e);
	getrlimit(RLIMIT_FSIZE, &old);
	small = (struct rlimit){ 5000, old.rlim_max };
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
	CHECK_INT(point_file_write(f, block, sizeof(block), &e), -1);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &old), 0);
	CHECK_INT(e.class, ERR_IO);
	snprintf(want, sizeof(want), "write %s/d.vmdk: File too large",
	    in_root(".web_20261124_003004.partial"));
	CHECK_STR(e.text, want);
	point_file_free(f);
	point_free(p);
	CHECK_STR(names_in(root), "");
	remove_root();
}

/* 0 if all was well, 1 if not, 2 if this cannot be tried here. */
static int
fill_a_small_disk(void)
{
	static char block[65536];
	struct err e = { 0 };
	struct point_file *f;
	struct point *p;
	int rc = 0;

	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", "", MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("none", root, "tmpfs", 0, "size=65536") == -1)
		return 2;
	p = point_open(root, "web", WHEN, &e);
	f = p == NULL ? NULL : point_file_open(p, "d", &e);
	if (f == NULL)
		return 1;
	while (rc == 0)
		rc = point_file_write(f, block, sizeof(block), &e);
	point_file_free(f);
	point_free(p);
	return e.class == ERR_IO && *names_in(root) == '\0' &&
		strstr(e.text, "/d: No space left on device") != NULL
	    ? 0
	    : 1;
}

static void
full_disk_ends_the_backup_and_is_cleaned(void)
{
	int status;
	pid_t pid;

	make_root();
	pid = fork();
	if (pid == 0)
		_exit(fill_a_small_disk());
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	if (WEXITSTATUS(status) == 2)
		printf("# not tried: no right to mount\n");
	else
		CHECK_INT(WEXITSTATUS(status), 0);
	remove_root();
}

static int
write_one(struct pool *pool, void *arg, size_t i, struct err *e)
{
	char name[20];

	(void)pool;
	snprintf(name, sizeof(name), "disk%02zu", i);
	return write_disk(arg, name, e);
}

static void
disks_are_written_at_the_same_time(void)
{
	struct err e = { 0 };
	struct point *p;
	json_t *record = record_of("u", NULL, WHEN);
	const char *at;
	size_t lines = 0;

	make_root();
	p = point_open(root, "web", WHEN, &e);
	CHECK_INT(pool_run(write_one, p, 30, 8, &e), 0);
	CHECK_INT(point_commit(p, DIGEST_SHA256, record, &e), 0);
	for (at = text_of(in_root("web_20261124_003004/web.mf"));
	     (at = strstr(at, "SHA256(disk")) != NULL; at++)
		lines++;
	CHECK_INT(lines, 30);
	json_decref(record);
	point_free(p);
	remove_root();
}

static void
newest_point_of_a_vm_is_found(void)
{
	static const char mine[] = "5029abcd-1", other[] = "5029abcd-2";
	struct err e = { 0 };
	time_t when = 0;
	char *path = NULL;

	make_root();
	CHECK_INT(point_newest(in_root("no"), mine, &when, &path, &e), 0);
	CHECK_INT(point_newest(root, mine, &when, &path, &e), 0);
	make_point("web", mine, "bios", WHEN);
	make_point("renamed", mine, "bios", WHEN + 86400);
	make_point("web", mine, NULL, WHEN + 60);
	make_point("web", other, NULL, WHEN + 999999);
	CHECK_INT(mkdir(in_root(".web_20301124_003004.partial"), 0755), 0);
	write_text(in_root(".web_20301124_003004.partial/backup.json"),
	    "{\"schema\":\"esxbk.backup/1\",\"time\":\"2030-11-24T00:30:04Z\","
	    "\"vm\":{\"instance_uuid\":\"5029abcd-1\"}}");
	CHECK_INT(mkdir(in_root("state"), 0755), 0);
	CHECK_INT(mkdir(in_root("damaged"), 0755), 0);
	write_text(in_root("damaged/backup.json"), "{\"schema\":");
	CHECK_INT(mkdir(in_root("fifo"), 0755), 0);
	CHECK_INT(mkfifo(in_root("fifo/backup.json"), 0644), 0);
	CHECK_INT(symlink("/etc", in_root("link")), 0);
	write_text(in_root("file"), "");
	CHECK_INT(point_newest(root, "5029ABCD-1", &when, &path, &e), 1);
	CHECK_STR(e.text, "");
	CHECK_INT(when, WHEN + 86400);
	CHECK_STR(path, in_root("renamed_20261125_003004"));
	free(path);
	CHECK_INT(point_newest(root, "bios", &when, &path, &e), 1);
	CHECK_STR(path, in_root("renamed_20261125_003004"));
	free(path);
	CHECK_INT(point_newest(root, "5029abcd", &when, &path, &e), 0);
	CHECK_INT(point_newest(in_root("file"), mine, &when, &path, &e), -1);
	CHECK_INT(e.class, ERR_OS);
	remove_root();
}

CHECK_MAIN(TEST(point_appears_whole_and_described),
    TEST(manifest_can_use_any_digest), TEST(failed_backup_leaves_nothing),
    TEST(file_taken_out_is_in_no_manifest),
    TEST(killed_backup_is_never_taken_for_one),
    TEST(sweep_takes_only_what_is_ours_and_dead),
    TEST(taken_second_gives_the_next),
    TEST(new_point_outlives_the_sweep_of_a_namesake),
    TEST(name_taken_meanwhile_is_not_overwritten),
    TEST(record_that_nobody_could_read_is_no_backup),
    TEST(folder_that_cannot_be_made_is_refused),
    TEST(file_name_from_a_server_stays_in_the_folder),
    TEST(file_that_cannot_grow_is_named),
    TEST(full_disk_ends_the_backup_and_is_cleaned),
    TEST(disks_are_written_at_the_same_time),
    TEST(newest_point_of_a_vm_is_found))
