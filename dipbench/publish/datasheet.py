"""DATASHEET.md: where a data set comes from and what it can bear (Gebru et al., 2021).

The questions are those of "Datasheets for Datasets" (Communications of the ACM 64(12), 2021;
arXiv:1803.09010). Every
number is computed from the table or read from its manifest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dipbench.publish.release import NO_PICTURES, RMSE, Release
from dipbench.reports.markdown import table
from dipbench.table.coverage import plan
from dipbench.table.schema import TITLES

__all__ = ["coverage_table", "datasheet", "limits", "protocol_table", "terms"]

# What a source of photographs says of their use.
IMAGE_TERMS = {
    "BSDS500": (
        "The Computer Vision Group of UC Berkeley gives out the photographs of the Berkeley "
        "Segmentation Data Set for non-commercial research and educational use "
        "(<https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/bsds/>), and asks those who "
        "use BSDS500 to cite the paper named above "
        "(<https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/resources.html>)."
    ),
    "scikit-image": (
        "The photographs come with the scikit-image package, whose documentation states of each "
        "that it is CC0 or in the public domain."
    ),
}


def datasheet(release: Release) -> str:
    """The datasheet of `release`, in Markdown."""
    sections = {
        "Motivation": release.about.description,
        "Composition": _composition(release),
        "Collection": _collection(release),
        "Protocol": _protocol(release),
        "Preprocessing": PREPROCESSING,
        "Uses": _uses(),
        "Distribution": _distribution(release),
        "Terms": terms(release),
        "Known limits": "\n".join(f"- {limit}" for limit in limits(release)),
        "Maintenance": _maintenance(release),
    }
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items())
    return f"# Datasheet of {release.title}\n\n{body}\n"


def _composition(release: Release) -> str:
    rows = [
        (f"`{file}`", TITLES[file], str(count)) for file, count in release.coverage.rows.items()
    ]
    return (
        f"{table(('file', 'content', 'rows'), rows)}\n\n{_instances(release)} {NO_PICTURES} There "
        "is nothing about people in it, nothing confidential, and nothing that lies elsewhere: the "
        "photographs are needed only to measure again. A value that was not measured is null or, "
        "where it is a mean over no runs, NaN; nothing is filled in. There is no split: the tables "
        "are one whole. `manifest.json` states each file's rows and SHA-256 and its own "
        "checksum.\n\n"
        f"{coverage_table(release)}"
    )


def _instances(release: Release) -> str:
    """What the rows stand for, and of how many they are taken."""
    found, planned = release.coverage, plan(release.manifest)
    if planned is None:
        part = "The manifest does not state all that the protocol plans."
    elif found.complete == planned.architectures and found.fits == planned.fits:
        part = "All runs that the protocol plans are in it."
    else:
        part = "It is a part of what the protocol plans, not chosen by result."
    drawn = (
        "The architectures are drawn at random from a space that is too large to measure, balanced "
        "over depth. "
        if "planned" in release.manifest
        else "The architectures are not a sample: a protocol names a whole space or a list. "
    )
    return f"A row stands for an architecture, or for one training or fit of it. {drawn}{part}"


def coverage_table(release: Release) -> str:
    """What was measured, beside what the protocol plans where the manifest says it."""
    found, planned = release.coverage, plan(release.manifest)

    def of(count: int, field: str) -> str:
        return f"{count} of {getattr(planned, field)} planned" if planned else str(count)

    last = "of these with the peak at the last iteration (censored)"
    rows = [  # each of a mode, or of both
        ("", "architectures", of(found.architectures, "architectures")),
        ("", f"of these with all runs ({' and '.join(found.modes)})", str(found.complete)),
        ("supervised", "finished supervised trainings", of(found.trainings, "trainings")),
        ("dip", "finished DIP fits", of(found.fits, "fits")),
        ("dip", last, str(found.censored)),
        ("", "diverged runs, in none of the means", str(found.diverged)),
        ("", "tasks", _listed(found.tasks)),
        ("", "seeds", _listed(found.seeds)),
        ("dip", "DIP images", _listed(found.images)),
        ("", "depth, levels", _span(release, "depth", "d")),
        ("", "SLC, levels", _span(release, "slc", "d")),
        ("", "learnt numbers of a network", _span(release, "params", "d")),
        ("supervised", "`supervised_rmse`, grey levels", _span(release, "supervised_rmse", ".2f")),
        ("dip", "`dip_rmse`, grey levels", _span(release, "dip_rmse", ".2f")),
        ("supervised", "computing time of the trainings", _hours(found.training_hours)),
        ("dip", "computing time of the fits", _hours(found.fit_hours)),
        ("", "devices", _listed(found.devices)),
        ("", "versions of torch", _listed(found.torch_versions)),
    ]
    shown = [(label, value) for mode, label, value in rows if mode in ("", *found.modes)]
    return table(("what", "in the table"), shown)


def _span(release: Release, column: str, form: str) -> str:
    ends = release.coverage.ranges.get(column)
    return f"{ends[0]:{form}} to {ends[1]:{form}}" if ends else "-"


def _hours(hours: Mapping[str, float]) -> str:
    """Of each device by itself: seconds of different ones do not add up."""
    said = (f"{h:.0f} h" if h >= 10 else f"{h:.2g} h" for h in hours.values())
    return "; ".join(f"{h} ({where})" for h, where in zip(said, hours, strict=True)) or "-"


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values)) or "-"


def _collection(release: Release) -> str:
    return (
        "Every row was measured by the generator in dipbench's repository, which works through "
        "a deterministic plan and writes down each finished run with its seconds, device, "
        "version of torch and the hash of the protocol. Initial weights, noise and batches come "
        "from streams keyed by protocol, architecture, image and seed, so that every device "
        "starts from the same numbers. No run was chosen, repeated or dropped for its result; "
        "runs that diverged are counted and have no scores.\n\n"
        f"Images: {release.image_source}. Cite: {release.image_citation}."
    )


def _protocol(release: Release) -> str:
    return f"{RMSE} Standard deviations are between seeds.\n\n{protocol_table(release)}"


def protocol_table(release: Release) -> str:
    """Name, hash and numbers of the protocol."""
    known = [("name", release.protocol), ("SHA-256", release.manifest["protocol_hash"])]
    return table(("protocol", "value"), [*known, *release.numbers])


PREPROCESSING = (
    "Photographs are turned grey, cut, averaged down and degraded, as the task and protocol say; "
    "the generator's manifest lists every file with its SHA-256. Results are not cleaned: no run "
    "is dropped as an outlier. Scores of an architecture are plain means of its finished runs; the "
    "runs themselves (`runs.parquet`) and their learning curves (`curves.parquet`) are there, so "
    "that other scores can be computed."
)


def _uses() -> str:
    return (
        "Made for: comparing algorithms of architecture search, predictors of performance, "
        "early stopping of a Deep Image Prior, and relations between a network's graph and its "
        "error. Search on `supervised_rmse_val` and report `supervised_rmse`, which is the error "
        "on other images. Not made for: choosing a denoiser for use, or comparing with results "
        "of the literature that were obtained on other images, noise or training budgets. "
        "`dipbench findings` writes what the table shows of depth and SLC, and which differences "
        "its scores can bear."
    )


def _distribution(release: Release) -> str:
    return (
        "As Parquet files with a manifest that states their SHA-256. A table comes with the Python "
        "package dipbench, where reading it needs neither network nor account; the place of this "
        f"data set on the Hugging Face Hub is {release.url}."
    )


def terms(release: Release) -> str:
    """Under which terms numbers and images stand."""
    return (
        "The numbers and texts are under "
        f"[{release.about.license}]({release.about.license_url}). The images "
        f"({release.image_source}) are not part of it and stand under their own terms; numbers "
        f"measured on them cite: {release.image_citation}. "
        f"{IMAGE_TERMS.get(release.image_source, '')}"
    ).rstrip()


def limits(release: Release) -> list[str]:
    """What the numbers cannot say, one sentence or two each."""
    found = release.coverage
    return [
        *(
            _of_fits(release)
            if found.fits
            else [_of_means("Scores", "", "`n_seeds` says", release)]
        ),
        f"{found.diverged or 'No'} runs diverged. Means are over the finished ones alone, which "
        "flatters an architecture that diverges.",
        *_scope(release),
        "All architectures have one training budget and one learning rate: a score is not the "
        "best that a network can do.",
        "Seconds are comparable on one device only; `device` is in every row of runs.",
    ]


def _of_fits(release: Release) -> list[str]:
    """What is true of DIP alone."""
    found = release.coverage
    images = f"{_count(len(found.images), 'image')} and "
    return [
        _of_means("DIP scores", images, "`n_images`, `n_fits` and `n_seeds` say", release),
        "`dip_rmse` is a peak, found by looking at the clean image: how good the best output "
        "is, not how to find it. `dip_stopped_rmse` is what a rule that sees no clean image "
        "would have kept. It cannot choose before its first window of outputs is full, so where "
        "fits peak earlier it is the score of a late output; `dipbench findings` counts them.",
        f"{found.censored} of {found.fits} DIP fits have their peak at the last iteration: "
        "there a longer fit might have scored lower. `n_censored` says how many of each "
        "architecture.",
    ]


def _of_means(scores: str, images: str, columns: str, release: Release) -> str:
    """Over how many runs they are."""
    found = release.coverage
    return (
        f"{scores} are means over at most {images}{_count(len(found.seeds), 'seed')}; {columns} "
        f"how many each row has. {found.complete} of {found.architectures} architectures have "
        "all of them."
    )


def _scope(release: Release) -> list[str]:
    size, sigma = (release.manifest["protocol"].get(name) for name in ("size", "sigma"))
    if not isinstance(size, int | float) or not isinstance(sigma, int | float):
        return []
    images = f"Grey-scale images of {size:g}×{size:g} pixels and one"
    if sigma:
        return [
            f"{images} noise level, a standard deviation of {sigma:g} grey levels: other sizes, "
            "colour and other noise were not measured."
        ]
    tasks = " and ".join(release.coverage.tasks)
    return [f"{images} degradation, {tasks}: other sizes, colour and noise were not measured."]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _maintenance(release: Release) -> str:
    return (
        f"Published by {release.about.author} at {release.url}. A protocol never changes: other "
        "numbers are another protocol with another name and hash. Further runs of the same "
        "protocol make a new revision; cite the revision that was used."
    )
