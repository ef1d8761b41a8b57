"""Bayesian optimisation: a Gaussian process over features, and expected improvement.

Jones, Schonlau, Welch, "Efficient global optimization of expensive black-box functions",
Journal of Global Optimization 13, 1998. Needs scikit-learn: ``pip install dipbench[nas]``.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dipbench.extras import how_to_install
from dipbench.nas.problem import Problem

if TYPE_CHECKING:
    from dipbench.nas.data import Member

__all__ = ["encode", "gaussian_process"]

Floats = npt.NDArray[np.float64]

POOL = 1000  # architectures to choose among in a space that is not listed


def gaussian_process(
    problem: Problem, rng: np.random.Generator, start: int = 5, refit: float = 1.5
) -> None:
    """Evaluate where a Gaussian process of the objective's logarithm expects most improvement.

    In a space too large to be listed it chooses among 1000 architectures drawn at random.

    Args:
        start: so many random architectures come first.
        refit: the kernel is fitted anew when there are this many times as many evaluations.

    Raises:
        ImportError: scikit-learn is not installed.
    """
    with _one_thread():
        _search(problem, rng, start, refit)


def _search(problem: Problem, rng: np.random.Generator, start: int, refit: float) -> None:
    pool = list(problem.architectures if problem.listed else problem.drawn(rng, POOL))
    inputs = encode(problem, pool)
    order = rng.permutation(len(inputs))
    known = order[:start].tolist()
    values = [_values(problem, pool[index]) for index in known]
    model, due = _new_model(), 0.0
    while len(known) < len(inputs):
        prefer = problem.preference(rng)
        targets = np.log([prefer(value) for value in values])
        fit_kernel = len(known) >= due
        if fit_kernel:
            model, due = _new_model(), refit * len(known)
        _fit(model, inputs[known], targets)
        if fit_kernel:
            model.set_params(kernel=model.kernel_, optimizer=None)
        unknown = np.setdiff1d(order, known, assume_unique=True)  # ties fall at random
        mean, deviation = model.predict(inputs[unknown], return_std=True)
        gains = _expected_improvement(mean, deviation, targets.min())
        known.append(int(unknown[gains.argmax()]))
        values.append(_values(problem, pool[known[-1]]))


def encode(problem: Problem, architectures: Sequence[Member] | None = None) -> Floats:
    """Free features of some architectures, one row each, of mean 0 and standard deviation 1.

    Depth, SLC and the logarithms of parameters and MACs; in a named space also its binary
    features, such as which levels have skip connections. The other ones are sizes, of which
    parameters and MACs say enough.
    """
    chosen = problem.architectures if architectures is None else architectures
    columns = np.array([_numbers(problem, a) for a in chosen])
    if problem.space is not None:
        binary = [feature.binary for feature in problem.space.features]
        encoded = problem.space.encode_many(chosen)
        columns = np.hstack([columns, encoded[:, binary]])
    spread = columns.std(axis=0)
    standard: Floats = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return standard


def _numbers(problem: Problem, architecture: Member) -> list[float]:
    found = problem.features(architecture)
    return [found.depth, found.slc, math.log(found.params), math.log(found.macs)]


def _values(problem: Problem, architecture: Member) -> tuple[float, ...]:
    return problem.evaluate(architecture).values


def _one_thread() -> AbstractContextManager[object]:
    """Matrices as small as these gain nothing from threads, and wait for them."""
    try:
        import sklearn.gaussian_process  # noqa: F401 # what is loaded later is not limited
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise ImportError(f"gaussian_process needs scikit-learn: {how_to_install('nas')}") from None
    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits


def _new_model() -> Any:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import Matern, WhiteKernel

    kernel = Matern(3.0, (0.3, 30.0), nu=2.5) + WhiteKernel(0.1, (1e-4, 1.0))
    return GaussianProcessRegressor(kernel, normalize_y=True)


def _fit(model: Any, inputs: Floats, values: Floats) -> None:
    with warnings.catch_warnings():
        # A kernel at a bound, or short of convergence, still ranks what to try next.
        warnings.simplefilter("ignore")
        model.fit(inputs, values)


def _expected_improvement(mean: Floats, deviation: Floats, best: float) -> Floats:
    from scipy.special import ndtr

    deviation = np.maximum(deviation, 1e-12)
    z = (best - mean) / deviation
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    gains: Floats = deviation * (z * ndtr(z) + density)
    return gains
