"""What the rows of the benchmark share: the optimised build, a server under load, an nginx to compare with, the table."""
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
BUILD = ROOT / "build/bench"
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
os.environ["MXCD_BINARY"] = str(BUILD / "mxcd")

from harness import Mxcd, authorization  # noqa: E402  (the binary is named above)

WORK = pathlib.Path(tempfile.mkdtemp(prefix="mxcd-bench-", dir=os.environ.get("BENCH_FOLDER")))
TICKS = os.sysconf("SC_CLK_TCK")
rows = []


def row(target, work, measured, reference, ratio, wanted, holds):
    """`holds` is None for what is only to be known."""
    rows.append((target, work, measured, reference, ratio, wanted, "–" if holds is None else "yes" if holds else "NO"))
    print("  ".join(str(cell) for cell in rows[-1]), flush=True)


def build():
    subprocess.run([ROOT / "scripts/install-packages", "bench"], check=True)
    subprocess.run(["cmake", "--preset", "release", "-B", BUILD, "-DMXCD_BUILD_BENCH=ON"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", BUILD, "--target", "mxcd", "load", "durable_uploads", "ledger_cost", "module_calls"],
                   cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def cpu_seconds(pid):
    """User and system time of a process with its threads and of its children, and of those that they have had."""
    def own(number, fields):
        stat = pathlib.Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(stat[field]) for field in fields) / TICKS
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
    return own(pid, (11, 12)) + sum(own(child, (11, 12, 13, 14)) for child in children)


@contextlib.contextmanager
def apart(*servers):
    """The servers and their children on one processor, who asks on the others: where they meet they take turns on it, which
    would be measured with them."""
    everywhere = os.sched_getaffinity(0)
    first, *others = sorted(everywhere)
    for pid in servers:
        children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False).stdout.split()
        for process in (str(pid), *children):
            for task in pathlib.Path(f"/proc/{process}/task").iterdir():
                os.sched_setaffinity(int(task.name), {first})
    os.sched_setaffinity(0, others or everywhere)
    try:
        yield
    finally:
        os.sched_setaffinity(0, everywhere)


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


def load(port, niceness=0, **options):
    arguments = ["nice", f"-n{niceness}", BUILD / "bench/load", "--port", str(port)]
    for name, value in options.items():
        values = value if isinstance(value, list) else [value]
        for one in values:
            arguments += [f"--{name}", str(one)]
    return json.loads(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)


class Nginx:
    """A reference nginx with one worker."""

    def __init__(self, locations, port):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=WORK))
        self.port = port
        (self.folder / "nginx.conf").write_text(f"""
user root; worker_processes 1; daemon off; pid {self.folder}/pid; error_log {self.folder}/error.log;
events {{ worker_connections 20000; }}
http {{
    access_log off;
    log_format like_mxcd escape=json '{{"time":"$time_iso8601","level":"info","logger":"http","message":"request",'
        '"method":"$request_method","route":"$uri","status":$status,"bytes_in":0,"bytes_out":$body_bytes_sent,'
        '"duration_ms":$request_time,"request_id":"0123456789abcde","client":"$remote_addr"}}';
    keepalive_requests 1000000000; client_max_body_size 0; client_body_buffer_size 256k;
    client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/p; fastcgi_temp_path {self.folder}/f;
    uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
    server {{ listen 127.0.0.1:{port}; {locations} }}
}}""")
        self.process = subprocess.Popen(["nginx", "-c", self.folder / "nginx.conf", "-e", self.folder / "start.log"])
        wait_for(port)
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def wait_for(port):
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


WHOAMI = """location = /_matrix/client/v3/account/whoami {
    default_type application/json; return 200 '{"user_id":"@alice:hs.test","device_id":"D"}'; }"""


MODULES = """modules:
  - {builtin: mime_policy, config: {check: declared, deny: ["application/x-forbidden"]}}
  - {builtin: user_tiers, config: {rules: [{user: "@vip*:*", max_upload_size: 1K}]}}
"""


def served(homeserver_port, settings="", modules=MODULES, log="info", **options):
    """mxcd as in production: tokens asked at a homeserver and cached, a chain of two modules, a line of log per request."""
    text = f"""
auth:
  homeserver_url: http://127.0.0.1:{homeserver_port}
{modules}
max_upload_size: 200M
media_upload_limits:
  - {{time_period: 1h, max_size: 1000T}}
  - {{time_period: 1w, max_size: 1000T}}
log: {{level: {log}}}
{settings}"""
    folder = tempfile.mkdtemp(dir=WORK)
    return Mxcd(text, folder=folder, environment={"MXCD_IO_THREADS": "1", **options})


AUTH = ["Authorization: Bearer syt_some_real_token_1"]
CONFIG = "/_matrix/client/v1/media/config"
UPLOAD = "/_matrix/media/v3/upload"


def in_turn(*sides, rounds=ROUNDS):
    """Runs the sides one after the other, so many times; the list of figures of each."""
    figures = [[] for _ in sides]
    for _ in range(rounds):
        for index, side in enumerate(sides):
            figures[index].append(side())
    return figures
