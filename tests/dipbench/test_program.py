"""The one way in which programs are written: options, defaults, errors, Ctrl-C, what is missing."""

import argparse
import sys

import pytest

from dipbench import __version__
from dipbench.extras import require
from dipbench.files import check_writable
from dipbench.program import command, duration, program, run


def made(function, **settings):
    """A program of one command."""
    parser = program("tool", "What it does.")
    work = command(parser.add_subparsers(required=True), "work", function, "do it", **settings)
    work.add_argument("--count", type=int, default=3, help="how many")
    work.add_argument("--name", help="which (default: all)")
    return parser


def raising(error, **settings):
    def function(options):
        raise error

    return made(function, **settings)


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as stopped:
        run(made(print), ["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"tool {__version__}\n"


def test_the_help_states_each_default_once(capsys):
    with pytest.raises(SystemExit):
        run(made(print), ["work", "--help"])
    out = capsys.readouterr().out
    assert "how many (default: 3)" in out
    assert "which (default: all)\n" in out
    assert out.count("default") == 2


@pytest.mark.parametrize("error", [ValueError, OSError, ImportError, RuntimeError])
def test_an_error_of_use_is_one_line(capsys, error):
    assert run(raising(error("no\nsuch  thing")), ["work"]) == 2
    assert capsys.readouterr().err == "error: no such thing\n"


def test_a_fault_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run(raising(ZeroDivisionError()), ["work"])


@pytest.mark.parametrize("arguments", [["--debug", "work"], ["work", "--debug"]])
def test_debug_prints_the_traceback_and_the_notes(capsys, arguments):
    error = ValueError("wrong")
    error.add_note("In the worker: line 3")
    assert run(raising(error), arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("Traceback")
    assert "In the worker: line 3" in err
    assert err.endswith("error: wrong\n")


def test_ctrl_c_is_one_line(capsys):
    assert run(raising(KeyboardInterrupt()), ["work"]) == 130
    assert capsys.readouterr().err == "stopped\n"
    assert run(raising(KeyboardInterrupt(), stopped="stopped here"), ["work"]) == 130
    assert capsys.readouterr().err == "stopped here\n"


def test_what_is_not_installed_is_named_with_how_to_install_it(monkeypatch):
    require("plot", "sys", "json")
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(ImportError) as error:
        require("generate", "skimage", "no_such_module", "json")
    assert str(error.value) == (
        "scikit-image and no_such_module are not installed; expected pip install "
        "'dipbench[generate]', or in a checkout pip install -e '.[generate]'"
    )


def test_a_place_is_tested_without_leaving_anything(tmp_path):
    check_writable(tmp_path / "new" / "folder")
    check_writable(tmp_path / "file.csv", file=True)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file", tmp_path / "file" / "in"):
        with pytest.raises(OSError, match=f"cannot write to {place}"):
            check_writable(place)
    with pytest.raises(OSError, match="it is a folder; expected a file"):
        check_writable(tmp_path, file=True)


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon", ""])
def test_a_duration_is_a_positive_number(text):
    assert duration("0.5") == 0.5
    with pytest.raises(argparse.ArgumentTypeError, match=f"'{text}'; expected a positive number"):
        duration(text)
