"""The command `minigrad`: train a net, see which backends work here.

The top floor. It needs what the extra `cli` installs; nothing else in minigrad imports it or
that.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec

__all__ = ["main"]

needs = ("matplotlib", "rich", "threadpoolctl", "typer")


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit: with status 2, and one line, after a mistake of the user's."""
    missing = [name for name in needs if find_spec(name) is None]
    if missing:
        needed = ", ".join(missing)
        print(
            f"minigrad: the command line needs {needed}: pip install 'minigrad[cli]'",
            file=sys.stderr,
        )
        sys.exit(2)
    from .app import run

    sys.exit(run(args))
