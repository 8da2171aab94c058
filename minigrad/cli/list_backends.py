"""`minigrad backends`: which array libraries work on this machine."""

from __future__ import annotations

from .. import backends

__all__ = ["list_backends"]


def list_backends() -> None:
    """Print a line for every known backend: its devices, or why it can't be used and what to do."""
    statuses = backends.status()
    width = max(len(s.name) for s in statuses)
    for s in statuses:
        if s.usable:
            print(f"{s.name:{width}}  usable      {', '.join(s.devices)}")
        else:
            print(f"{s.name:{width}}  not usable  {s.reason}; try: {s.install}")
