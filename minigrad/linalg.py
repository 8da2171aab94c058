"""Linear algebra: the standard's `linalg` extension, as far as it is there."""

from .ops.linalg import matmul, matrix_transpose, outer, tensordot, vecdot, vector_norm

__all__ = ["matmul", "matrix_transpose", "outer", "tensordot", "vecdot", "vector_norm"]
