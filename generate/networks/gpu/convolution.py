"""The convolutions of networks side by side, as Triton kernels: forward, back, and their weights.

Values of a node lie as (images, networks, channels, height, width), before batch normalisation;
that and LeakyReLU are applied wherever they are loaded, by `norms`, (networks, channels, NORM). A
node may be some channels of a concatenation; its stride is from network to network.

A program computes some channels of one network at `BLOCK` pixels as a product of matrices on tensor
cores: rows are pixels, columns channels of the output, and sums run over `CHUNK` channels of the
input at a time. A row of three taps needs its input only once: each tap gets sums of its own, and
those of the outer two are moved by one pixel at the end. So a block has whole rows of the image.

No result depends on the order in which programs run, so the same input gives the same bits.
"""

from __future__ import annotations

import inspect

import triton
import triton.language as tl

__all__ = ["CHUNK", "NORM", "convolve", "kernel", "products", "values"]

CHUNK: tl.constexpr = tl.constexpr(16)  # channels summed at once: the least that `tl.dot` takes
NORM: tl.constexpr = tl.constexpr(5)  # numbers of a channel: scale, shift, slope; mean, 1 / std


def kernel(function):
    """A kernel that is compiled once for all numbers and pointers; constants are in capitals."""
    names = [name for name in inspect.signature(function).parameters if name.islower()]
    return triton.jit(function, do_not_specialize=names)


@triton.jit
def _rounded(x):
    """`x` to the ten bits of a mantissa that tensor cores read."""
    return ((x.to(tl.int32, bitcast=True) + 0x1000) & -0x2000).to(tl.float32, bitcast=True)


@triton.jit
def _product(x, y, total, EXACT: tl.constexpr):
    """`total` plus the matrix product of `x` and `y`, on tensor cores.

    If `EXACT`, each factor is the sum of two that tensor cores read in full, and the product of the
    two small ones is left out: the error is that of float32.
    """
    if EXACT:
        large_x, large_y = _rounded(x), _rounded(y)
        total = tl.dot(x - large_x, large_y, total, input_precision="tf32")
        total = tl.dot(large_x, y - large_y, total, input_precision="tf32")
        x, y = large_x, large_y
    return tl.dot(x, y, total, input_precision="tf32")


@triton.jit
def values(given, norms, channel, at, mask, NORMALISED: tl.constexpr):
    """Values of `channel` at the offsets `at`, which broadcast; 0 outside of `mask`."""
    found = tl.load(given + at, mask=mask, other=0.0)
    if NORMALISED:
        found = found * tl.load(norms + channel * NORM) + tl.load(norms + channel * NORM + 1)
        found = tl.maximum(found, found * tl.load(norms + channel * NORM + 2))
        found = tl.where(mask, found, 0.0)
    return found


@triton.jit
def _moved(x, by: tl.constexpr):
    """Row i + `by` of `x` in row i; what comes from beyond the ends is not to be used."""
    row = tl.minimum(tl.maximum(tl.arange(0, x.shape[0]) + by, 0), x.shape[0] - 1)
    return tl.gather(x, tl.broadcast_to(row[:, None], x.shape), 0)


@triton.jit
def _tap(
    weight, used, phase, down: tl.constexpr, across: tl.constexpr,
    KERNEL: tl.constexpr, SPREAD: tl.constexpr, MIRRORED: tl.constexpr,
):  # fmt: skip
    """Weights (CHUNK, COLUMNS) between an output and the input so far `down` and `across`."""
    if SPREAD:  # a pixel is below and right of the first of its four, so taps count back
        row = phase // 2 + KERNEL - 2 - 2 * down
        column = phase % 2 + KERNEL - 2 - 2 * across
        used &= ((row >= 0) & (column >= 0))[None, :]
        weight += (row * KERNEL + column)[None, :]
    elif MIRRORED:
        weight += KERNEL * KERNEL - 1 - down * KERNEL - across
    else:
        weight += down * KERNEL + across
    return tl.load(weight, mask=used, other=0.0)


@triton.jit
def _sums(
    given, norms, weight, place, inside, to, phase, height, width, before, after,
    KERNEL: tl.constexpr, STRIDE: tl.constexpr, TURNED: tl.constexpr, BACK: tl.constexpr,
    EXACT: tl.constexpr,
):  # fmt: skip
    """What `convolve` computes at the pixels `place` (BLOCK,), for channels `to` (COLUMNS,)."""
    SPREAD: tl.constexpr = TURNED and STRIDE == 2
    STEP: tl.constexpr = 1 if TURNED else STRIDE  # from pixel to pixel of the input
    PADDED: tl.constexpr = 1 if KERNEL == 3 and not SPREAD else 0
    RIGHT: tl.constexpr = STRIDE == 2 and not (SPREAD and KERNEL == 2)  # has taps to the right
    row, column = place // width, place % width
    area = height * width * STEP * STEP
    weight += to[None, :] * (1 if TURNED else before) * KERNEL * KERNEL
    total = tl.zeros((place.shape[0], to.shape[0]), tl.float32)
    first, last = total, total
    for start in range(0, before, CHUNK):
        channel = start + tl.arange(0, CHUNK)
        known = (channel < before)[None, :]
        source = tl.where(known, channel[None, :], 0)
        used = (channel < before)[:, None] & (to < after)[None, :]
        taps = weight + channel[:, None] * (after if TURNED else 1) * KERNEL * KERNEL
        for down in tl.static_range(KERNEL - 1 if SPREAD else KERNEL):
            line = row * STEP + down - PADDED
            at = place + (down - PADDED) * width if STEP == 1 else line * width * 2 + column * 2
            at = channel[None, :] * area + at[:, None]
            mask = (inside & (line >= 0) & (line < height * STEP))[:, None] & known
            for across in tl.static_range(2 if RIGHT else 1):
                there = mask & (column + across < width)[:, None] if SPREAD else mask
                x = values(given, norms, source, at + across, there, not BACK)  # (BLOCK, CHUNK)
                y = _tap(taps, used, phase, down, PADDED + across, KERNEL, SPREAD, TURNED)
                total = _product(x, y, total, EXACT)
                if PADDED and across == STRIDE - 1:
                    y = _tap(taps, used, phase, down, 0, KERNEL, SPREAD, TURNED)
                    first = _product(x, y, first, EXACT)
                if PADDED and STRIDE == 1:
                    y = _tap(taps, used, phase, down, 2, KERNEL, SPREAD, TURNED)
                    last = _product(x, y, last, EXACT)
    if PADDED:
        total += tl.where((column > 0)[:, None], _moved(first, -1), 0.0)
    if PADDED and STRIDE == 1:
        total += tl.where((column + 1 < width)[:, None], _moved(last, 1), 0.0)
    return total


@kernel
def convolve(
    given, given_norms, weight, out, partial,
    given_stride, out_stride, height, width, before, after, networks, advance, weight_count,
    norm_channels, added,
    KERNEL: tl.constexpr, STRIDE: tl.constexpr, TURNED: tl.constexpr, BACK: tl.constexpr,
    COLUMNS: tl.constexpr, BLOCK: tl.constexpr, EXACT: tl.constexpr,
):  # fmt: skip
    """Convolve `before` channels to `after`, with zero padding of (KERNEL - 1) // 2.

    `TURNED` has weights of shape (before, after, KERNEL, KERNEL), instead of after and before, and
    transposes: an up-transposed node, or the gradient of the input of another node. Turned, with
    stride 2, each pixel of the input spreads to four of the output, the phases, each of which is
    treated as a channel of its own.

    The grid is (blocks of `advance` pixels, networks x groups of COLUMNS channels, images). Pixels
    are those of the smaller image, of `height` and `width`.

    `BACK` loads no norms, and if `added` is 1, adds to what is there. Otherwise the sums of a
    block's values and of their squares go to `partial`: (images, blocks, phases, networks, after).
    """
    PHASES: tl.constexpr = 4 if TURNED and STRIDE == 2 else 1
    groups = tl.cdiv(after * PHASES, COLUMNS)
    network, image = (tl.program_id(1) // groups).to(tl.int64), tl.program_id(2)
    lane = tl.arange(0, BLOCK)
    place = tl.program_id(0) * advance + lane  # (BLOCK,)
    inside = (lane < advance) & (place < height * width)
    wanted = tl.program_id(1) % groups * COLUMNS + tl.arange(0, COLUMNS)
    to, phase = wanted // PHASES, wanted % PHASES  # (COLUMNS,)
    total = _sums(
        given + (image * networks + network) * given_stride,
        given_norms + network * norm_channels * NORM, weight + network * weight_count,
        place, inside, to, phase, height, width, before, after, KERNEL, STRIDE, TURNED, BACK, EXACT,
    )  # fmt: skip
    at = place[:, None]  # of `total` (BLOCK, COLUMNS) in the image of a channel
    if PHASES == 4:
        at = (place // width * width * 4 + place % width * 2)[:, None]
        at += (phase // 2 * width * 2 + phase % 2)[None, :]
    out += (image * networks + network) * out_stride + to[None, :] * height * width * PHASES + at
    store = inside[:, None] & (to < after)[None, :]
    if added > 0:
        total += tl.load(out, mask=store, other=0.0)
    tl.store(out, total, mask=store)
    if not BACK:
        kept = tl.where(inside[:, None], total, 0.0).to(tl.float64)
        part = (image * tl.num_programs(0) + tl.program_id(0)) * PHASES + phase
        partial += ((part * networks + network) * after + to) * 2
        tl.store(partial, tl.sum(kept, 0), mask=to < after)
        tl.store(partial + 1, tl.sum(kept * kept, 0), mask=to < after)


@kernel
def products(
    rows, columns, rows_norms, columns_norms, of_weight,
    rows_stride, columns_stride, height, width, images, before, after, networks, weight_count,
    norm_channels, split,
    KERNEL: tl.constexpr, STRIDE: tl.constexpr, BLOCK: tl.constexpr, EXACT: tl.constexpr,
):  # fmt: skip
    """The gradient of the weights of a convolution of `columns`, from that of its output, `rows`.

    With `KERNEL` 2 the two change places: then `columns` is the gradient of the output of an
    up-transposed node, and `rows` is what the node was given.

    The grid is (rows of taps x tiles of CHUNK x CHUNK channels, networks, splits). Each split sums
    some of the pixels; `of_weight` has one after the other, `split` numbers apart. Pixels are those
    of `rows`, of `height` and `width`.
    """
    PADDING: tl.constexpr = (KERNEL - 1) // 2
    tiles = tl.cdiv(before, CHUNK)
    down, tile = tl.program_id(0) % KERNEL, tl.program_id(0) // KERNEL
    network = tl.program_id(1).to(tl.int64)
    to = tile // tiles * CHUNK + tl.arange(0, CHUNK)[:, None]  # (CHUNK, 1)
    channel = tile % tiles * CHUNK + tl.arange(0, CHUNK)[None, :]  # (1, CHUNK)
    source, row_source = tl.where(channel < before, channel, 0), tl.where(to < after, to, 0)
    area, blocks = height * width, tl.cdiv(height * width, BLOCK)
    rows_norms += network * norm_channels * NORM
    columns_norms += network * norm_channels * NORM
    second = tl.zeros((CHUNK, CHUNK), tl.float32)
    first, third = second, second
    for part in range(tl.program_id(2), images * blocks, tl.num_programs(2)):
        one = part // blocks * networks + network
        place = part % blocks * BLOCK + tl.arange(0, BLOCK)  # (BLOCK,)
        row, column = place // width, place % width
        line = row * STRIDE + down - PADDING
        at = place + (down - PADDING) * width if STRIDE == 1 else line * width * 2 + column * 2
        at = channel * area * STRIDE * STRIDE + at[:, None]
        there = (row < height) & (line >= 0) & (line < height * STRIDE)
        there = there[:, None] & (channel < before)
        of_one = columns + one * columns_stride
        x = values(of_one, columns_norms, source, at, there, KERNEL != 2)  # (BLOCK, CHUNK)
        given = rows + one * rows_stride + to * area + place[None, :]
        mask = (row < height)[None, :] & (to < after)
        y = values(given, rows_norms, row_source, 0, mask, KERNEL == 2)  # (CHUNK, BLOCK)
        second = _product(y, x, second, EXACT)
        if STRIDE == 2:  # what is to the right of the pixel
            x = values(of_one, columns_norms, source, at + 1, there, KERNEL != 2)
        if KERNEL == 2:
            third = _product(y, x, third, EXACT)
        if KERNEL == 3:
            moved = tl.load(given + 1, mask=mask & (column + 1 < width)[None, :], other=0.0)
            first = _product(moved, x, first, EXACT)
            if STRIDE == 1:
                y = tl.load(given - 1, mask=mask & (column > 0)[None, :], other=0.0)
            third = _product(y, x, third, EXACT)
    at = (to * before + channel) * KERNEL * KERNEL + down * KERNEL
    of_weight += tl.program_id(2).to(tl.int64) * split + network * weight_count + at
    known = (to < after) & (channel < before)
    if KERNEL == 3:
        tl.store(of_weight, first, mask=known)
    tl.store(of_weight + PADDING, second, mask=known)
    if KERNEL > 1:
        tl.store(of_weight + PADDING + 1, third, mask=known)
