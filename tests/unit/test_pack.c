#include "job/pack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "base/buf.h"
#include "check.h"
#include "image/vmdkr.h"
#include "sandbox.h"

enum { GRAIN = 65536, KIB = 1024, MIB = 1024 * 1024 };

/* What the system does in place of what it would do. */
static struct {
	bool no_holes; /* SEEK_DATA is not known */
	bool in_bits;  /* a read gives 5000 bytes, or EINTR */
	atomic_bool takes_signal;
	atomic_ullong fail_at; /* EIO for the read of this byte; 0: none */
	atomic_ullong cut_at;  /* the file ends there once byte 0 was read */
	atomic_ullong bytes;   /* read */
	atomic_uint turn;
} rig;

static void
set_rig(void)
{
	memset(&rig, 0, sizeof(rig));
}

off_t
lseek(int fd, off_t at, int whence)
{
	if (rig.no_holes && (whence == SEEK_DATA || whence == SEEK_HOLE)) {
		errno = EINVAL;
		return -1;
	}
	return syscall(SYS_lseek, fd, at, whence);
}

ssize_t
pread(int fd, void *p, size_t n, off_t at)
{
	unsigned long long fail = atomic_load(&rig.fail_at);
	ssize_t got;
	sigset_t mask;

	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	if (sigismember(&mask, SIGTERM) == 0)
		atomic_store(&rig.takes_signal, true);
	if (rig.in_bits && atomic_fetch_add(&rig.turn, 1) % 3 == 0) {
		errno = EINTR;
		return -1;
	}
	if (rig.in_bits && n > 5000)
		n = 5000;
	if (fail > 0 && (off_t)fail >= at && (off_t)fail < at + (off_t)n) {
		errno = EIO;
		return -1;
	}
	got = syscall(SYS_pread64, fd, p, n, at);
	atomic_fetch_add(&rig.bytes, got > 0 ? (size_t)got : 0);
	if (at == 0 && atomic_load(&rig.cut_at) > 0 &&
	    ftruncate(fd, (off_t)atomic_load(&rig.cut_at)) == -1)
		abort();
	return got;
}

struct extent {
	uint64_t at, n;
	enum { NOISE, TEXT, ZERO } kind;
};

struct image {
	const char *name;
	uint64_t bytes;
	struct extent extents[8]; /* ended by one of 0 bytes */
	uint64_t grains;          /* that are not all zero */
};

static const struct image images[] = {
	{ "a hole", 10 * MIB, { { 0 } }, 0 },
	{ "one sector", 512, { { 0, 512, TEXT } }, 1 },
	{ "one sector of zeros", 512, { { 0, 512, ZERO } }, 0 },
	{ "full", 3 * MIB, { { 0, 3 * MIB, NOISE } }, 48 },
	{ "written zeros", 3 * MIB,
	    { { 0, 2 * MIB, ZERO }, { 2 * MIB, MIB, TEXT } }, 16 },
	{ "a last grain of 1.5 KiB", 5 * GRAIN + 1536,
	    { { 4 * GRAIN, GRAIN + 1536, TEXT } }, 2 },
	{ "data up to the middle of grains", 100 * MIB,
	    { { 3 * GRAIN + 4096, 4096, TEXT },
		{ 3 * GRAIN + 40960, GRAIN, NOISE },
		{ 50 * MIB, 3 * MIB, TEXT }, { 90 * MIB - 4096, 8192, NOISE } },
	    2 + 48 + 2 },
	{ "a sector here and there", UINT64_C(200) << 30,
	    { { 0, 512, TEXT }, { UINT64_C(33) << 20, 512, TEXT },
		{ (UINT64_C(100) << 30) - 512, 512, NOISE },
		{ (UINT64_C(200) << 30) - 512, 512, NOISE } },
	    4 },
	{ "runs of all lengths", 64 * MIB,
	    { { GRAIN, 7 * GRAIN, TEXT }, { 10 * GRAIN, 8 * GRAIN, NOISE },
		{ 20 * GRAIN, 9 * GRAIN, TEXT }, { 30 * GRAIN, 1, NOISE },
		{ 500 * GRAIN, 300 * GRAIN, TEXT } },
	    7 + 8 + 9 + 1 + 300 },
};
enum { IMAGES = sizeof(images) / sizeof(images[0]) };

static void
fill(unsigned char *p, size_t n, uint64_t at, int kind)
{
	uint64_t x = at * 0x9e3779b97f4a7c15u + 1;
	size_t i;

	for (i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		p[i] = kind == NOISE ? (unsigned char)(x >> 8)
				     : (unsigned char)('a' + x % 4);
	}
	if (kind == ZERO)
		memset(p, 0, n);
}

static int
make_image(const struct image *im)
{
	static unsigned char data[MIB];
	const struct extent *x = im->extents;
	int fd = open(sandbox_path("disk.raw"), O_RDWR | O_CREAT | O_TRUNC,
	    0600);
	uint64_t done;
	size_t n;

	if (fd == -1 || ftruncate(fd, (off_t)im->bytes) == -1)
		abort();
	for (; x->n > 0; x++)
		for (done = 0; done < x->n; done += n) {
			n = x->n - done < MIB ? x->n - done : MIB;
			fill(data, n, x->at + done, (int)x->kind);
			if (pwrite(fd, data, n, (off_t)(x->at + done)) !=
			    (ssize_t)n)
				abort();
		}
	return fd;
}

static struct pack *
open_pack(int fd, uint64_t bytes, unsigned int threads, struct err *e)
{
	struct vmdkw_conf conf = { .capacity_bytes = bytes,
		.cid = 0x12345678,
		.adapter = "lsilogic",
		.hardware = "19" };

	return pack_open(fd, &conf, threads, e);
}

/* The stream, read in portions of up to most bytes, into b; -1 as it ends. */
static int
read_all(struct pack *p, size_t most, struct buf *b, struct err *e)
{
	static char portion[2 * MIB];
	struct source s = pack_source(p);
	uint64_t position = 0;
	ssize_t got;
	size_t n;

	do {
		n = most <= 64 ? most : 1 + (size_t)random() % most;
		got = flow_read(&s, portion, n, e);
		CHECK(got <= (ssize_t)n);
		if (got > 0)
			buf_add(b, portion, (size_t)got);
		CHECK(pack_position(p) >= position);
		position = pack_position(p);
	} while (got > 0);
	CHECK_INT(buf_check(b, e), 0);
	return (int)got;
}

static int
pack_image(int fd, uint64_t bytes, unsigned int threads, size_t most,
    struct buf *b)
{
	struct err e = { 0 };
	struct pack *p = open_pack(fd, bytes, threads, &e);
	int rc = -1;

	if (CHECK(p != NULL))
		rc = read_all(p, most, b, &e);
	CHECK_STR(e.text, "");
	if (rc == 0)
		CHECK_INT(pack_position(p), bytes);
	pack_free(p);
	return rc;
}

/* A grain of the stream, against the image. */
struct judge {
	int fd;
	uint64_t grains;
	int wrong;
};

static int
judge_grain(void *self, uint64_t number, const void *data, size_t n,
    struct err *e)
{
	static unsigned char want[GRAIN];
	struct judge *j = self;

	(void)e;
	j->grains++;
	if (syscall(SYS_pread64, j->fd, want, n, (off_t)(number * GRAIN)) !=
		(ssize_t)n ||
	    memcmp(want, data, n) != 0)
		j->wrong++;
	return 0;
}

static void
check_stream(const struct buf *b, int fd, const struct image *im)
{
	struct judge j = { .fd = fd };
	struct vmdkr_ops ops = { judge_grain, NULL, &j };
	struct err e = { 0 };
	struct vmdkr *r = vmdkr_open(&ops, &e);

	CHECK_INT(vmdkr_write(r, b->data, b->len, &e), 0);
	CHECK_INT(vmdkr_finish(r, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(vmdkr_info(r)->warning, NULL);
	CHECK_INT(vmdkr_info(r)->capacity_bytes, im->bytes);
	CHECK_INT(vmdkr_info(r)->cid, 0x12345678);
	CHECK_INT(vmdkr_info(r)->zero_grains, 0);
	CHECK_INT(j.grains, im->grains);
	CHECK_INT(j.wrong, 0);
	vmdkr_free(r);
}

static void
every_image_comes_back_from_its_stream(void)
{
	size_t i;
	int fd;

	sandbox_open();
	set_rig();
	for (i = 0; i < IMAGES; i++) {
		struct buf b = { 0 };

		check_at(images[i].name);
		fd = make_image(&images[i]);
		CHECK_INT(pack_image(fd, images[i].bytes, 2, MIB, &b), 0);
		check_stream(&b, fd, &images[i]);
		buf_free(&b);
		close(fd);
	}
	CHECK(!atomic_load(&rig.takes_signal));
	sandbox_free();
}

static void
the_stream_is_the_same_whoever_makes_it(void)
{
	static const struct {
		const char *name;
		unsigned int threads;
		size_t most;
		bool no_holes, in_bits;
	} ways[] = {
		{ "1 thread", 1, MIB, false, false },
		{ "8 threads", 8, MIB, false, false },
		{ "no number of threads", 0, 2 * MIB, false, false },
		{ "small portions", 2, 64, false, false },
		{ "holes unknown", 2, MIB, true, false },
		{ "reads of a few bytes", 3, MIB, false, true },
	};
	size_t i, k, done = 0;
	int fd;

	sandbox_open();
	for (i = 0; i < IMAGES; i++) {
		struct buf want = { 0 }, got = { 0 };

		if (images[i].bytes > 100 * MIB)
			continue;
		set_rig();
		fd = make_image(&images[i]);
		CHECK_INT(pack_image(fd, images[i].bytes, 2, MIB, &want), 0);
		for (k = 0; k < sizeof(ways) / sizeof(ways[0]); k++, done++) {
			check_at(ways[k].name);
			rig.no_holes = ways[k].no_holes;
			rig.in_bits = ways[k].in_bits;
			buf_cut(&got, 0);
			CHECK_INT(pack_image(fd, images[i].bytes,
				      ways[k].threads, ways[k].most, &got),
			    0);
			if (CHECK_INT(got.len, want.len))
				CHECK_MEM(got.data, want.data, want.len);
		}
		buf_free(&want);
		buf_free(&got);
		close(fd);
	}
	CHECK_INT(done, 6 * (IMAGES - 1));
	sandbox_free();
}

static void
holes_are_not_read(void)
{
	const struct image im = { "", UINT64_C(64) << 30,
		{ { UINT64_C(60) << 30, GRAIN, TEXT } }, 1 };
	struct buf b = { 0 };
	int fd;

	sandbox_open();
	set_rig();
	fd = make_image(&im);
	CHECK_INT(pack_image(fd, im.bytes, 2, MIB, &b), 0);
	check_stream(&b, fd, &im);
	/* A file system may hold data in larger blocks, but not in these. */
	CHECK(atomic_load(&rig.bytes) >= GRAIN);
	CHECK(atomic_load(&rig.bytes) <= 4 * MIB);
	buf_free(&b);
	close(fd);
	sandbox_free();
}

static void
what_is_no_whole_image_is_refused(void)
{
	struct err e = { 0 };
	int fd, ends[2];

	sandbox_open();
	set_rig();
	fd = make_image(&images[1]);
	CHECK(open_pack(fd, 1024, 2, &e) == NULL);
	CHECK_INT(e.class, ERR_IO);
	CHECK_STR(e.text, "the disk's image ends after 512 of 1024 bytes");
	e = (struct err){ 0 };
	CHECK(open_pack(fd, 500, 2, &e) == NULL);
	CHECK_INT(e.class, ERR_DATA);
	if (pipe(ends) == -1)
		abort();
	e = (struct err){ 0 };
	CHECK(open_pack(ends[0], 512, 2, &e) == NULL);
	CHECK_INT(e.class, ERR_IO);
	CHECK_STR(e.text, "find the end of the disk's image: Illegal seek");
	close(ends[0]);
	close(ends[1]);
	close(fd);
	pack_free(NULL);
	sandbox_free();
}

/* What comes before the failure does not depend on the threads either. */
static void
a_failure_ends_the_stream_where_it_is(void)
{
	static const struct {
		uint64_t fail_at, cut_at;
		const char *text;
	} t[] = {
		{ 50 * MIB + 5 * GRAIN, 0,
		    "read the disk's image at byte 52428800: Input/output "
		    "error" },
		{ 0, 51 * MIB,
		    "the disk's image ends after 53477376 of 104857600 "
		    "bytes" },
		/* Only a hole is missing. */
		{ 0, 99 * MIB,
		    "the disk's image ends after 103809024 of 104857600 "
		    "bytes" },
	};
	const struct image im = { "", 100 * MIB,
		{ { 0, GRAIN, TEXT }, { 50 * MIB, 3 * MIB, NOISE } }, 49 };
	unsigned int threads;
	size_t i, len;
	int fd;

	sandbox_open();
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		len = 0;
		for (threads = 1; threads <= 8; threads *= 2) {
			struct buf b = { 0 };
			struct err e = { 0 }, again = { 0 };
			struct source s;
			struct pack *p;
			char c;

			check_at(t[i].text);
			set_rig();
			atomic_store(&rig.fail_at, t[i].fail_at);
			atomic_store(&rig.cut_at, t[i].cut_at);
			fd = make_image(&im);
			p = open_pack(fd, im.bytes, threads, &e);
			s = pack_source(p);
			CHECK_INT(read_all(p, MIB, &b, &e), -1);
			CHECK_INT(e.class, ERR_IO);
			/* Others may have read on before the file was cut. */
			if (t[i].cut_at > 0 && threads > 1)
				CHECK(strncmp(e.text, t[i].text, 28) == 0);
			else
				CHECK_STR(e.text, t[i].text);
			CHECK(pack_position(p) < im.bytes);
			CHECK_INT(flow_read(&s, &c, 1, &again), -1);
			CHECK_STR(again.text, e.text);
			CHECK(b.len > 65536);
			if (len > 0 && t[i].fail_at > 0)
				CHECK_INT(b.len, len);
			len = b.len;
			pack_free(p);
			buf_free(&b);
			close(fd);
		}
	}
	sandbox_free();
}

static int
threads_now(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static void
it_can_be_left_at_any_time(void)
{
	static char portion[64 * KIB];
	int fd, i, k, before = threads_now();

	sandbox_open();
	set_rig();
	fd = make_image(&images[6]);
	for (i = 0; i < 60; i++) {
		struct err e = { 0 };
		struct pack *p = open_pack(fd, images[6].bytes, 1 + i % 4, &e);
		struct source s = pack_source(p);

		for (k = 0; k < i; k++)
			CHECK(flow_read(&s, portion, sizeof(portion), &e) >= 0);
		pack_free(p);
	}
	CHECK_INT(threads_now(), before);
	close(fd);
	sandbox_free();
}

static void
nap(long ms)
{
	struct timespec t = { .tv_nsec = ms * 1000000 };

	nanosleep(&t, NULL);
}

/* Until nothing has been read for a while. */
static uint64_t
bytes_at_rest(void)
{
	uint64_t before = 0, now = 0;
	int still = 0;

	while (still < 20) {
		nap(10);
		now = atomic_load(&rig.bytes);
		still = now > 0 && now == before ? still + 1 : 0;
		before = now;
	}
	return now;
}

static void
nobody_reads_ahead_of_a_slow_reader(void)
{
	const struct image im = { "", 64 * MIB, { { 0, 64 * MIB, TEXT } },
		1024 };
	struct buf b = { 0 };
	struct err e = { 0 };
	struct pack *p;
	int fd;

	sandbox_open();
	set_rig();
	fd = make_image(&im);
	p = open_pack(fd, im.bytes, 2, &e);
	CHECK_INT(bytes_at_rest(), 2 * 4 * 8 * GRAIN);
	CHECK_INT(read_all(p, MIB, &b, &e), 0);
	check_stream(&b, fd, &im);
	CHECK_INT(atomic_load(&rig.bytes), im.bytes);
	pack_free(p);
	buf_free(&b);
	close(fd);
	sandbox_free();
}

static bool
has_tool(const char *name)
{
	char command[100];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", name);
	return system(command) == 0;
}

static int
run_in_sandbox(const char *command)
{
	char line[700];

	snprintf(line, sizeof(line), "cd '%s' && %s >log 2>&1", sandbox_root,
	    command);
	return system(line);
}

static void
other_tools_read_it(void)
{
	size_t i;
	int fd;

	sandbox_open();
	set_rig();
	for (i = 0; i < IMAGES; i++) {
		struct buf b = { 0 };

		if (images[i].bytes > 100 * MIB)
			continue;
		check_at(images[i].name);
		fd = make_image(&images[i]);
		CHECK_INT(pack_image(fd, images[i].bytes, 2, MIB, &b), 0);
		sandbox_write("disk.vmdk", b.data, b.len, 0600);
		if (has_tool("qemu-img"))
			CHECK_INT(run_in_sandbox("qemu-img compare -f raw -F "
						 "vmdk disk.raw disk.vmdk"),
			    0);
		if (has_tool("7zz"))
			CHECK_INT(run_in_sandbox("7zz t -tvmdk disk.vmdk"), 0);
		buf_free(&b);
		close(fd);
	}
	sandbox_free();
}

CHECK_MAIN(TEST(every_image_comes_back_from_its_stream),
    TEST(the_stream_is_the_same_whoever_makes_it), TEST(holes_are_not_read),
    TEST(what_is_no_whole_image_is_refused),
    TEST(a_failure_ends_the_stream_where_it_is),
    TEST(it_can_be_left_at_any_time), TEST(nobody_reads_ahead_of_a_slow_reader),
    TEST(other_tools_read_it))
