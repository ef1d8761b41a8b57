"""What a release says of itself in several places: version, day, tag, checksums of the tables."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dipbench import __version__
from dipbench.surrogate.surrogate import Surrogate
from dipbench.table.hub import REVISION
from dipbench.table.manifest import MANIFEST, read_manifest

__all__ = [
    "UNRELEASED",
    "Stated",
    "data_set_disagreements",
    "disagreements",
    "stated",
    "surrogate_disagreements",
    "tag_problem",
]

UNRELEASED = "unreleased"
# The pages that `make pages` makes state the version that made them.
MADE = re.compile(r"^\| version of dipbench[^|]*\| ([^\s,|]+)", re.MULTILINE)
ENTRY = re.compile(r"^## (\S+), (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Stated:
    """What the files of a checkout say of the release.

    Attributes:
        versions: by the file that states it.
        days: of the release, by file, ``YYYY-MM-DD`` or `UNRELEASED`.
    """

    versions: dict[str, str]
    days: dict[str, str]


def stated(root: Path) -> Stated:
    """What the files below `root` say.

    Raises:
        ValueError: the changelog has no entry, or the citation no version.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    changelog = ENTRY.search((root / "CHANGELOG.md").read_text("utf-8"))
    citation = _fields(root / "CITATION.cff")
    if changelog is None or "version" not in citation:
        raise ValueError("expected '## VERSION, DAY' in CHANGELOG.md and a version in CITATION.cff")
    made = {
        f"docs/{page.name}": found[1]
        for page in sorted((root / "docs").glob("*.md"))
        if (found := MADE.search(page.read_text("utf-8")))
    }
    versions = {
        "pyproject.toml": project["version"],
        "dipbench.__version__": __version__,
        "CITATION.cff": citation["version"],
        "CHANGELOG.md": changelog[1],
        "the revision of dipbench.load on the Hub": REVISION.removeprefix("v"),
        **made,
    }
    days = {
        "CITATION.cff": citation.get("date-released", UNRELEASED),
        "CHANGELOG.md": changelog[2],
    }
    return Stated(versions, days)


def disagreements(found: Stated) -> list[str]:
    """Each place that says something else than `pyproject.toml` or, of the day, `CHANGELOG.md`."""
    version, day = found.versions["pyproject.toml"], found.days["CHANGELOG.md"]
    problems = [
        f"{place} says version {said}, pyproject.toml {version}"
        for place, said in found.versions.items()
        if said != version
    ]
    problems += [
        f"{place} says {said}, CHANGELOG.md {day}"
        for place, said in found.days.items()
        if said != day
    ]
    if day != UNRELEASED and not re.fullmatch(r"\d{4}-\d\d-\d\d", day):
        problems.append(f"the day is {day!r}; expected YYYY-MM-DD or {UNRELEASED}")
    return problems


def tag_problem(day: str, tagged: str | None, head: str) -> str | None:
    """What is wrong with the tag of a release, if anything.

    Args:
        day: of the release, or `UNRELEASED`.
        tagged: the commit that the tag points at; None if there is no tag.
        head: the commit that is released.
    """
    if tagged is None:
        return None
    if tagged != head:
        return (
            f"points at {tagged[:10]}, the commit is {head[:10]}: a later one needs a new version"
        )
    return f"is set, but CHANGELOG.md says {UNRELEASED}" if day == UNRELEASED else None


def data_set_disagreements(folder: Path) -> list[str]:
    """Where the texts of a data set that `dipbench publish` wrote do not fit its table."""
    return [*_croissant(folder), *_citation(folder), *_card(folder)]


def _croissant(folder: Path) -> Iterator[str]:
    said = json.loads((folder / "croissant.json").read_text("utf-8"))
    if said["version"] != __version__:
        yield f"croissant.json says version {said['version']}, dipbench {__version__}"
    for file in said["distribution"]:
        data = (folder / file["name"]).read_bytes()
        found = f"{len(data)} B", hashlib.sha256(data).hexdigest()
        if (file["contentSize"], file["sha256"]) != found:
            yield f"croissant.json says another size or SHA-256 of {file['name']}"


def _citation(folder: Path) -> Iterator[str]:
    said, manifest = _fields(folder / "CITATION.cff"), read_manifest(folder / MANIFEST)
    if said["version"] != __version__:
        yield f"CITATION.cff says version {said['version']}, dipbench {__version__}"
    if said["value"] != f"sha256:{manifest['sha256']}":
        yield f"CITATION.cff says {said['value']}, the manifest sha256:{manifest['sha256']}"


def _card(folder: Path) -> Iterator[str]:
    card = (folder / "README.md").read_text("utf-8")
    manifest = read_manifest(folder / MANIFEST)
    wanted = {
        "the version": f"version = {{{__version__}}}",
        "the hash of the protocol": manifest["protocol_hash"],
        "the protocol": f"`{manifest['protocol']['name']}`",
    }
    for what, text in wanted.items():
        if text not in card:
            yield f"README.md does not state {what}: {text}"
    sheet = (folder / "DATASHEET.md").read_text("utf-8")
    for file, about in manifest["files"].items():
        if not re.search(rf"^\| `{re.escape(file)}` \|.*\| {about['rows']} \|$", sheet, re.M):
            yield f"DATASHEET.md does not say that {file} has {about['rows']} rows"


def surrogate_disagreements(data: Path) -> list[str]:
    """Each surrogate in the folder `data` that was fitted to no table that lies there."""
    tables = {read_manifest(path)["sha256"] for path in data.glob(f"*/{MANIFEST}")}
    return [
        f"{path.name} was fitted to a table with checksum {fitted}, which is not embedded"
        for path in sorted((data / "surrogates").glob("*.npz"))
        if (fitted := Surrogate.read(path).about["sha256"]) not in tables
    ]


def _fields(path: Path) -> dict[str, str]:
    """The first scalar of each name in a citation file, without its quotes."""
    found: dict[str, str] = {}
    for name, value in re.findall(r"^ *(?:- )?([\w-]+): *(\S.*)$", path.read_text("utf-8"), re.M):
        found.setdefault(name, value.strip("\"'"))
    return found
