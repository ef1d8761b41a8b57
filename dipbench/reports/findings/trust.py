"""Sections of the document: how far to trust the ranks."""

from __future__ import annotations

from dipbench.reports.findings import tables
from dipbench.reports.findings.panel import LABELS, SUPERVISED
from dipbench.reports.findings.seeds import LEAST_SEEDED
from dipbench.reports.findings.stopping import caveat
from dipbench.reports.findings.study import Study
from dipbench.reports.findings.text import listed, number, percent, signed
from dipbench.reports.markdown import table

__all__ = ["stopping_table", "trust"]


def trust(found: Study) -> str:
    """How far the ranks of images and seeds agree, and what errors the scores have."""
    return "\n\n".join([*_images(found), *_seeds(found), *_errors(found), *_stopping(found)])


def _images(found: Study) -> list[str]:
    parts = ["### Between images"]
    if not found.images:
        return [*parts, "One image is in all architectures' runs, so nothing can be said."]
    panel, best = found.panel, found.images[0].best
    return [
        *parts,
        f"Do {len(panel.images)} images rank {len(panel)} architectures alike? Scores of an image "
        "are means over its seeds. ICC(2,·) asks whether the scores are equal, an image's "
        "difficulty counting as error; ICC(3,·) whether they are equal but for that, which is what "
        "ranks need. (·,1) is of one image, (·,k) of the mean of all. Tau is the mean over all "
        "pairs of images. In the best tenth"
        + (f" ({best.count} architectures)" if best else "")
        + ", which for each pair of images is chosen by the others, agreement is lower wherever "
        "the best differ less than the rest. *Shared*: how much of one image's best tenth is in "
        "another's; by chance 10%. Values at or below 0: no agreement.",
        tables.agreement_table(found.images),
    ]


def _seeds(found: Study) -> list[str]:
    parts, seeds = ["### Between seeds"], found.seeds
    if not seeds.columns:
        return [
            *parts,
            f"Fewer than {LEAST_SEEDED} architectures of this table have a second seed: nothing "
            "is said of the noise between seeds.",
        ]
    blocks: dict[str, list[str]] = {}
    for each in seeds.components:
        images = [] if each.column in SUPERVISED else [_counted(each.images, "image")]
        size = listed([f"{each.count} architectures", *images, f"{each.seeds} seeds"])
        blocks.setdefault(size, []).append(LABELS[each.column])
    sizes = "; ".join(f"{listed(names)}: {size}" for size, names in blocks.items())
    parts += [
        "The same questions for seeds: other initial weights and other noise. DIP scores are "
        "means over the images of a seed. Computed where every architecture has every image with "
        f"every seed. {sizes}.",
        tables.agreement_table(seeds.columns),
    ]
    lines = [_noise(each.column, each.architecture, each.residual) for each in seeds.components]
    return [*parts, "\n".join(f"- {line}" for line in lines), *_repeated(found)]


def _repeated(found: Study) -> list[str]:
    rows = [
        (
            each.name,
            str(each.count),
            _tau(each.dip),
            _tau(each.test),
            _tau(each.chosen),
            _tau(each.same),
        )
        for each in found.repeated
    ]
    heading = (
        "architectures",
        "how many",
        "DIP peak",
        "supervised test",
        "validation, then test of another seed",
        "validation and test of the same weights",
    )
    return [
        "An order that spans a wide range of scores survives another seed easily. Kendall's tau "
        "between two seeds, mean over all pairs of seeds, in parts of the space. The last column "
        "is no measure of noise between seeds: both scores are of the same weights.",
        table(heading, rows),
    ]


def _tau(value: float | None) -> str:
    return "–" if value is None else signed(value)


def _errors(found: Study) -> list[str]:
    if not found.noise:
        return []
    return [
        "### Errors of DIP scores",
        "Standard deviations of single scores by source, in grey levels. *Noise draw*: the one "
        "noisy image of a seed being harder for all. *Residual*: the chance of the initial "
        "weights, and of a noise draw that suits one architecture better than another; with one "
        "seed also an architecture being better on some images. *Error of a mean*: of an "
        "architecture's score, as compared with another's on other images and seeds. *Least "
        "difference*: two means that differ by less cannot be told apart at the 95% level. *Pairs "
        "apart*: the share of pairs that differ by more. All architectures together pool unequal "
        "errors: the shallowest have the greatest, so the rest are told apart better than the "
        "first rows say.",
        tables.noise_table(found.noise),
    ]


def _stopping(found: Study) -> list[str]:
    if not found.stopping:
        return []
    text = caveat(found.stopping)
    return [
        "### The stopping rule",
        (f"{text} " if text else "")
        + "When the fits peak and when ES-WMV chooses, by up-sampling; medians over fits.",
        stopping_table(found),
    ]


def stopping_table(found: Study) -> str:
    """Per up-sampling, when the rule could choose and when it did."""
    rows = [
        (
            s.upsample,
            str(s.fits),
            str(s.earliest),
            percent(s.early),
            number(s.peak, 0),
            number(s.stop, 0),
            str(s.last),
        )
        for s in found.stopping
    ]
    heading = (
        "up-sampling",
        "fits",
        "first possible choice",
        "peaked before",
        "peak",
        "choice",
        "last iteration",
    )
    return table(heading, rows)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _noise(column: str, spread: float, noise: float | None) -> str:
    if not noise or not spread:
        return f"{LABELS[column]}: no estimate above 0 of noise or spread."
    share = noise**2 / (noise**2 + spread**2)
    return (
        f"{LABELS[column]}: noise of one run {number(noise)} against a spread between "
        f"architectures of {number(spread)}, {percent(share)} of the two variances together."
    )
