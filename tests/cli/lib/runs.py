"""Writes a run's record into a repository: python3 runs.py REPO PLAN STARTED
[OPTION]... [VM=OUTCOME[:EXIT[:TEXT]]]...

	--slot TIME         else none
	--exit N            of the run (0)
	--text TEXT         why
	--killed            without an end line
	--unprotected NAME  may be repeated
	--vms N             also vm0001 to vmN, ok, as repo.py makes them
	VM is NAME@NUMBER; its uuid is that of repo.py's VM of that number
"""
import argparse
import datetime
import json
import os

FORM = "%Y-%m-%dT%H:%M:%SZ"


def vm_line(started, text):
    vm, _, what = text.partition("=")
    name, _, number = vm.partition("@")
    outcome, _, rest = what.partition(":")
    status, _, why = rest.partition(":")
    n = int(number)
    end = (started + datetime.timedelta(minutes=4)).strftime(FORM)
    return {"type": "vm",
            "vm": {"name": name, "moid": number,
                   "uuid": "52de%04x-0000-4000-8000-%012d" % (n, n)},
            "outcome": outcome, "exit": int(status or 0), "text": why,
            "decision": {"kind": "full", "code": "first",
                         "text": "there is no point yet"},
            "started": (started + datetime.timedelta(seconds=1)).strftime(
                FORM), "ended": end,
            "steps": {"export": "ok", "verify": "ok"},
            "result": None, "warnings": []}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("repo")
    p.add_argument("plan")
    p.add_argument("started")
    p.add_argument("vm", nargs="*")
    p.add_argument("--slot")
    p.add_argument("--exit", type=int, default=0)
    p.add_argument("--text", default="")
    p.add_argument("--killed", action="store_true")
    p.add_argument("--unprotected", action="append", default=[])
    p.add_argument("--vms", type=int, default=0)
    a = p.parse_intermixed_args()
    started = datetime.datetime.strptime(a.started, FORM)
    run = started.strftime("%Y%m%d_%H%M%S-") + a.plan + "-1a2b3c4d"
    vms = a.vm + ["vm%04d@%d=ok" % (i, i) for i in range(1, a.vms + 1)]
    lines = [{"schema": "esxbk.run/1", "type": "run", "run": run,
              "plan": a.plan, "slot": a.slot, "scheduled": a.slot is not None,
              "started": a.started, "tool": "esxbk 0.1.0"}]
    lines += [vm_line(started, vm) for vm in vms]
    if not a.killed:
        lines.append({"type": "end", "ended": (started + datetime.timedelta(
            minutes=20)).strftime(FORM), "exit": a.exit, "class": "",
            "text": a.text, "final": True, "vms": {},
            "unprotected": a.unprotected, "told": []})
    folder = os.path.join(a.repo, "runs", started.strftime("%Y/%m"))
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, run + ".json"), "w") as f:
        f.writelines(json.dumps(line) + "\n" for line in lines)


main()
