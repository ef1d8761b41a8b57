"""Normal numbers that are a function of seed, iteration and place, and of nothing else.

So the noise of a fit does not depend on what it is batched with, and a step captured in a CUDA
graph draws anew at each replay: all it needs is a counter on the device. The words are Philox
4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011), the
normal numbers come from pairs of them by the Box-Muller transform.
"""

from __future__ import annotations

import math

import torch

from generate.networks.gpu.available import triton_runs

__all__ = ["normals", "perturb", "philox"]

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
MASK = 0xFFFFFFFF


def philox(key: torch.Tensor, counter: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    """Four 32-bit words per counter.

    Args:
        key: 64-bit, int64.
        counter: four tensors of 32-bit words in int64; all five broadcast.
    """
    low, high = key & MASK, (key >> 32) & MASK
    a, b, c, d = counter
    for _ in range(ROUNDS):
        # int64 wraps around, and the mask after the shift takes the copies of the sign away.
        first, second = a * MULTIPLIERS[0], c * MULTIPLIERS[1]
        a, b = ((second >> 32) & MASK) ^ b ^ low, second & MASK
        c, d = ((first >> 32) & MASK) ^ d ^ high, first & MASK
        low, high = (low + KEY_STEPS[0]) & MASK, (high + KEY_STEPS[1]) & MASK
    return a, b, c, d


def normals(seeds: torch.Tensor, iteration: torch.Tensor, count: int) -> torch.Tensor:
    """`count` normal numbers per seed, shape (len(seeds), count), float32.

    Args:
        seeds: int64, shape (K,).
        iteration: int64, a single number.
    """
    quarter = -(-count // 4)
    places = torch.arange(quarter, device=seeds.device)
    zero = torch.zeros_like(places)
    words = philox(seeds[:, None], (places, iteration + zero, zero, zero))
    # 24 bits, so that the uniform numbers in (0, 1] are exact, and never 0.
    uniform = [((word >> 8) + 1).float() * 2.0**-24 for word in words]
    drawn = []
    for first, second in (uniform[:2], uniform[2:]):
        radius, angle = (-2 * first.log()).sqrt(), 2 * math.pi * second
        drawn += [radius * angle.cos(), radius * angle.sin()]
    return torch.cat(drawn, dim=1)[:, :count]


def perturb(
    out: torch.Tensor,
    fixed: torch.Tensor,
    seeds: torch.Tensor,
    iteration: torch.Tensor,
    scale: float,
) -> None:
    """Set `out` to `fixed` plus `scale` times `normals`; both of shape (K, count), contiguous.

    On a GPU this is one pass through memory where Triton is installed.
    """
    if triton_runs(out.device):
        from generate.networks.gpu.philox_triton import launch

        launch(out, fixed, seeds, iteration, scale)
    else:
        noise = normals(seeds, iteration, fixed.shape[1])
        torch.add(fixed, noise, alpha=scale, out=out)
