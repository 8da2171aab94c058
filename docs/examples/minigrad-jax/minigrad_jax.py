"""JAX arrays as a backend of minigrad: `mg.tensor([1.0, 2.0], device="jax")`.

JAX speaks the array API standard, so what is left to say is what the standard leaves open: its
arrays cannot be written to, and it has a word of its own for a copy with some elements replaced.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from minigrad.backends import Backend

jax.config.update("jax_enable_x64", True)  # float64 is float64


def index_set(x: Any, key: Any, value: Any) -> Any:
    """A copy of x with `value` at `key`."""
    return x.at[key].set(value)


def scatter_add(g: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape`, to which `g` is added at `key`; what is named twice adds up."""
    return jnp.zeros(shape, dtype=g.dtype).at[key].add(g)


def load() -> Backend:
    """The backend; minigrad calls it when the first array or device of JAX's is asked for."""
    return Backend("jax", jnp, words={"index_set": index_set, "scatter_add": scatter_add})
