/*
 * Descriptors of other people's appliances, which are not ours to hand on:
 * OVF_SAMPLES names the folder that holds them, without it this is skipped.
 * What each must say was read out of it by hand.
 */
#include "image/ovf.h"

#include <stdlib.h>
#include "base/buf.h"
#include "check.h"
#include "codec/xml.h"
#include "sys/file.h"

struct sample {
	const char *file;
	const char *want;
};

/* name, hardware, then files (href size), disks (id href capacity), networks */
static const struct sample samples[] = {
	{ "configspec.ovf",
	    "haproxy vmx-13 | haproxy.ova.vmdk 625911296 | vmdisk1 "
	    "haproxy.ova.vmdk 21474836480 | Management Workload Frontend" },
	{ "deployment-configs.ovf",
	    "deployment-configs-vm vmx-13 | system-and-model-small.vmdk "
	    "1073741824 system-and-model-medium.vmdk 2147483648 "
	    "system-large.vmdk 4294967296 model-large.vmdk 4294967296 | "
	    "vmdisk_small_1 system-and-model-small.vmdk 1073741824 "
	    "vmdisk_med_1 system-and-model-medium.vmdk 2147483648 vmdisk_med_2 "
	    "- 2147483648 vmdisk_large_1 system-large.vmdk 4294967296 "
	    "vmdisk_large_2 model-large.vmdk 4294967296 vmdisk_large_3 - "
	    "4294967296 | Management" },
	{ "disk-capacity-property.ovf",
	    "disk-capacity-property-vm vmx-13 | | vmdisk_data - ? |" },
	{ "dmtf_gos_test.ovf",
	    "PTC01_VM vmx-04 | valid_disk.vmdk 8589934592 | vmdisk1 "
	    "valid_disk.vmdk 8589934592 | VM Network 1" },
	{ "file-ref-path.ovf",
	    "file-ref-path-vm vmx-13 | subdir/data.vmdk 655360000 | vmdisk1 "
	    "subdir/data.vmdk 10737418240 |" },
	{ "mixed-disks.ovf",
	    "mixed-disks-vm vmx-13 | os.vmdk 655360000 | vmdisk1 os.vmdk "
	    "21474836480 vmdisk2 - 10737418240 |" },
	{ "multiple_disks.ovf",
	    "uber vmx-09 | disk0.vmdk 10595840 disk1.vmdk 10595840 disk2.vmdk "
	    "10595840 uber.nvram 8684 | system_small disk0.vmdk 32212254720 "
	    "data_small disk1.vmdk 32212254720 system_large disk0.vmdk "
	    "42949672960 data_large disk1.vmdk 53687091200 extra_data_large "
	    "disk2.vmdk 107374182400 scratch_small - ? scratch_large - ? | "
	    "nat" },
	{ "photon5.ovf",
	    "Photon OS vmx-15 | photon-ova-disk1.vmdk 322319360 | vmdisk1 "
	    "photon-ova-disk1.vmdk 17179869184 | None" },
	{ "ttylinux.ovf",
	    "ttylinux-pc_i486-16.1 vmx-09 | ttylinux-pc_i486-16.1-disk1.vmdk "
	    "10595840 | vmdisk1 ttylinux-pc_i486-16.1-disk1.vmdk 31457280 | "
	    "nat" },
	{ "ubuntu24.10.ovf",
	    "ubuntu-oracular-24.10-cloudimg-20241109 vmx-10 | "
	    "ubuntu-oracular-24.10-cloudimg.vmdk 595726336 | vmdisk1 "
	    "ubuntu-oracular-24.10-cloudimg.vmdk 10737418240 | VM Network" },
	{ "virtualsystemcollection.ovf",
	    "Virtual Appliance One - | vmdisk1.vmdk 2000000000 | vmdisk1 "
	    "vmdisk1.vmdk 4294967296 | VS Network" },
};

static void
add_disk(struct buf *b, const struct ovf_disk *d)
{
	buf_fmt(b, " %s %s ", d->id, d->file == NULL ? "-" : d->file->href);
	if (d->has_capacity)
		buf_fmt(b, "%ju", (uintmax_t)d->capacity_bytes);
	else
		buf_char(b, '?');
}

static void
describe(const struct ovf *o, struct buf *b)
{
	size_t i;

	buf_fmt(b, "%s %.6s |", o->name == NULL ? "" : o->name,
	    o->hardware == NULL ? "-" : o->hardware);
	for (i = 0; i < o->n_files; i++)
		buf_fmt(b, " %s %ju", o->files[i].href,
		    (uintmax_t)o->files[i].size);
	buf_puts(b, " |");
	for (i = 0; i < o->n_disks; i++)
		add_disk(b, &o->disks[i]);
	buf_puts(b, " |");
	for (i = 0; i < o->n_networks; i++)
		buf_fmt(b, " %s", o->networks[i]);
}

static void
try_sample(const char *folder, const struct sample *s)
{
	struct buf path = { 0 }, text = { 0 }, said = { 0 };
	struct err e = { 0 };
	struct ovf o = { 0 };

	check_at(s->file);
	buf_fmt(&path, "%s/%s", folder, s->file);
	CHECK_INT(file_read(buf_text(&path), &text, &e), 0);
	CHECK_INT(ovf_parse(buf_text(&text), text.len, &o, &e), 0);
	describe(&o, &said);
	CHECK_STR(buf_text(&said), s->want);
	ovf_free(&o);
	buf_free(&path);
	buf_free(&text);
	buf_free(&said);
}

static void
appliances_of_others_are_understood(void)
{
	const char *folder = getenv("OVF_SAMPLES");
	size_t i;

	if (folder == NULL)
		exit(77);
	xml_init();
	for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		try_sample(folder, &samples[i]);
}

CHECK_MAIN(TEST(appliances_of_others_are_understood))
