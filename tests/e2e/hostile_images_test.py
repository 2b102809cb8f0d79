#!/usr/bin/env python3
"""Images that attack: bombs, formats that must not be decoded, damaged files, and too many requests at once.

The standard suite takes a sample; `scripts/test-images` sets MXCD_MUTATIONS=20000.
"""
import os
import pathlib
import random
import threading
import time

import harness
import pictures
from harness import Mxcd
from hostile_pictures import bombs, formats, formats_of_files
from thumbnails_test import LARGE, decoders, metric, require_picture, thumbnail, thumbnails_at_once, upload

MUTATIONS = int(os.environ.get("MXCD_MUTATIONS", "60"))
SETTINGS = "max_upload_size: 50M\nlog: {level: error}\n"


def rss(pid, field="VmRSS"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    return 0


class Growth:
    """By how much a process has grown, at most, since this was made."""

    def __init__(self, pid):
        self.pid = pid
        self.before = rss(pid)
        pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins anew: proc(5)

    def most(self):
        return rss(self.pid, "VmHWM") - self.before


class ChildWatch:
    """Samples the processes of decodes: most memory and processor time of any of them, and most of them at once."""

    def __init__(self, decoder):
        self.decoder = decoder
        self.most_memory = 0
        self.most_cpu = 0.0
        self.most_at_once = 0
        self.running = True
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while self.running:
            self.most_at_once = max(self.most_at_once, sum(self.is_alive(child) for child in self.children()))
            time.sleep(0.003)

    def children(self):
        try:
            return pathlib.Path(f"/proc/{self.decoder}/task/{self.decoder}/children").read_text().split()
        except OSError:
            return []

    def is_alive(self, child):
        """Takes its measure on the way; one that has ended and was not waited for yet does not count."""
        try:
            self.most_memory = max(self.most_memory, rss(child))
            fields = pathlib.Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            return False
        self.most_cpu = max(self.most_cpu, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
        return fields[0] != "Z"

    def stop(self):
        self.running = False
        self.thread.join()


def bombs_are_refused_or_contained():
    with Mxcd(SETTINGS) as server:
        thumbnail(server, upload(server, LARGE), "width=32&height=32")
        (decoder,) = decoders(server.process.pid)
        watch = ChildWatch(decoder)
        count = 0
        slowest = 0.0
        # What the service itself needs for its buffers and the like, before the first bomb.
        for size in (3 << 20, 9 << 20, 3 << 20):
            thumbnail(server, upload(server, os.urandom(size), "x/y"), "width=32&height=32")
        growth = Growth(server.process.pid)
        for name, data, content_type, fine in bombs():
            media = upload(server, data, "application/x-" + content_type.replace("/", "-"))
            for query in ("width=320&height=240", "width=96&height=96&method=crop&animated=true"):
                began = time.monotonic()
                answer = thumbnail(server, media, query)
                slowest = max(slowest, time.monotonic() - began)
                assert answer.status in fine, (name, query, answer.status, answer.body[:100])
                assert slowest < 8, (name, slowest)
            count += 1
        grown = growth.most()
        watch.stop()
        assert decoders(server.process.pid) == [decoder], "the decoder process did not survive"
        assert watch.most_memory > 0 and watch.most_cpu > 0, "no decode was seen"
        if os.environ.get("MXCD_SANITIZE"):
            print("memory not judged: sanitizers keep what is freed and cannot live with RLIMIT_AS")
        else:
            assert watch.most_memory <= 400 << 20, watch.most_memory
            assert grown <= 2 << 20, grown
        assert watch.most_cpu <= 5, watch.most_cpu
        assert count >= 60, count
        print(f"{count} bombs: at most {watch.most_memory >> 20} MiB and {watch.most_cpu:.1f} s in a decode, slowest answer "
              f"{slowest:.1f} s, the service grew by {grown >> 10} KiB")


def exactly_the_four_formats_decode():
    allowed = ("image/gif", "image/jpeg", "image/png", "image/webp")
    with Mxcd(SETTINGS) as server:
        connection = server.connect()
        decoded, refused = 0, 0
        for name, data, kind in [*formats(), *formats_of_files()]:
            for declared in sorted({kind, "image/png", "image/jpeg", "application/octet-stream"}):
                media = server.upload(data, connection=connection, content_type=declared).json()["content_uri"]
                answer = connection.request(
                    "GET", f"/_matrix/client/v1/media/thumbnail/{media.removeprefix('mxc://')}?width=3&height=3&method=crop",
                    harness.authorization())
                assert answer.status == (200 if kind in allowed else 400), (name, declared, answer.status)
            if kind in allowed:
                decoded += 1
            else:
                refused += 1
        assert (decoded, refused >= 30) == (4, True), (decoded, refused)
        print(f"{refused} formats refused and {decoded} decoded, each under its right type and under wrong ones")


def webps(server):
    """A still and a moving one, as mxcd makes them."""
    still = thumbnail(server, upload(server, LARGE), "width=32&height=32&method=crop", {"Accept": "image/webp"}).body
    moving = thumbnail(server, upload(server, pictures.gif(64, 64, 3), "image/gif"),
                       "width=32&height=32&method=crop&animated=true").body
    assert (pictures.frames(still), pictures.frames(moving)) == (1, 3)
    return still, moving


def mutated_images_crash_nobody():
    seed = int(os.environ.get("MXCD_SEED", random.randrange(1 << 30)))
    rng = random.Random(seed)
    print(f"mutations: seed {seed}")
    with Mxcd(SETTINGS + "thumbnail_webp: true\n") as server:
        sources = [pictures.png(64, 48), pictures.png(33, 65, colour=6, interlace=0), pictures.gif(40, 30, 3),
                   pictures.TURNED_JPEG, pictures.animated_png(30, 30), *webps(server)]
        tally = {}
        for count in range(MUTATIONS):
            if count % 1000 == 0:  # mxcd closes a connection after 10,000 requests
                connection = server.connect()
            data = bytearray(rng.choice(sources))
            for _ in range(1 + rng.randrange(8)):
                at = rng.randrange(len(data))
                what = rng.randrange(4)
                if what == 0:
                    data[at] = rng.randrange(256)
                elif what == 1:
                    del data[at:at + rng.randrange(1, 9)]
                elif what == 2:
                    data[at:at] = rng.randbytes(rng.randrange(1, 9))
                else:
                    data[at:at + 4] = rng.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff"])
                data = data or bytearray(b"\0")
            began = time.monotonic()
            media = server.upload(bytes(data), connection=connection).json()["content_uri"].removeprefix("mxc://")
            animated = rng.choice(["", "&animated=true"])
            answer = connection.request(
                "GET", f"/_matrix/client/v1/media/thumbnail/{media}?width=16&height=16&method=crop{animated}",
                harness.authorization())
            assert answer.status in (200, 400, 413), answer.status
            assert time.monotonic() - began < 8
            tally[answer.status] = tally.get(answer.status, 0) + 1
        assert server.process.poll() is None and metric(server, "mxcd_decoder_starts_total") == 1
        outcomes = {o: metric(server, f'mxcd_decodes_total{{outcome="{o}"}}') for o in ("crashed", "timed_out", "nonsense")}
        print(f"{MUTATIONS} mutated images: {tally}, {outcomes}")


def many_different_requests_wait_in_a_bounded_queue():
    with Mxcd(SETTINGS) as server:
        thumbnail(server, upload(server, LARGE), "width=32&height=32")
        (decoder,) = decoders(server.process.pid)
        # As something else, so that nothing is made after the upload.
        media = [upload(server, pictures.png(200, 160, extra=pictures.chunk(b"tEXt", b"n\0%d" % i)), "x/y")
                 for i in range(500)]
        watch = ChildWatch(decoder)
        waited = []

        def another_request():
            began = time.monotonic()
            assert server.request("GET", "/health").status == 200
            waited.append(time.monotonic() - began)

        answers = thumbnails_at_once(server, media, "width=96&height=96&method=crop", another_request)
        refused = [which for which, answer in zip(media, answers) if answer.status == 503]
        assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status == 503)
        assert all(require_picture(answer) == (96, 96) for answer in answers if answer.status != 503)
        assert 0 < len(refused) < len(media), len(refused)
        for some in range(0, len(refused), 50):
            for answer in thumbnails_at_once(server, refused[some:some + 50], "width=96&height=96&method=crop"):
                assert require_picture(answer) == (96, 96), "nothing is lost"
        watch.stop()
        assert metric(server, 'mxcd_decodes_total{outcome="made"}') == 1 + len(media), "each was made once"
        workers = min(4, os.cpu_count())
        assert 1 <= watch.most_at_once <= workers, watch.most_at_once
        print(f"{len(media)} different at once: {len(media) - len(refused)} made by at most {watch.most_at_once} processes "
              f"at a time, {len(refused)} told to come again, and made then; another request meanwhile took "
              f"{waited[0] * 1000:.0f} ms")


def main():
    exactly_the_four_formats_decode()
    bombs_are_refused_or_contained()
    mutated_images_crash_nobody()
    many_different_requests_wait_in_a_bounded_queue()
    print("hostile images: fine")


if __name__ == "__main__":
    main()
