"""What search names becomes a protocol that can be measured."""

from dataclasses import replace

import pytest

from dipbench import Space
from dipbench.surrogate.nominees import read_nominees
from dipbench.surrogate.surrogate import find
from generate.__main__ import main
from generate.measure.nominate import write_protocol
from generate.protocols.known import PROTOCOLS
from generate.protocols.plan import make_plan
from generate.protocols.reading import get

SEARCH = ["--repeats", "1", "--evaluations", "60", "--count", "2"]


@pytest.fixture(scope="module")
def surrogate(tmp_path_factory):
    """That of core64 as if nothing of it had been measured."""
    known = find("core64", "denoise25")
    unaware = replace(known, about={**known.about, "sample": []})
    return unaware.save(tmp_path_factory.mktemp("surrogate") / "core64-denoise25.npz")


def nominate(*arguments):
    return main(["nominate", "--protocol", "core64-v1", *SEARCH, *map(str, arguments)])


def test_what_is_named_can_be_measured_as_the_protocol_says(surrogate, tmp_path, capsys):
    assert nominate("--name", "best-v1", "--out", tmp_path, "--surrogate", surrogate) == 0
    printed = capsys.readouterr().out.split()
    assert printed == [str(tmp_path / f"best-v1.{end}") for end in ("json", "csv")]
    protocol, nominees = get(printed[0]), read_nominees(tmp_path / "best-v1.csv")
    names = list(dict.fromkeys(n.name for n in nominees))
    assert len(nominees) == 10
    known = PROTOCOLS["core64-v1"]
    assert protocol == replace(
        known, name="best-v1", architectures=tuple(names), streams="core64-v1"
    )
    assert protocol.stream == known.stream == known.name
    assert {u.architecture.name for u in make_plan(protocol)} == set(names)
    assert all(name in Space("core64") for name in names)


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_a_written_protocol_is_read_as_it_was(name, tmp_path):
    protocol = replace(PROTOCOLS[name], name="copy-v1")
    assert get(str(write_protocol(protocol, tmp_path))) == protocol


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--name", "core64-v1"), "name is 'core64-v1'; expected a new one"),
        (("--name", "a/b"), "name is 'a/b'; expected a new one"),
        (("--name", "best-v1"), "0 architectures found that were not measured; expected at least"),
        (("--name", "best-v1", "--rng-seed", "-1"), "non-negative"),
    ],
)
def test_what_cannot_be_named_leaves_nothing(arguments, problem, tmp_path, capsys):
    assert nominate(*arguments, "--out", tmp_path / "out") == 2
    assert problem in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_space_without_a_surrogate_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("dipbench.surrogate.surrogate.FOLDER", tmp_path)
    asked = ["nominate", "--name", "best-v1", "--out", str(tmp_path / "out")]
    assert main(asked) == 2
    assert "unet64 has no surrogate for denoise25 yet" in capsys.readouterr().err


def test_a_surrogate_of_another_space_is_refused(surrogate, tmp_path, capsys):
    asked = ["nominate", "--name", "best-v1", "--surrogate", str(surrogate)]
    assert main([*asked, "--out", str(tmp_path / "out")]) == 2
    assert "expected unet64, denoise25" in capsys.readouterr().err
