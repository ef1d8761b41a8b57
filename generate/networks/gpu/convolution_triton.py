"""The convolution of `gpu.convolutions` as GPU kernels of our own, backward included.

Libraries are made for many channels; these networks have 4 to 32, side by side. Here a program
holds all output channels of one network for a block of pixels, so an input value is read once per
place of the kernel and used for every channel. All sums are in the same order each time.
"""

# mypy: disable-error-code="import-not-found,import-untyped,no-untyped-call,no-untyped-def"
# mypy: disable-error-code="untyped-decorator"
# Triton comes with torch for GPUs alone. To its kernels annotations would mean nothing.

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl

__all__ = ["convolve"]

BLOCK, SMALL_BLOCK = 256, 64  # pixels of a program; two sizes, since each is compiled anew
BLOCK_OF_GRADIENT = 64
LEAST_OF_PRODUCT = 16  # rows and columns that `tl.dot` asks for
SIZES = ["height", "width", "out_height", "out_width"]  # one program for all levels


def convolve(x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
    """As `generate.networks.gpu.convolutions.grouped`, in the precision of its arguments."""
    output: torch.Tensor = _Convolution.apply(x, weight, stride)
    return output


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, stride: int) -> torch.Tensor:
        x = x.contiguous()
        ctx.save_for_backward(x, weight)
        ctx.stride = stride
        copies, after = weight.shape[:2]
        height, width = x.shape[2] // stride, x.shape[3] // stride
        output = x.new_empty(len(x), copies * after, height, width)
        # Channels of the output last: a program reads the kernels of all of them at once.
        _launch(x, weight.permute(0, 2, 3, 4, 1), output, stride, back=False)
        return output

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        of_output = gradients[0].contiguous()
        of_x = of_weight = None
        if ctx.needs_input_grad[0]:
            of_x = torch.empty_like(x)
            _launch(of_output, weight.permute(0, 1, 3, 4, 2), of_x, ctx.stride, back=True)
        if ctx.needs_input_grad[1]:
            of_weight = _weight_gradient(x, of_output, weight, ctx.stride)
        return of_x, of_weight, None


def _launch(
    given: torch.Tensor, weight: torch.Tensor, out: torch.Tensor, stride: int, back: bool
) -> None:
    """Fill `out`; `weight` of shape (K, channels of `given`, kernel, kernel, channels of `out`)."""
    weight = weight.contiguous()
    copies, before, kernel, _, after = weight.shape
    area = out.shape[2] * out.shape[3]
    block = BLOCK if area >= BLOCK else SMALL_BLOCK
    grid = (triton.cdiv(area, block), copies, len(given))
    sizes = *given.shape[2:], *out.shape[2:]
    padded = triton.next_power_of_2(after)
    _convolve[grid](given, weight, out, *sizes, before, after, padded, kernel, stride, back, block)


def _weight_gradient(
    x: torch.Tensor, of_output: torch.Tensor, weight: torch.Tensor, stride: int
) -> torch.Tensor:
    copies, after, before, kernel, _ = weight.shape
    found = torch.empty_like(weight, memory_format=torch.contiguous_format)
    padded = [max(LEAST_OF_PRODUCT, triton.next_power_of_2(n)) for n in (before, after)]
    sizes = *x.shape[2:], *of_output.shape[2:]
    _products[kernel**2, copies](
        x, of_output, found, len(x), *sizes, before, after, *padded, kernel, stride,
        BLOCK_OF_GRADIENT,
    )  # fmt: skip
    return found


@triton.jit(do_not_specialize=SIZES)
def _convolve(
    given, weight, out, height, width, out_height, out_width,
    BEFORE: tl.constexpr, AFTER: tl.constexpr, PADDED: tl.constexpr,
    KERNEL: tl.constexpr, STRIDE: tl.constexpr, BACK: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """A block of pixels of `out`; with BACK, `given` and `out` are gradients the other way."""
    network = tl.program_id(1)
    copy = (tl.program_id(2) * tl.num_programs(1) + network).to(tl.int64)
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = place < out_height * out_width
    row, column = place // out_width, place % out_width
    after = tl.arange(0, PADDED)
    area = height * width
    given += copy * BEFORE * area
    weight += network * BEFORE * KERNEL * KERNEL * AFTER
    total = tl.zeros((PADDED, BLOCK), given.dtype.element_ty)
    for tap in tl.static_range(KERNEL * KERNEL):
        if BACK:
            up, left = row + KERNEL // 2 - tap // KERNEL, column + KERNEL // 2 - tap % KERNEL
            # Of the pixels between those that a stride left out nothing comes back.
            there = inside & (up >= 0) & (left >= 0) & (up % STRIDE == 0) & (left % STRIDE == 0)
            up, left = up // STRIDE, left // STRIDE
        else:
            up = row * STRIDE + tap // KERNEL - KERNEL // 2
            left = column * STRIDE + tap % KERNEL - KERNEL // 2
            there = inside & (up >= 0) & (left >= 0)
        there = there & (up < height) & (left < width)
        for before in range(BEFORE):
            values = tl.load(given + before * area + up * width + left, mask=there, other=0.0)
            kernels = weight + (before * KERNEL * KERNEL + tap) * AFTER + after
            factors = tl.load(kernels, mask=after < AFTER, other=0.0)
            total += factors[:, None] * values[None, :]
    out_area = out_height * out_width
    pointers = out + copy * AFTER * out_area + after[:, None] * out_area + place[None, :]
    tl.store(pointers, total, mask=(after < AFTER)[:, None] & inside[None, :])


@triton.jit(do_not_specialize=SIZES)
def _products(
    x, of_output, found, batch, height, width, out_height, out_width,
    BEFORE: tl.constexpr, AFTER: tl.constexpr, COLUMNS: tl.constexpr, ROWS: tl.constexpr,
    KERNEL: tl.constexpr, STRIDE: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """The gradient of one place of the kernels of one network, over all pixels and images."""
    tap = tl.program_id(0)
    network = tl.program_id(1)
    before, after = tl.arange(0, COLUMNS), tl.arange(0, ROWS)
    area, out_area = height * width, out_height * out_width
    total = tl.zeros((ROWS, COLUMNS), x.dtype.element_ty)
    for image in range(batch):
        copy = (image * tl.num_programs(1) + network).to(tl.int64)
        for start in range(0, out_area, BLOCK):
            place = start + tl.arange(0, BLOCK)
            inside = place < out_area
            up = place // out_width * STRIDE + tap // KERNEL - KERNEL // 2
            left = place % out_width * STRIDE + tap % KERNEL - KERNEL // 2
            there = inside & (up >= 0) & (left >= 0) & (up < height) & (left < width)
            rows = of_output + copy * AFTER * out_area + after[:, None] * out_area
            columns = x + copy * BEFORE * area + before[None, :] * area
            left_hand = tl.load(
                rows + place[None, :], mask=(after < AFTER)[:, None] & inside[None, :], other=0.0
            )
            right_hand = tl.load(
                columns + (up * width + left)[:, None],
                mask=(before < BEFORE)[None, :] & there[:, None],
                other=0.0,
            )
            total += tl.dot(left_hand, right_hand, input_precision="ieee")
    index = (network * AFTER + after[:, None]) * BEFORE + before[None, :]
    mask = (after < AFTER)[:, None] & (before < BEFORE)[None, :]
    tl.store(found + index * KERNEL * KERNEL + tap, total, mask=mask)
