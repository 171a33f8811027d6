#include "vsphere/vmop.h"

#include <ctype.h>
#include <signal.h>
#include "sys/sig.h"
#include "vimfake.h"
#include "vsphere/vmop_nic.h"

static const struct moref vm = { "VirtualMachine", "vm-7" };

#define VM(props) VIMFAKE_OBJECT("VirtualMachine", "vm-7", props)
#define STATE(state) VIMFAKE_PROP("runtime.powerState", state)
#define QUESTION(inside) VIMFAKE_PROP("runtime.question", inside)
#define READ "RetrievePropertiesEx"
#define TASK VIMFAKE_REF("Task", "task-1")
#define GONE "!ManagedObjectNotFound The object has been deleted."

/* A task that failed. */
#define FAILED(type, text)                                          \
	VIMFAKE_OBJECT("Task", "task-1",                            \
	    VIMFAKE_PROP("info",                                    \
		"<state>error</state><error><fault xsi:type='" type \
		"'/><localizedMessage>" text "</localizedMessage></error>"))

/* As hosts ask it; the numbers differ between their versions. */
#define MOVED                                                          \
	"<id>_vmx1</id><text>msg.uuid.altered:This virtual machine "   \
	"might have been moved or copied.</text><choice><choiceInfo>"  \
	"<label>Cancel</label><summary>Cancel</summary><key>7</key>"   \
	"</choiceInfo><choiceInfo><label>I _moved it</label><summary>" \
	"I _moved it</summary><key>8</key></choiceInfo><choiceInfo>"   \
	"<label>I Co_pied It</label><summary>I Co_pied It</summary>"   \
	"<key>9</key></choiceInfo></choice>"
#define FULL                                                          \
	"<id>_vmx2</id><text>msg.hbacommon.outofspace:There is no "   \
	"more space.</text><choice><choiceInfo><label>_Retry</label>" \
	"<summary>_Retry</summary><key>0</key></choiceInfo>"          \
	"<choiceInfo><label>A_bort</label><summary>A_bort</summary>"  \
	"<key>1</key></choiceInfo><defaultIndex>1</defaultIndex></choice>"

static const char nics[] =
    "<val xsi:type='ArrayOfVirtualDevice'>"
    "<VirtualDevice xsi:type='VirtualDisk'><key>2000</key></VirtualDevice>"
    "<VirtualDevice xsi:type='VirtualVmxnet3'><key>4000</key>"
    "<deviceInfo xsi:type='Description'><label>Network adapter 1</label>"
    "<summary>a &amp; b</summary></deviceInfo>"
    "<backing xsi:type='VirtualEthernetCardNetworkBackingInfo'>"
    "<deviceName>lab</deviceName></backing>"
    "<connectable><startConnected>true</startConnected>"
    "<allowGuestControl>false</allowGuestControl>"
    "<connected>true</connected><status>ok</status></connectable>"
    "<controllerKey>100</controllerKey><unitNumber>7</unitNumber>"
    "<addressType>assigned</addressType>"
    "<macAddress>00:50:56:01:02:03</macAddress>"
    "<wakeOnLanEnabled>true</wakeOnLanEnabled></VirtualDevice>"
    "<VirtualDevice xsi:type='VirtualE1000'><key>4001</key>"
    "<slotInfo xsi:type='VirtualDevicePciBusSlotInfo'>"
    "<pciSlotNumber>33</pciSlotNumber></slotInfo>"
    "<wakeOnLanEnabled>true</wakeOnLanEnabled></VirtualDevice></val>";

/* Without namespaces: copies carry theirs along. */
static const char *
plain(struct buf *b)
{
	char *from = b->data, *to = b->data;

	while (from != NULL && *from != '\0') {
		if (strncmp(from, " xmlns", 6) == 0) {
			from += strcspn(from, "\"") + 1;
			from += strcspn(from, "\"") + 1;
			continue;
		}
		*to++ = *from++;
	}
	if (to != NULL)
		*to = '\0';
	return buf_text(b);
}

static const char *
last_call(void)
{
	const char *text = plain(&vimfake.calls), *at;

	at = strstr(text, "ReconfigVM_Task");
	return at == NULL ? text : at;
}

#define DEVICES                                                     \
	"<returnval><objects><obj type='VirtualMachine'>vm-7</obj>" \
	"<propSet><name>config.hardware.device</name>"

static void
identity_changes_and_nothing_else(void)
{
	static const struct vmop_nic changed[] = {
		{ .key = 4000, .has_mac = true, .disconnect = true },
		{ .key = 4001,
		    .has_mac = true,
		    .mac = "00:50:56:aa:bb:cc",
		    .disconnect = true },
	};
	static const struct vmop_setting settings[] = {
		{ "esxbk.mark", "<a & b>" },
	};
	const struct vmop_changes c = { "uuid-1", "uuid-2", changed, 2,
		settings, 1 };
	char devices[4000];
	const struct vimfake_step script[] = {
		{ READ, devices },
		{ "ReconfigVM_Task", TASK },
		{ READ, VIMFAKE_TASK("success") },
		{ NULL },
	};
	struct err e = { 0 };
	char *end;

	snprintf(devices, sizeof(devices),
	    DEVICES "%s</propSet></objects></returnval>", nics);
	vimfake_begin(script);
	CHECK_INT(vmop_change(NULL, &vm, &c, &e), 0);
	CHECK_STR(e.text, "");
	end = strstr(vimfake.calls.data, "</spec>");
	if (CHECK(end != NULL))
		end[7] = '\0';
	CHECK_STR(last_call(),
	    "ReconfigVM_Task vm-7 <spec><uuid>uuid-1</uuid>"
	    "<instanceUuid>uuid-2</instanceUuid>"
	    "<deviceChange xsi:type=\"VirtualDeviceConfigSpec\">"
	    "<operation>edit</operation><device xsi:type=\"VirtualVmxnet3\">"
	    "<key>4000</key>"
	    "<deviceInfo xsi:type=\"Description\">"
	    "<label>Network adapter 1</label><summary>a &amp; b</summary>"
	    "</deviceInfo>"
	    "<backing xsi:type=\"VirtualEthernetCardNetworkBackingInfo\">"
	    "<deviceName>lab</deviceName></backing>"
	    "<connectable><startConnected>false</startConnected>"
	    "<allowGuestControl>false</allowGuestControl>"
	    "<connected>false</connected><status>ok</status></connectable>"
	    "<controllerKey>100</controllerKey><unitNumber>7</unitNumber>"
	    "<addressType>generated</addressType>"
	    "<wakeOnLanEnabled>true</wakeOnLanEnabled></device>"
	    "</deviceChange>"
	    "<deviceChange xsi:type=\"VirtualDeviceConfigSpec\">"
	    "<operation>edit</operation><device xsi:type=\"VirtualE1000\">"
	    "<key>4001</key>"
	    "<connectable><startConnected>false</startConnected>"
	    "<allowGuestControl>true</allowGuestControl>"
	    "<connected>false</connected></connectable>"
	    "<slotInfo xsi:type=\"VirtualDevicePciBusSlotInfo\">"
	    "<pciSlotNumber>33</pciSlotNumber></slotInfo>"
	    "<addressType>manual</addressType>"
	    "<macAddress>00:50:56:aa:bb:cc</macAddress>"
	    "<wakeOnLanEnabled>true</wakeOnLanEnabled></device>"
	    "</deviceChange>"
	    "<extraConfig xsi:type=\"OptionValue\"><key>esxbk.mark</key>"
	    "<value xsi:type=\"xsd:string\">&lt;a &amp; b&gt;</value>"
	    "</extraConfig><extraConfig xsi:type=\"OptionValue\">"
	    "<key>ethernet1.checkMACAddress</key>"
	    "<value xsi:type=\"xsd:string\">false</value>"
	    "</extraConfig></spec>");
	vimfake_end();
}

static void
host_is_told_to_start_with_an_address_of_its_own_ranges(void)
{
	static const struct {
		const char *mac;
		int key;
		const char *setting;
	} rows[] = {
		{ "00:0c:29:e7:c9:ec", 4000, "ethernet0.checkMACAddress" },
		{ "00:0C:29:E7:C9:EC", 4009, "ethernet9.checkMACAddress" },
		{ "00:50:56:40:00:00", 4002, "ethernet2.checkMACAddress" },
		{ "00:50:56:bf:ff:ff", 4002, "ethernet2.checkMACAddress" },
		{ "00:50:56:ff:ff:ff", 4002, "ethernet2.checkMACAddress" },
		{ "00:50:56:3f:ff:ff", 4000, NULL },
		{ "00:50:56:00:00:00", 4000, NULL },
		{ "02:0c:29:e7:c9:ec", 4000, NULL },
		{ "", 4000, NULL },
		{ NULL, 4000, NULL },
		{ "00:0c:29:e7:c9:ec", 3999, NULL },
		{ "00:0c:29:e7:c9:ec", 4010, NULL },
	};
	struct vmop_nic nic = { .has_mac = true };
	char key[VMOP_NIC_KEY_SIZE];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		check_at(rows[i].mac);
		nic.mac = rows[i].mac;
		nic.key = rows[i].key;
		if (CHECK_INT(vmop_nic_needs_setting(&nic, key),
			rows[i].setting != NULL) &&
		    rows[i].setting != NULL)
			CHECK_STR(key, rows[i].setting);
	}
	nic = (struct vmop_nic){ .key = 4000, .mac = "00:0c:29:e7:c9:ec" };
	CHECK(!vmop_nic_needs_setting(&nic, key));
}

static void
card_that_is_gone_is_not_edited(void)
{
	static const struct vmop_nic changed[] = { { .key = 4002 } };
	const struct vmop_changes c = { .nics = changed, .n_nics = 1 };
	static const struct vimfake_step script[] = {
		{ READ, VM(VIMFAKE_PROP("config.hardware.device", "")) },
		{ NULL },
	};
	struct err e = { 0 };

	vimfake_begin(script);
	CHECK_INT(vmop_change(NULL, &vm, &c, &e), -1);
	CHECK_STR(e.text, "the VM has no device 4002 any more");
	vimfake_end();
}

static void
change_whose_reply_is_lost_is_made_again(void)
{
	static const struct vimfake_step script[] = {
		{ "ReconfigVM_Task", "?" },
		/* It is not at it any more. */
		{ READ, VM(VIMFAKE_PROP("recentTask", "")) },
		{ "ReconfigVM_Task", TASK },
		{ READ, VIMFAKE_TASK("success") },
		{ NULL },
	};
	const struct vmop_changes c = { .uuid = "u" };
	struct err e = { 0 };

	vimfake_begin(script);
	CHECK_INT(vmop_change(NULL, &vm, &c, &e), 0);
	vimfake_end();
}

static void
refused_change_is_told(void)
{
	static const struct vimfake_step script[] = {
		{ "ReconfigVM_Task", TASK },
		{ READ, FAILED("InvalidDeviceSpec", "Invalid device '1'.") },
		{ NULL },
	};
	const struct vmop_changes c = { .uuid = "u" };
	struct err e = { 0 };

	vimfake_begin(script);
	CHECK_INT(vmop_change(NULL, &vm, &c, &e), -1);
	CHECK_STR(e.text,
	    "change the VM: InvalidDeviceSpec: Invalid device '1'.");
	vimfake_end();
}

static void
mark_is_found_again(void)
{
	static const struct vimfake_step script[] = {
		{ READ,
		    VM(VIMFAKE_PROP("config.extraConfig",
			"<OptionValue><key>a</key><value>1</value>"
			"</OptionValue><OptionValue><key>esxbk.mark</key>"
			"<value>x &lt; y</value></OptionValue>")) },
		{ READ, VM(VIMFAKE_PROP("config.extraConfig", "")) },
		{ READ, GONE },
		{ NULL },
	};
	struct err e = { 0 };
	char *value;

	vimfake_begin(script);
	CHECK_INT(vmop_setting(NULL, &vm, "esxbk.mark", &value, &e), 0);
	CHECK_STR(value, "x < y");
	free(value);
	CHECK_INT(vmop_setting(NULL, &vm, "esxbk.mark", &value, &e), 0);
	CHECK_STR(value, NULL);
	CHECK_INT(vmop_setting(NULL, &vm, "esxbk.mark", &value, &e), -1);
	CHECK_INT(e.class, ERR_NOTFOUND);
	vimfake_end();
}

struct story {
	const char *name;
	struct vimfake_step script[12];
	int class;
	const char *text;
};

static void
check_stories(const struct story *s, size_t n,
    int (*act)(struct vim *v, const struct moref *vm, struct err *e))
{
	struct err e;

	for (; n > 0; n--, s++) {
		check_at(s->name);
		e = (struct err){ 0 };
		vimfake_begin(s->script);
		CHECK_INT(act(NULL, &vm, &e), s->class == 0 ? 0 : -1);
		CHECK_INT(e.class, s->class);
		CHECK_STR(e.text, s->text == NULL ? "" : s->text);
		vimfake_end();
	}
}

#define CHECK_STORIES(stories, act) \
	check_stories(stories, sizeof(stories) / sizeof((stories)[0]), act)

static void
vm_is_on_or_it_is_told_why_not(void)
{
	static const struct story stories[] = {
		{ "at once",
		    { { "PowerOnVM_Task", TASK },
			{ READ, VIMFAKE_TASK("success") }, { NULL } } },
		{ "it was on",
		    { { "PowerOnVM_Task", "!InvalidPowerState On." },
			{ READ, VM(STATE("poweredOn")) }, { NULL } } },
		{ "somebody else was quicker",
		    { { "PowerOnVM_Task", TASK },
			{ READ, FAILED("InvalidPowerState", "On.") },
			{ READ, VM(STATE("poweredOn")) }, { NULL } } },
		{ "neither on nor off",
		    { { "PowerOnVM_Task", "!InvalidPowerState No." },
			{ READ, VM(STATE("poweredOff")) }, { NULL } },
		    ERR_TEMP, "PowerOnVM_Task: InvalidPowerState: No." },
		{ "the reply was lost, the VM is on",
		    { { "PowerOnVM_Task", "?" },
			{ READ, VM(STATE("poweredOn")) }, { NULL } } },
		{ "the request was lost",
		    { { "PowerOnVM_Task", "?" },
			{ READ, VM(STATE("poweredOff")) },
			{ "PowerOnVM_Task", TASK },
			{ READ, VIMFAKE_TASK("success") }, { NULL } } },
		{ "refused",
		    { { "PowerOnVM_Task", TASK },
			{ READ,
			    FAILED("InsufficientResourcesFault", "Memory.") },
			{ NULL } },
		    ERR_TEMP, "power on: InsufficientResourcesFault: Memory." },
	};

	CHECK_STORIES(stories, vmop_power_on);
}

static void
copy_is_said_to_be_one(void)
{
	static const struct vimfake_step script[] = {
		{ "PowerOnVM_Task", TASK },
		{ READ, VIMFAKE_TASK("running") },
		{ READ, VM(QUESTION(MOVED)) },
		{ "AnswerVM", "" },
		{ READ, VIMFAKE_TASK("running") },
		/* It is still there, but not for long. */
		{ READ, VM(QUESTION(MOVED)) },
		{ "AnswerVM", "!InvalidState No question." },
		{ READ, VIMFAKE_TASK("success") },
		{ NULL },
	};
	struct err e = { 0 };

	vimfake_begin(script);
	CHECK_INT(vmop_power_on(NULL, &vm, &e), 0);
	CHECK(strstr(buf_text(&vimfake.calls),
		  "AnswerVM vm-7 <questionId>_vmx1</questionId>"
		  "<answerChoice>9</answerChoice>\n") != NULL);
	vimfake_end();
}

static void
other_questions_are_not_ours_to_answer(void)
{
	static const struct story stories[] = {
		{ "no space",
		    { { "PowerOnVM_Task", TASK },
			{ READ, VIMFAKE_TASK("running") },
			{ READ, VM(QUESTION(FULL)) }, { NULL } },
		    ERR_TEMP,
		    "power on: the VM asks: msg.hbacommon.outofspace:There is "
		    "no more space." },
		{ "moved, but no such choice",
		    { { "PowerOnVM_Task", TASK },
			{ READ, VIMFAKE_TASK("running") },
			{ READ,
			    VM(QUESTION("<id>1</id><text>Moved?</text>"
					"<message><id>msg.uuid.altered</id>"
					"</message>")) },
			{ NULL } },
		    ERR_TEMP, "power on: the VM asks: Moved?" },
	};

	CHECK_STORIES(stories, vmop_power_on);
}

static void
vm_and_its_files_are_gone(void)
{
	static const struct story stories[] = {
		{ "off",
		    { { READ, VM(STATE("poweredOff")) },
			{ "Destroy_Task", TASK },
			{ READ, VIMFAKE_TASK("success") }, { NULL } } },
		{ "on",
		    { { READ, VM(STATE("poweredOn")) },
			{ "PowerOffVM_Task", TASK },
			{ READ, VIMFAKE_TASK("success") },
			{ "Destroy_Task", TASK },
			{ READ, VIMFAKE_TASK("success") }, { NULL } } },
		{ "it went off before we came",
		    { { READ, VM(STATE("poweredOn")) },
			{ "PowerOffVM_Task", "!InvalidPowerState Off." },
			{ READ, VM(STATE("poweredOff")) },
			{ "Destroy_Task", TASK },
			{ READ, VIMFAKE_TASK("success") }, { NULL } } },
		{ "somebody else removed it", { { READ, GONE }, { NULL } } },
		{ "at the same time",
		    { { READ, VM(STATE("poweredOff")) },
			{ "Destroy_Task", TASK },
			{ READ, FAILED("ManagedObjectNotFound", "Gone.") },
			{ READ, GONE }, { NULL } } },
		{ "the reply was lost",
		    { { READ, VM(STATE("poweredOff")) },
			{ "Destroy_Task", "?" }, { READ, GONE }, { NULL } } },
		{ "it is being powered on",
		    { { READ, VM(STATE("poweredOff")) },
			{ "Destroy_Task", "!TaskInProgress Busy." },
			{ READ, VM(STATE("poweredOn")) },
			{ "PowerOffVM_Task", TASK },
			{ READ, VIMFAKE_TASK("success") },
			{ "Destroy_Task", TASK },
			{ READ, VIMFAKE_TASK("success") }, { NULL } } },
		{ "not allowed",
		    { { READ, VM(STATE("poweredOff")) },
			{ "Destroy_Task", "!NoPermission No." }, { NULL } },
		    ERR_PERM, "Destroy_Task: NoPermission: No." },
	};

	CHECK_STORIES(stories, vmop_destroy);
}

static void
question_does_not_keep_a_vm(void)
{
	static const struct {
		const char *question, *choice;
	} cases[] = { { MOVED, "7" }, { FULL, "1" } };
	char asks[2000], said[100];
	const struct vimfake_step script[] = {
		{ READ, asks },
		{ "AnswerVM", "" },
		{ "Destroy_Task", TASK },
		{ READ, VIMFAKE_TASK("success") },
		{ NULL },
	};
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < 2; i++) {
		check_at(cases[i].choice);
		snprintf(asks, sizeof(asks),
		    VM(STATE("poweredOff") QUESTION("%s")), cases[i].question);
		snprintf(said, sizeof(said), "<answerChoice>%s</answerChoice>",
		    cases[i].choice);
		vimfake_begin(script);
		CHECK_INT(vmop_destroy(NULL, &vm, &e), 0);
		CHECK(strstr(buf_text(&vimfake.calls), said) != NULL);
		vimfake_end();
	}
}

#define GUEST(path, value) VM(STATE("poweredOn") VIMFAKE_PROP(path, value))

static void
guest_is_up_when_it_can_be_reached(void)
{
	static const struct {
		const char *object, *ip;
	} cases[] = {
		{ GUEST("guest.ipAddress", "192.0.2.7"), "192.0.2.7" },
		{ GUEST("guest.ipAddress", "2001:db8::7"), "2001:db8::7" },
		{ GUEST("guest.ipAddress", "169.254.3.4"), NULL },
		{ GUEST("guest.ipAddress", "fe80::1"), NULL },
		{ GUEST("guest.ipAddress", "127.0.0.1"), NULL },
		{ GUEST("guest.ipAddress", "::1"), NULL },
		{ GUEST("guest.ipAddress", "0.0.0.0"), NULL },
		{ GUEST("guest.ipAddress", "192.0.2.7; rm"), NULL },
		{ GUEST("guest.toolsRunningStatus", "guestToolsRunning"),
		    NULL },
		{ GUEST("guest.net",
		      "<GuestNicInfo><ipAddress>fe80::1</ipAddress>"
		      "</GuestNicInfo><GuestNicInfo><ipAddress>169.254.1.1"
		      "</ipAddress><ipAddress>192.0.2.8</ipAddress>"
		      "</GuestNicInfo>"),
		    "192.0.2.8" },
	};
	struct vimfake_step script[] = { { READ, NULL }, { NULL } };
	struct err e;
	char *ip;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_at(cases[i].object);
		script[0].answer = cases[i].object;
		vimfake_begin(script);
		e = (struct err){ 0 };
		ip = NULL;
		CHECK_INT(vmop_wait(NULL, &vm, VMOP_IP, 0, &ip, &e),
		    cases[i].ip == NULL ? -1 : 0);
		CHECK_STR(ip, cases[i].ip);
		CHECK_STR(e.text,
		    cases[i].ip == NULL ? "the guest has no address after 0 s"
					: "");
		vimfake_end();
		free(ip);
	}
}

static int
wait_tools(struct vim *v, const struct moref *m, struct err *e)
{
	return vmop_wait(v, m, VMOP_TOOLS, 1, NULL, e);
}

static int
wait_off(struct vim *v, const struct moref *m, struct err *e)
{
	return vmop_wait(v, m, VMOP_OFF, UINT64_MAX, NULL, e);
}

static void
waiting_ends_when_it_is_in_vain(void)
{
	static const struct story tools[] = {
		{ "running",
		    { { READ,
			  GUEST("guest.toolsRunningStatus",
			      "guestToolsNotRunning") },
			{ READ,
			    GUEST("guest.toolsRunningStatus",
				"guestToolsRunning") },
			{ NULL } } },
		{ "off",
		    { { READ,
			  VM(STATE("poweredOff")
				  VIMFAKE_PROP("guest.toolsRunningStatus",
				      "guestToolsRunning")) },
			{ NULL } },
		    ERR_TEMP, "the VM is off" },
		{ "a question",
		    { { READ, VM(STATE("poweredOn") QUESTION(FULL)) },
			{ NULL } },
		    ERR_TEMP,
		    "the VM asks: msg.hbacommon.outofspace:There is no more "
		    "space." },
	};
	static const struct story off[] = {
		{ "off",
		    { { READ, VM(STATE("poweredOn")) },
			{ READ, VM(STATE("poweredOff")) }, { NULL } } },
		{ "gone", { { READ, GONE }, { NULL } }, ERR_NOTFOUND,
		    "RetrievePropertiesEx: ManagedObjectNotFound: The object "
		    "has been deleted." },
	};

	CHECK_STORIES(tools, wait_tools);
	CHECK_STORIES(off, wait_off);
}

static void
stays_as_it_is(const char *method, const struct moref *this, const char *args,
    struct buf *answer)
{
	(void)method;
	(void)this;
	(void)args;
	buf_puts(answer, VM(STATE("poweredOn")));
}

static void
waiting_has_a_limit(void)
{
	struct err e = { 0 };

	vimfake_begin(NULL);
	vimfake.find = stays_as_it_is;
	CHECK_INT(vmop_wait(NULL, &vm, VMOP_TOOLS, 1, NULL, &e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK_STR(e.text, "VMware Tools do not run after 1 s");
	e = (struct err){ 0 };
	CHECK_INT(vmop_wait(NULL, &vm, VMOP_OFF, 0, NULL, &e), -1);
	CHECK_STR(e.text, "the VM is not off after 0 s");
	vimfake_end();
}

static void
uuid_is_random_and_says_so(void)
{
	char a[37], b[37];
	size_t i;

	vmop_new_uuid(a);
	vmop_new_uuid(b);
	CHECK_INT(strlen(a), 36);
	CHECK(strcmp(a, b) != 0);
	CHECK(a[14] == '4');
	CHECK(strchr("89ab", a[19]) != NULL);
	for (i = 0; i < 36; i++)
		CHECK(i == 8 || i == 13 || i == 18 || i == 23
			? a[i] == '-'
			: isxdigit((unsigned char)a[i]) != 0);
}

/* The last one: no work is done in this process any more. */
static void
signal_ends_waiting_but_not_removal(void)
{
	static const struct vimfake_step on[] = {
		{ "PowerOnVM_Task", TASK },
		{ READ, VIMFAKE_TASK("running") },
		{ NULL },
	};
	static const struct vimfake_step off[] = {
		{ READ, VM(STATE("poweredOn")) },
		{ NULL },
	};
	static const struct vimfake_step gone[] = {
		{ READ, VM(STATE("poweredOn")) },
		{ "PowerOffVM_Task", TASK },
		{ READ, VIMFAKE_TASK("running") },
		{ READ, VIMFAKE_TASK("success") },
		{ "Destroy_Task", TASK },
		{ READ, VIMFAKE_TASK("success") },
		{ NULL },
	};
	struct err e = { 0 };

	CHECK_INT(sig_open(&e), 0);
	raise(SIGTERM);
	vimfake_begin(on);
	CHECK_INT(vmop_power_on(NULL, &vm, &e), -1);
	CHECK_INT(e.class, ERR_SIGNAL + SIGTERM);
	CHECK_STR(e.text, "power on: interrupted by SIGTERM");
	vimfake_end();
	e = (struct err){ 0 };
	vimfake_begin(off);
	CHECK_INT(vmop_wait(NULL, &vm, VMOP_OFF, 9, NULL, &e), -1);
	CHECK_INT(e.class, ERR_SIGNAL + SIGTERM);
	vimfake_end();
	e = (struct err){ 0 };
	vimfake_begin(gone);
	CHECK_INT(vmop_destroy(NULL, &vm, &e), 0);
	vimfake_end();
}

CHECK_MAIN(TEST(identity_changes_and_nothing_else),
    /* clang-format off */
    TEST(host_is_told_to_start_with_an_address_of_its_own_ranges),
    TEST(card_that_is_gone_is_not_edited),
    TEST(change_whose_reply_is_lost_is_made_again),
    TEST(refused_change_is_told),
    TEST(mark_is_found_again),
    TEST(vm_is_on_or_it_is_told_why_not),
    TEST(copy_is_said_to_be_one),
    TEST(other_questions_are_not_ours_to_answer),
    TEST(vm_and_its_files_are_gone),
    TEST(question_does_not_keep_a_vm),
    TEST(guest_is_up_when_it_can_be_reached),
    TEST(waiting_ends_when_it_is_in_vain),
    TEST(waiting_has_a_limit),
    TEST(uuid_is_random_and_says_so),
    TEST(signal_ends_waiting_but_not_removal)
    /* clang-format on */
)
