"""The service uses what the library offers to everybody, and starts without heavy imports."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import api

PUBLIC = {
    "dipbench",
    "dipbench.extras",  # what every program of the project uses
    "dipbench.graphs.dag",
    "dipbench.graphs.nodelink",
    "dipbench.program",
    "dipbench.spaces",
    "dipbench.table.schema",
}
OTHERS = {"api", "dipbench", "fastapi", "numpy", "pydantic", "starlette", "uvicorn"}
FILES = sorted(Path(api.__file__).parent.rglob("*.py"))


def test_imports_only_public_names_of_the_library():
    allowed = {*sys.stdlib_module_names, *OTHERS}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert {alias.name.split(".")[0] for alias in node.names} <= allowed
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                assert node.module is not None
                assert node.module.split(".")[0] in allowed
                if node.module.startswith("dipbench"):
                    public = set(importlib.import_module(node.module).__all__)
                    names = {alias.name for alias in node.names}
                    assert node.module in PUBLIC, path
                    assert names <= public | {"Graph", "__version__"}, path


def test_a_worker_needs_no_web_framework():
    """It is started again whenever one was killed, so it must start fast."""
    code = "import sys, api.work; print({'fastapi', 'uvicorn', 'pandas'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


def test_a_worker_is_ready_when_the_first_request_imports_nothing_more():
    """On a busy machine an import can take longer than a request may."""
    code = """
import io, json, sys
from api import work

def part(content):
    return len(content).to_bytes(work.HEADER_BYTES, "big") + content

class Requests(io.BytesIO):
    def read(self, count):
        if self.tell() == 0:
            self.before = set(sys.modules)
        return super().read(count)

graph = work.SMALLEST.replace(b'"op": "output"', b'"op": "conv3", "channels": 4', 1)
asked = part(json.dumps(["features", {"largest": 9}]).encode()) + part(graph)
requests, answers = Requests(asked), io.BytesIO()
work.main(requests, answers)
assert answers.getvalue()[: work.HEADER_BYTES] == bytes(work.HEADER_BYTES)
print(sorted(set(sys.modules) - requests.before))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
