"""A dipbench network trained with deepinv's Trainer.

python examples/deepinv/supervised.py --epochs 20
"""

from __future__ import annotations

import argparse

import deepinv
import torch
from torch.utils.data import DataLoader

from dipbench import to_torch


class Denoiser(deepinv.models.Reconstructor):
    """Gives the measurement to the network, which is what deepinv's Trainer calls."""

    def __init__(self, network: torch.nn.Module):
        super().__init__()
        self.network = network

    def forward(self, y: torch.Tensor, physics: object, **_: object) -> torch.Tensor:
        """Restore `y`; the physics is not needed."""
        restored: torch.Tensor = self.network(y)
        return restored


def pictures(count: int, size: int = 32) -> torch.Tensor:
    """Random stripes, shape (count, 1, size, size), values in [0, 1]."""
    line = torch.linspace(-1, 1, size)
    y, x = torch.meshgrid(line, line, indexing="ij")
    angle, period = 3.1416 * torch.rand(count, 1, 1), 3 + 9 * torch.rand(count, 1, 1)
    wave = torch.sin(period * (x * torch.cos(angle) + y * torch.sin(angle)))
    return (0.5 + 0.4 * wave)[:, None]


def learn(name: str, epochs: int, sigma: float = 25 / 255) -> tuple[float, float]:
    """Train on noisy stripes; return the PSNR in dB before and after, on stripes not seen."""
    torch.manual_seed(0)
    physics = deepinv.physics.Denoising(deepinv.physics.GaussianNoise(sigma))
    train, test = pictures(64), pictures(16)
    pairs = [{"x": x, "y": y} for x, y in zip(train, physics(train), strict=True)]
    model = Denoiser(to_torch(name, seed=0))
    noisy = physics(test)
    psnr = deepinv.loss.metric.PSNR()

    def score() -> float:
        model.eval()
        with torch.no_grad():
            return float(psnr(model(noisy, physics), test).mean())

    before = score()
    trainer = deepinv.Trainer(
        model=model,
        physics=physics,
        optimizer=torch.optim.Adam(model.parameters(), lr=3e-3),
        train_dataloader=DataLoader(pairs, batch_size=16),
        epochs=epochs,
        device="cpu",
        save_path=None,
        verbose=False,
        show_progress_bar=False,
    )
    trainer.train()
    return before, score()


def main() -> None:
    """Train one network and print how well it denoises."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="d3-s0-bilinear-w16", help="default: %(default)s")
    parser.add_argument("--epochs", type=int, default=20, help="default: %(default)s")
    options = parser.parse_args()
    before, after = learn(options.name, options.epochs)
    print(f"{options.name}: {before:.2f} dB -> {after:.2f} dB")


if __name__ == "__main__":
    main()
