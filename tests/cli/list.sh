#!/bin/bash
# An administrator sees every VM, finds the ones meant by any kind of selector,
# and is told what a backup of them cannot hold; a script gets lines it can cut.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

list()
{
	local want=$1
	shift
	hx "$want" esxbk-list "$@"
}

# names_of EXPR: names in the spec, as sorted as a list is to be.
names_of()
{
	jq -r ".[] | select($1) | .name" "$HOST_SPEC/spec.json" | LC_ALL=C sort
}

# picked NAMES SELECTOR...: exactly these, one name a line.
picked()
{
	local want=$1
	shift
	list 0 --format tsv -- "$@"
	same "$(cut -f 1 out)" "$want" "selected by $*"
}

# refused STATUS TEXT SELECTOR...
refused()
{
	local want=$1 text=$2
	shift 2
	list "$want" -- "$@"
	same "$(cat err)" "esxbk-list: $text"
	same "$(cat out)" '' "nothing on stdout"
}

# used FILE...: what a VM of these disks takes, with its small files.
used()
{
	local f sum=$((1 << 20))
	for f in "$@"; do
		sum=$((sum + $(stat -c %b "$HOST_SPEC/$f") * 512))
	done
	echo $sum
}

row()
{
	same "$(grep "^$1"$'\t' out)" "$(printf '%s\t' "${@:1:9}")${10:-}"
}

lines()
{
	list 0 --format tsv
	same "$(cat err)" '' "nothing on stderr"
	same "$(cut -f 1 out)" "$(names_of true)" "all VMs, sorted by name"
	row rdm01 "$(moid 19)" "$(uuid 19)" on 2 \
		$((4 << 20)) "$(used rdm01-0.raw rdm01-1.raw)" 0 "$DC/rdm01" \
		'Hard disk 2: a raw device mapping in physical mode is not part of a snapshot'
	row prod-web "$(moid 12)" "$(uuid 12)" on 1 \
		$((64 << 20)) "$(used prod-web.raw)" 0 "$DC/${WEB}prod-web"
	row snapped "$(moid 23)" "$(uuid 23)" on 1 \
		$((4 << 20)) "$(used snapped.raw)" 2 "$DC/snapped"
	list 0 --format moid
	same "$(sort out)" "$(jq -r --arg p "$PREFIX" '.[] | $p + .moid' \
		"$HOST_SPEC/spec.json" | sort)" "all ids"
	list 0 --format moid -0 db01 prod-web
	same "$(od -An -c out | tr -d ' \n')" "$(for n in 13 12; do
		moid $n | tr -d '\n' | sed 's/./&/g'
		printf '\\0'
	done)" "ids that end in NUL"
	list 0 --format tsv -0 db01
	same "$(tr '\0' '\n' <out | cut -f 1,2)" "db01	$(moid 13)"
	same "$(tr -cd '\n' <out | wc -c)" 0 "-0 leaves no newline"
}

# of NAME EXPR WANT: what the JSON in ./out says of a VM.
of()
{
	same "$(jq -c "select(.name == \"$1\") | $2" out)" "$3" "$1: $2"
}

documents()
{
	list 0 --json
	cp out json
	list 0 --format json
	check "--json is --format json" cmp out json
	same "$(jq -r .schema out | sort -u)" esxbk.result/1
	same "$(jq -r .type out | uniq -c | awk '{ print $1, $2 }')" \
		$'30 vm\n1 summary' "a document a VM, then the summary"
	same "$(tail -n 1 out)" '{"schema":"esxbk.result/1","type":"summary","vms":30,"exit":0,"class":"ok","error":null}'
	of db01 '[.moid, .uuid, .bios_uuid, .path]' "[\"$(moid 13)\",\"$(uuid 13)\",\"$(uuid 13 bios)\",\"$DC/db01\"]"
	of db01 '[.power, .hardware, .guest, .firmware, .tools, .template]' \
		'["on","vmx-19","Debian GNU/Linux 11 (64-bit)","bios",true,false]'
	of db01 '[.provisioned, .used, .snapshots, .notes]' \
		"[$((129 << 20)),$(used db01-0.raw db01-1.raw),[],[]]"
	of db01 .disks "[{\"key\":2000,\"label\":\"Hard disk 1\",\"capacity\":$((96 << 20)),\"mode\":\"persistent\",\"file\":\"[datastore1] db01/db01.vmdk\"},{\"key\":2017,\"label\":\"Hard disk 2\",\"capacity\":$((33 << 20)),\"mode\":\"persistent\",\"file\":\"[datastore1] db01/db01_1.vmdk\"}]"
	of snapped '[.snapshots[] | [.name, .moid]]' "$(ctl state | jq -c \
		'.vms[] | select(.name == "snapped") | .snapshots[0] |
		[[.name, .id], (.children[0] | [.name, .id])]')"
	of snapped '[.snapshots[].created | test("^[0-9-]{10}T[0-9:]{8}Z$")]' \
		'[true,true]'
	of indep01 .notes '[{"code":"W_INDEPENDENT_DISK","device":"Hard disk 2","reason":"an independent disk is not part of a snapshot"}]'
	of rdm01 '[.notes[] | .code, .device]' '["W_PHYSICAL_RDM","Hard disk 2"]'
	of tpm01 '[.notes[] | .code, .device]' '["W_VTPM","virtual TPM"]'
	of template '[.template, .notes[].code]' '[true,"W_TEMPLATE"]'
	of uefi01 '[.firmware, .tools, .power]' '["efi",false,"off"]'
	of 'slash/in name' .moid "\"$(moid 28)\""
}

table()
{
	list 0 indep01 prod-web snapped
	same "$(sed 's/[0-9.]* MiB/USED/2' out)" \
		"NAME      ID          POWER      DISKS  PROVISIONED       USED  SNAPS  NOTES
indep01   $(printf %-10s "$(moid 18)")  on             2     10.0 MiB    USED      0  Hard disk 2: an independent disk is not part of a snapshot
prod-web  $(printf %-10s "$(moid 12)")  on             1     64.0 MiB   USED      0
snapped   $(printf %-10s "$(moid 23)")  on             1      4.0 MiB    USED      2" \
		"the table"
}

selectors()
{
	picked prod-web prod-web
	picked $'db01\nprod-web' prod-web db01 prod-web
	picked $'indep01\nuefi01' 'name:[iu]*01' '!iso01'
	picked $'empty01\nodd01' 'name:*o*01' empty01 '!name:?[!d]*' empty01
	picked 'star*' 'name:star\*'
	picked 'slash/in name' 'slash/in name'
	picked -rf -rf
	picked 100% 100%
	picked db01 "moid:$(moid 13)"
	picked db01 "uuid:$(uuid 13)"
	picked db01 "uuid:$(uuid 13 bios | tr a-f A-F)"
	picked prod-web "path:/$DC/${WEB}prod-web"
	picked prod-web "path:$DC/${WEB}prod-web"
	picked "$(names_of '.power == "on"')" power:on
	picked "$(names_of '.power != "on"')" power:off
	picked "$(names_of '.power != "on"')" '!power:on'
	picked "$(names_of '.name != "twin"')" '!twin'
}

refusals()
{
	refused 66 "twin: two VMs fit, moid:$(moid 21) ($DC/${WEB}twin) and moid:$(moid 22) ($DC/${OLD}twin); name one by its moid: or path:" twin
	refused 66 'prod: no such VM' prod
	refused 66 'Prod-Web: no such VM' Prod-Web
	refused 66 '12x: no such VM' moid:12x
	refused 66 'gone: no such VM' prod-web gone
	refused 64 "prod*: a bare word is an exact name; for a pattern write 'name:prod*'" 'prod*'
	refused 64 "db0[12]: a bare word is an exact name; for a pattern write 'name:db0[12]'" 'db0[12]'
	refused 64 "db0?: a bare word is an exact name; for a pattern write 'name:db0?'" 'db0?'
	list 64 -0
	same "$(cat err)" 'esxbk-list: --null goes only with --format=tsv or moid'
	list 64 --null --json
	same "$(cat out)" '' "nothing on stdout"
	refused 64 "power:maybe: power is 'on' or 'off'" power:maybe
	refused 64 "'name:': an empty selector" name:
	refused 4 'the selection matches no VM' 'name:PROD*'
	refused 4 'the selection matches no VM' prod-web '!name:*'
}

all()
{
	lines
	documents
	table
	selectors
	refusals
	host_clean
}

quick_host esxi
DC=ha-datacenter/vm WEB='' OLD=''
all
# An ESXi has no folders: no path tells two of one name apart.
refused 66 "ha-datacenter/vm/twin: two VMs fit, moid:21 (ha-datacenter/vm/twin) and moid:22 (ha-datacenter/vm/twin); name one by its moid: or path:" path:ha-datacenter/vm/twin
list 0 --format tsv
cp out whole

# Whoever takes the first page for all of them loses VMs.
for size in 7 1; do
	quick_host esxi --page-size $size
	list 0 --format tsv
	check "the same list in pages of $size" cmp whole out
	check "more pages than one" test "$(event_count \
		'.method == "ContinueRetrievePropertiesEx"')" -ge \
		$((29 / size))
	host_clean
done

quick_host vcenter
DC=Lab/vm WEB=web/ OLD=db/old/
all
picked twin path:/Lab/vm/db/old/twin
picked $'prod-web\ntwin' folder:Lab/vm/web
picked $'prod-web\ntwin' 'folder:/*/web'
picked twin folder:Lab/vm/db
picked "$(names_of '.folder == null')" '!folder:Lab/vm/web' '!folder:*/old'
