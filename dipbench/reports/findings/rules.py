"""The rules of the verdicts in words, with the reason for each part."""

from __future__ import annotations

from dipbench.reports.findings.conditions import CORNER, LEAK, SIGNIFICANT, TREND

__all__ = ["REASONS", "VERSION", "rules"]

VERSION = 3

# What the first version of the rules did not see, and why each respect is there.
REASONS = {
    "All architectures, and those of depth ≥ 2 alone": (
        "few architectures have depth 1 (12 of 372 in `core64`), and they carry most of the "
        "variance of the DIP peak: what is said of all may be said of these few alone."
    ),
    "Values and ranks": "a few large errors decide a variance, and none decides an order.",
    "The peak and the averaged output": (
        "a DIP is used with either, and they do not rank networks alike."
    ),
    "With and without perturbation of the input": (
        "the perturbation hurts shallow networks, so a trend along depth may be made by it."
    ),
    "Crosswise, for independence": (
        "a mode is set on its own only if the feature of the other mode does not move it. A share "
        "of the variance does not show this where a few networks make most of the variance."
    ),
    "Both weightings, for the corner": (
        "if every architecture weighs the same, depth and SLC are hardly correlated in the space "
        "at hand, so the empty corner cannot act."
    ),
}


def rules() -> dict[str, str]:
    """Per claim, how one setting is decided; Markdown."""
    third, p = f"{TREND:.2f}", f"{SIGNIFICANT:g}"
    follows = (
        "*Leads*: {own} has the greatest Shapley share of the variance of {mode} RMSE among the "
        "five features, and the 95% interval of its lead over the next is above 0. *Moves*: with "
        "{rival}, up-sampling and width fixed, Somers' D of {mode} RMSE on {own} is at least "
        f"{third} in size (two of three pairs in one order), with p < {p}, and has the sign that "
        "it has for the task's headline. Both: holds. One: holds in part. None: does not hold."
    )
    return {
        "dip": follows.format(own="depth", rival="SLC", mode="DIP"),
        "supervised": follows.format(own="SLC", rival="depth", mode="supervised"),
        "independent": (
            "A mode is set on its own if three things are true of it. *Moves*, as above: its own "
            "feature (depth for DIP, SLC for supervised) moves it while the other is fixed. "
            "*Crosswise*: the other feature does not move it so far, either way, while its own is "
            "fixed. *Stays*: the other feature, added to a model of its own feature, up-sampling "
            f"and width, explains less than {LEAK:.0%} of the variance, the upper end of the 95% "
            "interval included. Both modes are set on their own: holds. One is: holds in part. "
            "None: does not hold."
        ),
        "corner": (
            f"There must be a correlation: Kendall's tau over all pairs with p < {p}; and the "
            "corner must make one of its sign: the 95% range of the tau that the corner alone "
            "produces (see below) is on the same side of 0. If both are so, and the measured tau "
            "lies in that range: holds. If both are so, and the mean tau of the corner alone is "
            f"at least {CORNER:.0%} of the measured one: holds in part. Else: does not hold. Tau "
            "is of ranks, so values and ranks are the same here."
        ),
    }
