#!/usr/bin/python3
"""A quarter of a year in Paris: cron's line is run at every quarter of an hour
of the night, and what it did, kept and told is compared, tick by tick, with
what world.py says that it should have.

usage: quarter.py BIN FROM TO PACE       (dates; 1, or 2: twice as much happens a day)
Prints what tests/cli/lib.sh calls TAP.
"""

import datetime
import json
import os
import subprocess
import sys
import zoneinfo

from world import DAY, HOUR, MINUTE, TOOK, Plan, World, iso, local, seconds

PARIS = zoneinfo.ZoneInfo("Europe/Paris")
STEP = 15 * MINUTE + 30
KEEP = {"last": 3, "daily": 7, "weekly": 4, "monthly": 2}


def last_of_month(day):
    return (day + datetime.timedelta(days=1)).day == 1


class Quarter:
    def __init__(self, binary, begin, end, pace):
        self.pace = int(pace)
        self.tool = os.path.join(binary, "esxbk-plan")
        self.begin, self.end = seconds(begin, PARIS), seconds(end, PARIS)
        here = os.getcwd()
        self.repo = os.path.join(here, "repo")
        os.mkdir(self.repo)
        self.world = World(os.path.join(here, "world"))
        self.make_vms()
        self.plans = self.make_plans()
        self.write_conf(here)
        self.env = dict(os.environ, WORLD=self.world.folder, ESXBK_EXEC_PATH=self.make_tools(here))
        self.env |= {"ESXBK_CONFIG": os.path.join(here, "esxbk.json"), "XDG_RUNTIME_DIR": os.path.join(here, "run")}
        self.env["STATE_DIRECTORY"] = os.path.join(here, "state")
        for folder in "run", "state":
            os.mkdir(os.path.join(here, folder), 0o700)
        self.calls = self.told = 0
        self.wrong = []
        self.failed = False
        self.seen = {"ticks": 0, "exports": 0, "words": 0, "looks": 0}

    def make_vms(self):
        names = {"web": "web", "db": "db", "app": "app", "gone": "gone", "t1": "twin", "t2": "twin"}
        names |= {"re": "before", "both": "both", "arch": "arch1"}
        for moid, name in names.items():
            self.world.add(moid, name)

    def make_plans(self):
        def every(_):
            return True

        return [
            Plan("archive", ["arch"], last_of_month, 4, 0, "Europe/Paris", {"last": 2}, 31 * DAY * 3 // 2),
            Plan("night", ["web", "db", "app", "re", "both"], every, 2, 30, "Europe/Paris", KEEP),
            Plan("other", ["gone", "t1", "t2"], every, 3, 0, "Europe/Paris", {"last": 2, "weekly": 2}),
            Plan("week", ["both"], lambda d: d.isoweekday() == 6, 23, 0, "UTC", {"last": 2}, 7 * DAY * 3 // 2),
        ]

    def write_conf(self, here):
        renamed = "uuid:" + self.world.vms["re"]["uuid"]
        common = {"site": "esx1", "repository": "r", "strategy": {"full": "always"}, "notify": ["log"]}
        paris = common | {"timezone": "Europe/Paris"}
        retention = {p.name: p.retention for p in self.plans}
        plans = {
            "archive": paris | {"select": ["name:arch*"], "schedule": {"monthly": "last 04:00"}},
            "night": paris | {"select": ["web", "db", "app", renamed, "both"], "schedule": {"daily": "02:30"}},
            "other": paris | {"select": ["gone", "name:twin"], "schedule": {"daily": "03:00"}},
            "week": common | {"select": ["both"], "schedule": {"weekly": "sat 23:00"}},
        }
        for name, plan in plans.items():
            plan["retention"] = retention[name]
        conf = {"version": 1, "repositories": {"r": {"path": self.repo}}, "plans": plans}
        secret = os.path.join(here, "password")
        with open(secret, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write("not-a-real-one\n")
        site = {"server": "esx1.example.org", "user": "root", "password": {"file": secret}, "limits": {"vms": 2}}
        conf["sites"] = {"esx1": site}
        told = os.path.join(here, "tools", "told")
        conf["notify"] = {"log": {"type": "exec", "argv": [told], "on": ["success", "failure", "recovery"]}}
        with open("esxbk.json", "w", encoding="utf-8") as f:
            json.dump(conf, f)

    def make_tools(self, here):
        folder = os.path.join(here, "tools")
        os.mkdir(folder)
        stub = os.path.join(os.path.dirname(os.path.abspath(__file__)), "stub")
        for name in "esxbk-list", "esxbk-export-ovf", "esxbk-verify", "told":
            os.symlink(stub, os.path.join(folder, name))
        return folder

    # --- what happens in this world -------------------------------------

    def day(self, now):
        """Of the story, which has ninety."""
        return (now - self.begin) // DAY * self.pace

    def live(self, now):
        """Before each tick: who fails, who goes, who comes."""
        day, vms = self.day(now), self.world.vms
        slot = self.plans[1].slot(now)
        tries = len(self.plans[1].tries.get((slot, "db"), []))
        # Twice a week the database is busy for the first tries; once for all.
        vms["db"]["exit"] = 75 if day % 3 == 1 and tries < 2 or day % 11 == 5 else 0
        # For a week somebody has taken away a privilege.
        vms["app"]["exit"] = 77 if 10 <= day < 17 else 0
        # And for five days nothing helps but waiting: a VM that always fails.
        vms["web"]["exit"] = 74 if 40 <= day < 45 else 0
        if day >= 30:
            vms.pop("gone", None)
        vms["re"]["name"] = "before" if day < 35 else "after"
        self.world.write()
        down = self.world.path("down")
        if day == 25 and local(now, PARIS).hour < 4:
            open(down, "w", encoding="utf-8").close()
        elif os.path.exists(down):
            os.unlink(down)

    def is_up(self, now):
        """A night without power, and three days of moving house."""
        day, hour = self.day(now), local(now, PARIS).hour
        return not (day == 20 and 1 <= hour < 9 or 50 <= day < 53)

    def ticks(self):
        """Every quarter of an hour when something may be due, every fourth hour else; and one
        night the clock is set back by three hours.  A try takes a moment: half
        a minute more makes sure that a quarter has passed since its end."""
        now, back = self.begin, self.begin + 60 // self.pace * DAY + 5 * HOUR
        while now < self.end:
            at = local(now, PARIS)
            if (at.hour in (2, 3, 4, 7, 8) or at.minute < 16 and at.hour % 4 == 0) and self.is_up(now):
                yield now
            now += STEP
            if back is not None and now >= back:
                now, back = now - 3 * HOUR, None

    # --- what should come of it -----------------------------------------

    def expect_plan(self, plan, now):
        """The exports that this tick should see; and what is told."""
        slot = plan.slot(now)
        calls, told = [], []
        here = [m for m in plan.vms if m in self.world.vms]
        missing = [m for m in plan.vms if m not in self.world.vms]
        states = {m: plan.state(m, slot, now) for m in plan.vms}
        due = [m for m in plan.vms if states[m] == "now"]
        if not due:
            return calls, told
        if os.path.exists(self.world.path("down")):
            self.failed = True
            for m in due:
                plan.tries.setdefault((slot, m), []).append((now + TOOK, 69))
            return calls, told + self.verdict(plan, slot, now)
        for m in due:
            status = self.world.vms[m]["exit"] if m in here else 66
            plan.tries.setdefault((slot, m), []).append((now + TOOK, status))
            if m in missing:
                self.failed = True
                continue
            calls.append("%s %s %s %d" % (iso(now), plan.name, m, status))
            if status == 0:
                plan.points.setdefault(m, []).append(now)
            plan.prune(m)
        return calls, told + self.verdict(plan, slot, now)

    def verdict(self, plan, slot, now):
        """One word for each plan and slot, when nothing more is to come."""
        states = {plan.state(m, slot, now + TOOK) for m in plan.vms}
        if "later" in states or "now" in states:
            return []
        failed = "lost" in states
        words = ["failure"] if failed else ["success"]
        if not failed and plan.told_failure:
            words = ["recovery"]  # and no success as well: one message
        plan.told_failure = failed
        return ["%s %s %s" % (iso(now), plan.name, w) for w in words]

    # --- what did come of it ---------------------------------------------

    def check(self, now, what, got, want):
        if got != want:
            self.wrong.append("%s (%s): %s\n#   got  %s\n#   want %s" % (
                iso(now), local(now, PARIS).strftime("%a %d %b %H:%M %Z"), what, got, want))

    def new_lines(self, name, count):
        lines = self.world.lines(name)
        return sorted(lines[count:]), len(lines)

    def points_there(self):
        found = {}
        for folder in os.scandir(self.repo):
            if folder.name in ("runs",) or folder.name.startswith("."):
                continue
            for point in os.scandir(folder.path):
                record = os.path.join(point.path, "backup.json")
                if os.path.exists(record):
                    with open(record, encoding="utf-8") as f:
                        r = json.load(f)
                    found.setdefault((r["plan"], r["vm"]["moid"]), []).append(r["time"][:16])
        return {key: sorted(times) for key, times in found.items()}

    def states_wanted(self, now):
        """Of each plan and VM: the word, and whether it is late."""
        wanted = {}
        for plan in self.plans:
            slot = plan.slot(now)
            for m in plan.vms:
                newest = max(plan.points.get(m, [0]))
                word = "ok" if newest >= slot else "bad"
                if m not in self.world.vms:
                    word = "vanished"
                wanted[plan.name, m] = (word, now - newest > plan.stale)
        return wanted

    def states_told(self, env):
        command = [self.tool, "status", "--json"]
        told = {}
        for line in subprocess.run(command, env=env, capture_output=True, text=True, check=False).stdout.splitlines():
            doc = json.loads(line)
            if doc["type"] == "status":
                word = doc["state"] if doc["state"] in ("ok", "vanished") else "bad"
                told[doc["plan"], doc["vm"]["moid"]] = (word, doc["late"])
        return told

    def points_wanted(self):
        return {(p.name, m): sorted(iso(x)[:16] for x in t) for p in self.plans for m, t in p.points.items() if t}

    def tick(self, now):
        self.live(now)
        self.failed = False
        calls, told = [], []
        for plan in self.plans:
            c, t = self.expect_plan(plan, now)
            calls, told = calls + c, told + t
        env = dict(self.env, ESXBK_NOW=iso(now))
        done = subprocess.run([self.tool, "run", "--due", "-q"], env=env, capture_output=True, text=True, check=False)
        got, self.calls = self.new_lines("calls", self.calls)
        self.check(now, "exports", got, sorted(calls))
        got, self.told = self.new_lines("told", self.told)
        self.check(now, "told", got, sorted(told))
        bad = self.failed or any(not c.endswith(" 0") for c in calls)
        self.check(now, "an exit other than 0, and why", (done.returncode != 0, bool(done.stderr)), (bad, bad))
        if calls:
            self.check(now, "points", self.points_there(), self.points_wanted())
        if local(now, PARIS).hour == 8:
            self.check(now, "status", self.states_told(env), self.states_wanted(now))
            self.seen["looks"] += 1
        self.seen["ticks"] += 1
        self.seen["exports"] += len(calls)
        self.seen["words"] += len(told)

    def run(self):
        for now in self.ticks():
            self.tick(now)
            if len(self.wrong) > 5:
                break
        for w in self.wrong:
            print("not ok - " + w)
        for name, count in self.seen.items():
            print("# %s: %d" % (name, count))
        days = (self.end - self.begin) // DAY
        if not self.wrong:
            print("ok - %d days: exports, points and words as they should be at every tick" % days)
        print("%s - enough happened" % ("ok" if self.seen["exports"] > 4 * days else "not ok"))
        return 1 if self.wrong else 0


sys.exit(Quarter(*sys.argv[1:]).run())
