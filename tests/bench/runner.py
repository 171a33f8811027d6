"""What all benches share: a command is run and what it took is noted."""

import os
import platform
import shlex
import shutil
import subprocess
import sys


def say(text):
    print("bench: " + text, file=sys.stderr)


def ticks(fields):
    return sum(map(int, fields)) / os.sysconf("SC_CLK_TCK")


def busy_cpu():
    """All that all processes took on all cores."""
    with open("/proc/stat", encoding="ascii") as f:
        user, nice, system, _, _, irq, soft = f.readline().split()[1:8]
    return ticks([user, nice, system, irq, soft])


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "")
    return {"cpu": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release()}


class Runner:
    """host_pid: the pretend host, if one takes part."""

    def __init__(self, work, tools, host_pid=None):
        self.out = os.path.join(work, "out")
        self.tools, self.host_pid = tools, host_pid
        self.runs = {}

    def host_cpu(self):
        if self.host_pid is None:
            return 0.0
        with open("/proc/%d/stat" % self.host_pid, encoding="utf-8") as f:
            return ticks(f.read().rsplit(")", 1)[1].split()[11:13])

    def run(self, command, stdin=None):
        """One run with an empty folder for its output: what it took and its
        standard output."""
        shutil.rmtree(self.out, ignore_errors=True)
        os.mkdir(self.out)
        there, back = os.pipe()
        tool = [os.path.join(self.tools, "measure"), str(back)]
        host, busy = self.host_cpu(), busy_cpu()
        done = subprocess.run(
            tool + command, pass_fds=[back], stdin=stdin, stdout=subprocess.PIPE, text=True, check=True
        )
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

    def note(self, name, took):
        self.runs.setdefault(name, []).append(took)

    def parts(self, names, *files):
        """Those parts of parts.c that are asked for."""
        _, text = self.run([os.path.join(self.tools, "parts"), *files])
        for line in text.splitlines():
            name, cpu, worked = line.split()
            if name in names:
                self.note(name, {"cpu_s": float(cpu), "bytes": int(worked)})

    def rounds(self, count, steps):
        for i in range(count):
            for step in steps:
                say("round %d of %d: %s" % (i + 1, count, step.__name__))
                step()
