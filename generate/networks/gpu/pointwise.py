"""Batch normalisation and up-sampling, forward and back, as Triton kernels.

Values lie as `convolution.py` says. Each number is computed by one program, in a fixed order.
"""

from __future__ import annotations

import triton
import triton.language as tl

from dipbench.networks import module
from generate.networks.gpu.convolution import NORM, kernel, values

__all__ = ["normalise_back", "resample", "settle"]

TILE: tl.constexpr = tl.constexpr(16)  # channels of a program that settles
PARTS: tl.constexpr = tl.constexpr(64)  # blocks' sums read at once
EPS: tl.constexpr = tl.constexpr(module.EPS)


@kernel
def settle(
    partial, scale, running, out_norms,
    parts, total, after, networks, weight_count, statistics, norm_channels, momentum,
):  # fmt: skip
    """Store what `values` needs of channels of `total` values; update their running statistics.

    A negative `momentum` takes the running ones. `partial` is what `convolve` says, in `parts`. A
    network has `weight_count` weights, `after` scales and then shifts among them, and `statistics`
    alike. The grid is (networks, tiles of channels).
    """
    network = tl.program_id(0).to(tl.int64)
    channel = tl.program_id(1) * TILE + tl.arange(0, TILE)
    known = channel < after
    mean, var = tl.zeros((TILE,), tl.float64), tl.zeros((TILE,), tl.float64)
    for start in range(0, parts, PARTS):
        part = (start + tl.arange(0, PARTS)).to(tl.int64)[:, None]
        at = partial + ((part * networks + network) * after + channel[None, :]) * 2
        mask = (part < parts) & known[None, :]
        mean += tl.sum(tl.load(at, mask=mask, other=0.0), 0) / total
        var += tl.sum(tl.load(at + 1, mask=mask, other=0.0), 0) / total
    var = tl.maximum(var - mean * mean, 0.0).to(tl.float32)
    mean = mean.to(tl.float32)
    scale += network * weight_count + channel
    running += network * statistics + channel
    norms = out_norms + (network * norm_channels + channel) * NORM
    old_mean = tl.load(running, mask=known, other=0.0)
    old_var = tl.load(running + after, mask=known, other=1.0)
    if momentum > 0:
        unbiased = var * (total.to(tl.float32) / (total - 1))
        tl.store(running, old_mean + momentum * (mean - old_mean), mask=known)
        tl.store(running + after, old_var + momentum * (unbiased - old_var), mask=known)
    if momentum < 0:
        mean, var = old_mean, old_var
    rstd = 1 / tl.sqrt(var + EPS)
    factor = tl.load(scale, mask=known) * rstd
    tl.store(norms, factor, mask=known)
    tl.store(norms + 1, tl.load(scale + after, mask=known) - mean * factor, mask=known)
    tl.store(norms + 3, mean, mask=known)
    tl.store(norms + 4, rstd, mask=known)


@kernel
def normalise_back(
    out, gradient, out_norms, of_scale,
    out_stride, after, area, images, networks, weight_count, norm_channels, BLOCK: tl.constexpr,
):  # fmt: skip
    """Change the `gradient` by activated values to that by values before normalisation.

    And compute those of scale and shift. The grid is (channels, networks).
    """
    channel, network = tl.program_id(0), tl.program_id(1).to(tl.int64)
    norms = out_norms + (network * norm_channels + channel) * NORM
    factor, shift, slope = tl.load(norms), tl.load(norms + 1), tl.load(norms + 2)
    mean, rstd = tl.load(norms + 3), tl.load(norms + 4)
    blocks = tl.cdiv(area, BLOCK)
    sums, scaled = tl.zeros((BLOCK,), tl.float32), tl.zeros((BLOCK,), tl.float32)
    for step in range(images * blocks):
        place = step % blocks * BLOCK + tl.arange(0, BLOCK)
        at = (step // blocks * networks + network) * out_stride + channel * area + place
        value, given = _inner(out + at, gradient + at, place < area, factor, shift, slope)
        sums += given
        scaled += given * (value - mean)
    total, product = tl.sum(sums), tl.sum(scaled) * rstd
    of_scale += network * weight_count + channel
    tl.store(of_scale, product)
    tl.store(of_scale + after, total)
    count = (images * area).to(tl.float32)
    for step in range(images * blocks):
        place = step % blocks * BLOCK + tl.arange(0, BLOCK)
        at = (step // blocks * networks + network) * out_stride + channel * area + place
        value, given = _inner(out + at, gradient + at, place < area, factor, shift, slope)
        given -= (total + (value - mean) * rstd * product) / count
        tl.store(gradient + at, factor * given, mask=place < area)


@triton.jit
def _inner(out, gradient, inside, factor, shift, slope):
    """Values, and the gradient by what went into the activation; 0 outside."""
    value = tl.load(out, mask=inside, other=0.0)
    given = tl.load(gradient, mask=inside, other=0.0)
    return value, tl.where(value * factor + shift > 0, given, given * slope)


@kernel
def resample(
    given, given_norms, out,
    given_stride, out_stride, after, height, width, networks, norm_channels, added,
    KIND: tl.constexpr, BACK: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Activated values, twice as high and wide, or of the same size if the `KIND` is "concat".

    `BACK` is the gradient of what was given; if `added` is 1, it is added to what is there. The
    smaller image has `height` and `width`. The grid is (blocks of pixels of `out`, networks x
    channels, images).
    """
    FACTOR: tl.constexpr = 1 if KIND == "concat" else 2
    BESIDE: tl.constexpr = 2 if KIND == "up-bilinear" else 0  # pixels beside one have a share, too
    WINDOW: tl.constexpr = FACTOR + BESIDE if BACK else 1 + BESIDE // 2
    TO: tl.constexpr = 1 if BACK else FACTOR
    FROM: tl.constexpr = FACTOR if BACK else 1
    channel, network = tl.program_id(1) % after, (tl.program_id(1) // after).to(tl.int64)
    one = tl.program_id(2) * networks + network
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)  # (BLOCK,)
    inside = place < height * width * TO * TO
    row, column = place // (width * TO), place % (width * TO)
    given += one * given_stride + channel * height * width * FROM * FROM
    given_norms += network * norm_channels * NORM
    total = tl.zeros((BLOCK,), tl.float32)
    for i in tl.static_range(WINDOW):
        line, by = _source(row, i, height * FROM, FACTOR, BESIDE, BACK)
        for j in tl.static_range(WINDOW):
            across, share = _source(column, j, width * FROM, FACTOR, BESIDE, BACK)
            at = line * width * FROM + across
            total += by * share * values(given, given_norms, channel, at, inside, not BACK)
    out += one * out_stride + channel * height * width * TO * TO + place
    if added > 0:
        total += tl.load(out, mask=inside, other=0.0)
    tl.store(out, total, mask=inside)


@triton.jit
def _source(place, i: tl.constexpr, length, FACTOR: tl.constexpr, BESIDE: tl.constexpr, BACK):
    """The row, or column, of `resample`'s i-th source for that of an output, and its share."""
    source, share = FACTOR * place + i if BACK else place // FACTOR, 1.0
    if BESIDE:  # the shares fall with the distance; beyond the ends are the last ones again
        source = 2 * place - 1 + i if BACK else (place + 1) // 2 - 1 + i
        large, small = (source, place) if BACK else (place, source)
        share = 1 - tl.abs(large * 0.5 - 0.25 - small)
        source = tl.minimum(tl.maximum(source, 0), length - 1)
    return source, share
