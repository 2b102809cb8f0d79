"""The rows M1 and following: what asking a module adds to an upload."""
import json
import statistics
import subprocess

from stage import AUTH, BUILD, CONFIG, ROOT, ROUNDS, SECONDS, WHOAMI, WORK, Nginx, free_port, in_turn, load, row, served


def module_calls(*arguments):
    """What asking a module adds to an upload, in a process of its own."""
    return json.loads(subprocess.run([BUILD / "bench/module_calls", *arguments], check=True, capture_output=True, text=True).stdout)


def bare_round_trip():
    """Microseconds to another process and back on this machine, with nothing done there."""
    program = WORK / "round_trip"
    if not program.exists():
        subprocess.run(["cc", "-O2", "-o", program, ROOT / "bench/round_trip.c"], check=True)
    return statistics.median(float(subprocess.run([program], check=True, capture_output=True, text=True).stdout)
                             for _ in range(ROUNDS))


def calls_to_a_process(mark, what, wanted, *arguments):
    """The rows of a module that is another process, beside what it costs to talk to any."""
    floor = bare_round_trip()
    figures = [module_calls(*arguments) for _ in range(ROUNDS)]
    p50 = statistics.median(f["p50_us"] for f in figures)
    together = statistics.median(f["calls_per_second"] for f in figures)
    row(mark, f"asking {what}", f"{p50:.0f} us", f"bare round trip to a process {floor:.0f} us", f"{p50 / floor:.2f}",
        f"<= {wanted} us", p50 <= wanted)
    row(mark, "asking it, 64 at once", f"{together:.0f} calls/s", "", "", "", True)


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
        calls_to_a_process("M2", "a webhook on loopback (nginx)", 150, "webhook", f"{hook}/allowed")
        config_endpoint("M2", "a webhook", nginx.port,
                        f"modules: [{{webhook: '{hook}/none', secret: s, callbacks: [get_media_config_for_user]}}]")


def m3():
    plugin = WORK / "example.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-I", ROOT / "include", "-o", plugin, ROOT / "docs/plugin_example.c"], check=True)
    p50 = statistics.median(module_calls("in_process", plugin)["p50_us"] for _ in range(ROUNDS))
    row("M3", "asking a library inside the process", f"{p50:.2f} us", "", "", "<= 2 us", p50 <= 2)
    calls_to_a_process("M3", "a library in its process", 60, "child", plugin)
    with Nginx(WHOAMI, free_port()) as nginx:
        for trust, name in (("in_process", "a library inside the process"), ("none", "a library in its process")):
            config_endpoint("M3", name, nginx.port, f"modules: [{{library: {plugin}, trust: {trust}, config: {{max_bytes: 1000000}}}}]")


def m4():
    calls_to_a_process("M4", "a Python module in its process", 100, "python", "/usr/bin/python3", ROOT / "bench")
    modules = f"""modules: [{{module: allow_all.AllowAll}}]
python: {{interpreter: /usr/bin/python3, path: [{ROOT / 'bench'}]}}"""
    with Nginx(WHOAMI, free_port()) as nginx:
        config_endpoint("M4", "a Python module", nginx.port, modules)
