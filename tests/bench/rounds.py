#!/usr/bin/python3
"""The rounds of the bench; scripts/bench prepares what they need.

usage: rounds.py --work DIR --bin DIR --tools DIR --rounds N --json FILE
"""

import argparse
import json
import os
import shlex
import subprocess

import report
from host import Host, Lease
from runner import Runner, say

LIMIT = 120_000_000  # bytes a second
HASHED = (
    ("curl -o FILE; openssl dgst -sha256", '%s -o "$0" && openssl dgst -sha256 -r "$0"'),
    ("curl | tee FILE | openssl dgst -sha256", '%s | tee "$0" | openssl dgst -sha256 -r'),
    ("curl | tee FILE | sha256sum", '%s | tee "$0" | sha256sum'),
)


class Bench(Runner):
    def __init__(self, args, host):
        super().__init__(args.work, args.tools, host.pid)
        self.args = args
        self.host = host
        self.here = os.path.dirname(os.path.abspath(__file__))
        self.stream = os.path.join(args.work, "stream.vmdk")
        self.file = os.path.join(self.out, "disk.vmdk")
        self.digest = None

    def measure(self, name, command, hashes=False):
        took, text = self.run(command)
        self.note(name, took)
        # Whoever hashes must have got the same bytes.
        if hashes and text.split()[0] != self.digest:
            raise OSError("%s got another disk" % name)

    def export(self, vm, *options):
        to = ["-o", self.out, "-s", self.host.address, "-u", self.host.user]
        to += ["--password-file", os.environ["BENCH_PASSWORD_FILE"], "--thumbprint", self.host.thumbprint]
        return [os.path.join(self.args.bin, report.ESXBK), "-q", *to, *options, vm]

    def curl(self, url, *options):
        return ["curl", "-sSf", "--cacert", self.host.cacert, *options, url]

    def script(self, interpreter, name):
        return [*interpreter, os.path.join(self.here, name), self.host.state, "bench", self.out]

    def warm_up(self):
        """The host makes each stream once, for the first who asks."""
        self.run(self.export("pair"))
        self.run(self.export("bench"))
        (point,) = (p.path for p in os.scandir(self.out) if p.is_dir())
        with open(os.path.join(point, "backup.json"), encoding="utf-8") as f:
            (disk,) = json.load(f)["disks"]
        self.digest = disk["sha256"]
        os.rename(os.path.join(point, disk["file"]), self.stream)

    def ours(self):
        self.measure(report.ESXBK, self.export("bench"))
        with self.host.with_waits():
            self.measure(report.WAITS, self.export("bench"))
        self.measure(report.PAIR, self.export("pair", "-j", "2"))

    def curls(self):
        with Lease(self.host, "bench") as lease:
            url = lease.url(lease.disks[0])
            self.measure(report.RECEIVE, self.curl(url, "-o", "/dev/null"))
            self.measure(report.CURL, self.curl(url, "-o", self.file))
            for name, script in HASHED:
                self.measure(name, ["sh", "-c", script % shlex.join(self.curl(url)), self.file], True)

    def scripts(self):
        self.measure("pyVmomi and SHA-256", self.script(["/usr/bin/python3", "-B"], "export.py"), True)
        self.measure("rbvmomi and SHA-256", self.script(["/usr/bin/ruby"], "export.rb"), True)

    def alone(self):
        self.parts(report.PARTS, self.stream, self.file)

    def limited(self):
        with self.host.limited(LIMIT):
            self.measure(report.LIMITED, self.export("bench"))
            with Lease(self.host, "bench") as lease:
                self.measure(report.LIMITED_CURL, self.curl(lease.url(lease.disks[0]), "-o", self.file))

    def is_limit_kept(self):
        """A machine that is slower than the limit would tell nothing."""
        with self.host.limited(LIMIT), Lease(self.host, "bench") as lease:
            command = self.curl(lease.url(lease.disks[0]), "-o", "/dev/null", "-w", "%{speed_download}", "-m", "2")
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        return float(done.stdout) > LIMIT * 0.8

    def all_rounds(self):
        steps = [self.ours, self.curls, self.scripts, self.alone]
        if self.is_limit_kept():
            steps.append(self.limited)
        else:
            say("the host does not get to %d MB/s: no runs with that limit" % (LIMIT // 1_000_000))
        self.rounds(self.args.rounds, steps)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in "work", "bin", "tools", "json":
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    args = parser.parse_args()
    with Host(os.path.join(args.work, "host")) as host:
        bench = Bench(args, host)
        say("warming up: the host makes its streams")
        bench.warm_up()
        bench.all_rounds()
    size = os.stat(bench.stream).st_size
    report.tell(args, bench.runs, size, lambda m: report.aims(m, size, LIMIT), report.ESXBK, report.PARTS)


main()
