#!/usr/bin/python3
"""The rounds of the bench of ranged reads over /folder; scripts/bench prepares
what they need.

usage: folder.py --work DIR --bin DIR --tools DIR --rounds N --json FILE
"""

import argparse
import os
import subprocess
import urllib.parse

import report
from host import Host, wait_task
from runner import Runner, say
from slowlink import link

OURS = "esxbk-export-vmdk"
CURL = "curl -o FILE, the same URL"
HASHED = "curl -o FILE; openssl dgst -sha256"
FAR = "  20 ms away, window of 1 MiB"
NEAR = "  20 ms away, window of 4 MiB"
RECEIVE = "receive (curl -o /dev/null)"
PARTS = [RECEIVE]
DELAY_S = 0.010  # each way
MIB = 1 << 20


class Bench(Runner):
    def __init__(self, args, host):
        super().__init__(args.work, args.tools, host.pid)
        self.args, self.host = args, host
        self.raw = os.path.join(args.work, "disks/bench.raw")
        self.port = int(host.address.rpartition(":")[2])
        self.path = None

    def prepare(self):
        """Both take the disk of a stopped VM: no snapshot comes between."""
        vm = self.host.find_vm("bench")
        wait_task(vm.PowerOffVM_Task())
        disk = next(d for d in vm.config.hardware.device if hasattr(d, "capacityInKB"))
        store, _, name = disk.backing.fileName.partition("] ")
        name = urllib.parse.quote(name.replace(".vmdk", "-flat.vmdk"))
        query = urllib.parse.urlencode({"dcPath": "ha-datacenter", "dsName": store.lstrip("[")})
        self.path = "/folder/%s?%s" % (name, query)

    def ours(self, name, port):
        took, text = self.run([
            os.path.join(self.args.bin, OURS), "-q", "-o", self.out, "-s", "localhost:%d" % port,
            "-u", self.host.user, "--password-file", os.environ["BENCH_PASSWORD_FILE"],
            "--thumbprint", self.host.thumbprint, "bench",
        ])
        self.note(name, took)
        (point,) = text.splitlines()
        flat = os.path.join(point, "bench-disk1-flat.vmdk")
        subprocess.run(["cmp", flat, self.raw], check=True)

    def curl(self, name, port, to=None, hashes=False):
        with open(os.environ["BENCH_PASSWORD_FILE"], encoding="utf-8") as f:
            user = "%s:%s" % (self.host.user, f.readline().rstrip("\n"))
        config = os.path.join(self.args.work, "curlrc")
        with open(config, "w", encoding="utf-8") as f:
            f.write('user = "%s"\n' % user)
        file = to or os.path.join(self.out, "disk")
        url = "https://localhost:%d%s" % (port, self.path)
        command = ["curl", "-sSf", "-K", config, "--cacert", self.host.cacert, "-o", file, url]
        if hashes:
            command = ["sh", "-c", '"$@" && openssl dgst -sha256 -r "$0"', file, *command]
        took, _ = self.run(command)
        self.note(name, took | {"bytes": os.stat(self.raw).st_size})
        if to is None:
            subprocess.run(["cmp", file, self.raw], check=True)
        return took["wall_s"]

    def direct(self):
        self.ours(OURS, self.port)
        self.curl(CURL, self.port)
        self.curl(HASHED, self.port, hashes=True)

    def delayed(self):
        for name, window in (FAR, MIB), (NEAR, 4 * MIB):
            with link(self.port, DELAY_S, window) as port:
                self.ours(name, port)
                wall = self.curl(name + ": curl", port)
            # No more than a window in each round trip: else it is no such link.
            if os.stat(self.raw).st_size / wall > 1.05 * window / (2 * DELAY_S):
                raise OSError("%s: curl was faster than that" % name.strip())

    def alone(self):
        self.curl(RECEIVE, self.port, "/dev/null")


def aims(m):
    return [
        report.wall_aim("on loopback: wall <= one curl and its digest", m[OURS], m[HASHED]["wall_s"]),
        report.wall_aim("20 ms, 1 MiB: wall <= 1/3 of one curl", m[FAR], m[FAR + ": curl"]["wall_s"] / 3),
        report.aim("peak memory", m[OURS]["peak_bytes"] / MIB, 32, "MiB"),
    ]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in "work", "bin", "tools", "json":
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    args = parser.parse_args()
    with Host(os.path.join(args.work, "host")) as host:
        bench = Bench(args, host)
        say("stopping the VM")
        bench.prepare()
        bench.rounds(args.rounds, [bench.direct, bench.delayed, bench.alone])
    report.tell(args, bench.runs, os.stat(bench.raw).st_size, aims, OURS, PARTS, data_part=RECEIVE)


main()
