#include "dsserver.h"

static void
file_names_are_taken_apart(void)
{
	static const struct {
		const char *name, *datastore, *path;
	} rows[] = {
		{ "[ds1] web/web-flat.vmdk", "ds1", "web/web-flat.vmdk" },
		{ "[a b] x", "a b", "x" },
		{ "[a]b] c] d", "a]b", "c] d" },
		{ "[ds1]  x", "ds1", " x" },
		{ "[ds1] ..x/.y/z.", "ds1", "..x/.y/z." },
		{ "[ds1] br\303\274cke", "ds1", "br\303\274cke" },
		{ "ds1 x", NULL, NULL },
		{ " [ds1] x", NULL, NULL },
		{ "[ds1]x", NULL, NULL },
		{ "[ds1] ", NULL, NULL },
		{ "[ds1]", NULL, NULL },
		{ "[ds1", NULL, NULL },
		{ "[] x", NULL, NULL },
		{ "", NULL, NULL },
		{ "[ds1] /x", NULL, NULL },
		{ "[ds1] x/", NULL, NULL },
		{ "[ds1] x//y", NULL, NULL },
		{ "[ds1] ../x", NULL, NULL },
		{ "[ds1] x/..", NULL, NULL },
		{ "[ds1] x/./y", NULL, NULL },
		{ "[ds1] x\ny", NULL, NULL },
		{ "[d\ts] x", NULL, NULL },
	};
	const char *path;
	char datastore[256];
	size_t i;
	int rc;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].name);
		path = NULL;
		rc = dsfile_split(rows[i].name, datastore, &path);
		CHECK_INT(rc, rows[i].path != NULL ? 0 : -1);
		CHECK_STR(path, rows[i].path);
		if (rc == 0)
			CHECK_STR(datastore, rows[i].datastore);
	}
}

static void
datastore_names_have_a_limit(void)
{
	char name[300], datastore[256];
	const char *path;

	memset(name, 'd', sizeof(name));
	name[0] = '[';
	strcpy(name + 256, "] x");
	CHECK_INT(dsfile_split(name, datastore, &path), 0);
	CHECK_INT(strlen(datastore), 255);
	strcpy(name + 256, "d] x");
	CHECK_INT(dsfile_split(name, datastore, &path), -1);
}

static void
size_and_date_are_known_after_one_question(void)
{
	struct err e = { 0 };
	struct dsfile *f;

	dsserver_begin(NULL);
	dsserver.logs_urls = dsserver.logs_cookies = true;
	f = dsfile_open(dsserver.v, "ha-datacenter", DSSERVER_NAME, &e);
	CHECK_STR(e.text, "");
	if (CHECK(f != NULL)) {
		CHECK_INT(dsfile_size(f), DSSERVER_BYTES);
		CHECK_STR(dsfile_modified(f), DSSERVER_DATE);
		CHECK(!dsfile_is_changed(f));
	}
	dsfile_free(f);
	dsserver_end(
	    "HEAD /folder/web/web-flat.vmdk?dcPath=ha-datacenter&dsName=ds1 "
	    "a=1\n");
}

/* A server without Content-Length, with the answer to the next question. */
static void
size_is_asked_for(const char *answer, int64_t size, const char *text)
{
	const struct dsserver_step steps[] = {
		{ DS_SAY,
		    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" },
		{ answer == NULL ? DS_SERVE : DS_SAY, answer },
		{ DS_END },
	};
	struct err e = { 0 };
	struct dsfile *f;

	check_at(answer);
	dsserver_begin(steps);
	f = dsfile_open(dsserver.v, "DC", DSSERVER_NAME, &e);
	CHECK_STR(dsserver_error(&e), text);
	if (size != -1 && CHECK(f != NULL)) {
		CHECK_INT(dsfile_size(f), size);
		CHECK_STR(dsfile_modified(f), "");
	}
	dsfile_free(f);
	dsserver_end("HEAD\nGET 0-0\n");
}

static void
size_comes_from_a_range_if_it_must(void)
{
	size_is_asked_for(NULL, DSSERVER_BYTES, "");
	size_is_asked_for("HTTP/1.1 416 X\r\nContent-Length: 0\r\n"
			  "Content-Range: bytes */0\r\n\r\n",
	    0, "");
	size_is_asked_for("HTTP/1.1 416 X\r\nContent-Length: 0\r\n"
			  "Content-Range: bytes */7\r\n\r\n",
	    -1,
	    DSSERVER_NAME
	    ": the file has now 7 bytes (HTTP status 416 from 127.0.0.1)");
	size_is_asked_for("HTTP/1.1 200 X\r\nContent-Length: 1\r\n\r\nx", -1,
	    DSSERVER_NAME
	    ": 127.0.0.1:PORT: the server ignores ranges (HTTP status 200)");
	size_is_asked_for("HTTP/1.1 206 X\r\nContent-Length: 1\r\n"
			  "Content-Range: bytes 0-0/*\r\n\r\nx",
	    -1,
	    DSSERVER_NAME
	    ": 127.0.0.1:PORT: HTTP status 206 without a good Content-Range");
}

#define FOUND            \
	{                \
		DS_SERVE \
	}
#define MISSING DSSERVER_HEAD("404")

/* found: how many forms are asked for until one is there. */
static const struct form_row {
	const char *datacenter, *name;
	int found;
	const char *log;
} form_rows[] = {
	{ "DC", "[two words] a b/c-flat.vmdk", 1,
	    "HEAD /folder/a%20b/c-flat.vmdk?dcPath=DC&dsName=two%20words\n" },
	{ "f/DC", "[\303\274] x", 1,
	    "HEAD /folder/x?dcPath=f%2FDC&dsName=%C3%BC\n" },
	{ "f/D+C", "[a+b] R&D #1/50%/[x].vmdk", 1,
	    "HEAD /folder/R%26D%20%231/50%25/%5Bx%5D.vmdk"
	    "?dcPath=f%2FD%2BC&dsName=a%2Bb\n" },
	{ "f/D+C", "[a+b] R&D #1/50%/[x].vmdk", 2,
	    "HEAD /folder/R%26D%20%231/50%25/%5Bx%5D.vmdk"
	    "?dcPath=f%2FD%2BC&dsName=a%2Bb\n"
	    "HEAD /folder/R%26D%20%231/50%25/%5Bx%5D.vmdk"
	    "?dcPath=f%2FD%252BC&dsName=a%252Bb\n" },
	{ "f/D+C", "[a+b] R&D #1/50%/[x].vmdk", 3,
	    "HEAD /folder/R%26D%20%231/50%25/%5Bx%5D.vmdk"
	    "?dcPath=f%2FD%2BC&dsName=a%2Bb\n"
	    "HEAD /folder/R%26D%20%231/50%25/%5Bx%5D.vmdk"
	    "?dcPath=f%2FD%252BC&dsName=a%252Bb\n"
	    "HEAD /folder/R%2526D%20%25231/50%2525/%255Bx%255D.vmdk"
	    "?dcPath=f%2FD%252BC&dsName=a%252Bb\n" },
	/* Only the file's name is special. */
	{ "DC", "[ds1] p+q", 2,
	    "HEAD /folder/p%2Bq?dcPath=DC&dsName=ds1\n"
	    "HEAD /folder/p%252Bq?dcPath=DC&dsName=ds1\n" },
	/* Names of the inventory, as a server has them. */
	{ "A%2fB", "[x%2fy] z", 2,
	    "HEAD /folder/z?dcPath=A%252fB&dsName=x%252fy\n"
	    "HEAD /folder/z?dcPath=A%25252fB&dsName=x%25252fy\n" },
	{ "DC", "[x/y] z", 2,
	    "HEAD /folder/z?dcPath=DC&dsName=x%2Fy\n"
	    "HEAD /folder/z?dcPath=DC&dsName=x%252Fy\n" },
	/* Not to be found. */
	{ "DC", "[ds1] x y", 0, "HEAD /folder/x%20y?dcPath=DC&dsName=ds1\n" },
	{ "D(C", "[ds1] x", 0,
	    "HEAD /folder/x?dcPath=D%28C&dsName=ds1\n"
	    "HEAD /folder/x?dcPath=D%2528C&dsName=ds1\n" },
};

static void
odd_names_are_found_in_the_form_of_the_server(void)
{
	static const struct dsserver_step missing[] = { MISSING, MISSING,
		MISSING };
	struct dsserver_step steps[5];
	size_t i;
	int n;

	for (i = 0; i < sizeof(form_rows) / sizeof(form_rows[0]); i++) {
		const struct form_row *r = &form_rows[i];
		struct err e = { 0 };
		struct dsfile *f;
		char text[200];

		check_at(r->log);
		memset(steps, 0, sizeof(steps));
		n = r->found > 0 ? r->found - 1
				 : (int)(strstr(r->log, "D%2528C") != NULL) + 1;
		memcpy(steps, missing, (size_t)n * sizeof(steps[0]));
		dsserver_begin(steps);
		dsserver.logs_urls = true;
		f = dsfile_open(dsserver.v, r->datacenter, r->name, &e);
		CHECK((f != NULL) == (r->found > 0));
		dsfile_free(f);
		snprintf(text, sizeof(text),
		    "%s: no such file at 127.0.0.1 (HTTP status 404)", r->name);
		CHECK_STR(e.text, r->found > 0 ? "" : text);
		CHECK_INT(e.class, r->found > 0 ? ERR_NONE : ERR_NOTFOUND);
		dsserver_end(r->log);
	}
}

static void
bad_names_are_never_asked_for(void)
{
	struct err e = { 0 };

	dsserver_begin(NULL);
	CHECK(dsfile_open(dsserver.v, "DC", "[ds1] ../x", &e) == NULL);
	CHECK_INT(e.class, ERR_DATA);
	CHECK_STR(e.text, "[ds1] ../x: no name of a file on a datastore");
	dsserver_end("");
}

static void
lock_is_waited_for_and_then_explained(void)
{
	static const struct dsserver_step some[] = { DSSERVER_HEAD("500"),
		DSSERVER_HEAD("503"), { DS_RESET, NULL, -1 }, { DS_SERVE },
		{ DS_END } };
	static const struct dsserver_step all[] = { DSSERVER_HEAD("500"),
		DSSERVER_HEAD("500"), DSSERVER_HEAD("500"),
		DSSERVER_HEAD("500"), DSSERVER_HEAD("500"),
		DSSERVER_HEAD("500"), { DS_END } };
	struct err e = { 0 };
	struct dsfile *f;

	dsserver_begin(some);
	f = dsfile_open(dsserver.v, "DC", DSSERVER_NAME, &e);
	CHECK_STR(e.text, "");
	CHECK(f != NULL);
	dsfile_free(f);
	dsserver_end("HEAD\npause 2000\nHEAD\npause 2000\nHEAD\nHEAD\n");

	dsserver_begin(all);
	CHECK(dsfile_open(dsserver.v, "DC", DSSERVER_NAME, &e) == NULL);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK_STR(e.text,
	    DSSERVER_NAME
	    ": locked (HTTP status 500 from 127.0.0.1): a running VM holds its "
	    "disk, a snapshot frees it");
	dsserver_end("HEAD\npause 2000\nHEAD\npause 2000\nHEAD\npause 2000\n"
		     "HEAD\npause 2000\nHEAD\npause 2000\nHEAD\n");
}

static void
every_other_status_has_its_sentence(void)
{
	static const struct {
		struct dsserver_step steps[2];
		int class;
		const char *text;
	} rows[] = {
		{ { DSSERVER_HEAD("403") }, ERR_PERM,
		    "127.0.0.1 refuses access (HTTP status 403): the account "
		    "needs Datastore.Browse and Datastore.FileManagement (low "
		    "level file operations)" },
		{ { DSSERVER_HEAD("302") }, ERR_PROTO,
		    "127.0.0.1 redirects (HTTP status 302), which is not "
		    "followed" },
		{ { DSSERVER_HEAD("400") }, ERR_PROTO,
		    "127.0.0.1 answers HTTP status 400" },
		{ { DSSERVER_HEAD("206") }, ERR_PROTO,
		    "127.0.0.1 answers HTTP status 206" },
	};
	char text[300];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = { 0 };

		check_at(rows[i].text);
		dsserver_begin(rows[i].steps);
		CHECK(dsfile_open(dsserver.v, "DC", DSSERVER_NAME, &e) == NULL);
		CHECK_INT(e.class, rows[i].class);
		snprintf(text, sizeof(text), "%s: %s", DSSERVER_NAME,
		    rows[i].text);
		CHECK_STR(e.text, text);
		dsserver_end("HEAD\n");
	}
}

static void
vcenter_may_not_be_the_one_to_ask(void)
{
	static const struct dsserver_step all[] = { DSSERVER_HEAD("500"),
		DSSERVER_HEAD("500"), DSSERVER_HEAD("500"),
		DSSERVER_HEAD("500"), DSSERVER_HEAD("500"),
		DSSERVER_HEAD("500"), { DS_END } };
	struct err e = { 0 };

	wirefake.is_vcenter = true;
	dsserver_begin(all);
	CHECK(dsfile_open(dsserver.v, "DC", DSSERVER_NAME, &e) == NULL);
	CHECK_STR(e.text,
	    DSSERVER_NAME
	    ": locked (HTTP status 500 from 127.0.0.1): a running VM holds its "
	    "disk, a snapshot frees it; if the VM is stopped, ask its own host "
	    "instead");
	dsserver_end(NULL);
	wirefake.is_vcenter = false;
}

static void
small_files_come_whole(void)
{
	static const struct dsserver_step steps[] = { DSSERVER_STATUS("404"),
		{ DS_CUT, NULL, 300 }, DSSERVER_STATUS("500"), { DS_SERVE },
		{ DS_END } };
	struct buf b = { .limit = DSSERVER_BYTES };
	struct err e = { 0 };

	dsserver_begin(steps);
	CHECK_INT(dsfile_get(dsserver.v, "DC", "[d+s] web.vmx", &b, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_INT(b.len, DSSERVER_BYTES);
	CHECK_MEM(b.data, dsserver_file, b.len);
	buf_free(&b);
	dsserver_end("GET\nGET\npause 2000\nGET\npause 2000\nGET\n");
}

static void
small_files_are_small(void)
{
	struct buf b = { .limit = DSSERVER_BYTES - 1 };
	struct err e = { 0 };

	dsserver_begin(NULL);
	CHECK_INT(dsfile_get(dsserver.v, "DC", "[ds1] web.vmx", &b, &e), -1);
	CHECK_INT(e.class, ERR_DATA);
	CHECK_STR(e.text, "[ds1] web.vmx: more than 999 bytes");
	buf_free(&b);
	dsserver_end("GET\n");
}

static void
missing_small_file_is_named(void)
{
	static const struct dsserver_step steps[] = { DSSERVER_STATUS("404"),
		{ DS_END } };
	struct buf b = { 0 };
	struct err e = { 0 };

	dsserver_begin(steps);
	CHECK_INT(dsfile_get(dsserver.v, "DC", "[ds1] web.vmx", &b, &e), -1);
	CHECK_INT(e.class, ERR_NOTFOUND);
	CHECK_STR(e.text,
	    "[ds1] web.vmx: no such file at 127.0.0.1 (HTTP status 404)");
	CHECK_INT(b.len, 0);
	buf_free(&b);
	dsserver_end("GET\n");
}

/* clang-format off */
STORY_MAIN(TEST(file_names_are_taken_apart),
    TEST(datastore_names_have_a_limit),
    TEST(size_and_date_are_known_after_one_question),
    TEST(size_comes_from_a_range_if_it_must),
    TEST(odd_names_are_found_in_the_form_of_the_server),
    TEST(bad_names_are_never_asked_for),
    TEST(lock_is_waited_for_and_then_explained),
    TEST(every_other_status_has_its_sentence),
    TEST(vcenter_may_not_be_the_one_to_ask), TEST(small_files_come_whole),
    TEST(small_files_are_small), TEST(missing_small_file_is_named))
