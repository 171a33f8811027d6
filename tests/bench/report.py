"""What the runs of the bench come to: medians, the aims, a table."""

import json
import statistics
import time

from runner import machine

ESXBK = "esxbk-export-ovf"
WAITS = "  with waits for tasks and lease"
PAIR = "  two small disks at once"
LIMITED = "  from a host with a limit"
CURL = "curl -o FILE"
LIMITED_CURL = "  from a host with a limit, too"
RECEIVE = "receive (curl -o /dev/null)"
PARTS = [RECEIVE, "write", "digest", "inflate", "content"]
MIB = 1 << 20

# More than this part of two cores taken by others, and a wall time is theirs.
QUIET = 0.1


def medians(runs):
    return {key: statistics.median(r[key] for r in runs) for key in runs[0]}


def aim(name, value, limit, unit, busy=0.0):
    return {"aim": name, "value": value, "limit": limit, "unit": unit, "met": value <= limit, "others": busy}


def busy(r):
    return r["others_cpu_s"] / (2 * r["wall_s"])


def wall_aim(name, r, limit):
    return aim(name, r["wall_s"], limit, "s", busy(r))


def aims(m, stream_bytes, rate):
    """Of the medians m; runs with a limit may be missing."""
    own = m[ESXBK]
    parts = sum(m[p]["cpu_s"] for p in PARTS)
    wall = max((parts + own["host_cpu_s"]) / 2, m[CURL]["wall_s"])
    found = [
        aim("client CPU <= 1.15 x the parts", own["cpu_s"], 1.15 * parts, "s"),
        wall_aim("wall <= 1.25 x max((parts + host) / 2, curl -o FILE)", own, 1.25 * wall),
        aim("peak memory with one disk", own["peak_bytes"] / MIB, 32, "MiB"),
        aim("peak memory with two disks, for each", m[PAIR]["peak_bytes"] / MIB / 2, 32, "MiB"),
    ]
    if LIMITED in m:
        allowed = max(stream_bytes / rate, m[LIMITED_CURL]["wall_s"])
        name = "wall at %d MB/s <= 1.05 x what that allows" % (rate // 1_000_000)
        found.append(wall_aim(name, m[LIMITED], 1.05 * allowed))
    return found


def run_row(name, r, base):
    numbers = (r["wall_s"], r["cpu_s"], r["host_cpu_s"], r["others_cpu_s"], r["peak_bytes"] / MIB)
    ratios = (r["wall_s"] / base["wall_s"], r["cpu_s"] / base["cpu_s"])
    return "%-38s %6.2f %6.2f %6.2f %6.2f %6.1f %7.2f %5.2f" % (name, *numbers, *ratios)


def part_row(name, cpu, base):
    return "%-38s %6s %6.2f %34.2f" % (name, "", cpu, cpu / base["cpu_s"])


def table(m, first, parts):
    """Lines of all runs, beside the one called first, and of the parts."""
    base = m[first]
    lines = ["%-38s %6s %6s %6s %6s %6s %7s %5s" % ("", "wall", "CPU", "host", "others", "peak", "x wall", "x CPU")]
    lines += [run_row(name, r, base) for name, r in m.items() if name not in parts]
    lines += ["", "its parts, each alone on a core:"]
    lines += [part_row(name, m[name]["cpu_s"], base) for name in parts]
    return "\n".join(lines + [part_row("sum", sum(m[p]["cpu_s"] for p in parts), base)])


def verdict(a):
    word = "yes" if a["met"] else "NO" if a["others"] <= QUIET else "?"
    text = "%-3s  %s: %.2f of %.2f %s" % (word, a["aim"], a["value"], a["limit"], a["unit"])
    if a["others"] > QUIET:
        text += " (but other work took %.0f %% of two cores)" % (100 * a["others"])
    return text


def verdicts(found):
    return "\n".join(["aims:"] + [verdict(a) for a in found])


def tell(args, runs, stream_bytes, find_aims, first, parts, note="", data_part="inflate"):
    """Every run into args.json; medians and aims to standard output."""
    m = {name: medians(r) for name, r in runs.items()}
    data, found, on = int(m[data_part]["bytes"]), find_aims(m), machine()
    result = {"schema": "esxbk.bench/1", "time": int(time.time()), "machine": on, "rounds": args.rounds}
    result |= {"stream_bytes": stream_bytes, "data_bytes": data, "runs": runs, "medians": m, "aims": found}
    with open(args.json, "w", encoding="utf-8") as f:
        json.dump(result, f, indent=1)
        f.write("\n")
    print("%d MiB of data in a stream of %d MiB, on %s;" % (data >> 20, stream_bytes >> 20, on["cpu"]))
    print("medians of %d rounds: seconds, MiB, and how many times that of %s" % (args.rounds, first.strip()))
    print(note, table(m, first, parts), "", verdicts(found), sep="\n")
