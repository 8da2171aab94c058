"""A chain as one loop, compiled by numba: no array is made but for what is needed elsewhere.

It is compiled exactly, so every operation rounds as NumPy's does: nothing is reordered, and no
product and sum are made one. Two chains that do the same share what is compiled.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .passes.chains import Chain, for_element
from .tape import Value

__all__ = ["compiled", "loop_of"]


def loop_of(chain: Chain) -> str:
    """The source of a function of the chain's inputs, and of the arrays that it fills.

    A number is made one of the arrays' dtype first, as NumPy does.
    """
    names = {value: f"x{i}" for i, value in enumerate(chain.inputs)}
    flat, each = [], []
    for value, x in names.items():
        if value.shape == chain.shape:
            flat.append(f"{x} = {x}.ravel()")
            each.append(f"{x}_i = {x}[i]")
            names[value] = f"{x}_i"
        elif value.contiguous:
            flat.append(f"{x} = {x}[()]")
        elif value.shape is None:
            flat.append(f"{x} = number(float64({x}))")
    results = [f"y{i}" for i in range(len(chain.results))]
    flat += [f"{y} = {y}.ravel()" for y in results]
    for n, call in enumerate(chain.calls.values()):
        (result,) = call.results
        single = for_element(call.text)
        assert single is not None
        each.append(f"z{n} = {single.format(*[names[v] for v in call.operands])}")
        names[result] = f"z{n}"
    each += [f"{y}[i] = {names[v]}" for y, v in zip(results, chain.results, strict=True)]
    inputs = [name.removesuffix("_i") for name in names.values() if name[0] == "x"]
    lines = [f"def fused({', '.join([*inputs, *results])}):", *[f"    {line}" for line in flat]]
    lines += ["    for i in range(y0.size):", *[f"        {line}" for line in each], ""]
    return "\n".join(lines)


def compiled(chain: Chain) -> Any:
    """The loop of a chain, compiled for its arrays. Raises what numba raises."""
    from numba import types
    from numba.np.numpy_support import from_dtype

    def type_of(value: Value) -> Any:
        if value.shape is None:
            return types.float64
        assert value.dtype is not None
        dtype = from_dtype(value.dtype)
        return types.Array(dtype, len(value.shape), "C") if value.contiguous else dtype

    loop = dispatcher(loop_of(chain), chain.dtype.name)
    loop.compile(tuple(type_of(value) for value in (*chain.inputs, *chain.results)))
    return loop


@cache
def dispatcher(source: str, dtype: str) -> Any:
    """What numba makes of a source: code for each kind of arguments that it meets."""
    import numba

    names = {"np": np, "number": getattr(numba, dtype), "float64": numba.float64}
    exec(source, names)
    return numba.njit(nogil=True, error_model="numpy")(names["fused"])
