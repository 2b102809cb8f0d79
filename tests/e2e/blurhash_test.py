#!/usr/bin/env python3
"""Width, height and BlurHash of images from the running binary: in the answer to who asks for it, and to admins; over a kill."""
import math

import pictures
from harness import Mxcd, wait_until

SETTINGS = """
experimental_features: {msc2448_enabled: true}
log: {level: error}
"""
WISH = "?xyz.amorgan.generate_blurhash=true"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"


def linear(value):
    part = value / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def srgb(value):
    part = min(1, max(0, value))
    return int((part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055) * 255 + 0.5)


def number(value, length):
    return "".join(DIGITS[value // 83 ** (length - 1 - place) % 83] for place in range(length))


def reference(width, height, pixel):
    """A BlurHash of 4 by 3 components by the public description, as plainly as it can be computed."""
    components = []
    for down in range(3):
        for across in range(4):
            sums = [0, 0, 0]
            for y in range(height):
                for x in range(width):
                    weight = math.cos(math.pi * across * x / width) * math.cos(math.pi * down * y / height)
                    for channel, value in enumerate(pixel(x, y)):
                        sums[channel] += weight * linear(value)
            factor = 1 if across == down == 0 else 2
            components.append([factor * total / (width * height) for total in sums])
    average, others = components[0], components[1:]
    scale = max(0, min(82, math.floor(max(abs(value) for each in others for value in each) * 166 - 0.5)))

    def step(value):
        part = value / ((scale + 1) / 166)
        return max(0, min(18, math.floor(math.copysign(math.sqrt(abs(part)), part) * 9 + 9.5)))

    red, green, blue = (srgb(value) for value in average)
    out = number(3 + 2 * 9, 1) + number(scale, 1) + number(red << 16 | green << 8 | blue, 4)
    return out + "".join(number((step(r) * 19 + step(g)) * 19 + step(b), 2) for r, g, b in others)


def average_colour(blurhash):
    value = 0
    for digit in blurhash[2:6]:
        value = value * 83 + DIGITS.index(digit)
    return value >> 16, value >> 8 & 255, value & 255


def colourful(x, y):
    return x * 8 % 256, y * 12 % 256, (x * 7 + y * 13) % 256


def colourful_png(width, height):
    return pictures.png(width, height, rows=[b"\0" + bytes(value for x in range(width) for value in colourful(x, y))
                                             for y in range(height)])


def upload(server, data, content_type="image/png", query=WISH):
    answer = server.upload(data, content_type=content_type, query=query)
    assert answer.status == 200, (answer.status, answer.body)
    return answer.json()


def facts(server, uri):
    return server.admin("GET", f"media/{uri.removeprefix('mxc://')}").json()["media_info"].get("mxcd.picture")


def the_hash_is_that_of_the_description(server):
    for width, height in ((32, 32), (30, 20), (5, 1), (1, 1)):
        got = upload(server, colourful_png(width, height))["xyz.amorgan.blurhash"]
        assert got == reference(width, height, colourful), (width, height, got)
    # Of a larger picture the hash is made from a small one.
    plain = pictures.png(700, 500, rows=[b"\0" + bytes([200, 100, 50]) * 700] * 500)
    got = upload(server, plain)["xyz.amorgan.blurhash"]
    assert got == reference(32, 32, lambda x, y: (200, 100, 50)), got
    clear = pictures.png(200, 200, colour=6, rows=[b"\0" + bytes([9, 9, 9, 0]) * 200] * 200)
    assert average_colour(upload(server, clear)["xyz.amorgan.blurhash"]) == (255, 255, 255)
    grey = pictures.png(200, 200, colour=0, rows=[b"\0" + bytes([77]) * 200] * 200)
    assert average_colour(upload(server, grey)["xyz.amorgan.blurhash"]) == (77, 77, 77)
    deep = pictures.png(200, 200, depth=16, rows=[b"\0" + bytes([77, 77]) * 600] * 200)
    assert average_colour(upload(server, deep)["xyz.amorgan.blurhash"]) == (77, 77, 77)


def dimensions_are_upright_and_survive_a_kill(server):
    cases = {(20, 40): (pictures.TURNED_JPEG, "image/jpeg"), (200, 160): (pictures.gif(200, 160, frames=5), "image/gif"),
             (1000, 673): (pictures.png(1000, 673), "image/png")}
    answers = {size: upload(server, *case) for size, case in cases.items()}
    server.kill()
    server.start()
    for (width, height), answer in answers.items():
        expected = {"width": width, "height": height, "blurhash": answer["xyz.amorgan.blurhash"]}
        assert facts(server, answer["content_uri"]) == expected, expected


def an_upload_never_fails_for_it(server):
    whole = pictures.png(400, 300)
    cases = ((b"hello", "text/plain"), (b"hello", "image/png"), (whole[:len(whole) // 2], "image/png"), (b"", "image/png"))
    for data, content_type in cases:
        answer = upload(server, data, content_type)
        assert list(answer) == ["content_uri"], answer
        assert facts(server, answer["content_uri"]) is None
    assert list(upload(server, whole, query="")) == ["content_uri"]


def dimensions_of_what_is_too_large_are_recorded(server):
    answer = upload(server, pictures.png(60_000, 50_000, rows=[b"\0" * 1000]))
    assert list(answer) == ["content_uri"], answer
    assert facts(server, answer["content_uri"]) == {"width": 60_000, "height": 50_000, "blurhash": None}


def everything_is_recorded_after_the_upload_nobody_asks_for():
    """Many at once, small ones that live in the database and larger ones in files, where no thumbnails are made at all."""
    with Mxcd("thumbnail_sizes: []\nlog: {level: error}\n") as server:
        sizes = [(20 + i, 300 if i % 3 == 0 else 10) for i in range(60)]
        uris = [upload(server, pictures.png(*size), query="")["content_uri"] for size in sizes]
        for uri, (width, height) in zip(uris, sizes):
            wait_until(lambda: facts(server, uri), "the picture was looked at")
            seen = facts(server, uri)
            assert (seen["width"], seen["height"], len(seen["blurhash"])) == (width, height, 28), seen


def off_by_default():
    with Mxcd("log: {level: error}\n") as server:
        assert list(upload(server, pictures.png(400, 300))) == ["content_uri"]


def main():
    with Mxcd(SETTINGS) as server:
        for check in (the_hash_is_that_of_the_description, dimensions_are_upright_and_survive_a_kill, an_upload_never_fails_for_it,
                      dimensions_of_what_is_too_large_are_recorded):
            check(server)
            print(check.__name__.replace("_", " "))
    everything_is_recorded_after_the_upload_nobody_asks_for()
    off_by_default()
    print("pictures: fine")


if __name__ == "__main__":
    main()
