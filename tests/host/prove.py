#!/usr/bin/python3
"""Drive a pretend host with pyVmomi: the client VMware wrote itself.

usage: prove.py STATE-DIR SPEC-DIR PASSWORD

Backs up two VMs the long way and compares every byte with the source.  Ends
with 1 at the first thing that is not as it should be.
"""
import hashlib
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import http.client

from pyVim.connect import SmartConnect, Disconnect
from pyVmomi import vim, vmodl

state, spec, password = sys.argv[1:4]
host = json.load(open(os.path.join(state, "host.json")))
disks = json.load(open(os.path.join(spec, "disks.json")))
insecure = ssl._create_unverified_context()


def check(ok, what):
    if not ok:
        print("prove.py: FAILED: " + what)
        sys.exit(1)
    print("prove.py: " + what)


def connect(pw):
    return SmartConnect(host=host["host"], port=host["port"], user=host["user"], pwd=pw, sslContext=insecure)


def list_vms(si):
    """All VMs by paged calls; names as the server writes them."""
    content = si.RetrieveContent()
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    pc = content.propertyCollector
    walk = vmodl.query.PropertyCollector.TraversalSpec(name="view", path="view", skip=False, type=vim.view.ContainerView)
    fspec = vmodl.query.PropertyCollector.FilterSpec(
        objectSet=[vmodl.query.PropertyCollector.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
        propSet=[vmodl.query.PropertyCollector.PropertySpec(
            type=vim.VirtualMachine, pathSet=["name", "config.uuid", "runtime.powerState"])])
    res = pc.RetrievePropertiesEx([fspec], vmodl.query.PropertyCollector.RetrieveOptions())
    found, pages = list(res.objects), 1
    while res.token:
        res = pc.ContinueRetrievePropertiesEx(res.token)
        found += res.objects
        pages += 1
    view.DestroyView()
    return found, pages


def wait_task(task):
    states = []
    end = time.time() + 30
    while time.time() < end:
        info = task.info
        if not states or states[-1] != info.state:
            states.append(info.state)
        if info.state == "success":
            return info.result, states
        if info.state == "error":
            raise info.error
        time.sleep(0.02)
    check(False, "the task ends in time")


def fetch(url, thumbprint, path):
    """One GET straight to the host that has the disks."""
    u = urllib.parse.urlsplit(url)
    to = (host["host"], host["port"]) if u.hostname == "*" else ("127.0.0.1", u.port)
    tls = insecure.wrap_socket(socket.create_connection(to), server_hostname=u.hostname.replace("*", "localhost"))
    if thumbprint:
        got = hashlib.sha1(tls.getpeercert(True)).hexdigest().upper()
        check(thumbprint.replace(":", "") == got, "the lease tells the right thumbprint")
    conn = http.client.HTTPSConnection("unused", context=insecure)
    conn.sock = tls
    conn.request("GET", u.path)
    res = conn.getresponse()
    check(res.status == 200 and res.getheader("Content-Length") is None, "GET %s is chunked" % u.path.split("/")[-1])
    one, two, size = hashlib.sha1(), hashlib.sha256(), 0
    with open(path, "wb") as f:
        while True:
            b = res.read(1 << 20)
            if not b:
                break
            one.update(b)
            two.update(b)
            size += len(b)
            f.write(b)
    return {"sha1": one.hexdigest(), "sha256": two.hexdigest(), "size": size}


def keep_alive(lease, stop):
    while not stop.wait(0.3):
        lease.HttpNfcLeaseProgress(50)


def wait_lease(lease):
    seen = []
    for _ in range(200):
        s = lease.state
        if not seen or seen[-1] != s:
            seen.append(s)
        if s == "ready":
            return seen
        if s == "error":
            raise lease.error
        time.sleep(0.02)
    check(False, "the lease becomes ready")


def compare(file, source):
    raw = file + ".raw"
    subprocess.run(["qemu-img", "convert", "-f", "vmdk", "-O", "raw", file, raw], check=True)
    # qemu-img writes whole sectors of the capacity, which is the raw size.
    done = subprocess.run(["qemu-img", "compare", "-f", "raw", "-F", "raw", raw, source], stdout=subprocess.PIPE)
    check(done.returncode == 0, "%s equals its source" % os.path.basename(file))


def backup(si, vm, sources, snapshot, sha, work):
    """Download all files of a lease and check them against everything."""
    if snapshot:
        lease = snapshot.ExportSnapshot()
    else:
        lease = vm.ExportVm()
    states = wait_lease(lease)
    check(states[-1] == "ready", "lease went %s" % " -> ".join(states))
    info = lease.info
    urls = [u for u in info.deviceUrl if u.targetId]
    if sha == "sha256":
        lease.HttpNfcLeaseSetManifestChecksumType([vim.KeyValue(key=u.key, value=sha) for u in urls])
    stop = threading.Event()
    keeper = threading.Thread(target=keep_alive, args=(lease, stop))
    keeper.start()
    files = []
    try:
        got = {}
        n = 0
        for u in urls:
            path = os.path.join(work, os.path.basename(urllib.parse.unquote(u.url)))
            got[u.key] = fetch(u.url, u.sslThumbprint, path)
            files.append(vim.OvfManager.OvfFile(deviceId=u.key, path=os.path.basename(path), size=got[u.key]["size"]))
            if u.disk:
                compare(path, sources[n])
                n += 1
            else:
                check(u.fileSize == got[u.key]["size"], "%s has the size the lease told" % u.targetId)
        check(n == len(sources), "%d disks" % n)
        for m in lease.HttpNfcLeaseGetManifest():
            mine = got[m.key]
            theirs = m.checksum if sha == "sha256" else m.sha1
            check(m.size == mine["size"] and theirs == mine[sha], "manifest of %s (%s)" % (m.key, sha))
    finally:
        stop.set()
        keeper.join()
    descriptor(si, vm, snapshot, files, work)
    lease.HttpNfcLeaseComplete()
    check(lease.state == "done", "lease done")


def descriptor(si, vm, snapshot, files, work):
    m = si.content.ovfManager
    options = [o.option for o in m.ovfExportOption]
    check({"mac", "uuid", "extraconfig"} <= set(options), "export options %s" % " ".join(options))
    cdp = vim.OvfManager.CreateDescriptorParams(ovfFiles=files, name="proof", exportOption=["mac", "uuid", "extraconfig"])
    if snapshot:
        cdp.snapshot = snapshot
    res = m.CreateDescriptor(vm, cdp)
    check(not res.error, "descriptor without errors")
    path = os.path.join(work, "proof.ovf")
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(res.ovfDescriptor)
    subprocess.run(["xmllint", "--noout", path], check=True)
    for f in files:
        check('ovf:href="%s"' % f.path in res.ovfDescriptor and 'ovf:size="%d"' % f.size in res.ovfDescriptor,
              "descriptor lists %s" % f.path)


def refused(fault, what, call):
    try:
        call()
    except fault:
        check(True, what)
        return
    check(False, what)


def main():
    refused(vim.fault.InvalidLogin, "a wrong password is refused", lambda: connect("wrong"))
    si = connect(password)
    check(si.content.about.apiType == ("VirtualCenter" if host["flavor"] == "vcenter" else "HostAgent"),
          "product %s" % si.content.about.fullName)
    found, pages = list_vms(si)
    check(len(found) == len(disks), "%d VMs in %d pages" % (len(found), pages))
    check(pages > 1, "the list was paged")
    byuuid = {[p.val for p in o.propSet if p.name == "config.uuid"][0]: o.obj for o in found}
    vm_of = {d["uuid"]: byuuid[d["uuid"]] for d in disks}
    named = {d["vm"]: d for d in disks}

    db = named["db01"]
    vm = vm_of[db["uuid"]]
    check(vm.name == "db01" and vm.runtime.powerState == "poweredOn", "db01 runs")
    refused(vim.fault.InvalidPowerState, "ExportVm of a running VM is refused", vm.ExportVm)
    snap, states = wait_task(vm.CreateSnapshot_Task("proof 100%25", "made by prove.py", False, True))
    check(states[-1] == "success" and len(states) > 1, "snapshot task went %s" % " -> ".join(states))
    tree = vm.snapshot.rootSnapshotList[0]
    check(tree.name == "proof 100%25" and tree.quiesced, "the snapshot is there, quiesced")
    backing = [d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk)][0].backing
    check(backing.fileName.endswith("-000001.vmdk") and backing.parent is not None, "live file is %s" % backing.fileName)
    with tempfile.TemporaryDirectory() as work:
        backup(si, vm, db["disks"], snap, "sha256", work)
    wait_task(snap.RemoveSnapshot_Task(False, True))
    check(vm.snapshot is None and not vm.runtime.consolidationNeeded, "the snapshot is gone")

    uefi = named["uefi01"]
    vm = vm_of[uefi["uuid"]]
    with tempfile.TemporaryDirectory() as work:
        backup(si, vm, uefi["disks"], None, "sha1", work)
        got = [f for f in os.listdir(work) if f.endswith(".nvram")][0]
        with open(os.path.join(work, got), "rb") as a, open(uefi["nvram"], "rb") as b:
            check(a.read() == b.read(), "nvram equals its source")

    index = si.content.searchIndex
    check(index.FindAllByUuid(None, db["uuid"], True, False)[0]._moId == vm_of[db["uuid"]]._moId, "found by uuid")
    dc = si.content.rootFolder.childEntity[0].name
    check(index.FindByInventoryPath(dc + "/vm/slash%2fin name") is not None, "found by path")
    check(index.FindByInventoryPath(dc + "/vm/nothing") is None, "not found by path")
    Disconnect(si)
    with open(os.path.join(state, "events.jsonl")) as f:
        bad = [line for line in f if '"malformed"' in line]
    check(not bad, "no malformed request%s" % "".join(bad))


main()
