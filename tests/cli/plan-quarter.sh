#!/bin/bash
# A quarter of a year, run by cron's line: failures that pass and those that
# do not, nights without power, a VM that goes, one that is renamed, two of one
# name, one in two plans, the clock that jumps, in spring, by itself, by hand.
# What was exported, kept and told is right at every tick.
# timeout: 400
. "$T/cli/lib.sh" || exit 1
[ -z "${VALGRIND:-}" ] || skip "thousands of runs"

# quarter FROM TO PACE
quarter()
{
	rm -rf repo world tools run state esxbk.json
	/usr/bin/python3 -B "$T/cli/lib/quarter/quarter.py" "$B" "$@"
}

if [ -n "${LONG:-}" ]; then
	quarter 2026-02-09 2026-05-10 1
	quarter 2026-10-17 2026-11-06 1
else
	quarter 2026-03-09 2026-04-23 2
	quarter 2026-10-22 2026-10-28 2
fi
