"""minigrad_bn: batch normalisation, built on minigrad through its public doors alone.

    from minigrad_bn import BatchNorm2d

    bn = BatchNorm2d(16)
    y = bn(x)          # (N, 16, H, W): normalised by the batch, in training

From the ground up: `statistics` (mean and variance), `training` and `evaluation` (the operations
and their derivatives), `functional` (`batch_norm`), `layers`. Beside them, the textbook's way:
`circuit`, every step in sight, and `cs231n`, the course's two functions.
"""

from . import cs231n
from .functional import batch_norm
from .layers import BatchNorm1d, BatchNorm2d, BatchNorm3d

__all__ = ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "batch_norm", "cs231n"]
