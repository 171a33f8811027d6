#!/bin/bash
# Does a backup boot?  --test starts an isolated copy, says how long it took,
# and leaves nothing behind, whatever happens; if it cannot, it names what is
# left.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy.sh" || exit 1

NAME='esxbk-test-[0-9]{8}_[0-9]{6}-[0-9a-f]{8}'

# The test's VM, as long as there is one.
test_vm()
{
	ctl state | jq -c '.vms[] | select(.name | startswith("esxbk-test-"))'
}

runs()
{
	[ "$(test_vm | jq .on)" = true ]
}

# no_test: nothing of any test is left.
no_test()
{
	same "$(test_vm)" '' "no test's VM is left"
	gone esxbk-test
}

negative()
{
	mark_host
	deploy 1 --test --wait "$1" "$POINT"
	said_like "esxbk-deploy-ovf: restore $NAME: the restore test failed: $2"
	same "$(cat out)" '' "no time"
	no_test
}

it_boots()
{
	local name
	deploying --test -v --json "$POINT"
	wait_for 30 runs
	test_vm >seen
	finish 0
	no_test
	name=$(jq -r .name seen)
	check "its name: $name" grep -qxE "$NAME" <<<"$name"
	same "$(jq -c '[.nics[] | .connected, .start_connected]' seen)" \
		'[false,false]' "on no network while it ran"
	same "$(jq -r '.extra_config["esxbk.test"] |
		"esxbk-test-" + .' seen)" "$name" "our mark"
	same "$(restored '[.type, .outcome, .exit, .vm.name]')" \
		"[\"restore-test\",\"ok\",0,\"$name\"]"
	same "$(restored '.steps | [.power_on, .wait, .destroy]')" \
		'["ok","ok","ok"]'
	check "boot_seconds: $(restored .boot_seconds)" \
		jq -se '.[0].boot_seconds >= 1' out
	same "$(begun '.event == "vm-destroyed" and .by == "user"')" 1
	has err "'$name' is destroyed"
	mark_host
	deploy 0 --test "$POINT"
	check "seconds: $(cat out)" grep -qxE '[1-9][0-9]*\.[0-9]' out
	said ''
	no_test
}

it_does_not()
{
	fault '{"kind":"tools-never","times":0}'
	negative tools=2s 'VMware Tools do not run after 2 s'
	deploy 1 --test --wait tools=1s --json "$POINT"
	same "$(restored '[.type, .outcome, .exit, .class, .steps.wait,
		.steps.destroy]')" \
		'["restore-test","failed",1,"negative","failed","ok"]'
	clear_faults
	fault '{"kind":"guest-off","ms":100}'
	negative tools=20s 'the VM is off'
	fault '{"kind":"fault","method":"PowerOnVM_Task","type":"InsufficientMemoryResourcesFault","message":"no memory"}'
	negative tools 'PowerOnVM_Task: InsufficientMemoryResourcesFault: no memory'
	fault '{"kind":"task-error","method":"ReconfigVM_Task","type":"InvalidDeviceSpec","message":"no"}'
	negative tools 'the new identity: change the VM: InvalidDeviceSpec: no'
	same "$(begun '.event == "power"')" 0 "not started with its old identity"
	clear_faults
}

# A host that cannot be asked has not said that the backup does not boot.
nobody_knows()
{
	ctl set?tools-after=10m '{}' >/dev/null
	mark_host
	deploying --test --wait tools=5s "$POINT"
	wait_for 30 runs
	fault '{"kind":"drop","method":"RetrievePropertiesEx","times":0}'
	sleep 8
	clear_faults
	finish 74
	said_like 'esxbk-deploy-ovf: restore esxbk-test-[^ ]*: RetrievePropertiesEx: .*'
	no_test
	ctl set?tools-after=1s '{}' >/dev/null
}

# What cannot be removed is named.
left_behind()
{
	local name
	fault '{"kind":"task-error","method":"Destroy_Task","type":"FileLocked","message":"Failed to lock the file."}'
	deploy 75 --test "$POINT"
	name=$(test_vm | jq -r .name)
	said "esxbk-deploy-ovf: restore $name: the test's VM '$name' ($(test_vm |
		jq -r .id)) is left behind: destroy: FileLocked: Failed to lock the file."
	same "$(cat out)" '' "no time"
	same "$(test_vm | jq .on)" false "but it is off"
	host_idle
}

# stopped SIGNAL STATUS
stopped()
{
	mark_host
	deploying --test --wait ip=60s "$POINT"
	wait_for 30 runs
	kill "-$1" "$PID"
	finish "$2"
	no_test
	same "$(begun '.event == "vm-destroyed" and .by == "user"')" 1
}

story()
{
	deploy_host "$1" --tools-after 1s
	point_of uefi01
	mark_host
	it_boots
	it_does_not
	[ "$1" = vcenter ] || nobody_knows
	ctl set?tools-after=10m '{}' >/dev/null
	stopped TERM 143
	stopped INT 130
	ctl set?tools-after=100ms '{}' >/dev/null
	left_behind
}

story esxi
story vcenter
