#!/usr/bin/python3
"""The rounds of the bench of esxbk-verify; scripts/bench prepares what they
need.

usage: verify.py --work DIR --bin DIR --tools DIR --rounds N --json FILE
"""

import argparse
import hashlib
import os
import subprocess

import report
from runner import Runner, say

FILES = 4
HASH = "esxbk-verify --level hash -j 1"
HASH_2 = "esxbk-verify --level hash -j 2"
OPENSSL = "openssl dgst -sha256"
DEEP = "esxbk-verify --level deep -j 1"
CONVERT = "qemu-img convert -O raw"
SEVENZIP = "7zz t"
HUGE = "  a disk of 2 TiB, from a pipe"
PARTS = ["read", "digest", "inflate", "content"]
MIB = 1 << 20
OVF = """<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">
<References>%s</References>
<DiskSection><Info/>%s</DiskSection>
<VirtualSystem ovf:id="vm"><Info/></VirtualSystem>
</Envelope>
"""
FILE = '<File ovf:href="%s" ovf:id="f%d" ovf:size="%d"/>'
DISK = '<Disk ovf:diskId="d%d" ovf:fileRef="f%d" ovf:capacity="%d" ovf:format="streamOptimized"/>'


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


class Bench(Runner):
    def __init__(self, args):
        super().__init__(args.work, args.tools)
        self.verify = os.path.join(args.bin, "esxbk-verify")
        self.here = os.path.dirname(os.path.abspath(__file__))
        self.stream = os.path.join(args.work, "stream.vmdk")
        self.huge = os.path.join(args.work, "huge.vmdk")
        self.work = args.work
        self.raw = os.path.join(args.work, "disks/bench.raw")

    def make_streams(self):
        generate = os.path.join(self.here, "../malformed/generate")
        subprocess.run([generate, "--of", self.raw, self.stream], check=True)
        subprocess.run([generate, "--huge", self.huge], check=True)

    def package(self, name, count):
        """One disk under several names, so that it is in memory only once."""
        folder = os.path.join(self.work, name)
        disks = ["disk%d.vmdk" % i for i in range(count)]
        size, capacity = os.stat(self.stream).st_size, os.stat(self.raw).st_size
        files = "".join(FILE % (d, i, size) for i, d in enumerate(disks))
        text = OVF % (files, "".join(DISK % (i, i, capacity) for i in range(count)))
        os.mkdir(folder)
        for d in disks:
            os.link(self.stream, os.path.join(folder, d))
        with open(os.path.join(folder, "vm.ovf"), "w", encoding="ascii") as f:
            f.write(text)
        digest = sha256(self.stream)
        lines = ["SHA256(vm.ovf)= %s\n" % hashlib.sha256(text.encode()).hexdigest()]
        lines += ["SHA256(%s)= %s\n" % (d, digest) for d in disks]
        with open(os.path.join(folder, "vm.mf"), "w", encoding="ascii") as f:
            f.writelines(lines)

    def measure(self, name, command, **how):
        took, _ = self.run(command, **how)
        self.note(name, took)

    def check(self, name, level, jobs, path, **how):
        self.measure(name, [self.verify, "-q", "--level", level, "-j", str(jobs), path], **how)

    def digests(self):
        ovf = os.path.join(self.work, "several/vm.ovf")
        disks = [os.path.join(self.work, "several/disk%d.vmdk" % i) for i in range(FILES)]
        self.check(HASH, "hash", 1, ovf)
        self.check(HASH_2, "hash", 2, ovf)
        self.measure(OPENSSL, ["openssl", "dgst", "-sha256", *disks])
        self.measure("sha256sum", ["sha256sum", *disks])

    def grains(self):
        out = os.path.join(self.out, "disk.raw")
        self.check(DEEP, "deep", 1, os.path.join(self.work, "one/vm.ovf"))
        self.measure(CONVERT, ["qemu-img", "convert", "-f", "vmdk", "-O", "raw", self.stream, out])
        self.measure(SEVENZIP, ["7zz", "t", "-tvmdk", self.stream])
        self.parts(PARTS, self.stream)

    def memory(self):
        with subprocess.Popen(["cat", self.huge], stdout=subprocess.PIPE) as cat:
            self.check(HUGE, "deep", 1, "-", stdin=cat.stdout)


def aims(m):
    parts = sum(m[p]["cpu_s"] for p in PARTS)
    return [
        report.aim("hash: CPU <= 1.10 x openssl", m[HASH]["cpu_s"], 1.10 * m[OPENSSL]["cpu_s"], "s"),
        report.wall_aim("hash: wall of -j 2 <= 0.6 x that of -j 1", m[HASH_2], 0.6 * m[HASH]["wall_s"]),
        report.aim("deep: CPU <= 1.15 x the parts", m[DEEP]["cpu_s"], 1.15 * parts, "s"),
        report.wall_aim("deep: wall <= 0.5 x qemu-img convert", m[DEEP], 0.5 * m[CONVERT]["wall_s"]),
        report.wall_aim("deep: wall <= 7zz t", m[DEEP], m[SEVENZIP]["wall_s"]),
        report.aim("deep: peak memory, 2 TiB", m[HUGE]["peak_bytes"] / MIB, 16, "MiB"),
    ]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in "work", "bin", "tools", "json":
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    args = parser.parse_args()
    bench = Bench(args)
    say("making the streams")
    bench.make_streams()
    bench.package("one", 1)
    bench.package("several", FILES)
    bench.rounds(args.rounds, [bench.digests, bench.grains, bench.memory])
    note = "digests are of %d such files, all else is of one" % FILES
    report.tell(args, bench.runs, os.stat(bench.stream).st_size, aims, DEEP, PARTS, note)


main()
