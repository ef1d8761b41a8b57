"""The restoration tasks, one file each; a new file in this folder is a new task.

A file defines a subclass of `Task`; nothing else has to be told of it.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from generate.tasks.task import Array, Observation, Task, psnr, rmse

__all__ = ["Array", "Observation", "Task", "kinds", "psnr", "rmse", "task"]


@cache
def task(name: str) -> Task:
    """The task called `name`, such as ``denoise25``, ``inpaint50`` or ``sr2``.

    Raises:
        ValueError: there is none, or the numbers in its name are of no use.
    """
    for kind in kinds():
        match = re.fullmatch(kind.PATTERN, name)
        if match:
            found = kind.parse(*match.groups())
            if found.name == name:
                return found
    known = ", ".join(kind.EXAMPLE for kind in kinds())
    raise ValueError(f"unknown task {name!r}; expected one like {known}")


def kinds() -> list[type[Task]]:
    """The classes of tasks in this folder, sorted by name."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return sorted(Task.__subclasses__(), key=lambda kind: kind.__name__)
