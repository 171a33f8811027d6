#!/bin/bash
# The user decides what is exported: a temporary snapshot, quiesced or not, an
# existing one, or none.  What cannot be had is told; nothing is pretended.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/point.sh" || exit 1

made()
{
	event_count '.event == "snapshot-created" and
		(.name | startswith("esxbk-"))'
}

# refused STATUS TEXT ARG...: before anything is done on the host.
refused()
{
	local want=$1 text=$2 before
	shift 2
	before=$(event_count '.event != "call"')
	xp "$want" -o refused "$@"
	same "$(cat err)" "esxbk-export-ovf: $text"
	same "$(cat out)" '' "nothing on stdout"
	same "$(left refused | uniq)" .w-ID "no point, nothing half-done"
	same "$(($(event_count '.event != "call"') - before))" 3 \
		"no more than versions, login, logout"
}

# reached ASKED ACHIEVED OUTCOME STEP WARNINGS
reached()
{
	local point
	xp 0 -o quiesce --json --quiesce "$1" --exclude-disk 'Hard disk 1' db01
	same "$(jq -c 'select(.type == "backup") | [.outcome, .steps.quiesce,
		[.warnings[] | .code, .text]]' out)" "[\"$3\",\"$4\",$5]"
	point=$(jq -r '.path // empty' out)
	same "$(record "$point" '.quiesce | tojson')" \
		"{\"asked\":\"$1\",\"achieved\":$2}"
	same "$(record "$point" '[.warnings[] | .code, .text] | tojson')" "$5"
	same "$(jq -r 'select(.event == "snapshot-created" and .vm == "db01")
		| .quiesced' "$HOST_EVENTS" | tail -n 1)" "$2" "so says the host"
}

quiescing()
{
	local host='"W_NOT_QUIESCED","not quiesced: the host made the snapshot without quiescing"'
	reached off false ok skipped '[]'
	same "$(cat err)" '' "nothing on stderr"
	reached try true ok ok '[]'
	reached require true ok ok '[]'
	ctl fault '{"kind":"not-quiesced","vm":"db01"}' >/dev/null
	reached try false warn failed "[$host]"
	same "$(cat err)" 'esxbk-export-ovf: warning: db01: not quiesced: the host made the snapshot without quiescing'
	# It was made for nothing, and so it goes.
	ctl fault '{"kind":"not-quiesced","vm":"db01"}' >/dev/null
	xp 75 -o refused --quiesce require db01
	same "$(cat err)" 'esxbk-export-ovf: export db01: quiescing is required, but the host made the snapshot without quiescing'
	same "$(left refused | uniq)" .w-ID "no point, nothing half-done"
	host_clean
}

without_tools()
{
	refused 75 'export qemu01: quiescing is required, but VMware Tools are not running' \
		--quiesce require qemu01
	xp 0 -o quiesce --json qemu01
	same "$(cat err)" 'esxbk-export-ovf: warning: qemu01: not quiesced: VMware Tools are not running'
	same "$(jq -c 'select(.type == "backup") | [.outcome, .exit,
		.steps.quiesce, .warnings]' out)" '["warn",0,"failed",[{"code":"W_NOT_QUIESCED","text":"not quiesced: VMware Tools are not running"}]]'
	# A stopped VM is at rest: there is nothing to quiesce.
	xp 0 -o quiesce --json --quiesce require iso01
	same "$(jq -c 'select(.type == "backup") | [.outcome, .steps.quiesce,
		.warnings]' out)" '["ok","skipped",[]]'
}

# The disk as it was at the first snapshot of "snapped"; writes come later.
named()
{
	local before created count
	before=$(ctl state | jq -c '.vms[] | select(.name == "snapped").snapshots')
	cp --sparse=always "$HOST_SPEC/snapped.raw" old.raw
	ctl 'write?vm=snapped&disk=0&offset=0' 'written after both snapshots' \
		>/dev/null
	ctl 'write?vm=snapped&disk=0&offset=3000000' 'and this' >/dev/null
	count=$(made)
	for name in 'before update' '50% / done'; do
		xp 0 -o named --snapshot "$name" --json snapped
		point_good "$(jq -r '.path // empty' out)" "$PWD/old.raw"
		created=$("$B/esxbk-list" "${HX[@]}" --json snapped |
			jq -r --arg n "$name" '.snapshots[]? |
			select(.name == $n).created')
		same "$(record "$(jq -r '.path // empty' out)" .times.snapshot)" \
			"$created" "the record has that snapshot's time"
	done
	same "$(made)" "$count" "no snapshot was made"
	same "$(ctl state | jq -c '.vms[] | select(.name == "snapped").snapshots')" \
		"$before" "the user's snapshots are as before"
	xp 0 -o named --json snapped
	point_good "$(jq -r '.path // empty' out)" "$HOST_SPEC/snapped.raw"
	check "now it is another disk" test \
		"$(cmp old.raw "$HOST_SPEC/snapped.raw" | wc -l)" = 1
	refused 66 "export snapped: no snapshot 'Before update'" \
		--snapshot 'Before update' snapped
	refused 75 "export snapped: quiescing is required, but snapshot 'before update' was made without" \
		--quiesce require --snapshot 'before update' snapped
	host_clean
	ctl 'snapshot?vm=snapped&name=before%20update' '{}' >/dev/null
	refused 66 "export snapped: two snapshots are called 'before update'" \
		--snapshot 'before update' snapped
}

quick_host -w esxi
refused 75 "export db01: the VM is running: '--snapshot never' exports only a stopped one" --snapshot never db01
refused 65 "export template: a template cannot have a snapshot: use '--snapshot never'" template
xp 0 -o template --snapshot never template
point_good "$(cat out)" "$HOST_SPEC/template.raw"
same "$(record "$(cat out)" '.config.template, .times.snapshot')" $'true\nnull'
same "$(made)" 0 "no snapshot was made"
quiescing
without_tools
named
