#include "store/package.h"

#include <fcntl.h>
#include "sandbox.h"
#include "tarmaker.h"

#define OVF_HEAD                                                    \
	"<Envelope xmlns='http://schemas.dmtf.org/ovf/envelope/1' " \
	"xmlns:ovf='http://schemas.dmtf.org/ovf/envelope/1'>"       \
	"<References>"
#define OVF_FILE(id, href) "<File ovf:id='" id "' ovf:href='" href "'/>"
#define OVF_TAIL "</References></Envelope>"
#define SHA_OF_X \
	"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

static const char one_file[] = OVF_HEAD OVF_FILE("f", "web-disk1.vmdk")
    OVF_TAIL;
static const char manifest[] = "SHA256(web.ovf)= " SHA_OF_X
			       "\nSHA256(web-disk1.vmdk)= " SHA_OF_X "\n";
static const char record[] =
    "{\"schema\":\"esxbk.backup/1\",\"time\":\"2026-11-24T00:30:04Z\","
    "\"point\":\"web_20261124_003004\"}";

static void
put(const char *name, const char *text)
{
	sandbox_write(name, text, strlen(text), 0644);
}

static void
make_point(const char *descriptor)
{
	sandbox_open();
	put("web.ovf", descriptor);
	put("web.mf", manifest);
	put("web-disk1.vmdk", "x");
	put("backup.json", record);
}

static void
check_is_read(const char *path, size_t n_files)
{
	struct package p;
	struct err e = { 0 };

	if (!CHECK_INT(package_open(path, &p, &e), 0)) {
		CHECK_STR(e.text, "");
		return;
	}
	CHECK_STR(p.path, path);
	CHECK_STR(p.stem, "web");
	CHECK_STR(p.descriptor_name, "web.ovf");
	CHECK_STR(p.manifest_name, "web.mf");
	CHECK(p.certificate_name == NULL);
	CHECK_INT(p.ovf.n_files, 1);
	CHECK_INT(p.manifest.n, 2);
	CHECK_INT(p.descriptor.len, strlen(one_file));
	CHECK_INT(p.n_files, n_files);
	CHECK_INT(p.n_strange, 0);
	CHECK(package_find(&p, "web-disk1.vmdk") != NULL);
	CHECK(package_find(&p, "gone") == NULL);
	package_close(&p);
	package_close(&p);
}

static void
a_point_is_found_by_folder_descriptor_and_manifest(void)
{
	make_point(one_file);
	check_is_read(sandbox_path(""), 4);
	check_is_read(sandbox_path("web.ovf"), 4);
	check_is_read(sandbox_path("web.mf"), 4);
	/* What lies beside a package that is no point is not its matter. */
	put("other", "");
	check_is_read(sandbox_path(""), 5);
	CHECK_INT(unlink(sandbox_path("backup.json")), 0);
	check_is_read(sandbox_path("web.ovf"), 3);
	sandbox_free();
}

static void
an_archive_is_read(void)
{
	struct buf b = { 0 };
	struct package_reader *r;
	const struct package_file *f;
	struct package p;
	struct err e = { 0 };
	char text[10];

	tarmaker_text(&b, "web.ovf", one_file);
	tarmaker_text(&b, "web-disk1.vmdk", "x");
	tarmaker_text(&b, "web.mf", manifest);
	tarmaker_end(&b);
	sandbox_open();
	sandbox_write("a.ova", b.data, b.len, 0644);
	check_is_read(sandbox_path("a.ova"), 3);
	CHECK_INT(package_open(sandbox_path("a.ova"), &p, &e), 0);
	CHECK(p.is_archive);
	f = package_find(&p, "web-disk1.vmdk");
	if (CHECK(f != NULL)) {
		CHECK_INT(f->size_bytes, 1);
		CHECK_INT(f->offset, 512 + 512 + 512);
		r = package_read_open(&p, f, &e);
		CHECK_INT(package_read(r, text, sizeof(text), &e), 1);
		CHECK_INT(text[0], 'x');
		CHECK_INT(package_read(r, text, sizeof(text), &e), 0);
		package_read_close(r);
	}
	package_close(&p);
	buf_free(&b);
	sandbox_free();
}

static void
check_fails(const char *name, int class, const char *says)
{
	struct package p;
	struct err e = { 0 };

	CHECK_INT(package_open(sandbox_path(name), &p, &e), -1);
	CHECK_STR(e.text, sandbox_text(says, name));
	CHECK_INT(e.class, class);
	package_close(&p); /* it is empty */
}

static void
what_is_no_backup_is_told_from_what_is_not_there(void)
{
	sandbox_open();
	check_fails("gone", ERR_NOTFOUND,
	    "%s: open: No such file or directory");
	check_fails("", ERR_DATA,
	    "%s: no backup: there is no descriptor (.ovf) in the folder");
	put("text", "hello");
	check_fails("text", ERR_DATA,
	    "%s: no backup: neither a point, an .ovf nor an .ova");
	put("empty", "");
	check_fails("empty", ERR_DATA,
	    "%s: no backup: neither a point, an .ovf nor an .ova");
	put("web.mf", manifest);
	check_fails("web.mf", ERR_NOTFOUND, "%s: web.ovf is not there");
	CHECK_INT(mkfifo(sandbox_path("fifo"), 0600), 0);
	check_fails("fifo", ERR_DATA,
	    "%s: no backup: neither a folder nor a file");
	put("a.ovf", one_file);
	put("b.ovf", one_file);
	check_fails("", ERR_DATA, "%s: 2 descriptors (.ovf): give one of them");
	sandbox_free();
}

static void
a_damaged_part_is_named(void)
{
	make_point("<Envelope");
	check_fails("", ERR_DATA,
	    "%s: web.ovf: line 1: Couldn't find end of "
	    "Start Tag Envelope line 1");
	put("web.ovf", one_file);
	put("web.mf", "SHA256(web.ovf)= 12\n");
	check_fails("", ERR_DATA,
	    "%s: web.mf: line 1: SHA256 has 2 hex digits, not 64");
	put("web.mf", manifest);
	put("backup.json", "{");
	check_fails("web.ovf", ERR_DATA,
	    "%s: backup.json:1:1: string or '}' expected near end of file");
	CHECK_INT(unlink(sandbox_path("backup.json")), 0);
	CHECK_INT(mkdir(sandbox_path("backup.json"), 0700), 0);
	check_fails("", ERR_DATA, "%s: backup.json is no regular file");
	sandbox_free();
}

/* A survey goes on where open gives up. */
static void
a_survey_finds_all_faults_of_a_point(void)
{
	struct package p;
	struct package_faults f;
	struct err e = { 0 };

	make_point("<Envelope");
	put("web.mf", "x");
	put("web.cert", "a certificate");
	put("extra.ovf", one_file);
	CHECK_INT(package_survey(sandbox_path(""), &p, &f, &e), 0);
	CHECK_STR(f.whole.text, "2 descriptors (.ovf)");
	CHECK_STR(p.descriptor_name, "web.ovf");
	CHECK(f.descriptor.class == ERR_DATA);
	CHECK_STR(f.manifest.text,
	    "web.mf: line 1: not of the form SHA256(file)= hex");
	CHECK_STR(p.certificate_name, "web.cert");
	CHECK_INT(f.certificate.class, ERR_NONE);
	CHECK_INT(p.n_files, 6);
	package_close(&p);

	CHECK_INT(unlink(sandbox_path("web.ovf")), 0);
	CHECK_INT(unlink(sandbox_path("extra.ovf")), 0);
	CHECK_INT(package_survey(sandbox_path(""), &p, &f, &e), 0);
	CHECK_STR(p.descriptor_name, "web.ovf");
	CHECK_STR(f.descriptor.text, "web.ovf is not there");
	package_close(&p);
	sandbox_free();
}

static void
a_survey_of_a_cut_archive_has_what_came_before(void)
{
	struct buf b = { 0 };
	struct package p;
	struct package_faults f;
	struct err e = { 0 };

	tarmaker_text(&b, "web.ovf", one_file);
	tarmaker_text(&b, "web-disk1.vmdk", "x");
	buf_cut(&b, b.len - 512);
	sandbox_open();
	sandbox_write("a.ova", b.data, b.len, 0644);
	check_fails("a.ova", ERR_DATA,
	    "%s: the archive is cut: it has 0 of the 1 bytes of "
	    "web-disk1.vmdk");
	CHECK_INT(package_survey(sandbox_path("a.ova"), &p, &f, &e), 0);
	CHECK_INT(f.whole.class, ERR_DATA);
	CHECK_INT(p.n_files, 1);
	CHECK_INT(p.ovf.n_files, 1);
	package_close(&p);
	buf_free(&b);
	sandbox_free();
}

static void
no_file_outside_is_opened(void)
{
	static const char hostile[] = OVF_HEAD OVF_FILE("a", "../secret")
	    OVF_FILE("b", "/etc/passwd") OVF_FILE("c", "link")
		OVF_FILE("d", "sub/secret") OVF_FILE("e", "real/file") OVF_TAIL;
	const struct package_file *found;
	struct package_reader *r;
	struct package p;
	struct err e = { 0 };
	char text[10];

	make_point(hostile);
	put("secret", "secret");
	CHECK_INT(mkdir(sandbox_path("real"), 0700), 0);
	put("real/file", "inside");
	CHECK_INT(symlink("secret", sandbox_path("link")), 0);
	CHECK_INT(symlink(".", sandbox_path("sub")), 0);
	CHECK_INT(unlink(sandbox_path("backup.json")), 0);
	CHECK_INT(package_open(sandbox_path("web.ovf"), &p, &e), 0);
	CHECK(package_find(&p, "../secret") == NULL);
	CHECK(package_find(&p, "/etc/passwd") == NULL);
	CHECK(package_find(&p, "link") == NULL);
	CHECK(package_find(&p, "sub/secret") == NULL);
	CHECK_INT(p.n_strange, 1);
	found = package_find(&p, "real/file");
	if (CHECK(found != NULL)) {
		r = package_read_open(&p, found, &e);
		CHECK_INT(package_read_at(r, 2, text, 3, &e), 0);
		CHECK_MEM(text, "sid", 3);
		CHECK_INT(package_read(r, text, sizeof(text), &e), 6);
		package_read_close(r);
	}
	/* A link that takes a file's place after the look. */
	CHECK_INT(unlink(sandbox_path("real/file")), 0);
	CHECK_INT(symlink("../secret", sandbox_path("real/file")), 0);
	found = package_find(&p, "real/file");
	CHECK(package_read_open(&p, found, &e) == NULL);
	CHECK_STR(e.text, "open real/file: Too many levels of symbolic links");
	package_close(&p);
	sandbox_free();
}

static void
a_file_that_shrinks_is_told(void)
{
	const struct package_file *f;
	struct package_reader *r;
	struct package p;
	struct err e = { 0 };
	char text[10];

	make_point(one_file);
	CHECK_INT(package_open(sandbox_path(""), &p, &e), 0);
	f = package_find(&p, "web-disk1.vmdk");
	r = package_read_open(&p, f, &e);
	CHECK_INT(truncate(sandbox_path("web-disk1.vmdk"), 0), 0);
	CHECK_INT(package_read(r, text, sizeof(text), &e), -1);
	CHECK_INT(e.class, ERR_IO);
	CHECK_STR(e.text,
	    "read web-disk1.vmdk: it ends at byte 0 all of a sudden");
	package_read_close(r);
	err_clear(&e);
	CHECK(package_read_open(&p, f, &e) == NULL);
	CHECK_STR(e.text, "web-disk1.vmdk has changed since it was looked at");
	package_close(&p);
	sandbox_free();
}

CHECK_MAIN(TEST(a_point_is_found_by_folder_descriptor_and_manifest),
    TEST(an_archive_is_read),
    TEST(what_is_no_backup_is_told_from_what_is_not_there),
    TEST(a_damaged_part_is_named), TEST(a_survey_finds_all_faults_of_a_point),
    TEST(a_survey_of_a_cut_archive_has_what_came_before),
    TEST(no_file_outside_is_opened), TEST(a_file_that_shrinks_is_told))
