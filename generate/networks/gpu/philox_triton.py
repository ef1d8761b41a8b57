"""`generate.networks.gpu.philox.perturb` as one GPU kernel."""

# mypy: disable-error-code="import-not-found,import-untyped,no-untyped-def,untyped-decorator"
# Triton comes with torch for GPUs alone. To its kernels annotations would mean nothing.

from __future__ import annotations

import torch
import triton
import triton.language as tl

__all__ = ["launch"]

BLOCK = 1024


def launch(
    out: torch.Tensor,
    fixed: torch.Tensor,
    seeds: torch.Tensor,
    iteration: torch.Tensor,
    scale: float,
) -> None:
    """As `generate.networks.gpu.philox.perturb`, for contiguous tensors of one GPU."""
    copies, count = fixed.shape
    quarter = triton.cdiv(count, 4)
    grid = (triton.cdiv(quarter, BLOCK), copies)
    _perturb[grid](out, fixed, seeds, iteration, scale, count, quarter, BLOCK)


@triton.jit
def _perturb(out, fixed, seeds, iteration, scale, count, quarter, BLOCK: tl.constexpr):
    network = tl.program_id(1)
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    zero = (place * 0).to(tl.uint32)
    step = zero + tl.load(iteration).to(tl.uint32)
    a, b, c, d = tl.philox(tl.load(seeds + network), place.to(tl.uint32), step, zero, zero)
    first, second = _pair(a, b)
    third, fourth = _pair(c, d)
    start = network.to(tl.int64) * count
    inside = place < quarter
    _add(out + start, fixed + start, place, first, scale, count, inside)
    _add(out + start, fixed + start, place + quarter, second, scale, count, inside)
    _add(out + start, fixed + start, place + 2 * quarter, third, scale, count, inside)
    _add(out + start, fixed + start, place + 3 * quarter, fourth, scale, count, inside)


@triton.jit
def _pair(word, other):
    """Two normal numbers from two words."""
    radius = tl.sqrt(-2.0 * tl.log(_uniform(word)))
    angle = 6.283185307179586 * _uniform(other)
    return radius * tl.cos(angle), radius * tl.sin(angle)


@triton.jit
def _uniform(word):
    return ((word >> 8) + 1).to(tl.float32) * 5.9604644775390625e-08  # 2 ** -24


@triton.jit
def _add(out, fixed, place, noise, scale, count, inside):
    mask = inside & (place < count)
    tl.store(out + place, tl.load(fixed + place, mask=mask) + scale * noise, mask=mask)
