"""exp of float32 as LLVM turns it into vector instructions, which it does not for the C library's.

x is k log(2) + r with an integer k and |r| <= log(2) / 2; a polynomial is e^r, and 2^k is put
together from bits. Within one unit in the last place, also where the result is subnormal; NaN
stays. After S. L. Moshier's Cephes (1989), https://www.netlib.org/cephes/ (single/expf.c), whose
coefficients these are.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["LEAST", "exp_into"]

f = np.float32
LEAST = f(-150.0)
"""What is less has no exponential but 0 in float32."""

TO_BASE_2 = f(1.44269504)
MAGIC = f(1.5 * 2**23)
"""To a float this large, rounding leaves no digit behind the point: what is added is an integer."""
MAGIC_BITS = MAGIC.view(np.int32)

LOG_2, LOG_2_LOW = f(0.693359375), f(-2.12194440e-4)
"""log(2) in two words; the first has so few digits that a product with k is exact."""

C2, C3, C4, C5, C6, C7 = map(
    f, (5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3,
        1.9875691500e-4)
)  # fmt: skip


# Nothing is reordered: what is added to MAGIC and taken off again would be left out.
@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def exp_into(x, y):
    """Write e^x to y, for rows of x up to 88, in other memory."""
    for i in range(x.size):
        v = LEAST if x[i] < LEAST else x[i]
        shifted = v * TO_BASE_2 + MAGIC
        k = shifted - MAGIC
        r = (v - k * LOG_2) - k * LOG_2_LOW
        p = ((((C7 * r + C6) * r + C5) * r + C4) * r + C3) * r + C2
        p = p * r * r + r + f(1)
        # 2^k in two factors: one alone may be less than the smallest float that is normal.
        n = np.float32(shifted).view(np.int32) - MAGIC_BITS
        half = n >> 1
        y[i] = p * power(half) * power(n - half)


@njit(nogil=True, cache=True)
def power(n):
    """2^n, for -126 <= n <= 127."""
    return np.int32((n + 127) << 23).view(np.float32)
