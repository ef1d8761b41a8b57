"""What is no convolution, as Triton kernels: normalisation, up-sampling, output, noise.

Values lie as `generate.networks.gpu.convolution` says. Every number is computed by one program in
a fixed order.
"""

# mypy: disable-error-code="import-not-found,import-untyped,no-untyped-call,no-untyped-def"
# mypy: disable-error-code="untyped-decorator"
# Triton has wheels for Linux alone. To its kernels annotations would mean nothing.

from __future__ import annotations

import triton
import triton.language as tl

from generate.networks.gpu.convolution import NORM, settle_channels, values

__all__ = ["normalise_back", "output", "output_back", "perturb", "resample", "resample_back"]
__all__ += ["recall", "settle"]

TILE: tl.constexpr = tl.constexpr(16)  # channels of a program that works on statistics
PARTS: tl.constexpr = tl.constexpr(64)  # blocks' statistics read at once
EPS: tl.constexpr = tl.constexpr(1e-5)
COUNTS = """
after blocks parts networks images channels block_count last_count total running_network
weight_network norms_network image_stride network_stride given_image given_network out_image
out_network height width area added""".split()  # noqa: SIM905
ANYWHERE = ["weight", "scale", "running", "norms", "of_scale", "of_weight"]


@triton.jit(do_not_specialize=COUNTS, do_not_specialize_on_alignment=ANYWHERE)
def settle(
    partial, scale, running, norms, weight_network, running_network, norms_network,
    parts, blocks, block_count, last_count, total, after, networks, momentum,
):  # fmt: skip
    """Join the statistics of blocks, as Chan, Golub and LeVeque (1983) do, and settle channels.

    Of each `blocks` parts, which are one image, the last has `last_count` values, the others
    `block_count`; all have `total`. The grid is (networks, tiles of channels).
    """
    network = tl.program_id(0).to(tl.int64)
    channel = tl.program_id(1) * TILE + tl.arange(0, TILE)
    known = channel < after
    mean = tl.zeros((TILE,), tl.float32)
    for start in range(0, parts, PARTS):
        part = start + tl.arange(0, PARTS)
        count = tl.where(part % blocks == blocks - 1, last_count, block_count).to(tl.float32)
        at = ((part[:, None] * networks + network) * after + channel[None, :]) * 2
        mask = (part < parts)[:, None] & known[None, :]
        mean += tl.sum(tl.load(partial + at, mask=mask, other=0.0) * count[:, None], 0)
    mean = mean / total
    squares = tl.zeros((TILE,), tl.float32)
    for start in range(0, parts, PARTS):
        part = start + tl.arange(0, PARTS)
        count = tl.where(part % blocks == blocks - 1, last_count, block_count).to(tl.float32)
        at = ((part[:, None] * networks + network) * after + channel[None, :]) * 2
        mask = (part < parts)[:, None] & known[None, :]
        off = tl.where(mask, tl.load(partial + at, mask=mask, other=0.0) - mean[None, :], 0.0)
        within = tl.load(partial + at + 1, mask=mask, other=0.0)
        squares += tl.sum(within + off * off * count[:, None], 0)
    settle_channels(
        mean, squares / total, total.to(tl.float32), channel, known, after, network,
        scale, weight_network, running, running_network, norms, norms_network, momentum,
    )  # fmt: skip


@triton.jit(do_not_specialize=COUNTS, do_not_specialize_on_alignment=ANYWHERE)
def recall(
    scale, running, norms, weight_network, running_network, norms_network, after,
):  # fmt: skip
    """Normalise by running statistics from now on. The grid is (networks, tiles of channels)."""
    network = tl.program_id(0).to(tl.int64)
    channel = tl.program_id(1) * TILE + tl.arange(0, TILE)
    known = channel < after
    scale += network * weight_network + channel
    running += network * running_network + channel
    norms += network * norms_network + channel * NORM
    rstd = 1 / tl.sqrt(tl.load(running + after, mask=known, other=1.0) + EPS)
    factor = tl.load(scale, mask=known) * rstd
    shift = tl.load(scale + after, mask=known) - tl.load(running, mask=known) * factor
    tl.store(norms, factor, mask=known)
    tl.store(norms + 1, shift, mask=known)


@triton.jit(do_not_specialize=COUNTS, do_not_specialize_on_alignment=ANYWHERE)
def normalise_back(
    z, gradient, norms, of_scale, image_stride, network_stride, norms_network, weight_network,
    images, channels, area, BLOCK: tl.constexpr,
):  # fmt: skip
    """From the `gradient` by activated values, in its place, that by values before normalisation.

    And the gradients of scale and shift. The grid is (channels, networks).
    """
    channel = tl.program_id(0)
    network = tl.program_id(1).to(tl.int64)
    norms += network * norms_network + channel * NORM
    factor, shift, slope = tl.load(norms), tl.load(norms + 1), tl.load(norms + 2)
    mean, rstd = tl.load(norms + 3), tl.load(norms + 4)
    start = network * network_stride + channel * area
    z += start
    gradient += start
    blocks = tl.cdiv(area, BLOCK)
    sums = tl.zeros((BLOCK,), tl.float32)
    scaled = tl.zeros((BLOCK,), tl.float32)
    for step in range(images * blocks):
        place = step % blocks * BLOCK + tl.arange(0, BLOCK)
        at = (step // blocks).to(tl.int64) * image_stride + place
        value = tl.load(z + at, mask=place < area, other=0.0)
        given = tl.load(gradient + at, mask=place < area, other=0.0)
        given = tl.where(value * factor + shift > 0, given, given * slope)
        sums += given
        scaled += given * (value - mean)
    count = (images * area).to(tl.float32)
    total, product = tl.sum(sums), tl.sum(scaled) * rstd
    of_scale += network * weight_network + channel
    tl.store(of_scale, product)
    tl.store(of_scale + channels, total)
    for step in range(images * blocks):
        place = step % blocks * BLOCK + tl.arange(0, BLOCK)
        at = (step // blocks).to(tl.int64) * image_stride + place
        value = tl.load(z + at, mask=place < area, other=0.0)
        given = tl.load(gradient + at, mask=place < area, other=0.0)
        given = tl.where(value * factor + shift > 0, given, given * slope)
        given -= (total + (value - mean) * rstd * product) / count
        tl.store(gradient + at, factor * given, mask=place < area)


@triton.jit(do_not_specialize=COUNTS, do_not_specialize_on_alignment=ANYWHERE)
def resample(
    given, norms, out, given_image, given_network, norms_network, out_image, out_network,
    height, width, channels, FACTOR: tl.constexpr, BILINEAR: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """Activated values, FACTOR times as high and wide: 1 copies, 2 repeats or interpolates.

    The grid is (blocks of pixels of the output, networks x channels, images).
    """
    channel = tl.program_id(1) % channels
    network = (tl.program_id(1) // channels).to(tl.int64)
    image = tl.program_id(2).to(tl.int64)
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    out_width, area = FACTOR * width, height * width
    inside = place < FACTOR * FACTOR * area
    row, column = place // out_width, place % out_width
    given += image * given_image + network * given_network + channel * area
    norms += network * norms_network
    top, left = row // FACTOR * width, column // FACTOR
    found = values(given, norms, channel, top + left, inside, True)
    if BILINEAR:
        # The nearest row and column, and by a quarter the next, within the image.
        other = row // 2 + row % 2 * 2 - 1
        bottom = tl.minimum(tl.maximum(other, 0), height - 1) * width
        right = tl.minimum(tl.maximum(column // 2 + column % 2 * 2 - 1, 0), width - 1)
        found = 0.75 * found + 0.25 * values(given, norms, channel, top + right, inside, True)
        lower = 0.75 * values(given, norms, channel, bottom + left, inside, True)
        lower += 0.25 * values(given, norms, channel, bottom + right, inside, True)
        found = 0.75 * found + 0.25 * lower
    out += image * out_image + network * out_network + channel * FACTOR * FACTOR * area
    tl.store(out + place, found, mask=inside)


@triton.jit(do_not_specialize=COUNTS, do_not_specialize_on_alignment=ANYWHERE)
def resample_back(
    of_out, of_given, out_image, out_network, given_image, given_network,
    height, width, channels, added,
    FACTOR: tl.constexpr, BILINEAR: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """The gradient of what `resample` was given, which is of `height` and `width`.

    The grid is (blocks of pixels of what was given, networks x channels, images).
    """
    channel = tl.program_id(1) % channels
    network = (tl.program_id(1) // channels).to(tl.int64)
    image = tl.program_id(2).to(tl.int64)
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    area = height * width
    inside = place < area
    row, column = place // width, place % width
    of_out += image * out_image + network * out_network + channel * FACTOR * FACTOR * area
    total = tl.zeros((BLOCK,), tl.float32)
    if BILINEAR:
        for i in tl.static_range(4):
            line = 2 * row + i - 1
            by = _share(i, row, height)
            for j in tl.static_range(4):
                across = 2 * column + j - 1
                there = inside & (line >= 0) & (line < 2 * height)
                there = there & (across >= 0) & (across < 2 * width)
                found = tl.load(of_out + line * 2 * width + across, mask=there, other=0.0)
                total += by * _share(j, column, width) * found
    else:
        for i in tl.static_range(FACTOR):
            for j in tl.static_range(FACTOR):
                at = (FACTOR * row + i) * FACTOR * width + FACTOR * column + j
                total += tl.load(of_out + at, mask=inside, other=0.0)
    of_given += image * given_image + network * given_network + channel * area
    total += tl.load(of_given + place, mask=inside & (place < added), other=0.0)
    tl.store(of_given + place, total, mask=inside)


@triton.jit
def _share(i: tl.constexpr, row, height):
    """What the row 2 `row` - 1 + i of an interpolated image has of `row`."""
    if i == 0 or i == 3:
        return row * 0.0 + 0.25
    edge = row == (0 if i == 1 else height - 1)
    return tl.where(edge, 1.0, 0.75)


@triton.jit(do_not_specialize=COUNTS, do_not_specialize_on_alignment=ANYWHERE)
def output(
    given, norms, weight, out, given_image, given_network, norms_network, weight_network,
    out_image, area, channels, BLOCK: tl.constexpr,
):  # fmt: skip
    """A 1x1 convolution to one channel, its bias after its weights, and the logistic function.

    The grid is (blocks of pixels, networks, images).
    """
    network = tl.program_id(1).to(tl.int64)
    image = tl.program_id(2).to(tl.int64)
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = place < area
    given += image * given_image + network * given_network
    norms += network * norms_network
    weight += network * weight_network
    total = tl.zeros((BLOCK,), tl.float32) + tl.load(weight + channels)
    for channel in range(channels):
        at = channel * area + place
        total += tl.load(weight + channel) * values(given, norms, channel, at, inside, True)
    found = 1 / (1 + tl.exp(-total))
    tl.store(out + image * out_image + network * area + place, found, mask=inside)


@triton.jit(do_not_specialize=COUNTS, do_not_specialize_on_alignment=ANYWHERE)
def output_back(
    slope, out, given, norms, weight, of_given, of_weight,
    given_image, given_network, norms_network, weight_network, out_image,
    images, area, channels, added, BLOCK: tl.constexpr,
):  # fmt: skip
    """From the `slope` of the loss by `out`, all gradients. The grid is (channels, networks)."""
    channel = tl.program_id(0)
    network = tl.program_id(1).to(tl.int64)
    given += network * given_network + channel * area
    of_given += network * given_network + channel * area
    norms += network * norms_network
    factor = tl.load(weight + network * weight_network + channel)
    slope += network * area
    out += network * area
    bias = tl.zeros((BLOCK,), tl.float32)
    product = tl.zeros((BLOCK,), tl.float32)
    blocks = tl.cdiv(area, BLOCK)
    for step in range(images * blocks):
        place = step % blocks * BLOCK + tl.arange(0, BLOCK)
        inside = place < area
        image = (step // blocks).to(tl.int64)
        found = tl.load(out + image * out_image + place, mask=inside, other=0.0)
        change = tl.load(slope + image * out_image + place, mask=inside, other=0.0)
        change *= found * (1 - found)
        bias += change
        at = image * given_image + place
        product += change * values(given, norms, channel, at, inside, True)
        change *= factor
        change += tl.load(of_given + at, mask=inside & (place < added), other=0.0)
        tl.store(of_given + at, change, mask=inside)
    of_weight += network * weight_network
    tl.store(of_weight + channel, tl.sum(product))
    if channel == 0:
        tl.store(of_weight + channels, tl.sum(bias))


@triton.jit(do_not_specialize=["count", "quarter"])
def perturb(out, fixed, seeds, iteration, scale, count, quarter, BLOCK: tl.constexpr):
    """`out` = `fixed` + `scale` x normal numbers, `count` per network.

    They are a function of seed, iteration and place alone: the words of Philox 4x32-10 (Salmon,
    Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011), in pairs, by the
    Box-Muller transform. The grid is (blocks of a quarter of the numbers, networks).
    """
    network = tl.program_id(1)
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    zero = (place * 0).to(tl.uint32)
    step = zero + tl.load(iteration).to(tl.uint32)
    a, b, c, d = tl.philox(tl.load(seeds + network), place.to(tl.uint32), step, zero, zero)
    first, second = _pair(a, b)
    third, fourth = _pair(c, d)
    out += network.to(tl.int64) * count
    fixed += network.to(tl.int64) * count
    inside = place < quarter
    _add(out, fixed, place, first, scale, count, inside)
    _add(out, fixed, place + quarter, second, scale, count, inside)
    _add(out, fixed, place + 2 * quarter, third, scale, count, inside)
    _add(out, fixed, place + 3 * quarter, fourth, scale, count, inside)


@triton.jit
def _pair(word, other):
    """Two normal numbers from two words."""
    radius = tl.sqrt(-2.0 * tl.log(_uniform(word)))
    angle = 6.283185307179586 * _uniform(other)
    return radius * tl.cos(angle), radius * tl.sin(angle)


@triton.jit
def _uniform(word):
    """In (0, 1], never 0: 24 bits are exact in float32."""
    return ((word >> 8) + 1).to(tl.float32) * 5.9604644775390625e-08  # 2 ** -24


@triton.jit
def _add(out, fixed, place, noise, scale, count, inside):
    mask = inside & (place < count)
    tl.store(out + place, tl.load(fixed + place, mask=mask) + scale * noise, mask=mask)
