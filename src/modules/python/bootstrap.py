"""The first lines of a child: reads what to load, and makes the scripts in it importable."""
import sys

sys.path[:] = [folder for folder in sys.path if folder]  # never the working directory

import importlib.abc  # noqa: E402
import importlib.util  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402


def read_exactly(size):
    data = b""
    while len(data) < size:
        piece = os.read(3, size - len(data))
        if not piece:
            os._exit(0)
        data += piece
    return data


class Scripts(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports from texts: PATH.py is a module, PATH/__init__.py a package."""

    def __init__(self, texts):
        self.texts = texts

    def path_of(self, name):
        stem = name.replace(".", "/")
        return next((path for path in (f"{stem}/__init__.py", f"{stem}.py") if path in self.texts), None)

    def find_spec(self, name, path=None, target=None):
        script = self.path_of(name)
        if script is None:
            return None
        return importlib.util.spec_from_loader(name, self, origin=f"<mxcd>/{script}", is_package=self.is_package(name))

    def is_package(self, name):
        return self.path_of(name).endswith("/__init__.py")

    def get_source(self, name):
        return self.texts[self.path_of(name)]

    def get_code(self, name):
        return compile(self.get_source(name), f"<mxcd>/{self.path_of(name)}", "exec")


load = json.loads(read_exactly(int.from_bytes(read_exactly(4), "big")))["load"]
# First: a real Synapse that happens to be installed is not what modules get here.
sys.meta_path.insert(0, Scripts(load.pop("scripts")))

from mxcd_host.main import run  # noqa: E402

run(load)
