"""What must hold behind every reverse proxy whose snippet docs/ ships."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from harness import ALICE, Connection, authorization

SETTINGS = """
listeners:
  - path: mxcd.sock
    mode: 666
    x_forwarded: true
    resources: [media, health]
  - bind_addresses: [127.0.0.1]
    port: 0
    x_forwarded: true
    resources: [media, health]
media_upload_limits:
  - {time_period: 1w, max_size: 3M}
"""


def curl(*arguments):
    done = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", *arguments], capture_output=True, timeout=60,
                          check=False)
    assert done.returncode == 0, (arguments, done.stderr)
    body, status = done.stdout.rsplit(b"\n", 1)
    return int(status), body


def curl_round_trip(base, *options):
    token = [*options, "-H", f"Authorization: Bearer {ALICE}"]
    status, body = curl(*token, f"{base}/_matrix/client/v1/media/config")
    assert status == 200 and json.loads(body)["m.upload.size"] == 1024 * 1024, (status, body)
    with tempfile.NamedTemporaryFile() as file:
        content = os.urandom(700_000)
        file.write(content)
        file.flush()
        status, body = curl(*token, "-H", "Content-Type: image/png", "--data-binary", f"@{file.name}",
                            f"{base}/_matrix/media/v3/upload?filename=cat.png")
        assert status == 200, (status, body)
        uri = json.loads(body)["content_uri"]
        # Chunked, with Expect: 100-continue.
        status, body = curl(*token, "-H", "Transfer-Encoding: chunked", "-H", "Expect: 100-continue",
                            "--data-binary", f"@{file.name}", f"{base}/_matrix/media/v3/upload")
        assert status == 200, (status, body)
    path = uri.removeprefix("mxc://")
    status, body = curl(*token, f"{base}/_matrix/client/v1/media/download/{path}")
    assert status == 200 and body == content
    status, body = curl(*token, "-r", "100-199", f"{base}/_matrix/client/v1/media/download/{path}")
    assert status == 206 and body == content[100:200]


def old_media_is_asked_at_the_homeserver(address, homeserver):
    for path in ("/_matrix/client/v1/media/download/hs.test/oldoldold",
                 "/_matrix/client/v1/media/download/remote.test/far/away.png",
                 "/_matrix/client/v1/media/thumbnail/hs.test/oldoldold?width=32&height=32",
                 "/_matrix/media/v3/download/hs.test/oldoldold",
                 "/_matrix/client/v1/media/preview_url?url=https%3A%2F%2Fexample.org"):
        connection = Connection(address)
        answer = connection.request("GET", path, authorization())
        connection.close()
        assert answer.status == 200 and answer.body == b"from the homeserver", (path, answer.status, answer.body)
        assert homeserver.requests[-1] == path, "the request reaches the homeserver unchanged"
    connection = Connection(address)
    asked = len(homeserver.requests)
    answer = connection.request("GET", "/_matrix/client/v1/media/download/hs.test/oldoldold")
    connection.close()
    assert answer.status == 401 and len(homeserver.requests) == asked, "only a 404 is handed on"


def refusals_reach_a_sending_client(address, cases=((2_000_000, "mxcd"), (60_000_000, "mxcd"))):
    for size, who in cases:
        connection = Connection(address)
        head = connection.head("POST", "/_matrix/media/v3/upload", {**authorization(), "Content-Length": str(size)})
        connection.send(head)
        piece = bytes(65536)
        try:
            for _ in range(min(size, 5_000_000) // len(piece)):
                connection.send(piece)
        except OSError:
            pass  # the answer may already be here
        answer = connection.read_answer("POST")
        connection.close()
        assert answer.status == 413 and answer.json()["errcode"] == "M_TOO_LARGE", (who, answer.status, answer.body)
        assert answer.headers["access-control-allow-origin"] == "*", who
        assert answer.headers["content-type"].startswith("application/json"), who


def limits_are_refused_with_a_page(address):
    connection = Connection(address)
    statuses = []
    for _ in range(4):
        answer = connection.request("POST", "/_matrix/media/v3/upload", authorization(), bytes(900_000))
        statuses.append(answer.status)
        if answer.status != 200:
            break
    connection.close()
    assert statuses[-1] == 403, statuses
    error = answer.json()
    assert error["errcode"] == "M_USER_LIMIT_EXCEEDED" and error["info_uri"], error
    page = error["info_uri"].removeprefix("https://hs.test")
    connection = Connection(address)
    answer = connection.request("GET", page, {"Accept-Language": "de"})
    connection.close()
    assert answer.status == 200 and b"lang=\"de\"" in answer.body, answer.body


def skip_without(program, package):
    """Ends the test, with the reason, where the proxy is not installed (scripts/install-packages test does it)."""
    if shutil.which(program) is None:
        print(f"skipped: {program} is missing; Debian has it in the package {package}")
        sys.exit(77)
