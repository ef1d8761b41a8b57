"""Normal noise by counter, as a Triton kernel: it does not depend on what runs beside it."""

from __future__ import annotations

import triton.language as tl

from generate.networks.gpu.convolution import kernel

__all__ = ["perturb"]


@kernel
def perturb(out, fixed, seeds, iteration, scale, count, quarter, BLOCK: tl.constexpr):
    """`out` = `fixed` + `scale` x normal numbers, `count` per network.

    They are a function of seed, iteration and place alone: the words of Philox 4x32-10 (Salmon,
    Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011), in pairs, by the
    Box-Muller transform. The grid is (blocks of a quarter of the numbers, networks).
    """
    network = tl.program_id(1).to(tl.int64)
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)  # (BLOCK,)
    zero = (place * 0).to(tl.uint32)
    step = zero + tl.load(iteration).to(tl.uint32)
    a, b, c, d = tl.philox(tl.load(seeds + network), place.to(tl.uint32), step, zero, zero)
    last = tl.where(place < quarter, count, 0)  # places from there on are not this program's
    for part in tl.static_range(4):
        word, other = (a, b) if part < 2 else (c, d)
        # 24 bits of a word are exact in float32, and with 1 added they are never 0.
        radius = tl.sqrt(-2.0 * tl.log(((word >> 8) + 1).to(tl.float32) * 5.9604644775390625e-08))
        angle = ((other >> 8) + 1).to(tl.float32) * 3.7450702829239286e-07  # 2 pi x 2**-24
        noise = radius * (tl.sin(angle) if part % 2 else tl.cos(angle))
        at, mask = network * count + place + part * quarter, place + part * quarter < last
        tl.store(out + at, tl.load(fixed + at, mask=mask) + scale * noise, mask=mask)
