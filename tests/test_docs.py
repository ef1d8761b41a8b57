"""The documentation says all that the programs can do."""

import argparse
import re
from pathlib import Path

import pytest

import dipbench.cli
import generate.__main__

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
