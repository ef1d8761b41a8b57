"""The convolutions of networks side by side, as Triton kernels: forward, back, and their weights.

Values of a node lie as (images, networks, channels, height, width) and are stored before batch
normalisation, which is applied, with LeakyReLU, wherever they are loaded: `norms` holds scale,
shift and slope of each channel. A program computes some channels of one network at `BLOCK` pixels
as a product of matrices on tensor cores: rows are pixels, columns channels of the output, and sums
run over `CHUNK` channels of the input at a time.

A row of three taps needs its input only once: each tap gets sums of its own, and those of the outer
two are moved by one pixel at the end. So a block has whole rows of the image.

No result depends on the order in which programs run, so the same input gives the same bits.
"""

# mypy: disable-error-code="import-not-found,import-untyped,no-untyped-call,no-untyped-def"
# mypy: disable-error-code="untyped-decorator"
# Triton has wheels for Linux alone. To its kernels annotations would mean nothing.

from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["CHUNK", "NORM", "convolve", "products", "settle_channels", "spread", "values"]

CHUNK: tl.constexpr = tl.constexpr(16)  # channels summed at once: the least that `tl.dot` takes
NORM: tl.constexpr = tl.constexpr(5)  # numbers of a channel: scale, shift, slope; mean, 1 / std
EPS: tl.constexpr = tl.constexpr(1e-5)
# Kernels are compiled once for any number, but twice for rows of pixels: where all of their sizes
# are multiples of 16, `ALIGNED`, several values are loaded at once.
COUNTS = """
given_image given_network norms_network weight_network out_image out_network running_network
out_norms_network row_image row_network row_norms_network column_image column_network
column_norms_network split height width out_height out_width advance before after w_before w_after
networks images added""".split()  # noqa: SIM905
ANYWHERE = """
weight scale running partial out_norms given_norms row_norms column_norms found""".split()  # noqa: SIM905


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
        return tl.dot(large_x, large_y, total, input_precision="tf32")
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
def settle_channels(
    mean, var, count, channel, known, after, network,
    scale, weight_network, running, running_network, norms, norms_network, momentum,
):  # fmt: skip
    """Store what `values` needs of channels with this mean and variance; update running ones.

    Scale and shift, as running mean and variance, lie one after the other, `after` channels each.
    """
    scale += network * weight_network + channel
    running += network * running_network + channel
    norms += network * norms_network + channel * NORM
    rstd = 1 / tl.sqrt(var + EPS)
    factor = tl.load(scale, mask=known) * rstd
    tl.store(norms, factor, mask=known)
    tl.store(norms + 1, tl.load(scale + after, mask=known) - mean * factor, mask=known)
    tl.store(norms + 3, mean, mask=known)
    tl.store(norms + 4, rstd, mask=known)
    old_mean = tl.load(running, mask=known)
    old_var = tl.load(running + after, mask=known)
    unbiased = var * (count / (count - 1))
    tl.store(running, old_mean + momentum * (mean - old_mean), mask=known)
    tl.store(running + after, old_var + momentum * (unbiased - old_var), mask=known)


@triton.jit(do_not_specialize=COUNTS, do_not_specialize_on_alignment=ANYWHERE)
def convolve(
    given, given_norms, weight, out, partial, scale, running, out_norms,
    given_image, given_network, norms_network, weight_network, out_image, out_network,
    running_network, out_norms_network, height, width, out_height, out_width, advance,
    before, after, w_before, w_after, networks, added, momentum,
    KERNEL: tl.constexpr, STRIDE: tl.constexpr, BACK: tl.constexpr, STATISTICS: tl.constexpr,
    COLUMNS: tl.constexpr, BLOCK: tl.constexpr, ALIGNED: tl.constexpr, EXACT: tl.constexpr,
):  # fmt: skip
    """Convolve `before` channels to `after`, with zero padding of (KERNEL - 1) // 2.

    The grid is (blocks of `advance` pixels, networks x groups of COLUMNS channels, images).

    `BACK` mirrors the taps: with `w_before` and `w_after` exchanged, and stride 1, that is the
    gradient of the input from that of the output. It loads no norms. At the first `added` pixels,
    all or none, the result is added to what is there.
    `STATISTICS` are: 0 none, 1 mean and sum of squares of the block into `partial`, 2 settled at
    once, where a block is all there is.
    """
    if ALIGNED:
        given_image = tl.multiple_of(given_image, 16)
        given_network = tl.multiple_of(given_network, 16)
        out_image, out_network = tl.multiple_of(out_image, 16), tl.multiple_of(out_network, 16)
        width, out_width = tl.multiple_of(width, 16), tl.multiple_of(out_width, 16)
        advance = tl.multiple_of(advance, 16)
    groups = tl.cdiv(after, COLUMNS)
    network = (tl.program_id(1) // groups).to(tl.int64)
    image = tl.program_id(2).to(tl.int64)
    to = tl.program_id(1) % groups * COLUMNS + tl.arange(0, COLUMNS)
    lane = tl.arange(0, BLOCK)
    place = tl.program_id(0) * advance + lane
    area, out_area = height * width, out_height * out_width
    inside = (lane < advance) & (place < out_area)
    row, column = place // out_width, place % out_width
    given += image * given_image + network * given_network
    given_norms += network * norms_network
    weight += network * weight_network
    first = tl.zeros((BLOCK, COLUMNS), tl.float32)
    total = tl.zeros((BLOCK, COLUMNS), tl.float32)
    last = tl.zeros((BLOCK, COLUMNS), tl.float32)
    for start in range(0, before, CHUNK):
        channel = start + tl.arange(0, CHUNK)
        known = channel < before
        source = tl.where(known, channel, 0)
        offset = channel[None, :] * area
        taps = weight + channel[:, None] * w_before + to[None, :] * w_after
        used = known[:, None] & (to < after)[None, :]
        for down in tl.static_range(KERNEL):
            tap = (KERNEL * KERNEL - 1 - KERNEL * down) if BACK and KERNEL == 3 else KERNEL * down
            step = -1 if BACK and KERNEL == 3 else 1
            line = row * STRIDE + down - (KERNEL - 1) // 2
            at = line * width + column * STRIDE
            if STRIDE == 1:
                at = place + (down - (KERNEL - 1) // 2) * width
            mask = (inside & (line >= 0) & (line < height))[:, None] & known[None, :]
            norms = source[None, :]
            x = values(given, given_norms, norms, offset + at[:, None], mask, not BACK)
            y = tl.load(taps + tap + (step if KERNEL == 3 else 0), mask=used, other=0.0)
            total = _product(x, y, total, EXACT)
            if STRIDE == 2:
                x = values(given, given_norms, norms, offset + at[:, None] + 1, mask, not BACK)
            if KERNEL == 3:
                y = tl.load(taps + tap, mask=used, other=0.0)
                first = _product(x, y, first, EXACT)
            if KERNEL > 1:
                y = tl.load(taps + tap + (2 * step if KERNEL == 3 else 1), mask=used, other=0.0)
                last = _product(x, y, last, EXACT)
    if KERNEL == 3:
        moved = _moved(first, -1, BLOCK, COLUMNS)
        total += tl.where((column > 0)[:, None], moved, 0.0)
    if KERNEL == 3 and STRIDE == 1:
        moved = _moved(last, 1, BLOCK, COLUMNS)
        total += tl.where((column < out_width - 1)[:, None], moved, 0.0)
    elif KERNEL > 1:
        total += last
    store = inside[:, None] & (to < after)[None, :]
    out += image * out_image + network * out_network + to[None, :] * out_area + place[:, None]
    total += tl.load(out, mask=store & (place < added)[:, None], other=0.0)
    tl.store(out, total, mask=store)
    if STATISTICS:
        count = tl.sum(inside.to(tl.float32))
        mean = tl.sum(tl.where(inside[:, None], total, 0.0), 0) / count
        off = tl.where(inside[:, None], total - mean[None, :], 0.0)
        squares = tl.sum(off * off, 0)
        if STATISTICS == 2:
            settle_channels(
                mean, squares / count, count, to, to < after, after, network,
                scale, weight_network, running, running_network,
                out_norms, out_norms_network, momentum,
            )  # fmt: skip
        else:
            part = image * tl.num_programs(0) + tl.program_id(0)
            partial += ((part * networks + network) * after + to) * 2
            tl.store(partial, mean, mask=to < after)
            tl.store(partial + 1, squares, mask=to < after)


@triton.jit
def _moved(x, by: tl.constexpr, BLOCK: tl.constexpr, COLUMNS: tl.constexpr):
    """Row i + `by` of `x` in row i; what comes from beyond the ends is not to be used."""
    row = tl.minimum(tl.maximum(tl.arange(0, BLOCK) + by, 0), BLOCK - 1)
    return tl.gather(x, tl.broadcast_to(row[:, None], (BLOCK, COLUMNS)), 0)


@triton.jit(do_not_specialize=COUNTS, do_not_specialize_on_alignment=ANYWHERE)
def spread(
    given, given_norms, weight, out, partial, scale, running, out_norms,
    given_image, given_network, norms_network, weight_network, out_image, out_network,
    running_network, out_norms_network, height, width, advance,
    before, after, w_before, w_after, networks, added, momentum,
    KERNEL: tl.constexpr, STATISTICS: tl.constexpr, COLUMNS: tl.constexpr, BLOCK: tl.constexpr,
    ALIGNED: tl.constexpr, EXACT: tl.constexpr,
):  # fmt: skip
    """Transpose a convolution of stride 2: four pixels of the output for one that is given.

    With `KERNEL` 2 this is an up-transposed node; with 3 the gradient of the input of a down node,
    from that of its output, and norms are not loaded. Otherwise as `convolve`.
    """
    if ALIGNED:
        given_image = tl.multiple_of(given_image, 16)
        given_network = tl.multiple_of(given_network, 16)
        out_image, out_network = tl.multiple_of(out_image, 16), tl.multiple_of(out_network, 16)
        width, advance = tl.multiple_of(width, 16), tl.multiple_of(advance, 16)
    groups = tl.cdiv(after, COLUMNS)
    network = (tl.program_id(1) // groups).to(tl.int64)
    image = tl.program_id(2).to(tl.int64)
    to = tl.program_id(1) % groups * COLUMNS + tl.arange(0, COLUMNS)
    lane = tl.arange(0, BLOCK)
    place = tl.program_id(0) * advance + lane
    area = height * width
    inside = (lane < advance) & (place < area)
    row, column = place // width, place % width
    given += image * given_image + network * given_network
    given_norms += network * norms_network
    weight += network * weight_network
    at_00 = tl.zeros((BLOCK, COLUMNS), tl.float32)
    at_01 = tl.zeros((BLOCK, COLUMNS), tl.float32)
    at_10 = tl.zeros((BLOCK, COLUMNS), tl.float32)
    at_11 = tl.zeros((BLOCK, COLUMNS), tl.float32)
    centre: tl.constexpr = 4 if KERNEL == 3 else 0  # the tap from a pixel to the first of its four
    below: tl.constexpr = KERNEL
    for start in range(0, before, CHUNK):
        channel = start + tl.arange(0, CHUNK)
        known = channel < before
        source = tl.where(known, channel, 0)[None, :]
        at = channel[None, :] * area + place[:, None]
        taps = weight + channel[:, None] * w_before + to[None, :] * w_after
        used = known[:, None] & (to < after)[None, :]
        mask = inside[:, None] & known[None, :]
        x = values(given, given_norms, source, at, mask, KERNEL == 2)
        at_00 = _product(x, tl.load(taps + centre, used, 0.0), at_00, EXACT)
        at_01 = _product(x, tl.load(taps + centre + 1, used, 0.0), at_01, EXACT)
        at_10 = _product(x, tl.load(taps + centre + below, used, 0.0), at_10, EXACT)
        at_11 = _product(x, tl.load(taps + centre + below + 1, used, 0.0), at_11, EXACT)
        if KERNEL == 3:
            right = mask & (column + 1 < width)[:, None]
            x = values(given, given_norms, source, at + 1, right, False)
            at_01 = _product(x, tl.load(taps + 3, used, 0.0), at_01, EXACT)
            at_11 = _product(x, tl.load(taps + 6, used, 0.0), at_11, EXACT)
            under = mask & (row + 1 < height)[:, None]
            x = values(given, given_norms, source, at + width, under, False)
            at_10 = _product(x, tl.load(taps + 1, used, 0.0), at_10, EXACT)
            at_11 = _product(x, tl.load(taps + 2, used, 0.0), at_11, EXACT)
            x = values(given, given_norms, source, at + width + 1, right & under, False)
            at_11 = _product(x, tl.load(taps, used, 0.0), at_11, EXACT)
    store = inside[:, None] & (to < after)[None, :]
    out += image * out_image + network * out_network + to[None, :] * 4 * area
    out += (row * 4 * width + column * 2)[:, None]
    there = store & (place < added)[:, None]
    at_00 += tl.load(out, mask=there, other=0.0)
    at_01 += tl.load(out + 1, mask=there, other=0.0)
    at_10 += tl.load(out + 2 * width, mask=there, other=0.0)
    at_11 += tl.load(out + 2 * width + 1, mask=there, other=0.0)
    tl.store(out, at_00, mask=store)
    tl.store(out + 1, at_01, mask=store)
    tl.store(out + 2 * width, at_10, mask=store)
    tl.store(out + 2 * width + 1, at_11, mask=store)
    if STATISTICS:
        count = 4 * tl.sum(inside.to(tl.float32))
        total = tl.where(inside[:, None], (at_00 + at_01) + (at_10 + at_11), 0.0)
        mean = tl.sum(total, 0) / count
        a, b = at_00 - mean[None, :], at_01 - mean[None, :]
        c, d = at_10 - mean[None, :], at_11 - mean[None, :]
        off = tl.where(inside[:, None], (a * a + b * b) + (c * c + d * d), 0.0)
        squares = tl.sum(off, 0)
        if STATISTICS == 2:
            settle_channels(
                mean, squares / count, count, to, to < after, after, network,
                scale, weight_network, running, running_network,
                out_norms, out_norms_network, momentum,
            )  # fmt: skip
        else:
            part = image * tl.num_programs(0) + tl.program_id(0)
            partial += ((part * networks + network) * after + to) * 2
            tl.store(partial, mean, mask=to < after)
            tl.store(partial + 1, squares, mask=to < after)


@triton.jit(do_not_specialize=COUNTS, do_not_specialize_on_alignment=ANYWHERE)
def products(
    rows, row_norms, columns, column_norms, found,
    row_image, row_network, row_norms_network, column_image, column_network, column_norms_network,
    weight_network, split, height, width, out_height, out_width, images, before, after,
    KERNEL: tl.constexpr, STRIDE: tl.constexpr, SIDE: tl.constexpr, BLOCK: tl.constexpr,
    ALIGNED: tl.constexpr, EXACT: tl.constexpr,
):  # fmt: skip
    """The gradient of the weights of a convolution of `columns`, from that of its output, `rows`.

    With `KERNEL` 2 the two change places: then `columns` is the gradient of the output of an
    up-transposed node, and `rows` is what the node was given.

    The grid is (rows of taps x tiles of SIDE x CHUNK channels, networks, splits). Each split sums
    some of the pixels; `found` has one after the other, `split` numbers apart.
    """
    if ALIGNED:
        row_image, row_network = tl.multiple_of(row_image, 16), tl.multiple_of(row_network, 16)
        column_image = tl.multiple_of(column_image, 16)
        column_network = tl.multiple_of(column_network, 16)
        width, out_width = tl.multiple_of(width, 16), tl.multiple_of(out_width, 16)
    tiles = tl.cdiv(before, CHUNK)
    down = tl.program_id(0) % KERNEL
    tile = tl.program_id(0) // KERNEL
    network = tl.program_id(1).to(tl.int64)
    to = tile // tiles * SIDE + tl.arange(0, SIDE)
    channel = tile % tiles * CHUNK + tl.arange(0, CHUNK)
    area, out_area = height * width, out_height * out_width
    row_source = tl.where(to < after, to, 0)[:, None]
    column_source = tl.where(channel < before, channel, 0)[None, :]
    rows += network * row_network
    columns += network * column_network
    row_norms += network * row_norms_network
    column_norms += network * column_norms_network
    first = tl.zeros((SIDE, CHUNK), tl.float32)
    second = tl.zeros((SIDE, CHUNK), tl.float32)
    third = tl.zeros((SIDE, CHUNK), tl.float32)
    blocks = tl.cdiv(out_area, BLOCK)
    for part in range(tl.program_id(2), images * blocks, tl.num_programs(2)):
        image = (part // blocks).to(tl.int64)
        place = part % blocks * BLOCK + tl.arange(0, BLOCK)
        inside = place < out_area
        row, column = place // out_width, place % out_width
        line = row * STRIDE + down - (KERNEL - 1) // 2
        at = line * width + column * STRIDE
        if STRIDE == 1:
            at = place + (down - (KERNEL - 1) // 2) * width
        there = (inside & (line >= 0) & (line < height))[:, None] & (channel < before)[None, :]
        at = image * column_image + channel[None, :] * area + at[:, None]
        x = values(columns, column_norms, column_source, at, there, KERNEL != 2)
        mask = inside[None, :] & (to < after)[:, None]
        to_at = image * row_image + to[:, None] * out_area + place[None, :]
        y = values(rows, row_norms, row_source, to_at, mask, KERNEL == 2)
        second = _product(y, x, second, EXACT)
        if STRIDE == 2:
            x = values(columns, column_norms, column_source, at + 1, there, KERNEL != 2)
        if KERNEL == 2:
            third = _product(y, x, third, EXACT)
        if KERNEL == 3:
            right = mask & (column + 1 < out_width)[None, :]
            moved = tl.load(rows + to_at + 1, mask=right, other=0.0)
            first = _product(moved, x, first, EXACT)
            if STRIDE == 1:
                y = tl.load(rows + to_at - 1, mask=mask & (column > 0)[None, :], other=0.0)
            third = _product(y, x, third, EXACT)
    at = (to[:, None] * before + channel[None, :]) * KERNEL * KERNEL + down * KERNEL
    found += tl.program_id(2).to(tl.int64) * split + network * weight_network + at
    known = (to < after)[:, None] & (channel < before)[None, :]
    if KERNEL == 3:
        tl.store(found, first, mask=known)
        tl.store(found + 1, second, mask=known)
        tl.store(found + 2, third, mask=known)
    else:
        tl.store(found, second, mask=known)
        if KERNEL == 2:
            tl.store(found + 1, third, mask=known)
