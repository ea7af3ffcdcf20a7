"""Tells, for every customer message, how likely it breaks the Customer Code of Conduct, why, and how urgent it is."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from moderation.scoring import Moderator, load

__all__ = ["Moderator", "load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Import the scorer when it is asked for: ``moderation --help`` need not wait for a compiler."""
    if name in __all__:
        from moderation import scoring

        return getattr(scoring, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
