#!/bin/bash
# Several VMs in one call: one that fails does not take the others with it,
# and status, last line and summary tell how it went.  No VM is forgotten.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

template="export template: a template cannot have a snapshot: use '--snapshot never'"
running="the VM is running: '--snapshot never' exports only a stopped one"
no_disk="no disk 'Hard disk 2' to exclude; the first is 'Hard disk 1'"

# told WANT: name and exit of each VM, then the summary's numbers.
told()
{
	same "$(jq -r 'if .type == "backup" then "\(.vm.name) \(.exit)" else
		"\(.vms) \(.ok) \(.partial) \(.failed) exit \(.exit)" end' out)" \
		"$1"
}

good()
{
	xp 0 -o good --json iso01 "moid:$(moid 21)" "moid:$(moid 22)"
	told $'iso01 0\ntwin 0\ntwin 0\n3 3 0 0 exit 0'
	cp out json
	point_good "$(jq -r 'select(.vm.moid? == "'"$(moid 21)"'").path' json)" \
		"$HOST_SPEC/twin-a.raw"
	point_good "$(jq -r 'select(.vm.moid? == "'"$(moid 22)"'").path' json)" \
		"$HOST_SPEC/twin-b.raw"
	same "$(left good | uniq -c | awk '{ print $1, $2 }')" "3 .w-ID
1 iso01_TIME
1 twin~$(uuid 21 | cut -c-8)_TIME
1 twin~$(uuid 22 | cut -c-8)_TIME"
}

some_failed()
{
	xp 3 -o some iso01 template uefi01
	same "$(sed 's/_[0-9_]*$//' out)" $'some/iso01\nsome/uefi01'
	same "$(cat err)" "esxbk-export-ovf: of 3 VMs: 1 failed, 0 partial: $template"
	same "$(left some | uniq)" $'.w-ID\niso01_TIME\nuefi01_TIME'
	xp 3 -o some --json iso01 template uefi01
	told $'iso01 0\ntemplate 65\nuefi01 0\n3 2 0 1 exit 3'
	same "$(jq -c 'select(.vm.name? == "template") | [.outcome, .class,
		.error.class, .error.text]' out)" \
		"[\"failed\",\"data\",\"data\",\"$template\"]"
}

all_failed()
{
	xp 75 -o none --json --snapshot never db01 prod-web
	told $'db01 75\nprod-web 75\n2 0 0 2 exit 75'
	same "$(cat err)" "esxbk-export-ovf: export db01: $running
esxbk-export-ovf: of 2 VMs: 2 failed, 0 partial: export prod-web: $running"
	# What no retry mends outranks what one may, whichever comes first.
	for vm in prod-web 'C: drive'; do
		xp 66 -o none --json --snapshot never \
			--exclude-disk 'Hard disk 2' db01 "$vm"
		same "$(jq -r 'select(.vm.name? == "db01").exit' out)" 75
		same "$(tail -n 1 out | jq -c '[.failed, .exit]')" '[2,66]'
		has err "export $vm: $no_disk"
		has err "export db01: $running"
		same "$(wc -l <err)" 2 "two lines on stderr"
	done
	same "$(left none | uniq)" .w-ID "no point, nothing half-done"
}

# Named exactly and not there: told before anything is begun.
missing()
{
	xp 66 -o missing --json iso01 iso99
	same "$(cat err)" 'esxbk-export-ovf: iso99: no such VM'
	check "nothing was begun" test ! -e missing
	xp 66 -o missing twin
	same "$(wc -l <err)" 1 "one line on stderr"
	xp 4 -o missing 'name:iso9*'
	same "$(cat err)" 'esxbk-export-ovf: the selection matches no VM'
	xp 64 -o missing 'iso*'
	check "nothing was begun" test ! -e missing
	same "$(event_count '.vm == "iso01" and .event == "lease" and
		.state == "ready"')" "$1" "no lease for that"
}

# vanish K: the answer to the Kth question for properties is that the object
# is gone.  Whichever it is, the run does not end as if all were well.
vanish()
{
	local rc=0
	ctl fault "{\"kind\":\"fault\",\"method\":\"RetrievePropertiesEx\",
		\"type\":\"ManagedObjectNotFound\",\"skip\":$1}" >/dev/null
	"$B/esxbk-export-ovf" "${HX[@]}" -n -o vanish --json iso01 >out 2>err ||
		rc=$?
	[ "$(ctl faults)" = '[]' ] || return 1
	check "question $1 unanswered: exit $rc" test $rc -ne 0 -a $rc -ne 10
	check "question $1: $(cat err)" grep -q '^esxbk-export-ovf: .' err
	same "$(jq -r 'select(.type == "backup" and .outcome == "ok")' out)" '' \
		"question $1: no good result"
}

quick_host esxi
good
some_failed
all_failed
host_clean
missing "$(event_count '.vm == "iso01" and .event == "lease" and
	.state == "ready"')"
for ((k = 0; k < 50; k++)); do
	vanish $k || break
done
check "$k questions" test $k -ge 3 -a $k -lt 50
