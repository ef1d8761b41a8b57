"""The document: numbers from a `Study`, with sentences that follow from them.

No sentence here says more than its numbers: directions, verdicts and comparisons are chosen by
the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dipbench.reports.findings import effects, tables
from dipbench.reports.findings.across import across_section
from dipbench.reports.findings.basis import basis
from dipbench.reports.findings.beside import longer_section, still_section
from dipbench.reports.findings.bootstrap import COVERED
from dipbench.reports.findings.compared import (
    architecture_rows,
    compared,
    run_rows,
    source_rows,
    values,
)
from dipbench.reports.findings.effort import Effort
from dipbench.reports.findings.hard import hard_section
from dipbench.reports.findings.larger import larger_section
from dipbench.reports.findings.opening import opening
from dipbench.reports.findings.panel import HEADLINE
from dipbench.reports.findings.stopping import caveat
from dipbench.reports.findings.study import Study
from dipbench.reports.findings.text import listed
from dipbench.reports.findings.trust import trust
from dipbench.reports.findings.variance import FACTORS
from dipbench.reports.findings.verdicts import overview, rules_section, verdicts
from dipbench.reports.markdown import table as markdown_table
from dipbench.reports.markdown import wrapped
from dipbench.version import __version__

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["report"]


def report(table: Table, found: Study, figures: Mapping[str, str]) -> str:
    """The document, in Markdown.

    Args:
        figures: where the document finds each figure of `dipbench.reports.findings.figures`.
    """
    sections = {
        "The verdicts": overview(found.claims),
        "What was measured": _coverage(table, found),
        "With and without perturbation": still_section(found),
        "The rules": rules_section(),
        "Every claim in every setting": verdicts(found.claims),
        "What the verdicts rest on": basis(found),
        "How hard is it?": hard_section(found),
        "Over tasks": across_section(found),
        "Longer training": longer_section(found),
        "In a larger space": larger_section(found.larger),
        "The scatter plots": _scatter(table, figures),
        "What explains the variance": effects.variance(found, figures),
        "The two modes side by side": effects.ranks(found),
        "The control experiment": effects.control(found, figures),
        "The empty corner": effects.corner(found, figures),
        "Other ways to score": _metrics(found),
        "How far to trust it": trust(found),
        "How it was computed": _methods(found.effort),
    }
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items())
    head = f"# Findings: {table.protocol}\n\n{opening(table, found)}\n\n{_introduction()}"
    blocks = f"{head}\n\n{body}".split("\n\n")
    return "\n\n".join(map(wrapped, blocks)) + "\n"


def _introduction() -> str:
    return (
        "This page says what the table shows of the report's claims (Ishikawa, Waseda), whether or "
        "not it agrees with them. `dipbench findings` writes it, figures included: every number "
        "and every verdict is computed from the tables, by rules that are fixed in the program. "
        "RMSE is in grey levels on the 0–255 scale, per image against the clean image, then the "
        "mean over images. Brackets hold 95% intervals; unless something else is said, they are "
        "over architectures, images and seeds."
    )


def _coverage(table: Table, found: Study) -> str:
    panel = found.panel
    rows = [
        *source_rows(table),
        ("task", found.task),
        *architecture_rows(table, panel),
        ("of those left out, with a diverged run", str(panel.diverged)),
        *run_rows(table, panel),
        ("of these with the peak at the last iteration", str(panel.censored)),
        ("devices", values(table, "device")),
        ("engines", values(table, "engine")),
        ("not varied", listed(_still(found)) if _still(found) else "–"),
        ("version of dipbench, random seed", f"{__version__}, {found.seed}"),
    ]
    text = markdown_table(("what", "in this table"), rows)
    return f"{text}\n\n{compared(table, panel, 'What follows')}"


def _still(found: Study) -> list[str]:
    """The features that have one value in the whole panel."""
    shares = found.explained[HEADLINE[0]].shares
    return [FACTORS[share.factor] for share in shares if not share.coefficients]


def _scatter(table: Table, figures: Mapping[str, str]) -> str:
    shown = len(table.frame.dropna(subset=["supervised_rmse", "dip_rmse"]))
    return (
        f"The report's three scatter plots. Shown are the {shown} architectures with both scores, "
        "each score being the mean over all that was measured of it.\n\n"
        f"![DIP RMSE over supervised RMSE]({figures['scatter']})\n\n"
        f"![The same, coloured by depth]({figures['scatter-depth']})\n\n"
        f"![The same, coloured by SLC]({figures['scatter-slc']})"
    )


def _metrics(found: Study) -> str:
    warned = caveat(found.stopping)
    return "\n\n".join(
        [
            "The same figures for each way to score the same runs. *Peak* is the least recorded "
            "RMSE of the raw output, *final* the last one, *averaged* that of the averaged output, "
            "*ES-WMV stop* that of the output which a stopping rule without a clean image keeps. "
            + (f"{warned} " if warned else "")
            + "First the Shapley shares and the trends, then Kendall's tau.",
            tables.pair_table(found),
        ]
    )


def _methods(effort: Effort) -> str:
    lines = (
        "- Shapley shares of R²: Lindeman, Merenda and Gold, *Introduction to Bivariate and "
        "Multivariate Analysis*, 1980; Grömping, *The American Statistician* 61(2), 2007.",
        f"- Intervals: {effort.resamples} resamples of architectures, of images, and of the seeds "
        f"of each image, all with replacement, {COVERED:.0%} by percentiles: the pigeonhole "
        "bootstrap, Owen, *Annals of Applied Statistics* 1(2), 2007. Supervised scores are known "
        "as means over the test images alone, so for them architectures and seeds are resampled "
        "and test images are not. Eight images or three seeds make a coarse interval.",
        "- The corner alone: ranges over "
        f"{effort.tables} made-up tables; not over images or seeds.",
        "- Kendall's tau is tau-b (Kendall, *Biometrika* 33(3), 1945), within strata summed over "
        "them (Korn, *Biometrics* 40(1), 1984); trends are Somers' D (*American Sociological "
        "Review* 27(6), 1962), two values of the varied feature weighing the same however many "
        "architectures have them.",
        f"- p-values are two-sided, of {effort.shuffles} shuffles, the measured order counting as "
        "one (Phipson and Smyth, *Statistical Applications in Genetics and Molecular Biology* "
        f"9(1), 2010), so {1 / (1 + effort.shuffles):g} is the least. They are not corrected for "
        "their number.",
        "- Intraclass correlations: Shrout and Fleiss, *Psychological Bulletin* 86(2), 1979. "
        "Variance components: analysis of variance, Searle, Casella and McCulloch, *Variance "
        "Components*, 1992.",
        "- How hard it is: `dipbench.table.difficulty` computes the same numbers for any table.",
        "- `dipbench findings` takes `--task`, `--rng-seed` of the resampling, `--with` for each "
        "table beside, `--baselines`, `--format` of the figures, and `--json`, which prints all "
        "numbers and writes nothing.",
    )
    return "\n".join(lines)
