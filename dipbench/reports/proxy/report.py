"""The document: numbers from a `Study`, with sentences that follow from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dipbench.reports.findings.bootstrap import COVERED
from dipbench.reports.findings.compared import (
    architecture_rows,
    compared,
    run_rows,
    source_rows,
    values,
)
from dipbench.reports.findings.stopping import caveat
from dipbench.reports.findings.text import interval, listed, number, signed
from dipbench.reports.markdown import table as markdown_table
from dipbench.reports.markdown import wrapped
from dipbench.reports.proxy.answers import answers, other_signs, times
from dipbench.reports.proxy.proxies import GROUPS
from dipbench.reports.proxy.scores import COLUMNS
from dipbench.reports.proxy.study import NEAR, NEARER, ORDERS, Standing, Study
from dipbench.version import __version__

if TYPE_CHECKING:
    from dipbench.table.table import Table

__all__ = ["report"]


def report(table: Table, found: Study, figure: str) -> str:
    """The document, in Markdown.

    Args:
        figure: where the document finds the figure.
    """
    sections = {
        "The answer": "\n".join(f"- {line}" for line in answers(found)),
        "What was measured": _coverage(table, found),
        "The proxies": _proxies(found),
        "Do they order architectures as training does?": _correlations(found, figure),
        "What do they save?": _savings(found),
        "How it was computed": _methods(found),
    }
    if found.scores is not None:
        sections["The file of scores"] = _columns()
    body = "\n\n".join(f"## {heading}\n\n{text}" for heading, text in sections.items())
    blocks = f"# Proxies: {table.protocol}\n\n{_introduction(table)}\n\n{body}".split("\n\n")
    return "\n\n".join(map(wrapped, blocks)) + "\n"


def _introduction(table: Table) -> str:
    name = table.protocol
    file = f"generate/results/{name}-scores.csv"
    return (
        "Can the Deep Image Prior, which needs no training set, stand in for supervised training "
        "when networks are designed? A *proxy* is a number by which architectures are ordered "
        "before they are trained. This page compares DIP with features of the graph, "
        "training-free scores and the beginning of the training itself. RMSE is in grey levels on "
        "the 0–255 scale; brackets hold 95% intervals. All of it, verdicts included, is computed; "
        "it is made by\n\n"
        "```console\n"
        f"$ dipbench proxy --scores {file} --out docs\n"
        "```\n\n"
        "and the scores, which need no measured table, by\n\n"
        "```console\n"
        f"$ python -m generate scores --protocol {name} --images IMAGES --out {file}\n"
        "```\n\n"
        "`dipbench proxy` takes `--task`, `--rng-seed` of the resampling, `--format` of the "
        "figure, and `--json`, which prints the numbers and writes nothing. Without `--scores` the "
        "page has all but the training-free scores."
    )


def _coverage(table: Table, found: Study) -> str:
    panel, scores = found.panel, found.scores
    rows = [
        *source_rows(table),
        ("SHA-256 of the file of scores", f"`{scores.sha256}`" if scores else "none was given"),
        ("task", found.task),
        *architecture_rows(table, panel),
        *run_rows(table, panel),
        ("seconds of runs are of", _clock(table)),
        *(
            [
                ("seed numbers of scores", "; ".join(scores.seeds)),
                ("seconds of scores are of", listed(scores.devices)),
            ]
            if scores
            else []
        ),
        ("version of dipbench, random seed", f"{__version__}, {found.seed}"),
    ]
    text = markdown_table(("what", "here"), rows)
    return f"{text}\n\n{compared(table, panel, 'What this page says')}"


def _clock(table: Table) -> str:
    """The reference clock, or the devices of a table that does not name one."""
    clock = table.manifest.get("clock")
    return str(clock["device"]) if isinstance(clock, dict) else values(table, "device")


def _proxies(found: Study) -> str:
    rows = [
        (
            each.label,
            GROUPS[each.group],
            "less" if each.sign > 0 else "more",
            each.reason,
            _cost(each.each),
        )
        for each in found.standings
    ]
    heading = ("proxy", "kind", "better is", "because", "seconds per architecture")
    return (
        "Which end of a proxy is predicted to be the better one is fixed by the reason beside it, "
        "not by the table.\n\n"
        f"{markdown_table(heading, rows)}\n\n"
        "*DIP* scores are of full fits to all images: the least RMSE (peak), the last (final), "
        "those of the averaged output, and that of the output which a stopping rule keeps without "
        f"a look at the clean image (ES-WMV). {_caveat(found)}"
        "All are measured against the clean image: DIP needs "
        "no training set, but to compare architectures by it a few clean images are needed. *Short "
        "DIP* is the peak up to an earlier iteration. It is what a shorter fit would have given, "
        "because a fit goes on at a constant learning rate. A *partial training* is not: the "
        "learning rate follows one cycle over the whole training, so at an early step it is still "
        "high, where a schedule of that length would have ended with a low one. What a point of a "
        "learning curve says here, a shorter training might say better. It is worth something in "
        "another way: the training goes on from there and is not paid twice. The ceiling is the "
        "validation RMSE after the whole training, which is no proxy, since nothing is left to be "
        "saved."
    )


def _caveat(found: Study) -> str:
    text = caveat(found.stopping)
    return f"{text} " if text else ""


def _correlations(found: Study, figure: str) -> str:
    rows = [
        (
            each.label,
            interval(each.tau, sign=True),
            interval(each.rho, sign=True),
            interval(each.within, sign=True),
            interval(each.beyond, sign=True),
            signed(each.dip),
            interval(each.lead, sign=True),
        )
        for each in found.standings
    ]
    heading = (
        "proxy",
        "Kendall's tau",
        "Spearman's rho",
        "tau within",
        "tau at equal SLC",
        "tau with DIP",
        "SLC leads",
    )
    ties = [
        f"{each.label} {number(each.highest)}" for each in found.standings if each.highest < 0.995
    ]
    tied = f"Of proxies with ties tau cannot reach 1; its limit is {listed(ties)}. " if ties else ""
    return (
        "Correlations with supervised RMSE (test), turned so that a positive one means that the "
        "prediction points the right way. *Within*: over pairs of architectures of the same "
        "up-sampling and width. *At equal SLC*: over pairs of the same SLC, which is what a proxy "
        "adds to it. *With DIP*: with the DIP peak instead of supervised RMSE, for "
        f"information. *SLC leads*: tau of SLC less tau of the proxy. {tied}The last row is the "
        "ceiling: not even validation after the whole training orders architectures quite as the "
        "test images do, where it is below 1. It is of the same weights; between two trainings of "
        "the same architecture see *The ceiling* above.\n\n"
        f"{markdown_table(heading, rows)}\n\n"
        f"![Kendall's tau and seconds of every proxy]({figure})\n\n"
        + "\n".join(f"- {line}" for line in other_signs(found))
    )


def _savings(found: Study) -> str:
    count = len(found.panel)
    rows = [_saving(each, found) for each in found.rivals]
    chance = found.random
    rows += [
        (
            "random order",
            "0",
            _spread(chance.trained.mean, chance.trained.low, chance.trained.high, 1),
            _spread(chance.seconds.mean, chance.seconds.low, chance.seconds.high, 0),
            times(chance.seconds.mean, found),
            _whole(found.random_nearer),
            "–",
        ),
        (
            "training everything",
            "0",
            str(count),
            _whole(found.everything),
            times(found.everything, found),
            _whole(found.everything),
            "–",
        ),
    ]
    heading = (
        "order by",
        "seconds beforehand",
        "networks trained",
        "seconds in all",
        "of random order",
        f"seconds to {NEARER:.0%}",
        "first choice",
    )
    return (
        f"{found.good} of {count} architectures are *good*: their test RMSE is at most {NEAR:.0%} "
        "above the least. Architectures are trained in the order of a proxy until the first good "
        "one has been trained, by a searcher who would know it when trained. The clock is that of "
        "[search](nas.md): the seconds of the reference clock for every run whose mean is used, "
        "all seeds together. A proxy is paid for all architectures before the first is trained; "
        "features of "
        "the graph are free; a training that was begun for its proxy goes on. Ties are broken at "
        "random: shown are expectations, and in brackets the quartiles, where chance has a part. "
        f"*Seconds to {NEARER:.0%}*: the same for the {found.very_good} architectures within "
        f"{NEARER:.0%} of the least. *First choice*: expected test RMSE of the architecture that "
        "the proxy puts first, above the least of all, had one looked at no other.\n\n"
        f"{markdown_table(heading, rows)}"
    )


def _saving(each: Standing, found: Study) -> tuple[str, ...]:
    assert each.hunt is not None  # only the ceiling has none
    trained, seconds = each.hunt.trained, each.hunt.seconds
    return (
        each.label,
        _whole(each.beforehand),
        _spread(trained.mean, trained.low, trained.high, 1),
        _spread(each.total, each.beforehand + seconds.low, each.beforehand + seconds.high, 0),
        times(each.total, found),
        _whole(each.nearer),
        f"+{number(100 * each.choice, 1)}%",
    )


def _spread(mean: float, low: float, high: float, digits: int) -> str:
    """Expectation and quartiles; the expectation alone where there is no chance."""
    form = f",.{digits}f"
    if low == mean == high:
        return f"{mean:,.0f}"
    return f"{mean:{form}} [{low:,.0f}, {high:,.0f}]"


def _whole(seconds: float) -> str:
    return f"{seconds:,.0f}"


def _cost(seconds: float) -> str:
    return "free" if seconds == 0 else f"{seconds:,.0f}" if seconds >= 100 else f"{seconds:.2g}"


def _methods(found: Study) -> str:
    lines = (
        f"- Intervals: {found.effort.resamples} resamples of architectures, of the seeds of the "
        "trainings whose test RMSE is the measure and, for DIP on "
        f"several images, independently of images, with replacement, {COVERED:.0%} by percentiles: "
        "the pigeonhole bootstrap, Owen, *Annals of Applied Statistics* 1(2), 2007. All proxies "
        "have the same resamples, so the lead of SLC is a paired difference. Seeds of the fits "
        "are not resampled, and seconds and numbers of networks have no such interval.",
        "- Kendall's tau is tau-b (Kendall, *Biometrika* 33(3), 1945), within strata summed over "
        "them (Korn, *Biometrics* 40(1), 1984).",
        "- Random order and ties: expectations of networks and seconds and the quartiles of the "
        f"number of networks are exact; quartiles of seconds are those of {ORDERS} random orders.",
        "- A run judged at step f of its L steps is charged f/L of its seconds. The stopping rule "
        "is charged the full fit, in which it was followed. Scores that come out of the same pass "
        "are each charged the whole of it.",
    )
    return "\n".join(lines)


def _columns() -> str:
    rows = [(f"`{name}`", meaning) for name, meaning in COLUMNS.items()]
    return (
        "`python -m generate scores` computes the training-free scores of all architectures of a "
        "protocol. Each is a function of the graph: another naming of the nodes changes nothing. "
        "The initial weights are those from which the measured runs start.\n\n"
        f"{markdown_table(('column', 'meaning'), rows)}"
    )
