"""Makes a repository of small points: python3 repo.py REPO [OPTION]...

	--vms N         VMs named --name %d, from 1
	--points N      of each, the newest at --last, one each --step hours
	--full-every N  every Nth is a full, the others are incrementals
	--size BYTES    of a full's disk in its record; a tenth of it is an
			incremental's
	--plan NAME     else by hand
	--disk BYTES    of the file that is really there (0: none)
	--number N      the first VM's number, by which its uuids are made

A point that is there already is left alone, so that a story can call this
again for the next night.  Prints nothing.
"""
import argparse
import datetime
import hashlib
import json
import os

DISK = "%s-disk1.vmdk"


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("repo")
    p.add_argument("--vms", type=int, default=1)
    p.add_argument("--points", type=int, default=1)
    p.add_argument("--name", default="vm%04d")
    p.add_argument("--last", default="2026-11-23T02:00:00Z")
    p.add_argument("--step", type=float, default=24)
    p.add_argument("--full-every", type=int, default=1)
    p.add_argument("--size", type=int, default=10 << 30)
    p.add_argument("--plan")
    p.add_argument("--mode", default="ovf")
    p.add_argument("--disk", type=int, default=0)
    p.add_argument("--number", type=int, default=1)
    p.add_argument("--folder", default="")
    return p.parse_args()


def devices():
    kinds = ["IDEController", "PS2Controller", "PCIController",
             "SIOController", "Keyboard", "PointingDevice",
             "MachineVideoCard", "MachineVMCIDevice", "Disk", "Vmxnet3"]
    return [{"key": 200 + i, "type": "Virtual" + kind, "label": kind,
             "controller": 100, "unit": i} for i, kind in enumerate(kinds)]


def record(a, number, vm, point, parent, when, disk):
    iso = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    end = (when + datetime.timedelta(minutes=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "schema": "esxbk.backup/1", "tool": "esxbk 0.1.0", "point": point,
        "kind": "full" if parent is None else "inc", "mode": a.mode,
        "parent": parent, "plan": a.plan,
        "run": when.strftime("%Y%m%d_%H%M%S-8c638bd2"), "time": iso,
        "times": {"started": iso, "snapshot": iso, "transfer_start": iso,
                  "transfer_end": end},
        "vm": {"name": vm, "moid": str(number),
               "instance_uuid": "52de%04x-0000-4000-8000-%012d"
               % (number, number),
               "bios_uuid": "564d%04x-0000-4000-8000-%012d"
               % (number, number),
               "path": "ha-datacenter/vm/" + vm},
        "server": {"host": "esx1.lab.test", "product": "VMware ESXi 7.0.3",
                   "version": "7.0.3.0", "instance_uuid": "",
                   "fingerprint": "sha256:" + "72" * 32},
        "quiesce": {"asked": "try", "achieved": True},
        "disks": [{"key": 2000, "label": "Hard disk 1",
                   "capacity": 4 * a.size, "file": DISK % vm,
                   "size": a.size if parent is None else a.size // 10,
                   "sha256": hashlib.sha256(disk).hexdigest(),
                   "content_sha256": "d4" * 32, "cid": "7c7373d3",
                   "host_check": "verified", "mode": "persistent",
                   "uuid": "6000C290-0000-4000-8000-000000000010",
                   "backing": "VirtualDiskFlatVer2BackingInfo",
                   "datastore_path": "[datastore1] %s/%s.vmdk" % (vm, vm),
                   "change_id": "52 0c ee 58 d6 b4 31 af/1"}],
        "files": [], "skipped": [], "warnings": [],
        "config": {"hardware": "vmx-19", "guest": "Debian GNU/Linux 11",
                   "firmware": "bios", "power": "poweredOn",
                   "template": False, "encrypted": False, "vtpm": False,
                   "networks": [{"key": 4000, "label": "Network adapter 1",
                                 "type": "VirtualVmxnet3",
                                 "mac": "00:50:56:8b:fd:81",
                                 "network": "VM Network"}],
                   "devices": devices()}}


def write(path, data):
    with open(path, "wb") as f:
        f.write(data)
    os.chmod(path, 0o444)


def make_point(a, folder, number, vm, when, parent):
    point = vm + when.strftime("_%Y%m%d_%H%M%S")
    path = os.path.join(folder, point)
    if os.path.exists(path):
        return point
    os.mkdir(path)
    disk = os.urandom(a.disk)
    ovf = (b"<Envelope xmlns='http://schemas.dmtf.org/ovf/envelope/1'/>\n")
    if a.disk > 0:
        write(os.path.join(path, DISK % vm), disk)
        write(os.path.join(path, vm + ".ovf"), ovf)
        write(os.path.join(path, vm + ".mf"), "".join(
            "SHA256(%s)= %s\n" % (name, hashlib.sha256(data).hexdigest())
            for name, data in ((vm + ".ovf", ovf), (DISK % vm, disk)))
            .encode())
    write(os.path.join(path, "backup.json"), (json.dumps(record(
        a, number, vm, point, parent, when, disk), indent=2) + "\n").encode())
    return point


def main():
    a = parse()
    last = datetime.datetime.strptime(a.last, "%Y-%m-%dT%H:%M:%SZ")
    for i in range(a.number, a.number + a.vms):
        vm = a.name % i if "%" in a.name else a.name
        folder = os.path.join(a.repo, a.folder or vm)
        os.makedirs(folder, exist_ok=True)
        before = None
        for n in range(a.points):
            when = last - datetime.timedelta(
                hours=a.step * (a.points - 1 - n))
            full = n % a.full_every == 0
            before = make_point(a, folder, i, vm, when,
                                None if full else before)


main()
