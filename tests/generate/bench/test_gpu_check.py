"""The table of a GPU's checks, tried on a CPU: figures, failures, and an end in time."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from dipbench import Architecture
from generate.bench.gpu_check import Check, Line, errors, gpu_check, report


class Few(Check):
    """Two checks, of which one fails; kernels are not compiled."""

    def kernels(self):
        raise OSError("no compiler\nat all")

    def precision(self):
        yield Line("error", "1e-7", True)

    bits = rates = agrees = tests = choices = precision


@pytest.fixture
def check(tiny, images, cpu):
    return Few(tiny, images, cpu, Path("nowhere"), seconds=0.1)


def test_a_check_that_fails_does_not_hide_the_others(check):
    found = list(gpu_check(check, minutes=1))
    assert found[1] == Line("kernels", "OSError: no compiler", False)
    assert found[2:] == [Line("error", "1e-7", True)] * 6


def test_it_ends_when_the_minutes_are_over(check):
    found = list(gpu_check(check, minutes=-1))
    assert {line.holds for line in found[1:]} == {False}
    assert all("not run" in line.figure for line in found[1:])


def test_the_same_run_gives_the_same_bits_here_too(tiny, images, cpu, monkeypatch):
    few = [Architecture.parse("d1-s0-bilinear-w8")]
    monkeypatch.setattr("generate.bench.gpu_check._mixed", lambda: few)
    (line,) = Check(tiny, images, cpu, Path("nowhere"), 0.1).bits()
    assert line.holds


def test_rows_agree_with_a_reference(tiny, images, cpu, finished, monkeypatch, tmp_path):
    (tmp_path / "tiny").symlink_to(finished)
    monkeypatch.setattr("generate.bench.gpu_check.COMPARED", 2)
    found = list(Check(tiny, images, cpu, tmp_path, 0.1).agrees())
    assert {line.what.split()[2] for line in found} == {"dip", "supervised"}


@pytest.mark.parametrize(("code", "holds"), [(0, True), (1, False)])
def test_the_last_line_of_the_tests_is_shown(check, monkeypatch, code, holds):
    done = SimpleNamespace(stdout="\n..\n== 2 passed in 1 s ==\n", returncode=code)
    monkeypatch.setattr("subprocess.run", lambda command, **options: done)
    assert list(Check.tests(check)) == [Line("tests", "2 passed in 1 s", holds)]


def test_tests_that_take_too_long_are_stopped(tiny, images, cpu, monkeypatch):
    monkeypatch.setattr("generate.bench.gpu_check.TESTS_SECONDS", 0.01)

    class Tests(Few):
        tests = Check.tests

    found = list(gpu_check(Tests(tiny, images, cpu, Path("nowhere"), 0.1), minutes=1))
    (line,) = (line for line in found if line.what == "tests")
    assert line.figure.startswith("TimeoutExpired")
    assert line.holds is False


def test_errors_are_those_of_float32(cpu):
    graph = Architecture.parse("d1-s0-bilinear-w8").graph
    output, gradient = errors(graph, 16, cpu, "float32")
    assert 0 < output < 1e-5
    assert 0 < gradient < 1e-4


def test_a_line_says_whether_it_holds():
    assert report(Line("a", "b", False)).split() == ["a", "b", "FAILS"]
    assert report(Line("a", "b")).split() == ["a", "b"]
    assert torch.get_num_threads() == 1
