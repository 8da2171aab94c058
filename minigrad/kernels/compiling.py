"""How loops are compiled by numba. In no way is it assumed that there is no NaN or no infinity.

What is compiled is kept on disk until the file of the function changes: after a change here, or in
a function that another file compiles in, delete `__pycache__/*.nb*`.
"""

from __future__ import annotations

from typing import Any

from numba import njit

__all__ = ["compiled", "exactly", "inlined"]

compiled: Any = njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract"})
"""A sum may be made in any order, and a product and a sum in one step."""

exactly: Any = njit(nogil=True, cache=True, error_model="numpy")
"""As it is written: nothing is reordered, no product and sum are made one."""

inlined: Any = njit(inline="always")
"""Compiled into its callers: a call for each row would take as long as a short row."""
