"""Linear algebra: the standard's `linalg` extension."""

from .ops.linalg.determinants import det, slogdet
from .ops.linalg.diagonals import diagonal, trace
from .ops.linalg.eigen import eigh, eigvalsh
from .ops.linalg.factors import cholesky, qr
from .ops.linalg.norms import matrix_norm, vector_norm
from .ops.linalg.products import cross, matmul, matrix_transpose, outer, tensordot, vecdot
from .ops.linalg.singular import matrix_rank, pinv, svd, svdvals
from .ops.linalg.systems import inv, matrix_power, solve

__all__ = [
    "cholesky",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "outer",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]
