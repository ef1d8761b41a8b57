"""A dipbench network as the generator of deepinv's Deep Image Prior.

python examples/deepinv/dip.py --iterations 500
"""

from __future__ import annotations

import argparse

import deepinv
import torch

from dipbench import to_torch


def picture(size: int = 64) -> torch.Tensor:
    """A disc on stripes, shape (1, 1, size, size), values in [0, 1]."""
    line = torch.linspace(-1, 1, size)
    y, x = torch.meshgrid(line, line, indexing="ij")
    stripes = 0.5 + 0.3 * torch.sin(8 * x)
    return torch.where(x**2 + y**2 < 0.3, 0.9 * torch.ones_like(x), stripes)[None, None]


def restore(name: str, iterations: int, sigma: float = 25 / 255) -> tuple[float, float]:
    """Restore a noisy picture; return the PSNR in dB of the noisy and of the restored one."""
    torch.manual_seed(0)
    clean = picture()
    physics = deepinv.physics.Denoising(deepinv.physics.GaussianNoise(sigma))
    noisy = physics(clean)
    # A new network for each picture: `re_init` of deepinv does not reach layers within layers.
    prior = deepinv.models.DeepImagePrior(
        to_torch(name, in_channels=16, seed=0),
        img_size=(16, 64, 64),
        iterations=iterations,
        learning_rate=0.01,
    )
    restored = prior(noisy, physics).detach()
    psnr = deepinv.loss.metric.PSNR()
    return float(psnr(noisy, clean)), float(psnr(restored, clean))


def main() -> None:
    """Restore one picture and print how well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="d5-s-bilinear-w16", help="default: %(default)s")
    parser.add_argument("--iterations", type=int, default=500, help="default: %(default)s")
    options = parser.parse_args()
    noisy, restored = restore(options.name, options.iterations)
    print(f"{options.name}: {noisy:.2f} dB -> {restored:.2f} dB")


if __name__ == "__main__":
    main()
