#!/usr/bin/env python3
"""Shows that check_includes.py can fail: one forbidden line of each kind in a made-up tree."""
import pathlib
import subprocess
import sys
import tempfile

CHECK = pathlib.Path(__file__).with_name("check_includes.py")
CASES = [
    ("src/media/x.cpp", '#include "mxcd/http/request.hpp"\n', "media may not include http"),
    ("src/http/x.cpp", '#include "mxcd/matrix/ids.hpp"\n', "http may not include matrix"),
    ("src/api/x.cpp", "#include <boost/beast/core.hpp>\n", "belongs to http"),
    ("src/remote/x.cpp", "#include <curl/curl.h>\n", "belongs to outbound"),
    ("include/mxcd/base/x.hpp", "#include <spdlog/spdlog.h>\n", "stays in base's sources"),
    ("src/api/y.cpp", '#include "media/private.hpp"\n', "private header"),
    ("src/cupboard/x.cpp", "\n", "no room"),
]


def run(tree: pathlib.Path) -> tuple[int, str]:
    done = subprocess.run([sys.executable, CHECK, tree], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


for name, text, message in CASES:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / name
        path.parent.mkdir(parents=True)
        path.write_text(text)
        code, output = run(pathlib.Path(folder))
        assert code == 1 and message in output, (name, code, output)
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "src/api/x.cpp"
    path.parent.mkdir(parents=True)
    path.write_text('#include "mxcd/media/uploads.hpp"\n')
    assert run(pathlib.Path(folder))[0] == 0
print(f"{len(CASES)} forbidden lines found")
