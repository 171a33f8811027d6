"""What can be wrong with a stream.  Each case says by itself what esxbk-verify
has to answer, with the places that it knows from writing the file.
"""

import struct
import zlib

import stream
from draft import (
    BASE,
    DELTA,
    LONG,
    SECRET,
    SECTOR,
    TABLE_GRAINS,
    WIDE,
    Draft,
    bad,
    content,
    filled,
    front,
    lba,
    noise,
)

# --- streams that are cut, or go on ------------------------------------------------


@bad("nothing at all")
def empty_file():
    d = BASE.draft()
    d.cut(0)
    return d, "the stream is empty"


@bad("the header and nothing more")
def header_only():
    d = BASE.draft()
    d.cut(SECTOR)
    return d, "stream ends after 512 bytes, inside the descriptor"


@bad("cut in the middle, inside a grain")
def cut_half():
    d = BASE.draft()
    n = d.grain_at(127) + 700
    d.cut(n)
    return d, "stream ends after %d bytes, inside a grain" % n


@bad("cut behind the last grain")
def cut_after_last_grain():
    d = BASE.draft()
    n = (d.s.table_at[0] - 1) * SECTOR
    d.cut(n)
    return d, "stream ends after %d bytes, before its grain directory" % n


@bad("footer and end marker are missing")
def no_footer():
    d = BASE.draft()
    n = (d.s.footer - 1) * SECTOR
    d.cut(n)
    return d, "stream ends after %d bytes, before its footer" % n


@bad("the end marker is missing")
def no_end():
    d = BASE.draft()
    n = d.s.end * SECTOR
    d.cut(n)
    return d, "stream ends after %d bytes, before its end marker" % n


@bad("cut by 100 bytes: no whole number of sectors")
def odd_size():
    d = BASE.draft()
    n = len(d.data) - 100
    d.cut(n)
    return d, "stream ends after %d bytes, inside a marker" % n


@bad("100 bytes too many: no whole number of sectors")
def odd_tail():
    d = BASE.draft()
    d.put(len(d.data), bytes(100))
    return d, "100 bytes after the end of the stream"


@bad("512 zero bytes after the end")
def zeros_after_end():
    d = BASE.draft()
    d.put(len(d.data), bytes(512))
    return d, "512 bytes after the end of the stream"


@bad("1 MiB of garbage after the end")
def garbage_after_end():
    d = BASE.draft()
    d.put(len(d.data), noise("garbage", 1 << 20))
    return d, "1048576 bytes after the end of the stream"


@bad("the stream twice, one behind the other")
def twice():
    d = BASE.draft()
    n = len(d.data)
    d.put(n, d.out.getvalue())
    return d, "%d bytes after the end of the stream" % n


@bad("64 KiB of zeros over the middle: a lost block of the storage")
def lost_block():
    d = BASE.draft()
    at = d.grain_at(127) + 700
    d.put(at, bytes(65536))
    return d, "grain at sector %d does not inflate" % lba(127)


@bad("the same, beginning with a grain: a false end marker")
def false_end():
    d = BASE.draft()
    at = d.grain_at(127)
    d.put(at, bytes(65536))
    return d, "end marker at sector %d before the grain directory" % (at // SECTOR)


@bad("the end marker is not all zero")
def end_not_zero():
    d = BASE.draft()
    d.put(d.s.end * SECTOR + 100, b"x")
    return d, "end marker at sector %d is not all zero" % d.s.end


# --- header and footer ---------------------------------------------------------------


@bad("magic of header and footer is wrong")
def magic():
    d = BASE.draft()
    d.set_both("magic", b"KDMW")
    return d, "not a sparse VMDK: it begins with 4b444d57"


@bad("version 1 in header and footer, which ESXi refuses")
def version_1():
    d = BASE.draft()
    d.set_both("version", 1)
    return d, "VMDK version 1, not 3"


@bad("newline bytes damaged: copied as text")
def newlines():
    d = BASE.draft()
    d.set_header("newlines", b"\n \n\n")
    return d, "line ends were converted: the file was copied as text"


@bad("marked as unclean")
def unclean():
    d = BASE.draft()
    d.set_both("uncleanShutdown", 1)
    return d, "marked unclean: its writer did not close the disk"


@bad("not marked as compressed")
def flag_compressed():
    d = BASE.draft()
    d.set_both("flags", 0x20001)
    return d, "not a streamOptimized VMDK: flags 0x20001"


@bad("a flag that nobody knows")
def flag_unknown():
    d = BASE.draft()
    d.set_both("flags", 0x70001)
    return d, "unknown flags 0x70001 in the header"


@bad("compressAlgorithm 0: none")
def compression_0():
    d = BASE.draft()
    d.set_both("compressAlgorithm", 0)
    return d, "compressAlgorithm is 0, not 1"


@bad("grainSize 0")
def grain_size_0():
    d = BASE.draft()
    d.set_both("grainSize", 0)
    return d, "grainSize is 0, not 128"


@bad("tables of 0 entries")
def table_entries_0():
    d = BASE.draft()
    d.set_both("numGTEsPerGT", 0)
    return d, "numGTEsPerGT is 0, not 512"


@bad("capacity 2^62 sectors")
def capacity_2_62():
    d = BASE.draft()
    d.set_both("capacity", 2**62)
    return d, "a disk of %d sectors, at most %d" % (2**62, 62 << 31)


@bad("capacity in the header is not that of descriptor and footer")
def header_capacity():
    d = BASE.draft()
    d.set_header("capacity", 2 * BASE.capacity)
    return d, "descriptor: extent of %d sectors, the header says %d" % (BASE.capacity, 2 * BASE.capacity)


@bad("capacity halved in the footer")
def footer_capacity():
    d = BASE.draft()
    d.set_footer("capacity", BASE.capacity // 2)
    return d, "footer: capacity is not that of the header"


@bad("gdOffset of the footer is wrong")
def footer_gd():
    d = BASE.draft()
    d.set_footer("gdOffset", d.s.gd + 1)
    return d, "footer: gdOffset is sector %d, the stream has %d" % (d.s.gd + 1, d.s.gd)


@bad("gdOffset of the footer is 2^32 sectors too large: right in 32 bits")
def footer_gd_wraps():
    d = BASE.draft()
    d.set_footer("gdOffset", d.s.gd + WIDE)
    return d, "footer: gdOffset is sector %d, the stream has %d" % (d.s.gd + WIDE, d.s.gd)


@bad("the header knows the directory (vmdktool), but not where it is")
def header_gd():
    d = filled(Draft(LONG, empty_tables=True))
    d.set_header("gdOffset", d.s.gd + 1)
    return d, "header: gdOffset is sector %d, the stream has %d" % (d.s.gd + 1, d.s.gd)


@bad("magic of the footer is wrong")
def footer_magic():
    d = BASE.draft()
    d.set_footer("magic", b"KDMW")
    return d, "footer: magic is not that of the header"


@bad("overHead 2^63: a giant gap before the first marker")
def overhead_2_63():
    d = BASE.draft()
    d.set_both("overHead", 2**63)
    return d, "overHead is %d sectors, not 2 to 2048" % 2**63


@bad("overHead 0")
def overhead_0():
    d = BASE.draft()
    d.set_both("overHead", 0)
    return d, "overHead is 0 sectors, not 2 to 2048"


@bad("descriptorSize 2^40")
def descriptor_size_2_40():
    d = BASE.draft()
    d.set_both("descriptorSize", 2**40)
    return d, "descriptorSize is %d sectors, not 1 to 20" % 2**40


# --- descriptor ------------------------------------------------------------------------


@bad("the descriptor is wiped out")
def descriptor_wiped():
    d = BASE.draft()
    d.put(SECTOR, bytes(SECTOR))
    return d, "descriptor: it does not begin with '# Disk DescriptorFile'"


def described(old, new):
    text = stream.descriptor(BASE.capacity).replace(old, new)
    return filled(Draft(BASE, text=text, descriptorSize=2))


@bad("the descriptor's extent is half of the disk")
def extent_halved():
    half = BASE.capacity // 2
    d = described(b"RDONLY %d" % BASE.capacity, b"RDONLY %d" % half)
    return d, "descriptor: extent of %d sectors, the header says %d" % (half, BASE.capacity)


@bad("the descriptor is of another type of disk")
def create_type():
    return described(b"streamOptimized", b"monolithicSparse"), (
        "descriptor: createType monolithicSparse, not streamOptimized"
    )


@bad("the descriptor has no CID")
def no_cid():
    return described(b"CID=4ca346e5\n", b""), "descriptor: no CID"


@bad("the descriptor has two CIDs")
def two_cids():
    return described(b"CID=4ca346e5\n", b"CID=4ca346e5\nCID=4ca346e6\n"), "descriptor: a second CID"


# --- grains ----------------------------------------------------------------------------


def does_not_inflate(number):
    return "grain at sector %d does not inflate" % lba(number)


@bad("one bit of a grain's data flipped")
def bit_flip():
    d = BASE.draft()
    at = d.grain_at(3) + 300
    d.put(at, bytes([d.data[at] ^ 16]))
    return d, does_not_inflate(3)


@bad("adler32 of a grain is wrong")
def adler32():
    d = BASE.draft()
    at = d.grain_at(3)
    at += 12 + d.get(at + 8) - 1
    d.put(at, bytes([d.data[at] ^ 1]))
    return d, does_not_inflate(3)


def replaced(number, blob):
    """The stream with another grain in the place of one."""
    d = Draft(BASE)
    for n, data in BASE.grains.items():
        d.s.packed(n, blob if n == number else stream.pack(data))
    d.s.finish()
    return d


@bad("a grain inflates to 65024 bytes")
def grain_short():
    return replaced(3, stream.pack(content(3)[:65024])), (
        "grain at sector %d inflates to 65024 bytes, not 65536" % lba(3)
    )


@bad("a grain inflates to 66048 bytes")
def grain_long():
    return replaced(3, stream.pack(content(3) + bytes(512))), (
        "grain at sector %d inflates to 66048 bytes, not 65536" % lba(3)
    )


@bad("a grain inflates to 60 MiB")
def grain_bomb():
    return replaced(3, stream.pack(bytes(60 << 20), 9)), does_not_inflate(3)


@bad("a grain is deflate without zlib's head and sum")
def grain_raw_deflate():
    z = zlib.compressobj(1, zlib.DEFLATED, -15)
    return replaced(3, z.compress(content(3)) + z.flush()), does_not_inflate(3)


@bad("a grain's zlib stream needs a preset dictionary")
def preset_dictionary():
    z = zlib.compressobj(1, zdict=content(3)[:1024])
    return replaced(3, z.compress(content(3)) + z.flush()), does_not_inflate(3)


@bad("bytes behind the zlib stream of a grain")
def grain_tail():
    blob = stream.pack(content(3))
    return replaced(3, blob + b"seven b"), (
        "grain at sector %d: 7 of its %d bytes are unused" % (lba(3), len(blob) + 7)
    )


@bad("size of a grain is 0x7fffffff")
def size_2_31():
    d = BASE.draft()
    d.put32(d.grain_at(3) + 8, 0x7FFFFFFF)
    return d, "grain at sector %d has 2147483647 bytes of data, at most 66560" % lba(3)


def renumbered(number, to):
    d = BASE.draft()
    d.put64(d.grain_at(number), to)
    return d


@bad("a marker's LBA is that of a grain that is not stored")
def lba_wrong():
    d = renumbered(4, lba(5))
    return d, "grain table 0 names sector %d (entry 4), the stream has no such grain" % d.s.grain_at[4]


@bad("two grains of one LBA")
def lba_twice():
    return renumbered(4, lba(3)), "grain at sector %d behind the one at sector %d" % (lba(3), lba(3))


@bad("grains out of order")
def lba_back():
    return renumbered(4, lba(0)), "grain at sector %d behind the one at sector %d" % (lba(0), lba(3))


@bad("LBA behind the end of the disk")
def lba_beyond():
    return renumbered(255, lba(256)), "grain at sector %d of a disk of %d sectors" % (lba(256), BASE.capacity)


@bad("LBA is no multiple of 128")
def lba_odd():
    return renumbered(4, lba(4) + 1), "grain at sector %d, which is no multiple of 128" % (lba(4) + 1)


@bad("LBA is 2^32 too large: right in 32 bits")
def lba_wraps():
    return renumbered(4, lba(4) + WIDE), "grain at sector %d of a disk of %d sectors" % (
        lba(4) + WIDE,
        BASE.capacity,
    )


# --- tables and directory ----------------------------------------------------------------


def names(d, number, sector):
    """The table names this sector for a grain."""
    seen = d.s.grain_at.get(number)
    tail = "the stream has no such grain" if seen is None else "the stream has %d" % seen
    table, entry = divmod(number, TABLE_GRAINS)
    return d, "grain table %d names sector %d (entry %d), %s" % (table, sector, entry, tail)


def entry(number, sector, disk=BASE):
    d = disk.draft()
    d.put32(d.entry_at(number), sector)
    return names(d, number, sector)


@bad("two entries of a grain table swapped")
def gte_swapped():
    d = BASE.draft()
    a, b = d.s.grain_at[3], d.s.grain_at[4]
    d.put32(d.entry_at(3), b)
    d.put32(d.entry_at(4), a)
    return names(d, 3, b)


@bad("an entry of a grain table zeroed: a grain lost")
def gte_zero():
    return entry(4, 0)


@bad("an entry of a grain table is 1, which no flag allows")
def gte_one():
    return entry(4, 1)


@bad("an entry names a grain that is not there: that of another")
def gte_extra():
    return entry(5, BASE.draft().s.grain_at[4])


@bad("an entry points behind the end of the file")
def gte_beyond_file():
    return entry(4, 0x7FFFFFFF)


@bad("an entry points into the middle of a grain")
def gte_inside_grain():
    return entry(3, BASE.draft().s.grain_at[3] + 1)


@bad("an entry of the directory zeroed: 32 MiB lost", LONG)
def gde_zero():
    d = LONG.draft()
    d.put32(d.directory_at(1), 0)
    return d, "grain directory names sector 0 for table 1, the stream has %d" % d.s.table_at[1]


@bad("an entry of the directory points behind the end of the file", LONG)
def gde_beyond_file():
    d = LONG.draft()
    d.put32(d.directory_at(1), 0x7FFFFFFF)
    return d, "grain directory names sector %d for table 1, the stream has %d" % (0x7FFFFFFF, d.s.table_at[1])


@bad("two entries of the directory swapped", LONG)
def gde_swapped():
    d = LONG.draft()
    a, b = d.s.table_at[0], d.s.table_at[1]
    d.put32(d.directory_at(0), b)
    d.put32(d.directory_at(1), a)
    return d, "grain directory names sector %d for table 0, the stream has %d" % (b, a)


@bad("the directory has an entry more than the disk", LONG)
def gde_extra():
    d = LONG.draft()
    d.put32(d.directory_at(3), d.s.table_at[0])
    return d, "grain directory names sector %d for table 3, the disk has 3 tables" % d.s.table_at[0]


@bad("a grain table is missing", LONG)
def table_missing():
    d = Draft(LONG)
    d.s.table = lambda k=None: None if k is None else stream.Stream.table(d.s, k)
    LONG.fill(d.s)
    d.s.table(2)
    d.s.open_table = None
    d.s.finish()
    return d, "grain table 0 is missing"


@bad("a grain table is there twice")
def table_twice():
    d = Draft(BASE)
    BASE.fill(d.s)
    d.s.table(0)
    d.s.table(0)
    d.s.finish()
    return d, "grain table 1 names sector %d (entry 0), the stream has no such grain" % d.s.grain_at[0]


@bad("a grain behind its table", LONG)
def grain_behind_table():
    d = Draft(LONG)
    LONG.fill(d.s, skip=[n for n in LONG.grains if n >= 300])
    d.s.table()
    LONG.fill(d.s, skip=[n for n in LONG.grains if n < 300])
    d.s.finish()
    return d, "grain at sector %d behind its grain table 0" % lba(300)


@bad("the marker of a grain table says 5 sectors")
def table_sectors():
    d = BASE.draft()
    at = d.s.table_at[0] - 1
    d.put64(at * SECTOR, 5)
    return d, "grain table of 5 sectors at sector %d, not 4" % at


@bad("the marker of the directory says 2 sectors, not 1")
def directory_sectors():
    d = BASE.draft()
    at = d.s.gd - 1
    d.put64(at * SECTOR, 2)
    return d, "grain directory of 2 sectors at sector %d, not 1" % at


@bad("the directory is there twice")
def directory_twice():
    d = Draft(BASE)
    BASE.fill(d.s)
    d.s.table()
    d.s.directory()
    at = d.s.pos
    d.s.finish()
    return d, "grain directory marker out of turn at sector %d" % at


@bad("a grain behind the directory")
def grain_behind_directory():
    d = Draft(BASE)
    BASE.fill(d.s, skip=[255])
    d.s.table()
    d.s.directory()
    d.s.grain(255, content(255))
    d.s.open_table = None
    d.s.foot()
    d.s.stop()
    return d, "grain at sector %d behind the grain directory" % lba(255)


@bad("a marker of unknown type")
def marker_unknown():
    d = Draft(BASE)
    BASE.fill(d.s)
    at = d.s.pos
    d.s.put(stream.marker(0, 77))
    d.s.finish()
    return d, "marker of unknown type 77 at sector %d" % at


@bad("a progress marker behind the end of the disk")
def progress_beyond():
    d = Draft(BASE)
    BASE.fill(d.s)
    at = BASE.capacity + 128
    d.s.put(stream.marker(0, stream.PROGRESS, at))
    d.s.finish()
    return d, "progress marker of sector %d (and 0 sectors more) of a disk of %d sectors" % (at, BASE.capacity)


@bad("a grain beyond 2 TiB of the file: its entry wraps to another one")
def beyond_2tib():
    """The low 32 bits of what lies beyond name a false grain and a copy of the
    table, both in the gap behind the descriptor."""
    d = Draft(BASE)
    for number in 0, 1, 3:
        d.s.grain(number, BASE.grains[number])
    hole = d.s.pos
    d.put(8 * SECTOR, stream.stored(6, stream.pack(content(1000))))
    entries = d.s.entries(0)
    entries[6] = 8
    table = struct.pack("<%dI" % TABLE_GRAINS, *entries)
    d.put(64 * SECTOR, table)
    d.far[(WIDE + 8) * SECTOR] = stream.stored(6, stream.pack(content(6)))
    end = stream.marker(4, stream.TABLE) + table
    end += stream.marker(1, stream.DIRECTORY) + struct.pack("<I", 64).ljust(SECTOR, b"\0")
    end += stream.marker(1, stream.FOOTER) + stream.header(d.s.fields | {"gdOffset": WIDE + 69})
    d.far[(WIDE + 63) * SECTOR] = end + bytes(SECTOR)
    return d, "end marker at sector %d before the grain directory" % hole


# --- tables in front -------------------------------------------------------------------------


@bad("tables in front: an entry zeroed in both copies", LONG)
def front_gte_zero():
    d = front(LONG, False)
    for gd in d.s.directories:
        d.put32((gd + d.s.gd_sectors) * SECTOR + 4 * 300, 0)
    return names(d, 300, 0)


@bad("tables in front: the two copies differ", LONG)
def front_copies_differ():
    d = front(LONG, False)
    d.put32((d.s.directories[0] + d.s.gd_sectors) * SECTOR + 4 * 300, 0)
    return d, "grain table 0 and its redundant copy differ"


@bad("tables in front: cut before the last grain", LONG)
def front_cut():
    d = front(LONG, False)
    n = d.grain_at(1279)
    d.cut(n)
    reason = "stream ends after %d bytes: grain table 2 names sector %d (entry 255), the stream has no such grain"
    return d, reason % (n, d.s.grain_at[1279])


@bad("tables in front: a table lies behind them", LONG)
def front_gde_beyond():
    d = front(LONG, False)
    d.put32(d.directory_at(1), 0x7FFFFFFF)
    return d, "grain table 1 at sector %d, the data begins at 128" % 0x7FFFFFFF


@bad("tables in front: garbage after the end", LONG)
def front_garbage_after_end():
    d = front(LONG, False)
    d.put(len(d.data), bytes(512) + noise("garbage", 4096))
    return d, "bytes other than zero after the end of the stream"


# --- what wants to harm the reader --------------------------------------------------------------


@bad("capacity 0 and a descriptor that names another file of the machine", SECRET)
def disclosure():
    text = b'# Disk DescriptorFile\nversion=1\nCID=4ca346e5\nparentCID=ffffffff\ncreateType="monolithicFlat"\n'
    text += b'# Extent description\nRW 1 FLAT "secret" 0\n# The Disk Data Base\n#DDB\n'
    d = Draft(SECRET, text=text)
    d.s.finish()
    d.set_both("capacity", 0)
    return d, "a disk of 0 sectors"


def delta(hint, parent="12345678"):
    text = stream.descriptor(DELTA.capacity, parent=parent, hint=hint)
    return filled(Draft(DELTA, text=text, descriptorSize=2))


@bad("a parent that is a network address", DELTA)
def parent_nbd():
    return delta("nbd:127.0.0.1:9"), "descriptor: parentFileNameHint nbd:127.0.0.1:9 is no file's name"


@bad("the same in a comment, where qemu-img finds it, too", DELTA)
def parent_in_comment():
    text = stream.descriptor(DELTA.capacity) + b'# parentFileNameHint="nbd:127.0.0.1:9"\n'
    return filled(Draft(DELTA, text=text, descriptorSize=2)), "descriptor: parentFileNameHint inside of a line"


@bad("the same behind a descriptor that fills its sector", DELTA)
def parent_in_gap():
    text = stream.descriptor(DELTA.capacity).ljust(SECTOR, b"#")
    d = filled(Draft(DELTA, text=text))
    d.put(2 * SECTOR, b'\nparentFileNameHint="nbd:127.0.0.1:9"\n')
    return d, "descriptor: it has no end"


@bad("a disk that is its own parent", DELTA)
def parent_self():
    return delta("parent-self.vmdk", "4ca346e5"), "descriptor: the disk is its own parent: CID 4ca346e5"
