#!/usr/bin/python3 -SE
"""Stands in for the tools that esxbk-plan runs; linked under their names.

The folder $STUB holds what they are to do:
	vms             lines "NAME MOID UUID [DISK,DISK...]": what esxbk-list
			finds
	do.TOOL         what a tool does instead of its work (see `instead`)
	do.TOOL.MOID    the same for one VM (of esxbk-verify: do.verify.VM)
	log             every call is a line here: "TOOL WHAT", and "args" holds
			the whole command lines
A tool does its work without a file.  Points are made by the clock of
$ESXBK_NOW, if it is set.
"""
import hashlib
import json
import os
import re
import signal
import sys
import time

ME = os.path.basename(sys.argv[0])
TOOL = ME.replace("esxbk-", "").replace("export-", "")
ARGS = sys.argv[1:]
STUB = os.environ["STUB"]
VALUED = {"--server", "--user", "--password-fd", "--thumbprint", "--cacert",
          "--plan", "-o", "--quiesce", "-j", "--level", "--exclude-disk",
          "--disk", "--resolve", "--proxy", "--stall-timeout", "--bwlimit",
          "--snapshot", "--site", "--config"}
CLASS = {0: "ok", 1: "negative", 3: "partial", 65: "data", 66: "notfound",
         69: "unavailable", 74: "io", 75: "temporary", 77: "permission",
         143: "signal"}


def option(name):
    return ARGS[ARGS.index(name) + 1] if name in ARGS else None


def operand():
    skip, last = False, ""
    for word in ARGS:
        if skip or word in VALUED:
            skip = not skip
        elif not word.startswith("-"):
            last = word
    return last


def read(name):
    try:
        with open(os.path.join(STUB, name)) as f:
            return f.read().split()
    except FileNotFoundError:
        return []


def note(name, text):
    with open(os.path.join(STUB, name), "a") as f:
        f.write(text + "\n")


def out(doc):
    print(json.dumps(dict({"schema": "esxbk.result/1"}, **doc)), flush=True)


def end(status, text=None, cls=None):
    error = text and {"class": CLASS.get(status, "unknown"), "text": text,
                      "fault": None}
    out({"type": "summary", "exit": status, "error": error})
    if text:
        print("%s: error: %s" % (ME, text), file=sys.stderr)
    sys.exit(status)


def instead(words, failed):
    """What is done in place of the work; failed prints the document."""
    what = words[0]
    if what == "exit":
        failed(int(words[1]), " ".join(words[2:]) or "so it was told")
    elif what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "garbage":
        sys.stdout.write("Segmentation fault (core dumped)\n{\"sch")
    elif what == "silent":
        pass
    elif what == "status":
        sys.exit(int(words[1]))
    elif what == "endless":
        while True:
            sys.stdout.write("x" * 65536)
    elif what == "hang":
        def stop(*_):
            note("log", TOOL + " cleaned-up")
            failed(143, "interrupted by SIGTERM")
        signal.signal(signal.SIGTERM, stop)
        note("log", TOOL + " hangs %d" % os.getpid())
        while True:
            time.sleep(60)
    elif what == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        note("log", TOOL + " hangs %d" % os.getpid())
        time.sleep(600)
    else:
        return
    sys.exit(0)


def now():
    text = os.environ.get("ESXBK_NOW")
    return text or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def find(moid):
    with open(os.path.join(STUB, "vms")) as f:
        for line in f:
            name, m, uuid, *disks = line.split()
            if m == moid:
                return name, m, uuid
    return None


def bios(uuid):
    return "564d" + uuid[4:]


def list_vms():
    words = read("do.list")
    if words:
        instead(words, end)
    n = 0
    with open(os.path.join(STUB, "vms")) as f:
        for line in sorted(f):
            name, moid, uuid, *disks = line.split()
            labels = disks[0].replace("_", " ").split(",") if disks \
                else ["Hard disk 1"]
            out({"type": "vm", "name": name, "moid": moid, "uuid": uuid,
                 "bios_uuid": bios(uuid), "path": "dc/vm/" + name,
                 "power": "on", "template": False,
                 "disks": [{"key": 2000 + i, "label": label,
                            "capacity": 1 << 20}
                           for i, label in enumerate(labels)]})
            n += 1
    if words[:1] == ["partial"]:
        end(3, "1 of %d VMs could not be read" % (n + 1))
    end(0)


def backup_doc(vm, status, point=None, text=None, outcome=None):
    name, moid, uuid = vm
    out({"type": "backup",
         "vm": {"name": name, "moid": moid, "uuid": uuid},
         "outcome": outcome or ("ok" if status == 0 else "failed"),
         "changed": point is not None, "exit": status,
         "class": CLASS.get(status, "unknown"), "kind": "full",
         "path": point and os.path.join(option("-o"), point),
         "point": point, "started": now(), "seconds": 1.5,
         "bytes": {"capacity": 1 << 20, "read": 4096, "written": 4096},
         "disks": [], "skipped": [], "steps": {"transfer": "ok"},
         "warnings": [{"code": "W_NOT_QUIESCED", "text": "as it was told"}]
         if outcome == "warn" and status == 0 else [],
         "error": text and {"class": CLASS.get(status, "unknown"),
                            "text": text, "fault": None}})


def make_point(vm, uuid=None):
    name, moid, own = vm
    folder, when = option("-o"), now()
    os.makedirs(folder, exist_ok=True)
    stamp = re.sub("[-:Z]", "", when).replace("T", "_")
    while os.path.exists(os.path.join(folder, name + "_" + stamp)):
        day, clock = stamp.split("_")
        stamp = "%s_%06d" % (day, int(clock) + 1)
    point = name + "_" + stamp
    data = ("disk of %s at %s\n" % (name, when)).encode() * 100
    uuid = uuid or own
    record = {"schema": "esxbk.backup/1", "tool": "stub", "point": point,
              "kind": "full",
              "mode": "vmdk" if ME.endswith("vmdk") else "ovf",
              "parent": None, "plan": option("--plan"), "time": when,
              "vm": {"name": name, "moid": moid, "instance_uuid": uuid,
                     "bios_uuid": bios(uuid), "path": "dc/vm/" + name},
              "server": {"host": option("--server")}, "disks": [],
              "files": [{"file": name + ".bin", "size": len(data),
                         "sha256": hashlib.sha256(data).hexdigest()}],
              "skipped": [], "warnings": []}
    # A tool leaves no partial point when it is told to end: nor does this.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    partial = os.path.join(folder, "." + point + ".partial")
    os.mkdir(partial)
    with open(os.path.join(partial, name + ".bin"), "wb") as f:
        f.write(data)
    with open(os.path.join(partial, "backup.json"), "w") as f:
        json.dump(record, f)
    os.rename(partial, os.path.join(folder, point))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return point


def export():
    moid = operand().replace("moid:", "")
    note("log", TOOL + " " + moid)
    vm = find(moid)
    if vm is None:
        end(66, "moid:%s: no such VM" % moid)

    def failed(status, text):
        backup_doc(vm, status, text=text)
        end(status, text)

    words = read("do.%s.%s" % (TOOL, moid)) or read("do." + TOOL)
    if words and words[0] == "sleep":
        time.sleep(float(words[1]))
    elif words and words[0] == "nopoint":
        backup_doc(vm, 0, "%s_20000101_000000" % vm[0])
        end(0)
    elif words and words[0] == "stranger":
        backup_doc(vm, 0, make_point(vm, "52ffffff-0000-4000-8000-0"))
        end(0)
    elif words and words[0] == "climb":
        backup_doc(vm, 0, "../" + make_point(vm))
        end(0)
    elif words and words[0] in ("partial", "snapshot"):
        status = 3 if words[0] == "partial" else 75
        backup_doc(vm, status, make_point(vm), "so it was told",
                   "partial" if status == 3 else "warn")
        end(status, "so it was told")
    elif words and words[0] == "warn":
        backup_doc(vm, 0, make_point(vm), outcome="warn")
        end(0)
    elif words and words[0] == "late":
        make_point(vm)
        os.kill(os.getpid(), signal.SIGKILL)
    elif words:
        instead(words, failed)
    backup_doc(vm, 0, make_point(vm))
    end(0)


def verify():
    path = operand()
    point = os.path.basename(path)
    level = option("--level")
    note("log", "verify %s %s" % (level, point))

    def failed(status, text):
        out({"type": "verify", "path": path, "level": level,
             "outcome": "failed", "exit": status, "files":
             [{"file": "disk1.vmdk", "outcome": "failed", "reason": text}]})
        end(status, None if status == 1 else text)

    words = read("do.verify." + point.rsplit("_", 2)[0]) or read("do.verify")
    if words:
        instead(words, failed)
    out({"type": "verify", "path": path, "level": level, "outcome": "ok",
         "exit": 0, "files": []})
    end(0)


note("args", " ".join([ME] + ARGS))
if option("--password-fd") == "3":
    with os.fdopen(3) as f:
        note("secrets", f.readline().rstrip("\n"))
{"list": list_vms, "verify": verify}.get(TOOL, export)()
