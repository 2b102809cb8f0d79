"""The rows T1 to T5: thumbnails of a 12-megapixel JPEG, made and served, and who else is served beside images that attack."""
import concurrent.futures
import contextlib
import http.client
import itertools
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile
import threading

from stage import AUTH, ROUNDS, SECONDS, UPLOAD, WHOAMI, WORK, Nginx, cpu_seconds, free_port, in_turn, load, row, served
import hostile_pictures  # found where stage looks for the harness
from harness import authorization

PICTURES = 12
PHOTOGRAPH = pathlib.Path(__file__).with_name("photograph.py")
TOKEN = authorization("syt_some_real_token_1")
SIZES = {"T1": (320, 240), "T2": (800, 600)}
ONLY = "thumbnail_sizes: [{{width: {}, height: {}, method: scale}}]"


def photograph():
    path = WORK / "photograph.jpg"
    if not path.exists():
        subprocess.run(["/usr/bin/python3", PHOTOGRAPH, "make", path], check=True)
    return path


@contextlib.contextmanager
def gallery(settings=""):
    """A server, and a function that uploads the photograph anew and gives its path below the media routes."""
    with Nginx(WHOAMI, free_port()) as nginx, served(nginx.port, settings) as mxcd:
        body = photograph().read_bytes()

        def hang():
            # Not said to be a picture: nothing is made before it is asked for.
            answer = mxcd.request("POST", UPLOAD, TOKEN, body)
            assert answer.status == 200, answer.body
            return "/_matrix/client/v1/media/thumbnail/" + answer.json()["content_uri"].removeprefix("mxc://")
        yield mxcd, hang


def cpu_per_thumbnail(mxcd, hang, width, height):
    """CPU seconds, all of them: request, process for the decode, thumbnail stored and sent."""
    targets = [f"{hang()}?width={width}&height={height}&method=scale" for _ in range(PICTURES)]
    before = cpu_seconds(mxcd.process.pid)
    for target in targets:
        answer = mxcd.request("GET", target, TOKEN)
        assert answer.status == 200 and answer.headers["content-type"] == "image/jpeg", answer.body
    return (cpu_seconds(mxcd.process.pid) - before) / PICTURES


def cpu_of_vipsthumbnail(width, height):
    def children():
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime
    before = children()
    for _ in range(PICTURES):
        subprocess.run(["vipsthumbnail", photograph(), "--size", f"{width}x{height}", "-o", WORK / "thumbnail.jpg[Q=80,strip]"],
                       check=True, env={**os.environ, "VIPS_CONCURRENCY": "1"})
    return (children() - before) / PICTURES


def cpu_of_pillow(width, height):
    done = subprocess.run(["/usr/bin/python3", PHOTOGRAPH, "time", photograph(), str(width), str(height), str(PICTURES)],
                          check=True, capture_output=True, text=True)
    return float(done.stdout)


def made(name, wanted_times_pillow):
    width, height = SIZES[name]
    with gallery(ONLY.format(width, height)) as (mxcd, hang):
        ours, vips, pillow = (statistics.median(f) for f in in_turn(
            lambda: cpu_per_thumbnail(mxcd, hang, width, height), lambda: cpu_of_vipsthumbnail(width, height),
            lambda: cpu_of_pillow(width, height)))
    work = f"12 MP JPEG to {width}x{height}, CPU"
    row(name, work, f"{ours * 1000:.0f} ms", f"vipsthumbnail {vips * 1000:.0f} ms", f"{ours / vips:.2f}", "<= 1.15", ours / vips <= 1.15)
    row(name, "the same", f"{ours * 1000:.0f} ms", f"Pillow {pillow * 1000:.0f} ms", f"1 / {pillow / ours:.2f}",
        f">= {wanted_times_pillow} x faster", pillow / ours >= wanted_times_pillow)


def t1():
    made("T1", 3)


def t2():
    made("T2", 2)


def t3():
    with gallery() as (all_sizes, hang_all), gallery(ONLY.format(800, 600)) as (largest, hang_largest):
        every, one = (statistics.median(f) for f in in_turn(lambda: cpu_per_thumbnail(all_sizes, hang_all, 800, 600),
                                                            lambda: cpu_per_thumbnail(largest, hang_largest, 800, 600)))
    row("T3", "all five sizes from one decode, CPU", f"{every * 1000:.0f} ms", f"800x600 alone {one * 1000:.0f} ms",
        f"{every / one:.2f}", "<= 1.6", every / one <= 1.6)


def t4():
    files = pathlib.Path(tempfile.mkdtemp(dir=WORK))
    with gallery() as (mxcd, hang), Nginx(f" location / {{ alias {files}/; sendfile on; tcp_nopush on; }}", free_port()) as nginx:
        media = hang()
        for width, height in SIZES.values():
            target = f"{media}?width={width}&height={height}&method=scale"
            thumbnail = mxcd.request("GET", target, TOKEN).body
            (files / str(width)).write_bytes(thumbnail)
            ours, theirs = (statistics.median(f) for f in in_turn(
                lambda: load(mxcd.address[1], connections=32, seconds=SECONDS, target=target, header=AUTH)["rate"],
                lambda: load(nginx.port, connections=32, seconds=SECONDS, target=f"/{width}")["rate"]))
            row("T4", f"a cached thumbnail of {len(thumbnail) // 1024} KiB, requests/s", f"{ours:,.0f}", f"nginx, its file {theirs:,.0f}",
                f"{ours / theirs:.2f}", ">= 0.80", ours / theirs >= 0.8)


@contextlib.contextmanager
def bombs_going_off(port, media):
    """Asks for thumbnails of images that attack, one after the other, each time of another size and thus decoded anew."""
    over = threading.Event()

    def bomber(first):
        for turn in itertools.count():
            for target in media[first::2]:
                if over.is_set():
                    return
                connection = http.client.HTTPConnection("127.0.0.1", port)
                connection.request("GET", f"{target}?width={40 + turn % 900}&height=40&method=crop", headers=TOKEN)
                connection.getresponse().read()
                connection.close()

    threads = [threading.Thread(target=bomber, args=(first,)) for first in (0, 1)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def t5():
    settings = "dynamic_thumbnails: true\nthumbnail_sizes: []\n"
    files = pathlib.Path(tempfile.mkdtemp(dir=WORK))
    (files / "still").write_bytes(b"x" * 4096)
    with Nginx(WHOAMI + f" location /still {{ root {files}; }}", free_port()) as nginx, served(nginx.port, settings) as mxcd:
        def hang(data, content_type="x/y"):
            answer = mxcd.request("POST", UPLOAD, {**TOKEN, "Content-Type": content_type}, data)
            assert answer.status == 200, answer.body
            return answer.json()["content_uri"].removeprefix("mxc://")
        bombs = [f"/_matrix/client/v1/media/thumbnail/{hang(data)}" for _, data, _, _ in hostile_pictures.bombs()]
        steady = {"connections": 8, "seconds": SECONDS, "rate": 500}
        ours = {**steady, "target": f"/_matrix/client/v1/media/download/{hang(b'x' * 4096)}", "header": AUTH}
        idle = statistics.median(load(mxcd.address[1], **ours)["p99_ms"] for _ in range(ROUNDS))
        # What decodes cost whoever shares the machine, nginx feels too, at the same moments: the rest would be mxcd's own doing.
        with bombs_going_off(mxcd.address[1], bombs), concurrent.futures.ThreadPoolExecutor(2) as both:
            pairs = []
            for _ in range(ROUNDS):
                turn = both.submit(load, mxcd.address[1], **ours), both.submit(load, nginx.port, **steady, target="/still")
                pairs.append([done.result()["p99_ms"] for done in turn])
            p99, control = (statistics.median(f) for f in zip(*pairs))
    row("T5", f"p99 of downloads while {len(bombs)} bombs are decoded, over and over", f"{p99:.2f} ms (idle {idle:.2f})",
        f"nginx beside them {control:.2f} ms", f"{p99 / control:.2f}", "<= 1.25", p99 / control <= 1.25)
