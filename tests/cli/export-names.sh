#!/bin/bash
# Whatever people call their VMs, the point is a folder of files that qemu-img
# and sha256sum take as they lie there, that other systems can hold, and that
# knows the VM's true name.
# timeout: 300
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

# The uuid's first 8 digits go behind a name that is cut or not alone.
uuid8()
{
	uuid "$1" | cut -c-8
}

rename_vm()
{
	ctl "rename?vm=$(moid "$1")&name=$(jq -rn --arg n "$2" '$n | @uri')" \
		'{}' >/dev/null
}

# in_place DIR STEM RAW: from inside the folder, names as a user types them.
in_place()
(
	cd "$1" || exit 1
	qemu-img compare -q -f vmdk -F raw "$2-disk1.vmdk" "$3" &&
		sha256sum --status --strict -c "$2.mf" &&
		xmllint --noout - <"$2.ovf"
)

# named MOID NAME STEM: the VM of that name is in files of that name.
named()
{
	local dir point raw
	point=$(jq -r --arg m "$(moid "$1")" \
		'select(.type == "backup" and .vm.moid == $m).path' json)
	dir=${point%/*}
	same "${point##*/}" "$3_$(grep -oE '[0-9]{8}_[0-9]{6}$' <<<"$point")" \
		"$3: the folder's name"
	same "$(left "$point")" "$(printf '%s\n' backup.json "$3-disk1.vmdk" \
		"$3.mf" "$3.ovf" | LC_ALL=C sort)" "$3: the files' names"
	raw=$(raws "$1")
	check "$3: usable in place" in_place "$point" "$3" "$raw"
	same "$(record "$point" .vm.name)" "$2" "$3: the true name"
	same "$(jq -r --arg p "$point" 'select(.path == $p).vm.name' json)" \
		"$2" "$3: the true name in the result"
	same "$(ovf "$point" "string(//*[local-name()='VirtualSystem']/*[
		local-name()='Name'])")" "$2" \
		"$3: the true name in the descriptor"
	same "$dir" out.d "$3: where it is"
	echo "$1" >>seen
}

awkward()
{
	local smiles
	smiles=$(printf '\360\237\230\200%.0s' {1..80})
	named 27 'with some spaces' 'with some spaces'
	named 28 slash/in\ name 'slash%2Fin name'
	named 29 100% 100%25
	named 30 a+b a+b
	named 31 'this & that' 'this & that'
	named 32 'C: drive' 'C%3A drive'
	named 33 "it's \"quoted\"" "it's %22quoted%22"
	named 34 -rf %2Drf
	named 35 brücke-日本 brücke-日本
	named 36 "$smiles" "$(head -c 120 <<<"$smiles")~$(uuid8 36)"
	named 37 '<b>bold</b>' '%3Cb%3Ebold%3C%2Fb%3E'
	named 38 'star*' star%2A
	named 39 'back\slash' back%5Cslash
	named 40 .. %2E%2E
	named 41 ' blanks around ' '%20blanks around%20'
	# Two of one name must not mix their files.
	named 21 twin "twin~$(uuid8 21)"
	named 22 twin "twin~$(uuid8 22)"
}

# What a Windows share, a shell or qemu-img would take for something else.
worse()
{
	local long
	long=$(printf 'x%.0s' {1..200})
	rename_vm 27 CON
	rename_vm 28 'json:{"driver":"null-co"}'
	rename_vm 29 'nul.txt'
	rename_vm 30 $'tab\tnewline\nCSI\xc2\x9b'
	rename_vm 31 'x)= 0'
	rename_vm 32 'dots. .'
	rename_vm 33 '.hidden'
	rename_vm 34 "$long"
	rename_vm 35 "${long}y"
	rename_vm 36 Case
	rename_vm 37 cASE
	rename_vm 38 backup.json
	rename_vm 39 $'$(touch pwned)`touch pwned`;\'"'
	all {27..39}
	named 27 CON %43ON
	named 28 'json:{"driver":"null-co"}' 'json%3A{%22driver%22%3A%22null-co%22}'
	named 29 nul.txt %6Eul.txt
	named 30 $'tab\tnewline\nCSI\xc2\x9b' 'tab%09newline%0ACSI%C2%9B'
	named 31 'x)= 0' 'x)= 0'
	named 32 'dots. .' 'dots%2E%20%2E'
	named 33 .hidden %2Ehidden
	named 34 "$long" "${long:0:120}~$(uuid8 34)"
	named 35 "${long}y" "${long:0:120}~$(uuid8 35)"
	named 36 Case "Case~$(uuid8 36)"
	named 37 cASE "cASE~$(uuid8 37)"
	named 38 backup.json backup.json
	named 39 $'$(touch pwned)`touch pwned`;\'"' \
		$'$(touch pwned)`touch pwned`;\'%22'
	check "no shell saw a name" test ! -e pwned
}

# all N...: stopped VMs without a snapshot, which is quicker.
all()
{
	local n
	for n in "$@"; do
		ctl "power?vm=$(moid "$n")&on=false" '{}' >/dev/null
	done
	xp 0 -o out.d --snapshot never --json "${@/#/moid:$PREFIX}"
	cp out json
}

quick_host esxi
all {27..41} 21 22
awkward
same "$(tail -n 1 json | jq -c '[.vms, .ok, .failed, .exit]')" '[17,17,0,0]'
same "$(sort -u seen | wc -l)" 17 "all of them were looked at"
same "$(find out.d -name '*.partial')" '' "nothing half-done"
same "$(jq -r 'select(.type == "backup").path | ascii_downcase' json |
	sort | uniq -d)" '' "no two alike, even where case does not count"
worse
host_clean

quick_host vcenter
rm -r out.d
all 28 29 39
named 28 slash/in\ name 'slash%2Fin name'
named 29 100% 100%25
named 39 'back\slash' back%5Cslash
host_clean
