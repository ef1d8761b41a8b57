"""What is recorded of DIP fits while they run: curves, peaks, and where ES-WMV would stop."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch

from generate.protocols.settings import Protocol, log_steps
from generate.tasks import Observation, rmse
from generate.training.stopping import StoppingRule

__all__ = ["DipFits", "Record"]

CURVES = ("rmse", "rmse_noisy", "averaged_rmse", "averaged_rmse_noisy")
UNPERTURBED = "unperturbed_rmse"


@dataclass(frozen=True)
class DipFits:
    """Curves of K fits, RMSE in grey levels.

    Attributes:
        step: the recorded iterations; 1 is the untrained network's output.
        curves: per name of `CURVES`, shape (K, len(step)); "noisy" is the misfit to what was
            observed. With `recording` 2 also ``unperturbed_rmse``, of the output for the fixed
            input itself, with the weights of that iteration.
        exact: with `recording` 2, the least RMSE over all iterations and when it was, shape (K,),
            of the raw outputs and, ``averaged_`` before the name, of the averaged ones.
        stopped_rmse, stopped_iteration: shape (K,), the raw output that ES-WMV chooses.
        seconds: what all K took together; NaN until it is known.
    """

    step: tuple[int, ...]
    curves: dict[str, np.ndarray[tuple[int, int], np.dtype[np.float32]]]
    stopped_rmse: list[float]
    stopped_iteration: list[int]
    exact: dict[str, list[float] | list[int]] = field(default_factory=dict)
    seconds: float = math.nan


class Record:
    """Averages the outputs, watches the stopping rule, and keeps curves and peaks.

    It counts iterations and recorded points on the device and changes its tensors in place, so
    `take` and `keep` can be captured and replayed.

    Args:
        clean: shape (copies, size, size).
        seen: what was observed of them.

    Attributes:
        iteration: how many iterations were taken in, shape (1,).
        steps: the iterations to be recorded.
    """

    def __init__(self, protocol: Protocol, clean: torch.Tensor, seen: Observation):
        settings = protocol.dip
        copies, device = len(clean), clean.device
        self.task, self.clean, self.seen = protocol.operator, clean, seen
        self.scored = self.task.scored(seen)
        self.averaged = torch.zeros_like(clean)
        self.weights = torch.tensor([1.0, 1 - settings.averaging], device=device, dtype=clean.dtype)
        self.steps = log_steps(settings.iterations, settings.recorded)
        self.iteration, self.point = torch.zeros(2, 1, dtype=torch.int64, device=device)
        self.error = torch.full((copies,), torch.nan, device=device, dtype=clean.dtype)
        self.extended = protocol.recording >= 2
        self.perturbed = settings.perturbation != 0
        names = (*CURVES, UNPERTURBED) if self.extended else CURVES
        self.curves = {
            name: torch.full((copies, len(self.steps)), torch.nan, device=device) for name in names
        }
        self.peaks = {prefix: Peak(copies, device) for prefix in ("", "averaged_")}
        self.rule = StoppingRule(
            copies, protocol.size**2, settings.stop_window, settings.stop_patience, device
        )

    @property
    def wants_unperturbed(self) -> bool:
        """Whether `keep_unperturbed` is to be called before each recorded iteration."""
        return self.extended and self.perturbed

    def take(self, output: torch.Tensor) -> None:
        """Take in the outputs of the next iteration, shape (copies, size, size)."""
        self.iteration += 1
        # The first output stands for all those before it.
        weight = self.weights[(self.iteration > 1).long()]
        self.averaged.lerp_(output, weight)
        self.error.copy_(rmse(output, self.clean, self.scored))
        self.rule.update(self.iteration, output.flatten(1), self.error)
        if self.extended:
            self.peaks[""].update(self.iteration, self.error)
            averaged_error = rmse(self.averaged, self.clean, self.scored)
            self.peaks["averaged_"].update(self.iteration, averaged_error)

    def keep_unperturbed(self, output: torch.Tensor) -> None:
        """Record the outputs for the unperturbed input; to be called before `keep`."""
        self._set(UNPERTURBED, rmse(output, self.clean, self.scored))

    def keep(self, output: torch.Tensor) -> None:
        """Record the iteration that `take` was last given, a point of all curves."""
        self._set("rmse", self.error)
        self._set("rmse_noisy", self.task.misfit_rmse(output, self.seen))
        self._set("averaged_rmse", rmse(self.averaged, self.clean, self.scored))
        self._set("averaged_rmse_noisy", self.task.misfit_rmse(self.averaged, self.seen))
        if self.extended and not self.perturbed:
            self._set(UNPERTURBED, self.error)
        self.point += 1

    def _set(self, name: str, values: torch.Tensor) -> None:
        curve = self.curves[name]
        curve.index_copy_(1, self.point, values[:, None].to(curve.dtype))

    def fits(self) -> DipFits:
        """What was recorded; the seconds are left to the caller."""
        exact: dict[str, list[float] | list[int]] = {}
        for prefix, peak in self.peaks.items() if self.extended else ():
            exact[f"{prefix}exact_peak_rmse"] = peak.rmse.tolist()
            exact[f"{prefix}exact_peak_iteration"] = peak.iteration.tolist()
        return DipFits(
            step=self.steps,
            curves={name: values.cpu().numpy() for name, values in self.curves.items()},
            stopped_rmse=self.rule.score.tolist(),
            stopped_iteration=self.rule.iteration.tolist(),
            exact=exact,
        )


class Peak:
    """The least RMSE over all iterations so far, and the first iteration that had it."""

    def __init__(self, copies: int, device: torch.device):
        self.rmse = torch.full((copies,), torch.inf, device=device)
        self.iteration = torch.zeros(copies, dtype=torch.int64, device=device)

    def update(self, iteration: torch.Tensor, error: torch.Tensor) -> None:
        """Take in the errors of one iteration, shape (copies,); `iteration` as in StoppingRule."""
        better = error < self.rmse
        self.rmse.copy_(torch.where(better, error, self.rmse))
        self.iteration.copy_(torch.where(better, iteration, self.iteration))
