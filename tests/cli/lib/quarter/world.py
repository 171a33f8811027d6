"""What a plan should have done: the rules of esxbk-plan(1) and esxbk-plan(5),
written down a second time, and a world of VMs to try them in.

Nothing here asks esxbk for anything.  Times are seconds since 1970.
"""

import datetime
import json
import os
import zoneinfo

MINUTE, HOUR, DAY = 60, 3600, 86400
WAITS = [15 * MINUTE, HOUR, 4 * HOUR]
RETRY_FOR = 6 * HOUR
MAY_PASS = {69, 74, 75}
TOOK = 15  # a try ends within seconds, and 15 min before the next tick but one
UTC = datetime.timezone.utc


def iso(t):
    return datetime.datetime.fromtimestamp(t, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp(t):
    return datetime.datetime.fromtimestamp(t, UTC).strftime("%Y%m%d_%H%M%S")


def seconds(text, zone=UTC):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def local(t, zone):
    return datetime.datetime.fromtimestamp(t, zone)


def time_of(day, hour, minute, zone):
    """A time that the clock skips is the first moment after the gap; of one
    that comes twice it is the first."""
    wanted = datetime.datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
    t = int(wanted.timestamp())
    if local(t, zone).replace(tzinfo=None) == wanted.replace(tzinfo=None):
        return t
    t -= 3 * HOUR
    before = local(t, zone).utcoffset()
    while local(t, zone).utcoffset() == before:
        t += MINUTE
    return t


class Plan:
    def __init__(self, name, vms, is_day, hour, minute, zone, retention, stale=36 * HOUR):
        self.name, self.is_day, self.hour, self.minute = name, is_day, hour, minute
        self.zone, self.retention = zoneinfo.ZoneInfo(zone), retention
        self.vms = vms  # moids it is to select
        self.stale = stale
        self.tries = {}  # (slot, moid): [(ended, exit)]
        self.points = {}  # moid: [time], the newest last
        self.told_failure = False

    def slot(self, now):
        day = local(now, self.zone).date()
        for _ in range(70):
            if self.is_day(day):
                t = time_of(day, self.hour, self.minute, self.zone)
                if t <= now:
                    return t
            day -= datetime.timedelta(days=1)
        raise ValueError(now)

    def state(self, moid, slot, now):
        if any(t >= slot for t in self.points.get(moid, [])):
            return "met"
        tries = self.tries.get((slot, moid), [])
        if not tries:
            return "now"
        ended, status = tries[-1]
        if len(tries) > len(WAITS) or status not in MAY_PASS:
            return "lost"
        when = ended + WAITS[len(tries) - 1]
        if when > slot + RETRY_FOR:
            return "lost"
        return "now" if when <= now else "later"

    def periods(self, t):
        at = local(t, self.zone)
        year, week, _ = at.isocalendar()
        return {"daily": at.date(), "weekly": (year, week), "monthly": (at.year, at.month), "yearly": at.year}

    def prune(self, moid):
        """All points are full and good."""
        newest_first = sorted(self.points.get(moid, []), reverse=True)
        if not self.retention or not newest_first:
            return
        kept = set(newest_first[: max(1, self.retention.get("last", 0))])
        for kind in "daily", "weekly", "monthly", "yearly":
            seen = []
            for t in newest_first:
                period = self.periods(t)[kind]
                if period not in seen and len(seen) < self.retention.get(kind, 0):
                    seen.append(period)
                    kept.add(t)
        self.points[moid] = sorted(kept)


class World:
    """VMs by their moid: name, uuid, and how an export of them ends."""

    def __init__(self, folder):
        self.folder = folder
        self.vms = {}
        os.makedirs(os.path.join(folder, "vm"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def add(self, moid, name, uuid=None):
        number = sum(map(ord, moid)) * 7919 % 10**8
        self.vms[moid] = {"name": name, "uuid": uuid or "%08d-0000-4000-8000-%012d" % (number, number), "exit": 0}

    def write(self):
        """What the stubs see."""
        lines = []
        for moid, vm in self.vms.items():
            doc = {"schema": "esxbk.result/1", "type": "vm", "name": vm["name"], "moid": moid}
            doc |= {"uuid": vm["uuid"], "bios_uuid": vm["uuid"].replace("-4000-", "-4001-")}
            doc |= {"path": "DC/vm/" + vm["name"], "power": "on"}
            doc |= {"template": False, "disks": [{"label": "Hard disk 1", "capacity": 1 << 20}]}
            lines.append(json.dumps(doc))
            with open(self.path("vm/" + moid), "w", encoding="utf-8") as f:
                f.write("name='%s' uuid=%s bios=%s exit=%d\n" % (vm["name"], vm["uuid"], doc["bios_uuid"], vm["exit"]))
        with open(self.path("inventory"), "w", encoding="utf-8") as f:
            f.write("".join(line + "\n" for line in lines))

    def lines(self, name):
        try:
            with open(self.path(name), encoding="utf-8") as f:
                return f.read().splitlines()
        except FileNotFoundError:
            return []
