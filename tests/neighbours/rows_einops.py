"""einops: its functions for the array API, and its plain ones after minigrad.interop.einops."""

from __future__ import annotations

from typing import Any

import einops
from einops import array_api

import minigrad.interop.einops  # noqa: F401 (registers the backend)

from .row import Neighbour, real

__all__ = ["rows"]

table = real(3, 4)


def of(module: Any) -> list[Neighbour]:
    name = module.__name__
    return [
        Neighbour(f"{name}.rearrange", lambda x: module.rearrange(x, "a (b c) -> c (a b)", b=2),
                  (table,)),
        Neighbour(f"{name}.reduce", lambda x: module.reduce(x, "a (b c) -> c", "mean", b=2),
                  (table,)),
        Neighbour(f"{name}.repeat", lambda x: module.repeat(x, "a b -> a k b", k=3), (table,)),
        Neighbour(f"{name}.pack", lambda x, y: module.pack([x, y], "a *")[0], (table, real(3))),
        Neighbour(f"{name}.unpack", lambda x: module.unpack(x, [[1], [3]], "a *")[1], (table,)),
    ]  # fmt: skip


rows = [
    *of(array_api),
    *of(einops),
    Neighbour("einops.einsum", lambda x, y: einops.einsum(x, y, "a b, c b -> c a"),
              (table, real(2, 4))),
]  # fmt: skip
