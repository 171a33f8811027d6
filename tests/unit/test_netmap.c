#include "job/netmap.h"

#include <stdlib.h>
#include "check.h"

static char vm_network[] = "VM Network", lab_1[] = "lab=1", lab[] = "lab";
static char test_2[] = "test=2", path[] = "dc/network/x";
static char *sources[] = { vm_network, lab_1, lab };
static struct placement_network hosts[] = {
	{ { "Network", "n-1" }, vm_network, path },
	{ { "Network", "n-2" }, test_2, path },
};
static const struct placement place = { .networks = hosts, .n_networks = 2 };

struct row {
	const char *name;
	const char *pairs[4];
	const char *fallback;
	bool is_disconnected;
	const char *want; /* ids, or the error */
	int class;
};

static const struct row rows[] = {
	{ "a name the host has is taken", { "lab=1=test=2", "lab=VM Network" },
	    NULL, false, "n-1 n-2 n-1", 0 },
	{ "what is named wins over the same name",
	    { "VM Network=test=2", "lab=1=test=2", "lab=test=2" }, NULL, false,
	    "n-2 n-2 n-2", 0 },
	{ "the fallback is for the rest", { NULL }, "test=2", false,
	    "n-1 n-2 n-2", 0 },
	{ "where nothing is connected any network does", { NULL }, NULL, true,
	    "n-1 n-1 n-1", 0 },
	{ "both sides are named", { NULL }, NULL, false,
	    "give --network SRC=DST, the host has no network 'lab=1': in the backup there are 'VM Network', 'lab=1', 'lab', on the host there are 'VM Network', 'test=2'",
	    ERR_NOTFOUND },
	{ "a network that the host lacks", { "lab=x" }, NULL, false,
	    "--network: the host has no network 'x': in the backup there are 'VM Network', 'lab=1', 'lab', on the host there are 'VM Network', 'test=2'",
	    ERR_NOTFOUND },
	{ "a network that the backup lacks", { "lan=VM Network" }, NULL, false,
	    "--network: no such network in the backup, 'lan=VM Network': in the backup there are 'VM Network', 'lab=1', 'lab', on the host there are 'VM Network', 'test=2'",
	    ERR_NOTFOUND },
	{ "a fallback that the host lacks", { NULL }, "x", true,
	    "--network-default: the host has no 'x': in the backup there are 'VM Network', 'lab=1', 'lab', on the host there are 'VM Network', 'test=2'",
	    ERR_NOTFOUND },
	{ "no pair", { "lab" }, NULL, false, "--network lab: not SRC=DST",
	    ERR_USAGE },
	{ "the same one twice", { "lab=test=2", "lab=VM Network" }, NULL, false,
	    "--network: 'lab' is given twice", ERR_USAGE },
};

static void
try_row(const struct row *row)
{
	const struct ovf o = { .networks = sources, .n_networks = 3 };
	struct netmap_want w = { row->pairs, row->fallback,
		row->is_disconnected };
	struct import_network *map = NULL;
	struct err e = { 0 };
	char ids[64] = "";
	size_t i;

	check_at(row->name);
	if (netmap_make(&o, &place, &w, &map, &e) == -1) {
		CHECK_STR(e.text, row->want);
		CHECK_INT(e.class, row->class);
		CHECK(map == NULL);
		return;
	}
	for (i = 0; i < 3; i++) {
		CHECK_STR(map[i].name, sources[i]);
		if (i > 0)
			strcat(ids, " ");
		strcat(ids, map[i].network.id);
	}
	CHECK_STR(ids, row->want);
	free(map);
}

static void
each_network_finds_its_place(void)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		try_row(&rows[i]);
}

static void
long_lists_are_cut(void)
{
	static char n[] = "n";
	char *many[40];
	const struct ovf o = { .networks = many, .n_networks = 40 };
	struct import_network *map = NULL;
	struct netmap_want w = { 0 };
	struct err e = { 0 };
	size_t i;

	for (i = 0; i < 40; i++)
		many[i] = n;
	CHECK_INT(netmap_make(&o, &(struct placement){ 0 }, &w, &map, &e), -1);
	CHECK(strstr(e.text,
		  "'n', 'n' and 20 more, on the host there is none") != NULL);
}

CHECK_MAIN(TEST(each_network_finds_its_place), TEST(long_lists_are_cut))
