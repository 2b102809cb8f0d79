#!/usr/bin/python3
"""Makes the 12-megapixel photograph of the thumbnail rows, or times Pillow on it (both with Debian's python3-pil).

usage: photograph.py make FILE | photograph.py time FILE WIDTH HEIGHT COUNT    prints CPU seconds per thumbnail
"""
import resource
import sys

from PIL import Image


def make(path, width=4000, height=3000):
    """Clouds of noise at several scales, in colour, with grain: about as hard to decode as what a telephone takes."""
    planes = []
    for _ in range(3):
        plane = Image.new("L", (width, height), 128)
        for cells, weight in ((6, 0.5), (40, 0.35), (300, 0.25), (1500, 0.12)):
            noise = Image.effect_noise((cells, cells * height // width), 90)
            plane = Image.blend(plane, noise.resize((width, height), Image.BICUBIC), weight)
        planes.append(Image.blend(plane, Image.effect_noise((width, height), 30), 0.08))
    Image.merge("RGB", planes).save(path, quality=85)


def time(path, width, height, count):
    """The whole picture decoded, then LANCZOS: how Synapse makes its thumbnails."""
    def cpu():
        used = resource.getrusage(resource.RUSAGE_SELF)
        return used.ru_utime + used.ru_stime
    before = cpu()
    for _ in range(count):
        with Image.open(path) as image:
            image.load()
            image.resize((width, height), Image.LANCZOS).save("/dev/null", "JPEG", quality=80)
    return (cpu() - before) / count


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
    else:
        print(time(sys.argv[2], *map(int, sys.argv[3:])))
