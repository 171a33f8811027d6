#include "vsphere/placement.h"

#include "base/names.h"
#include "inventory.h"

#define CONNECTED "runtime.connectionState", "connected"
#define WORKING CONNECTED, "runtime.inMaintenanceMode", "false"
#define FREE "summary.accessible", "true", "summary.freeSpace"
#define DRS(value) \
	"configurationEx", "<drsConfig><enabled>" value "</enabled></drsConfig>"

/* Two datacenters; in the first a cluster with DRS, one without, a host. */
static const struct thing lab[] = {
	{ "Datacenter:dc-1", "Lab", "Folder:group-d1",
	    { "vmFolder", "@Folder:v1" } },
	{ "Datacenter:dc-2", "Other", "Folder:group-d1",
	    { "vmFolder", "@Folder:w1" } },
	{ "Folder:v1", "vm", "Datacenter:dc-1" },
	{ "Folder:v2", "web", "Folder:v1" },
	{ "Folder:v3", "front", "Folder:v2" },
	{ "Folder:v4", "db", "Folder:v1" },
	{ "Folder:v5", "front", "Folder:v4" },
	{ "Folder:v6", "a%2fb", "Folder:v1" },
	{ "Folder:v7", "vCLS", "Folder:v1" },
	{ "Folder:w1", "vm", "Datacenter:dc-2" },
	{ "Folder:w2", "far", "Folder:w1" },
	{ "Folder:h", "host", "Datacenter:dc-1" },
	{ "Folder:s", "datastore", "Datacenter:dc-1" },
	{ "Folder:n", "network", "Datacenter:dc-1" },
	{ "Folder:dvs", "dvs", "Folder:n" },
	{ "StoragePod:pod", "fast", "Folder:s" },
	{ "ClusterComputeResource:c1", "blue", "Folder:h",
	    { "resourcePool", "@ResourcePool:p1", "datastore",
		"*Datastore:ssd1 Datastore:ssd2 Datastore:dead "
		"Datastore:old",
		DRS("true"), "environmentBrowser",
		"@EnvironmentBrowser:env" } },
	{ "ClusterComputeResource:c2", "red", "Folder:h",
	    { "resourcePool", "@ResourcePool:p2", "datastore",
		"*Datastore:ssd3 Datastore:ssd4", "configuration",
		"<drsConfig><enabled>false</enabled></drsConfig>" } },
	{ "ComputeResource:c3", "esx9", "Folder:h",
	    { "resourcePool", "@ResourcePool:p3", "datastore", "*Datastore:own",
		"environmentBrowser", "@EnvironmentBrowser:env" } },
	{ "ResourcePool:p1", "Resources", "ClusterComputeResource:c1" },
	{ "ResourcePool:p2", "Resources", "ClusterComputeResource:c2" },
	{ "ResourcePool:p3", "Resources", "ComputeResource:c3" },
	{ "ResourcePool:p4", "gold", "ResourcePool:p1" },
	{ "ResourcePool:p5", "gold", "ResourcePool:p2" },
	{ "ResourcePool:p6", "silver", "ResourcePool:p1" },
	{ "VirtualApp:va", "shop", "ResourcePool:p1" },
	{ "HostSystem:h1", "esx1", "ClusterComputeResource:c1",
	    { "datastore", "*Datastore:ssd1 Datastore:ssd2 Datastore:dead",
		"network", "*Network:n1 Network:n2 Network:n3 Network:up",
		WORKING } },
	{ "HostSystem:h2", "esx2", "ClusterComputeResource:c1",
	    { "datastore", "*Datastore:ssd1 Datastore:dead Datastore:old",
		"network",
		"*Network:n1 Network:n1 Network:n2 Network:up "
		"DistributedVirtualPortgroup:pg",
		WORKING } },
	{ "HostSystem:h3", "esx3", "ClusterComputeResource:c1",
	    { CONNECTED, "runtime.inMaintenanceMode", "true", "datastore",
		"*Datastore:ssd1", "network", "*Network:n1" } },
	{ "HostSystem:h4", "esx4", "ClusterComputeResource:c2",
	    { "datastore", "*Datastore:ssd3", "network", "*Network:n1",
		WORKING } },
	{ "HostSystem:h5", "esx5", "ClusterComputeResource:c2",
	    { "datastore", "*Datastore:ssd3 Datastore:ssd4", "network",
		"*Network:n1 Network:n2 DistributedVirtualPortgroup:pg",
		WORKING } },
	{ "HostSystem:h9", "esx9", "ComputeResource:c3",
	    { "datastore", "*Datastore:own", "network", "*Network:n1",
		WORKING } },
	{ "Datastore:ssd1", "ssd1", "StoragePod:pod", { FREE, "1000" } },
	{ "Datastore:ssd2", "ssd2", "Folder:s", { FREE, "2000" } },
	{ "Datastore:ssd3", "ssd3", "Folder:s", { FREE, "3000" } },
	{ "Datastore:ssd4", "ssd4", "Folder:s", { FREE, "4000" } },
	{ "Datastore:own", "own", "Folder:s", { FREE, "9000" } },
	{ "Datastore:dead", "dead", "Folder:s",
	    { "summary.accessible", "false" } },
	{ "Datastore:old", "old", "Folder:s",
	    { FREE, "1", "summary.maintenanceMode", "inMaintenance" } },
	{ "Network:n1", "VM Network", "Folder:n" },
	{ "Network:n2", "lab", "Folder:n" },
	{ "Network:n3", "only esx1", "Folder:n" },
	{ "Network:up", "uplinks", "Folder:n",
	    { "tag", "<Tag><key>SYSTEM/DVS.UPLINKPG</key></Tag>" } },
	{ "DistributedVirtualPortgroup:pg", "lab", "Folder:dvs" },
	{ NULL },
};

/* A host alone, as it describes itself. */
static const struct thing alone[] = {
	{ "Datacenter:ha-datacenter", "ha-datacenter", "Folder:group-d1",
	    { "vmFolder", "@Folder:ha-folder-vm" } },
	{ "Folder:ha-folder-vm", "vm", "Datacenter:ha-datacenter" },
	{ "Folder:ha-folder-host", "host", "Datacenter:ha-datacenter" },
	{ "ComputeResource:ha-compute-res", "esx.lab.test",
	    "Folder:ha-folder-host",
	    { "resourcePool", "@ResourcePool:ha-root-pool", "datastore",
		"*Datastore:d1 Datastore:d2" } },
	{ "ResourcePool:ha-root-pool", "Resources",
	    "ComputeResource:ha-compute-res" },
	{ "HostSystem:ha-host", "esx.lab.test",
	    "ComputeResource:ha-compute-res",
	    { "datastore", "*Datastore:d1 Datastore:d2", "network",
		"*Network:n1 Network:n2", CONNECTED,
		"runtime.inMaintenanceMode", "true" } },
	{ "Datastore:d1", "ssd1", NULL, { FREE, "11" } },
	{ "Datastore:d2", "ssd2", NULL, { FREE, "22" } },
	{ "Network:n1", "VM Network", NULL },
	{ "Network:n2", "lab", NULL },
	{ NULL },
};

static const char *options; /* of new VMs */

static void
find(const char *method, const struct moref *this, const char *args,
    struct buf *answer)
{
	inventory_find(method, args, answer);
	if (strcmp(method, "QueryConfigOptionDescriptor") == 0) {
		CHECK_STR(this->id, "env");
		buf_puts(answer, options);
	}
}

static void
tell(const struct placement *p, struct buf *b)
{
	size_t i;

	buf_fmt(b, "%s %s %s %s %s", p->datastore_name, p->folder_path,
	    p->pool.id, p->host.id[0] == '\0' ? "-" : p->host.id,
	    p->compute.id);
	for (i = 0; i < p->n_networks; i++)
		buf_fmt(b, "%s%s", i == 0 ? ": " : ", ", p->networks[i].name);
}

struct place {
	struct placement_want want;
	int class;
	const char *told;   /* or the error's text */
	const char *hidden; /* what is not there */
};

static void
check_places(const struct thing *things, const struct place *p, size_t n)
{
	struct placement found = { 0 };
	struct buf b = { 0 };
	struct err e;
	int rc;

	vimfake.script = NULL;
	vimfake.find = find;
	inventory.things = things;
	for (; n > 0; n--, p++) {
		check_at(p->told);
		inventory.hidden = p->hidden;
		e = (struct err){ 0 };
		buf_cut(&b, 0);
		rc = placement_find(NULL, &p->want, &found, &e);
		CHECK_INT(e.class, p->class);
		CHECK_INT(rc, p->class == 0 ? 0 : -1);
		if (rc == 0)
			tell(&found, &b);
		CHECK_STR(rc == 0 ? buf_text(&b) : e.text, p->told);
		placement_free(&found);
		vimfake_end();
	}
	inventory.hidden = NULL;
	buf_free(&b);
}

#define CHECK_PLACES(things, places) \
	check_places(things, places, sizeof(places) / sizeof((places)[0]))

/* What there is once is taken; the names are datastore, folder, pool, host. */
static void
vm_goes_where_it_can_only_go(void)
{
	static const struct place places[] = {
		{ { "ssd1" }, 0,
		    "ssd1 ha-datacenter/vm ha-root-pool ha-host "
		    "ha-compute-res: VM Network, lab" },
		{ { NULL }, 0,
		    "ssd2 ha-datacenter/vm ha-root-pool ha-host "
		    "ha-compute-res: VM Network, lab",
		    " d1 " },
		{ { "ssd2", "vm", "Resources", "esx.lab.test" }, 0,
		    "ssd2 ha-datacenter/vm ha-root-pool ha-host "
		    "ha-compute-res: VM Network, lab" },
		{ { "ssd2", "/ha-datacenter/vm",
		      "ha-datacenter/host/esx.lab.test/Resources",
		      "/ha-datacenter/host/esx.lab.test/esx.lab.test" },
		    0,
		    "ssd2 ha-datacenter/vm ha-root-pool ha-host "
		    "ha-compute-res: VM Network, lab" },
	};

	CHECK_PLACES(alone, places);
}

static void
all_candidates_are_named(void)
{
	static const struct place places[] = {
		{ { NULL }, ERR_USAGE,
		    "--datastore is needed: there are 'ssd1', 'ssd2'" },
		{ { "hdd" }, ERR_NOTFOUND,
		    "no datastore 'hdd'; there are 'ssd1', 'ssd2'" },
		{ { "hdd" }, ERR_NOTFOUND,
		    "no datastore 'hdd'; there is 'ssd2'", " d1 " },
		{ { NULL }, ERR_NOTFOUND,
		    "no datastore is accessible from 'esx.lab.test'",
		    " d1 d2 " },
		{ { "hdd" }, ERR_NOTFOUND, "no datastore 'hdd'; there is none",
		    " d1 d2 " },
		{ { NULL, NULL, "gold" }, ERR_NOTFOUND,
		    "no pool 'gold'; there is 'esx.lab.test'" },
		{ { NULL, NULL, NULL, "esx" }, ERR_NOTFOUND,
		    "no host 'esx'; there is 'esx.lab.test'" },
		{ { NULL, "web" }, ERR_NOTFOUND,
		    "no folder 'web'; there is 'vm'" },
		{ { NULL }, ERR_NOTFOUND, "no host can be seen",
		    " ha-compute-res " },
		{ { "ssd1" }, ERR_NOTFOUND,
		    "the resource pool of 'esx.lab.test' cannot be seen",
		    " ha-root-pool " },
		{ { "ssd1" }, ERR_NOTFOUND, "no folder of VMs can be seen",
		    " ha-datacenter " },
	};

	CHECK_PLACES(alone, places);
}

static void
cluster_with_drs_chooses_the_host(void)
{
	static const struct place places[] = {
		{ { "ssd1", "web", "blue" }, 0,
		    "ssd1 Lab/vm/web p1 - c1: VM Network, lab" },
		{ { "ssd1", "web", "gold", "esx1" }, 0,
		    "ssd1 Lab/vm/web p4 h1 c1: VM Network, lab, only esx1" },
		{ { "ssd1", "vm", "silver" }, 0,
		    "ssd1 Lab/vm p6 - c1: VM Network, lab" },
		/* only esx1 has it */
		{ { "ssd2", "web", "blue" }, 0,
		    "ssd2 Lab/vm/web p1 h1 c1: VM Network, lab, only esx1" },
		{ { NULL, "web", "blue" }, ERR_USAGE,
		    "--datastore is needed: there are 'ssd1', 'ssd2'" },
		{ { "ssd1", "web", "blue" }, ERR_TEMP,
		    "no host of cluster 'blue' is connected and out of "
		    "maintenance mode",
		    " h1 h2 " },
		/* it will be on esx1, which has the datastore */
		{ { NULL, "web", "blue" }, 0,
		    "ssd2 Lab/vm/web p1 - c1: VM Network, lab, only esx1",
		    " ssd1 " },
		{ { "dead", "web", "blue" }, ERR_TEMP,
		    "datastore 'dead' is not accessible" },
		{ { "old", "web", "blue" }, ERR_TEMP,
		    "datastore 'old' is in maintenance mode" },
	};

	CHECK_PLACES(lab, places);
}

static void
cluster_without_drs_wants_a_host(void)
{
	static const struct place places[] = {
		{ { "ssd3", "web", "red" }, ERR_USAGE,
		    "--host is needed, the cluster has no DRS: there are "
		    "'esx4', 'esx5'" },
		{ { "ssd3", "web", "red", "esx4" }, 0,
		    "ssd3 Lab/vm/web p2 h4 c2: VM Network" },
		{ { "ssd3", "web", "red" }, 0,
		    "ssd3 Lab/vm/web p2 h4 c2: VM Network", " h5 " },
		/* only esx5 has it */
		{ { "ssd4", "web" }, 0,
		    "ssd4 Lab/vm/web p2 h5 c2: VM Network, "
		    "/Lab/network/lab, /Lab/network/dvs/lab" },
	};

	CHECK_PLACES(lab, places);
}

static void
old_servers_tell_of_drs_elsewhere(void)
{
	static const struct place places[] = {
		{ { "ssd3", "web", "red" }, 0,
		    "ssd3 Lab/vm/web p2 - c2: VM Network" },
	};
	struct thing old[sizeof(lab) / sizeof(lab[0])];
	struct thing *t;

	memcpy(old, lab, sizeof(lab));
	for (t = old; strcmp(t->name, "red") != 0;)
		t++;
	t->props[5] = "<drsConfig><enabled>true</enabled></drsConfig>";
	CHECK_PLACES(old, places);
}

static void
names_that_two_have_come_with_their_paths(void)
{
	static const struct place places[] = {
		{ { "ssd1", "front", "blue" }, ERR_NOTFOUND,
		    "2 folders are called 'front', name one by its path: "
		    "there are '/Lab/vm/web/front', '/Lab/vm/db/front'" },
		{ { "ssd1", "/Lab/vm/db/front", "blue" }, 0,
		    "ssd1 Lab/vm/db/front p1 - c1: VM Network, lab" },
		{ { NULL, "web", "gold" }, ERR_NOTFOUND,
		    "2 pools are called 'gold', name one by its path: there "
		    "are '/Lab/host/blue/Resources/gold', "
		    "'/Lab/host/red/Resources/gold'" },
		{ { "ssd1", "web", "Lab/host/blue/Resources/gold" }, 0,
		    "ssd1 Lab/vm/web p4 - c1: VM Network, lab" },
		{ { "ssd1", "web", "gold" }, 0,
		    "ssd1 Lab/vm/web p4 - c1: VM Network, lab" },
		{ { NULL, NULL, "lead" }, ERR_NOTFOUND,
		    "no pool 'lead'; there are "
		    "'/Lab/host/blue/Resources/gold', "
		    "'/Lab/host/red/Resources/gold', 'shop', 'silver'" },
		{ { "ssd1", "a/b", "blue" }, 0,
		    "ssd1 Lab/vm/a%2fb p1 - c1: VM Network, lab" },
		{ { "ssd1", "Lab/vm/a%2fb", "blue" }, 0,
		    "ssd1 Lab/vm/a%2fb p1 - c1: VM Network, lab" },
	};

	CHECK_PLACES(lab, places);
}

static void
what_does_not_go_together_is_told(void)
{
	static const struct place places[] = {
		{ { "ssd1", "web", "red", "esx1" }, ERR_USAGE,
		    "pool 'red' does not go with host 'esx1'" },
		{ { "ssd1", "far", "blue" }, ERR_USAGE,
		    "folder 'far' does not go with pool 'blue'" },
		{ { "ssd1", "far" }, ERR_NOTFOUND,
		    "no host goes with folder 'far'" },
		{ { "ssd4", "web", NULL, "esx4" }, ERR_NOTFOUND,
		    "datastore 'ssd4' cannot be reached from there; there is "
		    "'ssd3'" },
		{ { "ssd4", "web", "blue" }, ERR_NOTFOUND,
		    "datastore 'ssd4' cannot be reached from there; there are "
		    "'dead', 'old', 'ssd1', 'ssd2'" },
		{ { "ssd2", "web", "blue" }, ERR_TEMP,
		    "datastore 'ssd2' is on no host that is connected and out "
		    "of maintenance mode",
		    " h1 " },
		{ { "ssd1", "web", "shop" }, ERR_USAGE,
		    "'shop' is a vApp: name a resource pool" },
		{ { NULL, "web" }, ERR_USAGE,
		    "--pool or --host is needed: there are 'blue', 'esx9', "
		    "'red'" },
		{ { NULL, "web" }, ERR_USAGE,
		    "--pool or --host is needed: there are 'esx9', 'red'",
		    " h1 h2 " },
		{ { "own" }, ERR_USAGE,
		    "--folder is needed: there are 'a/b', 'db', "
		    "'/Lab/vm/web/front', '/Lab/vm/db/front', 'vm', 'web'" },
		{ { "own" }, 0, "own Lab/vm p3 h9 c3: VM Network",
		    " v2 v3 v4 v5 v6 " },
	};

	CHECK_PLACES(lab, places);
}

static void
host_in_maintenance_is_told_apart(void)
{
	struct placement_want want = { "ssd1", "web", NULL, "esx3" };
	struct placement p = { 0 };
	struct err e = { 0 };

	vimfake.script = NULL;
	vimfake.find = find;
	inventory.things = lab;
	CHECK_INT(placement_find(NULL, &want, &p, &e), 0);
	CHECK_INT(p.free_bytes, 1000);
	CHECK_STR(p.host_name, "esx3");
	CHECK_INT(placement_check_host(NULL, &p, &e), -1);
	CHECK_INT(e.class, ERR_TEMP);
	CHECK_STR(e.text, "host 'esx3' is in maintenance mode");
	CHECK_STR(e.fault, "InvalidState");
	placement_free(&p);
	e = (struct err){ 0 };
	want.host = "esx1";
	CHECK_INT(placement_find(NULL, &want, &p, &e), 0);
	CHECK_INT(placement_check_host(NULL, &p, &e), 0);
	placement_free(&p);
	vimfake_end();
}

#define OPTION(key, rest) "<returnval><key>" key "</key>" rest "</returnval>"

static void
hardware_too_new_is_refused_before_anything_moves(void)
{
	static const char said[] = OPTION("vmx-07", "")
	    OPTION("vmx-18", "<createSupported>false</createSupported>")
		OPTION("vmx-19", "<host type='HostSystem'>h9</host>")
		    OPTION("vmx-20",
			"<host type='HostSystem'>h2</host>"
			"<createSupported>true</createSupported>");
	static const struct {
		const char *hardware, *error;
	} cases[] = {
		{ "vmx-19", "" },
		{ "vmx-7", "" },
		{ "vmx-21 vmx-07", "" },
		{ "", "" },
		{ "vmx-18",
		    "no hardware version 'vmx-18' for new VMs on host "
		    "'esx9'; there are 'vmx-07', 'vmx-19'" },
		{ "vmx-20 vmx-1",
		    "no hardware version 'vmx-20 vmx-1' for new VMs on host "
		    "'esx9'; there are 'vmx-07', 'vmx-19'" },
		{ "virtualbox-2.2",
		    "no hardware version 'virtualbox-2.2' for new VMs on "
		    "host 'esx9'; there are 'vmx-07', 'vmx-19'" },
	};
	struct placement p = { .compute = { "ComputeResource", "c3" },
		.host = { "HostSystem", "h9" } };
	struct err e;
	size_t i;

	p.host_name = strdup("esx9");
	options = said;
	vimfake.script = NULL;
	vimfake.find = find;
	inventory.things = lab;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		e = (struct err){ 0 };
		check_at(cases[i].hardware);
		CHECK_INT(
		    placement_check_hardware(NULL, &p, cases[i].hardware, &e),
		    cases[i].error[0] == '\0' ? 0 : -1);
		CHECK_STR(e.text, cases[i].error);
		CHECK_INT(e.class, cases[i].error[0] == '\0' ? 0 : ERR_DATA);
	}
	/* A cluster that chooses: any host will do. */
	p.host = (struct moref){ 0 };
	e = (struct err){ 0 };
	CHECK_INT(placement_check_hardware(NULL, &p, "vmx-20", &e), 0);
	options = "";
	CHECK_INT(placement_check_hardware(NULL, &p, "vmx-99", &e), 0);
	placement_free(&p);
	vimfake_end();
}

static void
networks_are_found_by_name_or_path(void)
{
	struct placement_want want = { "ssd3", "web", NULL, "esx5" };
	const struct placement_network *net;
	struct placement p = { 0 };
	struct err e = { 0 };

	vimfake.script = NULL;
	vimfake.find = find;
	inventory.things = lab;
	CHECK_INT(placement_find(NULL, &want, &p, &e), 0);
	net = placement_network(&p, "VM Network");
	if (CHECK(net != NULL))
		CHECK_STR(net->ref.id, "n1");
	net = placement_network(&p, "Lab/network/VM Network");
	if (CHECK(net != NULL))
		CHECK_STR(net->ref.id, "n1");
	CHECK(placement_network(&p, "lab") == NULL);
	CHECK(placement_network(&p, "uplinks") == NULL);
	CHECK_INT(p.n_networks, 3);
	CHECK_STR(p.networks[1].name, "/Lab/network/lab");
	CHECK_STR(p.networks[2].name, "/Lab/network/dvs/lab");
	placement_free(&p);
	vimfake_end();
}

static void
tree_without_an_end_ends(void)
{
	static const struct thing loop[] = {
		{ "Folder:a", "a", "Folder:b" },
		{ "Folder:b", "b", "Folder:a" },
		{ "ResourcePool:p", "p", "ResourcePool:p" },
		{ "ResourcePool:q", "", "ResourcePool:q" },
		{ "ComputeResource:c", "c", "Folder:a",
		    { "resourcePool", "@ResourcePool:p" } },
		{ "HostSystem:h", "h", "ComputeResource:c", { WORKING } },
		{ NULL },
	};
	static const struct place places[] = {
		{ { NULL }, ERR_NOTFOUND,
		    "no datastore is accessible from 'h'" },
		{ { NULL, NULL, "/a/b/c/p" }, ERR_NOTFOUND,
		    "no pool '/a/b/c/p'; there are '', 'p'" },
		{ { NULL, "a" }, ERR_NOTFOUND, "no folder 'a'; there is none" },
	};

	CHECK_PLACES(loop, places);
}

static void
long_list_is_one_line(void)
{
	struct names list = { 0 };
	struct buf b = { 0 };
	char name[100];
	int i;

	for (i = 0; i < 23; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		names_add(&list, name);
	}
	names_tell(&list, &b);
	CHECK_STR(buf_text(&b),
	    "there are 'n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7', 'n8', "
	    "'n9', 'n10', 'n11', 'n12', 'n13', 'n14', 'n15', 'n16', 'n17', "
	    "'n18', 'n19' and 3 more");
	buf_cut(&b, 0);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (i = 0; i < 20; i++)
		names_add(&list, name);
	names_tell(&list, &b);
	CHECK(b.len < 800);
	CHECK(strstr(buf_text(&b), "xxx' and 14 more") != NULL);
	buf_free(&b);
}

CHECK_MAIN(TEST(vm_goes_where_it_can_only_go),
    /* clang-format off */
    TEST(all_candidates_are_named),
    TEST(cluster_with_drs_chooses_the_host),
    TEST(cluster_without_drs_wants_a_host),
    TEST(old_servers_tell_of_drs_elsewhere),
    TEST(names_that_two_have_come_with_their_paths),
    TEST(what_does_not_go_together_is_told),
    TEST(host_in_maintenance_is_told_apart),
    TEST(hardware_too_new_is_refused_before_anything_moves),
    TEST(networks_are_found_by_name_or_path),
    TEST(tree_without_an_end_ends),
    TEST(long_list_is_one_line)
    /* clang-format on */
)
