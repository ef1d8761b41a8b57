"""Batch normalisation and up-sampling, forward and back, as Triton kernels.

Values lie as `generate.networks.gpu.convolution` says. Every number is computed by one program in
a fixed order.
"""

# mypy: disable-error-code="import-not-found,import-untyped,no-untyped-call,no-untyped-def"
# mypy: disable-error-code="untyped-decorator"
# Triton has wheels for Linux alone. To its kernels annotations would mean nothing.

from __future__ import annotations

import triton
import triton.language as tl

from generate.networks.gpu.convolution import NORM, kernel, settle_channels, values

__all__ = ["normalise_back", "resample", "settle"]

TILE: tl.constexpr = tl.constexpr(16)  # channels of a program that settles
PARTS: tl.constexpr = tl.constexpr(64)  # blocks' statistics read at once


@kernel
def settle(
    partial, scale, running, out_norms,
    parts, total, after, networks, weight_count, normalised, norm_channels, momentum,
):  # fmt: skip
    """Join the statistics of blocks, as Chan, Golub and LeVeque (1983) do, and settle channels.

    The grid is (networks, tiles of channels). `total` is the number of values of a channel.
    """
    network = tl.program_id(0).to(tl.int64)
    channel = tl.program_id(1) * TILE + tl.arange(0, TILE)
    known = channel < after
    partial += (network * after + channel[None, :]) * 3
    mean = tl.zeros((TILE,), tl.float32)
    for start in range(0, parts, PARTS):
        of_part, _, count = _parts(partial, start, parts, known, networks * after * 3)
        mean += tl.sum(of_part * count, 0)
    mean /= total
    squares = tl.zeros((TILE,), tl.float32)
    for start in range(0, parts, PARTS):
        of_part, own, count = _parts(partial, start, parts, known, networks * after * 3)
        squares += tl.sum(own + (of_part - mean[None, :]) * (of_part - mean[None, :]) * count, 0)
    settle_channels(
        mean, squares / total, total.to(tl.float32), channel, known, after, network,
        scale, running, out_norms, weight_count, normalised, norm_channels, momentum,
    )  # fmt: skip


@triton.jit
def _parts(partial, start, parts, known, stride):
    """Means, squares and counts of some of the parts, each (PARTS, TILE)."""
    part = start + tl.arange(0, PARTS)[:, None]
    mask = (part < parts) & known[None, :]
    partial += part.to(tl.int64) * stride
    mean, squares = tl.load(partial, mask, 0.0), tl.load(partial + 1, mask, 0.0)
    return mean, squares, tl.load(partial + 2, mask, 0.0)


@kernel
def normalise_back(
    out, of_out, gradient, out_norms, of_scale,
    out_stride, channels, area, images, networks, weight_count, norm_channels,
    LOGISTIC: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """The `gradient` by values before normalisation, from that by activated ones, `of_out`.

    And the gradients of scale and shift. `LOGISTIC`: before the logistic function, whose values are
    `out`, and the gradient of the bias. The grid is (channels, networks).
    """
    channel, network = tl.program_id(0), tl.program_id(1).to(tl.int64)
    norms = out_norms + (network * norm_channels + channel) * NORM
    factor, shift, slope = tl.load(norms), tl.load(norms + 1), tl.load(norms + 2)
    mean, rstd = tl.load(norms + 3), tl.load(norms + 4)
    blocks = tl.cdiv(area, BLOCK)
    sums = tl.zeros((BLOCK,), tl.float32)
    scaled = tl.zeros((BLOCK,), tl.float32)
    for step in range(images * blocks):
        place = step % blocks * BLOCK + tl.arange(0, BLOCK)
        at = (step // blocks * networks + network) * out_stride + channel * area + place
        value, given = _inner(out + at, of_out + at, place < area, factor, shift, slope, LOGISTIC)
        sums += given
        scaled += given * (value - mean)
        if LOGISTIC:
            tl.store(gradient + at, given, mask=place < area)
    total, product = tl.sum(sums), tl.sum(scaled) * rstd
    of_scale += network * weight_count + channel
    if LOGISTIC:
        tl.store(of_scale, total)
    else:
        tl.store(of_scale, product)
        tl.store(of_scale + channels, total)
        count = (images * area).to(tl.float32)
        for step in range(images * blocks):
            place = step % blocks * BLOCK + tl.arange(0, BLOCK)
            at = (step // blocks * networks + network) * out_stride + channel * area + place
            value, given = _inner(out + at, of_out + at, place < area, factor, shift, slope, False)
            given -= (total + (value - mean) * rstd * product) / count
            tl.store(gradient + at, factor * given, mask=place < area)


@triton.jit
def _inner(out, of_out, inside, factor, shift, slope, LOGISTIC: tl.constexpr):
    """Values (BLOCK,), and the gradient by what went into the activation."""
    value = tl.load(out, mask=inside, other=0.0)
    given = tl.load(of_out, mask=inside, other=0.0)
    if LOGISTIC:
        given *= value * (1 - value)
    else:
        given = tl.where(value * factor + shift > 0, given, given * slope)
    return value, given


@kernel
def resample(
    given, given_norms, out,
    given_stride, out_stride, channels, height, width, networks, norm_channels, added,
    KIND: tl.constexpr, BACK: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Activated values, twice as high and wide, or of the same size if the `KIND` is "copy".

    `BACK` is the gradient of what was given; if `added` is 1, it is added to what is there. The
    smaller image has `height` and `width`. The grid is (blocks of pixels of `out`, networks x
    channels, images).
    """
    FACTOR: tl.constexpr = 1 if KIND == "copy" else 2
    BESIDE: tl.constexpr = 2 if KIND == "up-bilinear" else 0  # pixels beside one have a share, too
    WINDOW: tl.constexpr = FACTOR + BESIDE if BACK else 1 + BESIDE // 2
    TO: tl.constexpr = 1 if BACK else FACTOR
    FROM: tl.constexpr = FACTOR if BACK else 1
    channel, network = tl.program_id(1) % channels, (tl.program_id(1) // channels).to(tl.int64)
    one = tl.program_id(2) * networks + network
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)  # (BLOCK,)
    inside = place < height * width * TO * TO
    row, column = place // (width * TO), place % (width * TO)
    given += one * given_stride + channel * height * width * FROM * FROM
    given_norms += network * norm_channels * NORM
    total = tl.zeros((BLOCK,), tl.float32)
    for i in tl.static_range(WINDOW):
        line, by = _source(row, i, height, KIND, BACK)
        for j in tl.static_range(WINDOW):
            across, share = _source(column, j, width, KIND, BACK)
            there = inside & (line >= 0) & (line < height * FROM)
            there &= (across >= 0) & (across < width * FROM)
            at = line * width * FROM + across
            total += by * share * values(given, given_norms, channel, at, there, not BACK)
    out += one * out_stride + channel * height * width * TO * TO + place
    if added > 0:
        total += tl.load(out, mask=inside, other=0.0)
    tl.store(out, total, mask=inside)


@triton.jit
def _source(place, i: tl.constexpr, length, KIND: tl.constexpr, BACK: tl.constexpr):
    """The row, or column, of `resample`'s i-th source for that of an output, and its share."""
    source, share = place, 1.0
    if KIND == "up-nearest":
        source = 2 * place + i if BACK else place // 2
    if KIND == "up-bilinear":
        # Of four parts of a large pixel three are the small one's around it, one that of the next.
        source = 2 * place - 1 + i if BACK else (place + 1) // 2 - 1 + i
        large, small = (source, place) if BACK else (place, source)
        beside = tl.minimum(tl.maximum(large // 2 + large % 2 * 2 - 1, 0), length - 1)
        share = tl.where(small == large // 2, 0.75, 0.0) + tl.where(small == beside, 0.25, 0.0)
    return source, share
