#!/bin/bash
# Two runs that meet: a backup by hand while the nightly one goes on, or two
# plans with one repository.  One of them does the work, neither does harm.
. "$T/cli/lib.sh" || exit 1
. "$T/cli/lib/fault.sh" || exit 1

quick_host esxi
locks()
{
	find d -name '.w-*' | wc -l
}

# The first one is on its way, and stays there.
fault '{"kind":"slow","bytes_per_second":2000000,"vm":"odd01"}'
start esxbk-export-ovf "${HX[@]}" --quiesce off -o d odd01
wait_for 60 transferring d 1000000
# shellcheck disable=SC2016,SC2034 # lib.sh runs it at the end
AT_EXIT='[ -z "$PID" ] || kill -CONT "$PID"'
kill -STOP "$PID"
mkdir second third
before=$(calls CreateSnapshot_Task)

# The same VM into the same folder.
mark_time
(
	cd second || exit 1
	xp 75 --quiesce off --json -o ../d odd01
	said_like 'esxbk-export-ovf: export odd01: \.\./d/\.w-[0-9a-f]{8} is locked by another run'
	same "$(wc -l <err)" 1 "one line"
	same "$(result '.outcome, .class, .changed, .path')" \
		$'failed\ntemporary\nfalse\nnull'
	# Nor by another way to the folder.
	ln -s ../d link
	xp 75 --quiesce off -o link odd01
	# One of several.
	xp 3 --quiesce off -o ../d odd01 iso01
	said_like 'esxbk-export-ovf: of 2 VMs: 1 failed, 0 partial: export odd01: \.\./d/\.w-.* is locked by another run'
	same "$(cut -d _ -f 1 out)" ../d/iso01
	# Looking is not forbidden.
	xp 0 --dry-run -o ../d odd01
	same "$(cat out)" 'odd01: would be exported'
)
# Each of the three that met waits two seconds.
soon 14
same $(($(calls CreateSnapshot_Task) - before)) 1 "a snapshot for iso01 only"

# Another VM into this folder, and this VM into another folder.
(
	cd third || exit 1
	xp 0 --quiesce off -o ../d qemu01
	disk_good "$(cat out)" "$HOST_SPEC/qemu01.raw"
	xp 0 --quiesce off -o e odd01
	disk_good "$(cat out)" "$HOST_SPEC/odd01.raw"
)
same "$(locks)" 3 "a lock file a VM"

kill -CONT "$PID"
finish 0
disk_good "$(cat out)" "$HOST_SPEC/odd01.raw"
only_points d iso01_TIME odd01_TIME qemu01_TIME
host_idle
