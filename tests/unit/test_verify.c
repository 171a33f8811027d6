#include "job/verify.h"

#include <fcntl.h>
#include "sandbox.h"
#include "tarmaker.h"
#include "vmdk_gen.h"

static void
put(const char *name, const void *p, size_t n)
{
	sandbox_write(name, p, n, 0644);
}

/* Verifies, and gives all that failed: "NAME: WHY" a line. */
static const char *
failures(const char *path, enum verify_level level, unsigned int threads)
{
	static char text[4000];
	struct verify_conf conf = { level, threads };
	struct verify_result r;
	size_t i, at = 0;

	verify_run(path, &conf, &r);
	text[0] = '\0';
	if (r.err.class != ERR_NONE)
		snprintf(text, sizeof(text), "%d %s", r.err.class, r.err.text);
	for (i = 0; i < r.n_files; i++)
		if (r.files[i].class != ERR_NONE)
			at += (size_t)snprintf(text + at, sizeof(text) - at,
			    "%s%s: %s\n", r.prefix, r.files[i].name,
			    r.files[i].why);
	CHECK_INT(r.exit != 0, text[0] != '\0');
	verify_result_free(&r);
	return text;
}

/* What a user reads stays as it is said here; PATH is the sandbox. */
static void
a_lost_or_added_file_is_named(void)
{
	static const char ovf[] =
	    "<Envelope xmlns='http://schemas.dmtf.org/ovf/envelope/1' "
	    "xmlns:ovf='http://schemas.dmtf.org/ovf/envelope/1'><References>"
	    "<File ovf:id='a' ovf:href='a' ovf:size='3'/>"
	    "<File ovf:id='b' ovf:href='b'/></References></Envelope>";
	char want[600];

	sandbox_open();
	put("web.ovf", ovf, strlen(ovf));
	put("a", "1234", 4);
	snprintf(want, sizeof(want),
	    "%s/a: 4 bytes, the descriptor says 3\n%s/b: it is not there\n",
	    sandbox_root, sandbox_root);
	CHECK_STR(failures(sandbox_path("web.ovf"), VERIFY_QUICK, 1), want);
	CHECK_STR(failures(sandbox_path("web.ovf"), VERIFY_DEEP, 8), want);
	put("a", "123", 3);
	put("b", "", 0);
	CHECK_STR(failures(sandbox_path("web.ovf"), VERIFY_DEEP, 2), "");
	sandbox_free();
}

static void
one_disk_of_any_writer_is_good(void)
{
	static const uint64_t grains[] = { 0, 3, 511, 600, UINT64_MAX };
	static const enum verify_level levels[] = { VERIFY_QUICK, VERIFY_HASH,
		VERIFY_DEEP };
	struct gen *g;
	int layout;
	size_t i;

	sandbox_open();
	for (layout = GEN_HOST; layout <= GEN_QEMU; layout++) {
		g = gen_open((enum gen_layout)layout, 100000);
		gen_disk(g, grains);
		put("disk", g->p, g->n);
		for (i = 0; i < 3; i++)
			CHECK_STR(failures(sandbox_path("disk"), levels[i], 1),
			    "");
		gen_free(g);
	}
	sandbox_free();
}

/* At the boundaries of all its items too. */
static void
a_disk_that_is_cut_is_found_at_every_level(void)
{
	static const uint64_t grains[] = { 0, 3, UINT64_MAX };
	struct gen *g = gen_open(GEN_HOST, 100000);
	size_t n, tried = 0;

	gen_disk(g, grains);
	sandbox_open();
	for (n = 0; n < g->n; n += 512) {
		put("disk.vmdk", g->p, n);
		tried += failures(sandbox_path("disk.vmdk"), VERIFY_QUICK,
			     1)[0] != '\0' &&
		    failures(sandbox_path("disk.vmdk"), VERIFY_DEEP, 1)[0] !=
			'\0';
	}
	CHECK_INT(tried, g->n / 512);
	CHECK(tried > 130);
	gen_free(g);
	sandbox_free();
}

static void
an_archive_is_checked_in_place(void)
{
	static const uint64_t grains[] = { 0, 3, UINT64_MAX };
	static const char ovf[] =
	    "<Envelope xmlns='http://schemas.dmtf.org/ovf/envelope/1' "
	    "xmlns:ovf='http://schemas.dmtf.org/ovf/envelope/1'><References>"
	    "<File ovf:id='a' ovf:href='d.vmdk'/></References><DiskSection>"
	    "<Disk ovf:diskId='d' ovf:fileRef='a' ovf:capacity='51200000' "
	    "ovf:format='x#streamOptimized'/></DiskSection></Envelope>";
	struct gen *g = gen_open(GEN_HOST, 100000);
	struct buf b = { 0 };
	char want[600];
	size_t disk;

	gen_disk(g, grains);
	tarmaker_text(&b, "web.ovf", ovf);
	disk = b.len + TAR_BLOCK_BYTES;
	tarmaker_add(&b, "d.vmdk", g->p, g->n);
	tarmaker_end(&b);
	sandbox_open();
	put("x.ova", b.data, b.len);
	CHECK_STR(failures(sandbox_path("x.ova"), VERIFY_DEEP, 2), "");
	/* A byte of the first grain. */
	b.data[disk + 65536 + 20] ^= 1;
	put("x.ova", b.data, b.len);
	snprintf(want, sizeof(want),
	    "%s/x.ova/d.vmdk: grain at sector 0 does not inflate\n",
	    sandbox_root);
	CHECK_STR(failures(sandbox_path("x.ova"), VERIFY_DEEP, 2), want);
	CHECK_STR(failures(sandbox_path("x.ova"), VERIFY_QUICK, 2), "");
	buf_free(&b);
	gen_free(g);
	sandbox_free();
}

static void
no_backup_at_all_is_an_error_of_its_own(void)
{
	char want[600];

	sandbox_open();
	put("x", "hello", 5);
	snprintf(want, sizeof(want),
	    "65 %s/x: no backup: neither a point, an .ovf nor an .ova",
	    sandbox_root);
	CHECK_STR(failures(sandbox_path("x"), VERIFY_HASH, 1), want);
	snprintf(want, sizeof(want), "66 %s/y: open: No such file or directory",
	    sandbox_root);
	CHECK_STR(failures(sandbox_path("y"), VERIFY_HASH, 1), want);
	sandbox_free();
}

static void
levels_have_their_names(void)
{
	CHECK_STR(verify_level_name(VERIFY_QUICK), "quick");
	CHECK_STR(verify_level_name(VERIFY_HASH), "hash");
	CHECK_STR(verify_level_name(VERIFY_DEEP), "deep");
}

CHECK_MAIN(TEST(a_lost_or_added_file_is_named),
    TEST(one_disk_of_any_writer_is_good),
    TEST(a_disk_that_is_cut_is_found_at_every_level),
    TEST(an_archive_is_checked_in_place),
    TEST(no_backup_at_all_is_an_error_of_its_own),
    TEST(levels_have_their_names))
