"""minigrad_bn: batch normalisation, built on minigrad through its public doors alone.

    from minigrad_bn import BatchNorm2d

    bn = BatchNorm2d(16)
    y = bn(x)          # (N, 16, H, W): normalised by the batch, in training

From the ground up: `statistics` (mean and variance), `training` and `evaluation` (the operations
and their derivatives); `settings` and `running` (how statistics are kept), `core` (all of it as a
pure function, `normalise`), `functional` (`batch_norm`), `memory`, `freezing`, `dialects` and
`layers`. On these stand the tools: `folding`, `recalibration`, `linting` and `onnx`; and statistics
over several batches: `mergeable`, `communicator`, `synchronised`, `sync`, `replay`, `mpi`, `ghost`.
Beside them, the textbook's way: `circuit`, every step in sight, and `cs231n`, the course's two
functions.
"""

from . import cs231n
from .communicator import Communicator
from .core import normalise
from .dialects import convert_state
from .folding import fold, fold_sequential
from .freezing import freeze, freeze_stats, unfreeze, use_batch_stats
from .functional import batch_norm
from .ghost import GhostBatchNorm1d, GhostBatchNorm2d
from .instance_norm import InstanceNorm1d, InstanceNorm2d
from .layers import BatchNorm1d, BatchNorm2d, BatchNorm3d
from .linting import Finding, lint
from .mergeable import Stats, merge_stats, stats_of
from .onnx import to_onnx
from .recalibration import StatsGap, recalibrate, train_eval_gap
from .replay import Replay
from .running import Running
from .settings import Settings
from .sync import SyncBatchNorm, convert_sync_batchnorm

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "Finding",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "GhostBatchNorm1d",
    "GhostBatchNorm2d",
    "Replay",
    "Stats",
    "SyncBatchNorm",
    "merge_stats",
    "stats_of",
    "convert_sync_batchnorm",
    "Communicator",
    "Running",
    "Settings",
    "StatsGap",
    "batch_norm",
    "convert_state",
    "cs231n",
    "fold",
    "fold_sequential",
    "freeze",
    "freeze_stats",
    "lint",
    "normalise",
    "recalibrate",
    "to_onnx",
    "train_eval_gap",
    "unfreeze",
    "use_batch_stats",
]
