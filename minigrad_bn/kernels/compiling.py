"""How the loops of batch norm are compiled.

Nothing is assumed about NaN, infinities and the sign of zero; a sum may be made in any order, and a
product and a sum in one step. The compiled code is kept on disk. It is made anew when the file of a
function changes, but not when that of a function called from there does.
"""

from __future__ import annotations

from typing import Any

from numba import njit

__all__ = ["compiled"]

compiled: Any = njit(nogil=True, cache=True, error_model="numpy", fastmath={"reassoc", "contract"})
