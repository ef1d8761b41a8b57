"""README.md of a data set: the card that the Hugging Face Hub shows and `datasets` reads."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dipbench.publish.datasheet import coverage_table, limits, protocol_table, terms
from dipbench.publish.release import NO_PICTURES, RMSE, Release, quoted
from dipbench.reports.markdown import table
from dipbench.surrogate.surrogate import known
from dipbench.table.catalogue import Entry, entries
from dipbench.table.manifest import MANIFEST, read_manifest
from dipbench.table.schema import FILES, Column, markdown

__all__ = ["card", "extras", "size_category"]

# As `datasets` names the Arrow types of `dipbench.table.schema.arrow_schema`.
FEATURES = {
    "string": "dtype: string",
    "bool": "dtype: bool",
    "int": "dtype: int64",
    "float": "dtype: float64",
    "ints": "list: int32",
    "floats": "list: float32",
}
DEFAULT = "architectures"


def card(release: Release) -> str:
    """README.md of `release`: YAML front matter, then Markdown."""
    return "\n".join(["---", *front_matter(release), "---", "", body(release)])


def front_matter(release: Release) -> list[str]:
    """The lines of the card's YAML: terms, tags, configurations and their columns."""
    names = {file: file.removesuffix(".parquet") for file in FILES}
    lines = [
        f"pretty_name: {quoted(release.title)}",
        f"license: {release.about.license.lower()}",
        "task_categories:",
        "- image-to-image",
        "size_categories:",
        f"- {size_category(release.coverage.rows)}",
        "tags:",
        *(f"- {keyword}" for keyword in release.keywords),
        "configs:",
    ]
    for file, name in names.items():
        lines += [f"- config_name: {name}", f"  data_files: {file}"]
        lines += ["  default: true"] if name == DEFAULT else []
    lines.append("dataset_info:")
    for file, name in names.items():
        lines += [f"- config_name: {name}", "  features:", *_features(FILES[file])]
    return lines


def _features(columns: tuple[Column, ...]) -> list[str]:
    return [line for c in columns for line in (f"  - name: {c.name}", f"    {FEATURES[c.kind]}")]


def size_category(rows: Mapping[str, int]) -> str:
    """The Hub's name for this many rows, all files together, such as ``1K<n<10K``."""
    steps = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")
    power = max(0, len(str(sum(rows.values()))) - 3)
    if power == 0:
        return f"n<{steps[0]}"
    return f"{steps[power - 1]}<n<{steps[power]}" if power < len(steps) else f"n>{steps[-1]}"


def body(release: Release) -> str:
    """The card's Markdown."""
    sections = {
        "Load": _load(release),
        "RMSE": RMSE,
        "What was measured": coverage_table(release),
        "Files and columns": re.sub("^## ", "### ", markdown().strip(), flags=re.MULTILINE),
        "Protocol": protocol_table(release),
        "Tables of this release": TABLES.format(table=_tables()),
        "Images": (
            f"Measured on images of {release.image_source}. {NO_PICTURES} Please cite: "
            f"{release.image_citation}."
        ),
        "Known limits": "\n".join(f"- {limit}" for limit in limits(release)),
        "Terms": terms(release),
        "Cite": f"```bibtex\n{release.bibtex}\n```",
    }
    text = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items())
    return f"# {release.title}\n\n{release.about.description}\n\n{release.summary}\n\n{text}\n"


TABLES = """dipbench comes with these tables, and `dipbench.load(protocol=...)` opens each:

{table}"""


def _tables() -> str:
    rows = []
    for entry in entries():
        manifest = read_manifest(entry.folder / MANIFEST)
        networks = f"{manifest['files']['architectures.parquet']['rows']:,}"
        named = f"`{entry.protocol}`", entry.space, entry.task, networks
        rows.append((*named, f"`{entry.repo_id}`", extras(entry)))
    return table(("protocol", "space", "task", "architectures", "data set", ""), rows)


def extras(entry: Entry) -> str:
    """What there is to an embedded table beside its files, in words."""
    predicted = (entry.space, entry.task) in known() and entry.primary
    return "with a surrogate: `dipbench.predict`" if predicted else ""


def _load(release: Release) -> str:
    better = "  # better: a tag or a commit" if release.revision == "main" else ""
    configs = ", ".join(f'"{file.removesuffix(".parquet")}"' for file in FILES)
    return f"""With dipbench, which checks every file against the manifest:

```python
from dipbench import load, query_many

table = load(repo_id="{release.repo_id}", revision="{release.revision}"){better}
table.frame.nsmallest(5, "supervised_rmse")
query_many(table.frame["name"][:5], table=table)
```

With `datasets`, one configuration per file ({configs}):

```python
from datasets import load_dataset

architectures = load_dataset("{release.repo_id}", split="train", revision="{release.revision}")
runs = load_dataset("{release.repo_id}", "runs", split="train", revision="{release.revision}")
```

The split is called `train` because `datasets` needs one name; it is the whole table.
`croissant.json` describes the same files for other tools, `DATASHEET.md` says where the numbers
come from."""
