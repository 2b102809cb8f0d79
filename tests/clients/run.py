#!/usr/bin/env python3
"""matrix-js-sdk under Node, and bundled in headless Chromium, against mxcd behind nginx with the shipped snippets.

Run by scripts/test-clients, which installs Chromium (Debian) and the npm packages of package.json.
"""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import Mxcd  # noqa: E402  (the path is set above)
from proxy import Nginx, StubHomeserver  # noqa: E402

SETTINGS = """
listeners:
  - path: mxcd.sock
    mode: 666
    x_forwarded: true
    resources: [media, health]
  - bind_addresses: [127.0.0.1]
    port: 0
    resources: [health, metrics]
max_upload_size: 20M
media_upload_limits:
  - {time_period: 1w, max_size: 60M, info_uri: "https://example.org/limits", can_upgrade: true}
"""


def main():
    homeserver = StubHomeserver()
    with Mxcd(SETTINGS) as server:
        nginx = Nginx(server.folder / "mxcd.sock", homeserver.port)
        try:
            metrics = "http://{}:{}/metrics".format(*server.address)
            for script in ("js_sdk.mjs", "chromium.mjs", "chromium_media.mjs"):
                subprocess.run(["node", script, f"http://127.0.0.1:{nginx.port}", metrics], cwd=HERE, check=True, timeout=180)
        finally:
            nginx.stop()
            homeserver.stop()


if __name__ == "__main__":
    main()
