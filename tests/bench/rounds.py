#!/usr/bin/python3
"""The rounds of the bench; scripts/bench prepares what they need.

usage: rounds.py --work DIR --bin DIR --tools DIR --rounds N --json FILE
"""

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import time

import report
from host import Host, Lease

LIMIT = 120_000_000  # bytes a second
HASHED = (
    ("curl -o FILE; openssl dgst -sha256", '%s -o "$0" && openssl dgst -sha256 -r "$0"'),
    ("curl | tee FILE | openssl dgst -sha256", '%s | tee "$0" | openssl dgst -sha256 -r'),
    ("curl | tee FILE | sha256sum", '%s | tee "$0" | sha256sum'),
)


def ticks(fields):
    return sum(map(int, fields)) / os.sysconf("SC_CLK_TCK")


def busy_cpu():
    """All that all processes took on all cores."""
    with open("/proc/stat", encoding="ascii") as f:
        user, nice, system, _, _, irq, soft = f.readline().split()[1:8]
    return ticks([user, nice, system, irq, soft])


class Bench:
    def __init__(self, args, host):
        self.args = args
        self.host = host
        self.here = os.path.dirname(os.path.abspath(__file__))
        self.out = os.path.join(args.work, "out")
        self.stream = os.path.join(args.work, "stream.vmdk")
        self.file = os.path.join(self.out, "disk.vmdk")
        self.digest = None
        self.runs = {}

    def host_cpu(self):
        with open("/proc/%d/stat" % self.host.pid, encoding="utf-8") as f:
            return ticks(f.read().rsplit(")", 1)[1].split()[11:13])

    def run(self, command):
        """One run into an empty folder: what it took and its output."""
        shutil.rmtree(self.out, ignore_errors=True)
        os.mkdir(self.out)
        there, back = os.pipe()
        tool = [os.path.join(self.args.tools, "measure"), str(back)]
        host, busy = self.host_cpu(), busy_cpu()
        done = subprocess.run(tool + command, pass_fds=[back], stdout=subprocess.PIPE, text=True, check=True)
        host, busy = self.host_cpu() - host, busy_cpu() - busy
        os.close(back)
        with open(there, encoding="ascii") as f:
            status, wall, user, system, peak = f.read().split()
        if status != "0":
            raise OSError("status %s: %s" % (status, shlex.join(command)))
        took = {"wall_s": float(wall), "cpu_s": float(user) + float(system), "host_cpu_s": host}
        took["peak_bytes"] = int(peak) * 1024
        took["others_cpu_s"] = max(0.0, busy - took["cpu_s"] - host)
        return took, done.stdout

    def measure(self, name, command, hashes=False):
        took, text = self.run(command)
        self.runs.setdefault(name, []).append(took)
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

    def parts(self):
        _, text = self.run([os.path.join(self.args.tools, "parts"), self.stream, self.file])
        for line in text.splitlines():
            name, cpu, worked = line.split()
            self.runs.setdefault(name, []).append({"cpu_s": float(cpu), "bytes": int(worked)})

    def limited(self):
        with self.host.limited(LIMIT):
            self.measure(report.LIMITED, self.export("bench"))
            with Lease(self.host, "bench") as lease:
                self.measure(report.LIMITED_CURL, self.curl(lease.url(lease.disks[0]), "-o", self.file))

    def is_limit_kept(self):
        """A machine that is slower than the limit would tell nothing."""
        with self.host.limited(LIMIT), Lease(self.host, "bench") as lease:
            command = self.curl(lease.url(lease.disks[0]), "-o", "/dev/null", "-w", "%{size_download}", "-m", "2")
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        return int(done.stdout) > 2 * LIMIT * 0.8

    def all_rounds(self):
        steps = [self.ours, self.curls, self.scripts, self.parts]
        if self.is_limit_kept():
            steps.append(self.limited)
        else:
            say("the host does not get to %d MB/s: no runs with that limit" % (LIMIT // 1_000_000))
        for i in range(self.args.rounds):
            for step in steps:
                say("round %d of %d: %s" % (i + 1, self.args.rounds, step.__name__))
                step()


def say(text):
    print("bench: " + text, file=sys.stderr)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "")
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release()}


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
    result = {"schema": "esxbk.bench/1", "time": int(time.time()), "machine": machine(), "rounds": args.rounds}
    medians = {name: report.medians(runs) for name, runs in bench.runs.items()}
    size, data = os.stat(bench.stream).st_size, int(medians["inflate"]["bytes"])
    aims = report.aims(medians, size, LIMIT)
    result |= {"stream_bytes": size, "data_bytes": data, "runs": bench.runs, "medians": medians, "aims": aims}
    with open(args.json, "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    print("%d MiB of data in a stream of %d MiB, on %s;" % (data >> 20, size >> 20, result["machine"]["cpu"]))
    print("medians of %d rounds: seconds, MiB, and how many times that of %s\n" % (args.rounds, report.ESXBK))
    print(report.table(medians), report.verdicts(aims), sep="\n\n")


main()
