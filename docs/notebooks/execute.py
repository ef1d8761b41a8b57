"""Execute the notebooks of this folder and write their outputs into them.

    python docs/notebooks/execute.py

Cells run with `exec`, one after another, as in IPython: the value of a last expression is shown.
The tests compare what a cell prints and shows with what its notebook holds.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["NOTEBOOKS", "cells", "execute", "outputs"]

HERE = Path(__file__).parent
NOTEBOOKS = sorted(HERE.glob("*.ipynb"))


def cells(notebook: Path) -> list[dict[str, Any]]:
    """The cells with code, in order."""
    found: list[dict[str, Any]] = json.loads(notebook.read_text("utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def outputs(cell: dict[str, Any]) -> str:
    """All text that a cell holds as its output."""
    parts = []
    for output in cell["outputs"]:
        parts += output.get("text", output.get("data", {}).get("text/plain", []))
    return "".join(parts)


def execute(notebook: Path) -> list[list[dict[str, Any]]]:
    """The outputs of each cell with code, as the format of notebooks has them.

    The cells run in a folder of their own, which is then removed.
    """
    import matplotlib

    matplotlib.use("agg")
    names: dict[str, Any] = {"__name__": "notebook"}
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="notebook-") as folder:
        os.chdir(folder)
        try:
            return [_run("".join(cell["source"]), names) for cell in cells(notebook)]
        finally:
            os.chdir(before)


def _run(source: str, names: dict[str, Any]) -> list[dict[str, Any]]:
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    value = None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # type: ignore[attr-defined]
    found: list[dict[str, Any]] = []
    if printed.getvalue():
        lines = printed.getvalue().splitlines(keepends=True)
        found.append({"output_type": "stream", "name": "stdout", "text": lines})
    if value is not None:
        found.append(_shown(value))
    return found


def _shown(value: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"text/plain": repr(value).splitlines(keepends=True)}
    if hasattr(value, "savefig"):
        picture = io.BytesIO()
        value.savefig(picture, format="png", dpi=80, metadata={"Software": None})
        data["image/png"] = base64.b64encode(picture.getvalue()).decode()
    return {"output_type": "execute_result", "execution_count": None, "metadata": {}, "data": data}


def main() -> None:
    for notebook in NOTEBOOKS:
        said = json.loads(notebook.read_text("utf-8"))
        found = iter(execute(notebook))
        for cell in said["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = next(found), None
        notebook.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", "utf-8")
        print(notebook.name, file=sys.stderr)


if __name__ == "__main__":
    main()
