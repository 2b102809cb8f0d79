#!/usr/bin/env python3
"""Walks every #include line against the table of rooms: who may include whom, and which room owns which library.

usage: check_includes.py ROOT     exit 1 when a line breaks the table
"""
import pathlib
import re
import sys

BELOW = {  # room -> rooms whose headers it may include (besides its own)
    "base": set(),
    "async": {"base"},
    "matrix": {"base"},
    "outbound": {"async", "base"},
    "http": {"async", "base"},
    "media": {"matrix", "async", "base"},
    "metadata": {"media", "matrix", "async", "base"},
    "imaging": {"media", "matrix", "async", "base"},
    "blobs": {"outbound", "media", "matrix", "async", "base"},
    "remote": {"outbound", "media", "matrix", "async", "base"},
    "modules": {"outbound", "media", "matrix", "async", "base"},
    "api": {"media", "http", "matrix", "async", "base"},
}
EVERYTHING = set(BELOW) | {"app"}
OWNERS = {  # library header -> rooms that may include it
    r"boost/beast": {"http"},
    r"curl/": {"outbound"},
    r"sqlite3\.h|libpq-fe\.h": {"metadata"},
    r"vips/|libav|libswscale/": {"imaging"},
    r"yaml-cpp/|CLI/|prometheus/": {"app"},
    r"magic\.h": {"modules"},
    r"spdlog/": {"base"},
    r"openssl/": {"base", "matrix"},
}
SOURCE_ONLY = {r"spdlog/": "base", r"openssl/": "base", r"magic\.h": "modules", r"curl/": "outbound"}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def room_of(path: pathlib.Path, root: pathlib.Path) -> str | None:
    parts = path.relative_to(root).parts
    if parts[0] == "include" and len(parts) > 3:
        return parts[2]
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    return None


def mistakes(path: pathlib.Path, root: pathlib.Path) -> list[str]:
    room = room_of(path, root)
    if room is None:
        return []
    if room not in EVERYTHING:
        return [f"{path}: no room '{room}' in the table"]
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        name = match.group(1)
        where = f"{path.relative_to(root)}:{number}"
        target = re.match(r"(?:mxcd/)?([a-z]+)/", name)
        if target and target.group(1) in EVERYTHING and (name.startswith("mxcd/") or line.strip().endswith('"')):
            other = target.group(1)
            allowed = EVERYTHING if room == "app" else BELOW[room] | {room}
            if other not in allowed:
                found.append(f"{where}: {room} may not include {other}")
            elif other != room and not name.startswith("mxcd/"):
                found.append(f"{where}: {room} includes a private header of {other}")
        for pattern, owners in OWNERS.items():
            if re.match(pattern, name) and room not in owners:
                found.append(f"{where}: <{name}> belongs to {', '.join(sorted(owners))}")
        for pattern, owner in SOURCE_ONLY.items():
            if re.match(pattern, name) and path.parts[len(root.parts)] == "include":
                found.append(f"{where}: <{name}> stays in {owner}'s sources")
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1]).resolve()
    files = [p for folder in ("include", "src") for p in sorted((root / folder).rglob("*.[hc]pp"))]
    found = [text for path in files for text in mistakes(path, root)]
    print("\n".join(found) if found else f"{len(files)} files keep to the table")
    return 1 if found or not files else 0


if __name__ == "__main__":
    sys.exit(main())
