"""The rows M1 and following: what asking a module adds to an upload."""
import json
import statistics
import subprocess

from stage import AUTH, BUILD, CONFIG, ROOT, ROUNDS, SECONDS, WHOAMI, WORK, Nginx, free_port, in_turn, load, row, served


def module_calls(*arguments):
    """What asking a module adds to an upload, in a process of its own."""
    return json.loads(subprocess.run([BUILD / "bench/module_calls", *arguments], check=True, capture_output=True, text=True).stdout)


HOOK = """location = /allowed { default_type application/json; return 200 '{"result":true}'; }
    location = /none { default_type application/json; return 200 '{"result":null}'; }"""


def config_endpoint(mark, name, homeserver_port, modules):
    """The row of the config endpoint when it asks `modules`, beside two builtin ones."""
    only = {"connections": 64, "seconds": SECONDS, "target": CONFIG, "header": AUTH}
    with served(homeserver_port) as builtin, served(homeserver_port, modules=modules) as asking:
        plain, asked = in_turn(lambda: load(builtin.address[1], **only)["rate"],
                               lambda: load(asking.address[1], **only)["rate"])
    plain, asked = statistics.median(plain), statistics.median(asked)
    row(mark, f"config endpoint with {name}", f"{asked:.0f}/s", f"two builtin modules {plain:.0f}/s", f"{asked / plain:.2f}", "", True)


def m1():
    p50 = statistics.median(module_calls("builtin")["p50_us"] for _ in range(ROUNDS))
    row("M1", "asking a builtin module", f"{p50:.2f} us", "", "", "<= 1 us", p50 <= 1)


def m2():
    with Nginx(WHOAMI + HOOK, free_port()) as nginx:
        hook = f"http://127.0.0.1:{nginx.port}"
        figures = [module_calls("webhook", f"{hook}/allowed") for _ in range(ROUNDS)]
        p50 = statistics.median(f["p50_us"] for f in figures)
        together = statistics.median(f["calls_per_second"] for f in figures)
        row("M2", "asking a webhook on loopback (nginx)", f"{p50:.0f} us", "", "", "<= 150 us", p50 <= 150)
        row("M2", "asking it, 64 at once", f"{together:.0f} calls/s", "", "", "", True)
        config_endpoint("M2", "a webhook", nginx.port,
                        f"modules: [{{webhook: '{hook}/none', secret: s, callbacks: [get_media_config_for_user]}}]")


def m3():
    plugin = WORK / "example.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-I", ROOT / "include", "-o", plugin, ROOT / "docs/plugin_example.c"], check=True)
    for kind, name, target in (("in_process", "a library inside the process", 2), ("child", "a library in its process", 60)):
        figures = [module_calls(kind, plugin) for _ in range(ROUNDS)]
        p50 = statistics.median(f["p50_us"] for f in figures)
        together = statistics.median(f["calls_per_second"] for f in figures)
        row("M3", f"asking {name}", f"{p50:.2f} us", "", "", f"<= {target} us", p50 <= target)
        row("M3", "asking it, 64 at once", f"{together:.0f} calls/s", "", "", "", True)
    with Nginx(WHOAMI, free_port()) as nginx:
        for trust, name in (("in_process", "a library inside the process"), ("none", "a library in its process")):
            config_endpoint("M3", name, nginx.port, f"modules: [{{library: {plugin}, trust: {trust}, config: {{max_bytes: 1000000}}}}]")


def m4():
    figures = [module_calls("python", "/usr/bin/python3", ROOT / "bench") for _ in range(ROUNDS)]
    p50 = statistics.median(f["p50_us"] for f in figures)
    together = statistics.median(f["calls_per_second"] for f in figures)
    row("M4", "asking a Python module in its process", f"{p50:.0f} us", "", "", "<= 100 us", p50 <= 100)
    row("M4", "asking it, 64 at once", f"{together:.0f} calls/s", "", "", "", True)
    modules = f"""modules: [{{module: allow_all.AllowAll}}]
python: {{interpreter: /usr/bin/python3, path: [{ROOT / 'bench'}]}}"""
    with Nginx(WHOAMI, free_port()) as nginx:
        config_endpoint("M4", "a Python module", nginx.port, modules)
