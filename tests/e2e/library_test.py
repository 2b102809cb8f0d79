#!/usr/bin/env python3
"""Library modules in the running binary: the example of the documentation, built against the installed header alone."""
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import harness
from harness import Mxcd, wait_until

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(harness.BINARY).resolve()
COMPILER = shutil.which("cc") or "clang-19"


def build_example(folder):
    """Installs the header below `folder` and compiles the example with nothing else of ours."""
    subprocess.run(["cmake", "--install", BINARY.parent, "--component", "plugin", "--prefix", folder / "usr"],
                   check=True, stdout=subprocess.DEVNULL)
    installed = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    assert installed == [pathlib.Path("usr/include/mxcd/plugin.h")], installed
    library = folder / "example.so"
    subprocess.run([COMPILER, "-std=c99", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-shared",
                    "-fPIC", "-I", folder / "usr/include", "-o", library, SOURCE / "docs/plugin_example.c"], check=True)
    return library


def entry(library, more="", config="{max_bytes: 5000, guest: '@guest', guest_bytes_per_day: 100}"):
    return f"modules: [{{library: '{library}', name: example, {more} config: {config}}}]\n"


def example_decides(library, more):
    with Mxcd(entry(library, more) + "log: {level: info}\n") as server:
        assert server.config().json() == {"m.upload.size": 5000}
        fine = server.upload(b"x" * 5000)
        assert fine.status == 200, fine.body
        assert server.download(fine.json()["content_uri"]).body == b"x" * 5000
        assert server.upload(b"x" * 5001).status == 413
        before = server.files()
        program = server.upload(b"\x7fELF and so on")
        assert (program.status, program.json()) == (403, {"errcode": "ORG_EXAMPLE_PROGRAM",
                                                          "error": "Programs are not welcome here"}), program.body
        wait_until(lambda: server.files() == before, "the rejected file is gone")
        wait_until(lambda: "5000 bytes more" in server.log(), "the plugin's line is in the log")
        told = subprocess.run([BINARY, "module", "test", "-c", "base.yaml", "-c", "more.yaml", "--user", "@guest-1:hs.test",
                               "--size", "50"], cwd=server.folder, capture_output=True, text=True, check=True).stdout
        assert '"info_uri":"https://example.org/guests"' in told and "=> allowed" in told, told


def refused(settings):
    """What mxcd says when it does not start."""
    server = Mxcd(settings)
    try:
        ended = subprocess.run([BINARY, "serve", "-c", "base.yaml", "-c", "more.yaml"],
                               cwd=server.folder, capture_output=True, text=True, timeout=30, check=False)
        assert ended.returncode == 78, ended
        return ended.stderr
    finally:
        shutil.rmtree(server.folder)


def what_does_not_start_is_named(folder, library, more):
    text = folder / "text.so"
    text.write_text("not a library")
    other = folder / "other.so"
    subprocess.run([COMPILER, "-shared", "-fPIC", "-x", "c", "-o", other, "-"], input=b"int x;", check=True)
    major = folder / "major.so"
    subprocess.run([COMPILER, "-shared", "-fPIC", "-x", "c", "-o", major, "-", "-I", folder / "usr/include"], check=True,
                   input=b"#include <mxcd/plugin.h>\nconst mxcd_plugin* mxcd_plugin_entry(void) {\n"
                         b"static const mxcd_plugin plugin = {.struct_size = sizeof plugin, .abi_major = 2}; return &plugin; }")
    for path, config, sentence in ((library, "{}", "config.max_bytes is missing, or no number of bytes"),
                                   (text, "{}", "it is no library: "),
                                   (other, "{}", "is no plugin: it does not export mxcd_plugin_entry"),
                                   (major, "{}", "was built for version 2.0 of the plugin interface"),
                                   (folder / "none.so", "{}", "the file cannot be read")):
        said = refused(entry(path, more, config))
        assert sentence in said and ("the module example" in said or "modules[0].library" in said), said


def reload_keeps_what_works(library, more):
    with Mxcd(entry(library, more)) as server:
        for round_number in (1, 2, 3):
            (server.folder / "more.yaml").write_text(entry(library, more, f"{{max_bytes: {round_number}000}}"))
            server.reload()
            wait_until(lambda: server.config().json() == {"m.upload.size": round_number * 1000}, "the new settings count")
        (server.folder / "more.yaml").write_text(entry(library, more, "{}"))
        server.reload()
        wait_until(lambda: "config.max_bytes is missing" in server.log(), "the reload is refused")
        assert server.config().json() == {"m.upload.size": 3000}


def plugin_processes(server):
    pids = subprocess.run(["pgrep", "-P", str(server.process.pid), "-f", "plugin-host"], capture_output=True, text=True, check=False)
    return [int(pid) for pid in pids.stdout.split()]


def a_killed_process_is_replaced(library):
    with Mxcd(entry(library)) as server:
        first = plugin_processes(server)
        assert len(first) == 1, first
        os.kill(first[0], signal.SIGTERM)  # as a service manager does, while requests still run
        assert server.upload(b"x").status == 200
        for _ in range(3):
            os.kill(plugin_processes(server)[0], signal.SIGKILL)
            wait_until(lambda: server.upload(b"x").status == 200, "a new process decides", 5)
        assert plugin_processes(server) != first
        assert server.upload(b"x" * 5001).status == 413
        last = plugin_processes(server)
        assert server.stop() == 0
        wait_until(lambda: not pathlib.Path(f"/proc/{last[0]}").exists(), "the process ends with mxcd", 5)


if __name__ == "__main__":
    place = pathlib.Path(tempfile.mkdtemp(prefix="mxcd-plugin-"))
    try:
        example = build_example(place)
        for trust in ("trust: in_process,", ""):
            example_decides(example, trust)
            what_does_not_start_is_named(place, example, trust)
            reload_keeps_what_works(example, trust)
        a_killed_process_is_replaced(example)
    finally:
        shutil.rmtree(place)
    print("library: the example of the documentation decides, inside mxcd and in its process; what does not start is named; "
          "reloads keep what works; a killed process is replaced")
