"""A tiny streamOptimized VMDK, as a host would send it.

Made from the format's description (VMware, "Virtual Disk Format 5.0"), not
from the C library's own writer.
"""
import struct
import zlib

SECTOR = 512
GRAIN = 65536
TABLE, DIRECTORY, FOOTER, PROGRESS = 1, 2, 3, 4
AT_END = 0xFFFFFFFFFFFFFFFF


def pad(data):
    return data + bytes(-len(data) % SECTOR)


def header(sectors, directory):
    return pad(struct.pack("<4sIIQQQQIQQQB4sH", b"KDMV", 3, 0x30001, sectors,
                           128, 1, 2, 512, 0, directory, 128, 0, b"\n \r\n",
                           1))


def descriptor(sectors):
    text = ('# Disk DescriptorFile\nversion=1\nCID=12345678\n'
            'parentCID=ffffffff\ncreateType="streamOptimized"\n'
            f'RDONLY {sectors} SPARSE "disk.vmdk"\n')
    return text.encode().ljust(2 * SECTOR, b"\0")


def front(sectors):
    """All in front of the first marker; sectors may be a text, as jq's
    numbers have 53 bits."""
    sectors = int(sectors)
    return (header(sectors, AT_END) + descriptor(sectors)).ljust(
        128 * SECTOR, b"\0")


def marker(kind, sectors, more=b""):
    return pad(struct.pack("<QII", sectors, 0, kind) + more)


def progress(sector):
    return marker(PROGRESS, 0, struct.pack("<Q", sector))


def stream(size):
    """A disk of size bytes, a multiple of 64 KiB, at most 32 MiB; its first
    grain has data."""
    sectors = size // SECTOR
    grain = zlib.compress(b"esxbk" * 13107 + b"!")
    out = front(sectors)
    grain_at = len(out) // SECTOR
    out += pad(struct.pack("<QI", 0, len(grain)) + grain)
    table_at = len(out) // SECTOR + 1
    out += marker(TABLE, 4) + struct.pack("<I", grain_at).ljust(2048, b"\0")
    directory_at = len(out) // SECTOR + 1
    out += marker(DIRECTORY, 1) + pad(struct.pack("<I", table_at))
    out += marker(FOOTER, 1) + header(sectors, directory_at)
    return out + bytes(SECTOR)
