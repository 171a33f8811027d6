#!/usr/bin/python3
"""The rounds of the bench of vmdk mode; scripts/bench prepares what they need.

usage: vmdk.py --work DIR --bin DIR --tools DIR --rounds N --json FILE
"""

import argparse
import os
import subprocess

import report
from runner import Runner

ONE = "raw to streamOptimized, 1 thread"
TWO = "raw to streamOptimized, 2 threads"
SMALL = "  256 MiB in a disk of 1 GiB"
LARGE = "  256 MiB in a disk of 64 GiB"
CONVERT = "qemu-img convert, streamOptimized"
PARTS = ["read", "deflate", "write"]
MIB = 1 << 20


class Bench(Runner):
    def __init__(self, args):
        super().__init__(args.work, args.tools)
        self.pack = os.path.join(args.tools, "pack")
        self.raw = os.path.join(args.work, "disks/bench.raw")
        self.stream = os.path.join(args.work, "stream.vmdk")
        self.small = os.path.join(args.work, "small.raw")
        self.large = os.path.join(args.work, "large.raw")
        self.to = os.path.join(self.out, "disk.vmdk")

    def scatter(self, path, gib):
        """The same data in 64 places of a sparse disk."""
        with open(self.raw, "rb") as data, open(path, "wb") as disk:
            disk.truncate(gib << 30)
            for i in range(64):
                disk.seek(i * (gib << 30) // 64)
                disk.write(data.read(4 * MIB))

    def prepare(self):
        self.scatter(self.small, 1)
        self.scatter(self.large, 64)
        subprocess.run([self.pack, self.raw, "2", self.stream], check=True)
        subprocess.run(["qemu-img", "compare", "-q", "-f", "raw", "-F", "vmdk", self.raw, self.stream], check=True)

    def measure(self, name, *command):
        took, _ = self.run([*command, self.to])
        self.note(name, took)

    def ours(self):
        self.measure(ONE, self.pack, self.raw, "1")
        self.measure(TWO, self.pack, self.raw, "2")
        self.measure(SMALL, self.pack, self.small, "2")
        self.measure(LARGE, self.pack, self.large, "2")

    def others(self):
        options = ["-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized"]
        self.measure(CONVERT, "qemu-img", "convert", *options, self.raw)

    def alone(self):
        self.parts(["read", "deflate"], "-z", self.raw)
        self.parts(["write"], self.stream, self.to)


def aims(m):
    parts = sum(m[p]["cpu_s"] for p in PARTS)
    peak = {name: m[name]["peak_bytes"] / MIB for name in (TWO, SMALL, LARGE)}
    return [
        report.wall_aim("two cores: wall <= 1/6 of qemu-img convert", m[TWO], m[CONVERT]["wall_s"] / 6),
        report.wall_aim("two cores: wall <= 0.6 x that of one thread", m[TWO], 0.6 * m[ONE]["wall_s"]),
        report.aim("CPU <= 1.15 x the parts", m[TWO]["cpu_s"], 1.15 * parts, "s"),
        report.aim("peak memory", peak[TWO], 12, "MiB"),
        report.aim("64 GiB: peak memory <= 1.1 x of 1 GiB", peak[LARGE], 1.1 * peak[SMALL], "MiB"),
        report.aim("64 GiB: CPU <= 1.2 x of 1 GiB", m[LARGE]["cpu_s"], 1.2 * m[SMALL]["cpu_s"], "s"),
    ]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    for name in "work", "bin", "tools", "json":
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--rounds", type=int, required=True)
    args = parser.parse_args()
    bench = Bench(args)
    bench.prepare()
    bench.rounds(args.rounds, [bench.ours, bench.others, bench.alone])
    size = os.stat(bench.stream).st_size
    report.tell(args, bench.runs, size, aims, TWO, PARTS, data_part="deflate")


main()
