"""What went wrong for the user, as opposed to in the program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["CommandError", "reported"]


class CommandError(Exception):
    """An error that the user can mend; its message is one line, and is all they get to see."""


@contextmanager
def reported(*kinds: type[Exception], prefix: str = "") -> Iterator[None]:
    """Turn errors of these kinds, raised by the block, into a CommandError.

    It stands around what reads the user's input and nothing else, so that a defect of the program
    still shows its traceback.
    """
    try:
        yield
    except kinds as error:
        text = str(error).strip() or type(error).__name__
        raise CommandError(prefix + text.partition("\n")[0]) from error
