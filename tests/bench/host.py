"""The pretend host as its clients see it: what a pyVmomi script does to get
at a VM's disks, but for the bytes; and the host's control socket."""

import contextlib
import http.client
import json
import os
import socket
import ssl
import threading
import time
import urllib.parse

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim


class Host:
    """A session on the host whose state folder this is."""

    def __init__(self, state):
        with open(os.path.join(state, "host.json"), encoding="utf-8") as f:
            told = json.load(f)
        with open(os.environ["BENCH_PASSWORD_FILE"], encoding="utf-8") as f:
            password = f.readline().rstrip("\n")
        self.state = state
        self.user, self.cacert, self.socket = told["user"], told["cacert"], told["control"]
        self.pid, self.thumbprint = told["pid"], "sha256:" + told["thumbprint_sha256"]
        self.address = "localhost:%d" % told["port"]
        self.tls = ssl.create_default_context(cafile=self.cacert)
        self.si = SmartConnect(
            host="localhost", port=told["port"], user=self.user, pwd=password, sslContext=self.tls
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        Disconnect(self.si)

    def find_vm(self, name):
        content = self.si.RetrieveContent()
        view = content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)
        try:
            return next(v for v in view.view if v.name == name)
        finally:
            view.DestroyView()

    def control(self, path, document=None):
        conn = http.client.HTTPConnection("host")
        conn.sock = socket.socket(socket.AF_UNIX)
        conn.sock.connect(self.socket)
        conn.request("POST", path, json.dumps(document or {}), {"Content-Type": "application/json"})
        reply = conn.getresponse()
        text = reply.read().decode()
        conn.close()
        if reply.status >= 300:
            raise OSError("%s: %s" % (path, text))

    @contextlib.contextmanager
    def with_waits(self):
        """As long as tasks and leases take on a real host that is idle."""
        self.control("/set?lease-init=300ms&task-queue=150ms&task-run=150ms")
        try:
            yield
        finally:
            self.control("/set?lease-init=0s&task-queue=0s&task-run=0s")

    @contextlib.contextmanager
    def limited(self, rate):
        self.control("/fault", {"kind": "slow", "vm": "bench", "bytes_per_second": rate, "times": 0})
        try:
            yield
        finally:
            self.control("/clear")


def wait_task(task):
    while task.info.state not in ("success", "error"):
        time.sleep(0.05)
    if task.info.state == "error":
        raise task.info.error
    return task.info.result


class Lease:
    """A lease on a snapshot of its own, kept alive."""

    def __init__(self, host, name):
        self.host = host
        self.snapshot = wait_task(host.find_vm(name).CreateSnapshot_Task("bench", "of the bench", False, False))
        self.lease = self.snapshot.ExportSnapshot()
        while self.lease.state == "initializing":
            time.sleep(0.05)
        if self.lease.state == "error":
            raise self.lease.error
        self.disks = [u for u in self.lease.info.deviceUrl if u.disk]
        self.stop = threading.Event()
        self.keeper = threading.Thread(target=self.keep_alive)
        self.keeper.start()

    def url(self, disk):
        """A host calls itself "*": its client knows better."""
        u = urllib.parse.urlsplit(disk.url)
        return u._replace(netloc=self.host.address).geturl() if u.hostname == "*" else disk.url

    def keep_alive(self):
        while not self.stop.wait(20):
            self.lease.HttpNfcLeaseProgress(50)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.keeper.join()
        self.lease.HttpNfcLeaseComplete()
        wait_task(self.snapshot.RemoveSnapshot_Task(False))
