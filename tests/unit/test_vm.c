#include "vsphere/vm.h"

#include "vimfake.h"

static const struct moref ref = { "VirtualMachine", "vm-7" };

#define READ "RetrievePropertiesEx"
#define VM(props) VIMFAKE_OBJECT("VirtualMachine", "vm-7", props)

/* What every card has, and what differs. */
#define CARD(key, type, more)                                        \
	"<VirtualDevice xsi:type='" type "'><key>" key "</key>"      \
	"<deviceInfo><label>Card " key "</label></deviceInfo>"       \
	"<backing xsi:type='VirtualEthernetCardNetworkBackingInfo'>" \
	"<deviceName>lab</deviceName></backing><controllerKey>100"   \
	"</controllerKey>" more "</VirtualDevice>"

/* As a host has it whose VM was imported and never powered on. */
static void
card_without_an_address_is_a_card(void)
{
	static const struct vimfake_step script[] = {
		{ READ,
		    VM(VIMFAKE_PROP("config.hardware.device",
			"<VirtualDevice xsi:type='VirtualDisk'><key>2000</key>"
			"<backing xsi:type='VirtualDiskFlatVer2BackingInfo'/>"
			"<capacityInKB>4</capacityInKB></VirtualDevice>"
			"<VirtualDevice xsi:type='VirtualCdrom'><key>3000</key>"
			"<backing xsi:type='VirtualCdromIsoBackingInfo'/>"
			"</VirtualDevice>" CARD("4000", "VirtualVmxnet3",
			    "<addressType>generated</addressType>") CARD("4001",
			    "VirtualE1000e",
			    "<wakeOnLanEnabled>true</wakeOnLanEnabled>")
			    CARD("4002", "VirtualVmxnet3",
				"<addressType>manual</addressType>"
				"<macAddress>00:50:56:01:02:03</macAddress>"))) },
		{ NULL },
	};
	struct vm vm = { 0 };
	struct err e = { 0 };

	vimfake_begin(script);
	CHECK_INT(vm_read(NULL, &ref, &vm, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_INT(vm.n_disks, 1);
	CHECK_INT(vm.n_devices, 5);
	if (CHECK_INT(vm.n_nics, 3)) {
		CHECK_INT(vm.nics[0].key, 4000);
		CHECK_STR(vm.nics[0].mac, "");
		CHECK_STR(vm.nics[0].network, "lab");
		CHECK_INT(vm.nics[1].key, 4001);
		CHECK_STR(vm.nics[2].mac, "00:50:56:01:02:03");
	}
	vm_free(&vm);
	vimfake_end();
}

/* One that does not know a property answers nothing else either. */
static void
old_server_is_asked_for_nothing_newer(void)
{
	static const struct vimfake_step script[] = {
		{ READ, VM("") },
		{ READ, VM(VIMFAKE_PROP("config.keyId", "<keyId>k</keyId>")) },
		{ NULL },
	};
	struct vm vm = { 0 };
	struct err e = { 0 };

	vimfake_begin(script);
	vimfake.api = "6.0";
	CHECK_INT(vm_read(NULL, &ref, &vm, &e), 0);
	CHECK(strstr(buf_text(&vimfake.calls), "config.keyId") == NULL);
	CHECK(strstr(buf_text(&vimfake.calls), ">name<") != NULL);
	CHECK(!vm.is_encrypted);
	vm_free(&vm);
	vimfake.api = "6.5";
	CHECK_INT(vm_read(NULL, &ref, &vm, &e), 0);
	CHECK(strstr(buf_text(&vimfake.calls), "config.keyId") != NULL);
	CHECK(vm.is_encrypted);
	vm_free(&vm);
	vimfake.api = NULL;
	vimfake_end();
}

/* What cannot be read is not what the VM has now, and not none. */
static void
what_cannot_be_read_is_told(void)
{
#define MISSING(path)                                                      \
	"<missingSet><path>" path "</path><fault><fault xsi:type="         \
	"'NoPermission'/><localizedMessage>No.</localizedMessage></fault>" \
	"</missingSet>"
	static const char *const unread[] = { "config.hardware.device",
		"snapshot", "runtime.consolidationNeeded" };
	static const struct vimfake_step script[] = {
		{ READ, VM(MISSING("config.hardware.device")) },
		{ READ, VM(MISSING("snapshot")) },
		{ READ, VM(MISSING("runtime.consolidationNeeded")) },
		{ NULL },
	};
	struct vm vm = { .ref = ref };
	char want[100];
	size_t i;

	vimfake_begin(script);
	for (i = 0; i < sizeof(unread) / sizeof(unread[0]); i++) {
		struct err e = { 0 };

		check_at(unread[i]);
		CHECK_INT(i == 0 ? vm_use_snapshot(NULL, &vm, &ref, &e)
				 : vm_refresh_snapshots(NULL, &vm, &e),
		    -1);
		CHECK_INT(e.class, ERR_PERM);
		snprintf(want, sizeof(want), "%s: NoPermission: No.",
		    unread[i]);
		CHECK(strstr(e.text, want) != NULL);
	}
	vm_free(&vm);
	vimfake_end();
}

CHECK_MAIN(TEST(card_without_an_address_is_a_card),
    /* clang-format off */
    TEST(old_server_is_asked_for_nothing_newer),
    TEST(what_cannot_be_read_is_told)
    /* clang-format on */
)
