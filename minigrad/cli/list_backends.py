"""`minigrad backends`: which array libraries work on this machine, and which kernels with them."""

from __future__ import annotations

from importlib.metadata import entry_points

from .. import backends, nn, optim
from ..backends.kernels import Kernel, all_array_functions

__all__ = ["list_backends"]

OPERATIONS = (nn, optim)
"""What defines the operations that have kernels; other packages announce theirs as layers."""


def list_backends() -> None:
    """Print a line for every known backend: its devices, or why it can't be used and what to do.

    Below it stand the fused kernels for its arrays, in the order in which they are asked.
    """
    for point in entry_points(group="minigrad.layers"):
        point.load()
    statuses = backends.status()
    width = max(len(s.name) for s in statuses)
    for s in statuses:
        if not s.usable:
            print(f"{s.name:{width}}  not usable  {s.reason}; try: {s.install}")
            continue
        print(f"{s.name:{width}}  usable      {', '.join(s.devices)}")
        for name, kernel in kernels_of(s.name):
            size = f", from {kernel.least} elements" if kernel.least else ""
            what = f"{name}: {kernel.written_in}, {' '.join(kernel.names)}{size}"
            print(f"{'':{width}}  kernel      {what}: {kernel.state}")


def kernels_of(backend: str) -> list[tuple[str, Kernel]]:
    """The kernels for the arrays of a backend, each with what it stands in for."""
    functions = sorted(all_array_functions, key=lambda function: function.name)
    return [(f.name, kernel) for f in functions for kernel in f.kernels.get(backend, ())]
