#include <stdatomic.h>
#include <unistd.h>
#include "base/clock.h"
#include "vsphere/lease.h"
#include "wirefake.h"

/* A lease that the server's side of the test keeps. */
static struct {
	const char *state; /* "error": with that fault */
	const char *fault;
	unsigned int not_yet; /* so often "initializing" first */
	const char *import;   /* answer to ImportVApp */
	const char *complete; /* and to HttpNfcLeaseComplete */
	const char *after;    /* the state then */
	bool has_keys;        /* of an import whose files have come */
	atomic_uint renewed;
} server;

static const struct moref pool = { "ResourcePool", "ha-root-pool" };
static const struct moref folder = { "Folder", "ha-folder-vm" };
static const struct moref host = { "HostSystem", "ha-host" };
static const struct moref none = { 0 };

static void
add_device(struct buf *b, const char *key, const char *import_key,
    const char *file, bool disk)
{
	buf_fmt(b, "<deviceUrl><key>%s</key><importKey>%s</importKey>",
	    server.has_keys ? key : "", import_key);
	buf_fmt(b,
	    "<url>https://*/nfc/52d4f3b2-9c1e-ticket/%s</url>"
	    "<sslThumbprint></sslThumbprint><disk>%s</disk>"
	    "<targetId>%s</targetId></deviceUrl>",
	    file, disk ? "true" : "false", file);
}

static void
add_state(struct buf *b)
{
	const char *state = server.state;

	if (strcmp(state, "gone") == 0) {
		buf_puts(b, "!ManagedObjectNotFound deleted");
		return;
	}
	/* The host takes a moment to be through with it. */
	if (strcmp(state, "later") == 0) {
		state = "ready";
		server.state = "done";
	}
	if (server.not_yet > 0) {
		server.not_yet--;
		state = "initializing";
	}
	buf_fmt(b,
	    "<returnval><objects><obj type=\"HttpNfcLease\">l</obj>"
	    "<propSet><name>state</name><val>%s</val></propSet>",
	    state);
	if (strcmp(state, "error") == 0)
		buf_fmt(b,
		    "<propSet><name>error</name><val><fault xsi:type=\"%s\"/>"
		    "<localizedMessage>why</localizedMessage></val></propSet>",
		    server.fault);
	if (strcmp(state, "ready") == 0) {
		buf_puts(b,
		    "<propSet><name>info</name><val>"
		    "<entity type=\"VirtualMachine\">vm-7</entity>");
		add_device(b, "/vm-7/VirtualLsiLogicController0:0",
		    "/vm/VirtualLsiLogicController0:0", "disk-0.vmdk", true);
		add_device(b, "/vm-7/nvram", "/vm/nvram", "vm.nvram", false);
		buf_puts(b, "<leaseTimeout>4</leaseTimeout></val></propSet>");
	}
	buf_puts(b, "</objects></returnval>");
}

static void
answer(const char *method, const char *envelope, struct buf *out)
{
	(void)envelope;
	if (strcmp(method, "ImportVApp") == 0)
		buf_puts(out, server.import);
	else if (strcmp(method, "RetrievePropertiesEx") == 0)
		add_state(out);
	else if (strcmp(method, "HttpNfcLeaseProgress") == 0)
		atomic_fetch_add(&server.renewed, 1);
	else if (strcmp(method, "HttpNfcLeaseComplete") == 0) {
		buf_puts(out, server.complete);
		server.state = server.after;
	}
}

static volatile bool stop;

static struct vim *
begin(void)
{
	server.state = "ready";
	server.fault = "";
	server.not_yet = 0;
	server.import = "<returnval type=\"HttpNfcLease\">l</returnval>";
	server.complete = "";
	server.after = "done";
	server.has_keys = false;
	atomic_store(&server.renewed, 0);
	stop = false;
	wirefake.answer = answer;
	return wirefake_open();
}

static struct lease *
import(struct vim *v, const struct moref *in, const struct moref *on,
    struct err *e)
{
	struct buf spec = { 0 };
	struct lease *l;

	buf_puts(&spec, "<spec xmlns=\"urn:vim25\" xsi:type=\"X\">&lt;</spec>");
	l = lease_import(v, &pool, &spec, in, on, &stop, e);
	buf_free(&spec);
	return l;
}

/* The calls, without those of the thread, whose number is chance. */
static const char *
calls(void)
{
	static char text[400];
	const char *at, *end;

	text[0] = '\0';
	pthread_mutex_lock(&wirefake.lock);
	for (at = buf_text(&wirefake.calls); *at != '\0'; at = end + 1) {
		end = strchr(at, '\n');
		if (strncmp(at, "HttpNfcLeaseProgress", 20) == 0)
			continue;
		strncat(text, at, (size_t)(end - at));
		strcat(text, " ");
	}
	pthread_mutex_unlock(&wirefake.lock);
	return text;
}

static void
import_sends_the_specification_as_it_came(void)
{
	static const struct {
		const struct moref *in, *on;
		const char *rest;
	} rows[] = {
		{ &folder, &host,
		    "<folder type=\"Folder\">ha-folder-vm</folder>"
		    "<host type=\"HostSystem\">ha-host</host>" },
		{ &folder, &none,
		    "<folder type=\"Folder\">ha-folder-vm</folder>" },
		{ NULL, NULL, "" },
	};
	struct err e = { 0 };
	char want[400];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vim *v = begin();

		check_at(rows[i].rest);
		/* Refused, so that it is the last thing seen. */
		server.import = "!InvalidState no";
		CHECK(import(v, rows[i].in, rows[i].on, &e) == NULL);
		CHECK_STR(e.text, "ImportVApp: InvalidState: no");
		snprintf(want, sizeof(want),
		    "<_this type=\"ResourcePool\">ha-root-pool</_this>"
		    "<spec xmlns=\"urn:vim25\" xsi:type=\"X\">&lt;</spec>%s"
		    "</ImportVApp></soapenv:Body>",
		    rows[i].rest);
		CHECK(strstr(buf_text(&wirefake.seen), want) != NULL);
		CHECK_STR(calls(), "ImportVApp once ");
		err_clear(&e);
		wirefake_close(v);
	}
}

static void
import_waits_and_knows_its_files_and_its_vm(void)
{
	struct vim *v = begin();
	struct err e = { 0 };
	const struct lease_item *items;
	struct lease *l;
	size_t n = 0;

	server.not_yet = 3;
	l = import(v, &folder, &none, &e);
	CHECK_STR(e.text, "");
	if (!CHECK(l != NULL))
		return;
	items = lease_items(l, &n);
	CHECK_INT(n, 2);
	CHECK_STR(items[0].key, "");
	CHECK_STR(items[0].import_key, "/vm/VirtualLsiLogicController0:0");
	CHECK_STR(items[0].url,
	    "https://esx1:443/nfc/52d4f3b2-9c1e-ticket/disk-0.vmdk");
	CHECK(items[0].is_disk && items[0].is_api_host);
	CHECK_STR(items[1].import_key, "/vm/nvram");
	CHECK(!items[1].is_disk);
	CHECK_STR(lease_entity(l)->type, "VirtualMachine");
	CHECK_STR(lease_entity(l)->id, "vm-7");
	CHECK(!lease_ask_sha256(l)); /* nobody knows for what */
	pthread_mutex_lock(&wirefake.lock);
	server.has_keys = true;
	pthread_mutex_unlock(&wirefake.lock);
	CHECK_INT(lease_reread(l, &e), 0);
	items = lease_items(l, &n);
	CHECK_STR(items[0].key, "/vm-7/VirtualLsiLogicController0:0");
	CHECK(lease_ask_sha256(l));
	CHECK_INT(lease_commit(l, &e), 0);
	CHECK_STR(calls(),
	    "ImportVApp once HttpNfcLeaseSetManifestChecksumType "
	    "HttpNfcLeaseComplete ");
	lease_free(l);
	wirefake_close(v);
}

static void
set_state(const char *state, const char *fault)
{
	pthread_mutex_lock(&wirefake.lock);
	server.state = state;
	server.fault = fault;
	pthread_mutex_unlock(&wirefake.lock);
}

static void
files_of_a_lease_that_is_over_are_not_told(void)
{
	static const struct {
		const char *state, *text;
	} rows[] = {
		{ "initializing", "the lease is no longer ready" },
		{ "done", "the lease is in state 'done'" },
		{ "error", "the lease failed: Timedout: why" },
		{ "gone",
		    "the lease is gone: RetrievePropertiesEx: "
		    "ManagedObjectNotFound: deleted" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vim *v = begin();
		struct err e = { 0 };
		struct lease *l = import(v, &folder, &none, &e);

		check_at(rows[i].state);
		set_state(rows[i].state, "Timedout");
		CHECK_INT(lease_reread(l, &e), -1);
		CHECK_STR(e.text, rows[i].text);
		lease_free(l);
		wirefake_close(v);
	}
}

static void
free_aborts_what_was_not_committed(void)
{
	struct vim *v = begin();
	struct err e = { 0 };
	struct lease *l = import(v, &folder, &none, &e);

	lease_free(l);
	CHECK_STR(calls(), "ImportVApp once HttpNfcLeaseAbort ");
	wirefake_close(v);
}

/* 73: taken, 74: full, 77: not allowed, else 75; and nothing to abort. */
static void
lease_that_fails_at_once_says_why(void)
{
	static const struct {
		const char *fault;
		int class;
	} rows[] = {
		{ "DuplicateName", ERR_CREATE },
		{ "FileAlreadyExists", ERR_CREATE },
		{ "VmAlreadyExistsInDatacenter", ERR_CREATE },
		{ "InvalidName", ERR_CREATE },
		{ "FileTooLarge", ERR_CREATE },
		{ "NoDiskSpace", ERR_IO },
		{ "InsufficientStorageSpace", ERR_IO },
		{ "NoPermission", ERR_PERM },
		{ "RestrictedVersion", ERR_PERM },
		{ "NotEnoughLicenses", ERR_PERM },
		{ "InsufficientResourcesFault", ERR_TEMP },
		{ "InsufficientMemoryResourcesFault", ERR_TEMP },
		{ "InvalidArgument", ERR_TEMP },
		{ "ManagedObjectNotFound", ERR_TEMP },
		{ "Timedout", ERR_TEMP },
	};
	char want[200];
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vim *v = begin();

		check_at(rows[i].fault);
		err_clear(&e);
		server.state = "error";
		server.fault = rows[i].fault;
		CHECK(import(v, &folder, &none, &e) == NULL);
		CHECK_INT(e.class, rows[i].class);
		CHECK_STR(e.fault, rows[i].fault);
		snprintf(want, sizeof(want),
		    "ImportVApp: the lease failed: %s: why%s", rows[i].fault,
		    strcmp(rows[i].fault, "RestrictedVersion") == 0
			? " (the host's free licence forbids changes through "
			  "the API: assign a paid or evaluation licence)"
			: "");
		CHECK_STR(e.text, want);
		CHECK_STR(calls(), "ImportVApp once ");
		wirefake_close(v);
	}
}

/* Whatever became of the reply, the lease's state is the truth. */
static void
completion_is_what_the_state_says(void)
{
	static const struct {
		const char *complete, *after;
		int rc;
		const char *calls;
	} rows[] = {
		{ "", "done", 0, "" },
		{ "?", "done", 0, "" },
		{ "!InvalidState done already", "done", 0, "" },
		{ "?", "later", 0, "" },
		{ "?", "ready", -1, "HttpNfcLeaseComplete HttpNfcLeaseAbort " },
		{ "!InvalidState not done", "ready", -1, "HttpNfcLeaseAbort " },
		{ "!Timedout too late", "done", -1, "HttpNfcLeaseAbort " },
		{ "!ManagedObjectNotFound deleted", "gone", -1, "" },
	};
	char want[200];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vim *v = begin();
		struct err e = { 0 };
		struct lease *l = import(v, &folder, &none, &e);

		check_at(rows[i].complete);
		server.complete = rows[i].complete;
		server.after = rows[i].after;
		CHECK_INT(lease_commit(l, &e), rows[i].rc);
		CHECK((e.class != ERR_NONE) == (rows[i].rc == -1));
		CHECK(e.class != ERR_NOTFOUND);
		lease_free(l);
		snprintf(want, sizeof(want),
		    "ImportVApp once HttpNfcLeaseComplete %s", rows[i].calls);
		CHECK_STR(calls(), want);
		wirefake_close(v);
	}
}

static void
wait_until(bool (*is_so)(void))
{
	int i;

	for (i = 0; i < 1000 && !is_so(); i++)
		usleep(10000);
}

static bool
is_renewed_twice(void)
{
	return atomic_load(&server.renewed) >= 2;
}

static bool
is_stopped(void)
{
	return stop;
}

static void
lease_is_kept_alive_and_its_loss_stops_the_transfers(void)
{
	struct vim *v = begin();
	struct err e = { 0 };
	struct lease *l = import(v, &folder, &none, &e);
	uint64_t start_ms;

	wait_until(is_renewed_twice);
	CHECK(is_renewed_twice());
	CHECK_INT(lease_check(l, &e), 0);
	/* Though of the class of a broken connection, it is none. */
	set_state("error", "NoDiskSpace");
	start_ms = clock_mono_ms();
	wait_until(is_stopped);
	CHECK(stop);
	CHECK(clock_mono_ms() - start_ms < 3500);
	CHECK_INT(lease_check(l, &e), -1);
	CHECK_INT(e.class, ERR_IO);
	CHECK_STR(e.text, "the lease failed: NoDiskSpace: why");
	CHECK_INT(lease_commit(l, &e), -1);
	lease_free(l);
	CHECK_STR(calls(), "ImportVApp once ");
	wirefake_close(v);
}

/* A host that began anew: another try may go well. */
static void
lease_that_is_gone_is_lost(void)
{
	struct vim *v = begin();
	struct err e = { 0 };
	struct lease *l = import(v, &folder, &none, &e);

	set_state("gone", "");
	CHECK_INT(lease_look(l, &e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK_STR(e.text,
	    "the lease is gone: RetrievePropertiesEx: "
	    "ManagedObjectNotFound: deleted");
	CHECK(stop);
	lease_free(l);
	CHECK_STR(calls(), "ImportVApp once ");
	wirefake_close(v);
}

CHECK_MAIN(TEST(import_sends_the_specification_as_it_came),
    TEST(import_waits_and_knows_its_files_and_its_vm),
    TEST(files_of_a_lease_that_is_over_are_not_told),
    TEST(free_aborts_what_was_not_committed),
    TEST(lease_that_fails_at_once_says_why),
    TEST(completion_is_what_the_state_says), TEST(lease_that_is_gone_is_lost),
    TEST(lease_is_kept_alive_and_its_loss_stops_the_transfers))
