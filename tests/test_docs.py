"""The documentation says all that the programs can do."""

import argparse
import math
import re
from pathlib import Path

import pytest

import dipbench.cli
import generate.__main__
from generate.protocols.known import PROTOCOLS
from generate.protocols.plan import FITS_PER_UNIT, PLANNED
from generate.tasks import kinds

ROOT = Path(__file__).parents[1]
PROGRAMS = {"dipbench": dipbench.cli, "python -m generate": generate.__main__}


def commands(parser):
    """The parsers of all commands, by name."""
    (found,) = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    return found.choices


def documented():
    """Every command of the programs, with its options."""
    for program, module in PROGRAMS.items():
        for name, parser in commands(module._parser()).items():
            common = ("help", "debug")  # README.md has --debug, once for all
            actions = [action for action in parser._actions if action.dest not in common]
            yield f"{program} {name}", [o for action in actions for o in action.option_strings]


def pages():
    files = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    return {path: path.read_text("utf-8") for path in files if path.exists()}


def mentions(text, words):
    return re.search(rf"(?<![\w-]){re.escape(words)}(?![\w-])", text)


@pytest.mark.parametrize("command", dict(documented()))
def test_every_command_is_documented(command):
    about = [text for text in pages().values() if mentions(text, command)]
    assert about, f"neither README.md nor docs/ mentions `{command}`"
    options = dict(documented())[command]
    missing = [option for option in options if not any(mentions(text, option) for text in about)]
    assert missing == [], f"no page about `{command}` mentions them"


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_has_a_help_text(program):
    for name, parser in commands(PROGRAMS[program]._parser()).items():
        assert parser.description, f"{program} {name} has no description"


def rows(page):
    """The rows of the tables of a page of docs/, each a list of its cells."""
    lines = (ROOT / "docs" / page).read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line[:1] == "|"]


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=PROTOCOLS.keys())
def test_every_protocol_has_its_row(protocol):
    found = [row for row in rows("protocol.md") if row[0] == f"`{protocol.name}`"]
    assert len(found) == 1, f"docs/protocol.md describes {protocol.name} {len(found)} times"
    _, task, architectures, modes, seeds, images, units, _ = found[0]
    assert task == f"`{protocol.task}`"
    number = re.match(r"[\d,]+", architectures)
    assert number
    count = int(number[0].replace(",", ""))
    assert count == (
        len(protocol.architectures) or {"core64": 372, "unet64": PLANNED}[protocol.space]
    )
    said = {"dip": "DIP", "supervised": "supervised"}
    assert modes == (said[protocol.modes[0]] if len(protocol.modes) == 1 else "both")
    assert seeds == ", ".join(map(str, protocol.seeds))
    fitted = len(protocol.dip_images) if "dip" in protocol.modes else 0
    assert images == (str(fitted) if fitted else "")
    of_one = math.ceil(fitted / FITS_PER_UNIT) + ("supervised" in protocol.modes)
    assert units == f"{count * len(protocol.seeds) * of_one:,}"


def test_every_kind_of_task_is_defined():
    defined = {row[0] for row in rows("definitions.md")}
    ours = [kind for kind in kinds() if kind.__module__.startswith("generate.tasks")]
    assert ours
    assert [kind.EXAMPLE for kind in ours if f"`{kind.EXAMPLE}`" not in defined] == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_option_has_a_help_text_and_says_its_default(program):
    for name, parser in commands(PROGRAMS[program]._parser()).items():
        for action in parser._actions:
            option = f"{program} {name} {action.dest}"
            assert action.help, f"{option} has no help"
            flag = isinstance(action, argparse._StoreTrueAction | argparse._HelpAction)
            if action.option_strings and not flag and not action.required:
                shown = parser._get_formatter()._get_help_string(action)
                assert "default" in shown, f"{option} does not say its default"


def test_links_lead_to_files_of_the_checkout():
    """Not to pages that only ``make docs`` makes: those are ignored by git."""
    made = {ROOT / line for line in (ROOT / ".gitignore").read_text().split() if "docs/" in line}
    for page, text in pages().items():
        for target in re.findall(r"\]\(([^)#\s:]+)(?:#[^)]*)?\)", text if page not in made else ""):
            path = (page.parent / target).resolve()
            assert path.exists(), f"{page.name} links {target}, which is not there"
            assert path not in made, f"{page.name} links {target}, which only make docs makes"
