#!/usr/bin/python3
"""Read a pretend host's datastores with pyVmomi, curl, wget and qemu-img.

usage: prove_folder.py STATE-DIR SPEC-DIR PASSWORD

Every byte is compared with the source: of a stopped VM, and of the base under
a snapshot while the guest writes.
"""
import concurrent.futures
import filecmp
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import vim

state, spec, password = sys.argv[1:4]
with open(os.path.join(state, "host.json")) as f:
    host = json.load(f)
with open(os.path.join(spec, "disks.json")) as f:
    disks = {d["vm"]: d["disks"] for d in json.load(f)}
PIECE = 3 << 20
tls = ssl._create_unverified_context()


def check(ok, what):
    print("prove_folder.py: %s%s" % ("" if ok else "FAILED: ", what), flush=True)
    if not ok:
        sys.exit(1)


def control(path, body=b""):
    """Tell the control socket."""
    c = http.client.HTTPConnection("host")
    c.sock = socket.socket(socket.AF_UNIX)
    c.sock.connect(host["control"])
    c.request("POST", path, body)
    res = c.getresponse()
    text = res.read()
    check(res.status == 200, "control %s: %s" % (path, res.status))
    return text


def find(content, name):
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
    found = [v for v in view.view if v.name == name]
    view.DestroyView()
    check(len(found) == 1, "there is a VM %s" % name)
    return found[0]


def datacenter(content, obj):
    """The inventory path that dcPath wants."""
    names, at = [], obj.parent
    while at is not None and at != content.rootFolder:
        if isinstance(at, vim.Datacenter) or names:
            names.insert(0, at.name)
        at = at.parent
    return "/".join(names)


def twice(text):
    return urllib.parse.quote(urllib.parse.quote(text, safe=""), safe="")


def address(content, vm, name):
    """The path of "[datastore] folder/file", every name encoded twice."""
    store, path = name[1:].split("] ", 1)
    return "/folder/%s?dcPath=%s&dsName=%s" % (
        "/".join(twice(s) for s in path.split("/")), twice(datacenter(content, vm)), twice(store))


def flat(disk):
    """The file of the first link of a disk's chain."""
    b = disk.backing
    while getattr(b, "parent", None):
        b = b.parent
    return b.fileName[:-len(".vmdk")] + "-flat.vmdk"


def url(where):
    return "https://%s:%d%s" % (host["host"], host["port"], where)


def ask(where, cookie, method="GET", **headers):
    c = http.client.HTTPSConnection(host["host"], host["port"], context=tls, timeout=60)
    c.request(method, where, headers=dict({"Cookie": cookie} if cookie else {}, **headers))
    res = c.getresponse()
    body = res.read()
    c.close()
    return res, body


def pieces(where, cookie, size, to):
    """Four connections that stay open, each with every fourth range."""
    def line(n):
        c = http.client.HTTPSConnection(host["host"], host["port"], context=tls, timeout=60)
        sock = None
        with open(to, "r+b") as out:
            for at in range(n * PIECE, size, 4 * PIECE):
                end = min(at + PIECE, size) - 1
                c.request("GET", where, headers={"Cookie": cookie, "Range": "bytes=%d-%d" % (at, end)})
                res = c.getresponse()
                if res.status != 206 or res.getheader("Content-Range") != "bytes %d-%d/%d" % (at, end, size):
                    return "%s %s" % (res.status, res.getheader("Content-Range"))
                body = res.read()
                if len(body) != end - at + 1 or sock not in (None, c.sock):
                    return "a short range, or a new connection"
                sock = c.sock
                out.seek(at)
                out.write(body)
        return ""
    with open(to, "wb") as out:
        out.truncate(size)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return [e for e in pool.map(line, range(4)) if e]


def tools(where, cookie, raw, tmp):
    """Other people's programs get the same."""
    out = os.path.join(tmp, "tool")
    for name, command in (
            ("curl with a password", ["curl", "-sSfk", "-u", host["user"] + ":" + password, "-o", out, url(where)]),
            ("curl with the cookie", ["curl", "-sSfk", "-H", "Cookie: " + cookie, "-o", out, url(where)]),
            ("wget", ["wget", "-q", "--no-check-certificate", "--header", "Cookie: " + cookie, "-O", out, url(where)])):
        subprocess.run(command, check=True, timeout=120)
        check(filecmp.cmp(out, raw, False), "%s gets the disk" % name)
    with open(out, "r+b") as f:
        f.truncate(1000001)
    subprocess.run(["curl", "-sSfk", "-C", "-", "-H", "Cookie: " + cookie, "-o", out, url(where)], check=True, timeout=120)
    check(filecmp.cmp(out, raw, False), "curl goes on where it stopped")
    image = {"driver": "raw", "file": {"driver": "https", "url": url(where), "cookie": cookie, "sslverify": "off"}}
    got = subprocess.run(["qemu-img", "compare", "json:" + json.dumps(image), "json:" + json.dumps(
        {"driver": "raw", "file": {"driver": "file", "filename": raw}})], stdout=subprocess.PIPE, timeout=300)
    check(b"Images are identical" in got.stdout, "qemu-img reads it in ranges")


def stopped(content, cookie, tmp):
    vm = find(content, "uefi01")
    disk = [d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk)][0]
    where, raw, to = address(content, vm, flat(disk)), disks["uefi01"][0], os.path.join(tmp, "stopped")
    res, _ = ask(where, cookie, "HEAD")
    check(int(res.getheader("Content-Length")) == disk.capacityInBytes, "HEAD tells the disk's capacity")
    check(pieces(where, cookie, disk.capacityInBytes, to) == [], "four connections take turns")
    check(filecmp.cmp(to, raw, False), "what they got is the disk")
    tools(where, cookie, raw, tmp)
    for what, status, cook, head in (
            ("no login", 401, None, {}), ("a wrong password", 401, None, {"Authorization": "Basic cm9vdDp4"}),
            ("a cookie without its quotes", 401, cookie.replace('"', ""), {}),
            ("a range past the end", 416, cookie, {"Range": "bytes=%d-" % disk.capacityInBytes})):
        res, _ = ask(where, cook, **head)
        check(res.status == status, "%s: %d" % (what, status))
    files = {f.name for f in vm.layoutEx.file}
    for end in (".vmx", ".vmdk", ".nvram", ".vmsd"):
        name = vm.config.files.vmPathName[:-len(".vmx")] + end
        res, body = ask(address(content, vm, name), cookie)
        size = [f.size for f in vm.layoutEx.file if f.name == name]
        check(name in files and res.status == 200 and [len(body)] == size, "%s is there as layoutEx says" % name)


def running(content, cookie, tmp, name, encoding):
    """The base under a snapshot, while the guest writes."""
    vm = find(content, name)
    disk = [d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk)][0]
    where, raw = address(content, vm, flat(disk)), disks[name][0]
    check(ask(where, cookie)[0].status == 500, "%s: the live disk is locked" % name)
    before, to = os.path.join(tmp, "before"), os.path.join(tmp, "got")
    subprocess.run(["cp", "--sparse=always", raw, before], check=True, timeout=60)
    WaitForTask(vm.CreateSnapshot("prove", "by prove_folder.py", False, False))
    for at in (0, 100000, disk.capacityInBytes - 4096):
        control("/write?vm=%s&disk=0&offset=%d" % (urllib.parse.quote(name), at), os.urandom(4096))
    check(not filecmp.cmp(raw, before, False), "%s: the guest wrote" % name)
    check(pieces(where, cookie, disk.capacityInBytes, to) == [], "%s: the base can be read now" % name)
    check(filecmp.cmp(to, before, False), "%s: it is what it was at the snapshot" % name)
    top = [d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk)][0].backing.fileName
    delta = top[:-len(".vmdk")] + "-sesparse.vmdk"
    check(top.endswith("-000001.vmdk") and ask(address(content, vm, delta), cookie)[0].status == 500, "%s: the delta is locked" % name)
    if encoding:
        once = where.replace("%25", "%")
        check(ask(once, cookie)[0].status == 404, "%s: encoded once there is no such file" % name)
    WaitForTask(vm.snapshot.rootSnapshotList[0].snapshot.RemoveSnapshot_Task(True, True))
    check(ask(where, cookie)[0].status == 500, "%s: locked again" % name)
    with open(before, "rb") as old, open(raw, "r+b") as f:
        f.write(old.read())


def main():
    si = SmartConnect(host=host["host"], port=host["port"], user=host["user"], pwd=password, sslContext=tls)
    content = si.RetrieveContent()
    cookie = si._stub.cookie.split(";")[0]
    with tempfile.TemporaryDirectory() as tmp:
        stopped(content, cookie, tmp)
        running(content, cookie, tmp, "prod-web", False)
        running(content, cookie, tmp, "a+b", True)
        vm = find(content, "rdm01")
        rdm = [d for d in vm.config.hardware.device if isinstance(d, vim.vm.device.VirtualDisk)][1]
        check(ask(address(content, vm, flat(rdm)), cookie)[0].status == 404, "an RDM has no flat file")
    Disconnect(si)
    where = "/folder/uefi01/uefi01.vmx?dcPath=%s&dsName=datastore1" % twice("ha-datacenter" if host["flavor"] == "esxi" else "Lab")
    check(ask(where, cookie)[0].status == 401, "after the logout the cookie is worth nothing")


main()
