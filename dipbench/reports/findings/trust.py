"""Sections of the document: how far to trust the ranks."""

from __future__ import annotations

from dipbench.reports.findings import tables
from dipbench.reports.findings.panel import SUPERVISED
from dipbench.reports.findings.seeds import LEAST_SEEDED
from dipbench.reports.findings.study import Study
from dipbench.reports.findings.text import listed, number, percent

__all__ = ["trust"]


def trust(found: Study) -> str:
    """How far the ranks of images and seeds agree."""
    return "\n\n".join([*_images(found), *_seeds(found)])


def _images(found: Study) -> list[str]:
    parts = ["### Between images"]
    if not found.images:
        return [*parts, "One image is in all architectures' runs, so nothing can be said."]
    panel, best = found.panel, found.images[0].best
    parts += [
        f"Do {len(panel.images)} images rank {len(panel)} architectures alike? ICC(2,·) asks "
        "whether the scores are equal, an image's difficulty counting as error; ICC(3,·) whether "
        "they are equal but for that, which is what ranks need. (·,1) is of one image, (·,k) of "
        "the mean of all. Tau is the mean over all pairs of images. In the best tenth"
        + (f" ({best.count} architectures)" if best else "")
        + ", which for each pair of images is chosen by the others, agreement is lower wherever "
        "the best differ less than the rest. *Shared*: how much of one image's best tenth is in "
        "another's; by chance 10%. Values at or below 0: no agreement.",
        tables.agreement_table(found.images),
        "Standard deviations of single scores by source, in grey levels. *Residual*: an "
        "architecture being better on some images, and the chance of its seed, which one seed "
        "cannot tell apart. *Error of a mean*: of an architecture's score, as compared with "
        "another's on the same images. *Least difference*: two means that differ by less cannot be "
        "told apart at the 95% level. *Pairs apart*: the share of pairs that differ by more.",
        tables.component_table(found.components, found.apart),
    ]
    return parts


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
        blocks.setdefault(size, []).append(tables.LABELS[each.column])
    sizes = "; ".join(f"{listed(names)}: {size}" for size, names in blocks.items())
    parts += [
        "The same questions for seeds: other initial weights and other noise. DIP scores are "
        "means over the images of a seed. Computed where every architecture has every image with "
        f"every seed. {sizes}.",
        tables.agreement_table(seeds.columns),
        "Standard deviations by source, in grey levels. *Noise draw*: the one noisy image of a "
        "seed being harder for all. *Residual*: the chance of the initial weights, and of a noise "
        "draw that suits one architecture better than another.",
        tables.component_table(seeds.components, {}),
    ]
    lines = [_noise(each.column, each.architecture, each.residual) for each in seeds.components]
    return [*parts, "\n".join(f"- {line}" for line in lines)]


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _noise(column: str, spread: float, noise: float | None) -> str:
    if not noise or not spread:
        return f"{tables.LABELS[column]}: no estimate above 0 of noise or spread."
    share = noise**2 / (noise**2 + spread**2)
    return (
        f"{tables.LABELS[column]}: seed noise {number(noise)} against a spread between "
        f"architectures of {number(spread)}, {percent(share)} of the two variances together."
    )
