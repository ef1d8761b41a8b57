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

    def update(self, iteration: torch.Tensor, outputs: torch.Tensor, score: torch.Tensor) -> None:
        """Take in the outputs of one iteration; nothing waits for the device.

        Args:
            iteration: its number, counted from 1, an integer tensor of shape (1,).
            outputs: shape (copies, pixels).
            score: shape (copies,), kept for the chosen iteration.
        """
        slot = iteration % self.window
        new, old = outputs.double(), self.history.index_select(0, slot)[0].double()
        self.total += new - old
        self.squares += new.square().sum(1) - old.square().sum(1)
        self.history.index_copy_(0, slot, outputs[None].to(self.history.dtype))
        full = iteration >= self.window
        variance = self.squares / self.window - (self.total / self.window).square().sum(1)
        late = (self.iteration > 0) & (iteration - self.iteration >= self.patience)
        self.stopped |= full & late
        better = full & (variance < self.least) & ~self.stopped
        # In place, so that a captured step finds them where they were.
        self.least.copy_(torch.where(better, variance, self.least))
        self.iteration.copy_(torch.where(better, iteration, self.iteration))
        self.score.copy_(torch.where(better, score, self.score))
