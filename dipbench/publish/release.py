"""A data set to be published: its name, address, terms and how to cite it."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dipbench.lazy import lazy
from dipbench.table.coverage import Coverage
from dipbench.version import __version__

__all__ = [
    "KEYWORDS",
    "LICENSES",
    "NO_PICTURES",
    "OURS",
    "RMSE",
    "About",
    "Release",
    "cff",
    "check_date",
    "check_repo_id",
    "check_tag",
    "quoted",
]

# By SPDX identifier, as the Hub, Croissant and the Citation File Format know them.
LICENSES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC-BY-NC-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
    "CC-BY-NC-SA-4.0": "https://creativecommons.org/licenses/by-nc-sa/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "ODbL-1.0": "https://opendatacommons.org/licenses/odbl/1-0/",
    "ODC-By-1.0": "https://opendatacommons.org/licenses/by/1-0/",
    "PDDL-1.0": "https://opendatacommons.org/licenses/pddl/1-0/",
    "MIT": "https://opensource.org/license/mit",
    "Apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
}
KEYWORDS = (
    "neural-architecture-search",
    "nas-benchmark",
    "deep-image-prior",
    "image-restoration",
    "learning-curves",
)
OF_TASK = {
    "denoise": "image-denoising",
    "inpaint": "image-inpainting",
    "sr": "image-super-resolution",
}
RMSE = (
    "RMSE is in grey levels on the 0-255 scale: the root mean square error of each image against "
    "its clean image, then the mean over the images. Inpainting counts the missing pixels alone."
)
NO_PICTURES = (
    "The data set holds numbers alone: no photograph, no crop or thumbnail of one, no noisy or "
    "restored picture and no weights of a network."
)

PART = r"\w(?:[\w.-]{0,94}\w)?"
REPO_ID = re.compile(f"{PART}/{PART}", re.ASCII)
TAG = re.compile(PART, re.ASCII)


def check_repo_id(repo_id: str) -> None:
    """Check ``OWNER/NAME`` as huggingface_hub does.

    Raises:
        ValueError: naming it and the rule.
    """
    if (
        not isinstance(repo_id, str)
        or not REPO_ID.fullmatch(repo_id)
        or "--" in repo_id
        or ".." in repo_id
        or repo_id.endswith(".git")
    ):
        raise ValueError(
            f"repo_id is {repo_id!r}; expected OWNER/NAME, each of at most 96 letters, digits, "
            "'-', '_' and '.', with no '-' or '.' at either end, no '--' or '..' and no '.git'"
        )


def check_tag(tag: str | None) -> None:
    """Check the name of a tag, if there is one, as git does, but allow no `/`.

    Raises:
        ValueError: naming it.
    """
    if tag is not None and (not TAG.fullmatch(tag) or ".." in tag or tag.endswith(".lock")):
        raise ValueError(f"tag is {tag!r}; expected letters, digits, '-', '_', '.', like v1.0")


def check_date(published: str | None) -> None:
    """Check a day, if there is one.

    Raises:
        ValueError: it is no day or not written as ``YYYY-MM-DD``.
    """
    try:
        same = published is None or datetime.date.fromisoformat(published).isoformat() == published
    except (TypeError, ValueError):
        same = False
    if not same:
        raise ValueError(f"published is {published!r}; expected a day as YYYY-MM-DD")


def _line(value: Any) -> str:
    """One line of text, whatever white space the manifest holds."""
    return " ".join(str(value).split())


@dataclass(frozen=True)
class About:
    """Whose a data set is: what no table can say of itself.

    Attributes:
        author: a person or a group.
        license: of the numbers and texts, one of `LICENSES`.
        description: what was measured and why, in a sentence or more; it is the datasheet's
            motivation.

    Raises:
        ValueError: an empty text, or another licence.
    """

    author: str
    license: str
    description: str

    def __post_init__(self) -> None:
        for field in ("author", "description"):
            text = getattr(self, field)
            if not isinstance(text, str) or not text.strip():
                raise ValueError(f"{field} is {text!r}; expected some text")
            object.__setattr__(self, field, _line(text))
        if self.license not in LICENSES:
            raise ValueError(f"license is {self.license!r}; expected one of {', '.join(LICENSES)}")

    @property
    def license_url(self) -> str:
        """Where the text of the licence stands."""
        return LICENSES[self.license]


# Of the tables that come with dipbench.
OURS = About(
    "The dipbench maintainers",
    "CC-BY-4.0",
    "Does the error of a Deep Image Prior follow a network's depth, and the error of supervised "
    "training its shallowest level of connection (SLC), as a research report (Ishikawa, Waseda) "
    "found? The tables measure both, in several tasks of image restoration, so that the question "
    "can be asked of numbers, and so that algorithms of architecture search can be compared "
    "without training anything. Nothing was tuned towards an answer; the headline columns were "
    "declared before the runs.",
)


@dataclass(frozen=True)
class Release:
    """What the card, the datasheet, the Croissant file and the citation speak of.

    Attributes:
        repo_id: the data set on the Hugging Face Hub, ``OWNER/NAME``.
        manifest: of the table.
        coverage: what the table holds.
        about: author, licence and description.
        published: day of publication as ``YYYY-MM-DD``, or None: then no file states a date.
        revision: at which the files are found: a tag, or a branch, which may move.
    """

    repo_id: str
    manifest: Mapping[str, Any]
    coverage: Coverage
    about: About
    published: str | None = None
    revision: str = "main"

    @property
    def protocol(self) -> str:
        """Name of the protocol, as the manifest states it."""
        return _line(self.manifest["protocol"].get("name", "without a name"))

    @property
    def title(self) -> str:
        """Title of the data set."""
        return f"dipbench {self.protocol}"

    @property
    def summary(self) -> str:
        """What it is, in two sentences."""
        return (
            f"Restoration error ({', '.join(self.coverage.tasks)}) of "
            f"{self.coverage.architectures} encoder-decoder networks with skip connections, of the "
            f"space {_line(self.manifest['space'])}, trained {self._ways}. With learning curves, "
            "seeds, costs, an exact canonical key, depth and shallowest level of connection (SLC) "
            "of each network."
        )

    @property
    def keywords(self) -> tuple[str, ...]:
        """What it is found by: `KEYWORDS`, and those of its tasks."""
        tasks = self.coverage.tasks
        named = (word for start, word in OF_TASK.items() if any(t.startswith(start) for t in tasks))
        return (*KEYWORDS, *named)

    @property
    def _ways(self) -> str:
        """How the networks are trained, in words."""
        ways = {
            "supervised": "supervised, on a training set",
            "dip": "as a Deep Image Prior, fitted to the one degraded image and nothing else",
        }
        modes = self.coverage.modes
        both = "in two ways: " if len(modes) > 1 else ""
        return both + ", and ".join(ways[mode] for mode in modes)

    @property
    def url(self) -> str:
        """Address of the data set on the Hub."""
        return f"https://huggingface.co/datasets/{self.repo_id}"

    @property
    def version(self) -> str:
        """Of the library that wrote the data set, as MAJOR.MINOR.PATCH."""
        return __version__

    @lazy
    def image_source(self) -> str:
        """Where the images come from, as the manifest states it."""
        return self._image("source")

    @lazy
    def image_citation(self) -> str:
        """What to cite for the images, as the manifest states it."""
        return self._image("citation")

    def _image(self, field: str) -> str:
        images = self.manifest.get("images")
        stated = images.get(field) if isinstance(images, dict) else None
        return _line(stated) if stated else "not stated in the manifest"

    @lazy
    def numbers(self) -> list[tuple[str, str]]:
        """All that the protocol states but its name, flat, as ``("dip.iterations", "3000")``."""
        return [item for item in _flat(self.manifest["protocol"]) if item[0] != "name"]

    @property
    def bibtex(self) -> str:
        """The data set as a BibTeX entry."""
        name = re.sub(r"[^A-Za-z0-9]+", "-", self.title).strip("-")
        fields = {
            "title": f"{{{self.title}: a neural architecture search benchmark for image "
            "restoration}",
            "author": f"{{{self.about.author}}}",
            "version": self.version,
            "url": self.url,
            "note": f"Protocol {self.manifest['protocol_hash']}",
        }
        if self.published:
            fields["year"] = self.published[:4]
        return f"@misc{{{name},\n" + "".join(f"  {k} = {{{v}}},\n" for k, v in fields.items()) + "}"


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list) and len(value) > 10:
            yield prefix + name, f"{len(value)} values, see manifest.json"
        elif isinstance(value, list):
            yield prefix + name, ", ".join(map(_line, value)) or "-"
        else:
            yield prefix + name, _line(value)


# Characters that JSON may hold raw but that YAML takes for line breaks or refuses.
UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def quoted(text: str) -> str:
    """`text` as a double-quoted scalar that JSON and YAML read alike."""
    return UNPRINTABLE.sub(
        lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False)
    )


def cff(release: Release) -> str:
    """CITATION.cff of the data set, Citation File Format 1.2.0."""
    message = (
        "If you use this data set, please cite it as below, and the images that it was measured "
        f"on ({release.image_source}): {release.image_citation}"
    )
    lines = [
        "cff-version: 1.2.0",
        f"message: {quoted(message)}",
        f"title: {quoted(release.title)}",
        f"abstract: {quoted(release.summary)}",
        "type: dataset",
        "authors:",
        f"  - name: {quoted(release.about.author)}",
        f"version: {quoted(release.version)}",
        *([f"date-released: {quoted(release.published)}"] if release.published else []),
        f"license: {release.about.license}",
        f"url: {quoted(release.url)}",
        "identifiers:",
        "  - type: other",
        f"    value: {quoted('sha256:' + release.manifest['sha256'])}",
        '    description: "checksum that manifest.json states of itself"',
        "keywords:",
        *(f"  - {keyword}" for keyword in release.keywords),
        "references:",
        "  - type: conference-paper",
        '    title: "Deep Image Prior"',
        "    authors:",
        "      - {given-names: Dmitry, family-names: Ulyanov}",
        "      - {given-names: Andrea, family-names: Vedaldi}",
        "      - {given-names: Victor, family-names: Lempitsky}",
        "    year: 2018",
        "    conference:",
        '      name: "IEEE Conference on Computer Vision and Pattern Recognition"',
    ]
    return "\n".join(lines) + "\n"
