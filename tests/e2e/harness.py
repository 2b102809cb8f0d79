"""What the end-to-end tests share: a running mxcd, and an HTTP client that hides nothing.

Standard library only. The binary is named by MXCD_BINARY.
"""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

BINARY = os.environ.get("MXCD_BINARY", "build/dev/mxcd")
ALICE = "alice-token"
BOB = "bob-token"
ROOT = "root-token"  # an admin


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


class Connection:
    """One keep-alive connection, over TCP or a UNIX socket."""

    def __init__(self, address, timeout=30):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(address)
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def head(self, method, target, headers):
        lines = [f"{method} {target} HTTP/1.1", "Host: hs.test"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def request(self, method, target, headers=None, body=None):
        headers = dict(headers or {})
        if body is not None:
            headers.setdefault("Content-Length", str(len(body)))
        self.send(self.head(method, target, headers) + (body or b""))
        return self.read_answer(method)

    def fill(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buffer += data

    def read_answer(self, method="GET"):
        while b"\r\n\r\n" not in self.buffer:
            self.fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        if method == "HEAD" or status in (204, 304):
            length = 0
        while len(self.buffer) < length:
            self.fill()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Answer(status, headers, body)


def wait_until(condition, what, limit=20):
    until = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < until, f"waited {limit} s until {what}"
        time.sleep(0.02)


def authorization(token=ALICE):
    return {"Authorization": f"Bearer {token}"}


class Mxcd:
    """A running mxcd with a folder of its own; `settings` is YAML text that is merged over the defaults below."""

    DEFAULTS = """
server_name: hs.test
listeners:
  - bind_addresses: [127.0.0.1]
    port: 0
    x_forwarded: true
    resources: [media, health, metrics, admin]
auth:
  static_tokens:
    - {token: alice-token, user_id: "@alice:hs.test"}
    - {token: bob-token, user_id: "@bob:hs.test"}
    - {token: root-token, user_id: "@root:hs.test", admin: true}
    - {token: guest-token, user_id: "@guest:hs.test", guest: true}
database:
  sqlite: {path: mxcd.db}
media_store_path: media_store
min_free_space: 1M
max_upload_size: 1M
log: {level: warn}
"""

    def __init__(self, settings="", folder=None, environment=None, wrapper=()):
        self.owns_folder = folder is None
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="mxcd-e2e-"))
        (self.folder / "base.yaml").write_text(self.DEFAULTS)
        (self.folder / "more.yaml").write_text(settings or "{}\n")
        self.environment = dict(os.environ, **(environment or {}))
        self.wrapper = list(wrapper)
        self.process = None
        self.address = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        if self.owns_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, limit=20.0):
        log = open(self.folder / "log", "ab")
        start_at = log.tell()
        began = time.monotonic()
        binary = str(pathlib.Path(BINARY).resolve())
        self.process = subprocess.Popen(
            [*self.wrapper, binary, "serve", "-c", "base.yaml", "-c", "more.yaml"],
            cwd=self.folder, stderr=log, stdout=log, env=self.environment)
        log.close()
        while time.monotonic() - began < limit:
            text = (self.folder / "log").read_bytes()[start_at:].decode("utf-8", "replace")
            ports = re.findall(r"http://127\.0\.0\.1:(\d+)", text)
            if ports:
                self.address = ("127.0.0.1", int(ports[0]))
                try:
                    if self.request("GET", "/health/ready").status == 200:
                        return time.monotonic() - began
                except OSError:
                    pass
            if self.process.poll() is not None:
                raise RuntimeError(f"mxcd ended with {self.process.returncode}: {text}")
            time.sleep(0.005)
        raise RuntimeError("mxcd was not ready in time: " + (self.folder / "log").read_text()[start_at:])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, limit=60):
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else 0
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(limit)

    def connect(self, timeout=30):
        return Connection(self.address, timeout)

    def request(self, method, target, headers=None, body=None):
        connection = self.connect()
        try:
            return connection.request(method, target, headers, body)
        finally:
            connection.close()

    def upload(self, body, token=ALICE, connection=None, query="", content_type="application/octet-stream"):
        headers = {**authorization(token), "Content-Type": content_type}
        return (connection or self).request("POST", f"/_matrix/media/v3/upload{query}", headers, body)

    def download(self, content_uri, token=ALICE, connection=None, headers=None):
        path = content_uri.removeprefix("mxc://")
        target = f"/_matrix/client/v1/media/download/{path}"
        return (connection or self).request("GET", target, {**authorization(token), **(headers or {})})

    def admin(self, method, path, token=ROOT, connection=None):
        """One of Synapse's admin routes; `path` begins behind /_synapse/admin/v1/."""
        return (connection or self).request(method, f"/_synapse/admin/v1/{path}", authorization(token))

    def config(self, token=ALICE):
        return self.request("GET", "/_matrix/client/v1/media/config", authorization(token))

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def files(self):
        """Names below the store that hold bytes: blobs and what is left in the spool."""
        store = self.folder / "media_store"
        return sorted(str(p.relative_to(store)) for kind in ("blobs", "spool")
                      for p in (store / kind).rglob("*") if p.is_file())
