#!/bin/bash
# A session ends at any moment: idle for too long, a restart of the management
# agents, an administrator.  The run logs in again and goes on.
# timeout: 240
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1

export_odd()
{
	xp 0 --quiesce off --retries 0 -o d odd01
}

logins()
{
	event_count '.event == "login"'
}

# expires METHOD [MORE]: whichever call meets it is made again.
expires()
{
	local before want=2
	[ "$1" != Logout ] || want=1
	before=$(logins)
	fault "{\"kind\":\"expire-before\",\"method\":\"$1\"$2}"
	export_odd
	same "$(cat err)" '' "silence: the session ended before $1$2"
	same $(($(logins) - before)) $want "$want logins"
	check "the disk is good" qemu-img compare -q -f vmdk -F raw \
		"$(cat out)/odd01-disk1.vmdk" "$HOST_SPEC/odd01.raw"
	rm -r d
	clear_faults
}

quick_host vcenter
list_methods
while read -r method <&7; do
	expires "$method" ''
done 7<methods
host_idle

quick_host esxi
list_methods
expires RetrievePropertiesEx ',"skip":5'
expires RetrievePropertiesEx ',"skip":10'
expires HttpNfcLeaseComplete ''

# In the middle of a disk, which comes by a right of its own.
fault '{"kind":"slow","bytes_per_second":3000000,"vm":"odd01"}'
before=$(logins)
start esxbk-export-ovf "${HX[@]}" --quiesce off --retries 0 -o d odd01
wait_for 60 transferring d 1000000
same "$(ctl expire-sessions '{}' | jq .expired)" 1 "the session is over"
finish 0
same "$(cat err)" '' "silence"
same $(($(logins) - before)) 2 "2 logins"
disk_good "$(cat out)" "$HOST_SPEC/odd01.raw"
host_idle

# Some hosts answer nothing then, instead of a fault: that is no empty host.
fault '{"kind":"expire-before","method":"RetrievePropertiesEx"}'
fault '{"kind":"expired-empty"}'
hx 0 esxbk-list --format moid odd01
same "$(cat out)" 16

# A session that dies at once each time is no endless loop.
fault '{"kind":"expire-before","method":"RetrievePropertiesEx","times":0}'
before=$(logins)
hx 77 esxbk-list odd01
said 'esxbk-list: RetrievePropertiesEx: NotAuthenticated: The session is not authenticated.'
check "$(($(logins) - before)) logins" test $(($(logins) - before)) -le 6
clear_faults
host_idle
