"""The whole path in a few minutes: measure, assemble, query, draw."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import torch

from dipbench.lookup import query
from dipbench.reports.plots import scatter_plots
from dipbench.spaces import Architecture
from dipbench.table.hub import load
from dipbench.table.table import Table
from generate.measure.restored import draw, restore
from generate.measure.run import run
from generate.photographs.images import load_images
from generate.protocols.reading import get
from generate.protocols.settings import Protocol
from generate.table.assemble import assemble
from generate.table.shards import read_results

__all__ = ["demo"]

SHOWN = "d3-s0-bilinear-w16"
TASKS = ("denoise25", "inpaint50", "sr2")


def demo(out: Path) -> None:
    """Measure ``demo-v1`` into the folder `out`, query the table made of it, and draw it.

    What `out` holds already is not measured again.
    """
    protocol = get("demo-v1")
    print(f"measuring {len(protocol.architectures)} networks on scikit-image's photographs")
    started = time.monotonic()
    shards = out / "shards" / protocol.name
    images = load_images(protocol, None)
    run(protocol, images, shards, workers=os.cpu_count() or 1)
    table = load(assemble(protocol, read_results(shards, protocol), out / "table"))
    print(f"measured and assembled in {time.monotonic() - started:.0f} s")
    print(summary(protocol, table))
    for path in scatter_plots(table, out):
        print(f"drew {path}")
    print(f"restoring a photograph with {SHOWN} in {len(TASKS)} tasks")
    torch.set_num_threads(1)  # small networks: more threads only wait for one another
    device = torch.device("cpu")
    found = [
        restore(replace(protocol, task=task), Architecture.parse(SHOWN), images, "camera-a", device)
        for task in TASKS
    ]
    print(f"drew {draw(found, out / 'restored.png')}")


def summary(protocol: Protocol, table: Table) -> str:
    """Depth, SLC and both scores of each architecture, best supervised score first."""
    results = [query(name, table=table) for name in protocol.architectures]
    lines = [
        "",
        "RMSE in grey levels (0-255), ± standard deviation between seeds",
        f"{'architecture':<20}{'depth':>6}{'SLC':>5}{'supervised':>16}{'DIP':>16}",
    ]
    for r in sorted(results, key=lambda r: r.supervised_rmse):
        supervised = f"{r.supervised_rmse:.2f} ± {r.supervised_std:.2f}"
        dip = f"{r.dip_rmse:.2f} ± {r.dip_std:.2f}"
        lines.append(f"{r.name:<20}{r.depth:>6}{r.slc:>5}{supervised:>16}{dip:>16}")
    return "\n".join([*lines, ""])
