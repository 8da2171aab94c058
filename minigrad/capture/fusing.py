"""Fusing: a program whose chains are compiled, and from when on that pays.

What is printed stays NumPy's calls, one by one. Where numba may be used, replays run another form
of the same program, in which each chain is one call of a compiled loop: the same bits in less time.
To compile takes longer than most steps ever save, so it waits until the replays there have been
would have won it back.
"""

from __future__ import annotations

import math
import sys
import textwrap
from collections.abc import Iterable
from importlib.util import find_spec

from ..backends.allowed import Allowed
from ..backends.kernels import unusable
from .loops import compiled, loop_of
from .passes import Chain, chains
from .tape import ATOM, Instruction, Tape, Value

__all__ = ["fused", "may_fuse", "pays_after", "worth_fusing"]

CALL, LOOP, ELEMENT = 3e-7, 5e-7, 1e-10
"""Seconds that a call of NumPy's takes, that of a loop, and an element in one that is saved."""

WORTH = 3e-7
"""Seconds that a loop has to save."""

COMPILING, LOADING = 0.2, 0.5
"""Seconds that it takes to compile a loop, and to load numba."""


def may_fuse(allowed: Allowed) -> bool:
    """Whether numba may be used, and is there."""
    there = "numba" not in unusable and find_spec("numba") is not None
    return there and allowed.allows("numba")


def worth_fusing(instructions: list[Instruction], outputs: Iterable[Value]) -> list[Chain]:
    """The chains that a loop computes in less time."""
    return [chain for chain in chains(instructions, outputs) if saved_by(chain) >= WORTH]


def saved_by(chain: Chain) -> float:
    """About how many seconds a loop saves at each replay."""
    calls, size = len(chain.calls), math.prod(chain.shape)
    return calls * CALL - LOOP + (calls - 1) * size * ELEMENT


def pays_after(found: list[Chain]) -> float:
    """After how many replays compiling these chains would have paid."""
    kinds = {(loop_of(chain), chain.dtype, len(chain.shape)) for chain in found}
    cost = COMPILING * len(kinds) + LOADING * ("numba" not in sys.modules)
    return cost / sum(map(saved_by, found)) if found else math.inf


def fused(instructions: list[Instruction], found: list[Chain], tape: Tape) -> list[Instruction]:
    """The instructions, with a loop in the place of the last call of each chain."""
    place = {max(chain.calls): chain for chain in found}
    gone = {i for chain in found for i in chain.calls}
    program = []
    for i, instruction in enumerate(instructions):
        if i in place:
            program += filling(place[i], instruction, tape)
        elif i not in gone:
            program.append(instruction)
    return program


def filling(chain: Chain, last: Instruction, tape: Tape) -> list[Instruction]:
    """New arrays, and the call of the loop that fills them."""
    remark = textwrap.indent(loop_of(chain), "# ").replace("fused(", "{name}(").rstrip()
    name = tape.refer(compiled(chain), "_fused", remark)
    program = []
    for value in chain.results:
        assert value.dtype is not None
        text = f"np.empty({chain.shape}, np.{value.dtype.name})"
        program.append(Instruction(text, (), (), ATOM, (value,), last.origin))
    operands = [*chain.inputs, *chain.results]
    text = f"{name}({', '.join(['{}'] * len(operands))})"
    call = Instruction(text, operands, [0] * len(operands), ATOM, (), last.origin)
    call.writes = tuple(chain.results)
    return [*program, call]
