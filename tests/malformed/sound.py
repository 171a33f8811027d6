"""Sound streams: no verifier may refuse them."""

import stream
from draft import BASE, EMPTY, GRAIN, HUGE, LONG, SHORT, Draft, filled, front, good, lba

GAP = "bytes other than zero behind the descriptor"
PADDING = "bytes other than zero behind the data of a grain"
AFTER_END = "zeros behind its end: ovftool and vSphere may refuse it for its digest"

# --- the host's layout ------------------------------------------------------------


@good("a stream as the host writes it")
def host():
    return BASE.draft(), None


@good("several grain tables, one of them in the middle of the disk empty", LONG)
def host_long():
    return LONG.draft(), None


@good("a disk with nothing stored", EMPTY)
def host_empty():
    d = EMPTY.draft()
    assert len(d.data) == 68096  # as VMware writes it
    return d, None


@good("a disk of a little more than 2 TiB, grains on both sides of sector 2^32", HUGE)
def host_2tib():
    return HUGE.draft(), None


def progress(count):
    d = Draft(BASE)
    for number, data in BASE.grains.items():
        if number % 32 == 0:
            for _ in range(count):
                d.s.put(stream.marker(0, stream.PROGRESS, lba(number)))
        d.s.grain(number, data)
    d.s.finish()
    return d, None


@good("progress markers (type 4), which are not in the book")
def progress_markers():
    return progress(1)


@good("progress markers in fours, as the host sends them")
def progress_in_fours():
    return progress(4)


@good("grains that zlib only makes longer")
def incompressible():
    d = Draft(BASE)
    for number in BASE.grains:
        d.s.grain(number, BASE.grains[number], level=0 if number == 1 else 1)
    d.s.finish()
    assert d.get(d.grain_at(4) + 8) > GRAIN < d.get(d.grain_at(1) + 8)
    return d, None


@good("last grain ends with the disk, in the host's layout", SHORT)
def short_last_grain():
    return filled(Draft(SHORT)), None


@good("last grain is whole, the disk ends inside of it", SHORT)
def full_last_grain():
    d = Draft(SHORT)
    for number, data in SHORT.grains.items():
        d.s.grain(number, data.ljust(GRAIN, b"\0"))
    d.s.finish()
    return d, None


@good("no gap between descriptor and first grain")
def no_gap():
    return filled(Draft(BASE, overHead=2)), None


@good("a descriptor that fills its sector to the last byte")
def descriptor_full():
    text = stream.descriptor(BASE.capacity).ljust(stream.SECTOR, b"#")
    return filled(Draft(BASE, text=text)), None


@good("zero entries (1) in a table, announced by flag 0x4")
def zero_entries():
    d = filled(Draft(BASE, flags=0x30005))
    d.put32(d.entry_at(2), 1)
    return d, None


@good("old bytes behind the data of a grain, as some writers leave them")
def old_bytes():
    d = BASE.draft()
    at = d.grain_at(0)
    d.put(at + 12 + d.get(at + 8), b"x")
    return d, PADDING


# --- the layouts of other writers -----------------------------------------------


@good("VirtualBox: descriptor of two sectors, else as the host")
def virtualbox():
    d = Draft(BASE, descriptorSize=2)
    for number, data in BASE.grains.items():
        d.s.grain(number, data, level=6)
    d.s.finish()
    return d, None


@good("vmdktool: the header knows the directory, tables without grains", LONG)
def vmdktool():
    d = filled(Draft(LONG, empty_tables=True))
    d.set_header("gdOffset", d.s.gd)
    return d, None


@good("open-vmdk: tables in front, short last grain, an end marker", SHORT)
def open_vmdk():
    d = Draft(SHORT, stream.FrontStream, text=stream.descriptor(SHORT.capacity, "RW"))
    for number, data in SHORT.grains.items():
        d.s.grain(number, data, level=9)
    d.s.finish()
    return d, None


@good("govmomi: as open-vmdk's, zlib's default level", LONG)
def govmomi():
    return filled(Draft(LONG, stream.FrontStream)), None


@good("qemu-img: tables twice in front, no end marker", LONG)
def qemu():
    return front(LONG, False), None


@good("qemu-img: the same, filled up to 64 KiB with zeros", SHORT)
def qemu_padded():
    return front(SHORT, True), AFTER_END


@good("qemu-img: a CID of few digits leaves old text behind the descriptor", LONG)
def qemu_short_cid():
    text = stream.descriptor(LONG.capacity, "RW", cid="853d0f")
    d = front(LONG, False, text + b"\0\n")
    return d, GAP
