"""Measuring: how long the work of a net takes here, beside PyTorch where it is installed.

`minigrad bench` prints it. Ratios are measured side by side in one process: `timing`, after
`agreement` has made sure that all candidates compute the same. `library` lets one program train a
net with either library; each of the other files is a piece of work to time.
"""

from __future__ import annotations

from .agreement import DisagreementError, check_agreement
from .batchnorm import SHAPES, BatchNormProblem, batch_norm
from .capturing import can_capture
from .cnn import CNNProblem, cnn_step
from .figures import figures
from .library import Library, minigrad, numpy_alone, pytorch
from .machine import machine
from .mlp import MLPProblem, mlp_nn_step, mlp_tensor_step
from .one_operation import OPERATIONS, forward, with_backward
from .timing import Candidate, Effort, Ratio, Series, geometric_mean, interleaved

__all__ = [
    "OPERATIONS",
    "SHAPES",
    "BatchNormProblem",
    "CNNProblem",
    "Candidate",
    "DisagreementError",
    "Effort",
    "Library",
    "MLPProblem",
    "Ratio",
    "Series",
    "batch_norm",
    "can_capture",
    "check_agreement",
    "cnn_step",
    "figures",
    "forward",
    "geometric_mean",
    "interleaved",
    "machine",
    "minigrad",
    "mlp_nn_step",
    "mlp_tensor_step",
    "numpy_alone",
    "pytorch",
    "with_backward",
]
