#!/usr/bin/env python3
"""Every row of the acceptance matrix that docs/conformance.md claims has a test of that number, and no row is missing.

usage: check_conformance.py ROOT
"""
import pathlib
import re
import sys

CLAIMED = [*range(1, 128), *range(141, 152)]

root = pathlib.Path(sys.argv[1])
numbers = set()
for path in [*(root / "tests/unit").rglob("*_test.cpp"), *(root / "tests/e2e").glob("*_test.py")]:
    for words in re.findall(r'(?:TEST_CASE\("|def )rows?[ _]([^:"(]*)', path.read_text()):
        numbers.update(int(number) for number in re.findall(r"\d+", words.replace("_", " ")))
rows = {}
for line in (root / "docs/conformance.md").read_text().splitlines():
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    if len(cells) >= 3 and cells[0].isdigit():
        rows[int(cells[0])] = cells[2]
problems = [f"row {row} is not in docs/conformance.md" for row in CLAIMED if row not in rows]
for row, where in sorted(rows.items()):
    if where.startswith("left out"):
        continue
    if row not in numbers:
        problems.append(f"row {row} is claimed, but no test carries its number")
    for name in re.findall(r"`([^`]+)`", where):
        if not (root / "tests" / name).exists():
            problems.append(f"row {row}: there is no tests/{name}")
print("\n".join(problems) if problems else f"{len(rows)} rows")
sys.exit(1 if problems or not rows else 0)
