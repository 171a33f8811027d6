"""A TCP link with a delay and a window, between a client and the pretend host,
both on this machine: what is sent takes half the round trip to the other end,
the word that it has come there the other half, and no more than a window
waits for that word in either direction."""

import collections
import contextlib
import os
import select
import socket
import sys
import time

BLOCK = 1 << 18
BUFFER = 1 << 16


class Half:
    """One direction."""

    def __init__(self, source, sink, delay, window):
        self.source, self.sink = source, sink
        self.delay, self.window = delay, window
        self.queue = collections.deque()  # (due, bytes), the oldest first
        self.acks = collections.deque()  # (due, how many bytes)
        self.held = 0  # bytes that no ack has come of
        self.ended = self.closed = False

    def wants(self):
        return not self.ended and self.held < self.window

    def take_acks(self, now):
        while self.acks and self.acks[0][0] <= now:
            self.held -= self.acks.popleft()[1]

    def due(self):
        return self.queue[0][0] if self.queue else None

    def dues(self):
        return [q[0][0] for q in (self.queue, self.acks) if q]

    def receive(self):
        data = self.source.recv(min(BLOCK, self.window - self.held))
        self.queue.append((time.monotonic() + self.delay, data))
        self.held += len(data)
        self.ended = not data

    def send(self):
        _, data = self.queue.popleft()
        if not data:
            self.closed = True
            with contextlib.suppress(OSError):
                self.sink.shutdown(socket.SHUT_WR)
            return
        sent = self.sink.send(data)
        self.acks.append((time.monotonic() + self.delay, sent))
        if sent < len(data):
            self.queue.appendleft((0, data[sent:]))


def pump(halves):
    """Until both directions have ended."""
    while not all(h.closed for h in halves):
        now = time.monotonic()
        for h in halves:
            h.take_acks(now)
        ready = [h for h in halves if h.due() is not None and h.due() <= now]
        later = [due for h in halves for due in h.dues() if due > now]
        readers = [h.source for h in halves if h.wants()]
        wait = min(later) - now if later else None
        can_read, can_write, _ = select.select(readers, [h.sink for h in ready], [], wait)
        for h in halves:
            if h.source in can_read and h.wants():
                h.receive()
        for h in ready:
            if h.sink in can_write:
                h.send()


def connect(port):
    """With small buffers: what waits in the kernel's would widen the window."""
    host = socket.socket()
    host.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    host.connect(("localhost", port))
    return host


def serve(client, port, delay, window):
    with client, connect(port) as host:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
        for end in client, host:
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):
            pump([Half(client, host, delay, window), Half(host, client, delay, window)])


def main(port, delay, window):
    """A process a connection, so that one does not hold up another."""
    with socket.create_server(("localhost", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            client, _ = server.accept()
            if os.fork() == 0:
                server.close()
                serve(client, port, delay, window)
                os._exit(0)
            client.close()


@contextlib.contextmanager
def link(port, delay_s, window):
    """A port that leads to the other one: each way takes delay_s."""
    there, back = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        os.dup2(back, sys.stdout.fileno())
        main(port, delay_s, window)
    os.close(back)
    try:
        with open(there, encoding="ascii") as f:
            yield int(f.readline())
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, 15)
        os.waitpid(pid, 0)
