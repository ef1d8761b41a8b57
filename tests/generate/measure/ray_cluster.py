"""A Ray cluster of two nodes on this machine, commanded by a test line by line.

A node has one CPU and says that it has a GPU. The cluster prints its address, answers every line
of its input with one of its own, and ends with its input, so it cannot outlive the test. ``busy``
counts the workers that measure, ``kill`` kills the second node in the middle of a unit, ``two``
starts a second node where there is none.
"""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Any

from ray.cluster_utils import Cluster

NODE: dict[str, Any] = {
    "num_cpus": 1,
    "num_gpus": 1,
    "object_store_memory": 80 << 20,
    "include_dashboard": False,
}


def busy(node):
    """The processes of the node's workers that measure; Ray puts the task in their names."""
    raylet = node.all_processes["raylet"][0].process.pid
    command = ["ps", "-A", "-o", "pid=,ppid=,command="]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    processes = [line.split(maxsplit=2) for line in lines]
    return [
        int(p[0]) for p in processes if int(p[1]) == raylet and p[2].startswith("ray::_measure")
    ]


def kill(cluster):
    (node,) = cluster.worker_nodes
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for worker in busy(node):
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGSTOP)  # its unit shall not end before its node
                if worker in busy(node):
                    cluster.remove_node(node, allow_graceful=False)
                    with suppress(ProcessLookupError):
                        os.kill(worker, signal.SIGKILL)
                    return "done"
                os.kill(worker, signal.SIGCONT)
        time.sleep(0.02)
    return "no unit is measured there"


def main():
    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        print(cluster.address, flush=True)
        for line in sys.stdin:
            answer: int | str = "done"
            match line.strip():
                case "busy":
                    answer = sum(len(busy(node)) for node in cluster.list_all_nodes())
                case "kill":
                    answer = kill(cluster)
                case "two" if not cluster.worker_nodes:
                    cluster.add_node(**NODE)
            print(answer, flush=True)
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
