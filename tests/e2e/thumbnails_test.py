#!/usr/bin/env python3
"""Thumbnails from the running binary: the rows of section 6.7 by number, and what happens around the decoder processes."""
import contextlib
import os
import pathlib
import signal
import sqlite3
import struct
import time

import harness
import pictures
from harness import ALICE, Mxcd, authorization

# The pictures of the acceptance matrix: 1000 x 673 and 279 x 177.
LARGE = pictures.png(1000, 673)
MATRIX = pictures.png(279, 177)


def upload(server, data, content_type="image/png"):
    answer = server.upload(data, content_type=content_type)
    assert answer.status == 200, answer.body
    return answer.json()["content_uri"].removeprefix("mxc://")


def thumbnail(server, media, query, headers=None, token=ALICE, method="GET"):
    headers = {**(authorization(token) if token else {}), **(headers or {})}
    return server.request(method, f"/_matrix/client/v1/media/thumbnail/{media}?{query}", headers)


def thumbnails_at_once(server, media, query, meanwhile=None):
    """One client for each of `media`; all have asked before any answer is read, and before `meanwhile` is called."""
    clients = [server.connect() for _ in media]
    for client, which in zip(clients, media):
        client.send(client.head("GET", f"/_matrix/client/v1/media/thumbnail/{which}?{query}", authorization()))
    if meanwhile:
        meanwhile()
    answers = [client.read_answer() for client in clients]
    for client in clients:
        client.close()
    return answers


def errcode(answer):
    return answer.json()["errcode"]


def metric(server, name):
    for line in server.request("GET", "/metrics").body.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[-1])
    return 0.0


def require_picture(answer):
    assert answer.status == 200, (answer.status, answer.body[:200])
    kind = answer.headers["content-type"]
    assert kind in ("image/jpeg", "image/png", "image/gif", "image/webp") and pictures.kind(answer.body) == kind, kind
    assert answer.headers["content-disposition"].startswith("inline; filename=thumbnail."), answer.headers
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    pictures.require_whole(answer.body)
    return pictures.size(answer.body)


def covers(got, wanted):
    return all(a >= b for a, b in zip(got, wanted))


def rows_103_104_105_118_nonsense_is_400(server):
    media = upload(server, MATRIX)
    for query in ("", "width=32", "height=32", "method=crop"):
        answer = thumbnail(server, media, query)
        assert (answer.status, errcode(answer)) == (400, "M_MISSING_PARAM"), query
        assert answer.headers["content-security-policy"].startswith("sandbox;")
    for value in ("abc", "-1", "0", "1e3", "99999999999999", "", "%FF", "1.5", " 1"):
        answer = thumbnail(server, media, f"width={value}&height=32".replace(" ", "%20"))
        assert (answer.status, errcode(answer)) == (400, "M_INVALID_PARAM"), value
    for query in ("width=32&height=32&method=foo", "width=32&height=32&animated=maybe",
                  "width=32&height=32&timeout_ms=-1"):
        answer = thumbnail(server, media, query)
        assert (answer.status, errcode(answer)) == (400, "M_INVALID_PARAM"), query


def rows_106_107_108_109_110_111_112_sizes(server):
    media = upload(server, LARGE)
    for side in (32, 96):
        answer = thumbnail(server, media, f"width={side}&height={side}&method=crop")
        assert require_picture(answer) == (side, side)
        assert answer.headers["content-type"] == "image/png"
    for (width, height), expected in {(320, 240): (357, 240), (640, 480): (713, 480), (800, 600): (892, 600)}.items():
        got = require_picture(thumbnail(server, media, f"width={width}&height={height}&method=scale"))
        assert all(abs(a - b) <= 1 for a, b in zip(got, expected)) and covers(got, (width, height)), got
    assert covers(require_picture(thumbnail(server, media, "width=32&height=32&method=scale")), (32, 32))
    small = upload(server, MATRIX)
    answer = thumbnail(server, small, "width=800&height=600&method=scale")
    assert require_picture(answer) == (279, 177) and answer.body == MATRIX
    answer = thumbnail(server, media, "width=2000&height=2000&method=crop")
    assert require_picture(answer) == (1000, 673) and answer.body == LARGE
    assert require_picture(thumbnail(server, media, "width=1000&height=673")) == (1000, 673)


def row_18_authentication_comes_before_the_parameters(server):
    answer = thumbnail(server, upload(server, MATRIX), "", token=None)
    assert (answer.status, errcode(answer)) == (401, "M_MISSING_TOKEN")


def guests_may_look(server):
    require_picture(thumbnail(server, upload(server, MATRIX), "width=32&height=32", token="guest-token"))


def row_113_the_same_bytes_after_a_restart_and_from_a_new_decode():
    with Mxcd() as server:
        media = upload(server, LARGE)
        first = thumbnail(server, media, "width=96&height=96&method=crop")
        require_picture(first)

        def same(media):
            answer = thumbnail(server, media, "width=96&height=96&method=crop")
            return answer.body == first.body and answer.headers["etag"] == first.headers["etag"]

        assert same(media) and same(upload(server, LARGE))
        server.stop()
        server.start()
        assert same(media) and metric(server, 'mxcd_decodes_total{outcome="made"}') == 0
        server.stop()
        with contextlib.closing(sqlite3.connect(server.folder / "mxcd.db")) as database, database:
            assert database.execute("DELETE FROM thumbnails").rowcount > 0
        server.start()
        assert same(media) and metric(server, 'mxcd_decodes_total{outcome="made"}') == 1


def conditions_and_head(server):
    media = upload(server, LARGE)
    answer = thumbnail(server, media, "width=320&height=240")
    known = thumbnail(server, media, "width=320&height=240", {"If-None-Match": answer.headers["etag"]})
    assert (known.status, known.body, known.headers["etag"]) == (304, b"", answer.headers["etag"])
    head = thumbnail(server, media, "width=320&height=240", method="HEAD")
    assert (head.status, head.headers["content-length"]) == (200, str(len(answer.body)))
    other = thumbnail(server, media, "width=32&height=32&method=crop", {"If-None-Match": answer.headers["etag"]})
    assert other.status == 200


def rows_114_115_116_117_animation(server):
    animation = pictures.gif(200, 160, frames=5)
    media = upload(server, animation, "image/gif")
    for query in ("", "&animated=false"):
        answer = thumbnail(server, media, "width=96&height=96&method=crop" + query)
        assert require_picture(answer) == (96, 96)
        assert answer.headers["content-type"] == "image/png"
    for query, expected in {"width=96&height=96&method=crop": (96, 96), "width=32&height=32&method=crop": (32, 32)}.items():
        answer = thumbnail(server, media, query + "&animated=true")
        assert require_picture(answer) == expected
        assert answer.headers["content-type"] == "image/webp" and pictures.frames(answer.body) == 5
    moving_webp = upload(server, answer.body, "image/webp")
    # 70 ms per frame, for ever, as in the original.
    assert b"ANIM" in answer.body and answer.body.count((70).to_bytes(3, "little")) >= 5
    answer = thumbnail(server, media, "width=800&height=600&animated=true")
    assert require_picture(answer) == (200, 160) and answer.body == animation
    answer = thumbnail(server, media, "width=800&height=600")
    assert require_picture(answer) == (200, 160) and answer.headers["content-type"] == "image/png"
    still = upload(server, MATRIX)
    one, two = (thumbnail(server, still, "width=32&height=32&method=crop" + q) for q in ("", "&animated=true"))
    assert one.body == two.body and one.headers["content-type"] == "image/png"
    for query, count in (("", 1), ("&animated=false", 1), ("&animated=true", 5)):
        answer = thumbnail(server, moving_webp, "width=16&height=16&method=crop" + query)
        assert require_picture(answer) == (32, 32) and pictures.frames(answer.body) == count, (query, answer.headers)
    moving = upload(server, pictures.animated_png(100, 100))
    answer = thumbnail(server, moving, "width=800&height=600&animated=true")
    assert require_picture(answer) == (100, 100) and b"acTL" not in answer.body
    long = upload(server, pictures.gif(64, 64, frames=150), "image/gif")
    answer = thumbnail(server, long, "width=32&height=32&method=crop&animated=true")
    assert require_picture(answer) == (32, 32) and pictures.frames(answer.body) == 1


def rows_119_120_121_125_what_is_no_picture_is_400(server):
    cases = {
        "hello.txt": (b"hello", "text/plain"),
        "logo.svg": (b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'/>", "image/svg+xml"),
        "enc.bin": (os.urandom(100_000), "application/octet-stream"),
        "enc.bin as image/png": (os.urandom(100_000), "image/png"),
        "trunc.png": (LARGE[:len(LARGE) // 2], "image/png"),
        "a small one that is cut": (MATRIX[:-30], "image/png"),
        "only the signature": (LARGE[:8], "image/png"),
        "nothing at all": (b"", "image/png"),
        "a video, which is switched off": (struct.pack(">I", 24) + b"ftypisom" + bytes(1000), "video/mp4"),
    }
    for name, (data, content_type) in cases.items():
        media = upload(server, data, content_type)
        for query in ("width=320&height=240", "width=32&height=32&method=crop", "width=900&height=900"):
            began = time.monotonic()
            answer = thumbnail(server, media, query)
            assert (answer.status, errcode(answer)) == (400, "M_UNKNOWN"), (name, answer.status)
            assert name != "enc.bin" or time.monotonic() - began < 0.2


def row_122_too_many_pixels_are_413(server):
    bomb = pictures.png(60_000, 60_000, rows=[b"\0" * 1000])
    answer = thumbnail(server, upload(server, bomb), "width=320&height=240")
    assert (answer.status, errcode(answer)) == (413, "M_TOO_LARGE")


def row_123_upright_and_without_a_place(server):
    media = upload(server, pictures.TURNED_JPEG, "image/jpeg")
    for query, expected in {"width=10&height=20&method=scale": (20, 40), "width=16&height=16&method=crop": (32, 32)}.items():
        answer = thumbnail(server, media, query)
        got = require_picture(answer)
        assert got == (20, 40), (query, got)
        assert b"Exif" not in answer.body and b"secret" not in answer.body


def row_124_unknown_ids_are_404(server):
    for media in ("hs.test/UnknownMediaIdUnknownMed", "hs.test/not%2Fan%20id", "other.test/AAAA"):
        answer = thumbnail(server, media, "width=32&height=32&timeout_ms=500")
        assert (answer.status, errcode(answer)) == (404, "M_NOT_FOUND")


def row_126_many_who_ask_cause_one_decode(server):
    media = upload(server, LARGE, "application/octet-stream")
    before = metric(server, 'mxcd_decodes_total{outcome="made"}')
    answers = thumbnails_at_once(server, [media] * 500, "width=320&height=240")
    assert len({answer.body for answer in answers}) == 1 and all(answer.status == 200 for answer in answers)
    assert metric(server, 'mxcd_decodes_total{outcome="made"}') == before + 1


def made_after_the_upload(server):
    before = metric(server, 'mxcd_decodes_total{outcome="made"}')
    media = upload(server, pictures.png(500, 401))
    until = time.monotonic() + 10
    while metric(server, 'mxcd_decodes_total{outcome="made"}') == before:
        assert time.monotonic() < until, "no thumbnails were made after the upload"
        time.sleep(0.01)
    require_picture(thumbnail(server, media, "width=320&height=240"))
    require_picture(thumbnail(server, media, "width=96&height=96&method=crop"))
    assert metric(server, 'mxcd_decodes_total{outcome="made"}') == before + 1


def decoders(pid):
    """The decoder processes of a running mxcd, among whatever other children it has."""
    children = [int(child) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
                for child in (task / "children").read_text().split()]
    return [child for child in children if b"decoder" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes()]


def descriptors(pid):
    return sorted(os.readlink(entry) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir())


def a_decoder_process_that_dies_is_replaced(server):
    (decoder,) = decoders(server.process.pid)
    assert all(name == "/dev/null" or name.startswith("socket:") for name in descriptors(decoder))
    assert len(list(pathlib.Path(f"/proc/{decoder}/task").iterdir())) == 1, "a process that forks has one thread"
    assert b"alice" not in pathlib.Path(f"/proc/{decoder}/environ").read_bytes()
    os.kill(decoder, signal.SIGKILL)
    require_picture(thumbnail(server, upload(server, LARGE, "x/y"), "width=320&height=240"))
    (new,) = decoders(server.process.pid)
    assert new != decoder and metric(server, "mxcd_decoder_starts_total") == 2


def nothing_outlives_the_service():
    with Mxcd() as server:
        require_picture(thumbnail(server, upload(server, LARGE), "width=320&height=240"))
        (decoder,) = decoders(server.process.pid)
        server.kill()
        until = time.monotonic() + 5
        while pathlib.Path(f"/proc/{decoder}/cmdline").exists() and pathlib.Path(f"/proc/{decoder}/cmdline").read_bytes():
            assert time.monotonic() < until, "a decoder process outlives the service"
            time.sleep(0.01)
        server.start()
        assert server.stop() == 0


def webp_and_exact_sizes():
    with Mxcd("thumbnail_webp: true\ndynamic_thumbnails: true\nthumbnail_sizes: [{width: 10, height: 10, method: crop}]\n") as server:
        media = upload(server, LARGE)
        answer = thumbnail(server, media, "width=123&height=45&method=crop", {"Accept": "image/webp,*/*;q=0.8"})
        assert require_picture(answer) == (123, 45)
        assert answer.headers["content-type"] == "image/webp" and answer.headers["vary"] == "Accept"
        answer = thumbnail(server, media, "width=123&height=45&method=crop", {"Accept": "*/*"})
        assert require_picture(answer) == (123, 45) and answer.headers["content-type"] == "image/png"
        for width in range(200, 270):
            require_picture(thumbnail(server, media, f"width={width}&height=10&method=crop"))
        answer = thumbnail(server, media, "width=5&height=5&method=crop")
        assert require_picture(answer) == (10, 10), "the bound on sizes per piece of media"


def without_libvips_everything_else_works():
    """A decoder process that cannot load libvips: readiness says degraded, thumbnails 503, uploads and downloads go on."""
    hidden = "for f in /usr/lib/*/libvips.so.42; do mount --bind /dev/null $f; done; exec \"$@\""
    wrapper = ("unshare", "-m", "sh", "-c", hidden, "sh")
    if os.geteuid() != 0:
        print("left out: hiding libvips needs root")
        return
    with Mxcd("log: {level: error}\n", wrapper=wrapper) as server:
        until = time.monotonic() + 10
        while "no thumbnails" not in (server.folder / "log").read_text():
            assert time.monotonic() < until
            time.sleep(0.02)
        ready = server.request("GET", "/health/ready")
        assert ready.status == 200 and ready.json()["dependencies"]["thumbnails"] == "degraded", ready.body
        answer = thumbnail(server, upload(server, LARGE), "width=320&height=240")
        assert answer.status == 503 and "retry-after" in answer.headers
        assert server.download(f"mxc://{upload(server, MATRIX)}").body == MATRIX


def main():
    with Mxcd() as server:
        for check in (rows_103_104_105_118_nonsense_is_400, rows_106_107_108_109_110_111_112_sizes, row_18_authentication_comes_before_the_parameters,
                      guests_may_look, conditions_and_head,
                      rows_114_115_116_117_animation, rows_119_120_121_125_what_is_no_picture_is_400,
                      row_122_too_many_pixels_are_413, row_123_upright_and_without_a_place, row_124_unknown_ids_are_404,
                      row_126_many_who_ask_cause_one_decode, made_after_the_upload,
                      a_decoder_process_that_dies_is_replaced):
            check(server)
            print(check.__name__.replace("_", " "))
    row_113_the_same_bytes_after_a_restart_and_from_a_new_decode()
    nothing_outlives_the_service()
    webp_and_exact_sizes()
    without_libvips_everything_else_works()
    print("thumbnails: fine")


if __name__ == "__main__":
    main()
