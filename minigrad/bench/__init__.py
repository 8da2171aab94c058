"""Measuring: how long the work of a net takes here, beside PyTorch where it is installed.

`minigrad bench` prints it. Ratios are measured side by side in one process: `timing`, after
`agreement` has made sure that all candidates compute the same. `library` lets one program train a
net with either library; each of the other files is a piece of work to time.
"""

from __future__ import annotations

from .agreement import DisagreementError, check_agreement
from .batchnorm import SHAPES, BatchNormProblem
from .cases import (
    Case,
    batch_norm_case,
    cnn_case,
    measured,
    measured_again,
    mlp_case,
    operation_cases,
)
from .cnn import CNNProblem, cnn_step
from .figures import figures
from .libraries import Library, minigrad, numpy_alone, pytorch
from .machine import machine
from .mlp import MLPProblem
from .one_operation import OPERATIONS
from .timing import REST, Candidate, Effort, Ratio, Series, geometric_mean, interleaved

__all__ = [
    "OPERATIONS",
    "REST",
    "SHAPES",
    "BatchNormProblem",
    "CNNProblem",
    "Candidate",
    "Case",
    "DisagreementError",
    "Effort",
    "Library",
    "MLPProblem",
    "Ratio",
    "Series",
    "batch_norm_case",
    "check_agreement",
    "cnn_case",
    "cnn_step",
    "figures",
    "geometric_mean",
    "interleaved",
    "machine",
    "measured",
    "measured_again",
    "minigrad",
    "mlp_case",
    "numpy_alone",
    "operation_cases",
    "pytorch",
]
