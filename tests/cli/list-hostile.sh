#!/bin/bash
# Whoever may rename a VM must not be able to write on an administrator's
# terminal, to break a script's lines or to pass one VM off as another.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

# Control characters that XML lets through: C1 (CSI is a terminal's escape),
# tab, newline, and what turns the direction of writing.
evil=$'a\tb\nc\xc2\x9b31md\xe2\x80\xaee'

# change EXPR: a spec with some VMs changed.
change()
{
	host_spec || host_lost "mkspec failed"
	jq "$1" "$HOST_SPEC/spec.json" >spec.json
}

rename_vm()
{
	ctl "rename?vm=$1&name=$(jq -rn --arg n "$2" '$n | @uri')" '{}' \
		>/dev/null
}

# Not with run: it prints the arguments.
by_name()
{
	local rc=0
	"$B/esxbk-list" "${HX[@]}" --format moid -- "$evil" >out 2>err || rc=$?
	same "$rc" "$1" "exit $1: list with that name"
}

# controls FILE: lines with one, of C0 but newline, DEL, C1, bidi.
controls()
{
	LC_ALL=C grep -caP \
		'[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]' "$1"
}

# A disk's label is the server's to choose, too.
change "(.[] | select(.name == \"indep01\").disks[1].label) = \"x\\t1\\ny\\u009b\""
quick_host vcenter --spec "$PWD/spec.json"
rename_vm vm-12 "$evil"

hx 0 esxbk-list "moid:vm-12" indep01
same "$(wc -l <out)" 3 "a line a VM"
has out 'a?b?c?31md?e'
same "$(controls out)" 0 "no control character in the table"
hx 0 esxbk-list -- 'folder:Lab/vm/web'
same "$(controls out)" 0 "no control character in the table"

# A dry run names the VM to people, too.
xp 0 --dry-run -o nowhere moid:vm-12
same "$(controls out)" 0 "no control character in a dry run"
same "$(wc -l <out)" 1 "one line of a dry run"

# The other VM of that name: both are told in a message, on one line.
rename_vm vm-21 "$evil"
by_name 66
same "$(wc -l <err)" 1 "one line of a message"
same "$(controls err)" 0 "no control character in a message"
rename_vm vm-21 twin

hx 0 esxbk-list --format tsv "moid:vm-12" indep01
same "$(wc -l <out)" 2 "a line a VM"
same "$(awk -F '\t' '{ print NF }' out | uniq)" 10 "ten fields a line"
same "$(cut -f 2 out)" $'vm-12\nvm-18' "ids where they belong"

# Scripts that want the true name take the JSON.
hx 0 esxbk-list --format json "moid:vm-12" indep01
same "$(jq -r 'select(.moid == "vm-12").name' out)" "$evil" "the true name"
same "$(jq -c 'select(.moid == "vm-18").notes[0].device' out)" \
	'"x\t1\ny'$'\xc2\x9b''"' "the true label"
by_name 0
same "$(cat out)" vm-12 "the true name selects it"

# "web/twin" in no folder is another VM than "twin" in the folder "web".
rename_vm vm-27 web/twin
hx 0 esxbk-list --format moid path:Lab/vm/web/twin
same "$(cat out)" vm-21
hx 0 esxbk-list --format moid folder:Lab/vm/web
same "$(sort out)" $'vm-12\nvm-21' "only what is in the folder"
hx 0 esxbk-list --format moid path:Lab/vm/web%2ftwin
same "$(cat out)" vm-27 "a path as the server writes it"
host_clean

# A BIOS uuid that is another's instance uuid: the instance uuid comes first.
change '(.[] | select(.name == "db01").uuid) =
	(.[] | select(.name == "uefi01").instance_uuid)'
quick_host esxi --spec "$PWD/spec.json"
hx 0 esxbk-list --format moid "uuid:$(uuid 14)"
same "$(cat out)" 14
