"""tap.py CERT KEY PORT DIR - a TLS proxy that hears everything.

Listens on a port of its own, which it writes to DIR/port, passes every
connection on to 127.0.0.1:PORT, and appends what goes either way, decrypted,
to DIR/tapped; but not the bulk, which is disks.
"""
import os
import select
import socket
import ssl
import sys
import threading

cert, key, port, where = sys.argv[1:]
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(cert, key)
client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
client.check_hostname = False
client.verify_mode = ssl.CERT_NONE
tapped = open(os.path.join(where, "tapped"), "ab", buffering=0)


def send(to, data):
    while data:
        try:
            data = data[to.send(data):]
        except ssl.SSLWantWriteError:
            select.select([], [to], [])


def pump(a, b):
    """What is readable may be no data but a record of TLS's own."""
    other = {a: b, b: a}
    a.setblocking(False)
    b.setblocking(False)
    while True:
        ready = [s for s in other if s.pending()]
        for s in ready or select.select([a, b], [], [])[0]:
            try:
                data = s.recv(65536)
            except ssl.SSLWantReadError:
                continue
            if not data:
                return
            if len(data) < 16000:
                tapped.write(data)
            send(other[s], data)


def serve(raw):
    try:
        with server.wrap_socket(raw, server_side=True) as a:
            up = socket.create_connection(("127.0.0.1", int(port)))
            with client.wrap_socket(up) as b:
                pump(a, b)
    except OSError:
        pass


listener = socket.create_server(("127.0.0.1", 0))
with open(os.path.join(where, "port.new"), "w") as f:
    f.write(str(listener.getsockname()[1]))
os.rename(os.path.join(where, "port.new"), os.path.join(where, "port"))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
