"""`python -m minigrad` is the command `minigrad`."""

from __future__ import annotations

from minigrad.cli import main

if __name__ == "__main__":
    main()
