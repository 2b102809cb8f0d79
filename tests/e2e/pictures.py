"""Pictures for tests, made from nothing: PNG and GIF writers, a JPEG with EXIF, and what there is to see of any of them."""
import base64
import struct
import zlib

# 40 x 20, blue left and red right, EXIF: orientation 6 (turn right) and a description.
TURNED_JPEG = base64.b64decode("""
/9j/4AAQSkZJRgABAQAAAQABAAD/4QA8RXhpZgAATU0AKgAAAAgAAgEOAAIAAAANAAAAJgESAAMAAAABAAYAAAAAAABzZWNyZXQgcGxhY2UAAP/bAEMA
DQkKCwoIDQsKCw4ODQ8TIBUTEhITJxweFyAuKTEwLiktLDM6Sj4zNkY3LC1AV0FGTE5SU1IyPlphWlBgSlFST//bAEMBDg4OExETJhUVJk81LTVPT09P
T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT//AABEIABQAKAMBIgACEQEDEQH/xAAfAAABBQEBAQEBAQAAAAAAAAAA
AQIDBAUGBwgJCgv/xAC1EAACAQMDAgQDBQUEBAAAAX0BAgMABBEFEiExQQYTUWEHInEUMoGRoQgjQrHBFVLR8CQzYnKCCQoWFxgZGiUmJygpKjQ1Njc4
OTpDREVGR0hJSlNUVVZXWFlaY2RlZmdoaWpzdHV2d3h5eoOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna
4eLj5OXm5+jp6vHy8/T19vf4+fr/xAAfAQADAQEBAQEBAQEBAAAAAAAAAQIDBAUGBwgJCgv/xAC1EQACAQIEBAMEBwUEBAABAncAAQIDEQQFITEGEkFR
B2FxEyIygQgUQpGhscEJIzNS8BVictEKFiQ04SXxFxgZGiYnKCkqNTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqCg4SFhoeIiYqS
k5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV1tfY2dri4+Tl5ufo6ery8/T19vf4+fr/2gAMAwEAAhEDEQA/AOOooor7E5y1Zfx/
hVqqtl/H+FWq+OzX/e5/L8kfVZb/ALrH5/mwooorzjvMuiiiv0I+GLVl/H+FWqKK+OzX/e5/L8kfVZb/ALrH5/mwooorzjvP/9k=""")


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(width, height, colour=2, depth=8, interlace=0, rows=None, extra=b"", level=6):
    """A PNG with a gradient; `rows` are given instead, or there are fewer of them than the header says."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    if rows is None:
        line = bytes((x * 255 // max(1, width - 1)) for x in range(width) for _ in range(channels))
        if depth < 8:
            line = bytes((width * depth + 7) // 8)
        rows = (b"\0" + line for _ in range(height))
    packer = zlib.compressobj(level)
    data = b"".join(packer.compress(row) for row in rows) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b""))


def animated_png(width, height):
    """Says that it is animated; its frames are one."""
    control = struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 1, 10, 0, 0)
    return png(width, height, extra=chunk(b"acTL", struct.pack(">II", 1, 0)) + chunk(b"fcTL", control))


def gif(width, height, frames=1):
    """Each frame is one colour, written without compression."""
    out = b"GIF89a" + struct.pack("<HHBBB", width, height, 0xF6, 0, 0)
    out += b"".join(bytes([2 * i, 255 - 2 * i, 60]) for i in range(128))
    out += b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"
    for frame in range(frames):
        out += b"!\xf9\x04\x04" + struct.pack("<H", 7) + b"\0\0"
        out += b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x07"
        codes = bytearray()
        for start in range(0, width * height, 100):
            codes.append(128)
            codes += bytes([frame * 37 % 128]) * min(100, width * height - start)
        codes.append(129)
        for start in range(0, len(codes), 255):
            piece = codes[start:start + 255]
            out += bytes([len(piece)]) + bytes(piece)
        out += b"\0"
    return out + b";"


def kind(data):
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def size(data):
    what = kind(data)
    if what == "image/png":
        return struct.unpack(">II", data[16:24])
    if what == "image/gif":
        return struct.unpack("<HH", data[6:10])
    if what == "image/webp":
        if data[12:16] == b"VP8X":
            return (1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little"))
        if data[12:16] == b"VP8 ":
            return tuple(value & 0x3FFF for value in struct.unpack("<HH", data[26:30]))
        bits = int.from_bytes(data[21:25], "little")
        return (1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    at = 2
    while at < len(data):
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
        if marker in (0xC0, 0xC1, 0xC2):
            height, width = struct.unpack(">HH", data[at + 5:at + 9])
            return (width, height)
        at += 2 + length
    raise ValueError("no size")


def require_whole(data):
    """Decodes a PNG as far as its pixels' bytes; of the other kinds looks for the end."""
    what = kind(data)
    if what == "image/jpeg":
        assert data.endswith(b"\xff\xd9")
        return
    if what == "image/webp":
        assert struct.unpack("<I", data[4:8])[0] + 8 == len(data)
        return
    if what == "image/gif":
        assert data.endswith(b";")
        return
    width, height, depth, colour = struct.unpack(">IIBB", data[16:26])
    packed, at = b"", 8
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at:at + 8])
        part = data[at + 8:at + 8 + length]
        assert zlib.crc32(name + part) == struct.unpack(">I", data[at + 8 + length:at + 12 + length])[0], name
        packed += part if name == b"IDAT" else b""
        at += 12 + length
    assert name == b"IEND"
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    assert len(zlib.decompress(packed)) == height * (1 + (width * channels * depth + 7) // 8)


def frames(data):
    what = kind(data)
    if what == "image/webp":
        return max(1, data.count(b"ANMF"))
    if what == "image/gif":
        return data.count(b"!\xf9\x04")
    return 1
