#!/usr/bin/env python3
"""kill -9 at random moments under 32 clients: nothing acknowledged is lost, nothing unacknowledged is left.

MXCD_CYCLES sets the cycles (default 20; the issue's figure is 300). MXCD_SEED repeats a run.
"""
import hashlib
import os
import random
import sqlite3
import threading
import time

from harness import Mxcd, authorization

CYCLES = int(os.environ.get("MXCD_CYCLES", "20"))
SEED = int(os.environ.get("MXCD_SEED", str(random.randrange(1 << 30))))
CLIENTS = 32
LIMIT = 1 << 50


class Load:
    """Clients that upload until the server dies, and remember what was acknowledged."""

    def __init__(self, server, seed):
        self.server = server
        self.acknowledged = {}
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.client, args=(seed * CLIENTS + i,)) for i in range(CLIENTS)]

    def client(self, seed):
        generator = random.Random(seed)
        try:
            connection = self.server.connect()
            while True:
                size = generator.choice([10, 3000, 32 * 1024, 40_000, 200_000])
                # Some bytes are uploaded by several clients at once.
                body = random.Random(seed // 2 + size).randbytes(size) if generator.random() < 0.3 \
                    else generator.randbytes(size)
                answer = self.server.upload(body, connection=connection)
                assert answer.status == 200, (answer.status, answer.body)
                with self.lock:
                    self.acknowledged[answer.json()["content_uri"]] = (size, hashlib.sha256(body).hexdigest())
        except OSError:
            return


def check(server, acknowledged):
    connection = server.connect()
    for uri, (size, digest) in acknowledged.items():
        answer = server.download(uri, connection=connection)
        assert answer.status == 200, (uri, answer.status)
        assert len(answer.body) == size and hashlib.sha256(answer.body).hexdigest() == digest, uri
    connection.close()


def check_at_rest(folder, files):
    """Rows, files and totals agree; the database is read when nobody has it open."""
    database = sqlite3.connect(f"file:{folder}/mxcd.db?mode=ro", uri=True)
    assert database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    rows = database.execute("SELECT media_id, size, hex(sha256), body IS NOT NULL FROM media").fetchall()
    sent = database.execute("SELECT COALESCE(SUM(sent_total), 0) FROM users").fetchone()[0]
    database.close()
    total = sum(row[1] for row in rows)
    assert sent == total, f"the ledger says {sent}, the rows say {total}"
    wanted = {f"blobs/{row[2][:2].lower()}/{row[2].lower()}" for row in rows if not row[3]}
    assert set(files) == wanted, (set(files) ^ wanted)
    return len(rows)


def main():
    print(f"seed {SEED}")
    generator = random.Random(SEED)
    server = Mxcd(f"media_upload_limits:\n  - {{time_period: 1w, max_size: {LIMIT}}}\n")
    slowest = 0.0
    acknowledged_in_all = 0
    try:
        server.start()
        for cycle in range(CYCLES):
            load = Load(server, SEED + cycle)
            for thread in load.threads:
                thread.start()
            time.sleep(generator.uniform(0.02, 0.4))
            server.kill()
            for thread in load.threads:
                thread.join()
            slowest = max(slowest, server.start())
            check(server, load.acknowledged)
            acknowledged_in_all += len(load.acknowledged)
        code = server.stop()
        assert code == 0, code
        rows = check_at_rest(server.folder, server.files())
    finally:
        if server.process.poll() is None:
            server.kill()
    assert slowest < 2.0, f"ready again after {slowest:.2f} s"
    print(f"{CYCLES} kills, {acknowledged_in_all} acknowledged uploads whole, {rows} rows, no orphan, no drift; "
          f"ready again within {slowest * 1000:.0f} ms")
    import shutil
    shutil.rmtree(server.folder, ignore_errors=True)


if __name__ == "__main__":
    main()
