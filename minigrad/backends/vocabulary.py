"""The words that the array API standard lacks, said in the standard's own words.

Differentiation needs them: the adjoint of indexing is a scatter, the adjoint of a sliding window a
fold. Each works on any array-API library; a backend that has a faster form hands it over instead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from .indexing import getitem, index_set, scatter_add
from .windows import fold, windows

__all__ = ["fold", "getitem", "index_set", "scatter_add", "windows"]


def bind(word: Callable[..., Any], xp: Any) -> Callable[..., Any]:
    """The portable `word` as a function of the namespace `xp`."""
    return partial(word, xp)
