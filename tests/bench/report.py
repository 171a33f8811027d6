"""What the runs of the bench come to: medians, the aims, a table."""

import statistics

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


def aims(m, stream_bytes, rate):
    """Of the medians m; runs with a limit may be missing."""
    own = m[ESXBK]
    parts = sum(m[p]["cpu_s"] for p in PARTS)
    wall = max((parts + own["host_cpu_s"]) / 2, m[CURL]["wall_s"])
    found = [
        aim("client CPU <= 1.15 x the parts", own["cpu_s"], 1.15 * parts, "s"),
        aim("wall <= 1.25 x max((parts + host) / 2, curl -o FILE)", own["wall_s"], 1.25 * wall, "s", busy(own)),
        aim("peak memory with one disk", own["peak_bytes"] / MIB, 32, "MiB"),
        aim("peak memory with two disks, for each", m[PAIR]["peak_bytes"] / MIB / 2, 32, "MiB"),
    ]
    if LIMITED in m:
        allowed = max(stream_bytes / rate, m[LIMITED_CURL]["wall_s"])
        name = "wall at %d MB/s <= 1.05 x what that allows" % (rate // 1_000_000)
        found.append(aim(name, m[LIMITED]["wall_s"], 1.05 * allowed, "s", busy(m[LIMITED])))
    return found


def run_row(name, r, base):
    numbers = (r["wall_s"], r["cpu_s"], r["host_cpu_s"], r["others_cpu_s"], r["peak_bytes"] / MIB)
    ratios = (r["wall_s"] / base["wall_s"], r["cpu_s"] / base["cpu_s"])
    return "%-38s %6.2f %6.2f %6.2f %6.2f %6.1f %7.2f %5.2f" % (name, *numbers, *ratios)


def part_row(name, cpu, base):
    return "%-38s %6s %6.2f %34.2f" % (name, "", cpu, cpu / base["cpu_s"])


def table(m):
    base = m[ESXBK]
    lines = ["%-38s %6s %6s %6s %6s %6s %7s %5s" % ("", "wall", "CPU", "host", "others", "peak", "x wall", "x CPU")]
    lines += [run_row(name, r, base) for name, r in m.items() if name not in PARTS]
    lines += ["", "its parts, each alone on a core:"]
    lines += [part_row(name, m[name]["cpu_s"], base) for name in PARTS]
    return "\n".join(lines + [part_row("sum", sum(m[p]["cpu_s"] for p in PARTS), base)])


def verdict(a):
    word = "yes" if a["met"] else "NO" if a["others"] <= QUIET else "?"
    text = "%-3s  %s: %.2f of %.2f %s" % (word, a["aim"], a["value"], a["limit"], a["unit"])
    if a["others"] > QUIET:
        text += " (but other work took %.0f %% of two cores)" % (100 * a["others"])
    return text


def verdicts(found):
    return "\n".join(["aims:"] + [verdict(a) for a in found])
