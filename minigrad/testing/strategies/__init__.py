"""What Hypothesis draws: arrays and Tensors, keys to index with, problems, states of modules."""

from ..domain import Domain, huge_offset, ill_conditioned, well_scaled
from .arrays import (
    SIDES,
    arrays,
    axes,
    broadcastable_arrays,
    broadcastable_shapes,
    cotangents_like,
    dtypes,
    layouts,
    seeds,
    shapes,
    tensors,
)
from .calls import any_axis, broadcasting, one_array, one_axis
from .indexing import index_expressions
from .modules import module_states
from .problems import (
    BatchNormProblem,
    ConvolutionProblem,
    PoolingProblem,
    batch_norm_problems,
    convolution_problems,
    matmul_operands,
    pooling_problems,
)
from .programs import Program, programs

__all__ = [
    "SIDES",
    "BatchNormProblem",
    "ConvolutionProblem",
    "Domain",
    "PoolingProblem",
    "Program",
    "any_axis",
    "arrays",
    "axes",
    "batch_norm_problems",
    "broadcastable_arrays",
    "broadcastable_shapes",
    "broadcasting",
    "convolution_problems",
    "cotangents_like",
    "dtypes",
    "huge_offset",
    "ill_conditioned",
    "index_expressions",
    "layouts",
    "matmul_operands",
    "module_states",
    "one_array",
    "one_axis",
    "pooling_problems",
    "programs",
    "seeds",
    "shapes",
    "tensors",
    "well_scaled",
]
