"""The service under load and under clients that mean it harm, with figures to compare.

``python tests/load.py`` measures this checkout; ``--before DIR`` measures another one beside it,
in turns, so that both meet the same machine. It needs wrk (https://github.com/wg/wrk). With
``--minutes N`` it ends with so long a load, during which memory is watched.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
NAME = "d3-s0-bilinear-w16"
CONNECTIONS = (1, 16, 64, 256)
TICKS = os.sysconf("SC_CLK_TCK")

# Each request has an address that was never asked for, so that no answer was made before.
FRESH = """
local n = math.random(1000000000)
request = function()
  n = n + 1
  return wrk.format("GET", "{path}&where=dip_rmse%3C" .. (20 + n / 1e12))
end
"""


def found(pattern, text):
    """The match that must be there."""
    match = re.search(pattern, text)
    assert match, text
    return match


class Service:
    """A server of one checkout, started and stopped."""

    def __init__(self, label, root, files=None):
        self.label, self.root, self.files = label, Path(root), files

    def __enter__(self):
        limit = self.files and (
            lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))
        )
        command = [sys.executable, "-m", "api", "--port", "0"]
        self.process = subprocess.Popen(
            command,
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            preexec_fn=limit,
        )
        assert self.process.stdout
        self.port = int(found(r":(\d+)/", self.process.stdout.readline())[1])
        self.prefix = "/v1" if self.get("/v1/tables")[0] == 200 else ""
        self.query = f"{self.prefix}/query?architecture={NAME}"
        limit = "&limit=372" if self.prefix else ""
        self.listing = f"{self.prefix}/architectures?task=denoise25{limit}"
        self.get(self.query)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def connect(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def get(self, path, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(connection):
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read()

    def memory(self):
        """Resident memory of the server itself, in MB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(found(r"VmRSS:\s+(\d+)", text)[1]) / 1000

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


@contextlib.contextmanager
def pressure(service, path, connections, seconds, script=None):
    """wrk in the background; `with` waits for its end."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s"]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        if script:
            file.write(script)
            file.flush()
            command += ["-s", file.name]
        process = subprocess.Popen([*command, service.url(path)], stdout=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.communicate()


def wrk(service, path, connections, seconds, script=None):
    """Requests per second, median latency in ms, and what failed."""
    with pressure(service, path, connections, seconds, script) as process:
        text, _ = process.communicate()
    rate = float(found(r"Requests/sec:\s+([\d.]+)", text)[1])
    middle, unit = found(r"50%\s+([\d.]+)(us|ms|s)", text).groups()
    failed = "".join(re.findall(r"(?:Non-2xx|Socket errors).*", text))
    return rate, float(middle) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit], failed


def light_queries(service, stop, pause=0.01):
    """Latencies in ms of one query after another on one connection, until `stop` says so."""
    found = []
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=90)
    while not stop():
        started = time.perf_counter()
        connection.request("GET", service.query)
        status = connection.getresponse()
        status.read()
        assert status.status == 200
        found.append((time.perf_counter() - started) * 1e3)
        time.sleep(pause)
    connection.close()
    return found


def beside_listing(service, seconds, script=None, path=None):
    """Light queries beside 64 connections on the listing."""
    with pressure(service, path or service.listing, 64, seconds, script) as process:
        time.sleep(0.5)
        found = light_queries(service, lambda: process.poll() is not None)
    return statistics.median(found), max(found)


def beside_hard_graphs(service, body, clients=8):
    """Light queries while clients send one hard graph each; their seconds and statuses."""
    done = []

    def send():
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=600)
        with contextlib.suppress(OSError):  # the server is ended before it has answered
            connection.request("POST", f"{service.prefix}/features", body)
            status = connection.getresponse().status
            done.append((time.perf_counter() - started, status))

    threads = [threading.Thread(target=send) for _ in range(clients)]
    end = time.monotonic() + 30
    for thread in threads:
        thread.start()
    found = light_queries(
        service, lambda: len(done) == clients or time.monotonic() > end, pause=0.005
    )
    return statistics.median(found), max(found), sorted(done)


def hard_graph(order):
    """A network made of a Hadamard matrix, switched at random, as its size and its JSON."""
    sys.path.insert(0, str(ROOT))
    import numpy as np

    from tests.dipbench.graphs.test_canonical import switched_hadamard

    matrix = switched_hadamard(order, seed=0)
    doubled = np.block([[matrix > 0, matrix < 0], [matrix < 0, matrix > 0]])
    count = len(doubled)
    fixed = {"x": "input", "j": "concat", "y": "output"}
    nodes: list[dict[str, Any]] = [{"id": node, "op": op} for node, op in fixed.items()]
    edges: list[dict[str, Any]] = [{"source": "j", "target": "y"}]
    for i in range(count):
        nodes += [{"id": i, "op": "conv3", "channels": 1}, {"id": count + i, "op": "concat"}]
        edges += [{"source": "x", "target": i}, {"source": count + i, "target": "j"}]
    edges += [{"source": int(j), "target": count + int(i)} for i, j in np.argwhere(doubled)]
    return json.dumps({"nodes": nodes, "edges": edges}, separators=(",", ":")).encode()


def hold(service, half_open, dripping, idle, seconds):
    """Latency of light queries while such clients hold connections, and processor time."""
    held = []
    for _ in range(half_open + dripping + idle):
        with contextlib.suppress(OSError):  # the queue of those not yet accepted is full
            held.append(service.connect(timeout=0.2))
    for connection in held[: half_open + dripping]:
        connection.sendall(b"GET /health HTTP/1.1\r\nX: ")
    used, found, end = service.processor_seconds(), [], time.monotonic() + seconds
    refused = 0
    while time.monotonic() < end:
        for connection in held[half_open : half_open + dripping]:
            with contextlib.suppress(OSError):
                connection.send(b"x")
        started = time.perf_counter()
        try:
            refused += service.get(service.query, timeout=10)[0] != 200
        except OSError:
            refused += 1
        found.append((time.perf_counter() - started) * 1e3)
        time.sleep(0.05)
    used = service.processor_seconds() - used
    for connection in held:
        connection.close()
    return statistics.median(found), max(found), refused, len(found), used / seconds


def stopped(service):
    """Of 32 clients that are half-way through a request at SIGTERM, how many are answered."""
    body = json.dumps({"nodes": [], "edges": []}).encode()
    head = f"POST {service.prefix}/features HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    clients = [service.connect() for _ in range(32)]
    for client in clients:
        client.sendall(head.encode() + body[:5])
    time.sleep(2)
    service.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    answered = 0
    for client in clients:
        with contextlib.suppress(OSError):
            client.sendall(body[5:])
            answered += client.recv(1000).startswith(b"HTTP/1.1 400")
        client.close()
    return answered, service.process.wait(40)


def report(service, label, text):
    print(f"{service.label:7} {label:46} {text}", flush=True)


def measure(services, seconds, rounds):
    for connections in CONNECTIONS:
        for service in services:
            found = [wrk(service, service.query, connections, seconds) for _ in range(rounds)]
            rate, middle = (statistics.median(part) for part in list(zip(*found, strict=True))[:2])
            failed = " ".join(each[2] for each in found if each[2])
            text = f"{rate:8.0f} /s, median {middle:8.2f} ms  {failed}"
            report(service, f"query, {connections} connections", text)
    for service in services:
        found = [beside_listing(service, seconds) for _ in range(rounds)]
        text = ", ".join(f"{middle:.1f} (longest {longest:.0f})" for middle, longest in found)
        report(service, "query beside 64 on /architectures, median ms", text)
    for service in services:
        if service.prefix:
            script = FRESH.format(path=service.listing)
            found = [beside_listing(service, seconds, script) for _ in range(rounds)]
            text = ", ".join(f"{middle:.1f} (longest {longest:.0f})" for middle, longest in found)
            report(service, "the same, each listing never asked for before", text)


def hard_graphs(make):
    for order in (32, 64):
        body = hard_graph(order)
        for service in make(None):
            with service:
                middle, longest, done = beside_hard_graphs(service, body)
                ended = f"{done[0][0]:.1f} to {done[-1][0]:.1f} s, {done[-1][1]}" if done else ""
                text = f"{middle:.1f} ms (longest {longest:.0f}); {len(done)} of 8 in 30 s: {ended}"
                report(service, f"query beside 8 graphs of {len(body) / 1e3:.0f} KB, median", text)


def harm(make, seconds):
    cases = {
        "200 half-open and 50 dripping": (None, 200, 50, 0),
        "2,000 connections": (None, 0, 0, 2_000),
        "64 file descriptors, 200 connections": (64, 0, 0, 200),
    }
    for label, (files, half_open, dripping, idle) in cases.items():
        for service in make(files):
            with service:
                middle, longest, refused, asked, used = hold(
                    service, half_open, dripping, idle, seconds
                )
                text = f"query {middle:.1f} ms (longest {longest:.0f}), {refused} of {asked} "
                report(service, label, text + f"refused, {used:.0%} of a processor")
    for service in make(None):
        with service:
            answered, status = stopped(service)
            report(service, "SIGTERM", f"{answered} of 32 answered, exit status {status}")


def watch_memory(service, minutes):
    """Load of every kind, a minute at a time, and the memory after each."""
    body = hard_graph(16)
    script = FRESH.format(path=service.listing) if service.prefix else None
    for minute in range(minutes + 1):
        report(service, f"after {minute} minutes", f"{service.memory():.1f} MB")
        if minute < minutes:
            wrk(service, service.query, 64, 20)
            wrk(service, service.listing, 64, 20, script)
            end = time.monotonic() + 20
            while time.monotonic() < end:
                beside_hard_graphs(service, body)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", metavar="DIR", help="another checkout to measure beside")
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="of each measurement")
    parser.add_argument("--minutes", type=int, default=0, help="of load with memory watched")
    options = parser.parse_args()

    def make(files):
        before = [Service("before", options.before, files)] if options.before else []
        return [*before, Service("now", ROOT, files)]

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8_192), hard))
    print(f"{os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f}", flush=True)
    with contextlib.ExitStack() as stack:
        services = [stack.enter_context(service) for service in make(None)]
        measure(services, options.seconds, options.rounds)
    hard_graphs(make)
    harm(make, options.seconds)
    if options.minutes:
        with Service("now", ROOT) as service:
            watch_memory(service, options.minutes)
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
