"""streamOptimized VMDKs as VMware, qemu-img, open-vmdk, VirtualBox and
vmdktool lay them out, written from the book ("Virtual Disk Format 5.0") and
not by the library that is tested with them.

Places are kept in sectors of the file: grain_at[number] of a grain's marker,
table_at[k] of a grain table, gd of the directory, footer, end.
"""

import io
import struct
import zlib

SECTOR = 512
GRAIN = 65536
GRAIN_SECTORS = 128
TABLE_GRAINS = 512
TABLE_SECTORS = 4
TABLE_SPAN = TABLE_GRAINS * GRAIN_SECTORS
AT_END = 2**64 - 1
END_MARKER, TABLE, DIRECTORY, FOOTER, PROGRESS = range(5)

FIELDS = {
    "magic": (0, "4s"),
    "version": (4, "I"),
    "flags": (8, "I"),
    "capacity": (12, "Q"),
    "grainSize": (20, "Q"),
    "descriptorOffset": (28, "Q"),
    "descriptorSize": (36, "Q"),
    "numGTEsPerGT": (44, "I"),
    "rgdOffset": (48, "Q"),
    "gdOffset": (56, "Q"),
    "overHead": (64, "Q"),
    "uncleanShutdown": (72, "B"),
    "newlines": (73, "4s"),
    "compressAlgorithm": (77, "H"),
}
NORMAL = {
    "magic": b"KDMV",
    "version": 3,
    "flags": 0x30001,
    "grainSize": GRAIN_SECTORS,
    "descriptorOffset": 1,
    "descriptorSize": 1,
    "numGTEsPerGT": TABLE_GRAINS,
    "rgdOffset": 0,
    "gdOffset": AT_END,
    "overHead": 128,
    "uncleanShutdown": 0,
    "newlines": b"\n \r\n",
    "compressAlgorithm": 1,
}


def set_field(data, at, name, value):
    """Set a field of the header that stands at this byte."""
    offset, kind = FIELDS[name]
    struct.pack_into("<" + kind, data, at + offset, value)


def header(fields):
    data = bytearray(SECTOR)
    for name, value in fields.items():
        set_field(data, 0, name, value)
    return bytes(data)


def descriptor(capacity, access="RDONLY", cid="4ca346e5", parent="ffffffff", hint=None):
    lines = ["# Disk DescriptorFile", "version=1", "CID=" + cid, "parentCID=" + parent]
    lines += ['createType="streamOptimized"']
    lines += ['parentFileNameHint="%s"' % hint] if hint is not None else []
    lines += ["", "# Extent description", '%s %d SPARSE "generated-stream.vmdk"' % (access, capacity)]
    lines += ["", "# The Disk Data Base ", "#DDB", "", 'ddb.adapterType = "lsilogic"']
    lines += ['ddb.geometry.sectors = "63"', 'ddb.virtualHWVersion = "13"', ""]
    return "\n".join(lines).encode()


def pack(data, level=1):
    """A grain as the writers store it."""
    return zlib.compress(data, level)


def stored(number, blob):
    """Marker and data of a grain."""
    data = struct.pack("<QI", number * GRAIN_SECTORS, len(blob)) + blob
    return data + bytes(-len(data) % SECTOR)


def tables_of(capacity):
    return -(-capacity // TABLE_SPAN)


def marker(sectors, kind, lba=0):
    return struct.pack("<QIIQ", sectors, 0, kind, lba).ljust(SECTOR, b"\0")


class Stream:
    """The host's layout.  Grains are given in ascending order; a table
    follows its grains by itself.  out needs no seek()."""

    def __init__(self, out, capacity, text=None, empty_tables=False, **fields):
        self.out = out
        self.fields = NORMAL | {"capacity": capacity} | fields
        self.capacity = capacity
        self.text = descriptor(capacity) if text is None else text
        self.empty_tables = empty_tables
        self.pos = 0
        self.grain_at, self.table_at = {}, {}
        self.open_table = None
        self.gd = self.footer = self.end = None
        self.begin()

    def put(self, data):
        data += bytes(-len(data) % SECTOR)
        self.out.write(data)
        self.pos += len(data) // SECTOR

    def begin(self):
        self.put(header(self.fields))
        self.put(self.text.ljust(self.fields["descriptorSize"] * SECTOR, b"\0"))
        self.put(bytes((self.fields["overHead"] - self.pos) * SECTOR))

    def grain(self, number, data, level=1):
        self.packed(number, pack(data, level))

    def packed(self, number, blob):
        table = number // TABLE_GRAINS
        if self.open_table is not None and self.open_table != table:
            self.table()
        self.open_table = table
        self.grain_at[number] = self.pos
        self.put(stored(number, blob))

    def entries(self, k):
        first = k * TABLE_GRAINS
        return [self.grain_at.get(n, 0) for n in range(first, first + TABLE_GRAINS)]

    def table(self, k=None):
        """The table of the last grains, or table k."""
        k = self.open_table if k is None else k
        if self.empty_tables:
            for before in range(max(self.table_at, default=-1) + 1, k):
                self.one_table(before)
        self.one_table(k)
        self.open_table = None

    def one_table(self, k):
        self.put(marker(TABLE_SECTORS, TABLE))
        self.table_at[k] = self.pos
        self.put(struct.pack("<%dI" % TABLE_GRAINS, *self.entries(k)))

    def directory(self, sectors=None):
        n = tables_of(self.capacity)
        data = struct.pack("<%dI" % n, *(self.table_at.get(k, 0) for k in range(n)))
        self.put(marker(-(-len(data) // SECTOR) if sectors is None else sectors, DIRECTORY))
        self.gd = self.pos
        self.put(data)

    def foot(self):
        self.put(marker(1, FOOTER))
        self.footer = self.pos
        self.put(header(self.fields | {"gdOffset": self.gd}))

    def stop(self):
        self.end = self.pos
        self.put(bytes(SECTOR))

    def finish(self):
        if self.open_table is not None:
            self.table()
        if self.empty_tables and tables_of(self.capacity) - 1 not in self.table_at:
            self.table(tables_of(self.capacity) - 1)
        self.directory()
        self.foot()
        self.stop()


class FrontStream(Stream):
    """Directory and tables in front of the grains, filled in at the end: out
    is an io.BytesIO.  With copies they are there twice, as qemu-img has it;
    it leaves out the end marker, too."""

    def __init__(self, out, capacity, copies=1, **fields):
        self.copies = copies
        tables = tables_of(capacity)
        gd_sectors = -(-tables * 4 // SECTOR)
        span = gd_sectors + tables * TABLE_SECTORS
        fields.setdefault("descriptorSize", 20)
        first = 1 + fields["descriptorSize"]
        fields["gdOffset"] = first + span * (copies - 1)
        if copies == 2:
            fields |= {"rgdOffset": first, "flags": 0x30003}
        fields["overHead"] = -(-(first + span * copies) // 128) * 128
        self.directories = [first + span * i for i in range(copies)]
        self.gd_sectors = gd_sectors
        super().__init__(out, capacity, **fields)
        self.gd = fields["gdOffset"]

    def table(self, k=None):
        self.open_table = None

    def directory(self, sectors=None):
        pass

    def foot(self):
        for gd in self.directories:
            tables = [gd + self.gd_sectors + k * TABLE_SECTORS for k in range(tables_of(self.capacity))]
            self.write_at(gd, struct.pack("<%dI" % len(tables), *tables))
            for k, at in enumerate(tables):
                self.write_at(at, struct.pack("<%dI" % TABLE_GRAINS, *self.entries(k)))
        self.table_at = dict(enumerate(tables))

    def write_at(self, sector, data):
        self.out.seek(sector * SECTOR)
        self.out.write(data)
        self.out.seek(0, io.SEEK_END)


def copy_raw(source, out):
    """A stream in the host's layout of the raw image source, a file."""
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    stream = Stream(out, -(-size // SECTOR))
    number = 0
    while block := source.read(GRAIN):
        if any(block):
            stream.grain(number, block.ljust(GRAIN, b"\0"))
        number += 1
    stream.finish()


def fill_tables(capacity, out):
    """A stream that has every table of a disk, each of one grain."""
    stream = Stream(out, capacity)
    data = pack(b"x" * GRAIN)
    for k in range(tables_of(capacity)):
        stream.packed(k * TABLE_GRAINS + k % TABLE_GRAINS, data)
        stream.table()
        stream.grain_at.clear()
    stream.finish()
