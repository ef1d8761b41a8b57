"""The errors that dipbench raises, each naming the bad value and what was expected."""

from __future__ import annotations

__all__ = [
    "DipbenchError",
    "HubFailed",
    "InvalidArchitecture",
    "InvalidTable",
    "NoSurrogate",
    "NotInTable",
    "SearchLimitExceeded",
    "Unreachable",
]


class DipbenchError(Exception):
    """What all errors of dipbench's own have in common."""


class InvalidArchitecture(DipbenchError, ValueError):
    """A name, an `Architecture` or a graph that does not describe a network."""


class NotInTable(DipbenchError, KeyError):
    """A well-formed request for something that the table has not measured."""

    def __str__(self) -> str:
        # KeyError shows the repr of its argument; ours is a sentence.
        return str(self.args[0]) if self.args else ""


class NoSurrogate(DipbenchError, LookupError):
    """A prediction that no surrogate is there to make."""


class InvalidTable(DipbenchError, ValueError):
    """Table files that are missing, altered, cut short or of another schema."""


class SearchLimitExceeded(DipbenchError, RuntimeError):
    """A graph so symmetric that its exact key was not found within the search limit."""


class Unreachable(DipbenchError, ConnectionError):
    """The Hugging Face Hub did not answer, and there is no copy of the table here."""


class HubFailed(Unreachable):
    """The Hugging Face Hub answered, but with errors."""
