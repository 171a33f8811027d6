"""Archives that tar would not make: tarmake.py OUT MEMBER...

NAME             the file, ustar
NAME=FILE        the file under another name
base256:NAME     its size in base 256
link:NAME hard:NAME device:NAME fifo:NAME folder:NAME     of that type
pax:NAME long:NAME sparse:NAME                            of that type
badsum:NAME      its checksum wrong
noend: oneend: tail:   what stands at the end
"""
import sys

TYPES = {"link": b"2", "hard": b"1", "device": b"4", "fifo": b"6",
         "folder": b"5", "pax": b"x", "long": b"L", "sparse": b"S"}


def header(name, size, kind=b"0", base256=False, bad=False):
    number = (b"\x80" + size.to_bytes(11, "big") if base256
              else b"%011o\0" % size)
    h = bytearray(name.encode().ljust(100, b"\0") + b"0000444\0" +
                  b"0000000\0" * 2 + number + b"00000000000\0" + b" " * 8 +
                  kind + b"\0" * 100 + b"ustar\00000" + b"\0" * 247)
    h[148:156] = b"%06o\0 " % (sum(h) + (1 if bad else 0))
    return bytes(h)


def member(out, word):
    how, _, rest = word.rpartition(":")
    name, _, path = rest.partition("=")
    if how in TYPES:
        out.write(header(name, 0, TYPES[how]))
        return
    with open(path or name, "rb") as f:
        data = f.read()
    out.write(header(name, len(data), base256=how == "base256",
                     bad=how == "badsum"))
    out.write(data + bytes(-len(data) % 512))


def main():
    end = bytes(1024)
    with open(sys.argv[1], "wb") as out:
        for word in sys.argv[2:]:
            if word in ("noend:", "oneend:", "tail:"):
                end = {"n": b"", "o": bytes(512),
                       "t": bytes(4096) + b"x"}[word[0]]
            else:
                member(out, word)
        out.write(end)


main()
