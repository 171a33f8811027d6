"""SMTP and HTTP servers on loopback for plan-notify.sh.

mailhook.py DIR CERT KEY: one server a port, their ports by name in
DIR/ports.json; mails as DIR/mail.N and mail.N.json in the order in which they
came, HTTP requests as lines of DIR/requests.jsonl.  It ends with its parent.
"""

import http.server
import json
import os
import socket
import ssl
import sys
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

DIR, CERT, KEY = sys.argv[1:4]
USER, PASSWORD = b"esxbk", b"s&cret <1> \"x\""
lock = threading.Lock()
mails = 0


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERT, KEY)
    return context


def write(name, data):
    path = os.path.join(DIR, name)
    with open(path + ".new", "wb") as f:
        f.write(data)
    os.rename(path + ".new", path)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global mails
        if b"refuse me" in envelope.content:
            return "554 5.7.1 refused by content"
        with lock:
            mails += 1
            n = mails
        write(f"mail.{n}", envelope.original_content)
        write(f"mail.{n}.json", json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "login": session.authenticated, "helo": session.host_name,
        }).encode())
        return "250 2.0.0 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and \
        (data.login, data.password) == (USER, PASSWORD)
    return AuthResult(success=good, handled=False)


def smtp(**options):
    c = Controller(Handler(), hostname="127.0.0.1", port=0, **options)
    # The controller looks whether its port answers: 0 is none.
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        c.port = s.getsockname()[1]
    c.start()
    return c.port


# A server that says what stands here and then does what the last word says.
# Each item: what to wait for, and the answer.
HELLO = [(b"", "220 here"), (b"EHLO", "250 here")]
MAIL = HELLO + [(b"MAIL", "250 ok"), (b"RCPT", "250 ok")]
SCRIPTS = {
    "refuses": ([(b"", "554 5.3.2 not today")], "close"),
    "silent": ([], "stall"),
    "stalls": (HELLO, "stall"),
    "cuts": (MAIL + [(b"DATA", "354 go")], "cut"),
    "leaves": (HELLO + [(b"MAIL", "421 4.3.2 going down")], "close"),
    "no-starttls": (MAIL + [(b"DATA", "354 go")], "stall"),
    "no-quit": (MAIL + [(b"DATA", "354 go"), (b"\r\n.\r\n", "250 ok")],
                "stall"),
}


def play(conn, steps, end):
    got = b""
    for wanted, answer in steps:
        while wanted not in got:
            more = conn.recv(4096)
            if not more:
                return
            got += more
        got = b""
        conn.sendall(answer.encode() + b"\r\n")
    if end == "cut":
        conn.recv(1)
    while end == "stall" and conn.recv(4096):
        pass


def echo_login(conn):
    """Refuses the login with all that it was told."""
    conn = tls().wrap_socket(conn, server_side=True)
    conn.sendall(b"220 here\r\n")
    conn.recv(4096)
    conn.sendall(b"250-here\r\n250 AUTH PLAIN LOGIN\r\n")
    line = conn.recv(4096)
    if b" " not in line.strip().removeprefix(b"AUTH "):
        conn.sendall(b"334 \r\n")
        line += conn.recv(4096)
    said = b" ".join(line.split()) + b" " + PASSWORD
    conn.sendall(b"535 5.7.8 wrong: " + said + b"\r\n")
    conn.recv(4096)


def serve(talk):
    listener = socket.create_server(("127.0.0.1", 0))

    def one(conn):
        try:
            talk(conn)
        except OSError:
            pass
        conn.close()

    def loop():
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=one, args=(conn,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


class Hook(http.server.BaseHTTPRequestHandler):
    seen = {}

    def log_message(self, *args):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = self.path.split("?")[0]
        with lock:
            n = self.seen[path] = self.seen.get(path, 0) + 1
            with open(os.path.join(DIR, "requests.jsonl"), "a") as f:
                f.write(json.dumps({
                    "path": self.path, "n": n,
                    "type": self.headers.get("Content-Type"),
                    "body": body.decode(),
                }) + "\n")
        if path == "/stall" or path == "/sick" and n > 1:
            time.sleep(60)
        if path == "/busy" and n <= 2 or path in ("/broken", "/sick"):
            self.answer(503)
        elif path == "/drop" and n == 1:
            self.connection.close()
        elif path == "/gone":
            self.answer(404)
        elif path == "/moved":
            self.answer(302)
        else:
            self.answer(200)

    def answer(self, status):
        # HTTP/1.0, no length: the end of the connection is that of the body.
        self.send_response(status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(b"OK\n")


def web(context):
    s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    s.daemon_threads = True
    if context is not None:
        s.socket = context.wrap_socket(s.socket, server_side=True)
    threading.Thread(target=s.serve_forever, daemon=True).start()
    return s.server_address[1]


auth = {"authenticator": authenticate, "auth_required": True}
ports = {
    "plain": smtp(),
    "starttls": smtp(tls_context=tls(), require_starttls=True),
    "starttls-login": smtp(tls_context=tls(), require_starttls=True, **auth),
    "smtps": smtp(ssl_context=tls()),
    "smtps-login": smtp(ssl_context=tls(), auth_require_tls=False, **auth),
    # The only way in that some old servers have.
    "only-login": smtp(ssl_context=tls(), auth_require_tls=False,
                       auth_exclude_mechanism=["PLAIN"], **auth),
    "echo": serve(echo_login),
    "http": web(None),
    "https": web(tls()),
}
for name, (steps, end) in SCRIPTS.items():
    ports[name] = serve(lambda c, s=steps, e=end: play(c, s, e))
write("ports.json", json.dumps(ports).encode())
parent = os.getppid()
while os.getppid() == parent:
    time.sleep(0.2)
