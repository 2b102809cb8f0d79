"""Pictures that attack a decoder, and files of formats that it must not decode, made from nothing."""
import pathlib
import struct
import zlib

import pictures


def zeros(row_bytes, rows, level=9):
    """Packed rows of zeros, without holding them unpacked."""
    packer = zlib.compressobj(level)
    row = bytes(1 + row_bytes)
    return b"".join(packer.compress(row) for _ in range(rows)) + packer.flush()


def png_with(width, height, packed, depth=8, colour=0, interlace=0, extra=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return (b"\x89PNG\r\n\x1a\n" + pictures.chunk(b"IHDR", header) + extra + pictures.chunk(b"IDAT", packed)
            + pictures.chunk(b"IEND", b""))


def gif_with(width, height, frames, canvas=None):
    """Many frames of one pixel on a canvas of any size."""
    canvas = canvas or (width, height)
    frame = (b"!\xf9\x04\x04\x01\0\0\0," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\0")
    return b"GIF89a" + struct.pack("<HHBBB", *canvas, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + frame * frames + b";"


def jpeg_with(width, height, progressive=False, extra=b""):
    """The small JPEG's data under a header that claims another size."""
    data = bytearray(pictures.TURNED_JPEG)
    at = 2
    while data[at + 1] not in (0xC0, 0xC2):
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
    if progressive:
        data[at + 1] = 0xC2
    data[at + 5:at + 9] = struct.pack(">HH", height, width)
    return bytes(data[:2]) + extra + bytes(data[2:])


def segment(marker, data):
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def exif(size):
    """A directory full of entries, each of which says that all the bytes behind the directory are its text; libvips
    looks into no more than 1 MiB."""
    read = 65_525  # what fits into a JPEG's segment, and all that libexif reads of more
    count = read // 24
    begin = 14 + 12 * count
    entries = b"".join(struct.pack("<HHII", i, 2, read - begin, begin) for i in range(1, count + 1))
    return (b"II*\0" + struct.pack("<IH", 8, count) + entries + bytes(4)).ljust(size - 6, b"A")


def exif_segments(size):
    """As many segments as make up `size`, each with a directory of its own."""
    return segment(0xE1, b"Exif\0\0" + exif(65_531)) * -(-size // 65_527)


def profile(size):
    """An ICC profile of about `size` bytes: a table from every RGB to Lab, in which everything is black."""
    grid = min(255, round((size / 3) ** (1 / 3)))
    curves = bytes(range(256)) * 3
    table = b"mft1" + struct.pack(">IBBBB9I", 0, 3, 3, grid, 0, 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x10000)
    table += curves + b"\0\x80\x80" * grid ** 3 + curves
    tags = struct.pack(">I4sII4sII", 2, b"A2B0", 156, len(table), b"A2B1", 156, len(table))
    header = struct.pack(">I4xI4s4s4s12x4s28xIII", 156 + len(table), 0x02400000, b"scnr", b"RGB ", b"Lab ", b"acsp",
                         0xF6D6, 0x10000, 0xD32D)
    return header.ljust(128, b"\0") + tags + table


def profile_segments(size):
    """libvips takes the first hundred."""
    data = profile(min(size, 99 * 65_519))
    pieces = [data[at:at + 65_519] for at in range(0, len(data), 65_519)]
    return b"".join(segment(0xE2, b"ICC_PROFILE\0" + bytes([number, len(pieces)]) + piece)
                    for number, piece in enumerate(pieces, 1))


def webp_with(width, height, frames=0):
    """A WebP header that claims a size, with no data behind it."""
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    extended = b"VP8X" + struct.pack("<I", 10) + bytes([2 if frames else 0, 0, 0, 0]) + size
    body = b"ANIM" + struct.pack("<IIH", 6, 0, 0) if frames else b""
    body += (b"ANMF" + struct.pack("<I", 16) + bytes(16)) * frames
    return b"RIFF" + struct.pack("<I", 4 + len(extended) + len(body)) + b"WEBP" + extended + body


def bombs():
    """Name, bytes, declared type, statuses that are fine."""
    refused = (400, 413)
    either = (200, 400, 413)
    for side in (6_000, 20_000, 50_000, 60_000, 1 << 30):
        yield f"lying PNG {side}", png_with(side, side, zeros(100, 10)), "image/png", refused
    for side in (8_000, 20_000, 65_500):
        yield f"lying JPEG {side}", jpeg_with(side, side), "image/jpeg", refused
        yield f"lying progressive JPEG {side}", jpeg_with(side, side, True), "image/jpeg", refused
        yield f"lying WebP {side}", webp_with(side, side), "image/webp", refused
        yield f"lying animated WebP {side}", webp_with(side, side, 100), "image/webp", refused
        yield f"lying GIF {side}", gif_with(1, 1, 1, (side, side)), "image/gif", either
    for side in (4_000, 5_700):
        yield f"interlaced PNG {side}", png_with(side, side, zeros(side * 4, side + 100), 8, 6, 1), "image/png", either
        yield f"16-bit PNG {side}", png_with(side, side, zeros(side * 8, side), 16, 6), "image/png", either
        yield f"16-bit interlaced PNG {side}", png_with(side, side, zeros(side * 8, side + 100), 16, 6, 1), "image/png", either
        yield f"grey PNG {side}", png_with(side, side, zeros(side, side)), "image/png", either
    one_bit = zeros(50_000 // 8, 50_000)
    yield "1-bit PNG 50000", png_with(50_000, 50_000, one_bit, 1), "image/png", (413,)
    yield "1-bit interlaced PNG 50000", png_with(50_000, 50_000, one_bit, 1, 0, 1), "image/png", (413,)
    yield "1-bit PNG 5600", png_with(5_600, 5_600, zeros(700, 5_600), 1), "image/png", (200,)
    for frames in (99, 101, 5_000, 100_000):
        yield f"GIF of {frames} frames", gif_with(1, 1, frames, (2_000, 2_000)), "image/gif", either
        yield f"small GIF of {frames} frames", gif_with(1, 1, frames, (40, 40)), "image/gif", either
    for size in (1 << 20, 8 << 20):
        text = zlib.compress(bytes(size))
        coloured = pictures.chunk(b"iCCP", b"x\0\0" + zlib.compress(profile(size), 1))
        yield f"PNG with an ICC profile of {size}", png_with(
            300, 300, zeros(900, 300), colour=2, extra=coloured), "image/png", either
        yield f"PNG with a text of {size}", png_with(
            300, 300, zeros(300, 300), extra=pictures.chunk(b"zTXt", b"x\0\0" + text)), "image/png", either
        yield f"PNG with EXIF of {size}", png_with(
            300, 300, zeros(300, 300), extra=pictures.chunk(b"eXIf", exif(size))), "image/png", either
        yield f"JPEG with EXIF of {size}", jpeg_with(40, 20, extra=exif_segments(size)), "image/jpeg", either
        yield f"JPEG with an ICC profile of {size}", jpeg_with(40, 20, extra=profile_segments(size)), "image/jpeg", either
    for width, height in ((1, 30_000), (30_000, 1), (2, 65_000), (65_000, 2), (1, 1)):
        yield f"thin PNG {width} x {height}", pictures.png(width, height), "image/png", (200,)
    for width, height in ((1, 1_000_000), (1_000_000, 1)):
        yield f"thinner PNG {width} x {height}", png_with(width, height, zeros(width, height)), "image/png", either
    for count in (1_000, 100_000):
        yield f"PNG of {count} chunks", png_with(
            300, 300, zeros(300, 300), extra=pictures.chunk(b"tEXt", b"a\0b") * count), "image/png", either
    for width, height in ((0, 10), (10, 0), (0xFFFFFFFF, 0xFFFFFFFF)):
        yield f"impossible PNG {width} x {height}", png_with(width, height, zeros(10, 10)), "image/png", refused


TYPES = {
    "avif": "image/avif", "bmp": "image/bmp", "cur": "image/x-icon", "dds": "image/vnd-ms.dds", "exr": "image/x-exr",
    "fits": "image/fits", "gif": "image/gif", "hdr": "image/vnd.radiance", "heic": "image/heic", "ico": "image/vnd.microsoft.icon",
    "j2k": "image/x-jp2-codestream", "jng": "image/x-jng", "jp2": "image/jp2", "jpeg": "image/jpeg", "jxl": "image/jxl",
    "miff": "image/x-miff", "mng": "video/x-mng", "pam": "image/x-portable-arbitrarymap", "pbm": "image/x-portable-bitmap",
    "pcx": "image/vnd.zbrush.pcx", "pdf": "application/pdf", "pfm": "image/x-portable-floatmap", "pgm": "image/x-portable-graymap",
    "png": "image/png", "ppm": "image/x-portable-pixmap", "psd": "image/vnd.adobe.photoshop", "sgi": "image/sgi",
    "sun": "image/x-sun-raster", "svg": "image/svg+xml", "svgz": "image/svg+xml", "tiff": "image/tiff", "webp": "image/webp",
    "xbm": "image/x-xbitmap", "xpm": "image/x-xpixmap",
}


def formats():
    """Name, bytes and type of a small picture in each format that libvips decodes where it is let; that it does, and that
    our decoder process does not, is shown by tests/unit/imaging/loader_canary_test.cpp."""
    for path in sorted((pathlib.Path(__file__).parent.parent / "formats").glob("picture.*")):
        yield path.name, path.read_bytes(), TYPES[path.suffix[1:]]


def formats_of_files():
    """As formats(), of what libvips only reads from a file that it is told the name of, or nowhere on Debian."""
    yield "eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage", "application/postscript"
    yield ("mvg", b"push graphic-context\nviewbox 0 0 64 64\nimage over 0,0 0,0 '/etc/passwd'\npop graphic-context",
           "image/x-mvg")
    yield "xcf", b"gimp xcf file\0" + bytes(100), "image/x-xcf"
    yield "matlab", b"MATLAB 5.0 MAT-file".ljust(128) + bytes(100), "application/x-matlab-data"
    yield "vips", b"\x08\xf2\xa6\xb6" + bytes(200), "image/x-vips"
    yield "csv", b"1,2\n3,4\n", "text/csv"
    yield "matrix text", b"2 2\n1 2\n3 4\n", "text/plain"
    yield "nifti", struct.pack("<i", 348) + bytes(336) + b"n+1\0" + bytes(100), "image/x-nifti"
