#!/bin/bash
# Five days of one cron line with the real tools: two plans, three VMs, a
# retention; then the newest and an older point come back.
# timeout: 300
. "$T/cli/lib.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/deploy.sh" || exit 1
# shellcheck source=/dev/null
. "$T/cli/lib/plan.sh" || exit 1

plan_begin
unset ESXBK_EXEC_PATH
export PASS=$HOST_PASSWORD_FILE
deploy_host esxi
# shellcheck disable=SC2016 # jq expands it
conf '.sites.esx1 = { server: "localhost:\(env.HOST_PORT)", user: "root",
		password: { file: env.PASS }, tls: { thumbprint: env.HOST_PIN } } |
	.plans.daily += { select: ["uefi01", "name:odd*"],
		retention: { last: 2 }, quiesce: "off",
		verify: [{ level: "deep", after: "run" }] } |
	.plans.disks = (.plans.daily | .select = ["uefi01", "empty01"] |
		.mode = "vmdk" | .retention = { last: 3 } |
		.schedule = { daily: "03:00" })'

# The night's calls, one line for both plans.
night()
{
	local hour
	for hour in 02:00 02:15 03:00 03:15; do
		at "2026-11-${1}T$hour:30Z"
		plan 0 run --due
		[ $hour = 03:00 ] || [ $hour = 02:00 ] ||
			same "$(cat out)" '' "11-$1 $hour: nothing is due"
	done
}

for day in 20 21 22 23 24; do
	night $day
done
same "$(runs)" 11 "two runs a night, and at once for a plan without a point"
same "$(points | sed 's/_.*_/ /; s/..$//' | LC_ALL=C sort)" "empty01/empty01 0300
empty01/empty01 0300
empty01/empty01 0300
odd01/odd01 0200
odd01/odd01 0200
uefi01/uefi01 0200
uefi01/uefi01 0200
uefi01/uefi01 0300
uefi01/uefi01 0300
uefi01/uefi01 0300" "each plan keeps what is its own"
same "$(record 'select(.type == "vm") | "\(.vm.name) \(.outcome) \(
	.steps | [.export, .verify, .prune] | join(" "))"' | sort)" \
	"empty01 ok ok ok ok
uefi01 ok ok ok ok"
host_idle

for point in $(points); do
	run 0 esxbk-verify -q --level deep "$REPO/$point"
done
unset ESXBK_NOW
NEWEST=$REPO/$(points odd01 | sed 's|^|odd01/|' | tail -n 1)
OLDER=$REPO/uefi01/$(points uefi01 | grep 20261123_0200)
for copy in "odd01 $NEWEST" "uefi01 $OLDER"; do
	deploy 0 --name "${copy%% *}-copy" "${TO_DMZ[@]}" "${copy#* }"
	disks_equal "${copy%% *}-copy" "$HOST_SPEC/${copy%% *}.raw"
done

# A verification of its own finds what has been damaged since.
chmod -R u+w "$NEWEST"
printf x | dd of="$(echo "$NEWEST"/*.vmdk)" bs=1 seek=70000 conv=notrunc \
	status=none
plan 0 verify disks
plan 1 verify daily
has out "${NEWEST##*/}: FAILED (deep)"
has err "is damaged"

# TERM in the middle of an export: no snapshot is left on the host.
fault '{"kind":"slow","bytes_per_second":200000,"times":0}'
fault '{"kind":"task-slow","method":"RemoveSnapshot_Task","ms":1500}'
BEFORE=$(transfers)
start esxbk-plan run --config "$CONF" daily
under_way()
{
	[ "$(transfers)" -ge $((BEFORE + 2)) ]
}
wait_for 30 under_way
kill -TERM "$PID"
finish 143
host_idle
same "$(find "$REPO" -name '.*.partial')" '' "no partial point"
