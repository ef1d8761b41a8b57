"""What is recorded of DIP fits while they run: curves, peaks, and where ES-WMV would stop."""

from __future__ import annotations

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
        seconds: by `generate.training.clock`, all K together.
    """

    step: tuple[int, ...]
    curves: dict[str, np.ndarray[tuple[int, int], np.dtype[np.float32]]]
    stopped_rmse: list[float]
    stopped_iteration: list[int]
    seconds: float
    exact: dict[str, list[float] | list[int]] = field(default_factory=dict)


class Record:
    """Averages the outputs, watches the stopping rule, and keeps curves and peaks.

    Args:
        clean: shape (copies, size, size).
        seen: what was observed of them.
    """

    def __init__(self, protocol: Protocol, clean: torch.Tensor, seen: Observation):
        settings = protocol.dip
        copies, device = len(clean), clean.device
        self.task, self.clean, self.seen = protocol.operator, clean, seen
        self.scored = self.task.scored(seen)
        self.averaging = settings.averaging
        self.averaged = torch.zeros_like(clean)
        self.perturbed = settings.perturbation != 0
        self.step = log_steps(settings.iterations, settings.recorded)
        self.points = iter(enumerate(self.step))
        self.point, self.due = next(self.points)
        self.extended = protocol.recording >= 2
        names = (*CURVES, UNPERTURBED) if self.extended else CURVES
        self.curves = {
            name: torch.full((copies, len(self.step)), torch.nan, device=device) for name in names
        }
        self.peaks = {prefix: Peak(copies, device) for prefix in ("", "averaged_")}
        self.rule = StoppingRule(
            copies, protocol.size**2, settings.stop_window, settings.stop_patience, device
        )

    def wants_unperturbed(self, iteration: int) -> bool:
        """Whether `take` asks for the output for the unperturbed input."""
        return self.extended and self.perturbed and iteration == self.due

    def take(
        self, iteration: int, output: torch.Tensor, unperturbed: torch.Tensor | None = None
    ) -> None:
        """Take in the outputs of one iteration, counted from 1, shape (copies, size, size)."""
        self.averaged.lerp_(output, 1 if iteration == 1 else 1 - self.averaging)
        error = rmse(output, self.clean, self.scored)
        self.rule.update(iteration, output.flatten(1), error)
        if self.extended:
            self.peaks[""].update(iteration, error)
            averaged_error = rmse(self.averaged, self.clean, self.scored)
            self.peaks["averaged_"].update(iteration, averaged_error)
        if iteration != self.due:
            return
        found = {
            "rmse": error,
            "rmse_noisy": self.task.misfit_rmse(output, self.seen),
            "averaged_rmse": rmse(self.averaged, self.clean, self.scored),
            "averaged_rmse_noisy": self.task.misfit_rmse(self.averaged, self.seen),
        }
        if self.extended:
            still = output if unperturbed is None else unperturbed
            found[UNPERTURBED] = rmse(still, self.clean, self.scored)
        for name, values in found.items():
            self.curves[name][:, self.point] = values
        self.point, self.due = next(self.points, (0, 0))

    def fits(self, seconds: float) -> DipFits:
        """What was recorded of fits that took `seconds` together."""
        exact: dict[str, list[float] | list[int]] = {}
        for prefix, peak in self.peaks.items() if self.extended else ():
            exact[f"{prefix}exact_peak_rmse"] = peak.rmse.tolist()
            exact[f"{prefix}exact_peak_iteration"] = peak.iteration.tolist()
        return DipFits(
            step=self.step,
            curves={name: values.cpu().numpy() for name, values in self.curves.items()},
            stopped_rmse=self.rule.score.tolist(),
            stopped_iteration=self.rule.iteration.tolist(),
            seconds=seconds,
            exact=exact,
        )


class Peak:
    """The least RMSE over all iterations so far, and the first iteration that had it."""

    def __init__(self, copies: int, device: torch.device):
        self.rmse = torch.full((copies,), torch.inf, device=device)
        self.iteration = torch.zeros(copies, dtype=torch.int64, device=device)

    def update(self, iteration: int, error: torch.Tensor) -> None:
        """Take in the errors of one iteration, shape (copies,)."""
        better = error < self.rmse
        self.rmse = torch.where(better, error, self.rmse)
        self.iteration = torch.where(better, iteration, self.iteration)
