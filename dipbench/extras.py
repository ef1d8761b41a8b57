"""Optional packages: looked for before anything is computed, and how to install what is missing."""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["how_to_install", "require"]

# What pip calls the packages whose modules have other names.
PACKAGES = {"skimage": "scikit-image", "sklearn": "scikit-learn", "PIL": "pillow"}


def how_to_install(extra: str) -> str:
    """The command for an extra of `pyproject.toml`, for an installed dipbench and in a checkout."""
    return f"pip install 'dipbench[{extra}]', or in a checkout pip install -e '.[{extra}]'"


def require(extra: str, *modules: str) -> None:
    """See that optional modules are there.

    Raises:
        ImportError: naming the packages that are missing and how to install them.
    """
    missing = [PACKAGES.get(name, name) for name in modules if not _found(name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise ImportError(
            f"{' and '.join(missing)} {verb} not installed; expected {how_to_install(extra)}"
        )


def _found(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # a module that was made unavailable
        return False
