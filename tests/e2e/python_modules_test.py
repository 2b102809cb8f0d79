#!/usr/bin/env python3
"""Unmodified Synapse modules (tests/e2e/synapse_modules): against SQLite and PostgreSQL with Synapse's tables, and at load."""
import contextlib
import http.server
import json
import pathlib
import re
import shutil
import sqlite3
import ssl
import subprocess
import tempfile
import threading
import urllib.parse

import harness
import postgres
from harness import BOB, Mxcd, authorization, wait_until

MODULES = pathlib.Path(__file__).resolve().parent / "synapse_modules"
BINARY = str(pathlib.Path(harness.BINARY).resolve())
USERS = """
CREATE TABLE users (name TEXT, password_hash TEXT, creation_ts BIGINT, admin SMALLINT DEFAULT 0 NOT NULL,
  upgrade_ts BIGINT, is_guest SMALLINT DEFAULT 0 NOT NULL, appservice_id TEXT, consent_version TEXT,
  consent_server_notice_sent TEXT, user_type TEXT DEFAULT NULL, deactivated SMALLINT DEFAULT 0 NOT NULL,
  shadow_banned BOOLEAN, consent_ts BIGINT, UNIQUE(name));
INSERT INTO users (name, creation_ts, admin, user_type) VALUES ('@alice:hs.test', 1, 1, 'verified'), ('@bob:hs.test', 2, 0, NULL);
"""


def wait_until_logged(server, text):
    wait_until(lambda: text in (server.folder / "log").read_text(), f"the log says: {text}")


@contextlib.contextmanager
def sqlite_homeserver():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mxcd-homeserver-"))
    path = folder / "homeserver.db"
    connection = sqlite3.connect(path)
    connection.executescript("PRAGMA journal_mode = WAL;" + USERS)
    connection.commit()

    def execute(sql):
        connection.execute(sql)
        connection.commit()

    yield f"sqlite://{path}", execute
    connection.close()
    shutil.rmtree(folder)


@contextlib.contextmanager
def postgres_homeserver():
    with postgres.Server() as server:
        server.execute(USERS)
        yield server.url, server.execute


class Directory(http.server.BaseHTTPRequestHandler):
    """Knows Bob's group, and takes reports."""
    protocol_version = "HTTP/1.1"
    asked = []
    reports = []

    def do_GET(self):
        user = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["user"][0]
        self.asked.append(user)
        self.answer({"group": "small" if user.startswith("@bob") else None})

    def do_POST(self):
        self.reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.answer({})

    def answer(self, content):
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class DirectoryServer(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # connections that mxcd's end closes


def python_settings(database):
    reach = f", synapse_database: '{database}'" if database else ""
    return f"python: {{interpreter: /usr/bin/python3, path: [{MODULES}]{reach}}}\n"


def tiers_come_from_the_homeservers_database(homeserver):
    with homeserver() as (database, execute):
        settings = python_settings(database) + """
log: {level: info}
modules: [{module: tier_controller.TierController, name: tiers, config: {verified_type: verified, max_size: 5000}}]
"""
        with Mxcd(settings) as server:
            assert server.upload(b"x" * 5000).status == 200
            refused = [server.upload(b"x" * 5001), server.upload(b"x", token=BOB)]
            assert [(each.status, each.json()["errcode"]) for each in refused] == [(413, "M_TOO_LARGE")] * 2, refused
            program = server.upload(b"\x7fELF....")
            assert (program.status, program.json()) == (400, {"errcode": "M_FORBIDDEN", "error": "Bad content"})
            execute("UPDATE users SET user_type = 'verified' WHERE name = '@bob:hs.test'")
            assert server.upload(b"x", token=BOB).status == 200
            execute("ALTER TABLE users RENAME TO others")
            assert server.upload(b"x").status == 413, "it fails closed"
            execute("ALTER TABLE others RENAME TO users")
            assert server.upload(b"x").status == 200
            wait_until_logged(server, "the tier controller is ready")
            wait_until_logged(server, "cannot tell the tier of @alice:hs.test")
            log = (server.folder / "log").read_text()
        assert log.count("not run by the media repository: check_event_for_spam, user_may_create_room") == 1
    print(f"tiers from {homeserver.__name__}: verified users upload, others do not, and nobody without the database")


def limits_configs_and_reports(homeserver):
    Directory.asked.clear()
    Directory.reports.clear()
    directory = DirectoryServer(("127.0.0.1", 0), Directory)
    threading.Thread(target=directory.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{directory.server_port}"
    with homeserver() as (database, _):
        settings = python_settings(database) + f"""
modules:
  - {{module: config_per_user.ConfigPerUser, config: {{sizes: {{admin: 900, user: 100}}}}}}
  - module: group_limits.GroupLimits
    config:
      directory: {url}
      groups: {{small: [{{max_bytes: 3000, time_period_ms: 60000, info_uri: "https://hs.test/more", can_upgrade: true}}]}}
  - {{module: limit_reporter.LimitReporter, config: {{url: "{url}/reports"}}}}
"""
        with Mxcd(settings) as server:
            config = lambda token: server.request("GET", "/_matrix/client/v1/media/config", authorization(token)).json()
            assert config(harness.ALICE) == {"m.upload.size": 900, "org.example.kind": "admin"}
            assert config(BOB) == {"m.upload.size": 100, "org.example.kind": "user"}
            stored = server.upload(b"x" * 2000, token=BOB)
            assert stored.status == 200, stored.body
            refused = server.upload(b"x" * 1001, token=BOB)
            assert (refused.status, refused.json()) == (403, {
                "errcode": "M_USER_LIMIT_EXCEEDED", "error": "Media upload limit exceeded",
                "info_uri": "https://hs.test/more", "can_upgrade": True}), refused.body
            assert server.upload(b"x" * 10_000).status == 200
            assert Directory.asked.count("@bob:hs.test") == 1, "the module remembers for a minute"
            wait_until(lambda: len(Directory.reports) >= 3, "all reports have come")
            assert {"user": "@bob:hs.test", "max_bytes": 3000, "time_period_ms": 60000, "sent": 2000,
                    "attempted": 1001} in Directory.reports, Directory.reports
            media_id = stored.json()["content_uri"].rsplit("/", 1)[1]
            assert {"uploaded": media_id, "user": "@bob:hs.test", "size": 2000} in Directory.reports
            ready = server.request("GET", "/health/ready").json()
            assert ready["dependencies"]["modules"] == "ok", ready
    directory.shutdown()
    print(f"limits, configs and reports with {homeserver.__name__}: from an HTTP directory, per user, to a billing service")


class Mirror(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        is_missing = self.path.endswith("/missing")
        told = {"line": f"{self.command} {self.path}", "body": body, "type": self.headers.get("Content-Type"),
                "test": self.headers.get("X-Test")}
        answer = b"nothing here" if is_missing else json.dumps(told).encode()
        self.send_response(404 if is_missing else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("X-Answer", "mirrored")
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_PUT = do_GET

    def log_message(self, *_):
        pass


def certificate_for_localhost(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem",
                    "-out", folder / "certificate.pem"], check=True, stderr=subprocess.DEVNULL)
    return folder / "certificate.pem"


# As systemd's MemoryDenyWriteExecute does it (Linux 6.3; before, the test only shows that TLS works).
HARDENED = ["/usr/bin/python3", "-c", "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); os.execvp(sys.argv[1], sys.argv[1:])"]


def the_http_client_speaks_all_its_ways(with_tls):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mxcd-tls-"))
    certificate = certificate_for_localhost(folder)
    mirror = DirectoryServer(("127.0.0.1", 0), Mirror)
    if with_tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate, folder / "key.pem")
        mirror.socket = context.wrap_socket(mirror.socket, server_side=True)
    threading.Thread(target=mirror.serve_forever, daemon=True).start()
    ask = lambda server: server.request("GET", "/_matrix/client/v1/media/config", authorization()).json()
    settings = lambda host: python_settings("") + f"""
modules: [{{module: http_user.HttpUser, config: {{url: "http{'s' * with_tls}://{host}:{mirror.server_port}"}}}}]
"""
    with Mxcd(settings("localhost"), environment={"SSL_CERT_FILE": str(certificate)}, wrapper=HARDENED) as server:
        told = ask(server)
    if with_tls:  # a certificate for another name, and one of nobody known
        for host, trusted in (("127.0.0.1", certificate), ("localhost", "/dev/null")):
            with Mxcd(settings(host), environment={"SSL_CERT_FILE": str(trusted)}) as server:
                assert ask(server) == {"m.upload.size": 1 << 20}, "the module has failed"
                wait_until_logged(server, "CERTIFICATE_VERIFY_FAILED")
    mirror.shutdown()
    shutil.rmtree(folder)
    form, text = "application/x-www-form-urlencoded", "application/json"
    expected = {"get_json": ("GET /a?x=1&x=2", "", None, "yes"), "post_json": ("POST /b", '{"y": 1}', text, None),
                "put_json": ("PUT /c?q=%C3%A4", '{"z": null}', text, None), "post_form": ("POST /d", "k=v+w", form, None)}
    for name, values in expected.items():
        assert told[name] == dict(zip(("line", "body", "type", "test"), values)), (name, told)
    assert told["get_raw"] > 10 and told["get_file"] == [True, "mirrored", True, 200], told
    assert (told["too_large"], told["missing"]) == (502, [404, "nothing here"]), told
    print(f"the HTTP client {'with' if with_tls else 'without'} TLS: JSON, forms, raw bytes, files, and errors that have a body")


def nothing_is_written_unless_allowed(homeserver):
    with homeserver() as (database, _):
        for is_writable in (False, True):
            settings = python_settings(database).replace("}\n", f", synapse_database_writable: {str(is_writable).lower()}}}\n")
            with Mxcd(settings + "modules: [{module: writer.Writer, on_error: deny}]\n") as server:
                assert server.upload(b"x").status == (200 if is_writable else 503)
    print(f"{homeserver.__name__}: read-only unless allowed")


# The quota is asked of mxcd's own media, whatever the homeserver's table of that name says.
MEDIA_OF_THE_HOMESERVER = """
CREATE TABLE local_media_repository (media_id TEXT, media_length INTEGER, user_id TEXT, url_cache TEXT);
INSERT INTO local_media_repository VALUES ('old', 999999, '@alice:hs.test', NULL);
"""
ADMIN_LISTENER = """
listeners: [{bind_addresses: [127.0.0.1], port: 0, resources: [media, health, metrics, admin]}]
auth:
  static_tokens:
    - {token: alice-token, user_id: "@alice:hs.test"}
    - {token: bob-token, user_id: "@bob:hs.test"}
    - {token: root-token, user_id: "@root:hs.test", admin: true}
"""


def quotas_are_asked_of_our_own_media(homeserver):
    with homeserver() as (database, execute):
        for statement in MEDIA_OF_THE_HOMESERVER.strip().split("\n"):
            execute(statement)
        is_postgres = homeserver is postgres_homeserver
        settings = ADMIN_LISTENER + python_settings(database) + f"""
modules:
  - module: quota_controller.QuotaController
    config: {{max_file_size: 6000, max_total_size: 10000, media_store_path: /tmp, on_postgres: {str(is_postgres).lower()}}}
"""
        with Mxcd(settings) as server:
            largest = lambda: server.request("GET", "/_matrix/client/v1/media/config", authorization()).json()["m.upload.size"]
            assert largest() == 6000
            first = server.upload(b"x" * 6000)
            assert first.status == 200 and largest() == 4000, (first.body, largest())
            refused = server.upload(b"x" * 4001)
            assert (refused.status, refused.json()["errcode"]) == (413, "M_TOO_LARGE")
            assert server.upload(b"x" * 4000).status == 200
            assert server.upload(b"x").status == 413 and largest() == 0
            assert server.upload(b"x", token=BOB).status == 413, "he is not verified"
            path = first.json()["content_uri"].removeprefix("mxc://")
            server.request("POST", f"/_synapse/admin/v1/media/quarantine/{path}", authorization("root-token"), b"{}")
            assert largest() == 0, "quarantined media counts"
            assert server.request("DELETE", f"/_synapse/admin/v1/media/{path}", authorization("root-token")).status == 200
            assert largest() == 6000, "deletion gives room back"
            server.kill()
            server.start()
            assert largest() == 6000, "the module's copy of the list goes with the process"
            for size in (1, 2, 3) * 20:
                assert server.upload(b"x" * size).status == 200
            assert largest() == 10000 - 4000 - 120
            execute("ALTER TABLE users RENAME TO others")
            assert server.upload(b"x").status == 413, "it fails closed"
    print(f"quotas with {homeserver.__name__}: what mxcd holds counts, up to the last upload; what was deleted does not")


class Uploads:
    """Somebody who uploads all the time."""

    def __init__(self, server, token):
        self.count = 0
        self._server = server
        self._token = token
        self._is_running = True
        self._thread = threading.Thread(target=self._upload)
        self._thread.start()

    def _upload(self):
        while self._is_running:
            assert self._server.upload(b"12345", token=self._token).status == 200
            self.count += 1

    def stop(self):
        self._is_running = False
        self._thread.join()
        return self.count


def our_media_is_exact_while_it_changes():
    settings = ADMIN_LISTENER + python_settings("") + """
modules: [{module: media_counter.MediaCounter, callbacks: [get_media_config_for_user]}]
"""
    with Mxcd(settings) as server:
        told = lambda: server.request("GET", "/_matrix/client/v1/media/config", authorization()).json()
        others = Uploads(server, BOB)
        seen = 0
        for count in range(1, 101):
            uri = server.upload(b"x" * count).json()["content_uri"]
            now = told()
            assert now["alice"] == [count, count * (count + 1) // 2], now
            assert now["latest"] == [uri.rsplit("/", 1)[1], count], "media that was just stored is there"
            assert now["everybody"] - count >= seen, "nothing that was there is lost"
            seen = now["everybody"] - count
        bobs = others.stop()
        assert told()["everybody"] == 100 + bobs, (told(), bobs)
        user = "/_synapse/admin/v1/users/@bob:hs.test/media"
        while server.request("DELETE", user, authorization("root-token")).json()["total"] > 0:
            pass
        assert told()["everybody"] == 100
    print(f"local_media_repository is exact for its reader while {bobs} uploads of others come in, and after deletions")


def what_a_module_says_is_in_our_log():
    settings = python_settings("") + "log: {level: info}\nmodules: [{module: talker.Talker}]\n"
    with Mxcd(settings) as server:
        config = server.request("GET", "/_matrix/client/v1/media/config", authorization()).json()
        assert config == {"org.example.name": "@alice:hs.test"}, config
        assert server.upload(b"x").status == 503
        for text in ("printed at load", "printed in a callback", "printed to standard error", "talker: logged by @alice:hs.test",
                     "the module catches the error: ModuleApi.get_profile_for_user (talker.py, line 29)",
                     "nobody waits for this", "ValueError: nothing is allowed to @alice:hs.test"):
            wait_until_logged(server, text)
        lines = [json.loads(line) for line in (server.folder / "log").read_text().splitlines()]
    says = {line["text"]: line["level"] for line in lines if line["message"] == "a module says"}
    assert says["printed in a callback"] == "info" and says["talker: logged by @alice:hs.test"] == "warn", says
    assert says["Traceback (most recent call last):"] == "error", says
    place = [text for text in says if "talker.py" in text and "is_user_allowed_to_upload_media_of_size" in text]
    assert place and says[place[0]] == "error", "a traceback names the module's own line"
    print("prints, logging and tracebacks of a module are in the log, line by line")


def bad_modules_are_told_at_start_and_at_reload():
    def run(settings):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="mxcd-bad-"))
        (folder / "base.yaml").write_text(Mxcd.DEFAULTS)
        (folder / "more.yaml").write_text(settings)
        done = subprocess.run([BINARY, "serve", "-c", "base.yaml", "-c", "more.yaml"], cwd=folder, text=True,
                              capture_output=True, timeout=60, check=False)
        shutil.rmtree(folder)
        return done.returncode, done.stderr

    python = python_settings("")
    code, told = run(python + "modules: [{module: no_such_package.Module}]\n")
    assert code == 78 and "the module no_such_package.Module cannot be loaded: ModuleNotFoundError" in told, (code, told)
    code, told = run(python + "modules: [{module: tier_controller.TierController, config: {}}]\n")
    assert code == 78 and "ConfigError: verified_type is required at verified_type" in told, (code, told)
    fine = python + "modules: [{module: hostile.Hostile, name: m, config: {order: ORDER}}]\n"
    with Mxcd("{}\n") as server:
        order = server.folder / "order"
        order.write_text("behave")
        fine = fine.replace("ORDER", str(order))
        more = server.folder / "more.yaml"
        more.write_text(fine)
        server.stop()
        server.start()
        assert server.upload(b"x").status == 200
        more.write_text("max_upload_size: 10\n" + fine.replace("Hostile,", "NotThere,"))
        server.process.send_signal(1)
        wait_until_logged(server, "the reload failed: the old settings stay")
        wait_until_logged(server, "has no attribute 'NotThere'")
        assert server.upload(b"x" * 100).status == 200, "the old settings stay"
        more.write_text("max_upload_size: 10\n" + fine)
        server.process.send_signal(1)
        wait_until(lambda: server.upload(b"x" * 100).status == 413, "the new settings are in force")
        text = server.request("GET", "/metrics").body.decode()
        starts = re.search(r'mxcd_module_child_starts_total\{module="m"\} (\d+)', text)
        assert starts and starts.group(1) == "2", "the unchanged module has kept its process, the bad one had one"
        told = subprocess.run([BINARY, "module", "test", "-c", "base.yaml", "-c", "more.yaml", "--user", "@alice:hs.test",
                               "--size", "5"], cwd=server.folder, text=True, capture_output=True, timeout=60, check=True).stdout
        assert "allowed" in told, told
    print("a module that cannot be loaded ends the start with 78 and the reload without change; module test knows the kind")


if __name__ == "__main__":
    bad_modules_are_told_at_start_and_at_reload()
    what_a_module_says_is_in_our_log()
    the_http_client_speaks_all_its_ways(with_tls=False)
    the_http_client_speaks_all_its_ways(with_tls=True)
    our_media_is_exact_while_it_changes()
    for each in (sqlite_homeserver, postgres_homeserver):
        tiers_come_from_the_homeservers_database(each)
        limits_configs_and_reports(each)
        nothing_is_written_unless_allowed(each)
        quotas_are_asked_of_our_own_media(each)
