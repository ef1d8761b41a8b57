"""See what a score means: one photograph, degraded and restored in every way that is measured."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from dipbench.files import replacing
from dipbench.spaces import BaseArchitecture
from generate.networks.networks import Networks
from generate.photographs.images import Images
from generate.protocols.settings import Protocol
from generate.tasks import Array, rmse
from generate.training.dip import fit
from generate.training.observed import observe
from generate.training.supervised import train

__all__ = ["Restored", "draw", "restore"]

SEED = 0
INCHES = 1.7  # of a picture


@dataclass(frozen=True)
class Restored:
    """One photograph in one task.

    Attributes:
        pictures: by what they show, in the order to be shown in, shape (size, size), in [0, 1].
        errors: RMSE of each in grey levels on 0-255, where the task counts it.
    """

    task: str
    name: str
    pictures: dict[str, Array]
    errors: dict[str, float]


def restore(
    protocol: Protocol,
    architecture: BaseArchitecture,
    images: Images,
    image: str,
    device: torch.device,
) -> Restored:
    """Fit and train a network, and keep what it makes of one validation image.

    Raises:
        ValueError: there is no such image.
    """
    if image not in images.val:
        raise ValueError(f"image {image!r}; expected one of {', '.join(images.val)}")
    a, clean, task = architecture, images.val[image], protocol.operator
    seen = observe(protocol, image, clean, SEED)
    given, target, scored = task.network_input(seen), torch.from_numpy(clean), task.scored(seen)
    found = {"clean": target, "degraded": given}

    def error(picture: torch.Tensor) -> float:
        return float(rmse(picture, target, scored))

    averaged = torch.zeros_like(target)

    def watch(iteration: int, networks: Networks, outputs: torch.Tensor) -> None:
        output = outputs[0].cpu()
        averaged.lerp_(output, 1 if iteration == 1 else 1 - protocol.dip.averaging)
        for what, picture in (("DIP, at its peak", output), ("DIP, averaged", averaged)):
            if what not in found or error(picture) < error(found[what]):
                found[what] = picture.clone()
        found["DIP, at the end"] = output.clone()

    def last(step: int, networks: Networks, outputs: torch.Tensor) -> None:
        if step == protocol.supervised.steps:
            found["supervised"] = networks.predict(given[None, None].to(device))[0, 0].cpu()

    fit(protocol, a.graph, a.key, {image: clean}, SEED, device, watch=watch)
    train(protocol, a.graph, a.key, images, SEED, device, watch=last)
    return Restored(
        task=protocol.task,
        name=a.name,
        pictures={what: picture.numpy() for what, picture in found.items()},
        errors={what: error(picture) for what, picture in found.items()},
    )


def draw(found: list[Restored], path: Path) -> Path:
    """Draw one row per task, with the RMSE under each picture; the suffix decides the format."""
    from matplotlib.figure import Figure

    columns = list(found[0].pictures)
    size = (INCHES * len(columns), (INCHES + 0.35) * len(found) + 0.3)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(f"{found[0].name}: RMSE in grey levels", fontsize=9)
    grid = figure.subplots(len(found), len(columns), squeeze=False)
    for row, one in zip(grid, found, strict=True):
        for axes, what in zip(row, columns, strict=True):
            axes.imshow(one.pictures[what], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            axes.set_xticks([])
            axes.set_yticks([])
            title = what if one is found[0] else ""
            axes.set_title(title, fontsize=8)
            axes.set_xlabel("" if what == "clean" else f"{one.errors[what]:.1f}", fontsize=8)
        row[0].set_ylabel(one.task, fontsize=8)
    with replacing(path) as place:
        figure.savefig(place, format=path.suffix.removeprefix(".") or "png", dpi=110)
    return path
