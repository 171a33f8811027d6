"""Disks, streams of them that can be spoilt, and the list of all cases."""

import hashlib
import io
import struct

import stream
from stream import GRAIN, GRAIN_SECTORS, SECTOR, TABLE_GRAINS

CASES = {}
WIDE = 2**32  # sectors: 2 TiB, where entries of 32 bits wrap


def noise(name, n):
    return hashlib.shake_256(str(name).encode()).digest(n)


def content(number):
    """Text that packs well, or noise that does not pack at all."""
    return noise(number, GRAIN) if number % 64 == 4 else noise(number, 2048) * 32


class Disk:
    """Its stored grains, and a good stream of it."""

    def __init__(self, name, capacity, numbers):
        self.name, self.capacity = name, capacity
        self.grains = {n: content(n) for n in numbers}
        self.good = None

    def fill(self, s, skip=()):
        for number, data in self.grains.items():
            if number not in skip:
                s.grain(number, data)

    def draft(self):
        if self.good is None:
            self.good = Draft(self)
            self.fill(self.good.s)
            self.good.s.finish()
        d = Draft(self)
        d.cut(0)
        d.out.write(self.good.out.getvalue())
        d.s = self.good.s
        return d

    def save(self, path):
        """The raw image, sparse."""
        with open(path, "wb") as f:
            for number, data in self.grains.items():
                f.seek(number * GRAIN)
                f.write(data)
            f.truncate(self.capacity * SECTOR)


class Draft:
    """A stream to be spoilt: data once it is written."""

    def __init__(self, disk, kind=stream.Stream, **options):
        self.disk = disk
        self.out = io.BytesIO()
        self.s = kind(self.out, disk.capacity, **options)
        self.far = {}  # what lies behind a hole, by its byte

    @property
    def data(self):
        return self.out.getbuffer()

    def get(self, at):
        return struct.unpack_from("<I", self.data, at)[0]

    def put(self, at, blob):
        self.out.seek(at)
        self.out.write(blob)
        self.out.seek(0, io.SEEK_END)

    def put32(self, at, value):
        self.put(at, struct.pack("<I", value))

    def put64(self, at, value):
        self.put(at, struct.pack("<Q", value))

    def grain_at(self, number):
        return self.s.grain_at[number] * SECTOR

    def entry_at(self, number):
        return self.s.table_at[number // TABLE_GRAINS] * SECTOR + number % TABLE_GRAINS * 4

    def directory_at(self, table):
        return self.s.gd * SECTOR + table * 4

    def set_header(self, name, value):
        with self.data as data:
            stream.set_field(data, 0, name, value)

    def set_footer(self, name, value):
        with self.data as data:
            stream.set_field(data, self.s.footer * SECTOR, name, value)

    def set_both(self, name, value):
        self.set_header(name, value)
        self.set_footer(name, value)

    def cut(self, n):
        self.out.truncate(n)
        self.out.seek(0, io.SEEK_END)

    def save(self, path):
        with open(path, "wb") as f:
            f.write(self.out.getvalue())
            for at, blob in self.far.items():
                f.seek(at)
                f.write(blob)


BASE = Disk("disk", 32768, [n for n in range(256) if n % 3 != 2])
LONG = Disk("long", 163840, [0, 1, 2, 300, 511, 512, 513, 700, 1023, 1024, 1100, 1279])
SHORT = Disk("short", 255 * 128 + 3, [0, 1, 100, 254])
SHORT.grains[255] = noise("last", 3 * SECTOR)
HUGE = Disk("huge", WIDE + 1024, [5, WIDE // 128 - 1, WIDE // 128, WIDE // 128 + 7])
DELTA = Disk("delta", 32768, [3, 4])
EMPTY = Disk("empty", 32768, [])
SECRET = Disk("secret", 1, [])
DISKS = [BASE, LONG, SHORT, HUGE, DELTA, EMPTY, SECRET]


class Case:
    def __init__(self, verdict, disk, text, make):
        self.name = make.__name__.replace("_", "-")
        self.verdict, self.disk, self.text, self.make = verdict, disk, text, make


def case(verdict, text, disk):
    def add(make):
        c = Case(verdict, disk, text, make)
        CASES[c.name] = c
        return make

    return add


def bad(text, disk=BASE):
    """make() returns the draft and the reason why it fails."""
    return case("bad", text, disk)


def good(text, disk=BASE):
    """make() returns the draft and a warning or None."""
    return case("good", text, disk)


def lba(number):
    return number * GRAIN_SECTORS


def filled(d, skip=()):
    d.disk.fill(d.s, skip)
    d.s.finish()
    return d


def front(disk, pad, text=None):
    """As qemu-img: tables twice, in front; no markers but those of grains."""
    text = text or stream.descriptor(disk.capacity, "RW")
    d = Draft(disk, stream.FrontStream, copies=2, text=text)
    for number, data in disk.grains.items():
        d.s.grain(number, data, level=6)
    d.s.finish()
    if not pad:
        d.cut(d.s.end * SECTOR)
        return d
    size = len(d.data)
    d.put(size, bytes(-size % GRAIN or GRAIN))
    return d
