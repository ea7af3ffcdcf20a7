"""What can go wrong, and the exit code each ends the command line with.

ModerationError
    ConflictError (1)       somebody else was quicker, or has to decide (`moderation.triage.errors`)
    UsageError (2)          options that do not fit together
    DataError (65)          input that cannot be understood
        ModelError          a model folder that is refused
    NoInputError (66)       an input that is not there
    CannotCreateError (73)  an output that may not be made
    OutputError (74)        writing or reading failed half-way
    InterruptedRunError (128 + number of the signal)

Messages name files, columns and row numbers, never the text of a message.
"""


class ModerationError(Exception):
    """Base of all errors this package raises on purpose."""

    exit_code = 70


class UsageError(ModerationError):
    """Options that do not fit together."""

    exit_code = 2


class DataError(ModerationError):
    """Input that cannot be understood."""

    exit_code = 65


class ModelError(DataError):
    """A model folder that is refused."""


class NoInputError(ModerationError):
    """An input that is not there."""

    exit_code = 66


class CannotCreateError(ModerationError):
    """An output that may not be made."""

    exit_code = 73


class OutputError(ModerationError):
    """Writing or reading failed half-way."""

    exit_code = 74


class InterruptedRunError(ModerationError):
    """Asked by a signal to stop, after the batch in hand."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + number
