#!/usr/bin/python3
"""Deploy exported VMs to a pretend host with pyVmomi.

usage: prove_deploy.py STATE-DIR SPEC-DIR PASSWORD
"""
import hashlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

state, spec, password = sys.argv[1:4]
with open(os.path.join(state, "host.json")) as f:
    host = json.load(f)
with open(os.path.join(spec, "disks.json")) as f:
    disks = json.load(f)
STREAM = "application/x-vnd.vmware-streamVmdk"


def check(ok, what):
    print("prove_deploy.py: %s%s" % ("" if ok else "FAILED: ", what), flush=True)
    if not ok:
        sys.exit(1)


def control(path, body=None):
    """Ask or tell the control socket."""
    c = http.client.HTTPConnection("host")
    c.sock = socket.socket(socket.AF_UNIX)
    c.sock.connect(host["control"])
    c.request("GET" if body is None else "POST", path, body)
    res = c.getresponse()
    text = res.read()
    if res.status != 200:
        check(False, "control %s: %s" % (path, text))
    return json.loads(text)


def connection(url):
    u = urllib.parse.urlsplit(url)
    port = u.port if u.port else host["port"]
    return http.client.HTTPSConnection("127.0.0.1", port, context=ssl._create_unverified_context(), timeout=60), u.path


def fetch(url, path):
    c, where = connection(url)
    c.request("GET", where)
    res = c.getresponse()
    with open(path, "wb") as out:
        for block in iter(lambda: res.read(1 << 20), b""):
            out.write(block)


def send(url, path, disk, chunked):
    """POST or PUT a file; gives status, size and digests."""
    c, where = connection(url)
    headers = {"Content-Type": STREAM} if disk else {"Overwrite": "t"}
    if not chunked:
        headers["Content-Length"] = str(os.path.getsize(path))
    with open(path, "rb") as body:
        # Without a length http.client sends chunks.
        c.request("POST" if disk else "PUT", where, body, headers)
    res = c.getresponse()
    res.read()
    return res.status


def digest(path, kind):
    h = hashlib.new(kind)
    with open(path, "rb") as f:
        for block in iter(lambda: f.read(1 << 20), b""):
            h.update(block)
    return h.hexdigest()


def ready(lease):
    while lease.state == "initializing":
        time.sleep(0.02)
    return lease.state


def export(si, vm, work):
    """The files of a stopped VM and its descriptor."""
    lease = vm.ExportVm()
    check(ready(lease) == "ready", "export of %s is ready" % vm.name)
    files = []
    for u in lease.info.deviceUrl:
        path = os.path.join(work, os.path.basename(urllib.parse.unquote(u.url)))
        fetch(u.url, path)
        files.append(vim.OvfManager.OvfFile(deviceId=u.key, path=os.path.basename(path), size=os.path.getsize(path)))
    cdp = vim.OvfManager.CreateDescriptorParams(ovfFiles=files, exportOption=["mac", "uuid", "extraconfig"])
    text = si.content.ovfManager.CreateDescriptor(vm, cdp).ovfDescriptor
    lease.HttpNfcLeaseComplete()
    return text


class Site:
    """Where new VMs go."""

    def __init__(self, si):
        dc = si.content.rootFolder.childEntity[0]
        self.folder = dc.vmFolder
        self.pool = dc.hostFolder.childEntity[0].resourcePool
        self.host = dc.hostFolder.childEntity[0].host[0]
        self.store = dc.datastore[0]
        self.networks = {n.name: n for n in dc.network}


def import_spec(si, site, text, name, networks, provisioning="thin"):
    cisp = vim.OvfManager.CreateImportSpecParams(
        entityName=name, diskProvisioning=provisioning,
        networkMapping=[vim.OvfManager.NetworkMapping(name=a, network=b) for a, b in networks.items()])
    return si.content.ovfManager.CreateImportSpec(text, site.pool, site.store, cisp)


def deploy(si, site, text, name, networks, work, chunked=False):
    res = import_spec(si, site, text, name, networks)
    check(not res.error and not res.warning, "import specification of %s" % name)
    lease = site.pool.ImportVApp(res.importSpec, site.folder, site.host)
    check(ready(lease) == "ready", "import of %s is ready" % name)
    urls = {u.importKey: u for u in lease.info.deviceUrl}
    lease.HttpNfcLeaseSetManifestChecksumType([vim.KeyValue(key=u.key, value="sha256") for u in urls.values()])
    sent = {}
    for item in res.fileItem:
        path = os.path.join(work, item.path)
        status = send(urls[item.deviceId].url, path, not item.create, chunked)
        check(status in (200, 201), "%s is taken" % item.path)
        sent[item.deviceId] = path
        lease.HttpNfcLeaseProgress(50)
    keys = {u.key: u.importKey for u in lease.info.deviceUrl}
    manifest = lease.HttpNfcLeaseGetManifest()
    check(len(manifest) == len(sent), "%d entries in the manifest" % len(manifest))
    for m in manifest:
        path = sent[keys[m.key]]
        check(m.size == os.path.getsize(path) and m.checksum == digest(path, "sha256"), "manifest of %s" % m.key)
    vm = lease.info.entity
    lease.HttpNfcLeaseComplete()
    check(lease.state == "done" and vm.name == name, "%s is there" % name)
    return vm


def same(path, source):
    subprocess.run(["qemu-img", "convert", "-f", "vmdk", "-O", "raw", path, path + ".raw"], check=True)
    done = subprocess.run(["qemu-img", "compare", "-f", "raw", "-F", "raw", path + ".raw", source], stdout=subprocess.PIPE)
    check(done.returncode == 0, "%s equals its source" % os.path.basename(path))


def names():
    return [v["name"] for v in control("/state")["vms"]]


def wait_gone(name):
    for _ in range(200):
        if name not in names():
            return True
        time.sleep(0.05)
    return False


def round_trip(si, site, vms, name, chunked):
    old = vms[name]
    source = [d for d in disks if d["vm"] == name][0]
    net = site.networks["VM Network"]
    with tempfile.TemporaryDirectory() as work:
        text = export(si, old, work)
        new = deploy(si, site, text, "copy of " + name, {n.name: net for n in old.network}, work, chunked)
        have = [type(d).__name__ for d in new.config.hardware.device]
        want = [type(d).__name__ for d in old.config.hardware.device]
        check(sorted(have) == sorted(want), "the copy of %s has the same devices" % name)
        check(new.config.firmware == old.config.firmware and new.config.instanceUuid != old.config.instanceUuid,
              "and the firmware, and an identity of its own")
        with tempfile.TemporaryDirectory() as again:
            export(si, new, again)
            for i, raw in enumerate(source["disks"]):
                same(os.path.join(again, "disk-%d.vmdk" % i), raw)
            for f in os.listdir(again):
                if f.endswith(".nvram"):
                    check(digest(os.path.join(again, f), "sha1") == digest(source["nvram"], "sha1"), "nvram came back")
        return text, new


def main():
    si = SmartConnect(host=host["host"], port=host["port"], user=host["user"], pwd=password, 
                      sslContext=ssl._create_unverified_context())
    site = Site(si)
    view = si.content.viewManager.CreateContainerView(si.content.rootFolder, [vim.VirtualMachine], True)
    vms = {v.name: v for v in view.view}
    before = names()
    for chunked, name in enumerate(["uefi01", "empty01", "iso01"]):
        round_trip(si, site, vms, name, bool(chunked))
    with tempfile.TemporaryDirectory() as work:
        text = export(si, vms["uefi01"], work)
        net = {"VM Network": site.networks["VM Network"]}
        for how in ("abort", "time-out", "reset"):
            name = "lost by " + how
            res = import_spec(si, site, text, name, net, "thick")
            lease = site.pool.ImportVApp(res.importSpec, site.folder, site.host)
            check(ready(lease) == "ready" and name in names(), "the VM of an open import is listed")
            if how == "abort":
                lease.HttpNfcLeaseAbort()
            elif how == "time-out":
                control("/set?lease-timeout=300ms", "")
            else:
                control("/fault", json.dumps({"kind": "upload-reset", "after_bytes": 70000}))
                try:
                    send(lease.info.deviceUrl[0].url, os.path.join(work, "disk-0.vmdk"), True, False)
                    check(False, "the connection is reset")
                except OSError as e:
                    check(True, "reset: %s" % e)
            check(wait_gone(name), "%s: the VM is gone" % how)
            check(lease.state == "error", "and the lease is in error")
            control("/set?lease-timeout=300s", "")
    check(sorted(names()) == sorted(before + ["copy of uefi01", "copy of empty01", "copy of iso01"]), "only what was asked for is there")
    Disconnect(si)
    with open(os.path.join(state, "events.jsonl")) as f:
        bad = [line for line in f if '"malformed"' in line or '"nfc-expect"' in line]
    check(not bad, "no malformed request%s" % "".join(bad))


main()
