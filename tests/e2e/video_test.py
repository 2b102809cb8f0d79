#!/usr/bin/env python3
"""Thumbnails of videos from the running binary: row 125, switched off and on, and what happens around their decoder process."""
import os
import pathlib
import signal
import struct

import pictures
from harness import Mxcd, wait_until
from thumbnails_test import LARGE, decoders, descriptors, errcode, metric, require_picture, thumbnail, upload

VIDEOS = pathlib.Path(__file__).parent.parent / "videos"
ON = "thumbnail_video: true\n"
STARTS = "mxcd_video_decoder_starts_total"


def video(name="h264.mp4"):
    return (VIDEOS / name).read_bytes()


def long_video():
    """The same in a file that is too long to live in the database."""
    return video() + struct.pack(">I", 100_000) + b"free" + os.urandom(99_992)


def upload_video(server, data, content_type="video/mp4"):
    return upload(server, data, content_type)


def row_125_a_video_is_400_while_it_is_switched_off():
    with Mxcd() as server:
        for data in (video(), video("vp9.webm"), long_video()):
            answer = thumbnail(server, upload_video(server, data), "width=32&height=32")
            assert (answer.status, errcode(answer)) == (400, "M_UNKNOWN"), answer.body
        assert metric(server, STARTS) == 0
        (server.folder / "more.yaml").write_text(ON)
        server.reload()
        media = upload_video(server, video())
        wait_until(lambda: thumbnail(server, media, "width=32&height=32").status == 200, "the switch is on after a reload")


def row_125_a_video_has_a_thumbnail_where_it_is_switched_on(server):
    assert metric(server, STARTS) == 0, "started for nobody"
    for data, content_type in ((video(), "video/mp4"), (video("vp9.webm"), "video/webm"), (video("vp8.webm"), "x/y"),
                               (long_video(), "application/octet-stream")):
        media = upload_video(server, data, content_type)
        for query in ("width=32&height=24", "width=32&height=24&animated=true"):
            answer = thumbnail(server, media, query)
            assert require_picture(answer) == (64, 48) and answer.headers["content-type"] == "image/jpeg"
        assert require_picture(thumbnail(server, media, "width=32&height=32&method=crop")) == (32, 32)
        assert require_picture(thumbnail(server, media, "width=800&height=600")) == (64, 48), "never the video itself"
    assert metric(server, STARTS) == 1


def made_after_the_upload(server):
    before = metric(server, 'mxcd_decodes_total{outcome="made"}')
    media = upload_video(server, video("vp8.webm") + b"\xec\x81\0", "video/webm")
    wait_until(lambda: metric(server, 'mxcd_decodes_total{outcome="made"}') == before + 1, "it was made")
    require_picture(thumbnail(server, media, "width=32&height=24"))
    assert metric(server, 'mxcd_decodes_total{outcome="made"}') == before + 1


def row_125_what_is_no_video_that_is_decoded_is_400(server):
    cases = {
        "sound": video("audio.mp4"),
        "another codec": video("mjpeg.mov"),
        "another container": video("h264.avi"),
        "half a frame": video()[:video().index(b"mdat") + 40],
        "HEIF": struct.pack(">I", 24) + b"ftypheic" + bytes(1000),
        "AVIF": struct.pack(">I", 24) + b"ftypavif" + video()[12:],
    }
    for name, data in cases.items():
        answer = thumbnail(server, upload_video(server, data), "width=32&height=24")
        assert (answer.status, errcode(answer)) == (400, "M_UNKNOWN"), (name, answer.status)
    answer = thumbnail(server, upload_video(server, video("large.mp4")), "width=32&height=24")
    assert (answer.status, errcode(answer)) == (413, "M_TOO_LARGE"), answer.body


def the_decoder_process_that_dies_is_replaced(server):
    (decoder,) = [pid for pid in decoders(server.process.pid)
                  if b"video-decoder" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert all(name == "/dev/null" or name.startswith("socket:") for name in descriptors(decoder))
    assert len(list(pathlib.Path(f"/proc/{decoder}/task").iterdir())) == 1, "a process that forks has one thread"
    os.kill(decoder, signal.SIGKILL)
    require_picture(thumbnail(server, upload_video(server, long_video()), "width=32&height=24"))
    assert metric(server, STARTS) == 2
    assert metric(server, "mxcd_decoder_starts_total") <= 1, "images have their own"


def without_its_libraries_everything_else_works():
    """FFmpeg's libraries are missing: thumbnails of videos are 503, those of images are there."""
    hidden = "for f in /usr/lib/*/libavformat.so.*; do mount --bind /dev/null $f; done; exec \"$@\""
    if os.geteuid() != 0:
        print("left out: hiding a library needs root")
        return
    with Mxcd(ON + "log: {level: error}\n", wrapper=("unshare", "-m", "sh", "-c", hidden, "sh")) as server:
        answer = thumbnail(server, upload_video(server, video()), "width=32&height=24")
        assert answer.status == 503 and "retry-after" in answer.headers, answer.status
        wait_until(lambda: "package libavformat" in server.log(), "the log names the package")
        require_picture(thumbnail(server, upload(server, LARGE), "width=32&height=24"))
        require_picture(thumbnail(server, upload(server, pictures.png(70, 50)), "width=32&height=24"))


def main():
    row_125_a_video_is_400_while_it_is_switched_off()
    with Mxcd(ON) as server:
        for check in (row_125_a_video_has_a_thumbnail_where_it_is_switched_on, made_after_the_upload,
                      row_125_what_is_no_video_that_is_decoded_is_400, the_decoder_process_that_dies_is_replaced):
            check(server)
            print(check.__name__.replace("_", " "))
    without_its_libraries_everything_else_works()
    print("video: fine")


if __name__ == "__main__":
    main()
