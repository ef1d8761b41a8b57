"""ES-WMV: stop a DIP fit where the windowed moving variance of its outputs is least.

Wang, Li, Zhuang, Chen, Liang, Sun, "Early Stopping for Deep Image Prior", arXiv:2112.06074. The
variance of the last `window` outputs falls while the image is being fitted and rises again
once the noise is. No clean image is needed, so the rule can be used in practice.
"""

from __future__ import annotations

import torch

__all__ = ["StoppingRule"]


class StoppingRule:
    """Watches `copies` fits at once and remembers which iteration each would have kept.

    Attributes:
        iteration: shape (copies,), the chosen iteration so far; 0 before the window is full.
        score: shape (copies,), what `update` was given as score at that iteration.
    """

    def __init__(self, copies: int, pixels: int, window: int, patience: int, device: torch.device):
        self.window = window
        self.patience = patience
        self.history = torch.zeros(window, copies, pixels, device=device)
        # Running sums in float64: thousands of additions and subtractions must cancel.
        self.total = torch.zeros(copies, pixels, dtype=torch.float64, device=device)
        self.squares = torch.zeros(copies, dtype=torch.float64, device=device)
        self.least = torch.full((copies,), torch.inf, dtype=torch.float64, device=device)
        self.iteration = torch.zeros(copies, dtype=torch.int64, device=device)
        self.score = torch.full((copies,), torch.nan, device=device)
        self.stopped = torch.zeros(copies, dtype=torch.bool, device=device)

    def update(self, iteration: int, outputs: torch.Tensor, score: torch.Tensor) -> None:
        """Take in the outputs of one iteration, counted from 1.

        Args:
            outputs: shape (copies, pixels).
            score: shape (copies,), kept for the chosen iteration.
        """
        slot = self.history[iteration % self.window]
        new, old = outputs.double(), slot.double()
        self.total += new - old
        self.squares += new.square().sum(1) - old.square().sum(1)
        slot.copy_(outputs)
        if iteration < self.window:
            return
        variance = self.squares / self.window - (self.total / self.window).square().sum(1)
        self.stopped |= (self.iteration > 0) & (iteration - self.iteration >= self.patience)
        better = (variance < self.least) & ~self.stopped
        self.least = torch.where(better, variance, self.least)
        self.iteration = torch.where(better, iteration, self.iteration)
        self.score = torch.where(better, score, self.score)
