#include "vsphere/importspec.h"
#include "wirefake.h"

static const char *canned;

static void
say_canned(const char *method, const char *envelope, struct buf *out)
{
	(void)method;
	(void)envelope;
	buf_puts(out, canned);
}

static const struct import_params plain = { .descriptor = "<Envelope/>",
	.name = "vm",
	.disk_mode = "thin",
	.deployment = "",
	.pool = { "ResourcePool", "ha-root-pool" },
	.datastore = { "Datastore", "ds-1" } };

static int
ask(const struct import_params *p, const char *answer, struct import_spec *s,
    struct err *e)
{
	struct vim *v;
	int rc;

	wirefake.answer = say_canned;
	canned = answer;
	v = wirefake_open();
	rc = importspec_create(v, p, s, e);
	vim_free(v);
	return rc;
}

/* What stands in the body of the request. */
static const char *
asked(void)
{
	static char text[4000];
	const char *at = strstr(buf_text(&wirefake.seen), "</_this>");

	if (!CHECK(at != NULL))
		return "";
	snprintf(text, sizeof(text), "%s", at + 8);
	text[strcspn(text, "\n")] = '\0';
	at = strstr(text, "</CreateImportSpec></soapenv:Body>");
	CHECK(at != NULL);
	text[at - text] = '\0';
	return text;
}

#define VM_SPEC                                                          \
	"<importSpec xsi:type=\"VirtualMachineImportSpec\">"             \
	"<configSpec><name>vm</name><extraConfig><key>k</key>"           \
	"<value xsi:type=\"xsd:string\">&lt;&amp;</value></extraConfig>" \
	"</configSpec></importSpec>"

#define DISK_ITEM                                                         \
	"<fileItem><deviceId>/vm/VirtualLsiLogicController0:0</deviceId>" \
	"<path>disk-0.vmdk</path><compressionMethod>gzip"                 \
	"</compressionMethod><chunkSize>4096</chunkSize><size>123</size>" \
	"<cimType>17</cimType><create>false</create></fileItem>"
#define NVRAM_ITEM                                               \
	"<fileItem><deviceId>/vm/nvram</deviceId><path>vm.nvram" \
	"</path><cimType>1</cimType><create>true</create></fileItem>"

static void
request_is_in_the_order_of_the_wsdl(void)
{
	struct import_network nets[] = { { "VM & <Net>",
					     { "Network", "net-1" } },
		{ "b", { "DistributedVirtualPortgroup", "dvp-2" } } };
	struct import_property props[] = { { "hostname", "a\"b" },
		{ "empty", "" } };
	struct import_params p = plain;
	struct import_spec s = { 0 };
	struct err e = { 0 };

	CHECK_INT(ask(&p, "<returnval>" VM_SPEC "</returnval>", &s, &e), 0);
	CHECK_STR(asked(),
	    "<ovfDescriptor>&lt;Envelope/&gt;</ovfDescriptor>"
	    "<resourcePool type=\"ResourcePool\">ha-root-pool</resourcePool>"
	    "<datastore type=\"Datastore\">ds-1</datastore>"
	    "<cisp xsi:type=\"OvfCreateImportSpecParams\"><locale></locale>"
	    "<deploymentOption></deploymentOption>"
	    "<entityName>vm</entityName>"
	    "<diskProvisioning>thin</diskProvisioning></cisp>");
	importspec_free(&s);
	p.name = "50%/a\\b <c>";
	p.deployment = "small";
	p.host = (struct moref){ "HostSystem", "host-9" };
	p.networks = nets;
	p.n_networks = 2;
	p.properties = props;
	p.n_properties = 2;
	CHECK_INT(ask(&p, "<returnval>" VM_SPEC "</returnval>", &s, &e), 0);
	CHECK_STR(strstr(asked(), "<cisp"),
	    "<cisp xsi:type=\"OvfCreateImportSpecParams\"><locale></locale>"
	    "<deploymentOption>small</deploymentOption>"
	    "<entityName>50%25%2fa%5cb &lt;c&gt;</entityName>"
	    "<hostSystem type=\"HostSystem\">host-9</hostSystem>"
	    "<networkMapping><name>VM &amp; &lt;Net&gt;</name>"
	    "<network type=\"Network\">net-1</network></networkMapping>"
	    "<networkMapping><name>b</name>"
	    "<network type=\"DistributedVirtualPortgroup\">dvp-2</network>"
	    "</networkMapping>"
	    "<propertyMapping><key>hostname</key><value>a&quot;b</value>"
	    "</propertyMapping><propertyMapping><key>empty</key>"
	    "<value></value></propertyMapping>"
	    "<diskProvisioning>thin</diskProvisioning></cisp>");
	CHECK_STR(e.text, "");
	importspec_free(&s);
	wirefake_close(NULL);
}

static void
answer_is_taken_apart(void)
{
	struct import_spec s = { 0 };
	struct err e = { 0 };

	CHECK_INT(ask(&plain,
		      "<returnval>" VM_SPEC DISK_ITEM NVRAM_ITEM
		      "<warning><fault xsi:type=\"OvfUnsupportedElement\"/>"
		      "<localizedMessage>Line 104: odd\nelement"
		      "</localizedMessage></warning>"
		      "<warning><fault xsi:type=\"OvfWarning\"/></warning>"
		      "<warning/></returnval>",
		      &s, &e),
	    0);
	CHECK_STR(buf_text(&s.xml),
	    "<spec xmlns=\"urn:vim25\""
	    " xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\""
	    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
	    " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\""
	    " xsi:type=\"VirtualMachineImportSpec\"><configSpec><name>vm"
	    "</name><extraConfig><key>k</key>"
	    "<value xsi:type=\"xsd:string\">&lt;&amp;</value></extraConfig>"
	    "</configSpec></spec>");
	CHECK(!s.is_vapp);
	if (!CHECK_INT(s.n_items, 2) || !CHECK_INT(s.n_warnings, 3))
		return;
	CHECK_STR(s.items[0].device_id, "/vm/VirtualLsiLogicController0:0");
	CHECK_STR(s.items[0].path, "disk-0.vmdk");
	CHECK_STR(s.items[0].compression, "gzip");
	CHECK_INT(s.items[0].chunk_size, 4096);
	CHECK(s.items[0].has_size && s.items[0].size == 123);
	CHECK(!s.items[0].create);
	CHECK_STR(s.items[1].compression, "");
	CHECK(!s.items[1].has_size && s.items[1].create);
	CHECK_STR(s.warnings[0], "Line 104: odd element");
	CHECK_STR(s.warnings[1], "OvfWarning");
	CHECK_STR(s.warnings[2], "no message");
	CHECK_INT(s.n_errors, 0);
	importspec_free(&s);
	CHECK(s.items == NULL && s.n_items == 0);
	CHECK_INT(ask(&plain,
		      "<returnval><importSpec "
		      "xsi:type=\"VirtualAppImportSpec\"/></returnval>",
		      &s, &e),
	    0);
	CHECK(s.is_vapp);
	importspec_free(&s);
	wirefake_close(NULL);
}

static void
errors_of_the_host_are_all_told(void)
{
	struct buf many = { 0 };
	struct import_spec s = { 0 };
	struct err e = { 0 };
	int i;

	buf_puts(&many, "<returnval>");
	for (i = 0; i < 150; i++)
		buf_fmt(&many,
		    "<error><fault xsi:type=\"OvfNoHostNic\"/>"
		    "<localizedMessage>%d: no virtual network"
		    "</localizedMessage></error>",
		    i);
	buf_puts(&many, "</returnval>");
	CHECK_INT(ask(&plain, buf_text(&many), &s, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_INT(s.n_errors, 100);
	CHECK_STR(s.errors[99], "99: no virtual network");
	CHECK_INT(s.xml.len, 0);
	importspec_free(&s);
	buf_free(&many);
	wirefake_close(NULL);
}

static void
nonsense_is_an_error(void)
{
	static const struct {
		const char *answer;
		int class;
		const char *text;
	} rows[] = {
		{ "", ERR_PROTO, "the host gave none" },
		{ "<returnval/>", ERR_PROTO, "the host gave none" },
		{ "<returnval><importSpec/></returnval>", ERR_PROTO,
		    "it has no type" },
		{ "<returnval>" VM_SPEC
		  "<fileItem><path>x</path></fileItem></returnval>",
		    ERR_PROTO,
		    "the host wants a file, but does not say which" },
		{ "<returnval>" VM_SPEC
		  "<fileItem><deviceId>x</deviceId></fileItem></returnval>",
		    ERR_PROTO,
		    "the host wants a file, but does not say which" },
		{ "!InvalidState not in maintenance mode", ERR_TEMP,
		    "CreateImportSpec: InvalidState: not in maintenance "
		    "mode" },
		{ "!NoPermission no", ERR_PERM,
		    "CreateImportSpec: NoPermission: no" },
		{ "?", ERR_IO, "CreateImportSpec: the connection broke" },
	};
	struct import_spec s = { 0 };
	char want[200];
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].answer);
		err_clear(&e);
		CHECK_INT(ask(&plain, rows[i].answer, &s, &e), -1);
		CHECK_INT(e.class, rows[i].class);
		snprintf(want, sizeof(want), "import specification: %s",
		    rows[i].text);
		CHECK_STR(e.text, want);
		CHECK(s.items == NULL && s.xml.data == NULL);
	}
	wirefake_close(NULL);
}

static void
no_end_of_files_is_refused(void)
{
	struct buf many = { 0 };
	struct import_spec s = { 0 };
	struct err e = { 0 };
	int i;

	buf_puts(&many, "<returnval>" VM_SPEC);
	for (i = 0; i < 1025; i++)
		buf_puts(&many, NVRAM_ITEM);
	buf_puts(&many, "</returnval>");
	CHECK_INT(ask(&plain, buf_text(&many), &s, &e), -1);
	CHECK_STR(e.text, "import specification: the host wants 1025 files");
	buf_free(&many);
	wirefake_close(NULL);
}

CHECK_MAIN(TEST(request_is_in_the_order_of_the_wsdl),
    TEST(answer_is_taken_apart), TEST(errors_of_the_host_are_all_told),
    TEST(nonsense_is_an_error), TEST(no_end_of_files_is_refused))
