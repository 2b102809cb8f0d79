#!/usr/bin/env python3
"""Every metric of the sources is in docs/metrics.md, nothing else is, and the dashboard shows only what exists.

usage: check_metrics.py ROOT
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
in_code = {name for path in (root / "src").rglob("*.cpp") for name in re.findall(r'"(mxcd_[a-z_]+)"', path.read_text())}
in_docs = set(re.findall(r"`(mxcd_[a-z_]+)`", (root / "docs/metrics.md").read_text()))
on_board = {re.sub(r"_bucket$", "", name) for name in re.findall(r"mxcd_[a-z_]+", (root / "docs/grafana.json").read_text())}
problems = [f"not in docs/metrics.md: {name}" for name in sorted(in_code - in_docs)]
problems += [f"in docs/metrics.md, but nowhere counted: {name}" for name in sorted(in_docs - in_code)]
problems += [f"on the dashboard, but nowhere counted: {name}" for name in sorted(on_board - in_code)]
print("\n".join(problems) if problems else f"{len(in_code)} metrics documented")
sys.exit(1 if problems or not in_code else 0)
