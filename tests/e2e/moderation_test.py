#!/usr/bin/env python3
"""Deleting and quarantining media, seen from outside: what is gone stays gone, over restarts and kills."""
import os
import threading

from harness import ALICE, BOB, Mxcd, authorization, wait_until
from pictures import png

SETTINGS = """
modules:
  - builtin: total_quota
    config: {max_size: 1M}
experimental_features: {msc4322_enabled: true}
log: {level: info}
"""


def upload(server, body, token=ALICE, content_type="application/octet-stream"):
    answer = server.upload(body, token=token, content_type=content_type)
    assert answer.status == 200, (answer.status, answer.body)
    return answer.json()["content_uri"]


def path_of(uri):
    return uri.removeprefix("mxc://")


def row_94_deleted_media_leaves_nothing(server):
    uri = upload(server, png(400, 300), content_type="image/png")
    thumbnail = f"/_matrix/client/v1/media/thumbnail/{path_of(uri)}?width=320&height=240"
    assert server.request("GET", thumbnail, authorization()).status in (200, 503), "503: no decoder here"
    large = upload(server, os.urandom(300_000))
    assert len(server.files()) >= 1
    for each in (uri, large):
        assert server.admin("DELETE", f"media/{path_of(each)}").json()["total"] == 1
        assert server.download(each).status == 404
    assert server.request("GET", thumbnail, authorization()).status == 404
    wait_until(lambda: server.files() == [], "no file is left")
    media_id = path_of(uri).split("/")[1]

    def audit_lines():
        lines = (server.folder / "log").read_text().splitlines()
        return [line for line in lines if "media was deleted" in line and media_id in line]

    wait_until(lambda: len(audit_lines()) == 1, "the log says who did it")
    line = audit_lines()[0]
    assert '"by":"@root:hs.test"' in line and '"owner":"@alice:hs.test"' in line and '"sha256"' in line, line


def a_deletion_gives_room_in_the_quota(server):
    first = upload(server, os.urandom(700_000), token=BOB)
    assert server.upload(os.urandom(700_000), token=BOB).status == 403
    answer = server.request("POST", f"/_matrix/client/unstable/uk.timedout.msc4322/media/redact/{path_of(first)}",
                            authorization(BOB), b'{"reason":"too large"}')
    assert (answer.status, answer.json()) == (200, {})
    second = upload(server, os.urandom(700_000), token=BOB)
    assert server.admin("DELETE", "users/@bob:hs.test/media").json()["deleted_media"] == [path_of(second).split("/")[1]]


def bytes_survive_while_anybody_has_them(server):
    """Uploads and deletions of the same bytes at the same time: what is there is whole."""
    body = os.urandom(100_000)
    failures = []

    def client():
        connection = server.connect()
        for _ in range(30):
            uri = server.upload(body, connection=connection).json()["content_uri"]
            if server.download(uri, connection=connection).body != body:
                failures.append(uri)
            answer = server.admin("DELETE", f"media/{path_of(uri)}", connection=connection)
            if answer.status != 200:
                failures.append(answer.body)

    threads = [threading.Thread(target=client) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[:3]
    wait_until(lambda: server.files() == [], "the last one took the bytes along")


def row_94_quarantine_and_deletion_survive_a_kill(server):
    bad, same, good, gone = (upload(server, b) for b in (b"bad", b"bad", b"good", os.urandom(50_000)))
    assert server.admin("POST", f"media/quarantine/{path_of(bad)}").json() == {}
    assert server.admin("DELETE", f"media/{path_of(gone)}").status == 200
    server.kill()
    server.start()
    assert [server.download(uri).status for uri in (bad, same, good, gone)] == [404, 404, 200, 404]
    assert server.admin("GET", f"media/{path_of(same)}").json()["media_info"]["quarantined_by"] == "@root:hs.test"
    assert server.download(upload(server, b"bad")).status == 404, "what comes later with the same bytes is quarantined, too"
    assert server.admin("POST", f"media/unquarantine/{path_of(bad)}").json() == {}
    assert server.download(same).body == b"bad"
    assert server.admin("POST", f"media/quarantine/{path_of(bad)}", token=ALICE).status == 403
    wait_until(lambda: server.files() == [], "no file is left")


def main():
    with Mxcd(SETTINGS) as server:
        row_94_deleted_media_leaves_nothing(server)
        a_deletion_gives_room_in_the_quota(server)
        bytes_survive_while_anybody_has_them(server)
        row_94_quarantine_and_deletion_survive_a_kill(server)
    print("row 94: deleted media leaves nothing, quarantine follows the bytes, both survive a kill")


if __name__ == "__main__":
    main()
