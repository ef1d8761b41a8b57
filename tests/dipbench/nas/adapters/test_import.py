"""An adapter costs nothing until it is imported, and says what it lacks."""

import pytest

from dipbench.extras import how_to_install

LIBRARIES = {
    "optuna": ("optuna", "adapters"),
    "pymoo": ("pymoo", "adapters"),
    "configspace": ("ConfigSpace", "adapters"),
    "syne_tune": ("syne_tune", "syne-tune"),
}


def test_dipbench_and_its_search_import_none_of_them(python):
    script = (
        "import sys, dipbench.nas.adapters.arrays, dipbench.nas.adapters.parameters\n"
        "from dipbench.nas import ALGORITHMS, Problem\n"
        "print(*sys.modules)"
    )
    loaded = set(python(script).stdout.split())
    assert "dipbench.nas.problem" in loaded
    assert not loaded & ({library for library, _ in LIBRARIES.values()} | {"torch"})


@pytest.mark.parametrize("adapter", LIBRARIES)
def test_a_missing_library_is_named_with_the_extra_that_brings_it(adapter, python):
    library, extra = LIBRARIES[adapter]
    script = (
        f"import sys\nsys.modules[{library!r}] = None\n"
        f"try:\n    import dipbench.nas.adapters.{adapter}\n"
        "except ImportError as error:\n    print(error)"
    )
    (line,) = python(script).stdout.splitlines()
    assert line.startswith(f"dipbench.nas.adapters.{adapter} needs ")
    assert line.endswith(f": {how_to_install(extra)}")
