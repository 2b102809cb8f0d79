#!/usr/bin/env python3
"""Webhooks that are slow, huge, wrong or gone: the policy decides within the deadline, nobody else notices, and they come back."""
import http.server
import itertools
import json
import pathlib
import ssl
import subprocess
import tempfile
import threading
import time

from harness import Mxcd
from hostile_modules_test import TIMEOUT, Stage, judge, p99_of, rss

DEEDS = ("slow", "drip", "huge", "endless", "redirect", "wrong type", "garbage", "reset", "500", "flap", "wrong name", "no TLS")
GOOD = json.dumps({"result": True}).encode()


class Hook(http.server.BaseHTTPRequestHandler):
    """Does what is written in the file `order`."""
    protocol_version = "HTTP/1.1"
    order: pathlib.Path
    flaps = itertools.cycle((False, True))
    calls = 0

    def do_POST(self):
        Hook.calls += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        deed = self.order.read_text()
        self.close_connection = deed != "behave"
        try:
            self.perform(deed)
        except OSError:
            pass  # mxcd has hung up

    def perform(self, deed):
        if deed == "behave":
            self.answer(GOOD)
        elif deed == "slow":
            time.sleep(TIMEOUT * 3)
            self.answer(GOOD)
        elif deed == "drip":
            self.begin({"Content-Length": "100000"})
            for _ in range(40):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(TIMEOUT / 10)
        elif deed == "huge":
            self.answer(GOOD + b" " * (100 << 20))
        elif deed == "endless":
            self.begin({"Transfer-Encoding": "chunked"})
            while True:
                self.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        elif deed == "redirect":
            self.answer(GOOD, 302, {"Location": "http://127.0.0.1:1/"})
        elif deed == "wrong type":
            self.answer(b"<html></html>", fields={"Content-Type": "text/html"})
        elif deed == "garbage":
            self.answer(b"\xff\x00{{{")
        elif deed == "500":
            self.answer(GOOD, 500)
        elif deed == "flap":
            self.answer(GOOD, 200 if next(self.flaps) else 500)

    def begin(self, fields, status=200):
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()

    def answer(self, body, status=200, fields=None):
        self.begin({"Content-Type": "application/json", **(fields or {}), "Content-Length": str(len(body))}, status)
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class TlsServer(http.server.ThreadingHTTPServer):
    """Shows a certificate for its name, or as ordered: one for another name, or none."""
    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Hook)
        self.authorities = folder / "authorities.pem"
        self.contexts = {name: self.certified(folder, name) for name in ("localhost", "elsewhere.test")}

    def certified(self, folder, name):
        certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate],
                       check=True, stderr=subprocess.DEVNULL)
        with self.authorities.open("a") as trusted:
            trusted.write(certificate.read_text())
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, key)
        return context

    def finish_request(self, request, client_address):
        deed = Hook.order.read_text()
        if deed == "no TLS":
            request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + GOOD)
            return
        name = "elsewhere.test" if deed == "wrong name" else "localhost"
        try:
            request = self.contexts[name].wrap_socket(request, server_side=True)
        except OSError:
            return  # mxcd does not like the certificate
        super().finish_request(request, client_address)


def is_left_alone_after_five_failures(server, stage):
    Hook.order.write_text("500")
    assert [stage.upload() for _ in range(5)] == [503] * 5
    Hook.order.write_text("behave")
    calls = Hook.calls
    began = time.monotonic()
    assert [stage.upload() for _ in range(5)] == [503] * 5, "the policy decides, though the webhook behaves again"
    assert time.monotonic() - began < TIMEOUT and Hook.calls == calls, "nobody is asked or waited for"
    assert 'mxcd_webhook_breaker_open{module="hostile"} 1' in server.request("GET", "/metrics").body.decode()
    assert server.request("GET", "/health/ready").json()["dependencies"]["modules"] == "degraded"
    print("webhook: after five failures the policy decides at once, without a call")


def main():
    with tempfile.TemporaryDirectory() as folder:
        Hook.order = pathlib.Path(folder) / "order"
        Hook.order.write_text("behave")
        hook = TlsServer(pathlib.Path(folder))
        threading.Thread(target=hook.serve_forever, daemon=True).start()
        settings = f"""
log: {{level: error}}
modules:
  - {{webhook: 'https://localhost:{hook.server_port}/', secret: s, name: hostile, timeout: 1s,
     callbacks: [is_user_allowed_to_upload_media_of_size]}}
"""
        with Mxcd(settings, environment={"SSL_CERT_FILE": str(hook.authorities)}) as server:
            stage = Stage(server, Hook.order)
            for _ in range(50):
                assert stage.upload() == 200
            before = rss(server.process.pid)
            worst = baseline = p99_of(server, lambda: time.sleep(2))
            for deed in DEEDS:
                calls, expected = (8, 200) if deed == "flap" else (1, 503)
                p99 = p99_of(server, lambda: stage.misbehave(deed, calls, expected))
                back = stage.come_back(deed)
                worst = max(worst, p99)
                print(f"webhook, {deed}: the p99 of others {p99:.1f} ms, back after {back:.3f} s")
                # Half of the calls of ten seconds would open the breaker.
                for _ in range(20):
                    assert stage.upload() == 200
            grown = rss(server.process.pid) - before
            is_left_alone_after_five_failures(server, stage)
        hook.shutdown()
    judge("webhook", stage, baseline, worst, grown)


if __name__ == "__main__":
    main()
