"""The inputs of DIP fits, perturbed anew each iteration."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from generate.protocols.streams import torch_stream

__all__ = ["perturbed"]

CPU = torch.device("cpu")
BLOCK = 1024  # counters of a program of the GPU kernel


def perturbed(
    fixed: torch.Tensor,
    names: Sequence[tuple[object, ...]],
    scale: float,
    iteration: torch.Tensor,
    capturable: bool,
) -> Callable[[], torch.Tensor]:
    """A function that returns `fixed` plus fresh normal noise, in the same memory each time.

    Torch's generators draw the noise, one stream per fit. Their state lives on the host, so a step
    that is captured draws by counter instead: other numbers of the same distribution. Either way
    the noise of a fit does not depend on what runs beside it.

    Args:
        fixed: inputs of all fits side by side, shape (1, fits x channels, height, width), float32.
        names: of the fits.
        scale: standard deviation of the noise; with 0 the function returns `fixed`.
        iteration: how many iterations are done, an integer tensor of shape (1,), on the device.
    """
    if scale == 0:
        return lambda: fixed
    out = torch.empty_like(fixed)
    keys = [(*name, "perturbation") for name in names]
    if capturable:
        return _by_counter(out, fixed, keys, scale, iteration)
    streams = [torch_stream(fixed.device, *key) for key in keys]

    def draw() -> torch.Tensor:
        for part, stream in zip(out.chunk(len(streams), dim=1), streams, strict=True):
            part.normal_(generator=stream)
        return out.mul_(scale).add_(fixed)

    return draw


def _by_counter(
    out: torch.Tensor,
    fixed: torch.Tensor,
    keys: Sequence[tuple[object, ...]],
    scale: float,
    iteration: torch.Tensor,
) -> Callable[[], torch.Tensor]:
    from generate.networks.gpu.noise import perturb

    drawn = [torch_stream(CPU, *key).initial_seed() for key in keys]
    seeds = torch.tensor(drawn, device=fixed.device)
    count = fixed.numel() // len(drawn)
    quarter = -(-count // 4)
    grid = (-(-quarter // BLOCK), len(drawn))

    def draw() -> torch.Tensor:
        perturb[grid](out, fixed, seeds, iteration, scale, count, quarter, BLOCK)
        return out

    return draw
