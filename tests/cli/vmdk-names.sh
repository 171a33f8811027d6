#!/bin/bash
# Whatever people call their VMs, folders of a datastore and datacenters: the
# files are found on the host, and the point's own can be used in place.
# timeout: 200
# shellcheck disable=SC2034,SC2001 # what is shared is used elsewhere
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/vmdk.sh" || exit 1

in_place()
(
	cd "$1" || exit 1
	qemu-img compare -q -f vmdk -F raw "$2-disk1.vmdk" "$3" &&
		sha256sum --status --strict -c "$2.mf" &&
		xmllint --noout - <"$2.ovf"
)

# named MOID STEM
named()
{
	local point raw
	vx 0 --quiesce off -o d "moid:$(moid "$1")"
	point=$(cat out)
	said ''
	same "$(sed 's/_[0-9]*_[0-9]*$//' <<<"${point##*/}")" "$2"
	same "$(left "$point")" "$(printf '%s\n' backup.json \
		"$2-disk1-flat.vmdk" "$2-disk1.vmdk" "$2.mf" "$2.ovf" \
		"$2.vmx" | LC_ALL=C sort)" "$2: the files' names"
	raw=$(raws "$1")
	check "$2: usable in place" in_place "$point" "$2" "$raw"
	check "$2: byte for byte" cmp "$point/$2-disk1-flat.vmdk" "$raw"
}

awkward()
{
	local smiles
	smiles=$(printf '\360\237\230\200%.0s' {1..80})
	named 27 'with some spaces'
	named 28 'slash%2Fin name'
	named 29 100%25
	named 30 a+b
	named 31 'this & that'
	named 32 'C%3A drive'
	named 33 "it's %22quoted%22"
	named 34 %2Drf
	named 35 brücke-日本
	named 36 "$(head -c 120 <<<"$smiles")~$(uuid 36 | cut -c-8)"
	named 37 '%3Cb%3Ebold%3C%2Fb%3E'
	named 38 star%2A
	named 39 back%5Cslash
	named 40 %2E%2E
	named 41 '%20blanks around%20'
	# Two of one name must not mix their files.
	named 21 "twin~$(uuid 21 | cut -c-8)"
	named 22 "twin~$(uuid 22 | cut -c-8)"
}

quick_host esxi
awkward
host_left_alone '["before update","50% / done"]'
rm -rf d
quick_host vcenter
awkward
host_left_alone '["before update","50% / done"]'
host_stop

# A datacenter in a folder, and datastores that no URL likes.
cat >site.json <<'END'
{"datacenters": [{"name": "a+b", "folder": "50% & more/in",
	"clusters": [{"name": "C", "hosts": ["esx7"],
		"networks": ["VM Network"]}],
	"datastores": [{"name": "my disks"}, {"name": "100%"}]}]}
END
for i in 1 2 3; do
	truncate -s 1M "$PWD/$i.raw" && noise "$PWD/$i.raw" "$i" 9999 5000
done
MORE=("{\"name\": \"one\", \"moid\": \"51\", \"datastore\": \"my disks\",
		\"datacenter\": \"50% & more/in/a+b\",
		\"disks\": [{\"file\": \"$PWD/1.raw\"}]}"
	"{\"name\": \"two + 2\", \"moid\": \"52\", \"datastore\": \"100%\",
		\"datacenter\": \"50% & more/in/a+b\", \"power\": \"on\",
		\"disks\": [{\"file\": \"$PWD/2.raw\"}]}")
raw_host vcenter --site "$PWD/site.json"
for vm in one 'two + 2'; do
	vx 0 --quiesce off -o far "$vm"
	said ''
	flat_good "$(cat out)" "$PWD/$((++n)).raw"
done
# By its file, as the inventory has it.
hx 0 esxbk-list --json
disk=$(jq -r 'select(.name == "two + 2").disks[0].file' out)
same "$disk" '[100%25] two + 2/two + 2.vmdk'
vx 0 --quiesce off -o far "$disk"
flat_good "$(cat out)" "$PWD/2.raw"
host_left_alone
