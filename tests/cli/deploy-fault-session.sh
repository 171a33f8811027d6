#!/bin/bash
# timeout: 240
# A session ends at any moment of a restore: the run logs in again and goes on,
# and there is one VM in the end, once made and once changed.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/deploy_fault.sh" || exit 1

logins()
{
	begun '.event == "login"'
}

# expires METHOD [MORE]: whichever call meets it is made again.
expires()
{
	local want=2
	[ "$1" != Logout ] || want=1
	next_name
	fault "{\"kind\":\"expire-before\",\"method\":\"$1\"$2}"
	restore 0 --retries 0 --power-on --wait tools=60s
	same "$(cat err)" '' "silence: the session ended before $1$2"
	same "$(logins) $(begun '.event == "vm-created"')" "$want 1" \
		"$want logins, one VM"
	ended complete
	same "$(vm_state "$NAME" .on)" true "it runs"
	clear_faults
}

# all_methods: of a restore, from a run, so that none is forgotten
all_methods()
{
	next_name
	restore 0 --power-on --wait tools=60s
	tail -n +$((LAST_EVENT + 1)) "$HOST_EVENTS" |
		jq -r 'select(.event == "call") | .method' | sort -u |
		grep -vx -e Login -e RetrieveServiceContent >methods
	check "$(wc -l <methods) kinds of calls" test "$(wc -l <methods)" -gt 12
}

for flavor in esxi vcenter; do
	quick_host $flavor
	[ $flavor = esxi ] || place --folder vm
	point_of uefi01
	from "$POINT" "$HOST_SPEC/uefi01.raw"
	all_methods
	while read -r method <&7; do
		[ $flavor = esxi ] || [[ $method =~ Import|Lease|_Task ]] ||
			continue
		expires "$method" ''
	done 7<methods
	for skip in 3 6; do
		expires RetrievePropertiesEx ",\"skip\":$skip"
	done
	kept

	# In the middle of a disk, which goes by a right of its own.
	next_name
	fault '{"kind":"upload-expire","percent":50}'
	fault '{"kind":"upload-slow","bytes_per_second":1000000}'
	restore 0 --retries 0
	same "$(cat err)" '' "silence: the session ended in an upload"
	same "$(logins)" 2 "2 logins"
	ended complete
	kept
	clear_faults
done

# One that dies at once each time is no endless loop.
next_name
fault '{"kind":"expire-before","method":"ImportVApp","times":0}'
restore 77
lost 'ImportVApp: NotAuthenticated: The session is not authenticated.' ''
check "$(logins) logins" test "$(logins)" -le 6
