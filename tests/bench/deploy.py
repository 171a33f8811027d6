#!/usr/bin/python3
"""The rounds of the bench of esxbk-deploy-ovf; scripts/bench prepares what
they need.

usage: deploy.py --work DIR --bin DIR --tools DIR --rounds N --json FILE
"""

import argparse
import json
import os
import shutil
import subprocess
import time

from pyVmomi import vim

import report
from host import Host, wait_task
from runner import Runner, say

DEPLOY = "esxbk-deploy-ovf"
OVA = "  an OVA on standard input"
SEND = "send (curl POST to a lease's URL)"
PARTS = [SEND, "digest", "inflate"]
MIB = 1 << 20
TYPE = "Content-Type: application/x-vnd.vmware-streamVmdk"


class Import:
    """A lease that waits for the disk, kept until its end without a sign of
    life: a round is shorter than its time-out."""

    def __init__(self, host, folder, name):
        self.host = host
        content = host.si.RetrieveContent()
        center = content.rootFolder.childEntity[0]
        compute = center.hostFolder.childEntity[0]
        with open(os.path.join(folder, "bench.ovf"), encoding="utf-8") as f:
            text = f.read()
        networks = [vim.OvfManager.NetworkMapping(name=n.name, network=n) for n in center.network]
        params = vim.OvfManager.CreateImportSpecParams(
            entityName=name, diskProvisioning="thin", networkMapping=networks
        )
        result = content.ovfManager.CreateImportSpec(text, compute.resourcePool, center.datastore[0], params)
        if result.error:
            raise OSError(result.error[0].localizedMessage)
        self.lease = compute.resourcePool.ImportVApp(result.importSpec, center.vmFolder)
        while self.lease.state == "initializing":
            time.sleep(0.05)
        if self.lease.state == "error":
            raise self.lease.error
        self.key, url = next((u.key, u.url) for u in self.lease.info.deviceUrl if u.disk)
        self.url = url.replace("*", host.address, 1)
        self.lease.HttpNfcLeaseSetManifestChecksumType([vim.KeyValue(key=self.key, value="sha256")])

    def digest(self):
        """Of what the host got."""
        (entry,) = self.lease.HttpNfcLeaseGetManifest()
        return entry.checksum

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.lease.HttpNfcLeaseAbort()


class Bench(Runner):
    def __init__(self, args, host):
        super().__init__(args.work, args.tools, host.pid)
        self.args, self.host = args, host
        self.folder = os.path.join(args.work, "point")
        self.stream = self.digest = None

    def tool(self, name, *arguments):
        to = ["-q", "-s", self.host.address, "-u", self.host.user, "--thumbprint", self.host.thumbprint]
        to += ["--password-file", os.environ["BENCH_PASSWORD_FILE"]]
        return [os.path.join(self.args.bin, name), *to, *arguments]

    def back_up(self):
        """The point that is restored."""
        self.run(self.tool("esxbk-export-ovf", "-o", self.out, "bench"))
        (point,) = (p.path for p in os.scandir(self.out) if p.is_dir())
        os.rename(point, self.folder)
        with open(os.path.join(self.folder, "backup.json"), encoding="utf-8") as f:
            (disk,) = json.load(f)["disks"]
        self.digest, self.stream = disk["sha256"], os.path.join(self.folder, disk["file"])

    def forget_uploads(self):
        """The host keeps them as they came."""
        shutil.rmtree(os.path.join(self.host.state, "uploads"))

    def deploy(self, name, source, stdin=None):
        took, _ = self.run(self.tool(DEPLOY, "--name", "copy", source), stdin=stdin)
        self.note(name, took)
        wait_task(self.host.find_vm("copy").Destroy_Task())
        self.forget_uploads()

    def ours(self):
        self.deploy(DEPLOY, self.folder)
        with subprocess.Popen(self.tar(), stdout=subprocess.PIPE) as tar:
            self.deploy(OVA, "-", tar.stdout)

    def tar(self):
        """Descriptor, manifest, disk."""
        names = ["bench.ovf", "bench.mf", os.path.basename(self.stream)]
        return ["tar", "--format=ustar", "-cf", "-", "-C", self.folder, *names]

    def curl(self):
        with Import(self.host, self.folder, "other") as lease:
            command = ["curl", "-sSf", "--cacert", self.host.cacert, "-X", "POST", "-T", self.stream]
            took, _ = self.run([*command, "-H", TYPE, "-H", "Expect:", lease.url])
            self.note(SEND, took)
            # Both have sent the same.
            if lease.digest() != self.digest:
                raise OSError("curl sent another disk")
        self.forget_uploads()

    def alone(self):
        self.parts(PARTS, self.stream)


def aims(m):
    own, parts = m[DEPLOY], sum(m[p]["cpu_s"] for p in PARTS)
    wall = max((parts + own["host_cpu_s"]) / 2, m[SEND]["wall_s"])
    return [
        report.aim("client CPU <= 1.15 x the parts", own["cpu_s"], 1.15 * parts, "s"),
        report.wall_aim("wall <= 1.25 x max((parts + host) / 2, curl)", own, 1.25 * wall),
        report.aim("peak memory", own["peak_bytes"] / MIB, 32, "MiB"),
    ]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in "work", "bin", "tools", "json":
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    args = parser.parse_args()
    with Host(os.path.join(args.work, "host")) as host:
        bench = Bench(args, host)
        say("making the backup")
        bench.back_up()
        bench.rounds(args.rounds, [bench.ours, bench.curl, bench.alone])
    report.tell(args, bench.runs, os.stat(bench.stream).st_size, aims, DEPLOY, PARTS)


main()
