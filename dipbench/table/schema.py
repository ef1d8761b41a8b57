"""The columns of the table: name, type, unit and meaning, in this one place.

A table is a folder of three Parquet files and ``manifest.json``. The documentation page of
the schema is made from the tuples below.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["FILES", "SCHEMA_VERSION", "Column", "arrow_schema", "markdown"]

SCHEMA_VERSION = 2

Kind = Literal["string", "bool", "int", "float", "ints", "floats"]


@dataclass(frozen=True)
class Column:
    """One column: what it is called, holds and means; ``unit`` is empty for a pure number."""

    name: str
    kind: Kind
    unit: str
    meaning: str


KEY = Column("key", "string", "", "canonical key of the architecture's graph, SHA-256 in hex")
NAME = Column("name", "string", "", "name in its space, such as d5-s024-bilinear-w16")
TASK = Column("task", "string", "", "the restoration task, such as denoise25")
MODE = Column("mode", "string", "", "`supervised` or `dip`")
SEED = Column("seed", "int", "", "seed of initial weights and noise")
IMAGE = Column("image", "string", "", "the image fitted; missing in supervised rows")

ARCHITECTURES = (
    KEY,
    NAME,
    TASK,
    Column("depth", "int", "levels", "greatest level that any path visits"),
    Column("slc", "int", "levels", "shallowest level of connection: least reach of a path"),
    Column("skips", "string", "", "core64: levels with a skip connection, one digit each"),
    Column("upsample", "string", "", "core64: `nearest`, `bilinear` or `transposed`"),
    Column("width", "int", "channels", "core64: channels at every level"),
    Column("graph", "string", "", "the graph as node-link JSON, where the name does not say it"),
    Column("params", "int", "", "learnt numbers of the supervised network"),
    Column("macs", "int", "MACs", "multiply-accumulates of the supervised network, one image"),
    Column("supervised_rmse", "float", "grey levels", "headline: test RMSE, mean over seeds"),
    Column("supervised_rmse_val", "float", "grey levels", "validation RMSE, mean over seeds"),
    Column(
        "supervised_std", "float", "grey levels", "standard deviation of test RMSE between seeds"
    ),
    Column(
        "supervised_psnr", "float", "dB", "mean of the PSNR of each test image, then over seeds"
    ),
    Column(
        "supervised_test_std",
        "float",
        "grey levels",
        "standard deviation of the RMSE between test images, mean over seeds",
    ),
    Column("supervised_seconds", "float", "seconds", "one training on the reference clock, mean"),
    Column("n_seeds", "int", "", "finished supervised trainings, one per seed"),
    Column("dip_rmse", "float", "grey levels", "headline: raw peak, mean over images and seeds"),
    Column("dip_std", "float", "grey levels", "standard deviation of the raw peak between seeds"),
    Column("dip_final_rmse", "float", "grey levels", "raw output at the last iteration, mean"),
    Column("dip_averaged_rmse", "float", "grey levels", "peak of the averaged output, mean"),
    Column("dip_averaged_final_rmse", "float", "grey levels", "averaged output at the end, mean"),
    Column("dip_stopped_rmse", "float", "grey levels", "raw output at the ES-WMV stop, mean"),
    Column("dip_exact_rmse", "float", "grey levels", "raw peak over all iterations, mean"),
    Column(
        "dip_averaged_exact_rmse",
        "float",
        "grey levels",
        "peak of the averaged output over all iterations, mean",
    ),
    Column(
        "dip_unperturbed_rmse",
        "float",
        "grey levels",
        "recorded peak of the output for the input without perturbation, mean",
    ),
    Column("dip_psnr", "float", "dB", "mean of the PSNR of each raw peak"),
    Column("dip_seconds", "float", "seconds", "one fit on the reference clock, mean"),
    Column("n_images", "int", "", "different images with a finished DIP fit"),
    Column("n_fits", "int", "", "finished DIP fits, over images and seeds"),
    Column("n_censored", "int", "", "of these, fits whose raw peak is at the last iteration"),
    Column("n_failed", "int", "", "diverged runs of both modes, in none of the means"),
)

RUNS = (
    KEY,
    NAME,
    TASK,
    MODE,
    SEED,
    IMAGE,
    Column("status", "string", "", "`ok`, or `diverged`: then there are no results"),
    Column("test_rmse", "float", "grey levels", "supervised: mean over the test images"),
    Column("val_rmse", "float", "grey levels", "supervised: mean over the validation images"),
    Column("test_psnr", "float", "dB", "supervised: mean of the PSNR of each test image"),
    Column(
        "test_rmse_std",
        "float",
        "grey levels",
        "supervised: standard deviation between test images",
    ),
    Column("peak_rmse", "float", "grey levels", "DIP: least recorded RMSE of the raw output"),
    Column("peak_iteration", "int", "iterations", "DIP: where that is"),
    Column(
        "peak_censored", "bool", "", "DIP: it is the last one, so it might have decreased further"
    ),
    Column("final_rmse", "float", "grey levels", "DIP: raw output at the last iteration"),
    Column("averaged_peak_rmse", "float", "grey levels", "DIP: the same of the averaged output"),
    Column("averaged_peak_iteration", "int", "iterations", "DIP: where that is"),
    Column("averaged_peak_censored", "bool", "", "DIP: it is the last one"),
    Column("averaged_final_rmse", "float", "grey levels", "DIP: averaged output at the end"),
    Column(
        "exact_peak_rmse", "float", "grey levels", "DIP: least RMSE of all iterations, raw output"
    ),
    Column("exact_peak_iteration", "int", "iterations", "DIP: where that is"),
    Column(
        "averaged_exact_peak_rmse", "float", "grey levels", "DIP: the same of the averaged output"
    ),
    Column("averaged_exact_peak_iteration", "int", "iterations", "DIP: where that is"),
    Column(
        "unperturbed_peak_rmse",
        "float",
        "grey levels",
        "DIP: least recorded RMSE of the output for the input without perturbation",
    ),
    Column("stopped_rmse", "float", "grey levels", "DIP: raw output that ES-WMV chooses"),
    Column("stopped_iteration", "int", "iterations", "DIP: where that is"),
    Column("seconds", "float", "seconds", "computing time; fits run together share theirs equally"),
    Column("device", "string", "", "model name of the processor or GPU"),
    Column("torch_version", "string", "", "version of torch"),
    Column(
        "engine",
        "string",
        "",
        "what ran the network: `torch`; on a CPU `kernel`; on a GPU `triton-float32` or "
        "`triton-tf32`, or `gated`, their predecessor",
    ),
    Column("protocol_hash", "string", "", "SHA-256 of the protocol, in hex"),
)

CURVES = (
    KEY,
    TASK,
    MODE,
    SEED,
    IMAGE,
    Column(
        "step", "ints", "iterations", "supervised: updates done; DIP: 1 is the untrained output"
    ),
    Column("val_rmse", "floats", "grey levels", "supervised: validation RMSE"),
    Column("rmse", "floats", "grey levels", "DIP: raw output against the clean image"),
    Column(
        "rmse_noisy", "floats", "grey levels", "DIP: misfit of the raw output to what was observed"
    ),
    Column("averaged_rmse", "floats", "grey levels", "DIP: averaged output, clean image"),
    Column("averaged_rmse_noisy", "floats", "grey levels", "DIP: misfit of the averaged output"),
    Column("unperturbed_rmse", "floats", "grey levels", "DIP: output for the unperturbed input"),
)

FILES = {
    "architectures.parquet": ARCHITECTURES,
    "runs.parquet": RUNS,
    "curves.parquet": CURVES,
}

TITLES = {
    "architectures.parquet": "one row per architecture and task",
    "runs.parquet": "one row per supervised training and per DIP fit",
    "curves.parquet": "one row per finished run",
}


def arrow_schema(columns: tuple[Column, ...]) -> Any:
    """The `pyarrow.Schema` of `columns`; units and meanings go along as field metadata."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "bool": pa.bool_(),
        "int": pa.int64(),
        "float": pa.float64(),
        "ints": pa.list_(pa.int32()),
        "floats": pa.list_(pa.float32()),
    }
    return pa.schema(
        pa.field(c.name, types[c.kind], metadata={"unit": c.unit, "meaning": c.meaning})
        for c in columns
    )


def markdown() -> str:
    """The documentation of all columns, as Markdown tables."""
    lines = []
    for file, columns in FILES.items():
        lines += [f"## {file}", "", f"{TITLES[file][0].upper()}{TITLES[file][1:]}.", ""]
        lines += ["| column | type | unit | meaning |", "| --- | --- | --- | --- |"]
        lines += [f"| `{c.name}` | {c.kind} | {c.unit} | {c.meaning} |" for c in columns]
        lines.append("")
    return "\n".join(lines)
