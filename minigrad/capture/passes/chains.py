"""Chains: elementwise calls on arrays of one form, each of which takes what another has made.

A chain can be computed element by element, in one loop. So it takes in only what compiled code
computes to NumPy's very bits: arithmetic, signs, roots, comparisons, a choice between two. Not
`maximum`, where the sign of a zero may differ, and no transcendental function.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from ..tape import Instruction, Value
from .common import rewritten

__all__ = ["Chain", "chains", "for_element"]

MOST = 64
"""So many calls are enough for one loop: the more arrays meet in it, the slower it is."""

LITERAL = r"\(?-?\d[\w.+-]*\)?"
TERM = rf"(\{{\d\}}|{LITERAL})"
FORMS = {
    rf"{TERM} ([-+*/]|[<>]=?|[!=]=) {TERM}": r"\1 \2 \3",
    r"-(\{0\})": r"-\1",
    r"np\.(sqrt|absolute)\((\{0\})\)": r"np.\1(\2)",
    r"np\.square\(\{0\}\)|\{0\} \*\* 2": r"{0} * {0}",
    rf"np\.where\((\{{0\}}), {TERM}, {TERM}\)": r"\2 if \1 else \3",
}
"""What the text of a call looks like, and what it is for one element."""


class Chain:
    """Calls on arrays of one shape and dtype, by their place in the program."""

    def __init__(self, calls: dict[int, Instruction], shape: Any, dtype: Any) -> None:
        self.calls, self.shape, self.dtype = calls, shape, dtype
        self.open = True
        self.results: list[Value] = []
        """What of theirs is read elsewhere."""

    @property
    def inputs(self) -> list[Value]:
        """What comes from elsewhere, in the order in which it is first read."""
        made = {value for call in self.calls.values() for value in call.results}
        read = dict.fromkeys(value for call in self.calls.values() for value in call.operands)
        return [value for value in read if value not in made]


def chains(instructions: list[Instruction], outputs: Iterable[Value]) -> list[Chain]:
    """The longest chains that can be computed in the place of the last of their calls.

    A chain is closed by the first call that reads one of its results and can't be a part of it.
    """
    changed = rewritten(instructions)
    home: dict[Value, Chain] = {}
    for i, call in enumerate(instructions):
        form = form_of(call) if changed.isdisjoint(v.root for v in call.operands) else None
        near = {home[v]: None for v in call.operands if v in home and home[v].open}
        joined = [c for c in near if (c.shape, c.dtype) == form]
        if sum(len(c.calls) for c in joined) >= MOST:
            joined = []
        for chain in near:
            chain.open = False
        if form is not None:
            calls = {i: call, **{j: c for chain in joined for j, c in chain.calls.items()}}
            chain = Chain(dict(sorted(calls.items())), *form)
            home.update((value, chain) for c in calls.values() for value in c.results)
    found = list(dict.fromkeys(home.values()))
    leaving = set(outputs)
    for i, call in enumerate(instructions):
        leaving.update(v for v in call.operands if v in home and i not in home[v].calls)
    for chain in found:
        made_here = [value for call in chain.calls.values() for value in call.results]
        chain.results = [value for value in made_here if value in leaving]
    return found


def form_of(call: Instruction) -> tuple[Any, Any] | None:
    """The shape and the float dtype that a call computes in; None if it can't be in a chain.

    Its arrays have that shape, and what else it reads is a number, or of the same dtype.
    """
    if for_element(call.text) is None or len(call.results) != 1:
        return None
    (result,) = call.results
    chooses = call.text.startswith("np.where")
    terms = call.operands[chooses:]
    compares = result.dtype == bool and not chooses
    arrays = [v for v in terms if v.shape == result.shape]
    dtype = arrays[0].dtype if compares and arrays else result.dtype
    if dtype not in (np.float32, np.float64) or not result.shape or not math.prod(result.shape):
        return None
    for value in (*arrays, result, *call.operands[:chooses]):
        if value.shape != result.shape:
            return None
        if value.strides != np.empty(value.shape, value.dtype).strides:
            return None  # a loop goes through memory from end to end
    numbers = [v for v in terms if v.shape is not None and v.shape != result.shape]
    alike = all(v.dtype == dtype for v in (*arrays, *numbers)) and not any(v.shape for v in numbers)
    chosen_by = not chooses or call.operands[0].dtype == bool
    return (result.shape, dtype) if alike and chosen_by else None


@cache
def for_element(text: str) -> str | None:
    """The text of an elementwise call for one element, literals as `number(...)`; or None."""
    holes = text.count("{}")
    if not holes or "{" in text.replace("{}", ""):
        return None
    numbered = text.format(*[f"{{{i}}}" for i in range(holes)])
    for pattern, single in FORMS.items():
        if found := re.fullmatch(pattern, numbered):
            return re.sub(rf"(?<![{{\w.]){LITERAL}(?!\}})", r"number(\g<0>)", found.expand(single))
    return None
