#!/usr/bin/env python3
"""Modules outside the process, from outside: the reference webhook receiver, one that fetches files, clamd, module test."""
import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import harness
from harness import Mxcd, authorization

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
BINARY = str(pathlib.Path(harness.BINARY).resolve())


def wait_until(condition, what, limit=20):
    until = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < until, f"waited {limit} s until {what}"
        time.sleep(0.02)


def settled_files(server):
    """What the store holds once the spool is empty: its files go in the background, some after the answer."""
    wait_until(lambda: not any(name.startswith("spool/") for name in server.files()), "the spool is empty")
    return server.files()


def accepts(address, family=socket.AF_INET):
    with socket.socket(family) as probe:
        try:
            probe.connect(address)
            return True
        except OSError:
            return False


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def reference_receiver_decides():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mxcd-hook-"))
    port = free_port()
    (folder / "secret").write_text("a shared secret\n")
    (folder / "other").write_text("another secret\n")
    receiver = subprocess.Popen([sys.executable, DOCS / "webhook_receiver.py", str(port), folder / "secret"],
                                stderr=subprocess.DEVNULL)
    settings = """
max_upload_size: 50M
auth:
  static_tokens:
    - {{token: alice-token, user_id: "@alice:hs.test"}}
    - {{token: bot-token, user_id: "@bot_1:hs.test"}}
modules:
  - {{webhook: "http://127.0.0.1:{port}/media", name: hook, secret_path: {secret},
     callbacks: [is_user_allowed_to_upload_media_of_size, get_media_upload_limits_for_user]}}
"""
    try:
        wait_until(lambda: accepts(("127.0.0.1", port)), "the receiver listens")
        with Mxcd(settings.format(port=port, secret=folder / "secret")) as server:
            assert server.upload(b"x" * 1000).status == 200
            assert server.upload(b"x" * (10 * 1024 * 1024 + 1)).status == 413
            refused = server.upload(b"x", token="bot-token")
            assert (refused.status, refused.json()["error"]) == (403, "Bots do not upload here")
            dry = [BINARY, "module", "test", "-c", "base.yaml", "-c", "more.yaml"]
            told = subprocess.run([*dry, "--user", "@alice:hs.test", "--size", "5M"], cwd=server.folder,
                                  capture_output=True, text=True, check=True).stdout
            assert "hook" in told and "allowed (" in told and "=> allowed" in told, told
            told = subprocess.run([*dry, "--user", "@bot_7:hs.test", "--size", "5M"], cwd=server.folder,
                                  capture_output=True, text=True, check=True).stdout
            assert "error 403 M_FORBIDDEN: Bots do not upload here" in told, told
            assert subprocess.run([*dry, "--user", "bot", "--size", "5M"], cwd=server.folder,
                                  capture_output=True, check=False).returncode == 64
        with Mxcd(settings.format(port=port, secret=folder / "other")) as server:
            denied = server.upload(b"x")
            assert denied.status == 503 and "retry-after" in denied.headers, denied
            ready = server.request("GET", "/health/ready")
            assert (ready.status, ready.json()["dependencies"]["modules"]) == (200, "degraded")
            receiver.terminate()
            receiver.wait()
            gone = subprocess.run([BINARY, "module", "test", "-c", "base.yaml", "-c", "more.yaml", "--user",
                                   "@a:b", "--size", "5M"], cwd=server.folder, capture_output=True, text=True, check=False)
            assert gone.returncode == 69 and "hook failed or was late" in gone.stdout, gone
    finally:
        receiver.kill()
        receiver.wait()
        shutil.rmtree(folder)
    print("webhook: the reference receiver allows, refuses, and believes only its own secret; module test tells")


def module_test_asks_what_an_upload_asks():
    settings = """
max_upload_size: 10M
modules:
  - {builtin: total_quota, name: quota, config: {max_size: 5M, max_files: 100}}
  - {builtin: mime_policy, name: types, config: {check: sniffed, deny: [text/html]}}
"""
    with Mxcd(settings) as server:
        def told(size):
            dry = [BINARY, "module", "test", "-c", "base.yaml", "-c", "more.yaml", "--user", "@alice:hs.test", "--size", size]
            return subprocess.run(dry, cwd=server.folder, capture_output=True, text=True, check=True).stdout

        fitting, beyond_quota, too_large = told("5M"), told("5242881"), told("10485761")
        assert re.search(r'storage_quotas\n  quota +\[\{"max_files":100,"max_size":5242880\}\] \(', fitting), fitting
        assert "  => what is stored already is not looked at here\n" in fitting, fitting
        assert re.search(r"check_media_file\n  types +not asked here", fitting), fitting
        assert "=> error 403 M_USER_LIMIT_EXCEEDED" in beyond_quota, beyond_quota
        assert server.upload(b"x" * 5242881).status == 403
        assert "=> error 413 M_TOO_LARGE: 10485760 bytes are allowed" in too_large and "is_user_allowed" not in too_large, too_large
        assert "error 413" not in told("10485760")
    print("module test: the maximum and the quotas count as for an upload, and who is not asked is named")


class Inspector(http.server.BaseHTTPRequestHandler):
    """Fetches what it is asked about, twice, and quarantines or rejects by what it finds."""
    protocol_version = "HTTP/1.1"
    heard = []
    second = []

    def do_POST(self):
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        result = None
        if call["callback"] == "check_media_file":
            with urllib.request.urlopen(call["url"], timeout=5) as answer:
                content = answer.read()
            try:
                self.second.append(urllib.request.urlopen(call["url"], timeout=5).status)
            except urllib.error.HTTPError as error:
                self.second.append(error.code)
            self.heard.append((call, content))
            result = "quarantine" if b"strange" in content else "allow"
            if b"evil" in content:
                result = {"reject": {"status": 400, "errcode": "ORG_EVIL", "error": "evil"}}
        answer = json.dumps({"result": result}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def webhook_fetches_files():
    hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Inspector)
    threading.Thread(target=hook.serve_forever, daemon=True).start()
    settings = f"modules: [{{webhook: 'http://127.0.0.1:{hook.server_port}', secret: s, callbacks: [check_media_file]}}]\n"
    with Mxcd(settings) as server:
        for filler in (b"", b"." * 200_000):  # in its row, and in a file
            fine = server.upload(b"good" + filler, content_type="text/plain; x=y", query="?filename=a%C3%A4.txt")
            assert fine.status == 200, fine
            call, content = Inspector.heard[-1]
            assert content == b"good" + filler
            assert (call["declared_type"], call["file_name"], call["sniffed_type"]) == ("text/plain; x=y", "a\u00e4.txt", "text/plain")
            assert call["size"] == len(content) and fine.json()["content_uri"].endswith("/" + call["media_id"])
            assert server.download(fine.json()["content_uri"]).body == content
            before = settled_files(server)
            evil = server.upload(b"evil" + filler)
            assert (evil.status, evil.json()["errcode"]) == (400, "ORG_EVIL"), evil
            wait_until(lambda: server.files() == before, "the rejected file is gone")
            strange = server.upload(b"strange" + filler)
            assert strange.status == 200, strange
            hidden = server.download(strange.json()["content_uri"])
            assert (hidden.status, hidden.json()["errcode"]) == (404, "M_NOT_FOUND")
        assert server.request("GET", "/_mxcd/files/abc").status == 404
    assert Inspector.second and set(Inspector.second) == {404}
    hook.shutdown()
    print("webhook: files are fetched once over loopback; rejected ones leave nothing, quarantined ones are not served")


def real_clamd_finds_its_signature():
    clamd = shutil.which("clamd", path=os.environ["PATH"] + ":/usr/sbin")
    assert clamd, "clamd is missing: scripts/install-packages test"
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mxcd-clamd-"))
    marker = b"MXCD-HARMFUL-TEST-FILE"
    (folder / "database").mkdir()
    (folder / "database/test.ndb").write_text(f"Mxcd.Test:0:*:{marker.hex()}\n")
    path = folder / "clamd.ctl"
    (folder / "clamd.conf").write_text(f"DatabaseDirectory {folder}/database\nLocalSocket {path}\nForeground yes\n"
                                       f"LogFile {folder}/log\nTemporaryDirectory {folder}\nUser root\n")
    folder.chmod(0o755)
    process = subprocess.Popen([clamd, "-c", folder / "clamd.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    settings = f"max_upload_size: 20M\nmodules: [{{builtin: clamd, timeout: 20s, config: {{socket: {path}}}}}]\n"
    try:
        wait_until(lambda: accepts(str(path), socket.AF_UNIX), "clamd listens", 60)
        with Mxcd(settings) as server:
            for filler in (b"", os.urandom(3_000_000)):
                assert server.upload(b"harmless" + filler).status == 200
                before = settled_files(server)
                found = server.upload(filler + marker)
                assert (found.status, found.json()["errcode"]) == (403, "M_FORBIDDEN"), found
                wait_until(lambda: server.files() == before, "the rejected file is gone")
            process.terminate()
            process.wait()
            assert server.upload(b"harmless").status == 503
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder)
    print("clamd: finds its signature in small and large files, passes others, leaves nothing; gone means 503")


if __name__ == "__main__":
    reference_receiver_decides()
    module_test_asks_what_an_upload_asks()
    webhook_fetches_files()
    real_clamd_finds_its_signature()
