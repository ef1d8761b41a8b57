"""The stopping rule against its definition, evaluated plainly."""

import numpy as np
import pytest
import torch

from generate.training.stopping import StoppingRule


def plainly(outputs, window, patience):
    """Iteration, counted from 1, that the rule keeps for one fit; shape (iterations, pixels)."""
    least, kept = np.inf, 0
    for end in range(window, len(outputs) + 1):
        if kept and end - kept >= patience:
            break
        recent = outputs[end - window : end].astype(np.float64)
        variance = ((recent - recent.mean(0)) ** 2).sum(1).mean()
        if variance < least:
            least, kept = variance, end
    return kept


@pytest.mark.parametrize("patience", [3, 8, 1000])
@pytest.mark.parametrize("window", [2, 5])
def test_rule_equals_its_definition(window, patience):
    rng = np.random.default_rng(0)
    scale = 1 + np.abs(np.arange(60) - 25) / 5  # calm in the middle, as a DIP fit is
    outputs = rng.normal(0.5, 0.1, (60, 3, 16)) * scale[:, None, None]
    outputs = outputs.astype(np.float32)
    rule = StoppingRule(3, 16, window, patience, torch.device("cpu"))
    for i, output in enumerate(torch.from_numpy(outputs), start=1):
        rule.update(torch.tensor([i]), output, torch.tensor([i, 2.0 * i, 3.0 * i]))
    expected = [plainly(outputs[:, k], window, patience) for k in range(3)]
    assert rule.iteration.tolist() == expected
    assert rule.score.tolist() == [expected[0], 2 * expected[1], 3 * expected[2]]


def test_nothing_is_chosen_before_the_window_is_full():
    rule = StoppingRule(1, 4, 3, 10, torch.device("cpu"))
    for i in (1, 2):
        rule.update(torch.tensor([i]), torch.rand(1, 4), torch.ones(1))
    assert rule.iteration.tolist() == [0]
