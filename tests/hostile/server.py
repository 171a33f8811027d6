#!/usr/bin/python3
"""A host that means harm, by script.

    server.py DIR

reads DIR/key.pem and DIR/cert.pem, listens on a port of 127.0.0.1, writes its
number to DIR/port, and appends an event to DIR/events.jsonl for each request.
DIR/scenario.json says how to answer; it is read for each request, and a
change of it is a new world:

    {"world": {...},
     "on": {"Login": {...}, "RetrievePropertiesEx/Task": {...}}}

"world" are values of vsphere.py that differ.  "on" names requests, by their
method, by method and type of the first property set, or "versions", "disk",
"nvram" and "upload", and how they are answered instead:

    head      the whole head, empty line included, in place of our own
    status    "302 Found"
    headers   lines beside our own
    soap      parts of the inner XML; the envelope is put around them
    body      parts of the whole body; without soap and body, the good answer
    endless   text behind that, for ever
    gzip      the body is compressed, as the head says
    pause     seconds before each piece of the body, of "piece" bytes (1)
    early     nothing of the request's body is read
    rude      the connection ends without TLS's own end
    keep      the connection stays open

A part is a text, [TEXT, COUNT], {"numbers": "text # text", "count": N}, or
a piece of a disk, {"front": SECTORS}, {"progress": SECTOR} (vmdk.py).
"""
import json
import os
import socket
import ssl
import sys
import threading
import time
import zlib

import vsphere
import vmdk

BLOCK = 1 << 16


def parts_of(parts):
    """Bytes, in blocks."""
    for part in parts:
        if isinstance(part, dict) and "numbers" in part:
            text = part["numbers"]
            for i in range(part["count"]):
                yield text.replace("#", str(i)).encode()
        elif isinstance(part, dict):
            (name, value), = part.items()
            yield getattr(vmdk, name)(value)
        elif isinstance(part, list):
            yield from repeat(part[0].encode(), part[1])
        else:
            yield part.encode()


def repeat(text, count):
    """count times the text, or for ever if that is None."""
    many = max(1, BLOCK // len(text))
    while count is None or count > 0:
        n = many if count is None else min(many, count)
        yield text * n
        count = None if count is None else count - n


def squeeze(blocks):
    z = zlib.compressobj(1, wbits=31)
    for block in blocks:
        yield z.compress(block)
    yield z.flush()


class Server:
    def __init__(self, folder):
        self.dir = folder
        self.lock = threading.Lock()
        self.mark = None
        self.scenario = {}
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]

    def log(self, **event):
        with self.lock, open(f"{self.dir}/events.jsonl", "a") as f:
            f.write(json.dumps(event) + "\n")

    def look(self):
        """Take up a scenario that is new."""
        path = f"{self.dir}/scenario.json"
        with self.lock:
            st = os.stat(path)
            mark = (st.st_ino, st.st_mtime_ns)
            if mark != self.mark:
                with open(path, encoding="utf-8") as f:
                    self.scenario = json.load(f)
                self.host = vsphere.Host(self.scenario.get("world", {}),
                                         self.port)
                self.mark = mark
            return self.host, self.scenario.get("on", {})

    def run(self):
        with open(f"{self.dir}/port.new", "w") as f:
            f.write(f"{self.port}\n")
        os.rename(f"{self.dir}/port.new", f"{self.dir}/port")
        parent = os.getppid()
        self.listener.settimeout(1)
        # A test that was killed leaves nothing behind.
        while os.getppid() == parent:
            try:
                sock, _ = self.listener.accept()
            except TimeoutError:
                continue
            sock.setblocking(True)
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.tls.wrap_socket(sock, server_side=True) as conn:
                conn.settimeout(60)
                while self.one(conn):
                    pass
                conn.unwrap()
        except (OSError, ValueError) as e:
            self.log(event="end", why=str(e))

    def one(self, conn):
        """One request; false if the connection is to end."""
        head, rest = b"", b""
        while b"\r\n\r\n" not in head:
            block = conn.recv(BLOCK)
            if not block:
                return False
            head += block
        head, rest = head.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in
                  (line.partition(":") for line in lines[1:])}
        verb, path, _ = lines[0].split(" ")
        upload = verb in ("POST", "PUT") and path != "/sdk"
        early = upload and self.look()[1].get("upload", {}).get("early")
        length = 0 if early else int(fields.get("content-length", 0))
        while len(rest) < length:
            block = conn.recv(BLOCK)
            if not block:
                return False
            rest += block
        return self.reply(conn, path, fields, rest, upload)

    def reply(self, conn, path, fields, request, upload):
        host, on = self.look()
        method = kind = ""
        if path == "/sdk":
            element = vsphere.parse(request)
            method = element.tag.split("}")[1]
            kind = vsphere.kind_of(element)
            good = host.answer(method, element)
        elif path == "/sdk/vimServiceVersions.xml":
            method, good = "versions", host.versions()
        elif upload:
            method, good = "upload", b""
            host.received = request
        else:
            method = "nvram" if path.endswith(".nvram") else "disk"
            good = host.disk if method == "disk" else b"nvram"
        how = on.get(f"{method}/{kind}", on.get(method, {}))
        self.log(event="request", method=method, kind=kind, path=path,
                 cookie=fields.get("cookie", ""), hostile=bool(how))
        sent = 0
        try:
            for block in answer(how, method, path, good):
                conn.sendall(block)
                sent += len(block)
        finally:
            if how:
                self.log(event="sent", method=method, bytes=sent)
        if how.get("rude"):
            conn.close()
        return not how or "keep" in how


def pieces(blocks, how):
    if "pause" not in how:
        yield from blocks
        return
    size = how.get("piece", 1)
    for block in blocks:
        for i in range(0, len(block), size):
            time.sleep(how["pause"])
            yield block[i:i + size]


def body_of(how, method, path, good):
    if "body" in how:
        yield from parts_of(how["body"])
    elif isinstance(good, bytes):
        yield good
    elif path != "/sdk":
        yield good.encode()
    else:
        before, behind = vsphere.wrap(method)
        yield before.encode()
        if "soap" in how:
            yield from parts_of(how["soap"])
        else:
            yield (good or "").encode()
        if "endless" not in how:
            yield behind.encode()
    if isinstance(how.get("endless"), str):
        yield from repeat(how["endless"].encode(), None)
    elif "endless" in how:
        yield from repeat(b"".join(parts_of([how["endless"]])), None)


def answer(how, method, path, good):
    blocks = body_of(how, method, path, good)
    if how.get("gzip"):
        blocks = squeeze(blocks)
    kind = "text/xml" if path.startswith("/sdk") else "application/x-vmdk"
    lines = [f"HTTP/1.1 {how.get('status', '200 OK')}",
             f"Content-Type: {kind}", *how.get("headers", [])]
    if method == "Login" and "headers" not in how:
        lines.append('Set-Cookie: vmware_soap_session="0123456789abcdef"; '
                     'Path=/; HttpOnly; Secure;')
    if how.get("gzip"):
        lines.append("Content-Encoding: gzip")
    if how and "keep" not in how:
        lines.append("Connection: close")
    else:
        blocks = list(blocks)
        lines.append(f"Content-Length: {sum(map(len, blocks))}")
    head = how.get("head", "\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    yield head
    yield from pieces(blocks, how)


if __name__ == "__main__":
    Server(sys.argv[1]).run()
