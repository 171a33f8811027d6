#!/bin/bash
# Started as asked: the guest is waited for, and if it does not come up the VM
# stays and the exit status says so.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy.sh" || exit 1

# there NAME ON: it is there, and runs or not.
there()
{
	same "$(vm_state "$1" .on)" "$2" "$1 is there; on: $2"
}

# partly NAME LINE ARG...: after the commit point something did not go well.
partly()
{
	local name=$1 line=$2
	shift 2
	deploy 3 --name "$name" --json "$@" "$POINT"
	said "esxbk-deploy-ovf: the VM '$name' is there, but: $line"
	same "$(restored '[.outcome, .changed, .exit, .class, .vm.moid]')" \
		"[\"partial\",true,3,\"partial\",\"$(vm_state "$name" .id)\"]"
	same "$(jq -sc '.[-1] | [.type, .exit]' out)" '["summary",3]'
}

good()
{
	local ip
	deploy 0 --name on --power-on "$POINT"
	deployed on
	there on true
	deploy 0 --name tools --power-on --wait tools --json "$POINT"
	there tools true
	same "$(restored '.steps | [.power_on, .wait]')" '["ok","ok"]'
	check "the time is told" jq -se '.[0].boot_seconds >= 0.3' out
	deploy 0 --name ip --power-on --wait ip=30s --json "$POINT"
	ip=$(restored .vm.ip)
	check "its address: $ip" grep -qxE '192\.0\.2\.[0-9]+' <<<"$ip"
	fault '{"kind":"guest-off","vm":"off","ms":400}'
	deploy 0 --name off --power-on --wait off=30s "$POINT"
	there off false
}

bad()
{
	fault '{"kind":"tools-never","vm":"silent"}'
	mark_time
	partly silent 'VMware Tools do not run after 1 s' --power-on --wait tools=1s
	soon 5
	there silent true
	same "$(restored '.steps | [.power_on, .wait]')" '["ok","failed"]'
	partly nowhere 'the guest has no address after 1 s' --power-on --wait ip=1s --no-nics
	there nowhere true
	partly lasting 'the VM is not off after 1 s' --power-on --wait off=1s
	there lasting true
	fault '{"kind":"guest-off","vm":"dying","ms":100}'
	fault '{"kind":"tools-never","vm":"dying"}'
	partly dying 'the VM is off' --power-on --wait tools=20s
	there dying false
	fault '{"kind":"fault","method":"PowerOnVM_Task","type":"InsufficientMemoryResourcesFault","message":"The host has no memory left."}'
	partly refused-power 'PowerOnVM_Task: InsufficientMemoryResourcesFault: The host has no memory left.' --power-on
	there refused-power false
	fault '{"kind":"task-error","method":"PowerOnVM_Task","type":"FileLocked","message":"Failed to lock the file."}'
	partly failed-power 'power on: FileLocked: Failed to lock the file.' --power-on
	there failed-power false
	fault '{"kind":"task-error","method":"ReconfigVM_Task","type":"InvalidDeviceSpec","message":"Invalid configuration for device 0."}'
	partly same-identity 'the new identity: change the VM: InvalidDeviceSpec: Invalid configuration for device 0.' --power-on
	there same-identity false
	clear_faults
}

# lost METHOD: that call gets no answer, nor when it is made again and again
lost()
{
	fault "{\"kind\":\"drop\",\"method\":\"$1\",\"times\":6}"
}

completing()
{
	[ "$(begun '.event == "fault-fired" and .kind == "delay"')" -ge 1 ]
}

none_armed()
{
	[ "$(ctl faults)" = '[]' ]
}

# A line that breaks says nothing of the VM.
cut_off()
{
	ctl 'set?tools-after=2s' '{}' >/dev/null
	mark_host
	deploying --name patient --power-on --wait tools=60s "$POINT"
	wait_for 30 is_on patient
	lost RetrievePropertiesEx
	wait_for 30 none_armed
	finish 0
	deployed patient
	# Nor is it left with the identity of its original.
	mark_host
	fault '{"kind":"delay","method":"HttpNfcLeaseComplete","ms":2000}'
	deploying --name renamed "$POINT"
	wait_for 30 completing
	lost RetrievePropertiesEx
	finish 0
	deployed renamed
	same "$(ctl faults)" '[]' "all these answers were lost"
	same "$(begun '.event == "reconfigured"')" 1 "it was changed once"
}

# Whether it was moved or copied is known; anything else is not ours to answer.
questions()
{
	fault '{"kind":"question","vm":"asking"}'
	deploy 0 --name asking --power-on "$POINT"
	deployed asking
	there asking true
	same "$(begun '.event == "answer" and
		.choice == "button.uuid.copiedTheVM"')" 1 "it was copied"
	fault '{"kind":"task-slow","method":"PowerOnVM_Task","ms":4000}'
	mark_host
	deploying --name puzzled --power-on "$POINT"
	wait_for 20 powering
	ctl "question?vm=puzzled&text=Insert%20the%20disk" '{}' >/dev/null
	finish 3
	said "esxbk-deploy-ovf: the VM 'puzzled' is there, but: power on: the VM asks: Insert the disk"
	same "$(vm_count puzzled)" 1
	same "$(begun '.event == "answer"')" 0 "nobody answered"
	wait_for 20 is_on puzzled
}

is_on()
{
	[ "$(vm_state "$1" .on)" = true ]
}

powering()
{
	[ "$(begun '.event == "call" and .method == "PowerOnVM_Task"')" -ge 1 ]
}

for flavor in esxi vcenter; do
	deploy_host "$flavor" --tools-after 300ms
	point_of uefi01
	good
	[ "$flavor" = vcenter ] || bad
	questions
	cut_off
	host_idle
done
