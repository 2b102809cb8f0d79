#!/usr/bin/env python3
"""Rows of the acceptance matrix (docs/conformance.md) that only the whole program can show."""
import email.message
import os
import signal
import time
import urllib.parse

from harness import ALICE, BOB, Mxcd, authorization, wait_until
from homeserver_test import Homeserver

CONFIG = "/_matrix/client/v1/media/config"
UPLOAD = "/_matrix/media/v3/upload"


def row_12_no_media_id_however_odd_is_more_than_not_found(server):
    for media_id in ("..%2F..%2Fetc%2Fpasswd", "%00", "a" * 5000, "%2e%2e", "a%0d%0aX-Evil:%201"):
        answer = server.request("GET", f"/_matrix/client/v1/media/download/hs.test/{media_id}", authorization())
        assert (answer.status, answer.json()["errcode"]) == (404, "M_NOT_FOUND"), (media_id[:40], answer.status)
        assert "content-security-policy" in answer.headers and "x-evil" not in answer.headers


def row_15_a_bad_content_length_is_400_and_closes(server):
    for lengths in (["abc"], ["5", "6"], ["-1"], ["5, 5"]):
        connection = server.connect()
        lines = "".join(f"Content-Length: {length}\r\n" for length in lengths)
        connection.send(f"POST {UPLOAD} HTTP/1.1\r\nHost: hs.test\r\nAuthorization: Bearer {ALICE}\r\n{lines}\r\n".encode())
        answer = connection.read_answer("POST")
        assert answer.status == 400 and answer.headers["connection"] == "close", (lengths, answer.status)
        assert answer.json()["errcode"] and answer.headers["access-control-allow-origin"] == "*"
        assert connection.socket.recv(1) == b""


def row_16_who_is_refused_hears_no_100(server):
    expecting = {"Content-Length": "100", "Expect": "100-continue"}
    for headers, status in (({}, 401), (authorization("wrong"), 401), (authorization("guest-token"), 403),
                            ({**authorization(), "Content-Length": str(2 << 20)}, 413)):
        connection = server.connect()
        connection.send(connection.head("POST", UPLOAD, {**expecting, **headers}))
        assert connection.read_answer("POST").status == status, "the first answer is the final one"
        connection.close()


def row_25_two_authorizations_are_401_and_close(server):
    connection = server.connect()
    line = f"Authorization: Bearer {ALICE}\r\n"
    connection.send(f"GET {CONFIG} HTTP/1.1\r\nHost: hs.test\r\n{line}{line}\r\n".encode())
    answer = connection.read_answer()
    assert (answer.status, answer.json()["errcode"]) == (401, "M_MISSING_TOKEN")


def row_26_a_token_in_the_query_is_never_logged(server):
    assert server.request("GET", f"{CONFIG}?access_token={ALICE}").status == 200
    assert server.request("GET", f"{CONFIG}?access_token=sesame-sesame").status == 401
    text = (server.folder / "log").read_text()
    assert ALICE not in text and "sesame-sesame" not in text


def row_41_nothing_at_all_is_media_like_any_other(server):
    answer = server.download(server.upload(b"").json()["content_uri"])
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "0", b"")


def rows_42_43_44_the_maximum_and_one_byte_more(server):
    most = server.config().json()["m.upload.size"]
    assert most == 1 << 20, "row 127"
    assert server.upload(bytes(most)).status == 200
    wait_until(lambda: not any(name.startswith("spool/") for name in server.files()), "the accepted one is in place")
    before = server.files()
    declared = server.connect(timeout=5)
    # The body never comes: the answer does not wait for it.
    declared.send(declared.head("POST", UPLOAD, {**authorization(), "Content-Length": str(most + 1)}))
    chunked = server.connect()
    chunked.send(chunked.head("POST", UPLOAD, {**authorization(), "Transfer-Encoding": "chunked"}))
    for piece in (bytes(most), b"x", b""):
        chunked.send(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    for connection in (declared, chunked):
        answer = connection.read_answer("POST")
        assert (answer.status, answer.json()["errcode"]) == (413, "M_TOO_LARGE")
        connection.close()
    wait_until(lambda: server.files() == before, "nothing is stored")


def row_50_a_type_that_the_operator_denies_is_403():
    with Mxcd("modules: [{builtin: mime_policy, config: {deny: [application/x-msdownload, 'text/html']}}]\n") as server:
        for denied in ("application/x-msdownload", "Text/HTML; charset=utf-8"):
            answer = server.upload(b"x", content_type=denied)
            assert (answer.status, answer.json()["errcode"]) == (403, "M_FORBIDDEN"), answer.body
        assert server.upload(b"x", content_type="text/plain").status == 200


def row_88_a_name_comes_back_exactly(server):
    for name in ("ascii", "name with spaces", "name;with;semicolons", "\U0001f414", 'a"b\\c.txt', "100%"):
        uri = server.upload(b"x", query="?filename=" + urllib.parse.quote(name, safe="")).json()["content_uri"]
        disposition = server.download(uri).headers["content-disposition"]
        # The parser of Python's own e-mail package, which knows RFC 2231's form.
        message = email.message.Message()
        message["Content-Disposition"] = disposition
        got = message.get_filename()
        assert got == name, (name, disposition, got)


def row_45_a_client_that_hangs_up_leaves_nothing(server):
    before = server.files()
    connection = server.connect()
    connection.send(connection.head("POST", UPLOAD, {**authorization(), "Content-Length": "500000"}) + os.urandom(250_000))
    wait_until(lambda: server.files() != before, "the body is spooled")
    connection.close()
    wait_until(lambda: server.files() == before, "nothing is left")


def row_49_a_rate_of_uploads_holds_and_is_reloaded():
    with Mxcd("rc_media_upload: {per_second: 2, burst_count: 3}\n") as server:
        statuses = [server.upload(b"x").status for _ in range(5)]
        assert statuses[:3] == [200, 200, 200] and 429 in statuses, statuses
        refused = server.upload(b"x")
        while refused.status == 200:
            refused = server.upload(b"x")
        assert refused.json()["errcode"] == "M_LIMIT_EXCEEDED"
        assert int(refused.headers["retry-after"]) >= 1 and 0 < refused.json()["retry_after_ms"] <= 500
        assert server.upload(b"x", token=BOB).status == 200, "another user is not concerned"
        time.sleep(refused.json()["retry_after_ms"] / 1000)
        assert server.upload(b"x").status == 200, "after the wait it succeeds"
        (server.folder / "more.yaml").write_text("{}\n")
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: all(server.upload(b"x").status == 200 for _ in range(8)), "the rate is gone")


def rows_141_142_144_and_146_the_freeze_holds_over_reloads_and_restarts():
    def legacy(server, uri):
        return server.request("GET", "/_matrix/media/v3/download/" + uri.removeprefix("mxc://")).status

    def settle(server, settings):
        (server.folder / "more.yaml").write_text(settings)
        server.process.send_signal(signal.SIGHUP)

    with Mxcd("enable_authenticated_media: false\n") as server:
        old = server.upload(b"old").json()["content_uri"]
        assert legacy(server, old) == 200, "row 146"
        settle(server, "enable_authenticated_media: true\n")
        wait_until(lambda: legacy(server, server.upload(b"x").json()["content_uri"]) == 404, "the freeze has begun")
        new = server.upload(b"new").json()["content_uri"]
        assert (legacy(server, old), legacy(server, new)) == (200, 404), "rows 141 and 142"
        settle(server, f"unauthenticated_media: ['{new}']\n")
        wait_until(lambda: legacy(server, new) == 200, "the new one is exempt (row 144)")
        server.stop()
        (server.folder / "more.yaml").write_text("{}\n")
        server.start()
        assert (legacy(server, old), legacy(server, new)) == (200, 404)
        assert server.download(new).body == b"new"


def row_37_a_suspended_user_reads_and_does_not_upload():
    homeserver = Homeserver()
    homeserver.answers["good"] = (200, {"user_id": "@alice:hs.test"}, {})
    homeserver.answers["admin"] = (200, {"suspended": True}, {})
    settings = f"auth:\n  homeserver_url: http://127.0.0.1:{homeserver.port}\n  admin_token: admin\n"
    with Mxcd(settings) as server:
        answer = server.upload(b"x", token="good")
        assert (answer.status, answer.json()["errcode"]) == (403, "M_USER_SUSPENDED"), (answer.status, answer.body)
        assert server.request("GET", CONFIG, authorization("good")).status == 200
        uri = server.upload(b"hello").json()["content_uri"]
        assert server.download(uri, token="good").body == b"hello"
        assert ("admin", "/_matrix/client/v1/admin/suspend/%40alice%3Ahs.test") in homeserver.asked
    homeserver.stop()


def an_address_that_guesses_tokens_is_kept_from_the_homeserver():
    homeserver = Homeserver()
    homeserver.answers["good"] = (200, {"user_id": "@alice:hs.test"}, {})
    with Mxcd(f"auth:\n  homeserver_url: http://127.0.0.1:{homeserver.port}\n") as server:
        def ask(token, address):
            return server.request("GET", CONFIG, {**authorization(token), "X-Forwarded-For": address})

        assert ask("good", "203.0.113.9").status == 200
        began = time.monotonic()
        statuses = [ask(f"guess-{i}", "203.0.113.9").status for i in range(200)]
        took = time.monotonic() - began
        asked = len(homeserver.asked)
        assert statuses.count(429) > 0 and statuses.count(401) >= 50, (statuses.count(401), statuses.count(429))
        assert asked <= 1 + 50 + 10 * took + 2, (asked, took)
        answer = ask("guess-200", "203.0.113.9")
        assert answer.status in (401, 429)
        assert ask("good", "203.0.113.9").status == 200, "a token that is known goes on"
        assert ask("guess-201", "203.0.113.10").status == 401, "another address is not concerned"
        assert all(ask(f"local-{i}", "127.0.0.1").status == 401 for i in range(100)), "an unknown address is not counted"
    homeserver.stop()


def main():
    with Mxcd("log: {level: info}\n") as server:
        row_12_no_media_id_however_odd_is_more_than_not_found(server)
        row_15_a_bad_content_length_is_400_and_closes(server)
        row_16_who_is_refused_hears_no_100(server)
        row_25_two_authorizations_are_401_and_close(server)
        row_26_a_token_in_the_query_is_never_logged(server)
        row_41_nothing_at_all_is_media_like_any_other(server)
        rows_42_43_44_the_maximum_and_one_byte_more(server)
        row_45_a_client_that_hangs_up_leaves_nothing(server)
        row_88_a_name_comes_back_exactly(server)
    row_49_a_rate_of_uploads_holds_and_is_reloaded()
    row_50_a_type_that_the_operator_denies_is_403()
    rows_141_142_144_and_146_the_freeze_holds_over_reloads_and_restarts()
    row_37_a_suspended_user_reads_and_does_not_upload()
    an_address_that_guesses_tokens_is_kept_from_the_homeserver()
    print("rows 12, 15, 16, 25, 26, 37, 41 to 45, 49, 50, 88, 141, 142, 144 and 146; guessing is braked")


if __name__ == "__main__":
    main()
