#!/usr/bin/env python3
"""Every row of the acceptance matrix that docs/conformance.md claims has a test of that number, and no row is missing.

usage: check_conformance.py ROOT
"""
import pathlib
import re
import sys

CLAIMED = [*range(1, 128), *range(141, 152)]

root = pathlib.Path(sys.argv[1])


def rows_in(path):
    """The numbers at the beginning of the names of its tests: `row 7: ...`, `rows 1, 2 and 9: ...`, `row_7_...`, `rows_1_2_...`."""
    numbers = set()
    for words in re.findall(r'(?:TEST_CASE\(\s*"|def )rows?[ _]((?:\d+(?:, | and |_and_|_)?)+)', path.read_text()):
        numbers.update(int(number) for number in re.findall(r"\d+", words))
    return numbers


rows = {}
for line in (root / "docs/conformance.md").read_text().splitlines():
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    if len(cells) >= 3 and cells[0].isdigit():
        rows[int(cells[0])] = cells[2]
problems = [f"row {row} is not in docs/conformance.md" for row in CLAIMED if row not in rows]
for row, where in sorted(rows.items()):
    if where.startswith("left out"):
        continue
    names = re.findall(r"`([^`]+)`", where)
    if not names:
        problems.append(f"row {row} has no test")
    for name in names:
        path = root / "tests" / name
        if not path.exists():
            problems.append(f"row {row}: there is no tests/{name}")
        elif row not in rows_in(path):
            problems.append(f"row {row}: no test of tests/{name} carries its number")
print("\n".join(problems) if problems else f"{len(rows)} rows")
sys.exit(1 if problems or not rows else 0)
