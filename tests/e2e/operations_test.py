#!/usr/bin/env python3
"""What an operator does to the running binary: start it twice, reload it, watch it, back it up, stop it, fill its disk."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

import harness
from harness import Mxcd, authorization

BINARY = str(pathlib.Path(harness.BINARY).resolve())


def wait_until(condition, what, limit=10):
    until = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < until, f"waited {limit} s until {what}"
        time.sleep(0.02)


def config_size(server):
    return server.request("GET", "/_matrix/client/v1/media/config", authorization()).json()["m.upload.size"]


def reload_takes_good_settings_and_refuses_bad_ones():
    with Mxcd("max_upload_size: 1M\n") as server:
        assert config_size(server) == 1 << 20
        settings = server.folder / "more.yaml"
        settings.write_text("max_upload_size: 2M\n")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: config_size(server) == 2 << 20, "the new size is in force")
        settings.write_text("max_upload_sise: 3M\n")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "max_upload_sise" in (server.folder / "log").read_text(), "the mistake is in the log")
        assert config_size(server) == 2 << 20
        assert "max_upload_size" in (server.folder / "log").read_text().split("max_upload_sise", 1)[1]
    print("SIGHUP: good settings in force, bad ones named and refused")


def sigterm_finishes_what_runs():
    with Mxcd("log: {level: info}\n") as server:
        body = os.urandom(600_000)
        connection = server.connect()
        connection.send(connection.head("POST", "/_matrix/media/v3/upload",
                                        {**authorization(), "Content-Length": str(len(body))}) + body[:300_000])
        idle = server.connect()
        assert idle.request("GET", "/health").status == 200
        server.process.send_signal(signal.SIGTERM)

        def refuses():
            try:
                server.connect().close()
                return False
            except OSError:
                return True
        wait_until(refuses, "nobody is let in any more", 2)
        assert idle.socket.recv(1) == b"", "an idle connection is closed"
        connection.send(body[300_000:])
        answer = connection.read_answer("POST")
        assert answer.status == 200 and answer.headers["connection"] == "close"
        assert server.process.wait(10) == 0
    print("SIGTERM: the running upload was finished and acknowledged, exit 0")


def a_second_sigterm_insists():
    with Mxcd() as server:
        connection = server.connect()
        connection.send(connection.head("POST", "/_matrix/media/v3/upload",
                                        {**authorization(), "Content-Length": "1000"}) + b"x")
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert server.process.poll() is None, "it waits for the upload"
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(8)
    print("a second SIGTERM ends it at once")


def systemd_is_told():
    folder = tempfile.mkdtemp(prefix="mxcd-notify-")
    path = os.path.join(folder, "notify.sock")
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(path)
    receiver.settimeout(10)
    told = []

    def hear_until(word):
        while not any(word in text for text in told):
            told.append(receiver.recv(4096).decode())

    with Mxcd(environment={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "2000000"}) as server:
        hear_until("READY=1")
        hear_until("WATCHDOG=1")
        told.clear()
        server.process.send_signal(signal.SIGHUP)
        hear_until("RELOADING=1")
        hear_until("READY=1")
        server.process.send_signal(signal.SIGTERM)
        hear_until("STOPPING=1")
        assert server.process.wait(10) == 0
    shutil.rmtree(folder)
    print("systemd: READY, WATCHDOG, RELOADING with READY, STOPPING")


def a_second_instance_is_kept_out():
    with Mxcd() as server:
        done = subprocess.run([BINARY, "serve", "-c", "base.yaml"], cwd=server.folder, capture_output=True, text=True,
                              timeout=20, check=False)
        assert done.returncode == 75, (done.returncode, done.stderr)
        assert "'mxcd.db' cannot be opened: another running instance holds it" in done.stderr, done.stderr
        port = server.address[1]
        other = tempfile.mkdtemp(prefix="mxcd-other-")
        (pathlib.Path(other) / "c.yaml").write_text(Mxcd.DEFAULTS.replace("port: 0", f"port: {port}"))
        done = subprocess.run([BINARY, "serve", "-c", "c.yaml"], cwd=other, capture_output=True, text=True, timeout=20,
                              check=False)
        assert done.returncode == 71, (done.returncode, done.stderr)
        assert str(port) in done.stderr
        shutil.rmtree(other)
    print("a second instance: 75 for the same store, 71 for the same port")


def backup_while_uploads_run():
    with Mxcd("max_upload_size: 5M\n") as server:
        kept = {}
        for size in (10, 40_000, 2_000_000):
            body = os.urandom(size)
            kept[server.upload(body).json()["content_uri"]] = body
        stop = threading.Event()

        def client():
            connection = server.connect()
            while not stop.is_set():
                assert server.upload(os.urandom(50_000), connection=connection).status == 200

        threads = [threading.Thread(target=client) for _ in range(4)]
        for thread in threads:
            thread.start()
        copy = server.folder / "copy"
        done = subprocess.run([BINARY, "backup", str(copy), "-c", "base.yaml", "-c", "more.yaml"], cwd=server.folder,
                              capture_output=True, text=True, timeout=60, check=False)
        stop.set()
        for thread in threads:
            thread.join()
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        restored = tempfile.mkdtemp(prefix="mxcd-restored-")
        shutil.copytree(copy, restored, dirs_exist_ok=True)
    with Mxcd("max_upload_size: 5M\n", folder=restored) as server:
        for uri, body in kept.items():
            assert server.download(uri).body == body
        assert server.upload(b"new").status == 200
    shutil.rmtree(restored)
    print("backup under load, restored elsewhere: everything acknowledged before it is there")


def rows_without_bytes(copy):
    """Of a backup: the media and thumbnails whose bytes are files, and are not there."""
    with contextlib.closing(sqlite3.connect(copy / "mxcd.db")) as database:
        rows = database.execute("SELECT hex(sha256) FROM media WHERE body IS NULL UNION SELECT hex(sha256) FROM "
                                "thumbnails WHERE body IS NULL AND is_original = 0").fetchall()
    return len(rows), [key for (key,) in rows if not (copy / "media_store/blobs" / key.lower()[:2] / key.lower()).exists()]


def a_backup_that_is_not_permitted_exits_with_77():
    with Mxcd("") as server:
        for folder in ("/sys/mxcd-backup", "/sys/kernel"):  # not even root may write there
            done = subprocess.run([BINARY, "backup", folder, "-c", "base.yaml", "-c", "more.yaml"], cwd=server.folder,
                                  capture_output=True, text=True, timeout=60, check=False)
            wanted = 77 if folder == "/sys/mxcd-backup" else 71  # there is something in it
            assert done.returncode == wanted and "the backup folder" in done.stderr, (done.returncode, done.stderr)
    print("a backup into a folder that nobody may write to: 77")


def backup_while_media_is_deleted():
    """Deletions between the copy of the rows and that of the bytes: the copy has the bytes of all its rows, and they go after it."""
    pause = {"MXCD_FAILPOINTS": "backup.rows_copied=delay"}
    with Mxcd(environment=pause) as server:
        paths = [server.upload(os.urandom(40_000)).json()["content_uri"].removeprefix("mxc://") for _ in range(200)]
        stop = threading.Event()

        def client():
            connection = server.connect()
            for path in paths:
                if stop.is_set():
                    break
                answer = server.admin("DELETE", f"media/{path}", connection=connection)
                assert answer.status == 200, answer.status
                deleted.append(path)

        copy = server.folder / "copy"
        deleted = []
        thread = threading.Thread(target=client)
        thread.start()
        done = subprocess.run([BINARY, "backup", str(copy), "-c", "base.yaml", "-c", "more.yaml"], cwd=server.folder,
                              capture_output=True, text=True, timeout=60, check=False)
        stop.set()
        thread.join()
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        count, missing = rows_without_bytes(copy)
        assert count > 0 and not missing, (count, len(missing))
        assert deleted, "nothing was deleted during the backup"
        harness.wait_until(lambda: len(server.files()) == len(paths) - len(deleted), "the deleted bytes have gone")
    print("backup while media is deleted: each of its rows has its bytes")


def healthcheck_and_version():
    with Mxcd() as server:
        url = f"http://127.0.0.1:{server.address[1]}"
        done = subprocess.run([BINARY, "healthcheck", f"{url}/health/ready"], timeout=20, check=False)
        assert done.returncode == 0, done.returncode
        # The configuration says port 0: the running service is found all the same.
        configured = [BINARY, "healthcheck", "-c", "base.yaml", "-c", "more.yaml"]
        done = subprocess.run(configured, cwd=server.folder, timeout=20, check=False)
        assert done.returncode == 0, done.returncode
        ready = server.request("GET", "/health/ready").json()
        assert ready["dependencies"], ready
        metrics = server.request("GET", "/metrics").body.decode()
        for name in set(re.findall(r"^(\w+)", metrics, re.M)):
            assert name.startswith("mxcd_"), name
        assert "@alice" not in metrics
        server.stop()
        done = subprocess.run([BINARY, "healthcheck", f"{url}/health/ready"], timeout=20, check=False)
        assert done.returncode == 69, done.returncode
        done = subprocess.run(configured, cwd=server.folder, timeout=20, check=False)
        assert done.returncode == 69, done.returncode
    assert subprocess.run([BINARY, "version"], timeout=20, check=False, capture_output=True).stdout.startswith(b"mxcd")
    wrong = subprocess.run([BINARY, "serfe"], timeout=20, check=False, capture_output=True, text=True)
    assert wrong.returncode == 64 and not wrong.stdout, wrong
    assert wrong.stderr == "mxcd: there is no command 'serfe'; see `mxcd help`\n", wrong
    print("healthcheck 0 and 69, metrics, version, usage 64")


def a_full_disk_refuses_uploads_and_serves_downloads():
    folder = tempfile.mkdtemp(prefix="mxcd-full-")
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder],
                                           check=False).returncode != 0:
        print("a full disk: SKIPPED, no right to mount a tmpfs here")
        return
    try:
        with Mxcd("max_upload_size: 4M\nmin_free_space: 20M\n", folder=folder) as server:
            body = os.urandom(100_000)
            uri = server.upload(body).json()["content_uri"]
            statuses = []
            for _ in range(40):
                answer = server.upload(os.urandom(3_000_000))
                statuses.append(answer.status)
                if answer.status != 200:
                    break
                time.sleep(0.3)  # free space is looked at once a second
            assert answer.status in (503, 507), statuses
            wait_until(lambda: server.upload(b"x").status == 507, "the floor is noticed")
            assert server.upload(b"x").json()["errcode"] == "M_UNKNOWN"
            assert server.download(uri).body == body
            # Filled from outside while the service runs: the upload fails in mid-body, and nothing of it stays.
            server.stop()
        with Mxcd("max_upload_size: 4M\nmin_free_space: 0\n", folder=folder) as server:
            before = server.files()
            free = os.statvfs(folder)
            (pathlib.Path(folder) / "ballast").write_bytes(bytes(free.f_bavail * free.f_bsize - (1 << 20)))
            answer = server.upload(os.urandom(2_000_000))
            assert answer.status == 503 and "retry-after" in answer.headers, (answer.status, answer.body)
            assert server.download(uri).body == body
            wait_until(lambda: server.files() == before, "nothing of it stays")
            (pathlib.Path(folder) / "ballast").unlink()
            wait_until(lambda: server.upload(os.urandom(100_000)).status == 200, "uploads go on", 3)
    finally:
        subprocess.run(["umount", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)
    print("a full disk: 507 below the floor, 503 in mid-body, downloads go on, uploads again when there is room")


def check_config_reports_everything_at_once():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mxcd-config-"))
    (folder / "bad.yaml").write_text("server_name: hs.test\nmax_upload_sise: 5M\nmax_upload_size: five\n"
                                     "url_preview_enabled: true\nlisteners: []\ndatabase: {sqlite: {path: x.db}}\n")
    done = subprocess.run([BINARY, "check-config", "-c", "bad.yaml"], cwd=folder, capture_output=True, text=True, timeout=20,
                          check=False)
    text = done.stdout + done.stderr
    assert done.returncode == 78, (done.returncode, text)
    for wanted in ("bad.yaml:2", "max_upload_size", "bad.yaml:3", "url_preview_enabled", "auth"):
        assert wanted in text, (wanted, text)
    assert list(folder.iterdir()) == [folder / "bad.yaml"], "checking touches nothing"
    shutil.rmtree(folder)
    print("check-config: every mistake with its line, exit 78")


def main():
    check_config_reports_everything_at_once()
    healthcheck_and_version()
    a_second_instance_is_kept_out()
    reload_takes_good_settings_and_refuses_bad_ones()
    sigterm_finishes_what_runs()
    a_second_sigterm_insists()
    systemd_is_told()
    backup_while_uploads_run()
    backup_while_media_is_deleted()
    a_backup_that_is_not_permitted_exits_with_77()
    a_full_disk_refuses_uploads_and_serves_downloads()


if __name__ == "__main__":
    main()
