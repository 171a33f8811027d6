#!/bin/bash
# What was backed up lately is left alone, on the host and on disk, and a dry
# run tells what there is to do, changing nothing on either side.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

# Folders, files, times and contents below out.d.
everything()
{
	find out.d -printf '%p %s %T@ %C@ %m\n' 2>/dev/null | LC_ALL=C sort
}

done_on_host()
{
	jq -r 'select(.event | IN("call", "versions", "login", "logout",
		"ready") | not) | .event' "$HOST_EVENTS" | wc -l
}

# idle STATUS CHANGED ARG...: nothing is done, whatever is said.
idle()
{
	local want=$1 changed=$2 disk host
	shift 2
	disk=$(everything) host=$(done_on_host)
	xp "$want" -o out.d --json "$@"
	same "$(jq -c 'select(.type == "backup") | [.vm.name, .changed, .exit,
		.outcome, .path, .point]' out)" "$changed"
	same "$(everything)" "$disk" "nothing changed on disk"
	same "$(done_on_host)" "$host" "nothing was done on the host"
}

# old POINT SECONDS: the point is that old.
old()
{
	local when
	when=$(date -u -d "$2 seconds ago" +%Y-%m-%dT%H:%M:%SZ)
	sed -i "s/^  \"time\": \".*\"/  \"time\": \"$when\"/" "$1/backup.json"
	same "$(record "$1" .time)" "$when"
}

dry()
{
	idle 0 '["iso01",true,0,"ok",null,null]' -n iso01
	check "no folder was made" test ! -e out.d
	idle 10 '["iso01",true,0,"ok",null,null]' --dry-run --exit-code iso01
	same "$(jq -c 'select(.type == "backup").dry_run' out)" true
	same "$(tail -n 1 out | jq -c '[.type, .vms, .ok, .exit]')" \
		'["summary",1,1,10]'
	xp 10 -n --exit-code -o out.d iso01 uefi01
	same "$(cat out)" $'iso01: would be exported\nuefi01: would be exported'
	same "$(cat err)" '' "nothing on stderr"
	# What would fail is found by the dry run, too.
	idle 65 '["template",false,65,"failed",null,null]' -n template
	same "$(cat err)" "esxbk-export-ovf: export template: a template cannot have a snapshot: use '--snapshot never'"
	idle 75 '["db01",false,75,"failed",null,null]' -n --snapshot never db01
	idle 66 '["db01",false,66,"failed",null,null]' -n --exclude-disk x db01
	idle 66 '["db01",false,66,"failed",null,null]' -n --snapshot x db01
	idle 75 '["qemu01",false,75,"failed",null,null]' -n --quiesce require \
		qemu01
	idle 75 '["snapped",false,75,"failed",null,null]' -n --quiesce require \
		--snapshot 'before update' snapped
	# Nor would it have a place to write to.
	xp 73 -n -o no/such iso01
	same "$(cat err)" 'esxbk-export-ovf: export iso01: write to no/such: No such file or directory'
	xp 73 -n -o err iso01
	same "$(cat err)" 'esxbk-export-ovf: export iso01: write to err: Not a directory'
	xp 73 -n --format ova -o no/iso01.ova iso01
	same "$(cat err)" 'esxbk-export-ovf: export iso01: write to no: No such file or directory'
	hx 73 esxbk-export-vmdk -n -o no/such iso01
	same "$(cat out)" '' "nothing on stdout"
	# Of what failed nobody says that it is up to date.
	xp 3 -n -o out.d iso01 template
	same "$(cat out)" 'iso01: would be exported'
	check "still no folder" test ! -e out.d
	same "$(event_count '.event == "call" and (.method | IN("Login",
		"Logout", "RetrieveServiceContent", "RetrievePropertiesEx",
		"CreateContainerView", "DestroyView", "CreateDescriptor",
		"ContinueRetrievePropertiesEx", "Fetch") | not)')" 0 \
		"only calls that read"
}

young()
{
	local first=$1 is
	is="[\"iso01\",false,0,\"ok\",\"$first\",\"${first##*/}\"]"
	idle 0 "$is" --if-older 20h iso01
	same "$(cat err)" '' "nothing on stderr"
	idle 0 "$is" -n --exit-code --if-older 20h iso01
	same "$(tail -n 1 out | jq .exit)" 0 "there is no work"
	xp 0 -n -o out.d --if-older 20h iso01
	same "$(cat out)" 'iso01: is up to date'
	xp 0 -o out.d --if-older 20h iso01
	same "$(cat out)" "$first" "the path of the point that is young enough"
	# A renamed VM is the same one; another one in its place is not.
	ctl 'rename?vm=iso01&name=iso02' '{}' >/dev/null
	idle 0 "[\"iso02\",false,0,\"ok\",\"$first\",\"${first##*/}\"]" \
		--if-older 20h iso02
	ctl 'rename?vm=iso02&name=iso01' '{}' >/dev/null
	ctl "rename?vm=$(moid 27)&name=iso03" '{}' >/dev/null
	xp 0 -o out.d --json --if-older 20h iso03
	same "$(jq -c 'select(.type == "backup") | [.changed, .exit]' out)" \
		'[true,0]' "another VM has no point"
}

# The same point, an hour later.
aged()
{
	local first=$1 second
	old "$first" 3700
	idle 0 "[\"iso01\",false,0,\"ok\",\"$first\",\"${first##*/}\"]" \
		--if-older 2h iso01
	idle 10 '["iso01",true,0,"ok",null,null]' -n --exit-code \
		--if-older 1h iso01
	xp 0 -o out.d --if-older 1h iso01
	second=$(cat out)
	check "another point: $second" test "$second" != "$first" -a -d "$second"
	point_good "$second" "$HOST_SPEC/name15.raw"
	idle 0 "[\"iso01\",false,0,\"ok\",\"$second\",\"${second##*/}\"]" \
		--if-older 1h iso01
	# The clock was wrong once: a point of the future does not stop backups.
	old "$second" -7200
	idle 10 '["iso01",true,0,"ok",null,null]' -n --exit-code \
		--if-older 1h iso01
	# A damaged record is no reason to go without a backup.
	truncate -s 100 "$second/backup.json"
	xp 0 -o out.d --if-older 1h iso01
	check "a warning that names it" grep -q \
		"^esxbk-export-ovf: warning: passed over ${second##*/}: " err
	same "$(wc -l <err)" 1 "one line on stderr"
	check "a new point" test -d "$(cat out)"
}

quick_host esxi
dry
xp 0 -o out.d iso01
first=$(cat out)
young "$first"
aged "$first"

# Of several VMs only those that need it.
rm -rf out.d
xp 0 -o out.d uefi01
xp 10 -n --exit-code -o out.d --if-older 1h iso01 uefi01
same "$(cat out)" $'iso01: would be exported\nuefi01: is up to date'
xp 0 -o out.d --json --if-older 1h iso01 uefi01
same "$(jq -c 'select(.type == "backup") | [.vm.name, .changed]' out)" \
	$'["iso01",true]\n["uefi01",false]'
xp 0 -n --exit-code -o out.d --if-older 1h iso01 uefi01
host_clean
